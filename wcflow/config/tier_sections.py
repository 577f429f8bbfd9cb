"""The keys of ``[points]`` and ``[tiers]``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal, InvalidOperation

from wcflow.rules import values
from wcflow.rules.attributes.registry import AttributeQuery, Kind
from wcflow.rules.context import RulePlace
from wcflow.rules.errors import RuleError, RuleErrors, did_you_mean
from wcflow.rules.event_kinds import EVENT_KINDS
from wcflow.rules.keys import Key, kind_of
from wcflow.rules.parser import parse_attribute
from wcflow.rules.points import ROUND_WORDS
from wcflow.units import Duration

_MOST = 1_000_000_000
_TIER_ATTRIBUTES = ("tier_progress", "to_next_tier")


def _got(text: str) -> str:
    return repr(text) if text else "nothing"


def parse_rate(text: str) -> tuple[Decimal, Decimal]:
    """Parse ``1 per 10``: how many points for how much money."""
    found = re.fullmatch(r"([\d.]+)\s+per\s+([\d.]+)", text.lower())
    points, amount = (_number(found[1]), _number(found[2])) if found else (None, None)
    if not points or not amount:
        raise RuleErrors(RuleError("points per amount, such as '1 per 10'", _got(text)))
    return points, amount


def _number(text: str) -> Decimal | None:
    try:
        found = Decimal(text)
    except InvalidOperation:
        return None
    return found if 0 < found <= _MOST else None


def parse_events(text: str) -> Mapping[str, int]:
    """Parse ``product_reviewed 10, consent_given 50``."""
    if not text:
        raise RuleErrors(RuleError("events and points, such as 'consent_given 50'", "nothing"))
    found: dict[str, int] = {}
    for row, part in values.parts(text):
        kind, _, number = part.partition(" ")
        if kind not in EVENT_KINDS:
            hint = did_you_mean(kind, EVENT_KINDS) or f"the events are: {', '.join(EVENT_KINDS)}"
            raise RuleErrors(RuleError("the name of an event", repr(kind), hint, row))
        if not number.strip().isdecimal() or not 0 < int(number) <= _MOST:
            got = repr(number.strip()) if number.strip() else "nothing"
            raise RuleErrors(RuleError(f"a number of points after {kind}", got, row=row))
        found[kind] = int(number)
    return found


def parse_day(text: str) -> date:
    """Parse a day such as ``2026-01-31``."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise RuleErrors(RuleError("a day such as 2026-01-31", _got(text))) from None


def parse_grace(text: str) -> Duration | None:
    """Parse a duration, or ``none``."""
    return values.or_none(values.duration)(text)


def parse_figure(text: str) -> AttributeQuery:
    """Parse the attribute that decides the tier."""
    found = parse_attribute(text, RulePlace(), frozenset({Kind.NUMBER, Kind.MONEY}))
    if found.attribute.name in _TIER_ATTRIBUTES:
        raise RuleErrors(RuleError("an attribute that does not depend on tiers", repr(text)))
    return found


def parse_level(text: str) -> Decimal:
    """Parse what a tier needs: a number from 0."""
    plain = text.replace(" ", "")
    try:
        found = Decimal(plain)
    except InvalidOperation:
        found = Decimal(-1)
    if not 0 <= found <= _MOST:
        raise RuleErrors(RuleError("what the tier needs, such as 1000 or 249.50", _got(text)))
    return found


POINTS = kind_of(
    "points",
    "Points that customers earn. Refunds take them back. An empty section is enough for add_points.",
    Key(
        "per_amount",
        "points per amount",
        "How many points a paid order earns for its total, minus refunds, in the store's currency.",
        "1 per 10",
        parse_rate,
    ),
    Key(
        "per_order",
        "whole number",
        "How many points each paid order earns besides.",
        "5",
        values.whole(1, _MOST),
        0,
    ),
    Key(
        "for_registration",
        "whole number",
        "How many points registering an account earns.",
        "50",
        values.whole(1, _MOST),
        0,
    ),
    Key(
        "for_birthday",
        "whole number",
        "How many points a birthday earns, once a year. It needs birthday_meta.",
        "100",
        values.whole(1, _MOST),
        0,
    ),
    Key(
        "for_events",
        "events and points",
        "How many points other events earn.",
        "consent_given 50",
        parse_events,
        {},
        rows=True,
    ),
    Key(
        "expires",
        "duration",
        "How long points last. Those that expire first are spent first. Default: forever.",
        "1y",
        values.duration,
    ),
    Key(
        "round",
        "down, nearest or up",
        "How the points of an order are rounded.",
        "down",
        values.choice(*ROUND_WORDS),
        "down",
    ),
    Key(
        "since",
        "day",
        "The first day whose orders earn points. Default: when the section was added.",
        "2026-01-01",
        parse_day,
    ),
    named=False,
)
TIERS = kind_of(
    "tiers",
    "Tiers that customers reach, such as Silver and Gold.",
    Key(
        "by",
        "attribute",
        "The figure that decides.",
        "total_spent(365d)",
        parse_figure,
        required=True,
    ),
    Key(
        "grace",
        "duration or none",
        "How long customers keep a tier that they no longer reach.",
        "30d",
        parse_grace,
    ),
    named=False,
    others=Key(
        "TIER",
        "number",
        "The name of a tier, and the figure that it needs. One line for each tier.",
        "1000",
        parse_level,
    ),
)
