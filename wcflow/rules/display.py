"""Format values for reasons and explanations."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from wcflow.rules.attributes.registry import Kind, Value
from wcflow.rules.context import Context
from wcflow.units import local_day, minor_digits

NOT_KNOWN = "not known"
_LISTED_ELEMENTS = 8


def format_value(value: Value, kind: Kind, context: Context, *, to_the_minute: bool = False) -> str:
    """Return a value as text: ``1,240.00``, ``2026-01-31``, ``a, b``, ``yes``, ``not known``."""
    match value:
        case None:
            return NOT_KNOWN
        case bool():
            return "yes" if value else "no"
        case Decimal():
            return format_amount(value, context) if kind is Kind.MONEY else format_number(value)
        case datetime() | date():
            return (
                _format_instant(value, context)
                if to_the_minute
                else store_day(value, context).isoformat()
            )
        case tuple():
            return format_list(value)
        case _:
            return value or "empty"


def format_amount(value: Decimal, context: Context, separator: str = ",") -> str:
    """Return an amount with the decimals of the store's currency."""
    return f"{value:{separator}.{minor_digits(context.store.currency)}f}"


def format_number(value: Decimal) -> str:
    """Return a number with at most two decimals, without trailing zeros."""
    return format_plain_number(Decimal(f"{value:.2f}"))


def format_plain_number(value: Decimal) -> str:
    """Return a number without an exponent or trailing zeros."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def store_day(value: date, context: Context) -> date:
    """Return the calendar day of an instant in the store's time zone, or the day itself."""
    return local_day(value, context.store.zone) if isinstance(value, datetime) else value


def _format_instant(value: date, context: Context) -> str:
    if not isinstance(value, datetime):
        return value.isoformat()
    return value.astimezone(context.store.zone).isoformat(" ", "minutes")[:16]


def format_list(values: tuple[str, ...]) -> str:
    """Return the elements of a list, shortened if there are many."""
    more = len(values) - _LISTED_ELEMENTS
    text = ", ".join(values[:_LISTED_ELEMENTS])
    return f"{text} and {more} more" if more > 0 else text or "none"
