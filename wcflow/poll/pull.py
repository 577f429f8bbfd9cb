"""Read a store into the database: the steps of a poll, of the nightly check and of a resync."""

from __future__ import annotations

from collections.abc import Callable

from wcflow.database.sql import stamp
from wcflow.database.stores import save_store
from wcflow.database.wrong_clock import polled_in_the_future, repair_poll_times
from wcflow.errors import StoreError
from wcflow.poll.changes import notice_companion, poll_changes
from wcflow.poll.companion_events import drop_old_behaviour, poll_events
from wcflow.poll.context import PollContext, PollResult
from wcflow.poll.crowds import read_crowds
from wcflow.poll.customers import (
    MAX_BATCHES,
    catch_up_customers,
    drop_approved_customers,
    poll_new_customers,
    reread_edited,
    rescan_customers,
)
from wcflow.poll.initial_sync import run_initial_sync
from wcflow.poll.orders import poll_orders, read_child_orders
from wcflow.poll.products import poll_products
from wcflow.poll.reconcile import (
    reconcile_customers,
    reconcile_orders,
    reconcile_products,
    reconcile_refunds,
    reconcile_undated,
    save_reconciled_at,
)
from wcflow.poll.rescan import reread_last_month, rescan_orders
from wcflow.poll.resync import start_resync
from wcflow.poll.retry_quarantined import retry_quarantined
from wcflow.poll.subscriptions import (
    forget_subscription_cursor,
    poll_subscriptions,
    rescan_subscriptions,
)

_HOUR, _HALF = 3600, 1800


def run_poll(context: PollContext) -> PollResult:
    """Update the database: the initial sync if it is not done, then what changed since.

    Raises StoreError after what was read and the reason have been saved.
    """
    return _run(context, _poll)


def run_reconcile(context: PollContext) -> PollResult:
    """Find what no poll can see, mostly by counting; for the nightly check."""
    return _run(context, _reconcile)


def run_resync(context: PollContext, *, orders: bool = True, customers: bool = True) -> PollResult:
    """Read everything again, and keep what was written to the store.

    If it is interrupted, the next poll continues it.
    """

    def work(context: PollContext) -> bool:
        start_resync(context, orders=orders, customers=customers)
        if orders:
            forget_subscription_cursor(context)
        return _poll(context)

    return _run(context, work)


def _poll(context: PollContext) -> bool:
    imported = run_initial_sync(context)
    polled_at, now = context.row().polled_at, stamp(context.now)
    read_child_orders(context)
    settled = poll_orders(context)
    read_crowds(context)
    poll_new_customers(context)
    reread_edited(context)
    if poll_changes(context):
        poll_events(context)
    poll_subscriptions(context)
    budget = _budget(polled_at, now)
    if polled_at is not None and polled_at // _HOUR != now // _HOUR:
        poll_products(context)
        budget -= 1
    elif polled_at is not None and (polled_at + _HALF) // _HOUR != (now + _HALF) // _HOUR:
        budget -= notice_companion(context)
    if context.approved:
        reconcile_orders(context, settled)
        drop_approved_customers(context)
    _rescan(context, budget)
    return imported


def _budget(polled_at: int | None, now: int) -> int:
    """Return how many requests a poll can spend on the rescan: one for each minute."""
    return MAX_BATCHES if polled_at is None else max(1, min(MAX_BATCHES, (now - polled_at) // 60))


def _rescan(context: PollContext, budget: int) -> int:
    """Rescan orders with one half of the budget, and customers with the rest.

    A single request goes to orders every other minute. Orders take what customers do not need.
    """
    odd = stamp(context.now) // 60 % 2
    used = rescan_orders(context, (budget + odd) // 2)
    used += rescan_customers(context, budget - used)
    return used or rescan_orders(context, budget)


def _reconcile(context: PollContext) -> bool:
    imported = run_initial_sync(context)
    settled = poll_orders(context)
    read_crowds(context)
    poll_new_customers(context)
    reconcile_orders(context, settled)
    reconcile_undated(context)
    reconcile_refunds(context, settled)
    reread_last_month(context)
    reconcile_customers(context)
    catch_up_customers(context)
    reconcile_products(context)
    rescan_subscriptions(context)
    retry_quarantined(context)
    drop_old_behaviour(context)
    save_reconciled_at(context)
    return imported


def _run(context: PollContext, work: Callable[[PollContext], bool]) -> PollResult:
    requests = context.client.requests
    with context.db.reading() as tx:
        context.quarantine.load(tx, context.store)
        clock_was_ahead = polled_in_the_future(tx, context.store, context.now)
    if clock_was_ahead:
        with context.db.transaction() as tx:
            repair_poll_times(tx, context.store, context.now)
    try:
        imported = work(context)
    except StoreError as error:
        _save_failure(context, error)
        raise
    with context.db.transaction() as tx:
        context.save_quarantine(tx)
        save_store(
            tx, context.store, polled_at=stamp(context.now), poll_error="", poll_error_since=None
        )
    tally = context.tally
    return PollResult(
        orders=tally.orders,
        customers=tally.customers,
        products=tally.products,
        deleted=tally.deleted,
        initial_sync=imported,
        requests=context.client.requests - requests,
    )


def _save_failure(context: PollContext, error: StoreError) -> None:
    row = context.row()
    since = row.poll_error_since if row.poll_error else stamp(context.now)
    with context.db.transaction() as tx:
        context.save_quarantine(tx)
        save_store(tx, context.store, poll_error=str(error), poll_error_since=since)
