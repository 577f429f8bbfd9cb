"""Parse what follows the name of a trigger from time. Each function raises RuleErrors."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import time

from wcflow.rules.arguments import duration
from wcflow.rules.errors import RuleError, RuleErrors, did_you_mean
from wcflow.units import Duration, parse_time_of_day

FIRST_ORDER, REGISTRATION = "first_order", "registration"
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_YEAR_DAYS = 365
_MAX_YEARS = 100
_MAX_MONTH_DAY = 31


@dataclass(frozen=True, slots=True)
class Anniversary:
    """Of what, and in which year only; 0 is each year."""

    of: str
    year: int = 0

    def __str__(self) -> str:
        return f"of {self.of}{f' in year {self.year}' if self.year else ''}"


@dataclass(frozen=True, slots=True)
class Before:
    """How many calendar days before."""

    length: Duration

    def __str__(self) -> str:
        return f"{self.length} before"


@dataclass(frozen=True, slots=True)
class After:
    """How long after."""

    length: Duration

    def __str__(self) -> str:
        return f"after {self.length}"


@dataclass(frozen=True, slots=True)
class Regularly:
    """A time of day, with the day of the week (0 is Monday) or of the month where there is one."""

    at: time
    day: int | None = None
    weekly: bool = False

    def __str__(self) -> str:
        if self.day is None:
            return f"at {self.at:%H:%M}"
        return f"on {WEEKDAYS[self.day] if self.weekly else self.day} at {self.at:%H:%M}"


@dataclass(frozen=True, slots=True)
class Often:
    """How many times, and within how long."""

    count: int = 1
    within: Duration = Duration(7, "d")  # noqa: RUF009 - frozen

    def __str__(self) -> str:
        return f"{self.count} time{'' if self.count == 1 else 's'} within {self.within}"


def often(text: str) -> Often:
    """Parse ``3 times within 7d``; both parts can be left out."""
    found = re.fullmatch(r"(?:(\d{1,4})\s+times?)?\s*(?:within\s+(\S.*))?", text.lower())
    if found is None or (found[1] and not int(found[1])):
        raise RuleErrors(RuleError("'3 times within 7d'", repr(text)))
    usual = Often()
    within = duration(found[2]) if found[2] else usual.within
    return Often(int(found[1]) if found[1] else usual.count, within)


def anniversary(text: str) -> Anniversary:
    """Parse ``of first_order`` or ``of registration in year 1``."""
    found = re.fullmatch(r"of\s+(\S+)(?:\s+in\s+year\s+(\d{1,3}))?", text.lower())
    if found is None or found[1] not in (FIRST_ORDER, REGISTRATION):
        meant = did_you_mean(found[1], (FIRST_ORDER, REGISTRATION)) if found else ""
        got = repr(text) if text else "nothing"
        raise RuleErrors(RuleError("'of first_order' or 'of registration'", got, meant))
    year = int(found[2]) if found[2] else 0
    if found[2] and not 1 <= year <= _MAX_YEARS:
        raise RuleErrors(RuleError("a year from 1 to 100", found[2]))
    return Anniversary(found[1], year)


def birthday(text: str) -> Before | None:
    """Parse ``7d before``, or nothing for the day itself."""
    return before(text) if text else None


def before(text: str) -> Before:
    """Parse ``7d before``: days or longer, less than a year."""
    words, _, last = text.lower().rpartition(" ")
    if last != "before" or not words:
        hint = f"did you mean '{text} before'?" if re.fullmatch(r"\d+(d|w|mo)", text) else ""
        raise RuleErrors(RuleError("'7d before'", repr(text) if text else "nothing", hint))
    length = duration(words)
    if not length.in_days or length.seconds >= _YEAR_DAYS * 86400:
        raise RuleErrors(RuleError("days, weeks or months, less than a year", repr(words)))
    return Before(length)


def after(text: str) -> After:
    """Parse ``after 1h``."""
    first, _, rest = text.partition(" ")
    if first.lower() != "after" or not rest:
        hint = f"did you mean 'after {text}'?" if re.fullmatch(r"\d+\s?(min|h|d)", text) else ""
        raise RuleErrors(RuleError("'after 1h'", repr(text) if text else "nothing", hint))
    return After(duration(rest))


def daily(text: str) -> Regularly:
    """Parse ``at 09:00``."""
    found = re.fullmatch(r"at\s+(\S+)", text.lower())
    return Regularly(_time(found and found[1], text, "'at 09:00'"))


def weekly(text: str) -> Regularly:
    """Parse ``on monday at 09:00``."""
    form = "'on monday at 09:00'"
    found = re.fullmatch(r"on\s+(\S+)\s+at\s+(\S+)", text.lower())
    if found and found[1] not in WEEKDAYS:
        raise RuleErrors(
            RuleError("a day of the week", repr(found[1]), did_you_mean(found[1], WEEKDAYS))
        )
    at = _time(found and found[2], text, form)
    return Regularly(at, WEEKDAYS.index(found[1]) if found else 0, weekly=True)


def monthly(text: str) -> Regularly:
    """Parse ``on 1 at 09:00``; a month that is shorter has it on its last day."""
    form = "'on 1 at 09:00'"
    found = re.fullmatch(r"on\s+(\S+)\s+at\s+(\S+)", text.lower())
    if found and not (found[1].isdecimal() and 1 <= int(found[1]) <= _MAX_MONTH_DAY):
        raise RuleErrors(RuleError("a day of the month from 1 to 31", repr(found[1])))
    at = _time(found and found[2], text, form)
    return Regularly(at, int(found[1]) if found else 0)


def _time(text: str | None, whole: str, form: str) -> time:
    if text is None:
        raise RuleErrors(RuleError(form, repr(whole) if whole else "nothing"))
    found = parse_time_of_day(text)
    if found is None:
        raise RuleErrors(RuleError("a time of day such as 09:00", repr(text)))
    return found
