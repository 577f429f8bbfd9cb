"""How texts are compared: without regard to case, by whole words, with ``*`` and ``?``."""

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

from wcflow.rules.attributes.registry import Ageing, Found, Value, quoted
from wcflow.rules.context import Context
from wcflow.rules.display import day, plain
from wcflow.units import Duration, shift_day, start_of_day


# Product names and the words of rules are few and are asked again for each customer.
@lru_cache(maxsize=16384)
def fold(text: str) -> str:
    """Give a text as it is compared: composed, and without regard to case."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())


@lru_cache(maxsize=16384)
def words_of(text: str) -> tuple[str, ...]:
    """Split a text into its words, folded: letters, digits and their marks, in any script."""
    grouped = groupby(fold(text), _belongs_to_a_word)
    return tuple("".join(letters) for is_word, letters in grouped if is_word)


def _belongs_to_a_word(letter: str) -> bool:
    return letter.isalnum() or unicodedata.category(letter).startswith("M")


def mentions(text: str, words: tuple[str, ...]) -> bool:
    """Say whether the words stand in the text one after another, each as a whole word."""
    found = words_of(text)
    starts = range(len(found) - len(words) + 1)
    return any(found[start : start + len(words)] == words for start in starts)


@lru_cache(maxsize=1024)
def like(pattern: str) -> re.Pattern[str]:
    """Turn a folded pattern with ``*`` (any text) and ``?`` (one character) into one to match."""
    first, *rest = [_escaped(piece) for piece in pattern.split("*")]
    if not rest:
        return re.compile(first, re.DOTALL)
    *inner, last = rest
    # Atomic groups: the first place that fits will do, so no pattern can take forever.
    middle = "".join(f"(?>.*?{piece})" for piece in inner if piece)
    return re.compile(f"{first}{middle}.*{last}", re.DOTALL)


def _escaped(piece: str) -> str:
    return re.escape(piece).replace(r"\?", ".")


# The values that a condition compares with, and where what was found stands beside them. A relative date moves on as time passes, and so does a number that grows: a stand knows the instants at which that makes it another.


class Stand(NamedTuple):
    """Where what was found stands: below (-1), at (0) or above (1) the value asked for.

    ``then`` are the changes to come by time alone, in order: the instant, and the stand from then.
    """

    sign: int
    then: tuple[tuple[datetime, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Text:
    """A text; case does not matter."""

    value: str

    @property
    def canonical(self) -> str:
        return quoted(self.value)

    @property
    def text(self) -> str:
        return self.value

    def stand(self, found: Found, _scope: Context) -> Stand | None:
        value = found.value
        return Stand(_sign(fold(value), fold(self.value))) if isinstance(value, str) else None

    def shown(self, _scope: Context) -> str:
        return self.canonical


@dataclass(frozen=True, slots=True)
class Number:
    """A number or an amount."""

    value: Decimal
    canonical: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "canonical", plain(self.value) if self.value else "0")

    @property
    def text(self) -> str:
        return self.canonical

    def stand(self, found: Found, scope: Context) -> Stand | None:
        if found.ageing is not None:
            return _stand_of_ageing(found.ageing, self.value, scope)
        value = as_number(found.value)
        return None if value is None else Stand(_sign(value, self.value))

    def shown(self, _scope: Context) -> str:
        return self.canonical


@dataclass(frozen=True, slots=True)
class Day:
    """A calendar day of the store."""

    value: date

    @property
    def canonical(self) -> str:
        return self.value.isoformat()

    def stand(self, found: Found, scope: Context) -> Stand | None:
        value = as_date(found.value, scope)
        return None if value is None else Stand(_sign(day(value, scope), self.value))

    def shown(self, _scope: Context) -> str:
        return self.canonical


@dataclass(frozen=True, slots=True)
class RelativeDay:
    """A calendar day counted from today: ``today``, ``-30d``, ``+3mo``."""

    by: Duration
    sign: int = 1

    @property
    def canonical(self) -> str:
        return _relative(self.by, self.sign) if self.by.count else "today"

    def on(self, today: date) -> date:
        """Give the day that is meant when it is ``today``."""
        return shift_day(today, self.by, self.sign)

    def stand(self, found: Found, scope: Context) -> Stand | None:
        value = as_date(found.value, scope)
        if value is None:
            return None
        mine, zone = day(value, scope), scope.shop.zone
        # By its parts: to look for a literal as a whole takes longer than to look it up.
        return _stand_of_day(self.by.count, self.by.unit, self.sign, mine, scope.today, zone)

    def stand_on(self, mine: date, today: date, zone: tzinfo) -> Stand:
        """Give where a day stands when it is ``today``."""
        sign = _sign(mine, self.on(today))
        levels = [level for level in (0, -1) if level < sign]
        changes = ((self._first_day(mine, level), level) for level in levels)
        return Stand(
            sign, tuple((start_of_day(when, zone), level) for when, level in changes if when)
        )

    def _first_day(self, mine: date, level: int) -> date | None:
        """Give the first day on which ``mine`` stands at ``level`` or below; None if never."""
        try:
            # Months have unequal lengths: begin a little early and step on.
            today = shift_day(mine, self.by, -self.sign) - timedelta(days=4)
            while _sign(mine, self.on(today)) > level:
                today += timedelta(days=1)
        except (OverflowError, ValueError):  # beyond the calendar
            return None
        return today

    def shown(self, scope: Context) -> str:
        return f"{self.canonical} ({self.on(scope.today).isoformat()})"


# Days are few, and many customers have bought on each of them.
@lru_cache(maxsize=16384)
def _stand_of_day(count: int, unit: str, sign: int, mine: date, today: date, zone: tzinfo) -> Stand:
    return RelativeDay(Duration(count, unit), sign).stand_on(mine, today, zone)


@dataclass(frozen=True, slots=True)
class RelativeInstant:
    """An instant counted from now: ``-2h``, ``+15min``."""

    by: Duration
    sign: int

    @property
    def canonical(self) -> str:
        return _relative(self.by, self.sign)

    @property
    def _shift(self) -> timedelta:
        return timedelta(seconds=self.sign * self.by.seconds)

    def stand(self, found: Found, scope: Context) -> Stand | None:
        value = as_date(found.value, scope)
        if value is None:
            return None
        mine = value if isinstance(value, datetime) else start_of_day(value, scope.shop.zone)
        sign = _sign(mine, scope.now + self._shift)
        reached = mine - self._shift
        changes = ((reached, 0), (reached + timedelta(microseconds=1), -1))
        return Stand(sign, tuple((when, level) for when, level in changes if level < sign))

    def shown(self, _scope: Context) -> str:
        return self.canonical


Literal = Text | Number | Day | RelativeDay | RelativeInstant
_Ordered = str | Decimal | date | datetime


def _sign(found: _Ordered, asked: _Ordered) -> int:
    # Both are of one type: each literal takes care of that.
    return (found > asked) - (found < asked)  # type: ignore[operator]


def _relative(by: Duration, sign: int) -> str:
    return f"{'-' if sign < 0 else '+'}{by}"


_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")
_YEARS = range(1000, 9000)  # beyond, shifting by zones and durations would leave the calendar


def as_number(value: Value) -> Decimal | None:
    """Give a number as it is, and one that a text says; None where it says none."""
    if isinstance(value, str):
        text = value.strip()
        return Decimal(text) if _NUMBER.fullmatch(text) else None
    return value if isinstance(value, Decimal) else None


def as_date(value: Value, scope: Context) -> date | datetime | None:
    """Give a date as it is, and one that a text says in ISO form; None where it says none."""
    if not isinstance(value, str):
        return value if isinstance(value, date) else None
    try:
        read: date = _read_date(value.strip(), scope)
    except ValueError:
        return None
    return read if read.year in _YEARS else None


def _read_date(text: str, scope: Context) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        instant = datetime.fromisoformat(text)
        return instant if instant.tzinfo else instant.replace(tzinfo=scope.shop.zone)


_FOREVER = 1_000_000  # days


def _stand_of_ageing(ageing: Ageing, asked: Decimal, scope: Context) -> Stand:
    days = (scope.today - ageing.since).days
    sign = _sign(ageing.on(days), asked)
    if sign > 0:
        return Stand(sign)
    reached = days + 1 if sign == 0 else _days_until(ageing, asked)
    changes = ((reached, _sign(ageing.on(reached), asked)), (reached + 1, 1))
    if reached > _FOREVER:
        return Stand(sign)
    return Stand(
        sign,
        tuple(
            (start_of_day(ageing.since + timedelta(days=count), scope.shop.zone), level)
            for count, level in changes
        ),
    )


def _days_until(ageing: Ageing, asked: Decimal) -> int:
    """Give the first number of days at which the number has reached what is asked for."""
    days = min(math.ceil(Fraction(asked) * Fraction(ageing.per)), _FOREVER + 1)
    # The number is rounded to some 28 digits and may be there a day before the exact one.
    while days <= _FOREVER and ageing.on(days - 1) >= asked:
        days -= 1
    return days
