"""Products: those that changed, and whom it concerns what they are filed under."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime

from sqlalchemy import Connection

from wcflow.database.orders import owners_of_buyers
from wcflow.database.products import newest_product_stamp, save_products
from wcflow.database.sql import instant
from wcflow.poll.context import PollContext
from wcflow.poll.ownership import mark_owners_dirty
from wcflow.poll.paginate import KeysetPager
from wcflow.poll.quarantine import save_or_quarantine
from wcflow.records import Product

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
"""Before any shop: where a walk begins that leaves nothing out."""


def poll_products(context: PollContext) -> None:
    """Read the products that changed since the newest change that is known."""
    with context.db.reading() as tx:
        newest = newest_product_stamp(tx, context.store)
    read_products(context, EARLIEST if newest is None else instant(newest))


def read_products(context: PollContext, since: datetime) -> None:
    """Read the products that changed since then."""
    for step in products_pager(context).steps(since):
        with context.db.transaction() as tx:
            apply_products(tx, context, step.rows)
        context.heartbeat()


def apply_products(tx: Connection, context: PollContext, received: Collection[Product]) -> None:
    """Keep products, and touch those who bought one that says something new."""
    news = set[int]()

    def save(some: Collection[Product]) -> int:
        changed = save_products(tx, context.store, some)
        news.update(changed)
        return len(changed)

    context.tally.products += save_or_quarantine(tx, context, received, save)
    if news:
        mark_owners_dirty(tx, context.settings, owners_of_buyers(tx, context.store, news))
    context.save_quarantine(tx)


def products_pager(context: PollContext) -> KeysetPager[Product]:
    """Give the way through the products, by when they changed."""
    return KeysetPager(
        ask=context.products,
        by="modified",
        stamp=lambda product: product.modified or EARLIEST,
        number=lambda product: product.id,
        zone=context.settings.zone,
    )
