"""Read the fields of WooCommerce's JSON as far as they can be read, and note those that are odd.

Plugins, hosts and old releases change single fields. A record is only unreadable where a field is
missing that it is useless without; the methods that read those raise WireError.
"""

from __future__ import annotations

import html
import math
from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import lru_cache
from operator import itemgetter
from typing import Any

from wcflow.records import Address
from wcflow.store.odd_values import (
    MAX_INTEGER,
    YEARS,
    meta_text,
    odd_flag,
    odd_id,
    odd_integer,
    odd_number,
    odd_time,
)
from wcflow.units import normalize_email, to_minor, without_separators

Json = Mapping[str, Any]

MAX_EMAIL_LENGTH = 320
"""64 characters before the @ and 255 after it. PostgreSQL cannot index much longer texts."""
MAX_WORD_LENGTH = 100
"""WordPress stores 20 characters of a status."""
_MISSING: Any = object()
_ADDRESS = Address.__struct_fields__
_address_values = itemgetter(*_ADDRESS)


class WireError(ValueError):
    """JSON that is not as WooCommerce documents it; the message names the place."""


def json_type(value: object) -> str:
    """Return the JSON type of ``value``; its content can be personal data and is not shown."""
    names = {str: "text", bool: "true or false", int: "a number", float: "a number"}
    names |= {dict: "an object", list: "a list", type(None): "null"}
    return "nothing" if value is _MISSING else names.get(type(value), "something else")


def wrong_type(key: str, expected: str, value: object) -> WireError:
    return WireError(f"{key}: expected {expected}, got {json_type(value)}")


def row_id(row: Json) -> int:
    """Read the ``id`` of a record; raise WireError if it has none."""
    value = row.get("id", _MISSING)
    if type(value) is int and 0 < value <= MAX_INTEGER:
        return value
    if number := odd_id(value):
        return number
    raise wrong_type("id", "an id", value)


# The same prices occur again and again, and decimal arithmetic takes ten times as long.
@lru_cache(maxsize=8192)
def to_minor_units(amount: str, currency: str) -> int:
    """Return an amount in the minor unit; raise ValueError if it is invalid or too large."""
    found = to_minor(amount, currency)
    if abs(found) > MAX_INTEGER:
        raise ValueError("expected an amount that fits into the database")
    return found


