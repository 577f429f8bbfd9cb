"""The first census: everything the shop has, in slices, so that a killed one goes on where it was.

What changes meanwhile is left to the polls that follow: their cursor is noted before the census
starts. Customers come first, so that orders find whose they are.
"""

from __future__ import annotations

from typing import TypeVar

from wcflow.mirror.orders import count_orders
from wcflow.mirror.slices import drop_slices, save_slices, slices
from wcflow.mirror.stores import save_setting, save_store, setting
from wcflow.mirror.tables import CensusSlice
from wcflow.mirror.upserts import dumps, loads, stamp
from wcflow.poll.clock import margin
from wcflow.poll.drafts import DRAFTS, PART
from wcflow.poll.portions import (
    ORDER_PARTS,
    customer_slices,
    customer_work,
    order_slices,
    order_work,
    product_work,
    whole,
)
from wcflow.poll.products import BEGINNING
from wcflow.poll.slicing import Meter, Work, work_off
from wcflow.poll.visit import Visit

T = TypeVar("T")


def census(visit: Visit) -> bool:
    """Read everything, or what is left of it; False where nothing was."""
    _begin_anew_for_new_meta(visit)
    row = visit.row()
    if row.census_done is not None:
        return False
    if row.census_started is None:
        _begin(visit)
    _read_customers(visit)
    _read(visit, product_work(visit), 0, 0)
    for part in ORDER_PARTS:
        _read_orders(visit, part)
    with visit.db.transaction() as tx:
        save_store(tx, visit.store, census_done=stamp(visit.now))
    return True


def read_customers_again(visit: Visit) -> None:
    """Ask for every id up to the newest once more."""
    newest = visit.row().newest_customer
    with visit.db.transaction() as tx:
        save_slices(tx, customer_slices(visit.store, newest))
    _read_customers(visit)


def _begin_anew_for_new_meta(visit: Visit) -> None:
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


def _begin(visit: Visit) -> None:
    first = visit.orders(status="any", orderby="date", order="asc", page_size=1)
    latest = visit.shop.order_ids(status="any", orderby="modified", order="desc", page_size=1)
    newest = max(visit.shop.newest_customer_ids(1).rows, default=0)
    oldest = min((order.created for order in first.rows), default=BEGINNING)
    # By stamps as well as by the Date header: the two may come from different clocks.
    known = min([first.server_now, *(modified for _, modified in latest.rows)])
    cursor = stamp(known - margin(known, visit.settings.zone))
    before = visit.row().order_cursor
    with visit.db.transaction() as tx:
        save_slices(
            tx,
            [
                *customer_slices(visit.store, newest),
                *order_slices(
                    visit.store, stamp(oldest), stamp(first.server_now), first.total or 0
                ),
                *_whole_parts(visit.store),
            ],
        )
        save_store(
            tx,
            visit.store,
            census_started=stamp(first.server_now),
            order_cursor=cursor if before is None else min(before, cursor),
            newest_customer=newest,
        )


def _whole_parts(store: str) -> list[CensusSlice]:
    drafts = [whole(store, PART, number) for number in range(len(DRAFTS))]
    return [whole(store, "products"), whole(store, "trash"), *drafts]


def _read(visit: Visit, work: Work[T], done: int, total: int) -> None:
    with visit.db.reading() as tx:
        left = [piece for piece in slices(tx, visit.store, work.part) if not piece.done]
    work_off(visit, left, work, Meter(visit, work.part, done, total))


def _read_customers(visit: Visit) -> None:
    with visit.db.reading() as tx:
        pieces = slices(tx, visit.store, "customers")
    newest = max((piece.end for piece in pieces), default=0)
    left = sum(piece.end - piece.position for piece in pieces)
    _read(visit, customer_work(visit), newest - left, newest)


def _read_orders(visit: Visit, part: str) -> None:
    if part != "orders":
        _read(visit, order_work(visit, part), 0, 0)
        return
    with visit.db.reading() as tx:
        known = sum(count_orders(tx, visit.store).values())
    _read(visit, order_work(visit, part), known, visit.shop.count_orders(status="any"))
