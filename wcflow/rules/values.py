"""From a word in a condition to the value that is meant, if it can be compared with the attribute."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal

from lark import Token

from wcflow.rules.attributes import Attribute, Kind, known_by
from wcflow.rules.flaw import Flaw, FlawError
from wcflow.rules.literals import Day, Literal, Number, RelativeDay, RelativeInstant, Text
from wcflow.rules.naming import LONGEST
from wcflow.units import Duration, parse_duration

VALUES = frozenset({"NUMBER", "DATE", "RELATIVE", "DURATION", "TODAY", "TEXT", "NAME"})

_DATES = frozenset({"DATE", "RELATIVE", "TODAY"})
_FITTING = {
    Kind.NUMBER: frozenset({"NUMBER"}),
    Kind.MONEY: frozenset({"NUMBER"}),
    Kind.DATE: _DATES,
    Kind.TEXT: frozenset({"TEXT"}),
    Kind.LIST: frozenset({"TEXT"}),
    Kind.YESNO: frozenset[str](),
}
_EXPECTED = {
    Kind.NUMBER: "a number",
    Kind.MONEY: "an amount such as 50 or 19.90",
    Kind.DATE: "a date such as 2026-01-31, today, -30d or +3d",
    Kind.TEXT: "a text in quotes",
    Kind.LIST: "a text in quotes",
}


def read_value(token: Token, attribute: Attribute) -> Literal:
    """Read a value to compare an attribute with; raises FlawError where they are unlike."""
    if token.type not in _fitting(attribute):
        raise FlawError(_unlike(token, attribute))
    if token.type == "TEXT":
        return Text(str(token[1:-1]))
    if token.type == "NUMBER":
        return Number(Decimal(str(token)))
    return _date(token)


def read_text(token: Token, attribute: Attribute) -> Text | Number:
    """Read a word to look for in a text or a list; raises FlawError where it can be none."""
    if attribute.of_numbers:
        if token.type != "NUMBER":
            raise FlawError(_flaw(token, "a number", _without_quotes(token)))
        return Number(Decimal(str(token)))
    if token.type != "TEXT":
        raise FlawError(_flaw(token, _EXPECTED[Kind.TEXT], _with_quotes(token)))
    if not token[1:-1].strip():
        hint = f"{attribute.name} is empty" if attribute.kind is Kind.TEXT else ""
        raise FlawError(_flaw(token, "a text that is not empty", hint))
    return Text(str(token[1:-1]))


def _fitting(attribute: Attribute) -> frozenset[str]:
    # Meta are texts that may say a number or a date.
    if attribute.keyed:
        return _DATES | {"TEXT", "NUMBER"}
    return _FITTING[attribute.kind]


def _date(token: Token) -> Literal:
    text = str(token).lower()
    if token.type == "TODAY":
        return RelativeDay(Duration(0, "d"))
    if token.type == "DATE":
        return _day(token)
    sign, by = (-1 if text[0] == "-" else 1), parse_duration(text[1:])
    if by is None or by.seconds > LONGEST:
        raise FlawError(_flaw(token, "a date at most 100y away"))
    return RelativeDay(by, sign) if by.in_days else RelativeInstant(by, sign)


def _day(token: Token) -> Day:
    try:
        return Day(date.fromisoformat(str(token)))
    except ValueError:
        raise FlawError(_flaw(token, "a day of the calendar")) from None


def _unlike(token: Token, attribute: Attribute) -> Flaw:
    expected = f"{_EXPECTED[attribute.kind]} to compare {attribute.name} with"
    if token.type == "NAME" and known_by(str(token)):
        return _flaw(token, expected, "two attributes cannot be compared")
    if attribute.kind in (Kind.TEXT, Kind.LIST):
        return _flaw(token, expected, _with_quotes(token))
    if attribute.kind is Kind.DATE and token.type == "DURATION":
        return _flaw(token, expected, f"-{token} is before now, +{token} is after now")
    return _flaw(token, expected, _without_quotes(token))


def _with_quotes(token: Token) -> str:
    return "" if token.type == "TEXT" else f"write '{token}'"


def _without_quotes(token: Token) -> str:
    bare = str(token[1:-1]).strip()
    sound = re.fullmatch(r"[0-9]+(\.[0-9]+)?|[0-9]{4}-[0-9]{2}-[0-9]{2}", bare)
    return f"without quotes: {bare}" if token.type == "TEXT" and sound else ""


def _flaw(token: Token, expected: str, hint: str = "") -> Flaw:
    got = str(token) if token.type == "TEXT" else f"'{token}'"
    return Flaw(expected, got, hint)
