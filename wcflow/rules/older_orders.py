"""The tags on orders that are not a person's latest: removed, or the same as on the latest.

With ``order_tags = latest`` the tags that wcflow wrote are removed from an order that is no longer the
latest, because nothing would keep them current there. With ``order_tags = all`` every order shows
them that was placed since the store is watched, or that showed tags already. What other people
wrote there stays, and says nothing about the person: only the latest order is read for that.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

from wcflow.profile import HIDDEN_STATUSES, Profile, latest_order
from wcflow.records import Order
from wcflow.rules.evaluation_input import TagTarget
from wcflow.rules.tags import (
    NO_CHANGE,
    SHOWN_META,
    Memory,
    TagChange,
    TagMeta,
    TagPlace,
    known_meta,
    read_tag_meta,
)

EMPTY = TagMeta(frozenset())


def with_more(meta: TagMeta, more: tuple[tuple[str, str], ...]) -> TagMeta:
    """Return the meta with these other values, without a copy if there are none."""
    return TagMeta(meta.tags, meta.segment, more) if more else meta


def changed_more(here: TagMeta, shows: TagMeta) -> tuple[tuple[str, str], ...]:
    """Return the other values to write, empty for those to remove."""
    return tuple((dict.fromkeys(dict(here.more), "") | dict(shows.more)).items())


def older_orders_with_tags(profile: Profile) -> Iterator[Order]:
    """Return the visible orders beside the latest that show tags or a segment."""
    newest = latest_order(profile)
    for order in profile.orders:
        if order is newest or order.status in HIDDEN_STATUSES:
            continue
        if not SHOWN_META.isdisjoint(order.meta):
            yield order


def older_places(profile: Profile, memory: Memory) -> list[TagPlace]:
    """Return the orders beside the latest of which it matters what wcflow wrote there."""
    places: list[TagPlace] = [("order", order.id) for order in older_orders_with_tags(profile)]
    newest = latest_order(profile)
    former = memory.written_order_id
    if former and (newest is None or newest.id != former):
        places.append(("order", former))
    return places


def tags_of_others(shown: TagMeta, written: TagChange, ours: frozenset[str]) -> frozenset[str]:
    """Return the tags on an older order that people or other programs added."""
    return shown.tags - written.tags - written.dropped - ours


def stale_targets(
    profile: Profile, written: Mapping[TagPlace, TagChange], ours: frozenset[str]
) -> Iterator[TagTarget]:
    """Return the older orders on which tags are left that wcflow wrote."""
    for order in older_orders_with_tags(profile):
        change = written.get(("order", order.id))
        meta = _shown(order)
        if meta is None or (change is None and not meta.more):
            continue
        kept = TagMeta(tags_of_others(meta, change or NO_CHANGE, ours))
        if kept != meta:
            more = changed_more(meta, kept)
            yield TagTarget("order", order.id, frozenset(), kept, True, "stale", more)


def same_targets(
    profile: Profile,
    written: Mapping[TagPlace, TagChange],
    ours: frozenset[str],
    latest: TagTarget,
    since: datetime,
) -> Iterator[TagTarget]:
    """Return the older orders that should show the same as the latest one."""
    with_tags = {order.id for order in older_orders_with_tags(profile)}
    for order in profile.orders:
        if order.id == latest.id or not _is_own_order(order, profile):
            continue
        if order.id not in with_tags and order.created < since:
            continue
        meta = _shown(order)
        change = written.get(("order", order.id), NO_CHANGE)
        others = tags_of_others(meta or EMPTY, change, ours)
        shows = TagMeta(latest.shows.tags | others, latest.shows.segment, latest.shows.more)
        differs = shows != meta
        more = changed_more(meta or EMPTY, shows)
        yield TagTarget("order", order.id, latest.wanted, shows, differs, "older", more)


def _is_own_order(order: Order, profile: Profile) -> bool:
    if order.status in HIDDEN_STATUSES:
        return False
    return not order.parent_id or profile.store.count_children


def _shown(order: Order) -> TagMeta | None:
    return read_tag_meta(known_meta(order.meta, order.odd_fields))
