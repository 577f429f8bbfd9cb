"""Products: read those that changed, and mark the people who bought them for evaluation."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime

from sqlalchemy import Connection

from wcflow.database.orders import find_owners_by_product
from wcflow.database.products import find_newest_product_stamp, save_products
from wcflow.database.sql import instant
from wcflow.poll.context import PollContext
from wcflow.poll.ownership import mark_owners_dirty
from wcflow.poll.paginate import KeysetPager
from wcflow.poll.quarantine import save_or_quarantine
from wcflow.records import Product

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
"""Before any store existed: where a complete pass begins."""


def poll_products(context: PollContext) -> None:
    """Read the products that changed since the newest known change."""
    with context.db.reading() as tx:
        newest = find_newest_product_stamp(tx, context.store)
    read_products(context, EARLIEST if newest is None else instant(newest))


def read_products(context: PollContext, since: datetime) -> None:
    """Read the products that changed since then."""
    for step in products_pager(context).steps(since):
        with context.db.transaction() as tx:
            apply_products(tx, context, step.rows)
        context.checkpoint()


def apply_products(tx: Connection, context: PollContext, products: Collection[Product]) -> None:
    """Save products, and mark the people who bought one that changed."""
    changed = set[int]()

    def save(some: Collection[Product]) -> int:
        ids = save_products(tx, context.store, some)
        changed.update(ids)
        return len(ids)

    context.tally.products += save_or_quarantine(tx, context.quarantine, products, save)
    if changed:
        mark_owners_dirty(tx, context.settings, find_owners_by_product(tx, context.store, changed))
    context.save_quarantine(tx)


def products_pager(context: PollContext) -> KeysetPager[Product]:
    """Return a pager through the products by their last change."""
    return KeysetPager(
        ask=context.products,
        by="modified",
        stamp=lambda product: product.modified or EARLIEST,
        number=lambda product: product.id,
        zone=context.zone,
    )
