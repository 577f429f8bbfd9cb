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
from wcflow.poll.quarantine import keep_singly
from wcflow.records import Product

BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)
"""Before any shop: where a walk begins that leaves nothing out."""


def poll_products(visit: PollContext) -> None:
    """Read the products that changed since the newest change that is known."""
    with visit.db.reading() as tx:
        newest = newest_product_stamp(tx, visit.store)
    read_products(visit, BEGINNING if newest is None else instant(newest))


def read_products(visit: PollContext, since: datetime) -> None:
    """Read the products that changed since then."""
    for step in product_trail(visit).steps(since):
        with visit.db.transaction() as tx:
            keep_products(tx, visit, step.rows)
        visit.alive()


def keep_products(tx: Connection, visit: PollContext, told: Collection[Product]) -> None:
    """Keep products, and touch those who bought one that says something new."""
    news = set[int]()

    def keep(some: Collection[Product]) -> int:
        changed = save_products(tx, visit.store, some)
        news.update(changed)
        return len(changed)

    visit.tally.products += keep_singly(tx, visit, told, keep)
    if news:
        mark_owners_dirty(tx, visit.settings, owners_of_buyers(tx, visit.store, news))
    visit.keep_notes(tx)


def product_trail(visit: PollContext) -> KeysetPager[Product]:
    """Give the way through the products, by when they changed."""
    return KeysetPager(
        ask=visit.products,
        by="modified",
        stamp=lambda product: product.modified or BEGINNING,
        number=lambda product: product.id,
        zone=visit.settings.zone,
    )
