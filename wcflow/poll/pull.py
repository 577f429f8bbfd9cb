"""Pull: from the shop into the mirror. The order of things; how each is done stands elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from wcflow.errors import StoreError
from wcflow.mirror.database import Database
from wcflow.mirror.stores import save_store
from wcflow.mirror.upserts import instant, stamp
from wcflow.poll.again import ask_again
from wcflow.poll.beginning import begin_anew
from wcflow.poll.census import census
from wcflow.poll.customers import poll_new_customers
from wcflow.poll.orders import poll_orders
from wcflow.poll.products import poll_products
from wcflow.poll.reconcile import (
    note_reconciled,
    reconcile_customers,
    reconcile_orders,
    reconcile_products,
    reconcile_refunds,
)
from wcflow.poll.reread import look_again, read_lately
from wcflow.poll.settings import PollSettings, Progress, Pulled
from wcflow.poll.sweep import accept_gone, sweep_customers
from wcflow.poll.visit import Visit
from wcflow.store.client import Store


def unwatched(part: str, done: int, total: int) -> None:
    """Tell nobody how far the census is."""


def pull(
    db: Database,
    shop: Store,
    settings: PollSettings,
    now: datetime,
    *,
    progress: Progress = unwatched,
    accept: bool = False,
) -> Pulled:
    """Bring the mirror up to date: the census if it is not done, then what changed since.

    ``accept``: an admin has seen why poll holds the brake; what is gone is deleted. Raises
    StoreError, after what was read has been kept and the reason noted.
    """
    return _visited(Visit(db, shop, settings, now, progress, accept), _pull)


def reconcile(
    db: Database,
    shop: Store,
    settings: PollSettings,
    now: datetime,
    *,
    progress: Progress = unwatched,
    accept: bool = False,
) -> Pulled:
    """Find by counting what no poll can see; for the night."""
    return _visited(Visit(db, shop, settings, now, progress, accept), _reconcile)


def resync(
    db: Database,
    shop: Store,
    settings: PollSettings,
    now: datetime,
    *,
    orders: bool = True,
    customers: bool = True,
    progress: Progress = unwatched,
) -> Pulled:
    """Read the shop anew over the mirror that is there; what was done to the shop is not forgotten.

    It may die anywhere: the next pull goes on with it.
    """

    def work(visit: Visit) -> bool:
        begin_anew(visit, orders=orders, customers=customers)
        return _pull(visit)

    return _visited(Visit(db, shop, settings, now, progress), work)


def _pull(visit: Visit) -> bool:
    counted = census(visit)
    row = visit.row()
    settled = poll_orders(visit)
    poll_new_customers(visit)
    if row.polled_at is not None and _hour(instant(row.polled_at)) != _hour(visit.now):
        poll_products(visit)
    if visit.accept:
        reconcile_orders(visit, settled)
        accept_gone(visit)
    sweep_customers(visit)
    look_again(visit)
    return counted


def _reconcile(visit: Visit) -> bool:
    counted = census(visit)
    settled = poll_orders(visit)
    poll_new_customers(visit)
    reconcile_orders(visit, settled)
    reconcile_refunds(visit, settled)
    read_lately(visit)
    reconcile_customers(visit)
    reconcile_products(visit)
    ask_again(visit)
    note_reconciled(visit)
    return counted


def _visited(visit: Visit, work: Callable[[Visit], bool]) -> Pulled:
    asked = visit.shop.requests
    with visit.db.reading() as tx:
        visit.notes.begin(tx, visit.store)
    try:
        counted = work(visit)
    except StoreError as error:
        _note_failure(visit, error)
        raise
    with visit.db.transaction() as tx:
        visit.keep_notes(tx)
        save_store(tx, visit.store, polled_at=stamp(visit.now), error="", error_since=None)
    tally = visit.tally
    return Pulled(
        orders=tally.orders,
        customers=tally.customers,
        products=tally.products,
        deleted=tally.deleted,
        census=counted,
        requests=visit.shop.requests - asked,
    )


def _note_failure(visit: Visit, error: StoreError) -> None:
    row = visit.row()
    since = row.error_since if row.error else stamp(visit.now)
    with visit.db.transaction() as tx:
        visit.keep_notes(tx)
        save_store(tx, visit.store, error=str(error), error_since=since)


def _hour(moment: datetime) -> int:
    return stamp(moment) // 3600