class RowReader:
    """Reads one object of the JSON, and collects the names of its odd fields in ``odd``.

    Objects inside it have a reader of their own that shares ``odd``; ``within`` is their place.
    What cannot be read is empty: "", 0, no date, no entries.
    """

    __slots__ = ("_within", "odd", "row")

    def __init__(self, row: Json, within: str = "", odd: set[str] | None = None) -> None:
        self.row, self._within = row, within
        self.odd: set[str] = set() if odd is None else odd

    @property
    def odd_fields(self) -> tuple[str, ...]:
        """The names of the odd fields, sorted: ``line_items.quantity``."""
        return tuple(sorted(self.odd)) if self.odd else ()

    def note(self, key: str) -> None:
        self.odd.add(self._within + key)

    # Fields that a record needs

    def own_id(self) -> int:
        """Read the record's own id; raise WireError if it has none."""
        number = row_id(self.row)
        if type(self.row["id"]) is not int:
            self.note("id")
        return number

    def required_word(self, key: str) -> str:
        """Read a short text, such as a status; raise WireError if there is none."""
        value = self.required_text(key).strip()
        if not 0 < len(value) <= MAX_WORD_LENGTH:
            raise WireError(f"{key}: expected a short text, got one of {len(value):,} characters")
        return value

    def required_text(self, key: str) -> str:
        value = self.row.get(key, _MISSING)
        if value is not None and type(value) not in (str, int):
            raise wrong_type(key, "text", value)
        return self.text(key)

    def required_money(self, key: str, currency: str) -> int:
        """Read an amount in the minor unit of the currency; raise WireError if it is none.

        Separators such as those of ``1.234,50`` are not guessed here: what a customer has spent
        depends on it.
        """
        value = self.row.get(key, _MISSING)
        if type(value) not in (str, int, float):
            raise wrong_type(key, "an amount", value)
        try:
            return to_minor_units(value if type(value) is str else str(value), currency)
        except ValueError:
            # The value is not shown: it can be personal data.
            raise WireError(
                f"{key}: expected an amount, got {json_type(value)} that is not one"
            ) from None

    # Numbers

    def money(self, key: str, currency: str) -> int:
        """Read an amount in the minor unit of the currency."""
        value = self.row.get(key, _MISSING)
        text = value if type(value) is str else _number_text(value)
        try:
            return to_minor_units(text, currency)
        except ValueError:
            self.note(key)
        plain = without_separators(text)
        try:
            return 0 if plain is None else to_minor_units(plain, currency)
        except ValueError:  # too large for the database
            return 0

    def integer(self, key: str) -> int:
        """Read a whole number; "" and null are 0."""
        value = self.row.get(key, _MISSING)
        if type(value) is int and abs(value) <= MAX_INTEGER:
            return value
        if value is None or value == "":
            return 0
        self.note(key)
        return odd_integer(value) or 0

    def optional_id(self, key: str) -> int | None:
        """Read the id of another record: 0 if there is none, None if it cannot be read."""
        value = self.row.get(key, _MISSING)
        if type(value) is int and 0 <= value <= MAX_INTEGER:
            return value
        if value is not None and value != "":
            self.note(key)
        return odd_id(value)

    def reference_id(self, key: str) -> int:
        """Read the id of another record; 0 if there is none."""
        return self.optional_id(key) or 0

    def integers(self, key: str) -> tuple[int, ...]:
        found = tuple(odd_integer(each) for each in self._list(key))
        if None in found:
            self.note(key)
        return tuple(each for each in found if each is not None)

    def quantity(self, key: str) -> int:
        """Read a quantity. Stores that sell by weight have fractions, which are rounded up."""
        value = self.row.get(key, _MISSING)
        if type(value) is int and 0 <= value <= MAX_INTEGER:
            return value
        number = odd_number(0 if value is None or value == "" else value)
        if number is None or type(value) is str:
            self.note(key)
        return 0 if number is None else math.ceil(number)

    def flag(self, key: str) -> bool:
        value = self.row.get(key, _MISSING)
        if type(value) is bool:
            return value
        self.note(key)
        return odd_flag(value) or False

    # Texts and times

    def text(self, key: str) -> str:
        """Read text; null is "", and a number (a postcode, an order number) becomes its digits."""
        value = self.row.get(key, _MISSING)
        return value if type(value) is str else self._odd_text(key, value)

    def html_text(self, key: str) -> str:
        """Read text that WordPress escapes for HTML: ``Baby &amp; Kids`` is Baby & Kids."""
        value = self.row.get(key, _MISSING)
        plain = value if type(value) is str else self._odd_text(key, value)
        return html.unescape(plain) if "&" in plain else plain

    def _odd_text(self, key: str, value: object) -> str:
        if value is None:
            return ""
        if type(value) is not int:
            self.note(key)
        return _number_text(value)

    def email(self, key: str) -> str:
        """Read a normalized e-mail address; whether it exists is not checked."""
        return normalize_email(self._short_email(key))

    def _short_email(self, key: str) -> str:
        value = self.html_text(key)
        if len(value) <= MAX_EMAIL_LENGTH:
            return value
        self.note(key)
        return ""

    def timestamp(self, key: str) -> datetime | None:
        """Read a GMT time without a zone as UTC; null, "" and MySQL's zero dates are None."""
        value = self.row.get(key, _MISSING)
        if value is None or value == "":
            return None
        if type(value) is str:
            # WordPress sends MySQL's 0000-00-00 as year -1.
            if value.startswith(("-", "0000")):
                return None
            try:
                if len(value) == 19 and value[10] == "T":  # noqa: PLR2004 - YYYY-MM-DDTHH:MM:SS
                    instant = datetime.fromisoformat(value + "+00:00")
                    if instant.year in YEARS:
                        return instant
            except ValueError:
                pass
        self.note(key)
        return odd_time(value)

    # Objects and lists

    def sub_object(self, key: str) -> RowReader | None:
        """Read an object; None if it cannot be read. PHP sends an empty object as a list."""
        value = self.row.get(key, _MISSING)
        if type(value) is dict:
            return RowReader(value, f"{self._within}{key}.", self.odd)
        if value == []:
            return RowReader({}, f"{self._within}{key}.", self.odd)
        self.note(key)
        return None

    def objects(self, key: str) -> list[RowReader]:
        """Read a list of objects; what is not an object is left out."""
        found: list[RowReader] = []
        within = f"{self._within}{key}."
        for entry in self._list(key):
            if type(entry) is dict:
                found.append(RowReader(entry, within, self.odd))
            else:
                self.note(key)
        return found

    def texts(self, key: str) -> tuple[str, ...]:
        return tuple(str(each) for each in self._list(key))

    def _list(self, key: str) -> Iterable[Any]:
        """Read a list. PHP sends a list with gaps as an object."""
        value = self.row.get(key, _MISSING)
        if type(value) is list:
            return value
        self.note(key)
        return value.values() if type(value) is dict else ()

    def meta(self, keep: frozenset[str] | None = None) -> dict[str, str] | None:
        """Read ``meta_data``: all keys, or those in ``keep``; None if it cannot be read at all.

        If a key occurs twice the first counts, as it is the one that WooCommerce updates.
        """
        found: dict[str, str] = {}
        value = self.row.get("meta_data", _MISSING)
        if value in ([], {}):
            return found
        if type(value) not in (list, dict):
            self.note("meta_data")
            return None
        for entry in self._list("meta_data"):
            try:
                key, content = entry["key"], entry["value"]
            except (TypeError, KeyError):
                self.note("meta_data")  # plugins leave {}, [] and entries without a value
                continue
            if type(key) is not str and not (key := _number_text(key)):
                self.note("meta_data")
            elif content is not None and (keep is None or key in keep) and key not in found:
                text = content if type(content) is str else meta_text(content)
                if text is None:
                    self.note("meta_data")
                else:
                    found[key] = text
        return found

    def address(self) -> Address:
        """Read this object as an address; missing parts are empty."""
        # The usual case, short plain texts, is read in one step: it halves the time for an order.
        try:
            joined = "".join(parts := _address_values(self.row))
            if "&" not in joined and len(joined) <= MAX_EMAIL_LENGTH:
                return Address(*parts)
        except (KeyError, TypeError):
            pass  # a part is missing or is not text
        return Address(**{key: self._address_part(key) for key in _ADDRESS if key in self.row})

    def _address_part(self, key: str) -> str:
        return self._short_email(key) if key == "email" else self.html_text(key)


def _number_text(value: object) -> str:
    """Return a number as text, and "" for anything else."""
    if type(value) is int:
        return str(value) if abs(value) <= MAX_INTEGER else ""
    if type(value) is not float or not math.isfinite(value):
        return ""
    return str(int(value)) if value.is_integer() else str(value)
