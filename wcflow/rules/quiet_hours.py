"""The hours in which customers get no messages, in the store's time zone. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, time, timedelta, tzinfo

from wcflow.rules.errors import RuleError, RuleErrors, did_you_mean
from wcflow.rules.values import each
from wcflow.units import at_time_of_day, local_day, parse_time_of_day

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_FORM = "hours such as 21:00-09:00, or sunday"
_MIDNIGHT = time()
_WEEK = 7


@dataclass(frozen=True, slots=True)
class QuietHours:
    """From ``start`` to ``end``, over midnight if that is earlier; on the ``days`` when it starts.

    The days count from Monday, 0. From midnight to midnight is the whole day.
    """

    start: time
    end: time
    days: frozenset[int] = frozenset(range(_WEEK))

    def __str__(self) -> str:
        names = "" if len(self.days) == _WEEK else ", ".join(DAYS[n] for n in sorted(self.days))
        if self.start == self.end == _MIDNIGHT:
            return names
        return f"{names} {self.start:%H:%M}-{self.end:%H:%M}".strip()

    def include(self, wall: datetime) -> bool:
        """Return whether a clock in the store that shows this time is within them."""
        now = wall.time()
        if self.start < self.end:
            return wall.weekday() in self.days and self.start <= now < self.end
        yesterday = (wall.weekday() - 1) % _WEEK in self.days
        return (wall.weekday() in self.days and now >= self.start) or (yesterday and now < self.end)


def quiet_now(hours: tuple[QuietHours, ...], now: datetime, zone: tzinfo) -> QuietHours | None:
    """Return the quiet hours that it is now, if any."""
    wall = now.astimezone(zone)
    return next((each for each in hours if each.include(wall)), None)


def end_of_quiet(hours: tuple[QuietHours, ...], now: datetime, zone: tzinfo) -> datetime:
    """Return the first moment from ``now`` on that is not quiet.

    Where clocks go back, the end comes twice, and the later one counts.
    """
    if quiet_now(hours, now, zone) is None:
        return now
    today = local_day(now, zone)
    ends = (
        at_time_of_day(today + timedelta(days=ahead), each.end.replace(fold=1), zone)
        for ahead in range(_WEEK + 2)
        for each in hours
    )
    return min(end for end in ends if end > now and quiet_now(hours, end, zone) is None)


def always_quiet(hours: tuple[QuietHours, ...]) -> bool:
    """Return whether they leave no minute of the week."""
    monday = datetime(2024, 1, 1)  # noqa: DTZ001  a clock on the wall
    ends = [
        datetime.combine(monday + timedelta(days=day), each.end)
        for day in range(_WEEK)
        for each in hours
    ]
    return bool(hours) and all(any(each.include(end) for each in hours) for end in ends)


def parse_quiet_hours(text: str) -> tuple[QuietHours, ...]:
    """Parse ``21:00-09:00``, ``mon-fri 21:00-09:00, saturday, sunday``."""
    found = tuple(each(text, _parse_one))
    if always_quiet(found):
        raise RuleErrors(RuleError("hours that leave some time for messages", repr(text)))
    return found


def _parse_one(text: str) -> QuietHours:
    found = re.fullmatch(
        r"(?P<days>[a-z]+(?:\s*-\s*[a-z]+)?)?\s*(?:(?P<start>[\d:.]+)\s*(?:-|–|to)\s*(?P<end>[\d:.]+))?",
        text.lower(),
    )
    if found is None or not (found["days"] or found["start"]):
        raise RuleErrors(RuleError(_FORM, repr(text) if text else "nothing"))
    days = _parse_days(found["days"]) if found["days"] else frozenset(range(_WEEK))
    if found["start"] is None:
        return QuietHours(_MIDNIGHT, _MIDNIGHT, days)
    start, end = _parse_time(found["start"]), _parse_time(found["end"])
    if start == end != _MIDNIGHT:
        raise RuleErrors(RuleError("two different times", repr(text)))
    return QuietHours(start, end, days)


def _parse_time(text: str) -> time:
    found = _MIDNIGHT if text == "24:00" else parse_time_of_day(text)
    if found is None:
        bare = re.fullmatch(r"(\d{1,2})(?:[.:](\d\d))?", text)
        meant = f"{int(bare[1]):02}:{bare[2] or '00'}" if bare else ""
        hint = f"did you mean {meant}?" if parse_time_of_day(meant) else ""
        raise RuleErrors(RuleError("a time such as 21:00", repr(text), hint))
    return found


def _parse_days(text: str) -> frozenset[int]:
    first, *rest = (_parse_day(word.strip()) for word in text.split("-"))
    if not rest:
        return frozenset({first})
    return frozenset((first + ahead) % _WEEK for ahead in range((rest[0] - first) % _WEEK + 1))


def _parse_day(word: str) -> int:
    for number, name in enumerate(DAYS):
        if word in (name, name[:3]):
            return number
    raise RuleErrors(RuleError("a day such as sunday", repr(word), did_you_mean(word, DAYS)))
