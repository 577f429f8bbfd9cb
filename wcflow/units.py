"""Money, durations and days: arithmetic that must be the same everywhere."""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from functools import lru_cache
from zoneinfo import ZoneInfo

# ISO 4217: currencies without the usual two decimals.
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
"""More than any currency needs; an amount such as 1e999999 would take too long to print."""


@lru_cache(maxsize=256)
def minor_digits(currency: str) -> int:
    """Return the number of decimals of ``currency`` (ISO 4217)."""
    return _MINOR_DIGITS.get(currency.upper(), 2)


def to_minor(amount: Decimal | str, currency: str) -> int:
    """Convert an amount ("12.34") to minor units (1234), rounding half up.

    Raises ValueError if ``amount`` is no finite number.
    """
    try:
        value = Decimal(amount)
    except InvalidOperation:
        raise ValueError(f"expected an amount, got {amount!r}") from None
    if not value.is_finite() or value.adjusted() > _MAX_DIGITS:
        raise ValueError(f"expected an amount, got {amount!r}")
    return int(value.scaleb(minor_digits(currency)).to_integral_value(ROUND_HALF_UP))


_SPACES = re.compile(r"(?<=\d)[\s'’](?=\d{3}(?!\d))")
_WITH_SEPARATORS = re.compile(
    r"[+-]?(?:"
    r"\d{1,3}(?:,\d{2,3})*,\d{3}\.\d+"  # 1,234.50, or in India 1,23,456.50
    r"|\d{1,3}(?:\.\d{3})+,\d+"  # 1.234,50
    r"|\d{1,3}(?:,\d{2,3})+,\d{3}|\d{1,3}(?:\.\d{3}){2,}"  # 1,234,567 and 1.234.567
    r"|\d+,(?:\d{1,2}|\d{4,})|(?:0|\d{4,}),\d{3}"  # 50,00 and 1234,567
    r"|\d+(?:\.\d+)?)",  # 1 234.50
    re.ASCII,
)


def without_separators(amount: str) -> str | None:
    """Return ``1234.50`` for ``1,234.50``, ``1.234,50`` or ``1 234,50``; None if it can be misread.

    ``1,234`` can be either, so it is None.
    """
    plain = _SPACES.sub("", amount.strip())
    if not _WITH_SEPARATORS.fullmatch(plain):
        return None
    before, decimal, after = plain.rpartition("," if plain.rfind(",") > plain.rfind(".") else ".")
    digits = re.sub("[.,]", "", before)
    return f"{digits}{after}" if decimal in before else f"{digits}.{after}"


def to_major(minor: int, currency: str) -> Decimal:
    """Convert minor units (1234) to an amount (12.34)."""
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
        """Return whether the unit is a day or longer, which counts calendar days of the store."""
        return self.unit in _DAY_UNITS

    @property
    def seconds(self) -> int:
        """Return its length, with 30 days for a month and 365 for a year."""
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
"""The seconds of a hundred years; a longer duration is a typing mistake."""
_DAY_UNITS = frozenset({"d", "w", "mo", "y"})
_DURATION = re.compile(r"(\d{1,5})\s*(s|min|h|d|w|mo|y)")
DURATION_FORM = "a duration such as 90s, 15min, 2h, 30d, 6w, 3mo or 1y"


def parse_duration(text: str) -> Duration | None:
    """Parse ``30d``; None if the text is no duration."""
    found = _DURATION.fullmatch(text.strip().lower())
    return Duration(int(found[1]), found[2]) if found else None


def parse_time_of_day(text: str) -> time | None:
    """Parse ``09:00``; None if the text is no time of day."""
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
    """Return the calendar day of an aware datetime in the store's time zone."""
    return instant.astimezone(zone).date()


# The same few days recur for each customer, and finding the start of one is slow.
@lru_cache(maxsize=8192)
def start_of_day(day: date, zone: tzinfo) -> datetime:
    """Return the start of ``day`` in the store's time zone, as UTC."""
    return datetime.combine(day, time(), zone).astimezone(UTC)


def at_time_of_day(day: date, at: time, zone: tzinfo) -> datetime:
    """Return a time of day in the store's time zone, as UTC.

    If clocks jump over it, that is when they jump; if they show it twice, the first time.
    """
    local = datetime.combine(day, at, zone)
    found = local.astimezone(UTC)
    if found.astimezone(zone).replace(tzinfo=None) == local.replace(tzinfo=None):
        return found
    before, after = local.replace(fold=1).astimezone(UTC), found
    while after - before > timedelta(seconds=1):
        middle = before + (after - before) // 2
        jumped = middle.astimezone(zone).utcoffset() != before.astimezone(zone).utcoffset()
        before, after = (before, middle) if jumped else (middle, after)
    return after.replace(microsecond=0)


