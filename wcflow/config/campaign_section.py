"""The keys of ``[campaign NAME]``."""

from __future__ import annotations

import re
from datetime import date, datetime

from wcflow.rules import values
from wcflow.rules.errors import RuleError, RuleErrors
from wcflow.rules.keys import Key, kind_of
from wcflow.rules.model import CAMPAIGN_PRIORITY, DEFAULT_PRIORITY, Throttle
from wcflow.units import parse_duration, parse_time_of_day

DAY_SECONDS = 86_400
_THROTTLE_FORM = "a number and a time of at most a day, such as 1000 per 1h or 50 per 1min"


def parse_local_time(text: str) -> datetime:
    """Parse a day and a time of day in the store's time zone, such as ``2026-12-01 09:00``."""
    found = re.fullmatch(r"(\d{4}-\d{2}-\d{2})(?:[ T]+(\d{1,2}:\d{2}))?", text.strip())
    expected = "a day and a time such as 2026-12-01 09:00"
    if found is None:
        raise RuleErrors(RuleError(expected, repr(text) if text else "nothing"))
    try:
        day = date.fromisoformat(found[1])
    except ValueError:
        raise RuleErrors(RuleError("a day that exists", repr(found[1]))) from None
    at = parse_time_of_day(found[2]) if found[2] else None
    if at is None:
        raise RuleErrors(RuleError(expected, repr(text), f"did you mean {day} 09:00?"))
    return datetime.combine(day, at)


def parse_throttle(text: str) -> Throttle:
    """Parse how many customers get it within which time, such as ``1000 per 1h``."""
    found = re.fullmatch(r"(\d[\d,_']*)\s*(?:per|/)\s*(\S.*)", text.strip().lower())
    if found is None:
        raise RuleErrors(RuleError(_THROTTLE_FORM, repr(text) if text else "nothing"))
    length = parse_duration(found[2])
    if length is None or not 0 < length.seconds <= DAY_SECONDS:
        hint = {"hour": "1h", "h": "1h", "minute": "1min", "min": "1min", "day": "1d"}.get(found[2])
        did = f"did you mean {found[1]} per {hint}?" if hint else ""
        raise RuleErrors(RuleError(_THROTTLE_FORM, repr(text), did))
    return Throttle(values.whole(1, 10_000_000)(re.sub(r"[,_']", "", found[1])), length)


_MESSAGE_KEYS = (
    Key(
        "channel",
        "name",
        "The channel to send a text by instead of an e-mail: the NAME of [channel NAME].",
        "sms",
        values.as_written,
        "",
    ),
    Key(
        "text",
        "template",
        "The text to send by the channel.",
        "Hello {{ first_name }}, 20 % off until Sunday",
        values.as_written,
        "",
        rows=True,
    ),
)

CAMPAIGN = kind_of(
    "campaign",
    "Something to send to everyone in a segment at one moment, once each.",
    Key(
        "segment",
        "name",
        "Who gets it: everyone who is in this segment when it starts.",
        "VIP",
        values.as_written,
        "",
    ),
    Key(
        "when",
        "condition",
        "Only customers who match this when it starts. Rows are joined by 'and'. Without a segment:"
        " everyone who matches it.",
        "orders_count(365d) >= 2",
        values.as_written,
        rows=True,
    ),
    Key(
        "email",
        "name",
        "The e-mail to send: the NAME of [email NAME].",
        "review",
        values.as_written,
        "",
    ),
    *_MESSAGE_KEYS,
    Key(
        "do",
        "steps",
        "What to do before the message, one step per row, or instead of it. No step can wait.",
        "create_coupon welcome10",
        values.as_written,
        "",
        rows=True,
    ),
    Key(
        "at",
        "day and time",
        "When it starts, in the store's time zone. Default: only by 'wcflow campaign send NAME'.",
        "2026-12-01 09:00",
        parse_local_time,
    ),
    Key(
        "throttle",
        "number per duration",
        "How many customers get it within a time. They are spread evenly.",
        "1000 per 1h",
        parse_throttle,
    ),
    Key(
        "priority",
        "whole number",
        "Where only some messages can be sent, those of a higher priority go first: 1 to 100."
        f" Workflows usually have {DEFAULT_PRIORITY}.",
        "80",
        values.whole(1, 100),
        CAMPAIGN_PRIORITY,
    ),
    Key(
        "mode",
        "live, dry_run or off",
        "Send it (live), only show what would be sent (dry_run), or do nothing (off). With off, what"
        " is not sent yet is cancelled.",
        "live",
        values.choice("live", "dry_run", "off"),
        "live",
    ),
    Key(
        "only",
        "e-mail addresses",
        "Test mode: only these addresses. A test does not count as the start.",
        "me@shop.example",
        values.addresses,
        frozenset(),
        rows=True,
    ),
)
