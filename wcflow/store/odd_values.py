"""Understand values that are not as WooCommerce documents them. Each function returns None if it cannot."""

from __future__ import annotations

import json
import math
import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import orjson

MAX_INTEGER = 2**63 - 1
YEARS = range(1900, 3000)
"""Other years are invalid: date arithmetic could overflow."""

_NUMBER = re.compile(r"[+-]?\d{1,18}(?:\.\d{1,18})?", re.ASCII)
_TIME = re.compile(
    r"(\d{4}-\d\d-\d\d)(?:(?:\s+|[Tt])(\d\d:\d\d(?::\d\d)?)(?:[.,]\d+)?\s*"
    r"(?:(Z|UTC|GMT)|([+-]\d\d):?(\d\d))?)?",
    re.ASCII | re.IGNORECASE,
)
_UNIX_TIMES = range(631_152_000, 4_102_444_800)
"""Seconds from 1990 to 2099: another number is not meant as a time."""
_FLAGS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False, "": False}


def odd_number(value: object) -> Decimal | None:
    """Return a number, also one that is given as text."""
    if type(value) is str:
        text = value.strip()
        return Decimal(text) if _NUMBER.fullmatch(text) else None
    if type(value) is float:
        return Decimal(value) if math.isfinite(value) and abs(value) < MAX_INTEGER else None
    return Decimal(value) if type(value) is int and abs(value) <= MAX_INTEGER else None


def odd_integer(value: object) -> int | None:
    """Return a whole number, also one that is given as text or with decimals (12.0)."""
    number = odd_number(value)
    return int(number) if number is not None and number == int(number) else None


def odd_id(value: object) -> int | None:
    """Return the id of another record; null and "" mean none (0)."""
    number = 0 if value in (None, "") else odd_integer(value)
    return number if number is not None and number >= 0 else None


def odd_flag(value: object) -> bool | None:
    """Return true or false, also as text or as 1 and 0."""
    if value is None or type(value) is int:
        return {None: False, 0: False, 1: True}.get(value)
    return _FLAGS.get(value.strip().lower()) if type(value) is str else None


def odd_time(value: object) -> datetime | None:
    """Return a time in UTC.

    It can have a zone, an offset, fractions, spaces or no time of day; it can be in seconds since
    1970, or an object as PHP writes a DateTime ({"date": …, "timezone": "UTC"}).
    """
    if type(value) is dict:
        return odd_time(f"{value.get('date')} {value.get('timezone')}")
    if type(value) is int and value in _UNIX_TIMES:
        return datetime.fromtimestamp(value, UTC)
    found = _TIME.fullmatch(value.strip()) if type(value) is str else None
    if found is None:
        return None
    day, time, _, hours, minutes = found.groups()
    offset = f"{hours}:{minutes}" if hours else "+00:00"
    try:
        instant = datetime.fromisoformat(f"{day}T{time or '00:00'}{offset}")
    except ValueError:
        return None
    return instant.astimezone(UTC) if instant.year in YEARS else None


def meta_text(value: Any) -> str | None:
    """Return a meta value as text; other values than text become compact JSON."""
    if type(value) is str:
        return value
    if type(value) is float and not math.isfinite(value):
        return None
    try:
        return orjson.dumps(value).decode()
    except orjson.JSONEncodeError:
        return _nested_text(value)


def _nested_text(value: Any) -> str | None:
    # Page builders nest values deeper than orjson can write.
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    except (RecursionError, ValueError):
        return None
