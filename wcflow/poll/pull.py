"""Pull: from the shop into the mirror. The order of things; how each is done stands elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from wcflow.database.connection import Database
from wcflow.database.sql import stamp
from wcflow.database.stores import save_store
from wcflow.errors import StoreError
from wcflow.poll.context import PollContext, PollResult, PollSettings, ProgressCallback
from wcflow.poll.customer_rescan import (
    MAX_BATCHES,
    catch_up_customers,
    drop_approved_customers,
    rescan_customers,
)
from wcflow.poll.customers import poll_new_customers
from wcflow.poll.initial_sync import run_initial_sync
from wcflow.poll.orders import poll_orders
from wcflow.poll.products import poll_products
from wcflow.poll.reconcile import (
    reconcile_customers,
    reconcile_orders,
    reconcile_products,
    reconcile_refunds,
    save_reconciled_at,
)
from wcflow.poll.rescan import reread_last_month, rescan_orders
from wcflow.poll.resync import start_resync
from wcflow.poll.retry_quarantined import retry_quarantined
from wcflow.store.client import Store


def no_progress(part: str, done: int, total: int) -> None:
    """Tell nobody how far the census is."""


def run_poll(
    db: Database,
    client: Store,
    settings: PollSettings,
    now: datetime,
    *,
    progress: ProgressCallback = no_progress,
    approved: bool = False,
) -> PollResult:
    """Bring the mirror up to date: the census if it is not done, then what changed since.

    ``accept``: an admin has seen why poll holds the brake; what is gone is deleted. Raises
    StoreError, after what was read has been kept and the reason noted.
    """
    return _run(PollContext(db, client, settings, now, progress, approved), _poll)


def run_reconcile(
    db: Database,
    client: Store,
    settings: PollSettings,
    now: datetime,
    *,
    progress: ProgressCallback = no_progress,
    approved: bool = False,
) -> PollResult:
    """Find by counting what no poll can see; for the night."""
    return _run(PollContext(db, client, settings, now, progress, approved), _reconcile)


def run_resync(
    db: Database,
    client: Store,
    settings: PollSettings,
    now: datetime,
    *,
    orders: bool = True,
    customers: bool = True,
    progress: ProgressCallback = no_progress,
) -> PollResult:
    """Read the shop anew over the mirror that is there; what was done to the shop is not forgotten.

    It may die anywhere: the next pull goes on with it.
    """

    def work(context: PollContext) -> bool:
        start_resync(context, orders=orders, customers=customers)
        return _poll(context)

    return _run(PollContext(db, client, settings, now, progress), work)


def _poll(context: PollContext) -> bool:
    counted = run_initial_sync(context)
    row = context.row()
    complete_until = poll_orders(context)
    poll_new_customers(context)
    budget = _request_budget(row.polled_at, stamp(context.now))
    if row.polled_at is not None and _hour(row.polled_at) != _hour(stamp(context.now)):
        poll_products(context)
        budget -= 1
    if context.approved:
        reconcile_orders(context, complete_until)
        drop_approved_customers(context)
    _rescan(context, budget)
    return counted


def _request_budget(polled_at: int | None, now: int) -> int:
    """Give how many questions a poll has room for besides what is new: one for each minute."""
    return MAX_BATCHES if polled_at is None else max(1, min(MAX_BATCHES, (now - polled_at) // 60))


def _rescan(context: PollContext, budget: int) -> None:
    """Look again at what was read long ago: half of the room for orders, half for customers.

    Of a single question each has the first go every other minute; what one leaves the other takes.
    """
    odd = stamp(context.now) // 60 % 2
    asked = rescan_orders(context, (budget + odd) // 2)
    asked += rescan_customers(context, budget - asked)
    if not asked:
        rescan_orders(context, budget)


def _reconcile(context: PollContext) -> bool:
    counted = run_initial_sync(context)
    complete_until = poll_orders(context)
    poll_new_customers(context)
    reconcile_orders(context, complete_until)
    reconcile_refunds(context, complete_until)
    reread_last_month(context)
    reconcile_customers(context)
    catch_up_customers(context)
    reconcile_products(context)
    retry_quarantined(context)
    save_reconciled_at(context)
    return counted


def _run(context: PollContext, work: Callable[[PollContext], bool]) -> PollResult:
    asked = context.client.requests
    with context.db.reading() as tx:
        context.quarantine.load(tx, context.store)
    try:
        counted = work(context)
    except StoreError as error:
        _save_failure(context, error)
        raise
    with context.db.transaction() as tx:
        context.save_quarantine(tx)
        save_store(tx, context.store, polled_at=stamp(context.now), error="", error_since=None)
    tally = context.tally
    return PollResult(
        orders=tally.orders,
        customers=tally.customers,
        products=tally.products,
        deleted=tally.deleted,
        initial_sync=counted,
        requests=context.client.requests - asked,
    )


def _save_failure(context: PollContext, error: StoreError) -> None:
    row = context.row()
    since = row.error_since if row.error else stamp(context.now)
    with context.db.transaction() as tx:
        context.save_quarantine(tx)
        save_store(tx, context.store, error=str(error), error_since=since)


def _hour(moment: int) -> int:
    return moment // 3600
