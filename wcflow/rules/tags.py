"""Tags: their text form, the three-way merge, and what wcflow remembers of a person."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from functools import lru_cache

import msgspec
from msgspec.structs import replace

from wcflow.profile import Profile, SavedState, latest_order
from wcflow.standing import NO_STANDING, Standing


def join_tags(tags: Iterable[str]) -> str:
    """Return tags as the store's meta value: sorted, separated by a comma and a space."""
    return ", ".join(sort_tags(tags))


def sort_tags(tags: Iterable[str]) -> list[str]:
    """Return tags in alphabetical order, whatever their case."""
    return sorted(tags, key=lambda tag: (tag.casefold(), tag))


# Many people have the same tags.
@lru_cache(maxsize=8192)
def split_tags(text: str | None) -> frozenset[str]:
    """Parse tags from the store's meta value, which people can edit and plugins can make a list."""
    plain = _join_listed(text) if text and text[0] in "[{" else text or ""
    return frozenset(part.strip() for part in plain.split(",") if part.strip())


def _join_listed(text: str) -> str:
    """Return the texts in a JSON list or object, with commas between them."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return text  # a tag that begins with a bracket
    values = found.values() if isinstance(found, dict) else found
    return ",".join(each for each in values if isinstance(each, str))


class TagChange(msgspec.Struct, frozen=True):
    """What wcflow may have changed on one customer or order, for any person.

    ``tags`` are those it wrote or was about to write, ``dropped`` those it may have removed in a
    write whose result is unknown.
    """

    tags: frozenset[str] = frozenset()
    dropped: frozenset[str] = frozenset()

    def __or__(self, other: TagChange) -> TagChange:
        return TagChange(self.tags | other.tags, self.dropped | other.dropped)


NO_CHANGE = TagChange()


class TagCopy(msgspec.Struct, frozen=True):
    """The tags on one customer or order in the store.

    ``store`` is what it contains now, None if unknown. ``base`` is what wcflow last wrote there for
    this person, None if nothing. ``put`` is what wcflow may have changed there besides: for another
    person, long ago, or just before an interruption.
    """

    store: frozenset[str] | None
    base: frozenset[str] | None
    put: TagChange = NO_CHANGE


class MergedTags(msgspec.Struct, frozen=True):
    """The tags that the store should contain (``target``), and the manual changes to remember."""

    target: frozenset[str]
    added_by_hand: frozenset[str]
    removed_by_hand: frozenset[str]


_merged = MergedTags


def merge_tags(
    copies: Iterable[TagCopy],
    wanted: frozenset[str],
    added_by_hand: frozenset[str] = frozenset(),
    removed_by_hand: frozenset[str] = frozenset(),
    *,
    ours: frozenset[str] = frozenset(),
    respect: bool = True,
) -> MergedTags:
    """Merge what wcflow wrote, what the store contains now, and what the rules want.

    A tag that people added stays. A tag that they removed stays removed until its rule stops
    matching. ``ours`` are all tags that rules can make: without a memory of a write (a new database
    for a store used before), these count as written by wcflow.
    """
    added, removed = _manual_changes(copies, ours, wanted)
    if added or removed:
        added_by_hand = (added_by_hand | added) - removed
        removed_by_hand = (removed_by_hand | removed) - added
    removed_by_hand = removed_by_hand & wanted if respect else frozenset()
    return _merged((wanted - removed_by_hand) | added_by_hand, added_by_hand, removed_by_hand)


def _manual_changes(
    copies: Iterable[TagCopy], ours: frozenset[str], wanted: frozenset[str]
) -> tuple[frozenset[str], frozenset[str]]:
    added: frozenset[str] = frozenset()
    removed: frozenset[str] = frozenset()
    for copy in copies:
        if copy.store is None:
            continue
        base = copy.store & (ours | wanted) if copy.base is None else copy.base
        if base != copy.store:
            added |= copy.store - base - copy.put.tags
            removed |= base - copy.store - copy.put.dropped
    return added, removed - added


# What wcflow remembers of a person between two evaluations.

TAGS_META, SEGMENT_META = "wcflow_tags", "wcflow_segment"
TIER_META, POINTS_META, STATUS_META = "wcflow_tier", "wcflow_points", "wcflow_status"
_MORE_META = (POINTS_META, STATUS_META, TIER_META)
SHOWN_META = frozenset({TAGS_META, SEGMENT_META, *_MORE_META})
"""The keys that the store shows."""
_saved_state, _copy = SavedState, TagCopy
UNKNOWN_COPY = TagCopy(None, None)
TagPlace = tuple[str, int]
"""``customer`` or ``order``, and its id."""
NO_CHANGES: Mapping[TagPlace, TagChange] = {}


class TagMeta(msgspec.Struct, frozen=True):
    """The tags and the shown segment in the meta of a customer or order.

    ``more`` are other values that are there, sorted by key: the points, the status and the tier.
    """

    tags: frozenset[str]
    segment: str = ""
    more: tuple[tuple[str, str], ...] = ()

    @property
    def meta(self) -> dict[str, str | None]:
        """Return the meta values; None deletes the key."""
        own = {TAGS_META: join_tags(self.tags) or None, SEGMENT_META: self.segment or None}
        return own | dict(self.more)


class Memory(msgspec.Struct, frozen=True):
    """A person's state after the last evaluation and the last writes.

    ``removed_by_hand`` are tags that rules want but people removed. ``kept_forever`` are the tags
    of ``keep = forever`` rules, by rule. ``matching_workflows`` are the workflows of ``Rules.matching``
    whose condition held. ``consent`` is whether they accepted marketing, None if not known.
    """

    person: int
    email: str = ""
    evaluated_at: datetime | None = None
    rules_digest: str = ""
    segments: Mapping[str, datetime] = msgspec.field(default_factory=dict)
    added_by_hand: frozenset[str] = frozenset()
    removed_by_hand: frozenset[str] = frozenset()
    added_by_workflows: frozenset[str] = frozenset()
    kept_forever: Mapping[str, frozenset[str]] = msgspec.field(default_factory=dict)
    current_tags: frozenset[str] = frozenset()
    matching_workflows: frozenset[str] = frozenset()
    written_to_customer: TagMeta | None = None
    written_to_order: TagMeta | None = None
    written_order_id: int = 0
    spend_percentile: int | None = None
    orders_percentile: int | None = None
    standing: Standing = NO_STANDING
    consent: bool | None = None

    def written_in(self, place: TagPlace) -> TagMeta | None:
        """Return what wcflow last wrote in one place for this person."""
        if place[0] == "customer":
            return self.written_to_customer
        return self.written_to_order if self.written_order_id == place[1] else None

    def with_written(self, place: TagPlace, written: TagMeta) -> Memory:
        if place[0] == "customer":
            return replace(self, written_to_customer=written)
        return replace(self, written_to_order=written, written_order_id=place[1])

    @property
    def saved_state(self) -> SavedState:
        """Return the part that rules can use."""
        return self.saved_state_with(self.segments, self.added_by_hand | self.added_by_workflows)

    def saved_state_with(self, segments: Mapping[str, datetime], own: frozenset[str]) -> SavedState:
        """Return the part that rules can use, with these segments and own tags."""
        return _saved_state(
            segments,
            self.current_tags,
            own,
            self.kept_forever,
            self.spend_percentile,
            self.orders_percentile,
            self.standing,
            self.consent,
        )


def read_tag_meta(meta: Mapping[str, str] | None) -> TagMeta | None:
    """Parse the tag meta of a customer or order; None if the meta cannot be read."""
    if meta is None:
        return None
    more = tuple([meta.get(key, "") for key in _MORE_META])
    return _tag_meta(meta.get(TAGS_META, ""), meta.get(SEGMENT_META, ""), more)


def known_meta(
    meta: Mapping[str, str] | None, odd_fields: Collection[str]
) -> Mapping[str, str] | None:
    """Return meta in which the tags are known; None if they can be in a part that cannot be read.

    Otherwise meta that a plugin damages would look as if someone had removed all tags.
    """
    known = meta is None or TAGS_META in meta or "meta_data" not in odd_fields
    return meta if known else None


# Many people have the same, and each evaluation reads it several times.
@lru_cache(maxsize=8192)
def _tag_meta(tags: str, segment: str, more: tuple[str, ...]) -> TagMeta:
    found = zip(_MORE_META, more, strict=True)
    return TagMeta(split_tags(tags), segment, tuple([each for each in found if each[1]]))


def copy_of(
    place: TagPlace,
    meta: Mapping[str, str] | None,
    memory: Memory,
    written: Mapping[TagPlace, TagChange] = NO_CHANGES,
) -> TagCopy:
    """Return the tags that one place shows, beside what wcflow last wrote there.

    They are unknown where the API key cannot read the meta. A new latest order has never shown any
    tags, so no one can have removed them from it.
    """
    ours = memory.written_in(place)
    base = ours.tags if ours else None
    if meta is None or (place[0] == "order" and ours is None and TAGS_META not in meta):
        return TagCopy(None, base)
    return TagCopy(split_tags(meta.get(TAGS_META)), base, written.get(place, NO_CHANGE))


def places_changed_by_hand(profile: Profile, memory: Memory) -> list[TagPlace]:
    """Return the customer and order whose tags differ from what wcflow wrote."""
    account, order = profile.account, latest_order(profile)
    places: list[tuple[TagPlace, Mapping[str, str] | None]] = []
    if account is not None:
        meta = known_meta(account.meta, account.odd_fields)
        places.append((("customer", account.id), meta))
    if order is not None:
        places.append((("order", order.id), known_meta(order.meta, order.odd_fields)))
    return [place for place, meta in places if _was_changed_by_hand(meta, memory.written_in(place))]


def _was_changed_by_hand(meta: Mapping[str, str] | None, written: TagMeta | None) -> bool:
    if meta is None:
        return False
    return split_tags(meta.get(TAGS_META)) != (written.tags if written else frozenset())
