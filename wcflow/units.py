"""Money, durations and days: arithmetic that must be the same everywhere. No clock stands here."""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from functools import lru_cache
from zoneinfo import ZoneInfo

# ISO 4217: the currencies that have not two digits after the point.
_MINOR_DIGITS = dict.fromkeys(
    [
        "BIF",
        "CLP",
        "DJF",
        "GNF",
        "ISK",
        "JPY",
        "KMF",
        "KRW",
        "PYG",
        "RWF",
        "UGX",
        "UYI",
        "VND",
        "VUV",
        "XAF",
        "XOF",
        "XPF",
    ],
    0,
) | dict.fromkeys(["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"], 3)

_MAX_DIGITS = 20
"""More than any currency needs; an amount as 1e999999 would take a while to write out."""


@lru_cache(maxsize=256)
def minor_digits(currency: str) -> int:
    """Say how many digits stand after the point in ``currency`` (ISO 4217)."""
    return _MINOR_DIGITS.get(currency.upper(), 2)


def to_minor(amount: Decimal | str, currency: str) -> int:
    """Turn an amount ("12.34") into integers of the minor unit (1234), half up.

    Raises ValueError where ``amount`` is no finite number.
    """
    try:
        value = Decimal(amount)
    except InvalidOperation:
        raise ValueError(f"expected an amount, got {amount!r}") from None
    if not value.is_finite() or value.adjusted() > _MAX_DIGITS:
        raise ValueError(f"expected an amount, got {amount!r}")
    return int(value.scaleb(minor_digits(currency)).to_integral_value(ROUND_HALF_UP))


def to_major(minor: int, currency: str) -> Decimal:
    """Turn integers of the minor unit (1234) into an amount (12.34)."""
    return Decimal(minor) * _minor_unit(currency)


@lru_cache(maxsize=256)
def _minor_unit(currency: str) -> Decimal:
    return Decimal(1).scaleb(-minor_digits(currency))


@dataclass(frozen=True, slots=True)
class Duration:
    """A length of time as an admin writes it: ``90s 15min 2h 30d 6w 3mo 1y``."""

    count: int
    unit: str

    @property
    def in_days(self) -> bool:
        """Say whether it is counted in calendar days of the store (a day or more)."""
        return self.unit in _DAY_UNITS

    @property
    def seconds(self) -> int:
        """Give its usual length: a month as 30 days, a year as 365."""
        return self.count * _SECONDS[self.unit]

    def __str__(self) -> str:
        return f"{self.count}{self.unit}"


_UNIT_WORDS = {
    "s": "second",
    "min": "minute",
    "h": "hour",
    "d": "day",
    "w": "week",
    "mo": "month",
    "y": "year",
}


def duration_words(length: Duration) -> str:
    """Return ``1 day`` or ``30 days``."""
    return f"{length.count} {_UNIT_WORDS[length.unit]}{'' if length.count == 1 else 's'}"


_SECONDS = {
    "s": 1,
    "min": 60,
    "h": 3600,
    "d": 86400,
    "w": 7 * 86400,
    "mo": 30 * 86400,
    "y": 365 * 86400,
}
MAX_SECONDS = 100 * _SECONDS["y"]
"""The seconds of a hundred years: a longer duration is a slip of the keyboard."""
_DAY_UNITS = frozenset({"d", "w", "mo", "y"})
_DURATION = re.compile(r"(\d{1,5})\s*(s|min|h|d|w|mo|y)")
DURATION_FORM = "a duration such as 90s, 15min, 2h, 30d, 6w, 3mo or 1y"


def parse_duration(text: str) -> Duration | None:
    """Read ``30d``; None where it is no duration."""
    found = _DURATION.fullmatch(text.strip().lower())
    return Duration(int(found[1]), found[2]) if found else None


def parse_time_of_day(text: str) -> time | None:
    """Read ``09:00``; None where it is no time of day."""
    found = re.fullmatch(r"([01]?\d|2[0-3]):([0-5]\d)", text.strip())
    return time(int(found[1]), int(found[2])) if found else None


