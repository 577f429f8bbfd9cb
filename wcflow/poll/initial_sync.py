"""The initial sync: read everything, in ranges, so that an interrupted one continues where it was.

Changes meanwhile are left to the polls afterwards: their cursor is saved before the initial sync
starts. Customers come first, because the people of orders depend on them.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar

from wcflow.database.sql import count_orders, dumps, loads, stamp
from wcflow.database.stores import delete_ranges, load_ranges, save_ranges, save_store
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
    """Read everything, or what is left of it; return False if nothing was left."""
    _restart_for_new_meta(context)
    row = context.row()
    if row.initial_sync_done is not None:
        return False
    if row.initial_sync_started is None:
        start_initial_sync(context)
    _read_customers(context)
    _read(context, products_work(context), 0, 0)
    prepared = _with_known(context)
    for part in ORDER_PARTS:
        _read_orders(prepared, part)
    finish_resync(context)
    with context.db.transaction() as tx:
        save_store(tx, context.store, initial_sync_done=stamp(context.now))
    return True


def reread_customers(context: PollContext) -> None:
    """Request every customer id up to the newest again."""
    newest = context.row().newest_customer_id
    with context.db.transaction() as tx:
        save_ranges(tx, customer_slices(context.store, newest))
    _read_customers(context)


def _restart_for_new_meta(context: PollContext) -> None:
    """Read everything again if a rule names meta that was not kept so far."""
    keys, before = sorted(context.meta_keys), context.row().meta_keys
    if before == dumps(keys):
        return
    with context.db.transaction() as tx:
        save_store(tx, context.store, meta_keys=dumps(keys))
        if before is not None and set(keys) - set(loads(before)):
            delete_ranges(tx, context.store)
            save_store(tx, context.store, initial_sync_started=None, initial_sync_done=None)


def _read(context: PollContext, work: SliceWork[T], done: int, total: int) -> None:
    with context.db.reading() as tx:
        left = [part for part in load_ranges(tx, context.store, work.part) if not part.done]
    run_work(context, left, work, ProgressMeter(context, work.part, done, total))


def _read_customers(context: PollContext) -> None:
    with context.db.reading() as tx:
        ranges = load_ranges(tx, context.store, "customers")
    newest = max((part.end for part in ranges), default=0)
    left = sum(part.end - part.position for part in ranges)
    _read(context, customers_work(context), newest - left, newest)


def _with_known(context: PollContext) -> PollContext:
    """Return the context with what the database has before any order is read."""
    with context.db.reading() as tx:
        known = load_known_ids(tx, context.store)
        oldest = min(
            (part.position for part in load_ranges(tx, context.store, "orders")), default=0
        )
    if not known.had_orders:
        known.refunds.update(fetch_refund_dates(context, oldest))
    return replace(context, known=known)


def _read_orders(context: PollContext, part: str) -> None:
    if part != "orders":
        _read(context, orders_work(context, part), 0, 0)
        return
    with context.db.reading() as tx:
        known = sum(count_orders(tx, context.store).values())
    _read(context, orders_work(context, part), known, context.client.count_orders(status="any"))
