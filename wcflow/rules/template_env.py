"""The Jinja environment of templates: a smaller sandbox with limits.

Templates cannot reach Python objects, and no text, number or loop can grow without limit, because
the values contain what customers typed in the store.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from jinja2 import StrictUndefined
from jinja2.exceptions import FilterArgumentError, SecurityError, TemplateRuntimeError
from jinja2.runtime import Context, LoopContext
from jinja2.sandbox import ImmutableSandboxedEnvironment

from wcflow.rules.template_values import UnknownValue, format_output

MAX_LENGTH = 60_000
"""The longest text in characters; WordPress stores no longer notes."""
MAX_PAGE = 250_000
"""The longest page of an e-mail; Gmail cuts off what is longer than about 100,000."""
_MAX_BITS = 512
"""The largest whole number in bits."""
_ROUNDING_DIGITS = range(-15, 16)
_LOOP_ATTRIBUTES = frozenset(
    {"index", "index0", "revindex", "revindex0", "first", "last", "length"}
)


def _join_text(pieces: Iterable[str]) -> str:
    return _join_bounded(pieces, MAX_LENGTH)


def _join_page(pieces: Iterable[str]) -> str:
    return _join_bounded(pieces, MAX_PAGE)


def _join_bounded(pieces: Iterable[str], limit: int) -> str:
    """Join the pieces of a text, up to the limit."""
    kept: list[str] = []
    length = 0
    for piece in pieces:
        length += len(piece)
        _check_length(length, limit)
        kept.append(piece)
    return "".join(kept)


def _check_length(length: int, limit: int = MAX_LENGTH) -> None:
    if length > limit:
        raise TemplateRuntimeError(f"it grows longer than {limit:,} characters")


class TemplateEnvironment(ImmutableSandboxedEnvironment):
    """Expressions over values, without attributes or calls, and with limits."""

    intercepted_binops = frozenset({"+", "*", "%"})
    concat = staticmethod(_join_text)

    def getattr(self, obj: Any, attribute: str) -> Any:
        """Return an attribute of a loop; nothing else has attributes."""
        if isinstance(obj, LoopContext) and attribute in _LOOP_ATTRIBUTES:
            return super().getattr(obj, attribute)
        return self.unsafe_undefined(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        """Return an element, without Jinja's fallback to an attribute of that name."""
        try:
            return obj[argument]
        except (AttributeError, LookupError, TypeError):
            return self.undefined(obj=obj, name=argument)

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Calculate, if the result stays within the limits."""
        if operator == "%" and isinstance(left, str):
            raise SecurityError("a text has no remainder")
        if operator == "+" and _is_long(left) and _is_long(right):
            _check_length(len(left) + len(right))
        if operator == "*":
            _check_product(left, right)
        return super().call_binop(context, operator, left, right)


class _HtmlEnvironment(TemplateEnvironment):
    concat = staticmethod(_join_page)


def _is_long(value: object) -> bool:
    return isinstance(value, str | list | tuple)


def _check_product(left: Any, right: Any) -> None:
    if _is_long(right):
        left, right = right, left
    if not isinstance(right, int):
        return
    if _is_long(left):
        _check_length(len(left) * right)
    elif isinstance(left, int) and left.bit_length() + right.bit_length() > _MAX_BITS:
        raise TemplateRuntimeError("a number grows too large")


# Filters with limits, because their result can be much larger than their input; and first and last.


def _first(values: Sequence[object]) -> object:
    return next(iter(values), UnknownValue())


def _last(values: Sequence[object]) -> object:
    return next(iter(reversed(values)), UnknownValue())


def _join(values: Iterable[object], d: object = "") -> str:
    texts, between = [str(each) for each in values], str(d)
    _check_length(sum(map(len, texts)) + len(between) * max(len(texts) - 1, 0))
    return between.join(texts)


def _replace(text: object, old: object, new: object, count: int | None = None) -> str:
    whole, found, other = str(text), str(old), str(new)
    most = -1 if count is None else count
    times = whole.count(found) if most < 0 else min(most, whole.count(found))
    _check_length(len(whole) + times * (len(other) - len(found)))
    return whole.replace(found, other, most)


def _truncate(
    text: object, length: int = 255, killwords: bool = False, end: str = "...", leeway: int = 5
) -> str:
    whole, rest = str(text), str(end)[: max(length, 0)]
    if len(whole) <= length + max(leeway, 0):
        return whole
    cut = whole[: max(length, 0) - len(rest)]
    return (cut if killwords else cut.rsplit(" ", 1)[0]) + rest


def _rounding(plain: Callable[..., Any]) -> Callable[..., Any]:
    def rounded(value: Any, precision: int = 0, method: str = "common") -> Any:
        if precision not in _ROUNDING_DIGITS:
            raise FilterArgumentError(
                f"expected up to {_ROUNDING_DIGITS[-1]} digits, got another number"
            )
        return plain(value, precision, method)

    return rounded


_UNCHANGED_FILTERS = (
    "abs",
    "capitalize",
    "count",
    "d",
    "default",
    "float",
    "int",
    "length",
    "lower",
    "sort",
    "title",
    "trim",
    "upper",
    "wordcount",
)


def build_environment(*, html: bool = False) -> TemplateEnvironment:
    """Return an environment with nothing but values and these filters.

    With ``html``, every value is escaped: what a customer typed never becomes markup.
    """
    jinja = (_HtmlEnvironment if html else TemplateEnvironment)(
        undefined=StrictUndefined,
        finalize=format_output,
        optimized=False,  # calculate nothing while parsing
        keep_trailing_newline=True,
        autoescape=html,
    )
    jinja.globals = {}
    known = {name: jinja.filters[name] for name in _UNCHANGED_FILTERS}
    jinja.filters = {
        **known,
        "first": _first,
        "join": _join,
        "last": _last,
        "replace": _replace,
        "round": _rounding(jinja.filters["round"]),
        "truncate": _truncate,
    }
    return jinja
