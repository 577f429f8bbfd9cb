"""Read single fields of WooCommerce's JSON, strictly. Which fields make a record stands in wire.py."""

from __future__ import annotations

import html
import json
import math
from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

import orjson

from wcflow.units import normalize_email, to_minor

Json = Mapping[str, Any]

MAX_INTEGER = 2**63 - 1
MAX_EMAIL_LENGTH = 320
"""64 before the @ and 255 after it: a longer one is none, and no index of PostgreSQL takes it."""
MAX_WORD_LENGTH = 100
"""WordPress holds 20 characters of a status."""
YEARS = range(1900, 3000)
"""Outside of these a date is none, and reckoning with it would leave the calendar."""
_MISSING: Any = object()


class WireError(ValueError):
    """what the shop sent is not of the form that WooCommerce documents; says where in the JSON."""

    def within(self, place: str) -> WireError:
        """Give the same error, seen from one level further out."""
        inner = str(self)
        return WireError(f"{place}{inner}" if inner.startswith("[") else f"{place}.{inner}")


def json_type(value: object) -> str:
    """Name the JSON type of ``value``; its content may be personal and is not shown."""
    names = {str: "text", bool: "true or false", int: "a number", float: "a number"}
    names |= {dict: "an object", list: "a list", type(None): "null"}
    return "nothing" if value is _MISSING else names.get(type(value), "something else")


def wrong_type(key: str, expected: str, value: object) -> WireError:
    return WireError(f"{key}: expected {expected}, got {json_type(value)}")


def row_id(row: Json) -> int:
    """Read ``id``, which every thing in the shop has."""
    value = row.get("id", _MISSING)
    if type(value) is int and 0 < value <= MAX_INTEGER:
        return value
    raise wrong_type("id", "the number of something", value)


def integer(row: Json, key: str) -> int:
    """Read a whole number. WooCommerce sends "" or null where there is none: 0."""
    value = row.get(key, _MISSING)
    if type(value) is int and abs(value) <= MAX_INTEGER:
        return value
    if value is None or value == "":
        return 0
    raise wrong_type(key, "a whole number", value)


def reference_id(row: Json, key: str) -> int:
    """Read the id of another thing; 0 where there is none."""
    value = row.get(key, _MISSING)
    if type(value) is int and 0 <= value <= MAX_INTEGER:
        return value
    value = integer(row, key)
    if value < 0:
        raise WireError(f"{key}: expected the number of something, got a negative one")
    return value


def limit(row: Json, key: str) -> int | None:
    """Read a whole number that may be absent: null, "" and 0 mean no limit."""
    return integer(row, key) or None


def quantity(row: Json, key: str) -> int:
    """Read how many pieces; shops that sell by weight send fractions, which count up."""
    value = row.get(key, _MISSING)
    if type(value) is int and 0 <= value <= MAX_INTEGER:
        return value
    if type(value) is float and abs(value) < MAX_INTEGER:
        return math.ceil(value)
    return integer(row, key)


def flag(row: Json, key: str) -> bool:
    value = row.get(key, _MISSING)
    if type(value) is bool:
        return value
    raise wrong_type(key, "true or false", value)


def text(row: Json, key: str) -> str:
    """Read text as it stands; null is "", a number (a postcode, an order number) its digits."""
    value = row.get(key, _MISSING)
    return value if type(value) is str else _as_text(key, value)


def html_text(row: Json, key: str) -> str:
    """Read text that WordPress escapes for HTML: ``Baby &amp; Kids`` is Baby & Kids."""
    value = row.get(key, _MISSING)
    plain = value if type(value) is str else _as_text(key, value)
    return html.unescape(plain) if "&" in plain else plain


def address_part(row: Json, key: str) -> str:
    """Read a part of an address: as ``name``, and "" where this version of WooCommerce has none."""
    return html_text(row, key) if key in row else ""


def email_address(row: Json, key: str) -> str:
    """Read an e-mail address in normal form; whether one can be reached there is not asked."""
    return checked_email(key, text(row, key))


def checked_email(key: str, value: str) -> str:
    """Give an e-mail address in normal form, or WireError where it is too long to be one."""
    email = normalize_email(value)
    if len(email) > MAX_EMAIL_LENGTH:
        raise WireError(f"{key}: expected an address, got a text of {len(email):,} characters")
    return email


