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
from wcflow.database.identity import Owner
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
    save_slices,
    save_store,
    store_row,
)
from wcflow.database.tables import ImportRange
from wcflow.errors import StoreError
from wcflow.poll.compare import confirm_missing_orders
from wcflow.poll.context import PollContext
from wcflow.poll.customers import BATCH_SIZE, confirm_missing_customers, kept_customers, missing_ids
from wcflow.poll.empty_answer import ALARM_FROM, hold_writes
from wcflow.poll.orders import DRAFT_STATUSES, DRAFTS_PART
from wcflow.poll.ownership import (
    apply_customers,
    drop_customers,
    mark_everyone_dirty,
    mark_owners_dirty,
)
from wcflow.poll.paginate import cursor_margin
from wcflow.poll.products import EARLIEST
from wcflow.poll.quarantine import save_or_quarantine
from wcflow.poll.ranges import ORDER_PARTS, customer_slices, order_slices, whole_slice


@dataclass(frozen=True, slots=True)
class StartState:
    """What the shop says before a census: ``cursor`` is the stamp up to which all will be read."""

    server_now: int
    cursor: int
    newest_customer: int
    customers: list[ImportRange]
    orders: list[ImportRange]


def start_initial_sync(context: PollContext) -> None:
    """Cut the first census into slices, and note what the polls after it go by."""
    found = _read_start_state(context)
    with context.db.transaction() as tx:
        save_slices(tx, [*found.customers, *found.orders])
        save_store(tx, context.store, census_started=found.server_now)
        _save_newest_customer(tx, context, found)
        _save_order_cursor(tx, context, found)


def start_resync(context: PollContext, *, orders: bool, customers: bool) -> None:
    """Have the chosen rows read anew; the next census does so, whoever makes it.

    One that is under way goes on, unless more is to be read than it reads.
    """
    wanted = {kind for kind, chosen in ((ORDER, orders), (CUSTOMER, customers)) if chosen}
    with context.db.reading() as tx:
        under_way = set(context.row().resyncing.split())
        broken = {kind: torn(tx, context.store, kind) for kind in sorted(wanted - under_way)}
    if context.row().census_started is None or not broken:
        return
    found = _read_start_state(context)
    with context.db.transaction() as tx:
        for kind, ids in broken.items():
            doubt_all(tx, context.store, kind, ids)
            _restart_part(tx, context, kind, found)
        save_store(tx, context.store, resyncing=" ".join(sorted(wanted | under_way)))
        save_store(tx, context.store, census_done=None)


def _restart_part(tx: Connection, context: PollContext, kind: str, found: StartState) -> None:
    if kind == CUSTOMER:
        drop_slices(tx, context.store, ["customers"])
        save_slices(tx, found.customers)
        _save_newest_customer(tx, context, found)
    else:
        drop_slices(tx, context.store, ["products", *ORDER_PARTS])
        save_slices(tx, found.orders)
        _save_order_cursor(tx, context, found)


def _read_start_state(context: PollContext) -> StartState:
    first = context.orders(status="any", orderby="date", order="asc", page_size=1)
    latest = context.client.order_ids(status="any", orderby="modified", order="desc", page_size=1)
    newest = max(context.client.newest_customer_ids(1).rows, default=0)
    oldest = min((order.created for order in first.rows), default=EARLIEST)
    # By stamps as well as by the Date header: the two may come from different clocks.
    known = min([first.server_now, *(modified for _, modified in latest.rows)])
    now, total = stamp(first.server_now), first.total or 0
    return StartState(
        server_now=now,
        cursor=stamp(known - cursor_margin(known, context.settings.zone)),
        newest_customer=newest,
        customers=customer_slices(context.store, newest),
        orders=[
            *order_slices(context.store, stamp(oldest), now, total),
            *_whole_slices(context.store),
        ],
    )


def _save_newest_customer(tx: Connection, context: PollContext, found: StartState) -> None:
    save_store(tx, context.store, newest_customer=found.newest_customer)


def _save_order_cursor(tx: Connection, context: PollContext, found: StartState) -> None:
    row = store_row(tx, context.store)
    before = row.order_cursor if row else None
    cursor = found.cursor if before is None else min(before, found.cursor)
    save_store(tx, context.store, order_cursor=cursor)


def _whole_slices(store: str) -> list[ImportRange]:
    drafts = [whole_slice(store, DRAFTS_PART, number) for number in range(len(DRAFT_STATUSES))]
    return [whole_slice(store, "products"), whole_slice(store, "trash"), *drafts]


# The end of a resync: what the census did not meet is asked for by name, and everybody looked at.


def finish_resync(context: PollContext) -> None:
    """Drop what the shop no longer has, unless it seems to have lost everything."""
    if not context.row().resyncing:
        return
    _confirm_customers(context)
    _confirm_orders(context)
    with context.db.transaction() as tx:
        mark_everyone_dirty(tx, context.settings)
        everyone = customer_ids_after(tx, context.store, 0, count_customers(tx, context.store))
        mark_owners_dirty(tx, context.settings, {Owner(each, "") for each in everyone})
        drop_memberships_of_nobody(tx, context.store)
        save_store(tx, context.store, resyncing="")


def _confirm_customers(context: PollContext) -> None:
    for ids in chunks(_unconfirmed_ids(context, CUSTOMER), BATCH_SIZE):
        listing = context.customers(ids)
        found, deleted = confirm_missing_customers(context, missing_ids(listing, ids))
        with context.db.transaction() as tx:
            context.tally.deleted += drop_customers(tx, context.settings, deleted)
            received = [*kept_customers(context, listing), *found]
            context.tally.customers += save_or_quarantine(
                tx, context, received, partial(apply_customers, tx, context.settings)
            )
            context.save_quarantine(tx)
            confirm(tx, context.store, CUSTOMER, ids)
        context.heartbeat()


def _confirm_orders(context: PollContext) -> None:
    for ids in chunks(_unconfirmed_ids(context, ORDER), BATCH_SIZE):
        confirm_missing_orders(context, ids)
        with context.db.transaction() as tx:
            confirm(tx, context.store, ORDER, ids)


def _unconfirmed_ids(context: PollContext, kind: str) -> list[int]:
    """Give what is doubted still: nothing where a full mirror would be emptied, which is held instead."""
    with context.db.reading() as tx:
        left = doubted(tx, context.store, kind)
        known = _count_known(tx, context.store, kind)
    if context.approved or known < ALARM_FROM or len(left) < known:
        return left
    with context.db.transaction() as tx:
        forget_doubts(tx, context.store, kind)
    what = f"{kind}s"
    if (context.order if kind == ORDER else context.customer)(max(left)) is not None:
        raise StoreError(
            f"the store lists no {what}, and has them when asked by name",
            "look for a plugin or a cache that changes the REST API; nothing was deleted",
            request=f"GET /{what}",
        )
    hold_writes(context, what, f"none, where {known} are known")
    return []


def _count_known(tx: Connection, store: str, kind: str) -> int:
    return sum(count_orders(tx, store).values()) if kind == ORDER else count_customers(tx, store)
