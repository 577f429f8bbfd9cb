"""What wcflow remembers of a person between two evaluations. Pure values, no table."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache

import msgspec
from msgspec.structs import replace

from wcflow.profile import Profile, Standing, latest_order
from wcflow.rules.tags import NOTHING, Copy, Put, join_tags, split_tags

TAGS_META, SEGMENT_META = "wcflow_tags", "wcflow_segment"
_standing, _copy = Standing, Copy
UNKNOWN = Copy(None, None)
Place = tuple[str, int]
"""Where tags are shown: ``customer`` or ``order``, and its id."""
NOWHERE: Mapping[Place, Put] = {}


class Written(msgspec.Struct, frozen=True):
    """What wcflow last wrote in one place: the tags, and the lifecycle segment."""

    tags: frozenset[str]
    segment: str = ""

    @property
    def meta(self) -> dict[str, str | None]:
        """Give it as the shop's meta values; None deletes the key."""
        return {TAGS_META: join_tags(self.tags) or None, SEGMENT_META: self.segment or None}


class Memory(msgspec.Struct, frozen=True):
    """A person as they were left by the last evaluation and the last writes.

    ``by_hand`` are tags that people added, ``refused`` wanted ones that people took away,
    ``granted`` those of workflows, ``kept`` those of ``keep = forever``. ``matched`` names the
    ``customer_matches`` workflows whose condition held.
    """

    subject: str
    email: str = ""
    evaluated_at: datetime | None = None
    digest: str = ""
    segments: Mapping[str, datetime] = msgspec.field(default_factory=dict)
    by_hand: frozenset[str] = frozenset()
    refused: frozenset[str] = frozenset()
    granted: frozenset[str] = frozenset()
    kept: Mapping[str, frozenset[str]] = msgspec.field(default_factory=dict)
    worn: frozenset[str] = frozenset()
    matched: frozenset[str] = frozenset()
    written_customer: Written | None = None
    written_order: Written | None = None
    written_order_id: int = 0
    spend_percentile: int | None = None
    orders_percentile: int | None = None

    def written_in(self, place: Place) -> Written | None:
        """Return what wcflow last wrote in one place for this person."""
        if place[0] == "customer":
            return self.written_customer
        return self.written_order if self.written_order_id == place[1] else None

    def with_written(self, place: Place, written: Written) -> Memory:
        if place[0] == "customer":
            return replace(self, written_customer=written)
        return replace(self, written_order=written, written_order_id=place[1])

    @property
    def standing(self) -> Standing:
        """Give what the rules may know of it."""
        return self.standing_in(self.segments, self.by_hand | self.granted)

    def standing_in(self, segments: Mapping[str, datetime], own: frozenset[str]) -> Standing:
        """Give it with other segments, and other tags of their own."""
        return _standing(
            segments, self.worn, own, self.kept, self.spend_percentile, self.orders_percentile
        )


def shown_by(meta: Mapping[str, str] | None) -> Written | None:
    """Read what a place of the shop shows; None where its meta may not be read."""
    if meta is None:
        return None
    return _shown(meta.get(TAGS_META, ""), meta.get(SEGMENT_META, ""))


# Many show the same, and each judgement looks at it several times.
@lru_cache(maxsize=8192)
def _shown(tags: str, segment: str) -> Written:
    return Written(split_tags(tags), segment)


def copy_of(
    place: Place,
    meta: Mapping[str, str] | None,
    memory: Memory,
    written: Mapping[Place, Put] = NOWHERE,
) -> Copy:
    """Return the tags that one place shows, beside what wcflow last wrote there.

    They are unknown where the API key cannot read the meta. A new latest order has never shown any
    tags, so nobody can have removed them from it.
    """
    ours = memory.written_in(place)
    base = ours.tags if ours else None
    if meta is None or (place[0] == "order" and ours is None and TAGS_META not in meta):
        return Copy(None, base)
    return Copy(split_tags(meta.get(TAGS_META)), base, written.get(place, NOTHING))


def surprising(profile: Profile, memory: Memory) -> list[Place]:
    """Name the places that show other tags than wcflow remembers of this person."""
    account, order = profile.account, latest_order(profile)
    places: list[tuple[Place, Mapping[str, str] | None]] = []
    if account is not None:
        places.append((("customer", account.id), account.meta))
    if order is not None:
        places.append((("order", order.id), order.meta))
    return [place for place, meta in places if _surprises(meta, memory.written_in(place))]


def _surprises(meta: Mapping[str, str] | None, written: Written | None) -> bool:
    if meta is None:
        return False
    return split_tags(meta.get(TAGS_META)) != (written.tags if written else frozenset())