def required_text(row: Json, key: str) -> str:
    """Read a word without which the row means nothing, such as a status."""
    value = text(row, key)
    if not 0 < len(value) <= MAX_WORD_LENGTH:
        raise WireError(f"{key}: expected a word, got a text of {len(value):,} characters")
    return value


def _as_text(key: str, value: object) -> str:
    if value is None:
        return ""
    if type(value) is int:
        return str(value)
    raise wrong_type(key, "text", value)


def money(row: Json, key: str, currency: str) -> int:
    """Read an amount as integers of the minor unit."""
    value = row.get(key, _MISSING)
    if type(value) not in (str, int, float):
        raise wrong_type(key, "an amount", value)
    try:
        return to_minor_units(value if type(value) is str else str(value), currency)
    except ValueError:
        # What it is instead may be anything, also somebody's name: it is not repeated.
        why = f"{key}: expected an amount, got {json_type(value)} that is none"
        raise WireError(why) from None


# Prices are few and are told again and again: to reckon one in decimals takes ten times as long.
@lru_cache(maxsize=8192)
def to_minor_units(amount: str, currency: str) -> int:
    """Give an amount as integers of the minor unit; ValueError where it is none, or too large."""
    found = to_minor(amount, currency)
    if abs(found) > MAX_INTEGER:
        raise ValueError("expected an amount that a database can hold")
    return found


def price(row: Json, key: str, currency: str) -> int:
    """Read an amount that is not negative."""
    found = money(row, key, currency)
    if found < 0:
        raise WireError(f"{key}: expected an amount, got a negative one")
    return found


def timestamp(row: Json, key: str) -> datetime | None:
    """Read a naive GMT stamp as aware UTC; null, "" and MySQL's zero dates are None."""
    value = row.get(key, _MISSING)
    if value is None or value == "":
        return None
    if type(value) is not str:
        raise wrong_type(key, "a time", value)
    # WordPress turns MySQL's 0000-00-00 into the year -1.
    if value.startswith(("-", "0000")):
        return None
    return _parse_timestamp(key, value)


def _parse_timestamp(key: str, value: str) -> datetime:
    try:
        if len(value) == 19:  # noqa: PLR2004 - YYYY-MM-DDTHH:MM:SS
            instant = datetime.fromisoformat(value + "+00:00")
            if instant.year in YEARS:
                return instant
    except ValueError:
        pass
    raise WireError(f"{key}: expected a time as 2026-01-31T09:00:00, got text that is none")


def sub_object(row: Json, key: str) -> Json:
    """Read an object. PHP sends an empty one as a list."""
    value = row.get(key, _MISSING)
    if type(value) is dict:
        return value
    if value == []:
        return {}
    raise wrong_type(key, "an object", value)


def rows(row: Json, key: str) -> Iterable[Any]:
    """Read a list. PHP sends one with gaps as an object."""
    value = row.get(key, _MISSING)
    if type(value) is list:
        return value
    if type(value) is dict:
        return value.values()
    raise wrong_type(key, "a list", value)


def integers(row: Json, key: str) -> tuple[int, ...]:
    found = tuple(rows(row, key))
    if all(type(each) is int for each in found):
        return found
    raise WireError(f"{key}: expected a list of whole numbers")


def meta(row: Json, keep: frozenset[str] | None = None) -> dict[str, str]:
    """Read ``meta_data``: every key, or those of ``keep``. The first of two equal keys counts.

    WooCommerce writes to the first one too. Values that are no text are their compact JSON.
    """
    found: dict[str, str] = {}
    if row.get("meta_data") == []:
        return found
    for entry in rows(row, "meta_data"):
        if type(entry) is not dict or "key" not in entry or "value" not in entry:
            raise WireError("meta_data: expected entries of key and value")
        key = str(entry["key"])
        if entry["value"] is not None and (keep is None or key in keep):
            found.setdefault(key, meta_text(entry["value"]))
    return found


def meta_text(value: Any) -> str:
    """Give a meta value as the one text under which wcflow knows it."""
    if type(value) is str:
        return value
    try:
        return orjson.dumps(value).decode()
    except orjson.JSONEncodeError:
        return _nested_text(value)


def _nested_text(value: Any) -> str:
    # Page builders nest deeper than orjson writes: some of what it reads, json must write.
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    except (RecursionError, ValueError):
        raise WireError("meta_data: expected a value that is nested less deeply") from None
