"""Start an initial sync or a resync, and settle at its end what it did not find.

A resync is an initial sync over a database that has data. Every record is marked as unconfirmed;
the pass confirms those it finds, and the rest is requested by id at the end. Nothing is dropped
before that, and what was written to the store is kept.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection

from wcflow.database.customers import load_next_customer_ids
from wcflow.database.identity import Owner
from wcflow.database.sql import chunks, count_customers, count_orders, stamp
from wcflow.database.stores import delete_ranges, load_store_row, save_ranges, save_store
from wcflow.database.tables import ImportRange
from wcflow.database.unconfirmed import (
    CUSTOMER,
    ORDER,
    clear_unconfirmed,
    confirm,
    delete_orphan_memberships,
    load_unconfirmed,
    load_unreadable_ids,
    mark_unconfirmed,
)
from wcflow.errors import StoreError
from wcflow.poll.compare import confirm_missing_orders
from wcflow.poll.context import FULL, PollContext, raise_alarm
from wcflow.poll.customers import HUNDRED, apply_refetched, refetch
from wcflow.poll.orders import DRAFT_STATUSES, DRAFTS_PART
from wcflow.poll.ownership import mark_everyone_dirty, mark_owners_dirty
from wcflow.poll.paginate import cursor_margin
from wcflow.poll.products import EARLIEST
from wcflow.poll.ranges import (
    ORDER_PARTS,
    customer_slices,
    order_slices,
    undated_slice,
    whole_slice,
)


@dataclass(frozen=True, slots=True)
class Plan:
    """The ranges to read; ``cursor`` is the stamp from which the polls afterwards go on."""

    server_now: int
    cursor: int
    newest_customer_id: int
    customers: list[ImportRange]
    orders: list[ImportRange]


def start_initial_sync(context: PollContext) -> None:
    """Plan the first initial sync, and save where the polls afterwards go on."""
    plan = _plan(context)
    with context.db.transaction() as tx:
        save_ranges(tx, [*plan.customers, *plan.orders])
        save_store(tx, context.store, initial_sync_started=plan.server_now, child_orders_read=True)
        save_store(tx, context.store, newest_customer_id=plan.newest_customer_id)
        _save_cursor(tx, context, plan)


def start_resync(context: PollContext, *, orders: bool, customers: bool) -> None:
    """Plan to read the chosen records again; the next initial sync does it.

    A resync under way continues, unless more is to be read than it reads.
    """
    wanted = {kind for kind, chosen in ((ORDER, orders), (CUSTOMER, customers)) if chosen}
    with context.db.reading() as tx:
        running = set(context.row().resyncing.split())
        unreadable = {
            kind: load_unreadable_ids(tx, context.store, kind) for kind in sorted(wanted - running)
        }
    if context.row().initial_sync_started is None or not unreadable:
        return
    plan = _plan(context)
    with context.db.transaction() as tx:
        for kind, ids in unreadable.items():
            mark_unconfirmed(tx, context.store, kind, ids)
            _replace_ranges(tx, context, kind, plan)
        save_store(tx, context.store, resyncing=" ".join(sorted(wanted | running)))
        save_store(tx, context.store, initial_sync_done=None)


def _replace_ranges(tx: Connection, context: PollContext, kind: str, plan: Plan) -> None:
    if kind == CUSTOMER:
        delete_ranges(tx, context.store, ["customers"])
        save_ranges(tx, plan.customers)
        save_store(tx, context.store, newest_customer_id=plan.newest_customer_id)
    else:
        delete_ranges(tx, context.store, ["products", *ORDER_PARTS])
        save_ranges(tx, plan.orders)
        _save_cursor(tx, context, plan)


def _plan(context: PollContext) -> Plan:
    first = context.orders(status="any", orderby="date", order="asc", page_size=1)
    latest = context.client.order_ids(status="any", orderby="modified", order="desc", page_size=1)
    newest = max(context.client.newest_customer_ids(1).rows, default=0)
    undated, total = any(order.undated for order in first.rows), first.total or 0
    if undated:
        # The store sorts orders without a date first; the ranges begin with the oldest date.
        first = context.orders(
            status="any", orderby="date", order="asc", page_size=1, after=EARLIEST
        )
    oldest = min((order.created for order in first.rows), default=EARLIEST)
    # Stamps count as well as the Date header: the two can come from different clocks.
    known = min([first.server_now, *(modified for _, modified in latest.rows)])
    now, dated = stamp(first.server_now), first.total or 0
    return Plan(
        server_now=now,
        cursor=stamp(known - cursor_margin(known, context.zone)),
        newest_customer_id=newest,
        customers=customer_slices(context.store, newest),
        orders=[
            *order_slices(context.store, stamp(oldest), now, dated),
            *([undated_slice(context.store, total - dated)] if undated else []),
            whole_slice(context.store, "products"),
            whole_slice(context.store, "trash"),
            *(
                whole_slice(context.store, DRAFTS_PART, number)
                for number in range(len(DRAFT_STATUSES))
            ),
        ],
    )


def _save_cursor(tx: Connection, context: PollContext, plan: Plan) -> None:
    row = load_store_row(tx, context.store)
    before = row.order_cursor if row else None
    cursor = plan.cursor if before is None else min(before, plan.cursor)
    save_store(tx, context.store, order_cursor=cursor)


# The end of a resync


def finish_resync(context: PollContext) -> None:
    """Drop what no longer exists at the store, and mark everyone for evaluation."""
    if not context.row().resyncing:
        return
    _settle_customers(context)
    _settle_orders(context)
    with context.db.transaction() as tx:
        mark_everyone_dirty(tx, context.settings)
        accounts = load_next_customer_ids(tx, context.store, 0, count_customers(tx, context.store))
        mark_owners_dirty(tx, context.settings, {Owner(each, "") for each in accounts})
        delete_orphan_memberships(tx, context.store)
        save_store(tx, context.store, resyncing="")


def _settle_customers(context: PollContext) -> None:
    for ids in chunks(_unconfirmed(context, CUSTOMER), HUNDRED):
        refetched = refetch(context, ids)
        with context.db.transaction() as tx:
            apply_refetched(tx, context, refetched)
            confirm(tx, context.store, CUSTOMER, ids)
        context.checkpoint()


def _settle_orders(context: PollContext) -> None:
    for ids in chunks(_unconfirmed(context, ORDER), HUNDRED):
        confirm_missing_orders(context, ids)
        with context.db.transaction() as tx:
            confirm(tx, context.store, ORDER, ids)


def _unconfirmed(context: PollContext, kind: str) -> list[int]:
    """Return the ids that were not found; none, but an alarm, if that is all of many."""
    with context.db.reading() as tx:
        ids = load_unconfirmed(tx, context.store, kind)
        known = _count(tx, context.store, kind)
    if context.approved or known < FULL or len(ids) < known:
        return ids
    with context.db.transaction() as tx:
        clear_unconfirmed(tx, context.store, kind)
    if (context.order if kind == ORDER else context.customer)(max(ids)) is not None:
        raise StoreError(
            f"the store lists no {kind}s but returns them one by one",
            "Look for a plugin or a cache that changes the REST API. Nothing was deleted.",
            request=f"GET /{kind}s",
        )
    raise_alarm(context, f"{kind}s", f"none, where {known} are known")
    return []


def _count(tx: Connection, store: str, kind: str) -> int:
    return sum(count_orders(tx, store).values()) if kind == ORDER else count_customers(tx, store)
