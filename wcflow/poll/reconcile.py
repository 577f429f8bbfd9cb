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
    CreationTimes,
    OrderRange,
    RangeCount,
    Span,
    compare_range,
    confirm_missing_orders,
    differing_spans,
    hidden_statuses,
    next_cut,
    range_filters,
    refetch_orders,
)
from wcflow.poll.context import PollContext
from wcflow.poll.empty_answer import ALARM_FROM, hold_writes, release_hold
from wcflow.poll.initial_sync import reread_customers
from wcflow.poll.orders import DRAFT_STATUSES, detect_drafts
from wcflow.poll.products import EARLIEST, read_products

_DAY = 86400


def reconcile_orders(context: PollContext, complete_until: datetime) -> None:
    """Make the mirror's orders those of the shop, as far as a poll just said that it knows them."""
    detect_drafts(context)
    whole = _complete_span(context, complete_until)
    hidden, others = _find_hidden_statuses(context), hidden_statuses(context)
    with context.db.reading() as tx:
        created_times = created_of_orders(tx, context.store, hidden, *whole)
    listed, unlisted = (CreationTimes(each, partial(next_cut, context)) for each in created_times)
    parts = listed.parts(whole, stamp(context.now) // _DAY)
    order_ranges = (OrderRange("any", hidden, whole), OrderRange(others, hidden, whole))
    counts = [_count_range(context, order_ranges[0], part) for part in parts]
    rest = _count_range(context, order_ranges[1], whole)
    if not _counts_are_plausible(
        context, sum(each.remote_count for each in [*counts, rest]), sum(map(len, created_times))
    ):
        return
    _compare_differing(context, order_ranges[0], listed, counts)
    _compare_differing(context, order_ranges[1], unlisted, [rest])


def _count_range(context: PollContext, order_range: OrderRange, span: Span) -> RangeCount:
    return RangeCount(span, _range_counter(context, order_range)(span))


def _range_counter(context: PollContext, order_range: OrderRange) -> Callable[[Span], int]:
    def count(span: Span) -> int:
        context.heartbeat()
        return context.client.count_orders(
            **OrderRange(order_range.status, order_range.hidden, span).filters(context)
        )

    return count


def _compare_differing(
    context: PollContext, order_range: OrderRange, times: CreationTimes, counts: list[RangeCount]
) -> None:
    for span in differing_spans(times, _range_counter(context, order_range), counts):
        compare_range(context, OrderRange(order_range.status, order_range.hidden, span))


def reconcile_refunds(context: PollContext, complete_until: datetime) -> None:
    """Read the orders again of which a refund was taken back: that moves no stamp, on any storage."""
    whole = _complete_span(context, complete_until)
    with context.db.reading() as tx:
        refunds = [(max(at, whole.start), key) for at, key in refunds_of_orders(tx, context.store)]
    times = CreationTimes([at for at, _ in refunds], partial(next_cut, context))

    def count(span: Span) -> int:
        context.heartbeat()
        # A shop too old to list refunds is read in full: it is as if it counted none.
        return context.client.count_refunds(**range_filters(context, span)) or 0

    for span in differing_spans(times, count, [RangeCount(whole, count(whole))]):
        ids = {order_id for at, order_id in refunds if span.start <= at < span.end}
        _refetch_in_any_status(context, ids)


def _complete_span(context: PollContext, complete_until: datetime) -> Span:
    start = stamp(EARLIEST)
    return Span(start, max(start, next_cut(context, stamp(complete_until))))


def _refetch_in_any_status(context: PollContext, ids: set[int]) -> None:
    """Read orders again, whatever their status."""
    found = refetch_orders(context, "any", ids)
    confirm_missing_orders(
        context, ids - found - refetch_orders(context, hidden_statuses(context), ids - found)
    )


def _find_hidden_statuses(context: PollContext) -> frozenset[str]:
    """Find out what ``any`` leaves out: releases differ in whether it holds drafts of the checkout."""
    checkout, auto = DRAFT_STATUSES
    with context.db.reading() as tx:
        draft = newest_with(tx, context.store, checkout)
    if draft is not None and context.client.count_orders(status="any", include=[draft]):
        return frozenset({"trash", auto})
    return frozenset({"trash", auto, checkout})


def _counts_are_plausible(context: PollContext, counted: int, known: int) -> bool:
    """Say whether the shop's counts may be believed: not that a full shop is empty.

    Known are those of the time that was counted: a shop may have none but from this very minute.
    """
    with context.db.reading() as tx:
        newest = newest_with(tx, context.store)
    if counted or known < ALARM_FROM or context.approved:
        with context.db.transaction() as tx:
            release_hold(tx, context, "orders")
        return True
    if newest is not None and context.order(newest) is not None:
        raise StoreError(
            "the store counts no orders, and has them when asked by name",
            "look for a plugin or a cache that changes the REST API; nothing was deleted",
            request="GET /orders",
        )
    hold_writes(context, "orders", f"none, where {known} are known")
    return False


def reconcile_customers(context: PollContext) -> None:
    """Look for customers whom a list once left out: there are some if the shop counts more."""
    total = context.client.newest_customer_ids(1).total or 0
    with context.db.reading() as tx:
        known = count_customers(tx, context.store)
    if total > known:
        reread_customers(context)


def reconcile_products(context: PollContext) -> None:
    """Read all products: renaming a category stamps none of them."""
    read_products(context, EARLIEST)


def save_reconciled_at(context: PollContext) -> None:
    """Keep when this was done."""
    with context.db.transaction() as tx:
        save_store(tx, context.store, reconciled_at=stamp(context.now))
