"""Templates: texts with variables, in sandboxed Jinja.

An unknown variable is reported when the configuration is loaded, not when the text is rendered. All
attributes are variables; which are available depends on the place, as in conditions.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import lru_cache
from types import MappingProxyType
from typing import Any

import jinja2
from jinja2 import TemplateAssertionError, TemplateSyntaxError

from wcflow.rules.attributes.registry import (
    attribute_keys,
    attribute_names,
    find_attribute,
    order_meta_read,
)
from wcflow.rules.context import Context, RulePlace
from wcflow.rules.display import store_day
from wcflow.rules.errors import RuleError, RuleErrors, did_you_mean, unknown
from wcflow.rules.template_env import build_environment
from wcflow.rules.template_values import UnknownValue, template_value
from wcflow.rules.template_variables import Variables, bind_variables
from wcflow.rules.ternary import earliest


class TemplateError(Exception):
    """The template could not be rendered."""


@dataclass(frozen=True, slots=True)
class Template:
    """A parsed template."""

    text: str
    place: RulePlace
    names: frozenset[str]
    meta_keys: frozenset[str]
    order_meta_keys: frozenset[str]
    item_meta_keys: frozenset[str]
    variables: Variables = field(repr=False, compare=False)
    _compiled: jinja2.Template = field(repr=False, compare=False)
    _cache: dict[tuple[str, ...], str] = field(default_factory=dict, repr=False, compare=False)

    def changes_at(self, context: Context) -> datetime | None:
        """Return the earliest instant at which time alone can change the text, or None."""
        every = self.variables.attributes
        if not every:
            return None
        seen = context.seen_from(self.place)
        return earliest([asked.found(seen).changes_at for asked in every.values()])

    def render(self, context: Context, extra: Mapping[str, object] | None = None) -> str:
        """Render it for one person; raises TemplateError.

        ``extra`` holds the values of the extra variables: ``{"coupon.code": "X"}``.
        """
        always = self._cache.get(())
        if always is not None:  # it has no variables
            return always
        values = self._values(context, extra or {})
        texts = tuple(values.values())
        for each in texts:
            if type(each) is not str:
                return self._rendered(values)
        rendered = self._cache.get(texts)
        if rendered is None:
            rendered = self._rendered(values)
            if len(self._cache) < _CACHE_SIZE:
                self._cache[texts] = rendered
        return rendered

    def named_values(
        self, context: Context, extra: Mapping[str, object] | None = None
    ) -> dict[str, Any]:
        """Return the values of its variables by their names; raises TemplateError."""
        plain = self._values(context, extra or {})
        return {name: plain[each] for each, name in self.variables.names.items()}

    def render_with(self, values: Mapping[str, Any]) -> str:
        """Render it with values by name, without a person; raises TemplateError."""
        names = self.variables.names
        missing = sorted(name for name in names.values() if name not in values)
        if missing:
            raise TemplateError(f"no value for {', '.join(missing)}")
        return self._rendered({plain: values[name] for plain, name in names.items()})

    def _rendered(self, values: Mapping[str, Any]) -> str:
        try:
            return self._compiled.render(values)
        except _RUN_TIME_ERRORS as error:
            text = self.text if len(self.text) <= _SHOWN else f"{self.text[:_SHOWN]}…"
            raise TemplateError(f"the template {text!r} cannot be rendered: {error}") from error

    def _values(self, context: Context, extra: Mapping[str, object]) -> dict[str, Any]:
        values: dict[str, Any] = {}
        named = self.variables
        if named.attributes:
            context = context.seen_from(self.place)
            for variable, asked in named.attributes.items():
                value = asked.found(context).value
                kind = asked.attribute.kind
                values[variable] = template_value(asked.text, value, kind, context)
        for variable, name in named.of_store.items():
            values[variable] = getattr(context.store, name)
        for variable, name in named.extras.items():
            if name not in extra:
                raise TemplateError(f"the template {self.text!r} cannot be rendered: no {name}")
            values[variable] = _extra(extra[name], context)
        return values


_SHOWN = 200
"""How many characters of a template an error shows."""
_CACHE_SIZE = 4096
"""How many rendered texts a template caches; many people share a country or category."""


def _extra(value: object, context: Context) -> object:
    if value is None:
        return UnknownValue()
    return store_day(value, context) if isinstance(value, date) else value


_RUN_TIME_ERRORS = (
    jinja2.TemplateError,
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    MemoryError,
    RecursionError,
    TypeError,
    ValueError,
)


def parse_template(
    text: str,
    place: RulePlace,
    extra: frozenset[str] = frozenset(),
    later: Mapping[str, str] = MappingProxyType({}),
    *,
    html: bool = False,
) -> Template:
    """Parse a template; raises RuleErrors with all mistakes.

    ``extra`` are variables besides the attributes, such as ``each`` or ``coupon.code``. ``later``
    maps variables that exist elsewhere to a hint about where they are available. With ``html``, the
    values of variables are escaped.
    """
    return _parse(text, place, extra, tuple(later.items()), html)


# E-mails share their layout, and each is read twice: once for its mistakes, once for its rule.
@lru_cache(maxsize=512)
def _parse(
    text: str,
    place: RulePlace,
    extra: frozenset[str],
    later: tuple[tuple[str, str], ...],
    html: bool,
) -> Template:
    jinja = _JINJA_HTML if html else _JINJA
    try:
        tree = jinja.parse(text)
        variables = bind_variables(tree, text, place, extra, dict(later))
        compiled = jinja.from_string(tree)
    except TemplateAssertionError as error:
        raise RuleErrors(_unknown_filter(error)) from None
    except TemplateSyntaxError as error:
        got = f"an error in {text!r}: {(error.message or '').rstrip('.')}"
        raise RuleErrors(
            RuleError("a template", got, _syntax_hint(text), row=error.lineno - 1)
        ) from None
    # Python's compiler raises any of these on deep nesting.
    except (MemoryError, RecursionError, SyntaxError):
        raise RuleErrors(RuleError("a template with less nesting", repr(text[:60]))) from None
    return _template(text, place, variables, compiled)


def _syntax_hint(text: str) -> str:
    """Suggest ``{{ first_name }}`` for ``{{ first_name }`` and ``{% first_name %}``."""
    found = re.search(r"\{[{%]\s*([a-z_][\w.]*)\s*(?:[}%]|$)", text)
    return f"write {{{{ {found[1]} }}}}" if found and find_attribute(found[1]) else ""


def _template(
    text: str, place: RulePlace, variables: Variables, compiled: jinja2.Template
) -> Template:
    asked = variables.attributes.values()
    return Template(
        text,
        place,
        attribute_names(asked),
        attribute_keys(asked, "meta.KEY"),
        order_meta_read(asked),
        attribute_keys(asked, "item.meta.KEY"),
        variables,
        compiled,
    )


def _unknown_filter(error: TemplateAssertionError) -> RuleError:
    message = error.message or ""
    name = re.search(r"'(.*)'", message)
    word, sort = (name[1] if name else message), ("test" if "test" in message else "filter")
    known = _JINJA.filters if sort == "filter" else _JINJA.tests
    return replace(unknown(sort, word, did_you_mean(word, known)), row=error.lineno - 1)


_JINJA, _JINJA_HTML = build_environment(), build_environment(html=True)
