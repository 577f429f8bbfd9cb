"""The nightly census: what changes at the shop without leaving a stamp is found by counting.

Orders deleted for good, refunds taken back, renamed categories, customers that a list once left
out. It counts first, halves where counts differ (``halving``), lists only what is small, and
believes no deletion before it has asked for that order by name (``compare``). What no count shows
is the work of the rounds (``reread``).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial

from wcflow.database.orders import created_of_orders, newest_with, refunds_of_orders
from wcflow.database.sql import count_customers, stamp
from wcflow.database.stores import save_store
from wcflow.errors import StoreError
from wcflow.poll.compare import (
    Counted,
    OrderRange,
    Shelf,
    Span,
    apart,
    compare,
    cut_at,
    differing_halves,
    look_for,
    read_again,
    within,
)
from wcflow.poll.context import PollContext
from wcflow.poll.empty_answer import FULL, hold, release
from wcflow.poll.initial_sync import read_customers_again
from wcflow.poll.orders import DRAFTS, learn_drafts
from wcflow.poll.products import BEGINNING, read_products

_DAY = 86400


def reconcile_orders(visit: PollContext, settled: datetime) -> None:
    """Make the mirror's orders those of the shop, as far as a poll just said that it knows them."""
    learn_drafts(visit)
    whole = _until(visit, settled)
    hidden, others = _hidden(visit), apart(visit)
    with visit.db.reading() as tx:
        shelves = created_of_orders(tx, visit.store, hidden, *whole)
    listed, unlisted = (Shelf(each, partial(cut_at, visit)) for each in shelves)
    parts = listed.parts(whole, stamp(visit.now) // _DAY)
    wards = (OrderRange("any", hidden, whole), OrderRange(others, hidden, whole))
    counts = [_counted(visit, wards[0], part) for part in parts]
    rest = _counted(visit, wards[1], whole)
    if not _sound(visit, sum(each.there for each in [*counts, rest]), sum(map(len, shelves))):
        return
    _compare_differing(visit, wards[0], listed, counts)
    _compare_differing(visit, wards[1], unlisted, [rest])


def _counted(visit: PollContext, ward: OrderRange, span: Span) -> Counted:
    return Counted(span, _count(visit, ward)(span))


def _count(visit: PollContext, ward: OrderRange) -> Callable[[Span], int]:
    def count(span: Span) -> int:
        visit.alive()
        return visit.shop.count_orders(**OrderRange(ward.status, ward.hidden, span).filters(visit))

    return count


def _compare_differing(
    visit: PollContext, ward: OrderRange, shelf: Shelf, counts: list[Counted]
) -> None:
    for span in differing_halves(shelf, _count(visit, ward), counts):
        compare(visit, OrderRange(ward.status, ward.hidden, span))


def reconcile_refunds(visit: PollContext, settled: datetime) -> None:
    """Read the orders again of which a refund was taken back: that moves no stamp, on any storage."""
    whole = _until(visit, settled)
    with visit.db.reading() as tx:
        refunds = [(max(at, whole.start), key) for at, key in refunds_of_orders(tx, visit.store)]
    shelf = Shelf([at for at, _ in refunds], partial(cut_at, visit))

    def count(span: Span) -> int:
        visit.alive()
        # A shop too old to list refunds is read in full: it is as if it counted none.
        return visit.shop.count_refunds(**within(visit, span)) or 0

    for span in differing_halves(shelf, count, [Counted(whole, count(whole))]):
        ids = {order_id for at, order_id in refunds if span.start <= at < span.end}
        _read_again_everywhere(visit, ids)


def _until(visit: PollContext, settled: datetime) -> Span:
    start = stamp(BEGINNING)
    return Span(start, max(start, cut_at(visit, stamp(settled))))


def _read_again_everywhere(visit: PollContext, ids: set[int]) -> None:
    """Read orders again, whatever their status."""
    found = read_again(visit, "any", ids)
    look_for(visit, ids - found - read_again(visit, apart(visit), ids - found))


def _hidden(visit: PollContext) -> frozenset[str]:
    """Find out what ``any`` leaves out: releases differ in whether it holds drafts of the checkout."""
    checkout, auto = DRAFTS
    with visit.db.reading() as tx:
        draft = newest_with(tx, visit.store, checkout)
    if draft is not None and visit.shop.count_orders(status="any", include=[draft]):
        return frozenset({"trash", auto})
    return frozenset({"trash", auto, checkout})


def _sound(visit: PollContext, counted: int, known: int) -> bool:
    """Say whether the shop's counts may be believed: not that a full shop is empty.

    Known are those of the time that was counted: a shop may have none but from this very minute.
    """
    with visit.db.reading() as tx:
        newest = newest_with(tx, visit.store)
    if counted or known < FULL or visit.accept:
        with visit.db.transaction() as tx:
            release(tx, visit, "orders")
        return True
    if newest is not None and visit.order(newest) is not None:
        raise StoreError(
            "the store counts no orders, and has them when asked by name",
            "look for a plugin or a cache that changes the REST API; nothing was deleted",
            asked="GET /orders",
        )
    hold(visit, "orders", f"none, where {known} are known")
    return False


def reconcile_customers(visit: PollContext) -> None:
    """Look for customers whom a list once left out: there are some if the shop counts more."""
    total = visit.shop.newest_customer_ids(1).total or 0
    with visit.db.reading() as tx:
        known = count_customers(tx, visit.store)
    if total > known:
        read_customers_again(visit)


def reconcile_products(visit: PollContext) -> None:
    """Read all products: renaming a category stamps none of them."""
    read_products(visit, BEGINNING)


def note_reconciled(visit: PollContext) -> None:
    """Keep when this was done."""
    with visit.db.transaction() as tx:
        save_store(tx, visit.store, reconciled_at=stamp(visit.now))
