"""Tags: how they are written, and how those of wcflow, of people and of rules become one. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

import msgspec


def join_tags(tags: Iterable[str]) -> str:
    """Write tags as the shop holds them: sorted, separated by comma and blank."""
    return ", ".join(sorted(tags, key=lambda tag: (tag.casefold(), tag)))


# The same tags are worn by many, and shown in several places.
@lru_cache(maxsize=8192)
def split_tags(text: str | None) -> frozenset[str]:
    """Read tags as the shop holds them; a person may have typed anything between the commas."""
    return frozenset(part.strip() for part in (text or "").split(",") if part.strip())


class Put(msgspec.Struct, frozen=True):
    """What wcflow may have changed in one place of the shop, whoever's it was then.

    ``tags`` it wrote there or was about to; ``dropped`` it may have taken away in a write of which
    nobody knows whether it took effect.
    """

    tags: frozenset[str] = frozenset()
    dropped: frozenset[str] = frozenset()

    def __or__(self, other: Put) -> Put:
        return Put(self.tags | other.tags, self.dropped | other.dropped)


NOTHING = Put()


class Copy(msgspec.Struct, frozen=True):
    """One place of the shop that shows a person's tags.

    ``shop`` is what it holds now, None where that is not known. ``base`` is what wcflow last
    wrote there for this person, None where it never did. ``put`` is what it may have changed
    there besides: for another person, long ago, or just before it was interrupted.
    """

    shop: frozenset[str] | None
    base: frozenset[str] | None
    put: Put = NOTHING


class Merged(msgspec.Struct, frozen=True):
    """``target`` is what the shop should hold; the rest is remembered of what people did."""

    target: frozenset[str]
    by_hand: frozenset[str]
    refused: frozenset[str]


_merged = Merged


def merge(
    copies: Iterable[Copy],
    wanted: frozenset[str],
    by_hand: frozenset[str] = frozenset(),
    refused: frozenset[str] = frozenset(),
    *,
    ours: frozenset[str] = frozenset(),
    respect: bool = True,
) -> Merged:
    """Merge three ways: what wcflow wrote, what the shop holds now, what the rules want.

    What people added stays; what they took away stays away until its rule ceases to hold.
    ``ours`` are all tags that rules may make: where wcflow has no memory of having written (a new
    database for a shop that it served before), those are its own and not a person's.
    """
    added, removed = _edits(copies, ours, wanted)
    if added or removed:
        by_hand = (by_hand | added) - removed
        refused = (refused | removed) - added
    refused = refused & wanted if respect else frozenset()
    return _merged((wanted - refused) | by_hand, by_hand, refused)


def _edits(
    copies: Iterable[Copy], ours: frozenset[str], wanted: frozenset[str]
) -> tuple[frozenset[str], frozenset[str]]:
    added: frozenset[str] = frozenset()
    removed: frozenset[str] = frozenset()
    for copy in copies:
        if copy.shop is None:
            continue
        base = copy.shop & (ours | wanted) if copy.base is None else copy.base
        if base != copy.shop:
            added |= copy.shop - base - copy.put.tags
            removed |= base - copy.shop - copy.put.dropped
    return added, removed - added
