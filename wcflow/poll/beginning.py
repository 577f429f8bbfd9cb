"""Where a census begins: the slices it is cut into, and the cursor that the polls after it go by.

A resync is a census that begins anew over a mirror which is there. Every row is doubted; the
census takes the doubt from those that it meets, and what is doubted at its end is asked for by
name (``doubts``). Nothing is forgotten before that, and what was done to the shop not at all.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection

from wcflow.mirror.doubts import CUSTOMER, ORDER, doubt_all, torn
from wcflow.mirror.slices import drop_slices, save_slices
from wcflow.mirror.stores import save_setting, save_store, setting, store_row
from wcflow.mirror.tables import CensusSlice
from wcflow.mirror.upserts import stamp
from wcflow.poll.clock import margin
from wcflow.poll.drafts import DRAFTS, PART
from wcflow.poll.portions import ORDER_PARTS, customer_slices, order_slices, whole
from wcflow.poll.products import BEGINNING
from wcflow.poll.visit import Visit


@dataclass(frozen=True, slots=True)
class Outset:
    """What the shop says before a census: ``cursor`` is the stamp up to which all will be read."""

    server_now: int
    cursor: int
    newest_customer: int
    customers: list[CensusSlice]
    orders: list[CensusSlice]


def begin(visit: Visit) -> None:
    """Cut the first census into slices, and note what the polls after it go by."""
    found = _outset(visit)
    with visit.db.transaction() as tx:
        save_slices(tx, [*found.customers, *found.orders])
        save_store(tx, visit.store, census_started=found.server_now)
        _note_customers(tx, visit, found)
        _note_orders(tx, visit, found)


def begin_anew(visit: Visit, *, orders: bool, customers: bool) -> None:
    """Have the chosen rows read anew; the next census does so, whoever makes it.

    One that is under way goes on, unless more is to be read than it reads.
    """
    wanted = {kind for kind, chosen in ((ORDER, orders), (CUSTOMER, customers)) if chosen}
    with visit.db.reading() as tx:
        under_way = set((setting(tx, resyncing(visit.store)) or "").split())
        broken = {kind: torn(tx, visit.store, kind) for kind in sorted(wanted - under_way)}
    if visit.row().census_started is None or not broken:
        return
    found = _outset(visit)
    with visit.db.transaction() as tx:
        for kind, ids in broken.items():
            doubt_all(tx, visit.store, kind, ids)
            _cut_anew(tx, visit, kind, found)
        save_setting(tx, resyncing(visit.store), " ".join(sorted(wanted | under_way)))
        save_store(tx, visit.store, census_done=None)


def _cut_anew(tx: Connection, visit: Visit, kind: str, found: Outset) -> None:
    if kind == CUSTOMER:
        drop_slices(tx, visit.store, ["customers"])
        save_slices(tx, found.customers)
        _note_customers(tx, visit, found)
    else:
        drop_slices(tx, visit.store, ["products", *ORDER_PARTS])
        save_slices(tx, found.orders)
        _note_orders(tx, visit, found)


def resyncing(store: str) -> str:
    """Name the setting that says of what a resync is under way; empty where there is none."""
    return f"resync {store}"


def _outset(visit: Visit) -> Outset:
    first = visit.orders(status="any", orderby="date", order="asc", page_size=1)
    latest = visit.shop.order_ids(status="any", orderby="modified", order="desc", page_size=1)
    newest = max(visit.shop.newest_customer_ids(1).rows, default=0)
    oldest = min((order.created for order in first.rows), default=BEGINNING)
    # By stamps as well as by the Date header: the two may come from different clocks.
    known = min([first.server_now, *(modified for _, modified in latest.rows)])
    now, total = stamp(first.server_now), first.total or 0
    return Outset(
        server_now=now,
        cursor=stamp(known - margin(known, visit.settings.zone)),
        newest_customer=newest,
        customers=customer_slices(visit.store, newest),
        orders=[
            *order_slices(visit.store, stamp(oldest), now, total),
            *_whole_parts(visit.store),
        ],
    )


def _note_customers(tx: Connection, visit: Visit, found: Outset) -> None:
    save_store(tx, visit.store, newest_customer=found.newest_customer)


def _note_orders(tx: Connection, visit: Visit, found: Outset) -> None:
    row = store_row(tx, visit.store)
    before = row.order_cursor if row else None
    cursor = found.cursor if before is None else min(before, found.cursor)
    save_store(tx, visit.store, order_cursor=cursor)


def _whole_parts(store: str) -> list[CensusSlice]:
    drafts = [whole(store, PART, number) for number in range(len(DRAFTS))]
    return [whole(store, "products"), whole(store, "trash"), *drafts]
