"""The nightly check: find changes that the store does not stamp, mostly by counting.

Such changes are orders deleted for good, deleted refunds, renamed categories, and customers that a
list once left out. Where counts differ, the range is halved until it is small (``compare``). The
rescan (``rescan``) finds what no count shows.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial

from wcflow.database.orders import (
    find_newest_order_id,
    load_creation_times,
    load_refund_times,
    load_undated_ids,
)
from wcflow.database.sql import chunks, count_customers, stamp
from wcflow.database.stores import save_store
from wcflow.errors import StoreError
from wcflow.poll.compare import (
    CreationTimes,
    OrderRange,
    RangeCount,
    Span,
    compare,
    confirm_missing_orders,
    differing_spans,
    next_cut,
    refetch_orders,
    within,
)
from wcflow.poll.context import FULL, PollContext, clear_alarm, raise_alarm
from wcflow.poll.customers import HUNDRED
from wcflow.poll.initial_sync import reread_customers
from wcflow.poll.orders import DRAFT_STATUSES, detect_drafts, hidden_statuses
from wcflow.poll.products import EARLIEST, read_products

_DAY = 86400


def reconcile_orders(context: PollContext, settled: datetime) -> None:
    """Find orders that the database has too many or too few, among those created before ``settled``."""
    detect_drafts(context)
    whole = _until(context, settled)
    hidden = _hidden(context)
    with context.db.reading() as tx:
        created = load_creation_times(tx, context.store, hidden, *whole)
    listed, unlisted = (CreationTimes(each, partial(next_cut, context)) for each in created)
    count = partial(_count, context, "any", hidden)
    count_hidden = partial(_count, context, hidden_statuses(context), hidden)
    counts = [RangeCount(p, count(p)) for p in listed.parts(whole, stamp(context.now) // _DAY)]
    rest = RangeCount(whole, count_hidden(whole))
    if not _is_plausible(context, sum(c.there for c in [*counts, rest]), sum(map(len, created))):
        return
    for span in differing_spans(listed, count, counts):
        compare(context, OrderRange("any", hidden, span))
    for span in differing_spans(unlisted, count_hidden, [rest]):
        compare(context, OrderRange(hidden_statuses(context), hidden, span))


def reconcile_undated(context: PollContext) -> None:
    """Read orders without a creation date again: no time range contains them."""
    with context.db.reading() as tx:
        undated = load_undated_ids(tx, context.store)
    for ids in map(set, chunks(undated, HUNDRED)):
        found = refetch_orders(context, "any", ids)
        found |= refetch_orders(context, hidden_statuses(context), ids - found)
        confirm_missing_orders(context, ids - found)


def _count(context: PollContext, status: str, hidden: frozenset[str], span: Span) -> int:
    context.checkpoint()
    return context.client.count_orders(**OrderRange(status, hidden, span).filters(context))


def reconcile_refunds(context: PollContext, settled: datetime) -> None:
    """Read orders again if a refund was deleted: no storage stamps that."""
    whole = _until(context, settled)
    with context.db.reading() as tx:
        refunds = [(max(at, whole.start), key) for at, key in load_refund_times(tx, context.store)]
    known = CreationTimes([at for at, _ in refunds], partial(next_cut, context))
    count = _refund_counter(context)
    for span in differing_spans(known, count, [RangeCount(whole, count(whole))]):
        ids = {order_id for at, order_id in refunds if span.start <= at < span.end}
        found = refetch_orders(context, "any", ids)
        found |= refetch_orders(context, hidden_statuses(context), ids - found)
        confirm_missing_orders(context, ids - found)


def _refund_counter(context: PollContext) -> Callable[[Span], int]:
    def count(span: Span) -> int:
        context.checkpoint()
        # A store too old to list refunds counts as having none, so all are read again.
        return context.client.count_refunds(**within(context, span)) or 0

    return count


def _until(context: PollContext, settled: datetime) -> Span:
    start = stamp(EARLIEST)
    return Span(start, max(start, next_cut(context, stamp(settled))))


def _hidden(context: PollContext) -> frozenset[str]:
    """Find out which statuses ``any`` leaves out: releases differ for checkout drafts."""
    checkout, auto = DRAFT_STATUSES
    with context.db.reading() as tx:
        draft = find_newest_order_id(tx, context.store, checkout)
    if draft is not None and context.client.count_orders(status="any", include=[draft]):
        return frozenset({"trash", auto})
    return frozenset({"trash", auto, checkout})


def _is_plausible(context: PollContext, counted: int, known: int) -> bool:
    """Return False, and raise the alarm, if a store with many orders counts none.

    ``known`` are the orders of the counted range: newer ones can exist all the same.
    """
    with context.db.reading() as tx:
        newest = find_newest_order_id(tx, context.store)
    if counted or known < FULL or context.approved:
        with context.db.transaction() as tx:
            clear_alarm(tx, context, "orders")
        return True
    if newest is not None and context.order(newest) is not None:
        raise StoreError(
            "the store counts no orders but returns them one by one",
            "Look for a plugin or a cache that changes the REST API. Nothing was deleted.",
            request="GET /orders",
        )
    raise_alarm(context, "orders", f"none, where {known} are known")
    return False


def reconcile_customers(context: PollContext) -> None:
    """Read all customers again if the store counts more than are known."""
    total = context.client.newest_customer_ids(1).total or 0
    with context.db.reading() as tx:
        known = count_customers(tx, context.store)
    if total > known:
        reread_customers(context)


def reconcile_products(context: PollContext) -> None:
    """Read all products: renaming a category stamps none of them."""
    read_products(context, EARLIEST)


def save_reconciled_at(context: PollContext) -> None:
    """Save the time of this check."""
    with context.db.transaction() as tx:
        save_store(tx, context.store, reconciled_at=stamp(context.now))
