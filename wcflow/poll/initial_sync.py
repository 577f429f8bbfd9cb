"""The first census: everything the shop has, in slices, so that a killed one goes on where it was.

What changes meanwhile is left to the polls that follow: their cursor is noted before the census
starts. Customers come first, so that orders find whose they are.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar

from wcflow.database.sql import count_orders, dumps, loads, stamp
from wcflow.database.stores import (
    drop_slices,
    save_slices,
    save_store,
    slices,
)
from wcflow.poll.context import PollContext, load_known_ids
from wcflow.poll.ranges import (
    ORDER_PARTS,
    customer_slices,
    customers_work,
    orders_work,
    products_work,
)
from wcflow.poll.refunds import fetch_refund_dates
from wcflow.poll.resync import finish_resync, start_initial_sync
from wcflow.poll.workers import ProgressMeter, SliceWork, run_work

T = TypeVar("T")


def run_initial_sync(context: PollContext) -> bool:
    """Read everything, or what is left of it; False where nothing was."""
    _restart_for_new_meta(context)
    row = context.row()
    if row.census_done is not None:
        return False
    if row.census_started is None:
        start_initial_sync(context)
    _read_customers(context)
    _run_part(context, products_work(context), 0, 0)
    knowing = _with_known_ids(context)
    for part in ORDER_PARTS:
        _read_orders(knowing, part)
    finish_resync(context)
    with context.db.transaction() as tx:
        save_store(tx, context.store, census_done=stamp(context.now))
    return True


def reread_customers(context: PollContext) -> None:
    """Ask for every id up to the newest once more."""
    newest = context.row().newest_customer
    with context.db.transaction() as tx:
        save_slices(tx, customer_slices(context.store, newest))
    _read_customers(context)


def _restart_for_new_meta(context: PollContext) -> None:
    """Have everything read again where a rule names meta that was not kept so far."""
    keys = sorted(context.settings.meta_keys)
    before = context.row().meta_keys
    if before == dumps(keys):
        return
    with context.db.transaction() as tx:
        save_store(tx, context.store, meta_keys=dumps(keys))
        if before is not None and set(keys) - set(loads(before)):
            drop_slices(tx, context.store)
            save_store(tx, context.store, census_started=None, census_done=None)


def _run_part(context: PollContext, work: SliceWork[T], done: int, total: int) -> None:
    with context.db.reading() as tx:
        left = [piece for piece in slices(tx, context.store, work.part) if not piece.done]
    run_work(context, left, work, ProgressMeter(context, work.part, done, total))


def _read_customers(context: PollContext) -> None:
    with context.db.reading() as tx:
        pieces = slices(tx, context.store, "customers")
    newest = max((piece.end for piece in pieces), default=0)
    left = sum(piece.end - piece.position for piece in pieces)
    _run_part(context, customers_work(context), newest - left, newest)


def _with_known_ids(context: PollContext) -> PollContext:
    """Give the visit with what can be known before any order is read."""
    with context.db.reading() as tx:
        known = load_known_ids(tx, context.store)
        oldest = min((piece.position for piece in slices(tx, context.store, "orders")), default=0)
    if not known.orders:
        known.refunds.update(fetch_refund_dates(context, oldest))
    return replace(context, known=known)


def _read_orders(context: PollContext, part: str) -> None:
    if part != "orders":
        _run_part(context, orders_work(context, part), 0, 0)
        return
    with context.db.reading() as tx:
        known = sum(count_orders(tx, context.store).values())
    _run_part(context, orders_work(context, part), known, context.client.count_orders(status="any"))
