"""Pull: from the shop into the mirror. The order of things; how each is done stands elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from wcflow.database.connection import Database
from wcflow.database.sql import stamp
from wcflow.database.stores import save_store
from wcflow.errors import StoreError
from wcflow.poll.context import PollContext, PollSettings, Progress, Pulled
from wcflow.poll.customer_rescan import MOST_AT_ONCE, accept_gone, catch_up, sweep_customers
from wcflow.poll.customers import poll_new_customers
from wcflow.poll.initial_sync import census
from wcflow.poll.orders import poll_orders
from wcflow.poll.products import poll_products
from wcflow.poll.reconcile import (
    note_reconciled,
    reconcile_customers,
    reconcile_orders,
    reconcile_products,
    reconcile_refunds,
)
from wcflow.poll.rescan import look_again, read_lately
from wcflow.poll.resync import begin_anew
from wcflow.poll.retry_quarantined import ask_again
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
    return _visited(PollContext(db, shop, settings, now, progress, accept), _pull)


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
    return _visited(PollContext(db, shop, settings, now, progress, accept), _reconcile)


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

    def work(visit: PollContext) -> bool:
        begin_anew(visit, orders=orders, customers=customers)
        return _pull(visit)

    return _visited(PollContext(db, shop, settings, now, progress), work)


def _pull(visit: PollContext) -> bool:
    counted = census(visit)
    row = visit.row()
    settled = poll_orders(visit)
    poll_new_customers(visit)
    room = _room(row.polled_at, stamp(visit.now))
    if row.polled_at is not None and _hour(row.polled_at) != _hour(stamp(visit.now)):
        poll_products(visit)
        room -= 1
    if visit.accept:
        reconcile_orders(visit, settled)
        accept_gone(visit)
    _look_again(visit, room)
    return counted


def _room(polled_at: int | None, now: int) -> int:
    """Give how many questions a poll has room for besides what is new: one for each minute."""
    return MOST_AT_ONCE if polled_at is None else max(1, min(MOST_AT_ONCE, (now - polled_at) // 60))


def _look_again(visit: PollContext, room: int) -> None:
    """Look again at what was read long ago: half of the room for orders, half for customers.

    Of a single question each has the first go every other minute; what one leaves the other takes.
    """
    odd = stamp(visit.now) // 60 % 2
    asked = look_again(visit, (room + odd) // 2)
    asked += sweep_customers(visit, room - asked)
    if not asked:
        look_again(visit, room)


def _reconcile(visit: PollContext) -> bool:
    counted = census(visit)
    settled = poll_orders(visit)
    poll_new_customers(visit)
    reconcile_orders(visit, settled)
    reconcile_refunds(visit, settled)
    read_lately(visit)
    reconcile_customers(visit)
    catch_up(visit)
    reconcile_products(visit)
    ask_again(visit)
    note_reconciled(visit)
    return counted


def _visited(visit: PollContext, work: Callable[[PollContext], bool]) -> Pulled:
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


def _note_failure(visit: PollContext, error: StoreError) -> None:
    row = visit.row()
    since = row.error_since if row.error else stamp(visit.now)
    with visit.db.transaction() as tx:
        visit.keep_notes(tx)
        save_store(tx, visit.store, error=str(error), error_since=since)


def _hour(moment: int) -> int:
    return moment // 3600
