"""Find people by a part of a name, address, company or phone number.

The texts are in a table of their own: reading 300,000 of them takes less than 0.1 s, and no person's
row is touched. They are saved with each evaluation.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, delete, or_, select

from wcflow.database.sql import chunks, fetch_in, select_in, table_of, upsert
from wcflow.database.tables import IdentityRow, PersonRow, SearchTextRow
from wcflow.profile import Profile
from wcflow.rules.literals import fold

_TEXTS, _IDENTITIES, _PERSONS = (
    table_of(SearchTextRow),
    table_of(IdentityRow),
    table_of(PersonRow),
)
_SAVED = select_in(_TEXTS, "person", _TEXTS.c.person, _TEXTS.c.words, _TEXTS.c.phones)
_ADDRESSES = select_in(_IDENTITIES, "person", _IDENTITIES.c.person, _IDENTITIES.c.value).where(
    _IDENTITIES.c.kind == "email"
)
_NAMES = select_in(_PERSONS, "id", _PERSONS.c.id, _PERSONS.c.name)
LONGEST = 200
"""Longer names are cut here: PostgreSQL cannot put any length of text into an index."""
_NO_DIGITS = re.compile(r"[^0-9]+")
_MOST_LINES = 200
"""An account for all sales of a shop can have a name for each order: the newest ones are found."""
_MOST_WORDS = 20
_SHORTEST_PHONE, _SHORTEST_ABROAD = 4, 8
_COUNTRY_CODES = (1, 2, 3)
_MOST_COMPARED, _ALIKE = 20_000, 70


class SearchText(NamedTuple):
    """What a person is found by: folded names, addresses and companies, and digits of numbers.

    Each is on a line of its own, and a line break comes first and last.
    """

    person: int
    words: str
    phones: str


@lru_cache(maxsize=4096)
def sort_name(text: str) -> str:
    """Return a name without case and accents, by which it is sorted and found."""
    if text.isascii():
        return " ".join(text.lower().split())[:LONGEST]
    letters = unicodedata.normalize("NFKD", text.casefold())
    plain = (each for each in letters if not unicodedata.combining(each))
    return " ".join("".join(plain).split())[:LONGEST]


def phone_digits(text: str) -> str:
    """Return the digits of a phone number."""
    if text.isascii():
        return _NO_DIGITS.sub("", text)[:30]
    return "".join(str(int(each)) for each in text if each.isdecimal())[:30]


def search_text(profile: Profile) -> SearchText:
    """Return what a person is found by. It is called for everyone in a full evaluation."""
    words = {sort_name(profile.email): None}
    phones: dict[str, None] = {}
    for name, company, email, phone in _places(profile):
        texts = (name.strip(), company, email)
        words |= dict.fromkeys(sort_name(each) for each in texts)
        # With their accents as well, for searches with accents.
        words |= dict.fromkeys(fold(each) for each in texts if not each.isascii())
        phones[_digits(phone)] = None
        if len(words) > _MOST_LINES:
            break
    return SearchText(profile.person, _lines(words), _lines(phones))


def _places(profile: Profile) -> Iterator[tuple[str, str, str, str]]:
    """Yield each different name, company, e-mail address and phone number, the newest first."""
    account = profile.account
    if account:
        yield f"{account.first_name} {account.last_name}", "", account.email, ""
    billing = [(account.billing, "")] if account else []
    billing += [(order.billing, order.email) for order in reversed(profile.orders)]
    places = (
        (f"{each.first_name} {each.last_name}", each.company, email or each.email, each.phone)
        for each, email in billing
    )
    yield from dict.fromkeys(places)


def _digits(phone: str) -> str:
    # +49 (0)30 1234 is +49 30 1234 from abroad, and 030 1234 at home.
    return phone_digits(phone.replace("(0)", ""))


def _lines(texts: Iterable[str]) -> str:
    return "\n".join(("", *filter(None, texts), ""))


def save_search_texts(tx: Connection, store: str, texts: Iterable[SearchText]) -> None:
    """Save what changed, with the former addresses of each person."""
    new = {each.person: each for each in texts}
    for person, email in fetch_in(tx, _ADDRESSES, store, new):
        new[person] = _united(new[person], SearchText(person, _lines([sort_name(email)]), ""))
    saved = {row[0]: tuple(row) for row in fetch_in(tx, _SAVED, store, new)}
    changed = [each for each in new.values() if saved.get(each.person) != each]
    upsert(tx, SearchTextRow, [{"store": store, **each._asdict()} for each in changed])


def _united(one: SearchText, other: SearchText) -> SearchText:
    words, phones = (
        first if second in first else _lines(dict.fromkeys(f"{first}{second}".split("\n")))
        for first, second in zip(one[1:], other[1:], strict=True)
    )
    return SearchText(one.person, words, phones)


def delete_search_texts(tx: Connection, store: str, persons: Iterable[int]) -> None:
    """Delete the texts of these people: they are as personal as what they are made of."""
    for part in chunks(persons):
        here = (_TEXTS.c.store == store, _TEXTS.c.person.in_(part))
        tx.execute(delete(_TEXTS).where(*here))


def merge_search_texts(tx: Connection, store: str, old: int, new: int) -> None:
    """Let the person ``new`` be found by what ``old`` was found by as well."""
    found = {row.person: SearchText(*row) for row in fetch_in(tx, _SAVED, store, [old, new])}
    delete_search_texts(tx, store, [old])
    if old in found:
        merged = _united(found.get(new, SearchText(new, "", "")), found[old])
        upsert(tx, SearchTextRow, [{"store": store, **merged._asdict()}])


# Searches


def matching(store: str, text: str) -> ColumnElement[bool]:
    """Return the condition on rows of texts: all words of a text are in names, addresses, companies.

    Neither case nor accents matter. A text without letters can be a part of a phone number.
    """
    words = [*dict.fromkeys(sort_name(text).split())][:_MOST_WORDS]
    here = _TEXTS.c.store == store
    if any(each.isalpha() for each in text) or len(phone_digits(text)) < _SHORTEST_PHONE:
        return and_(here, *(_contains(_TEXTS.c.words, word) for word in words))
    number = [_contains(_TEXTS.c.phones, each) for each in _spellings(text)]
    return and_(here, or_(_contains(_TEXTS.c.words, sort_name(text)), *number))


def _contains(column: ColumnElement[str], part: str) -> ColumnElement[bool]:
    return column.contains(part, autoescape=True)


def _spellings(text: str) -> Iterator[str]:
    """Yield the digits of a phone number as they may be written, without the leading zeros."""
    digits = _digits(text).lstrip("0")
    yield digits
    if text.strip().startswith(("+", "00")) and len(digits) >= _SHORTEST_ABROAD:
        # The whole number as it is dialled at home, for each length of a country's code.
        yield from (f"\n0{digits[length:]}\n" for length in _COUNTRY_CODES)


def find_texts(tx: Connection, store: str, text: str, limit: int) -> list[int]:
    """Return the people whom a text means, of those who match it.

    People whose names have the accents of the text come before all others, and so do people with
    exactly this name.
    """
    if not text.strip():
        return []
    query = select(_TEXTS.c.person, _TEXTS.c.words).where(matching(store, text)).limit(limit)
    accents = [_contains(_TEXTS.c.words, each) for each in fold(text).split() if not each.isascii()]
    found = [*tx.execute(query.where(*accents))] or [*tx.execute(query)]
    name = sorted(sort_name(text).split())
    named = [row for row in found if _has_line(row.words, name)]
    return [row.person for row in named or found]


def _has_line(words: str, name: Sequence[str]) -> bool:
    return any(sorted(line.split()) == name for line in words.split("\n"))


def likely_names(tx: Connection, store: str, text: str) -> list[str]:
    """Return names or addresses that are written almost alike and begin with the same letter."""
    # Imported here, because it is slow and only a search without a result needs it.
    from rapidfuzz import fuzz, process  # noqa: PLC0415

    wanted = sort_name(text)
    known = _lines_from(tx, store, wanted[:1], addresses="@" in text) if wanted else {}
    alike = process.extract(wanted, [*known], scorer=fuzz.ratio, limit=3, score_cutoff=_ALIKE)
    found = [line for line, *_ in alike]
    named = fetch_in(tx, _NAMES, store, {known[line] for line in found})
    names = {row.id: row.name for row in named}
    written = (_as_written(line, names.get(known[line], "")) for line in found)
    return [*dict.fromkeys(written)]


def _lines_from(tx: Connection, store: str, start: str, *, addresses: bool) -> Mapping[str, int]:
    """Return the lines that begin with this letter, each with a person who has it."""
    begins = _contains(_TEXTS.c.words, f"\n{start}")
    query = select(_TEXTS.c.person, _TEXTS.c.words).where(_TEXTS.c.store == store, begins)
    return {
        line: person
        for person, words in tx.execute(query.limit(_MOST_COMPARED))
        for line in words.split("\n")
        if line.startswith(start) and ("@" in line) == addresses
    }


def _as_written(line: str, name: str) -> str:
    return name if sort_name(name) == sort_name(line) else line
