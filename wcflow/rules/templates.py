"""Texts with variables: sandboxed Jinja that knows each variable before it is ever rendered.

An unknown variable is a flaw where the text is written, not an error when it is needed. All
attributes are variables; which may be asked depends on the place, as in conditions.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from types import MappingProxyType
from typing import Any

import jinja2
from jinja2 import TemplateAssertionError, TemplateSyntaxError

from wcflow.rules.context import Context, Place
from wcflow.rules.display import day
from wcflow.rules.errors import RuleError, RuleErrors, did_you_mean
from wcflow.rules.naming import keys_of, names_of
from wcflow.rules.template_env import sandbox
from wcflow.rules.template_values import Unknown, spoken
from wcflow.rules.template_variables import Variables, named_in
from wcflow.rules.ternary import earliest


class TemplateError(Exception):
    """the template could not be rendered."""


@dataclass(frozen=True, slots=True)
class Template:
    """A text with variables, ready to be rendered for one person after another."""

    text: str
    place: Place
    names: frozenset[str]
    meta_keys: frozenset[str]
    order_meta_keys: frozenset[str]
    item_meta_keys: frozenset[str]
    variables: Variables = field(repr=False, compare=False)
    _compiled: jinja2.Template = field(repr=False, compare=False)
    _made: dict[tuple[str, ...], str] = field(default_factory=dict, repr=False, compare=False)

    def changes_at(self, scope: Context) -> datetime | None:
        """Give when, by time alone, it may render otherwise: never late, perhaps early."""
        every = self.variables.attributes
        if not every:
            return None
        seen = scope.seen_from(self.place)
        return earliest([asked.found(seen).changes_at for asked in every.values()])

    def render(self, scope: Context, extra: Mapping[str, object] | None = None) -> str:
        """Render it for one person; raises TemplateError.

        ``extra`` gives the further variables that it was parsed with: ``{"coupon.code": "X"}``.
        """
        always = self._made.get(())
        if always is not None:  # it has no variables
            return always
        values = self._values(scope, extra or {})
        texts = tuple(values.values())
        for each in texts:
            if type(each) is not str:
                return self._rendered(values)
        made = self._made.get(texts)
        if made is None:
            made = self._rendered(values)
            if len(self._made) < _KEPT:
                self._made[texts] = made
        return made

    def _rendered(self, values: Mapping[str, Any]) -> str:
        try:
            return self._compiled.render(values)
        except _RUN_TIME_ERRORS as error:
            raise TemplateError(
                f"the template {self.text!r} cannot be rendered: {error}"
            ) from error

    def _values(self, scope: Context, extra: Mapping[str, object]) -> dict[str, Any]:
        values: dict[str, Any] = {}
        named = self.variables
        if named.attributes:
            scope = scope.seen_from(self.place)
            for variable, asked in named.attributes.items():
                value = asked.found(scope).value
                kind = asked.attribute.kind
                values[variable] = spoken(asked.text, value, kind, scope)
        for variable, name in named.of_store.items():
            values[variable] = getattr(scope.shop, name)
        for variable, name in named.extras.items():
            if name not in extra:
                raise TemplateError(f"the template {self.text!r} cannot be rendered: no {name}")
            values[variable] = _extra(extra[name], scope)
        return values


_KEPT = 4096
"""How many renderings a template keeps: countries and categories are few, and many share them."""


def _extra(value: object, scope: Context) -> object:
    if value is None:
        return Unknown()
    return day(value, scope) if isinstance(value, date) else value


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
    place: Place,
    extra: frozenset[str] = frozenset(),
    later: Mapping[str, str] = MappingProxyType({}),
) -> Template:
    """Understand a template; raises FlawError with all that is wrong.

    ``extra`` are the variables beside the attributes: ``each``, ``coupon.code``. ``later`` maps
    variables that exist elsewhere to the reason why they are not known here.
    """
    try:
        tree = _JINJA.parse(text)
        variables = named_in(tree, text, place, extra, later)
        compiled = _JINJA.from_string(tree)
    except TemplateAssertionError as error:
        raise RuleErrors(_unknown_filter(error)) from None
    except TemplateSyntaxError as error:
        got = f"an error in {text!r}: {error.message}"
        raise RuleErrors(RuleError("a template", got, row=error.lineno - 1)) from None
    # Python's own compiler gives up on deep nesting in each of these ways.
    except (MemoryError, RecursionError, SyntaxError):
        raise RuleErrors(
            RuleError("a template that is nested less deep", repr(text[:60]))
        ) from None
    return _template(text, place, variables, compiled)


def _template(text: str, place: Place, variables: Variables, compiled: jinja2.Template) -> Template:
    asked = variables.attributes.values()
    return Template(
        text,
        place,
        names_of(asked),
        keys_of(asked, "meta.KEY"),
        keys_of(asked, "order.meta.KEY"),
        keys_of(asked, "item.meta.KEY"),
        variables,
        compiled,
    )


def _unknown_filter(error: TemplateAssertionError) -> RuleError:
    message = error.message or ""
    name = re.search(r"'(.*)'", message)
    word, sort = (name[1] if name else message), ("test" if "test" in message else "filter")
    known = _JINJA.filters if sort == "filter" else _JINJA.tests
    return RuleError(f"a {sort}", repr(word), did_you_mean(word, known), error.lineno - 1)


_JINJA = sandbox()
