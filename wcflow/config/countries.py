"""The country codes that addresses can have: ISO 3166, from the table of the package tzdata."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from functools import cache
from importlib.resources import files

from wcflow.rules.literals import fold

_BESIDES = {"XK": "Kosovo", "AN": "Netherlands Antilles"}
"""Not in ISO 3166, but in addresses: XK is assigned by its users, AN is in old orders."""
_OFTEN_MEANT = {"UK": "GB", "EN": "GB", "ENGLAND": "GB", "USA": "US", "EL": "GR", "SP": "ES"}
_OFTEN_MEANT |= {"UNITED STATES": "US", "UNITED KINGDOM": "GB", "GREAT BRITAIN": "GB"}
_OFTEN_MEANT |= {"DEU": "DE", "AUT": "AT", "CHE": "CH", "FRA": "FR", "GBR": "GB", "NLD": "NL"}


@cache
def countries() -> Mapping[str, str]:
    """Return English names by country code."""
    table = files("tzdata") / "zoneinfo" / "iso3166.tab"
    found = dict(_BESIDES)
    for line in table.read_text(encoding="utf-8").splitlines():
        code, _, name = line.partition("\t")
        if name and not code.startswith("#"):
            found[code] = name
    return found


def country_hint(text: str) -> str:
    """Return what to write in place of a text that is no country code; empty if it is one."""
    word = text.strip().upper()
    if word in countries():
        return ""
    if meant := _OFTEN_MEANT.get(word):
        return f"did you mean {meant!r}?"
    codes = {fold(name): code for code, name in countries().items()}
    near = get_close_matches(fold(text), codes, n=1, cutoff=0.8)
    if near:
        return f"did you mean {codes[near[0]]!r}?"
    return "WooCommerce has codes of two letters such as 'DE'"