def add_duration(instant: datetime, by: Duration, zone: tzinfo) -> datetime:
    """Return the instant ``by`` later; units of a day or longer keep the store's time of day."""
    if not by.in_days:
        return instant + timedelta(seconds=by.seconds)
    local = instant.astimezone(zone)
    return datetime.combine(shift_day(local.date(), by), local.time(), zone).astimezone(UTC)


def end_of_last_day(instant: datetime, by: Duration, zone: tzinfo) -> datetime:
    """Return the end of the day ``by`` later: the start of the day after it, in the store's zone."""
    return start_of_day(local_day(add_duration(instant, by, zone), zone) + timedelta(days=1), zone)


def window_start(now: datetime, length: Duration, zone: tzinfo) -> datetime:
    """Return the first instant of the window ``(30d)``: the start of the day 30 days ago.

    So ``orders_count(30d) = 0`` and ``last_order_date < -30d`` mean the same.
    """
    if not length.in_days:
        return now - timedelta(seconds=length.seconds)
    return _window_start(now, length.count, length.unit, zone)


# Pass the parts: hashing the whole duration takes longer than the lookup.
@lru_cache(maxsize=256)
def _window_start(now: datetime, count: int, unit: str, zone: tzinfo) -> datetime:
    return start_of_day(shift_day(local_day(now, zone), Duration(count, unit), -1), zone)


def window_exit(instant: datetime, length: Duration, zone: tzinfo) -> datetime:
    """Return the first instant at which ``instant`` is outside the window ``(length)``."""
    if not length.in_days:
        return instant + timedelta(seconds=length.seconds, microseconds=1)
    return _window_exit(local_day(instant, zone), length.count, length.unit, zone)


@lru_cache(maxsize=8192)
def _window_exit(day: date, count: int, unit: str, zone: tzinfo) -> datetime:
    length = Duration(count, unit)
    candidate = shift_day(day, length)
    # Months differ in length: step forward until the window starts after the day.
    while shift_day(candidate, length, -1) <= day:
        candidate += timedelta(days=1)
    return start_of_day(candidate, zone)


def parse_zone(name: str) -> tzinfo:
    """Parse a time zone from the database: an IANA name, or an offset in minutes (``+60``)."""
    if name[:1] in "+-":
        return timezone(timedelta(minutes=int(name)))
    return ZoneInfo(name)


def zone_name(zone: tzinfo) -> str:
    """Return a time zone as the text that :func:`parse_zone` parses."""
    if isinstance(zone, ZoneInfo):
        return zone.key
    offset = zone.utcoffset(None) or timedelta()
    return f"{int(offset.total_seconds() // 60):+d}"


def clock_words(instant: datetime) -> str:
    """Return a time of the clock as in the log: ``12:03:10 UTC``."""
    return f"{instant.astimezone(UTC):%H:%M:%S} UTC"


def normalize_email(text: str) -> str:
    """Return an e-mail address in normal form: trimmed, lower case."""
    return text.strip().lower()


ANONYMOUS_EMAIL = "deleted@site.invalid"
"""The address that WordPress gives to an order when it erases personal data (FACTS)."""
_ERASED_NAME = "[deleted]"


def order_email(email: str, first_name: str, last_name: str) -> str:
    """Return the address that an order belongs to: the anonymous one if its data was erased."""
    erased = _ERASED_NAME in (first_name.strip(), last_name.strip())
    return ANONYMOUS_EMAIL if erased else normalize_email(email)


def is_anonymous(email: str) -> bool:
    """Return whether an address in normal form is a placeholder: the domain .invalid is no one's."""
    return email.endswith((".invalid", "@invalid"))


def is_nobody(email: str, shared: frozenset[str]) -> bool:
    """Return whether an address belongs to no customer: empty, anonymous or shared.

    ``shared`` contains addresses and patterns such as ``*@marketplace.example``.
    """
    if not email or email in shared or is_anonymous(email):
        return True
    patterns = _patterns(shared)
    return patterns is not None and patterns.fullmatch(email) is not None


@lru_cache(maxsize=16)
def _patterns(shared: frozenset[str]) -> re.Pattern[str] | None:
    """Return one pattern for all addresses that contain an asterisk; None if there are none."""
    parts = [".*".join(map(re.escape, each.split("*"))) for each in sorted(shared) if "*" in each]
    return re.compile("|".join(parts), re.DOTALL) if parts else None


def backoff(attempt: int, first: timedelta, longest: timedelta) -> timedelta:
    """Return how long to wait after the ``attempt``-th failure (from 1): doubling, up to a limit."""
    return min(first * (1 << min(attempt - 1, 20)), longest)


def work_due(passed: float, done: int, total: int) -> int:
    """Return how many of ``total`` parts are due when this fraction of the period has passed."""
    return max(0, int(max(0.0, passed) * (total + 1)) - done)
