"""Read dates of birth as stores keep them, and compute birthdays and ages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

FORMATS = ("dmy", "mdy", "ymd")
"""The values of ``birthday_format``: day, month and year in their order."""

_TIME = r"(?:[T ].*)?"
_YEAR_FIRST = re.compile(rf"(\d{{4}})(\s?[-/.]\s?)(\d{{1,2}})\2(\d{{1,2}}){_TIME}", re.ASCII)
_YEAR_LAST = re.compile(rf"(\d{{1,2}})(\s?[-/.]\s?)(\d{{1,2}})\2(\d{{4}}){_TIME}", re.ASCII)
_NO_YEAR = re.compile(r"(\d{1,2})(-|/|\.)(\d{1,2})\.?", re.ASCII)
_ISO_NO_YEAR = re.compile(r"--(\d{2})-?(\d{2})", re.ASCII)
_DIGITS = re.compile(rf"(\d{{4}})(\d{{4}}){_TIME}", re.ASCII)
_YEAR_LAST_FORMATS = ("dmy", "mdy")
_USUAL_ORDER = {".": "dmy"}
"""With points the day comes first: 3.4.1990 is in April."""
_LEAP_YEAR, _EARLIEST_YEAR = 2000, 1900


@dataclass(frozen=True, slots=True)
class BirthDate:
    """A date of birth; ``year`` is None if only the birthday is known."""

    month: int
    day: int
    year: int | None = None


def parse_birth_date(text: str, form: str = "") -> BirthDate | None:
    """Parse a date of birth; None if it is no date, or could be two.

    ``1990-12-31`` and ``31.12.1990`` are always understood, and ``31/12/1990`` because there is no
    31st month. For ``03/04/1990``, ``form`` (one of FORMATS) decides. Years of two digits are not
    guessed.
    """
    readings = [found for found in _readings(text.strip(), form) if found is not None]
    return readings[0] if len(set(readings)) == 1 else None


def _readings(text: str, form: str) -> Iterator[BirthDate | None]:
    """Return what the text can mean; with a format that gives a date, only that."""
    if found := _YEAR_FIRST.fullmatch(text):
        yield _birth_date(found[3], found[4], found[1])
    elif found := _ISO_NO_YEAR.fullmatch(text):
        yield _birth_date(found[1], found[2])
    elif found := _DIGITS.fullmatch(text):
        yield _birth_date(found[2][:2], found[2][2:], found[1])
        if int(found[2]) >= _EARLIEST_YEAR:
            yield from _of_two(found[1][:2], found[1][2:], found[2], form)
    elif found := _YEAR_LAST.fullmatch(text):
        order = form if form in _YEAR_LAST_FORMATS else _USUAL_ORDER.get(found[2].strip(), "")
        yield from _of_two(found[1], found[3], found[4], order)
    elif found := _NO_YEAR.fullmatch(text):
        # ISO writes 12-31.
        usual = _USUAL_ORDER.get(found[2], "mdy" if found[2] == "-" or form == "ymd" else "")
        yield from _of_two(found[1], found[3], None, form if form in _YEAR_LAST_FORMATS else usual)


def _of_two(first: str, second: str, year: str | None, form: str) -> Iterator[BirthDate | None]:
    """Return the readings of two numbers, of which either can be the day."""
    day_first, month_first = _birth_date(second, first, year), _birth_date(first, second, year)
    preferred = {"dmy": day_first, "mdy": month_first}.get(form)
    yield from (preferred,) if preferred is not None else (day_first, month_first)


def _birth_date(month: str, day: str, year: str | None = None) -> BirthDate | None:
    found = BirthDate(int(month), int(day), int(year) if year else None)
    try:
        date(_LEAP_YEAR if found.year is None else found.year, found.month, found.day)
    except ValueError:
        return None
    return found


def shape(text: str) -> str:
    """Return what a value looks like without its content: ``99.99.99``, ``99 xxxxx``."""
    return re.sub(r"[^\W\d_]", "x", re.sub(r"\d", "9", text.strip()))[:20]


def birthday_in(year: int, birth: BirthDate) -> date:
    """Return the birthday in a year; 29 February becomes the 28th if the year is no leap year."""
    try:
        return date(year, birth.month, birth.day)
    except ValueError:
        return date(year, birth.month, 28)


def next_birthday(birth: BirthDate, today: date) -> date:
    """Return the next birthday, which can be today."""
    this_year = birthday_in(today.year, birth)
    return this_year if this_year >= today else birthday_in(today.year + 1, birth)


def age_on(birth: BirthDate, today: date) -> Decimal | None:
    """Return the full years since birth; None if the year is unknown or in the future."""
    if birth.year is None:
        return None
    years = today.year - birth.year - (today < birthday_in(today.year, birth))
    return Decimal(years) if years >= 0 else None
