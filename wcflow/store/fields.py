"""Read single fields of WooCommerce's JSON, strictly."""

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
"""64 characters before the @ and 255 after it. PostgreSQL cannot index much longer texts."""
MAX_WORD_LENGTH = 100
"""WordPress stores 20 characters of a status."""
YEARS = range(1900, 3000)
"""Other years are invalid: date arithmetic could overflow."""
_MISSING: Any = object()


class WireError(ValueError):
    """JSON that is not as WooCommerce documents it; the message names the place."""

    def within(self, place: str) -> WireError:
        """Return the same error with ``place`` in front of its own place."""
        inner = str(self)
        return WireError(f"{place}{inner}" if inner.startswith("[") else f"{place}.{inner}")


def json_type(value: object) -> str:
    """Return the JSON type of ``value``; its content can be personal data and is not shown."""
    names = {str: "text", bool: "true or false", int: "a number", float: "a number"}
    names |= {dict: "an object", list: "a list", type(None): "null"}
    return "nothing" if value is _MISSING else names.get(type(value), "something else")


def wrong_type(key: str, expected: str, value: object) -> WireError:
    return WireError(f"{key}: expected {expected}, got {json_type(value)}")


def row_id(row: Json) -> int:
    """Read the ``id`` of a record."""
    value = row.get("id", _MISSING)
    if type(value) is int and 0 < value <= MAX_INTEGER:
        return value
    raise wrong_type("id", "an id", value)


def integer(row: Json, key: str) -> int:
    """Read a whole number; "" and null are 0."""
    value = row.get(key, _MISSING)
    if type(value) is int and abs(value) <= MAX_INTEGER:
        return value
    if value is None or value == "":
        return 0
    raise wrong_type(key, "a whole number", value)


def reference_id(row: Json, key: str) -> int:
    """Read the id of another record; 0 if there is none."""
    value = row.get(key, _MISSING)
    if type(value) is int and 0 <= value <= MAX_INTEGER:
        return value
    value = integer(row, key)
    if value < 0:
        raise WireError(f"{key}: expected an id, got a negative number")
    return value


def limit(row: Json, key: str) -> int | None:
    """Read a limit; null, "" and 0 mean none."""
    return integer(row, key) or None


def quantity(row: Json, key: str) -> int:
    """Read a quantity. Stores that sell by weight send fractions, which are rounded up."""
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
    """Read text; null is "", and a number (a postcode, an order number) becomes its digits."""
    value = row.get(key, _MISSING)
    return value if type(value) is str else _as_text(key, value)


def html_text(row: Json, key: str) -> str:
    """Read text that WordPress escapes for HTML: ``Baby &amp; Kids`` is Baby & Kids."""
    value = row.get(key, _MISSING)
    plain = value if type(value) is str else _as_text(key, value)
    return html.unescape(plain) if "&" in plain else plain


def address_part(row: Json, key: str) -> str:
    """Read a part of an address; "" if this version of WooCommerce does not send it."""
    return html_text(row, key) if key in row else ""


def email_address(row: Json, key: str) -> str:
    """Read a normalized e-mail address; whether it exists is not checked."""
    return checked_email(key, text(row, key))


def checked_email(key: str, value: str) -> str:
    """Return a normalized e-mail address; raise WireError if it is too long."""
    email = normalize_email(value)
    if len(email) > MAX_EMAIL_LENGTH:
        raise WireError(
            f"{key}: expected an e-mail address, got a text of {len(email):,} characters"
        )
    return email


def required_text(row: Json, key: str) -> str:
    """Read a required short text, such as a status."""
    value = text(row, key)
    if not 0 < len(value) <= MAX_WORD_LENGTH:
        raise WireError(f"{key}: expected a short text, got one of {len(value):,} characters")
    return value


def _as_text(key: str, value: object) -> str:
    if value is None:
        return ""
    if type(value) is int:
        return str(value)
    raise wrong_type(key, "text", value)


def money(row: Json, key: str, currency: str) -> int:
    """Read an amount in the minor unit of the currency."""
    value = row.get(key, _MISSING)
    if type(value) not in (str, int, float):
        raise wrong_type(key, "an amount", value)
    try:
        return to_minor_units(value if type(value) is str else str(value), currency)
    except ValueError:
        # The value is not shown: it can be personal data.
        raise WireError(
            f"{key}: expected an amount, got {json_type(value)} that is not one"
        ) from None


# The same prices occur again and again, and decimal arithmetic takes ten times as long.
@lru_cache(maxsize=8192)
def to_minor_units(amount: str, currency: str) -> int:
    """Return an amount in the minor unit; raise ValueError if it is invalid or too large."""
    found = to_minor(amount, currency)
    if abs(found) > MAX_INTEGER:
        raise ValueError("expected an amount that fits into the database")
    return found


def price(row: Json, key: str, currency: str) -> int:
    """Read an amount that is not negative."""
    found = money(row, key, currency)
    if found < 0:
        raise WireError(f"{key}: expected an amount, got a negative one")
    return found


def timestamp(row: Json, key: str) -> datetime | None:
    """Read a GMT time without a zone as UTC; null, "" and MySQL's zero dates are None."""
    value = row.get(key, _MISSING)
    if value is None or value == "":
        return None
    if type(value) is not str:
        raise wrong_type(key, "a time", value)
    # WordPress sends MySQL's 0000-00-00 as year -1.
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
    raise WireError(f"{key}: expected a time like 2026-01-31T09:00:00, got other text")


def sub_object(row: Json, key: str) -> Json:
    """Read an object. PHP sends an empty object as a list."""
    value = row.get(key, _MISSING)
    if type(value) is dict:
        return value
    if value == []:
        return {}
    raise wrong_type(key, "an object", value)


def rows(row: Json, key: str) -> Iterable[Any]:
    """Read a list. PHP sends a list with gaps as an object."""
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
    """Read ``meta_data``: all keys, or those in ``keep``.

    If a key occurs twice the first counts, as it is the one that WooCommerce updates.
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
    """Return a meta value as text; other values than text become compact JSON."""
    if type(value) is str:
        return value
    try:
        return orjson.dumps(value).decode()
    except orjson.JSONEncodeError:
        return _nested_text(value)


def _nested_text(value: Any) -> str:
    # Page builders nest values deeper than orjson can write.
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    except (RecursionError, ValueError):
        raise WireError("meta_data: a value is nested too deeply") from None
