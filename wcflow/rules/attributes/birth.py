"""Dates of birth as shops keep them, and the birthdays that follow from them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

_FORMS = (
    re.compile(r"(?P<year>[0-9]{4})-?(?P<month>[0-9]{2})-?(?P<day>[0-9]{2})(?:[T ].*)?"),
    re.compile(r"(?:--)?(?P<month>[0-9]{2})-(?P<day>[0-9]{2})"),
    re.compile(r"(?P<day>[0-9]{1,2})\.(?P<month>[0-9]{1,2})\.(?P<year>[0-9]{4})?"),
)
_LEAP_YEAR = 2000


@dataclass(frozen=True, slots=True)
class Birth:
    """The day someone was born; ``year`` is None where only the birthday is known."""

    month: int
    day: int
    year: int | None = None


def read_birth(text: str) -> Birth | None:
    """Read ``1990-12-31``, ``19901231``, ``12-31`` or ``31.12.1990``; None where it is none.

    Forms with a slash are not read: 3/4 is in March or in April.
    """
    for form in _FORMS:
        found = form.fullmatch(text.strip())
        if found:
            return _birth(found.groupdict())
    return None


def _birth(parts: dict[str, str | None]) -> Birth | None:
    written = parts.get("year")
    month, day = int(parts["month"] or 0), int(parts["day"] or 0)
    year = int(written) if written else None
    try:
        date(_LEAP_YEAR if year is None else year, month, day)
    except ValueError:
        return None
    return Birth(month, day, year)


def birthday_in(year: int, birth: Birth) -> date:
    """Give the birthday in a year: 29 February is the 28th where there is none."""
    try:
        return date(year, birth.month, birth.day)
    except ValueError:
        return date(year, birth.month, 28)


def next_birthday(birth: Birth, today: date) -> date:
    """Give the next birthday, today included."""
    this_year = birthday_in(today.year, birth)
    return this_year if this_year >= today else birthday_in(today.year + 1, birth)


def age_on(birth: Birth, today: date) -> Decimal | None:
    """Give the full years since birth; None where the year is not known or yet to come."""
    if birth.year is None:
        return None
    years = today.year - birth.year - (today < birthday_in(today.year, birth))
    return Decimal(years) if years >= 0 else None