def shift_day(day: date, by: Duration, sign: int = 1) -> date:
    """Move ``day`` by whole days, weeks, months or years; the 31st becomes the month's last day."""
    count = by.count * sign
    if by.unit in ("d", "w"):
        return day + timedelta(days=count * (7 if by.unit == "w" else 1))
    months = day.year * 12 + day.month - 1 + count * (12 if by.unit == "y" else 1)
    year, month = divmod(months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def local_day(instant: datetime, zone: tzinfo) -> date:
    """Give the calendar day of an aware instant in the store's zone."""
    return instant.astimezone(zone).date()


# Days are few and are asked again for each customer: to find one's beginning takes a while.
@lru_cache(maxsize=8192)
def start_of_day(day: date, zone: tzinfo) -> datetime:
    """Give the instant (UTC) at which ``day`` begins in the store's zone."""
    return datetime.combine(day, time(), zone).astimezone(UTC)


def at_time_of_day(day: date, at: time, zone: tzinfo) -> datetime:
    """Give the instant (UTC) of a time of day in the store's zone."""
    return datetime.combine(day, at, zone).astimezone(UTC)


def add_duration(instant: datetime, by: Duration, zone: tzinfo) -> datetime:
    """Give the instant ``by`` later: days and more keep the store's time of day."""
    if not by.in_days:
        return instant + timedelta(seconds=by.seconds)
    local = instant.astimezone(zone)
    return datetime.combine(shift_day(local.date(), by), local.time(), zone).astimezone(UTC)


def window_start(now: datetime, length: Duration, zone: tzinfo) -> datetime:
    """Give the first instant that ``(30d)`` includes: the start of the day 30 days ago.

    So ``orders_count(30d) = 0`` and ``last_order_date < -30d`` mean the same.
    """
    if not length.in_days:
        return now - timedelta(seconds=length.seconds)
    return _window_start(now, length.count, length.unit, zone)


# By the parts of a duration: to look for one as a whole takes longer than to look it up.
@lru_cache(maxsize=256)
def _window_start(now: datetime, count: int, unit: str, zone: tzinfo) -> datetime:
    return start_of_day(shift_day(local_day(now, zone), Duration(count, unit), -1), zone)


def window_exit(instant: datetime, length: Duration, zone: tzinfo) -> datetime:
    """Give the first instant at which what happened at ``instant`` is outside ``(length)``."""
    if not length.in_days:
        return instant + timedelta(seconds=length.seconds, microseconds=1)
    return _window_exit(local_day(instant, zone), length.count, length.unit, zone)


@lru_cache(maxsize=8192)
def _window_exit(day: date, count: int, unit: str, zone: tzinfo) -> datetime:
    length = Duration(count, unit)
    candidate = shift_day(day, length)
    # Months have unequal lengths: step on until the window's first day has passed the day itself.
    while shift_day(candidate, length, -1) <= day:
        candidate += timedelta(days=1)
    return start_of_day(candidate, zone)


def parse_zone(name: str) -> tzinfo:
    """Read a zone as the mirror keeps it: an IANA name, or an offset in minutes (``+60``)."""
    if name[:1] in "+-":
        return timezone(timedelta(minutes=int(name)))
    return ZoneInfo(name)


def zone_name(zone: tzinfo) -> str:
    """Write a zone as :func:`parse_zone` reads it."""
    if isinstance(zone, ZoneInfo):
        return zone.key
    offset = zone.utcoffset(None) or timedelta()
    return f"{int(offset.total_seconds() // 60):+d}"


def normalize_email(text: str) -> str:
    """Give an address as people are compared by it: trimmed, lower case."""
    return text.strip().lower()


def backoff(attempt: int, first: timedelta, longest: timedelta) -> timedelta:
    """Return how long to wait after the ``attempt``-th failure (from 1): doubling, up to a limit."""
    return min(first * (1 << min(attempt - 1, 20)), longest)
