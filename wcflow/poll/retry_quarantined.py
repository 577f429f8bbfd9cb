"""Read quarantined records again once a night: they are readable now, still unreadable, or gone.

Between nights they are only read again if the store stamps a change.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from functools import partial

from msgspec.structs import replace

from wcflow.database.orders import load_orders_with_undated_refunds
from wcflow.database.quarantine import RecordKey, drop_stale_without_id, load_quarantine
from wcflow.database.sql import chunks
from wcflow.poll.context import PollContext
from wcflow.poll.customers import HUNDRED, apply_refetched, refetch
from wcflow.poll.orders import complete_page, save_page
from wcflow.poll.ownership import apply_orders, drop_orders
from wcflow.poll.products import apply_products
from wcflow.poll.quarantine import save_or_quarantine
from wcflow.records import Order

_MOST = 500
"""Records of a kind to read again in one night."""


def retry_quarantined(context: PollContext) -> None:
    """Read all quarantined records again."""
    with context.db.transaction() as tx:
        context.save_quarantine(tx)
        drop_stale_without_id(tx, context.store, before=context.now)
    for kind, retry in _KINDS.items():
        for some in chunks(_quarantined(context, kind), HUNDRED):
            retry(context, some)
            context.checkpoint()


def _quarantined(context: PollContext, kind: str) -> list[int]:
    with context.db.reading() as tx:
        ids = [row.id for row in load_quarantine(tx, context.store) if row.kind == kind and row.id]
    return ids[-_MOST:]  # those that were read longest ago


def _retry_orders(context: PollContext, ids: Collection[int]) -> None:
    listing = context.orders(status="any", include=ids)
    there = {order.id for order in listing.rows} | {row.id for row in listing.unreadable}
    answers = {each: context.order(each) for each in sorted(set(ids) - there)}
    found = [order for order in answers.values() if isinstance(order, Order)]
    page = complete_page(context, [*listing.rows, *found], refetch_customers=False)
    gone = [each for each, order in answers.items() if order is None]
    with context.db.transaction() as tx:
        context.tally.deleted += drop_orders(tx, context.settings, gone)
        save_page(tx, context, page)


def _retry_customers(context: PollContext, ids: Collection[int]) -> None:
    refetched = refetch(context, ids)
    with context.db.transaction() as tx:
        apply_refetched(tx, context, refetched)


def _retry_products(context: PollContext, ids: Collection[int]) -> None:
    listing = context.products(include=ids)
    there = {product.id for product in listing.rows} | {row.id for row in listing.unreadable}
    if not listing.full:
        context.quarantine.discard(RecordKey("product", each) for each in set(ids) - there)
    with context.db.transaction() as tx:
        apply_products(tx, context, listing.rows)


def _retry_refunds(context: PollContext, ids: Collection[int]) -> None:
    with context.db.reading() as tx:
        orders = load_orders_with_undated_refunds(tx, context.store, frozenset(ids))
    dates = {key: refund.date for key, refund in context.refunds(orders).items()}
    dated = [
        replace(o, refunds=tuple(replace(r, date=r.date or dates.get(r.id)) for r in o.refunds))
        for o in orders
    ]
    undated = {refund.id for order in orders for refund in order.refunds if refund.date is None}
    context.quarantine.discard(RecordKey("refund", each) for each in set(ids) - undated)
    with context.db.transaction() as tx:
        save = partial(apply_orders, tx, context.settings)
        context.tally.orders += save_or_quarantine(tx, context.quarantine, dated, save)
        context.save_quarantine(tx)


_KINDS: Mapping[str, Callable[[PollContext, list[int]], None]] = {
    "customer": _retry_customers,
    "order": _retry_orders,
    "product": _retry_products,
    "refund": _retry_refunds,
}
