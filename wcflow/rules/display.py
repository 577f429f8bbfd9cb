"""How values look where people read them: in reasons and explanations."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from wcflow.rules.attributes.registry import Kind, Value
from wcflow.rules.context import Context
from wcflow.units import local_day, minor_digits

NOT_KNOWN = "not known"
_SHOWN_ELEMENTS = 8


def shown(value: Value, kind: Kind, scope: Context, *, to_the_minute: bool = False) -> str:
    """Give a value in words: ``1,240.00``, ``2026-01-31``, ``a, b``, ``yes``, ``not known``."""
    match value:
        case None:
            return NOT_KNOWN
        case bool():
            return "yes" if value else "no"
        case Decimal():
            return amount(value, scope) if kind is Kind.MONEY else number(value)
        case datetime() | date():
            return _instant(value, scope) if to_the_minute else day(value, scope).isoformat()
        case tuple():
            return listed(value)
        case _:
            return value or "empty"


def amount(value: Decimal, scope: Context, separator: str = ",") -> str:
    """Give an amount in the store's currency, with its digits after the point."""
    return f"{value:{separator}.{minor_digits(scope.shop.currency)}f}"


def number(value: Decimal) -> str:
    """Give a number with at most two digits after the point, and none that say nothing."""
    return plain(Decimal(f"{value:.2f}"))


def plain(value: Decimal) -> str:
    """Give a number in full, without an exponent or digits that say nothing."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def day(value: date, scope: Context) -> date:
    """Give the calendar day of an instant in the store's zone; a day is itself."""
    return local_day(value, scope.shop.zone) if isinstance(value, datetime) else value


def _instant(value: date, scope: Context) -> str:
    if not isinstance(value, datetime):
        return value.isoformat()
    return value.astimezone(scope.shop.zone).isoformat(" ", "minutes")[:16]


def listed(values: tuple[str, ...]) -> str:
    """Give the elements of a list, the first few of a long one."""
    more = len(values) - _SHOWN_ELEMENTS
    text = ", ".join(values[:_SHOWN_ELEMENTS])
    return f"{text} and {more} more" if more > 0 else text or "none"
