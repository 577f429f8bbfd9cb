"""Telephone numbers as messages need them: with the code of the country, ``+4915112345678``. Pure.

WooCommerce keeps what a customer typed, nearly always without that code, and checks nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from wcflow.profile import Profile, latest_order

_UNKNOWN = "ZZ"
"""No country: only a number that begins with + can be read."""


def number_of_person(text: str, profile: Profile) -> str:
    """Return a person's number with the code of its country; empty if it cannot be one."""
    return international_number(text, _country_of(profile))


def international_number(text: str, country: str) -> str:
    """Return a number with the code of its country; empty if it cannot be one.

    ``country`` (ISO 3166) is where a number without such a code is from.
    """
    # Imported where it is used, because it takes long to load.
    library: Any = import_module("phonenumbers")
    text = text.strip()
    text = f"+{text[2:]}" if text.startswith("00") else text
    try:
        number = library.parse(text, country.upper() or _UNKNOWN)
    except library.NumberParseException:
        return ""
    if not library.is_valid_number(number):
        return ""
    return str(library.format_number(number, library.PhoneNumberFormat.E164))


def _country_of(profile: Profile) -> str:
    """Return where a person's number without a code is from: the country of their billing address."""
    account, order = profile.account, latest_order(profile)
    own = account.billing.country if account else ""
    return own or (order.billing.country if order else "")
