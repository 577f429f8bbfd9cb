"""Ask again, once a night, for what was put aside: understood, still not, or gone.

In between it is only met again when the shop stamps it anew.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from functools import partial

from msgspec.structs import replace
from sqlalchemy import Connection

from wcflow.database.customers import emails_of_customers
from wcflow.database.orders import orders_of_refunds
from wcflow.database.quarantine import Key, quarantined_rows, take_back_nameless
from wcflow.database.sql import chunks
from wcflow.poll.context import PollContext
from wcflow.poll.customers import found_after_all, missing_from, read
from wcflow.poll.order_page import completed, keep
from wcflow.poll.ownership import drop_customers, drop_orders, store_customers, store_orders
from wcflow.poll.products import keep_products
from wcflow.poll.quarantine import keep_singly
from wcflow.records import Order

_HUNDRED = 100
_MOST = 500
"""How many of a kind are asked for in one night."""


def ask_again(visit: PollContext) -> None:
    """Ask for every row that is aside."""
    with visit.db.transaction() as tx:
        visit.keep_notes(tx)
        take_back_nameless(tx, visit.store, before=visit.now)
    for kind, ask in _KINDS.items():
        for some in chunks(_ids_aside(visit, kind), _HUNDRED):
            ask(visit, some)
            visit.alive()


def unknown_aside(tx: Connection, store: str) -> int:
    """Count the customers who are aside and were never understood."""
    ids = {row.id for row in quarantined_rows(tx, store) if row.kind == "customer"}
    return len(ids) - len(emails_of_customers(tx, store, ids))


def _ids_aside(visit: PollContext, kind: str) -> list[int]:
    with visit.db.reading() as tx:
        ids = [row.id for row in quarantined_rows(tx, visit.store) if row.kind == kind and row.id]
    return ids[-_MOST:]  # those that were asked for longest ago


def _orders(visit: PollContext, ids: Collection[int]) -> None:
    listing = visit.orders(status="any", include=ids)
    there = {order.id for order in listing.rows} | {row.id for row in listing.unreadable}
    named = {each: visit.order(each) for each in sorted(set(ids) - there)}
    found = [order for order in named.values() if isinstance(order, Order)]
    page = completed(visit, [*listing.rows, *found], again=False)
    gone = [each for each, order in named.items() if order is None]
    with visit.db.transaction() as tx:
        visit.tally.deleted += drop_orders(tx, visit.settings, gone)
        keep(tx, visit, page)


def _customers(visit: PollContext, ids: Collection[int]) -> None:
    listing = visit.customers(ids)
    found, gone = found_after_all(visit, missing_from(listing, ids))
    with visit.db.transaction() as tx:
        visit.tally.deleted += drop_customers(tx, visit.settings, sorted(gone))
        told = [*read(visit, listing), *found]
        visit.tally.customers += keep_singly(
            tx, visit, told, partial(store_customers, tx, visit.settings)
        )
        visit.keep_notes(tx)


def _products(visit: PollContext, ids: Collection[int]) -> None:
    listing = visit.products(include=ids)
    there = {product.id for product in listing.rows} | {row.id for row in listing.unreadable}
    if not listing.full:
        visit.notes.forget(Key("product", each) for each in set(ids) - there)
    with visit.db.transaction() as tx:
        keep_products(tx, visit, listing.rows)


def _refunds(visit: PollContext, ids: Collection[int]) -> None:
    with visit.db.reading() as tx:
        orders = orders_of_refunds(tx, visit.store, frozenset(ids))
    dates = {key: refund.date for key, refund in visit.refunds(orders).items()}
    told = [
        replace(o, refunds=tuple(replace(r, date=r.date or dates.get(r.id)) for r in o.refunds))
        for o in orders
    ]
    undated = {refund.id for order in orders for refund in order.refunds if refund.date is None}
    visit.notes.forget(Key("refund", each) for each in set(ids) - undated)
    with visit.db.transaction() as tx:
        visit.tally.orders += keep_singly(
            tx, visit, told, partial(store_orders, tx, visit.settings)
        )
        visit.keep_notes(tx)


_KINDS: Mapping[str, Callable[[PollContext, list[int]], None]] = {
    "customer": _customers,
    "order": _orders,
    "product": _products,
    "refund": _refunds,
}
