"""The values in conditions, and how found values compare with them."""

from __future__ import annotations

import math
import re
import unicodedata
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, tzinfo
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from itertools import groupby
from typing import NamedTuple

from wcflow.rules.attributes.registry import AttributeValue, Growth, Value, quote
from wcflow.rules.context import Context
from wcflow.rules.display import format_plain_number, store_day
from wcflow.units import Duration, shift_day, start_of_day


# Product names and the words of rules repeat for each customer.
@lru_cache(maxsize=16384)
def fold(text: str) -> str:
    """Return a text for comparison: normalized (NFC), without case."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())


@lru_cache(maxsize=16384)
def split_words(text: str) -> tuple[str, ...]:
    """Split a text into folded words of letters, digits and their marks, in any script."""
    grouped = groupby(fold(text), _is_word_character)
    return tuple("".join(letters) for is_word, letters in grouped if is_word)


def _is_word_character(letter: str) -> bool:
    return letter.isalnum() or unicodedata.category(letter).startswith("M")


@lru_cache(maxsize=16384)
def contains_words(text: str, words: tuple[str, ...]) -> bool:
    """Return whether the text contains the words one after another, each as a whole word."""
    found = split_words(text)
    if len(words) == 1:  # nearly always
        return words[0] in found
    starts = range(len(found) - len(words) + 1)
    return any(found[start : start + len(words)] == words for start in starts)


@lru_cache(maxsize=1024)
def compile_pattern(pattern: str) -> re.Pattern[str]:
    """Compile a folded pattern with ``*`` (any text) and ``?`` (one character)."""
    first, *rest = [_escape(piece) for piece in pattern.split("*")]
    if not rest:
        return re.compile(first, re.DOTALL)
    *inner, last = rest
    # Atomic groups take the first match without backtracking, so no pattern can take forever.
    middle = "".join(f"(?>.*?{piece})" for piece in inner if piece)
    return re.compile(f"{first}{middle}.*{last}", re.DOTALL)


def _escape(piece: str) -> str:
    return re.escape(piece).replace(r"\?", ".")


# A relative date moves as time passes, and so does a number that grows, so a position contains the
# instants at which it will change.


class Position(NamedTuple):
    """Whether a found value is below (-1), equal to (0) or above (1) the literal.

    ``then`` are the changes that time alone will bring, in order: the instant and the new sign.
    """

    sign: int
    then: tuple[tuple[datetime, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Text:
    """A text; case does not matter."""

    value: str

    @property
    def canonical(self) -> str:
        return quote(self.value)

    @property
    def text(self) -> str:
        return self.value

    def position(self, found: AttributeValue, _scope: Context) -> Position | None:
        value = found.value
        return Position(_sign(fold(value), fold(self.value))) if isinstance(value, str) else None

    def format(self, _scope: Context) -> str:
        return self.canonical


@dataclass(frozen=True, slots=True)
class Number:
    """A number or an amount."""

    value: Decimal
    canonical: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(
            self, "canonical", format_plain_number(self.value) if self.value else "0"
        )

    @property
    def text(self) -> str:
        return self.canonical

    def position(self, found: AttributeValue, context: Context) -> Position | None:
        if found.growth is not None:
            return _position_of_growth(found.growth, self.value, context)
        value = as_number(found.value)
        return None if value is None else Position(_sign(value, self.value))

    def format(self, _scope: Context) -> str:
        return self.canonical


@dataclass(frozen=True, slots=True)
class Day:
    """A calendar day of the store."""

    value: date

    @property
    def canonical(self) -> str:
        return self.value.isoformat()

    def position(self, found: AttributeValue, context: Context) -> Position | None:
        value = as_date(found.value, context)
        return None if value is None else Position(_sign(store_day(value, context), self.value))

    def format(self, _scope: Context) -> str:
        return self.canonical


@dataclass(frozen=True, slots=True)
class RelativeDay:
    """A calendar day counted from today: ``today``, ``-30d``, ``+3mo``."""

    by: Duration
    sign: int = 1

    @property
    def canonical(self) -> str:
        return _format_relative(self.by, self.sign) if self.by.count else "today"

    def on(self, today: date) -> date:
        """Return the day that this means on ``today``."""
        return shift_day(today, self.by, self.sign)

    def position(self, found: AttributeValue, context: Context) -> Position | None:
        value = as_date(found.value, context)
        if value is None:
            return None
        found_date, zone = store_day(value, context), context.store.zone
        # Pass the parts: hashing the whole literal takes longer than the lookup.
        return _position_of_day(
            self.by.count, self.by.unit, self.sign, found_date, context.today, zone
        )

    def position_on(self, found_date: date, today: date, zone: tzinfo) -> Position:
        """Return the position of a day on ``today``."""
        sign = _sign(found_date, self.on(today))
        levels = [level for level in (0, -1) if level < sign]
        changes = ((self._first_day(found_date, level), level) for level in levels)
        return Position(
            sign, tuple((start_of_day(when, zone), level) for when, level in changes if when)
        )

    def _first_day(self, found_date: date, level: int) -> date | None:
        """Return the first day on which ``found_date`` is at ``level`` or below; None if never."""
        try:
            # Months differ in length: start a little early and step forward.
            today = shift_day(found_date, self.by, -self.sign) - timedelta(days=4)
            while _sign(found_date, self.on(today)) > level:
                today += timedelta(days=1)
        except (OverflowError, ValueError):  # outside the range of dates
            return None
        return today

    def format(self, context: Context) -> str:
        return f"{self.canonical} ({self.on(context.today).isoformat()})"


# There are few days, and many customers bought on each.
@lru_cache(maxsize=16384)
def _position_of_day(
    count: int, unit: str, sign: int, found_date: date, today: date, zone: tzinfo
) -> Position:
    return RelativeDay(Duration(count, unit), sign).position_on(found_date, today, zone)


@dataclass(frozen=True, slots=True)
class RelativeInstant:
    """An instant counted from now: ``-2h``, ``+15min``."""

    by: Duration
    sign: int

    @property
    def canonical(self) -> str:
        return _format_relative(self.by, self.sign)

    @property
    def _shift(self) -> timedelta:
        return timedelta(seconds=self.sign * self.by.seconds)

    def position(self, found: AttributeValue, context: Context) -> Position | None:
        value = as_date(found.value, context)
        if value is None:
            return None
        found_date = (
            value if isinstance(value, datetime) else start_of_day(value, context.store.zone)
        )
        sign = _sign(found_date, context.now + self._shift)
        reached = found_date - self._shift
        changes = ((reached, 0), (reached + timedelta(microseconds=1), -1))
        return Position(sign, tuple((when, level) for when, level in changes if level < sign))

    def format(self, _scope: Context) -> str:
        return self.canonical


Literal = Text | Number | Day | RelativeDay | RelativeInstant
_Ordered = str | Decimal | date | datetime


def _sign(found: _Ordered, asked: _Ordered) -> int:
    # Each literal makes sure that both have the same type.
    return (found > asked) - (found < asked)  # type: ignore[operator]


def _format_relative(by: Duration, sign: int) -> str:
    return f"{'-' if sign < 0 else '+'}{by}"


_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")
_YEARS = range(1000, 9000)  # outside, time zones and durations could leave the range of dates


def as_number(value: Value) -> Decimal | None:
    """Return a number, or the number that a text contains; otherwise None."""
    if isinstance(value, str):
        text = value.strip()
        return Decimal(text) if _NUMBER.fullmatch(text) else None
    return value if isinstance(value, Decimal) else None


def as_date(value: Value, context: Context) -> date | datetime | None:
    """Return a date, or the ISO date that a text contains; otherwise None."""
    if not isinstance(value, str):
        return value if isinstance(value, date) else None
    try:
        read: date = _read_date(value.strip(), context)
    except ValueError:
        return None
    return read if read.year in _YEARS else None


def _read_date(text: str, context: Context) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        instant = datetime.fromisoformat(text)
        return instant if instant.tzinfo else instant.replace(tzinfo=context.store.zone)


_FOREVER = 1_000_000  # days


def _position_of_growth(growth: Growth, asked: Decimal, context: Context) -> Position:
    days = (context.today - growth.since).days
    sign = _sign(growth.on(days), asked)
    if sign > 0:
        return Position(sign)
    reached = days + 1 if sign == 0 else _days_until(growth, asked)
    changes = ((reached, _sign(growth.on(reached), asked)), (reached + 1, 1))
    if reached > _FOREVER:
        return Position(sign)
    return Position(
        sign,
        tuple(
            (start_of_day(growth.since + timedelta(days=count), context.store.zone), level)
            for count, level in changes
        ),
    )


def _days_until(growth: Growth, asked: Decimal) -> int:
    """Return the first number of days at which the growing number reaches ``asked``."""
    days = min(math.ceil(Fraction(asked) * Fraction(growth.per)), _FOREVER + 1)
    # The number is rounded to 28 digits and can get there a day before the exact one.
    while days <= _FOREVER and growth.on(days - 1) >= asked:
        days -= 1
    return days
