"""Values of template variables as JSON, so that a message keeps what was true when it was planned."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from jinja2 import Undefined

from wcflow.rules.template_values import Amount, ListValue, UnknownValue, YesNo


def pin_values(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return values of templates as JSON. They keep their types: an amount can be calculated with."""
    return {name: _pin(value) for name, value in values.items()}


def _pin(value: Any) -> Any:
    pinned = value
    match value:
        case None | Undefined():
            pinned = None
        case YesNo():
            pinned = {"yes": bool(value)}
        case Amount():
            pinned = {"amount": str(Decimal(value)), "digits": _digits(value)}
        case date():
            pinned = {"day": value.isoformat()}
        case tuple() | list():
            pinned = [str(each) for each in value]
    return pinned


def _digits(value: Amount) -> int:
    return len(str(value).partition(".")[2])


def unpin_values(pinned: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values for a template again."""
    return {name: _unpin(name, value) for name, value in pinned.items()}


def _unpin(name: str, value: Any) -> Any:
    found = value
    match value:
        case None:
            found = UnknownValue(name=name)
        case {"yes": known}:
            found = YesNo(known)
        case {"amount": amount, "digits": int(digits)}:
            found = Amount.of(Decimal(amount), lambda money: f"{money:.{digits}f}")
        case {"day": day}:
            found = date.fromisoformat(day)
        case list():
            found = ListValue(value)
    return found
