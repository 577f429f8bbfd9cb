"""The nightly census: what changes at the shop without leaving a stamp is found by counting.

Orders deleted for good, refunds taken back, renamed categories, customers that a list once left
out. It counts first, lists only where counts differ, and believes no deletion before it has asked
for that order by name.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial

from wcflow.errors import StoreError
from wcflow.mirror.customers import count_customers
from wcflow.mirror.orders import (
    count_orders,
    oldest_created,
    stamps_of_orders,
    statuses_of_refunded,
    statuses_since,
)
from wcflow.mirror.stores import save_store
from wcflow.mirror.upserts import chunks, instant, stamp
from wcflow.poll.brake import FULL, hold, release
from wcflow.poll.census import read_customers_again
from wcflow.poll.clock import SECOND, lower, upper
from wcflow.poll.drafts import DRAFTS, known_drafts, learn_drafts
from wcflow.poll.page import completed, keep
from wcflow.poll.people import drop_orders
from wcflow.poll.products import BEGINNING, read_products
from wcflow.poll.visit import Visit
from wcflow.poll.walk import Trail
from wcflow.records import Order
from wcflow.store.queries import Filters

_HUNDRED = 100
_SILENT = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Ward:
    """A part of the orders that is counted by itself: by status, and by when they were made.

    ``status`` is how the shop is asked; ``hidden`` are the statuses that ``any`` leaves out.
    ``start`` belongs to it, ``end`` does not.
    """

    status: str
    hidden: frozenset[str]
    start: datetime
    end: datetime

    def ours(self, visit: Visit) -> dict[int, int]:
        """Give the mirror's orders of this part: id to stamp."""
        others = self.status == "any"
        statuses = self.hidden if others else frozenset(self.status.split(","))
        with visit.db.reading() as tx:
            span = stamp(self.start), stamp(self.end)
            return stamps_of_orders(tx, visit.store, statuses, *span, others=others)

    def filters(self, visit: Visit) -> Filters:
        """Give the words in which the shop is asked for this part."""
        zone = visit.settings.zone
        after, before = lower(self.start, zone), upper(self.end - SECOND, zone)
        return Filters(status=self.status, after=after, before=before)


def months(oldest: datetime, end: datetime) -> list[tuple[datetime, datetime]]:
    """Cut the time from ``oldest`` to ``end`` at the first of each month."""
    edges = [oldest]
    first = oldest.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    while (first := (first + timedelta(days=32)).replace(day=1)) < end:
        edges.append(first)
    return list(zip(edges, [*edges[1:], end], strict=True)) if oldest < end else []


def reconcile_orders(visit: Visit, settled: datetime) -> None:
    """Make the mirror's orders those of the shop, as far as a poll just said that it knows them."""
    learn_drafts(visit)
    wards = _wards(visit, settled)
    counts = [visit.shop.count_orders(**ward.filters(visit)) for ward in wards]
    if not wards or not _sound(visit, sum(counts)):
        return
    for ward, count in zip(wards, counts, strict=True):
        if count != len(ward.ours(visit)):
            _compare(visit, ward)
    _read_silent(visit, wards[-1])


def _read_silent(visit: Visit, apart: Ward) -> None:
    """Read those orders again of which a change may have left no stamp."""
    row = visit.row()
    with visit.db.reading() as tx:
        silent = statuses_of_refunded(tx, visit.store)
        if not row.hpos:
            # The old post storage stamps no change of address, customer, totals or meta.
            silent |= statuses_since(tx, visit.store, stamp(visit.now - _SILENT))
    hidden = {key for key, status in silent.items() if status in apart.hidden}
    _read_again(visit, "any", set(silent) - hidden)
    _read_again(visit, apart.status, hidden)


