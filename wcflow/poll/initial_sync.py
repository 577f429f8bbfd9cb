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
    save_setting,
    save_slices,
    save_store,
    setting,
    slices,
)
from wcflow.poll.context import PollContext, known_of
from wcflow.poll.ranges import ORDER_PARTS, customer_slices, customer_work, order_work, product_work
from wcflow.poll.refunds import dates_of_refunds
from wcflow.poll.resync import begin, settle_doubts
from wcflow.poll.workers import Meter, Work, work_off

T = TypeVar("T")


def census(visit: PollContext) -> bool:
    """Read everything, or what is left of it; False where nothing was."""
    _begin_anew_for_new_meta(visit)
    row = visit.row()
    if row.census_done is not None:
        return False
    if row.census_started is None:
        begin(visit)
    _read_customers(visit)
    _read(visit, product_work(visit), 0, 0)
    knowing = _knowing(visit)
    for part in ORDER_PARTS:
        _read_orders(knowing, part)
    settle_doubts(visit)
    with visit.db.transaction() as tx:
        save_store(tx, visit.store, census_done=stamp(visit.now))
    return True


def read_customers_again(visit: PollContext) -> None:
    """Ask for every id up to the newest once more."""
    newest = visit.row().newest_customer
    with visit.db.transaction() as tx:
        save_slices(tx, customer_slices(visit.store, newest))
    _read_customers(visit)


def _begin_anew_for_new_meta(visit: PollContext) -> None:
    """Have everything read again where a rule names meta that was not kept so far."""
    name, keys = f"meta_keys {visit.store}", sorted(visit.settings.meta_keys)
    with visit.db.transaction() as tx:
        before = setting(tx, name)
        if before == dumps(keys):
            return
        save_setting(tx, name, dumps(keys))
        if before is not None and set(keys) - set(loads(before)):
            drop_slices(tx, visit.store)
            save_store(tx, visit.store, census_started=None, census_done=None)


def _read(visit: PollContext, work: Work[T], done: int, total: int) -> None:
    with visit.db.reading() as tx:
        left = [piece for piece in slices(tx, visit.store, work.part) if not piece.done]
    work_off(visit, left, work, Meter(visit, work.part, done, total))


def _read_customers(visit: PollContext) -> None:
    with visit.db.reading() as tx:
        pieces = slices(tx, visit.store, "customers")
    newest = max((piece.end for piece in pieces), default=0)
    left = sum(piece.end - piece.position for piece in pieces)
    _read(visit, customer_work(visit), newest - left, newest)


def _knowing(visit: PollContext) -> PollContext:
    """Give the visit with what can be known before any order is read."""
    with visit.db.reading() as tx:
        known = known_of(tx, visit.store)
        oldest = min((piece.position for piece in slices(tx, visit.store, "orders")), default=0)
    if not known.orders:
        known.refunds.update(dates_of_refunds(visit, oldest))
    return replace(visit, known=known)


def _read_orders(visit: PollContext, part: str) -> None:
    if part != "orders":
        _read(visit, order_work(visit, part), 0, 0)
        return
    with visit.db.reading() as tx:
        known = sum(count_orders(tx, visit.store).values())
    _read(visit, order_work(visit, part), known, visit.shop.count_orders(status="any"))
