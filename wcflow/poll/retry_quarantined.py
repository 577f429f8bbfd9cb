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
from wcflow.poll.customers import confirm_missing_customers, kept_customers, missing_ids
from wcflow.poll.orders import complete_page, save_page
from wcflow.poll.ownership import apply_customers, apply_orders, drop_customers, drop_orders
from wcflow.poll.products import apply_products
from wcflow.poll.quarantine import save_or_quarantine
from wcflow.records import Order

_HUNDRED = 100
_MAX_PER_NIGHT = 500
"""How many of a kind are asked for in one night."""


def retry_quarantined(context: PollContext) -> None:
    """Ask for every row that is aside."""
    with context.db.transaction() as tx:
        context.save_quarantine(tx)
        take_back_nameless(tx, context.store, before=context.now)
    for kind, ask in _RETRIES.items():
        for some in chunks(_quarantined_ids(context, kind), _HUNDRED):
            ask(context, some)
            context.heartbeat()


def count_unknown_customers(tx: Connection, store: str) -> int:
    """Count the customers who are aside and were never understood."""
    ids = {row.id for row in quarantined_rows(tx, store) if row.kind == "customer"}
    return len(ids) - len(emails_of_customers(tx, store, ids))


def _quarantined_ids(context: PollContext, kind: str) -> list[int]:
    with context.db.reading() as tx:
        ids = [row.id for row in quarantined_rows(tx, context.store) if row.kind == kind and row.id]
    return ids[-_MAX_PER_NIGHT:]  # those that were asked for longest ago


def _retry_orders(context: PollContext, ids: Collection[int]) -> None:
    listing = context.orders(status="any", include=ids)
    present = {order.id for order in listing.rows} | {row.id for row in listing.unreadable}
    named = {each: context.order(each) for each in sorted(set(ids) - present)}
    found = [order for order in named.values() if isinstance(order, Order)]
    page = complete_page(context, [*listing.rows, *found], again=False)
    deleted = [each for each, order in named.items() if order is None]
    with context.db.transaction() as tx:
        context.tally.deleted += drop_orders(tx, context.settings, deleted)
        save_page(tx, context, page)


def _retry_customers(context: PollContext, ids: Collection[int]) -> None:
    listing = context.customers(ids)
    found, deleted = confirm_missing_customers(context, missing_ids(listing, ids))
    with context.db.transaction() as tx:
        context.tally.deleted += drop_customers(tx, context.settings, sorted(deleted))
        received = [*kept_customers(context, listing), *found]
        context.tally.customers += save_or_quarantine(
            tx, context, received, partial(apply_customers, tx, context.settings)
        )
        context.save_quarantine(tx)


def _retry_products(context: PollContext, ids: Collection[int]) -> None:
    listing = context.products(include=ids)
    present = {product.id for product in listing.rows} | {row.id for row in listing.unreadable}
    if not listing.full:
        context.quarantine.discard(Key("product", each) for each in set(ids) - present)
    with context.db.transaction() as tx:
        apply_products(tx, context, listing.rows)


def _retry_refunds(context: PollContext, ids: Collection[int]) -> None:
    with context.db.reading() as tx:
        orders = orders_of_refunds(tx, context.store, frozenset(ids))
    dates = {key: refund.date for key, refund in context.refunds(orders).items()}
    received = [
        replace(o, refunds=tuple(replace(r, date=r.date or dates.get(r.id)) for r in o.refunds))
        for o in orders
    ]
    undated = {refund.id for order in orders for refund in order.refunds if refund.date is None}
    context.quarantine.discard(Key("refund", each) for each in set(ids) - undated)
    with context.db.transaction() as tx:
        context.tally.orders += save_or_quarantine(
            tx, context, received, partial(apply_orders, tx, context.settings)
        )
        context.save_quarantine(tx)


_RETRIES: Mapping[str, Callable[[PollContext, list[int]], None]] = {
    "customer": _retry_customers,
    "order": _retry_orders,
    "product": _retry_products,
    "refund": _retry_refunds,
}
