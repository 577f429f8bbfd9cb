"""Which people may be one and the same, with reasons and a score. Pure.

People are compared only within a block: those with the same phone number, name or address without
its additions. So the work grows with their number and not with its square.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cache, lru_cache
from importlib import import_module
from itertools import combinations
from typing import Any, NamedTuple

LEAST_SCORE = 60
"""Below this, two people are not shown."""
_LARGEST = 30
"""So many people with one phone number are not one person: it is the shop's own, or invented."""
_NEIGHBOURS = 8
"""Of many people with the same name, each is compared with so many whose address comes next."""
_PHONE_DIGITS, _SHORTEST_PHONE = 9, 7
_SHORTEST_LOCAL = 5
_TYPOS = 2
_INVENTED = re.compile(r".?(.)\1*|0?123456789?0?")
_DIFFERENT_NAME, _ALIKE, _NEARLY_SAME, _SAME_NAME = 60, 80, 90, 95
"""How alike names are, from 0 to 100: below the first, two people count as different."""
_GMAIL = frozenset({"gmail.com", "googlemail.com"})


class Candidate(NamedTuple):
    """A person as they are compared: ``name`` has its words in order, ``mailbox`` no additions."""

    person: int
    name: str
    mailbox: str
    phone: str
    postcode: str
    street: str


def prepare(
    person: int, name: str, email: str, phone: str = "", postcode: str = "", street: str = ""
) -> Candidate:
    """Return a person to compare; the name has neither case nor accents already."""
    number = phone[-_PHONE_DIGITS:] if len(phone) >= _SHORTEST_PHONE else ""
    words = "" if "@" in name else _sorted_words(name)
    return Candidate(person, words, plain_address(email), number, _plain(postcode), _plain(street))


class Duplicate(NamedTuple):
    """Two people who may be one, how likely that is from 0 to 99, and why."""

    one: int
    other: int
    score: int
    reasons: tuple[str, ...]


def blocks_of(name: str, email: str, phone: str) -> Iterator[str]:
    """Yield the blocks of a person; two people without a common block are not compared."""
    if len(phone) >= _SHORTEST_PHONE and not _INVENTED.fullmatch(phone):
        yield f"p{phone[-_PHONE_DIGITS:]}"
    if name and "@" not in name and " " in name:
        yield f"n{_sorted_words(name)}"
    local, _, domain = plain_address(email).rpartition("@")
    if local:
        yield f"a{local}@{domain}"
        if len(local) >= _SHORTEST_LOCAL:
            yield f"l{local}"


def _sorted_words(name: str) -> str:
    return " ".join(sorted(name.replace(",", " ").replace("-", " ").split()))


@lru_cache(maxsize=4096)
def plain_address(email: str) -> str:
    """Return an address without what its mailbox ignores: ``anna+shop@``, and dots at Gmail."""
    local, at, domain = email.lower().rpartition("@")
    local = local.partition("+")[0] or local
    if domain in _GMAIL:
        return f"{local.replace('.', '')}{at}gmail.com"
    return f"{local}{at}{domain}"


def compare_block(block: str, people: Sequence[Candidate]) -> Iterator[Duplicate]:
    """Yield the likely duplicates among the people of one block."""
    if len(people) <= _LARGEST:
        pairs: Iterable[tuple[Candidate, Candidate]] = combinations(people, 2)
    elif block.startswith(("p", "l")):
        return
    else:
        pairs = _neighbours(people)
    for one, other in pairs:
        if (found := compare(one, other)) is not None:
            yield found


def _neighbours(people: Sequence[Candidate]) -> Iterator[tuple[Candidate, Candidate]]:
    """Pair each person with those whose postcode or address comes next in the alphabet."""
    orders = (lambda each: (each.postcode, each.street), lambda each: each.mailbox)
    seen: set[tuple[int, int]] = set()
    for order in orders:
        some = sorted(people, key=order)
        for place, one in enumerate(some):
            for other in some[place + 1 : place + 1 + _NEIGHBOURS]:
                pair = (min(one.person, other.person), max(one.person, other.person))
                if pair not in seen:
                    seen.add(pair)
                    yield one, other


def compare(one: Candidate, other: Candidate) -> Duplicate | None:
    """Return why two people may be one, or nothing if that is not likely."""
    likeness = _name_likeness(one.name, other.name)
    found = [*_address_reasons(one, other, likeness), *_other_reasons(one, other, likeness)]
    doubt = 1.0
    for share, _ in found:
        doubt *= 1 - share
    score = 1 - doubt
    if likeness is not None and likeness < _DIFFERENT_NAME:
        score *= likeness / 100
    points = min(99, round(score * 100))
    if points < LEAST_SCORE:
        return None
    first, second = sorted((one.person, other.person))
    return Duplicate(first, second, points, tuple(words for _, words in found))


def _name_likeness(one: str, other: str) -> float | None:
    """Return how alike two names are, from 0 to 100, or None if one is not known."""
    if not one or not other:
        return None
    return 100.0 if one == other else float(_library("fuzz").ratio(one, other))


@cache
def _library(part: str) -> Any:
    # Imported where it is used, because most commands do without.
    return import_module(f"rapidfuzz.{part}")


_Reason = tuple[float, str]


def _address_reasons(one: Candidate, other: Candidate, likeness: float | None) -> Iterator[_Reason]:
    first, second = one.mailbox, other.mailbox
    if not first or not second:
        return
    if first == second:
        yield 0.9, "the same mailbox"
        return
    local, _, domain = first.rpartition("@")
    other_local, _, other_domain = second.rpartition("@")
    same_name = likeness is not None and likeness >= _NEARLY_SAME
    if local == other_local and len(local) >= _SHORTEST_LOCAL:
        if 0 < _typos(domain, other_domain) <= _TYPOS:
            yield 0.75, "addresses that differ by a typo after the @"
        elif same_name:
            yield 0.55, "the same address at another provider"
    elif domain == other_domain and same_name and 0 < _typos(local, other_local) <= _TYPOS:
        yield 0.7, "addresses that differ by a typo"


def _typos(one: str, other: str) -> int:
    # Two letters that changed places are one typo.
    return int(_library("distance").OSA.distance(one, other, score_cutoff=_TYPOS))


def _other_reasons(one: Candidate, other: Candidate, likeness: float | None) -> Iterator[_Reason]:
    same_name = likeness is not None and likeness >= _SAME_NAME
    if same_name:
        yield 0.3, "the same name"
    elif likeness is not None and likeness >= _ALIKE:
        yield 0.2, "almost the same name"
    if one.phone and one.phone == other.phone:
        yield 0.6, "the same phone number"
    if one.postcode and one.postcode == other.postcode:
        yield 0.45, "the same postcode"
        if one.street and one.street == other.street:
            yield 0.4, "the same street and number"


def _plain(text: str) -> str:
    return "".join(each for each in text.casefold() if each.isalnum())
