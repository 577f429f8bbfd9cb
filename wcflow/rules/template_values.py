"""Values in templates: they print the way people write them and can be calculated with.

Amounts print with the decimals of their currency, dates as 2026-01-31, lists with commas, booleans
as yes or no, and unknown values as nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

from jinja2 import Undefined

from wcflow.rules.attributes.registry import Kind, Value
from wcflow.rules.context import Context
from wcflow.rules.display import format_amount, format_number, store_day


class UnknownValue(Undefined):
    """A value that is not known: prints nothing, and every comparison with it is false.

    It counts as undefined, so that ``| default('…')`` replaces it.
    """

    def _itself(self, *_: object) -> Any:
        return self

    def _never(self, _: object) -> bool:
        return False

    def _no_number(self) -> Any:
        raise TypeError("an unknown value is not a number")

    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = _itself
    __truediv__ = __rtruediv__ = __floordiv__ = __rfloordiv__ = __mod__ = __rmod__ = _itself
    __neg__ = __pos__ = __round__ = __abs__ = __getitem__ = _itself
    # Jinja declares that these never return.
    __lt__ = __le__ = __gt__ = __ge__ = __contains__ = _never  # type: ignore[assignment]
    __int__ = __float__ = _no_number


class Amount(Decimal):
    """An amount of money; calculations with numbers give an amount again."""

    text: Callable[[Decimal], str]

    @classmethod
    def of(cls, value: Decimal, text: Callable[[Decimal], str]) -> Amount:
        """Return an amount that ``text`` formats."""
        made = cls(value)
        made.text = text
        return made

    def __str__(self) -> str:
        return self.text(self)

    def _reckoned(self, value: Decimal) -> Amount:
        return Amount.of(value, self.text)

    def __add__(self, other: Any) -> Any:
        return self._reckoned(Decimal(self) + _exact(other))

    def __sub__(self, other: Any) -> Any:
        return self._reckoned(Decimal(self) - _exact(other))

    def __rsub__(self, other: Any) -> Any:
        return self._reckoned(_exact(other) - Decimal(self))

    def __mul__(self, other: Any) -> Any:
        return self._reckoned(Decimal(self) * _exact(other))

    def __truediv__(self, other: Any) -> Any:
        if isinstance(other, Amount):
            return float(Decimal(self) / Decimal(other))
        return self._reckoned(Decimal(self) / _exact(other))

    def __round__(self, digits: int | None = 0) -> Any:
        return Decimal(f"{Decimal(self):.{max(digits or 0, 0)}f}")

    __radd__ = __add__
    __rmul__ = __mul__
    __hash__ = Decimal.__hash__

    # 123.40 equals 123.4, which a float only approximates.
    def __eq__(self, other: object) -> bool:
        return Decimal.__eq__(self, _exact(other))

    def __lt__(self, other: Any) -> bool:
        return Decimal.__lt__(self, _exact(other))

    def __le__(self, other: Any) -> bool:
        return Decimal.__le__(self, _exact(other))

    def __gt__(self, other: Any) -> bool:
        return Decimal.__gt__(self, _exact(other))

    def __ge__(self, other: Any) -> bool:
        return Decimal.__ge__(self, _exact(other))


def _exact(value: Any) -> Any:
    """Return a float as the decimal it prints as; anything else unchanged."""
    return Decimal(str(value)) if isinstance(value, float) else value


class YesNo(int):
    """A boolean that prints as ``yes`` or ``no``."""

    def __str__(self) -> str:
        return "yes" if self else "no"


class ListValue(tuple[str, ...]):
    """A list that prints with commas."""

    __slots__ = ()

    def __str__(self) -> str:
        return ", ".join(self)


def template_value(name: str, value: Value, kind: Kind, context: Context) -> Any:
    """Return the value of the attribute ``name`` for a template."""
    if type(value) is str:
        return value
    said: Any = value
    match value:
        case None:
            said = UnknownValue(name=name)
        case bool():
            said = YesNo(value)
        case Decimal() if kind is Kind.MONEY:
            said = Amount.of(value, lambda money: format_amount(money, context, ""))
        case Decimal():
            said = int(value) if value == value.to_integral_value() else float(value)
        case date():
            said = store_day(value, context)
        case tuple():
            said = ListValue(value)
    return said


def format_output(value: Any) -> Any:
    """Return the result of an expression as it is printed."""
    match value:
        case None:
            return ""
        case bool():
            return str(YesNo(value))
        case float():
            return format_number(Decimal(str(value)))
        case tuple() | list():
            return ", ".join(str(format_output(each)) for each in value)
    return value
