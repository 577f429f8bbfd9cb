"""Where a census begins: the slices it is cut into, and the cursor that the polls after it go by.

A resync is a census that begins anew over a mirror which is there. Every row is doubted; the
census takes the doubt from those that it meets, and what is doubted at its end is asked for by
name (``doubts``). Nothing is forgotten before that, and what was done to the shop not at all.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from sqlalchemy import Connection

from wcflow.database.customers import customer_ids_after
from wcflow.database.orders import Owner
from wcflow.database.resync import (
    CUSTOMER,
    ORDER,
    confirm,
    doubt_all,
    doubted,
    drop_memberships_of_nobody,
    forget_doubts,
    torn,
)
from wcflow.database.sql import chunks, count_customers, count_orders, stamp
from wcflow.database.stores import (
    drop_slices,
    save_setting,
    save_slices,
    save_store,
    setting,
    store_row,
)
from wcflow.database.tables import ImportRange
from wcflow.errors import StoreError
from wcflow.poll.compare import look_for
from wcflow.poll.context import PollContext
from wcflow.poll.customers import HUNDRED, found_after_all, missing_from, read
from wcflow.poll.empty_answer import FULL, hold
from wcflow.poll.orders import DRAFTS, PART
from wcflow.poll.ownership import (
    drop_customers,
    mark_everyone_dirty,
    mark_owners_dirty,
    store_customers,
)
from wcflow.poll.paginate import margin
from wcflow.poll.products import BEGINNING
from wcflow.poll.quarantine import keep_singly
from wcflow.poll.ranges import ORDER_PARTS, customer_slices, order_slices, whole


@dataclass(frozen=True, slots=True)
class Outset:
    """What the shop says before a census: ``cursor`` is the stamp up to which all will be read."""

    server_now: int
    cursor: int
    newest_customer: int
    customers: list[ImportRange]
    orders: list[ImportRange]


def begin(visit: PollContext) -> None:
    """Cut the first census into slices, and note what the polls after it go by."""
    found = _outset(visit)
    with visit.db.transaction() as tx:
        save_slices(tx, [*found.customers, *found.orders])
        save_store(tx, visit.store, census_started=found.server_now)
        _note_customers(tx, visit, found)
        _note_orders(tx, visit, found)


def begin_anew(visit: PollContext, *, orders: bool, customers: bool) -> None:
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


def _cut_anew(tx: Connection, visit: PollContext, kind: str, found: Outset) -> None:
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


def _outset(visit: PollContext) -> Outset:
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


def _note_customers(tx: Connection, visit: PollContext, found: Outset) -> None:
    save_store(tx, visit.store, newest_customer=found.newest_customer)


def _note_orders(tx: Connection, visit: PollContext, found: Outset) -> None:
    row = store_row(tx, visit.store)
    before = row.order_cursor if row else None
    cursor = found.cursor if before is None else min(before, found.cursor)
    save_store(tx, visit.store, order_cursor=cursor)


def _whole_parts(store: str) -> list[ImportRange]:
    drafts = [whole(store, PART, number) for number in range(len(DRAFTS))]
    return [whole(store, "products"), whole(store, "trash"), *drafts]


# The end of a resync: what the census did not meet is asked for by name, and everybody looked at.


def settle_doubts(visit: PollContext) -> None:
    """Drop what the shop no longer has, unless it seems to have lost everything."""
    with visit.db.reading() as tx:
        if not setting(tx, resyncing(visit.store)):
            return
    _settle_customers(visit)
    _settle_orders(visit)
    with visit.db.transaction() as tx:
        mark_everyone_dirty(tx, visit.settings)
        everyone = customer_ids_after(tx, visit.store, 0, count_customers(tx, visit.store))
        mark_owners_dirty(tx, visit.settings, {Owner(each, "") for each in everyone})
        drop_memberships_of_nobody(tx, visit.store)
        save_setting(tx, resyncing(visit.store), "")


def _settle_customers(visit: PollContext) -> None:
    for ids in chunks(_left(visit, CUSTOMER), HUNDRED):
        listing = visit.customers(ids)
        found, gone = found_after_all(visit, missing_from(listing, ids))
        with visit.db.transaction() as tx:
            visit.tally.deleted += drop_customers(tx, visit.settings, gone)
            told = [*read(visit, listing), *found]
            visit.tally.customers += keep_singly(
                tx, visit, told, partial(store_customers, tx, visit.settings)
            )
            visit.keep_notes(tx)
            confirm(tx, visit.store, CUSTOMER, ids)
        visit.alive()


def _settle_orders(visit: PollContext) -> None:
    for ids in chunks(_left(visit, ORDER), HUNDRED):
        look_for(visit, ids)
        with visit.db.transaction() as tx:
            confirm(tx, visit.store, ORDER, ids)


def _left(visit: PollContext, kind: str) -> list[int]:
    """Give what is doubted still: nothing where a full mirror would be emptied, which is held instead."""
    with visit.db.reading() as tx:
        left = doubted(tx, visit.store, kind)
        known = _count(tx, visit.store, kind)
    if visit.accept or known < FULL or len(left) < known:
        return left
    with visit.db.transaction() as tx:
        forget_doubts(tx, visit.store, kind)
    what = f"{kind}s"
    if (visit.order if kind == ORDER else visit.customer)(max(left)) is not None:
        raise StoreError(
            f"the store lists no {what}, and has them when asked by name",
            "look for a plugin or a cache that changes the REST API; nothing was deleted",
            asked=f"GET /{what}",
        )
    hold(visit, what, f"none, where {known} are known")
    return []


def _count(tx: Connection, store: str, kind: str) -> int:
    return sum(count_orders(tx, store).values()) if kind == ORDER else count_customers(tx, store)