def _wards(visit: Visit, end: datetime) -> list[Ward]:
    with visit.db.reading() as tx:
        oldest = oldest_created(tx, visit.store)
    if oldest is None or oldest >= stamp(end):
        return []
    hidden = _hidden(visit)
    start = instant(oldest)
    apart = Ward(",".join(["trash", *known_drafts(visit)]), hidden, start, end)
    return [*(Ward("any", hidden, *month) for month in months(start, end)), apart]


def _hidden(visit: Visit) -> frozenset[str]:
    """Find out what ``any`` leaves out: releases differ in whether it holds drafts of the checkout."""
    checkout, auto = DRAFTS
    with visit.db.reading() as tx:
        span = 0, stamp(visit.now + _SILENT)
        drafts = stamps_of_orders(tx, visit.store, {checkout}, *span, others=False)
    if drafts and visit.shop.count_orders(status="any", include=[max(drafts)]):
        return frozenset({"trash", auto})
    return frozenset({"trash", auto, checkout})


def _sound(visit: Visit, counted: int) -> bool:
    """Say whether the shop's counts may be believed: not that a full shop is empty."""
    with visit.db.reading() as tx:
        known = sum(count_orders(tx, visit.store).values())
    if counted or known < FULL or visit.accept:
        with visit.db.transaction() as tx:
            release(tx, visit, "orders")
        return True
    with visit.db.reading() as tx:
        some = max(stamps_of_orders(tx, visit.store, (), 0, stamp(visit.now), others=True))
    if visit.shop.order(some) is not None:
        raise StoreError(
            "the store counts no orders, and has them when asked by name",
            "look for a plugin or a cache that changes the REST API; nothing was deleted",
            asked="GET /orders",
        )
    hold(visit, "orders", f"none, where {known} are known")
    return False


def _compare(visit: Visit, ward: Ward) -> None:
    told = _told(visit, ward)
    ours = ward.ours(visit)
    _read_again(visit, ward.status, {key for key, at in told.items() if ours.get(key) != at})
    for ids in chunks(sorted(set(ours) - set(told)), _HUNDRED):
        _ask_by_name(visit, ids)


def _told(visit: Visit, ward: Ward) -> dict[int, int]:
    trail: Trail[tuple[int, datetime]] = Trail(
        ask=partial(visit.shop.order_ids, **ward.filters(visit)),
        by="modified",
        stamp=lambda row: row[1],
        number=lambda row: row[0],
        zone=visit.settings.zone,
    )
    told: dict[int, int] = {}
    for step in trail.steps(BEGINNING):
        told.update((key, stamp(at)) for key, at in step.rows)
        visit.alive()
    return told


def _read_again(visit: Visit, status: str, ids: Iterable[int]) -> None:
    for some in chunks(sorted(ids), _HUNDRED):
        _keep(visit, visit.orders(status=status, include=some).rows, ())


def _ask_by_name(visit: Visit, ids: Collection[int]) -> None:
    keys = visit.settings.meta_keys
    answers = {order_id: visit.shop.order(order_id, keys) for order_id in ids}
    found = [order for order in answers.values() if order is not None]
    _keep(visit, found, [order_id for order_id, order in answers.items() if order is None])


def _keep(visit: Visit, orders: Iterable[Order], gone: Collection[int]) -> None:
    page = completed(visit, orders, again=False)
    with visit.db.transaction() as tx:
        keep(tx, visit, page)
        visit.tally.deleted += drop_orders(tx, visit.settings, gone)
    visit.alive()


def reconcile_customers(visit: Visit) -> None:
    """Look for customers whom a list once left out: there are some if the shop counts more."""
    total = visit.shop.newest_customer_ids(1).total or 0
    with visit.db.reading() as tx:
        known = count_customers(tx, visit.store)
    if total > known:
        read_customers_again(visit)


def reconcile_products(visit: Visit) -> None:
    """Read all products: renaming a category stamps none of them."""
    read_products(visit, BEGINNING)


def note_reconciled(visit: Visit) -> None:
    """Keep when this was done."""
    with visit.db.transaction() as tx:
        save_store(tx, visit.store, reconciled_at=stamp(visit.now))
