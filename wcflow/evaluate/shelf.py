"""The products that orders name, read from the mirror once for all who are judged together."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import chain

from sqlalchemy import Connection

from wcflow.mirror.products import all_products, products
from wcflow.records import Order, Product

MANY = 100
"""For so many people all products are read: to look through their orders for some costs more."""
ROOM = 20_000
"""So many products are held at once; a few tens of megabytes."""


@dataclass(slots=True)
class Shelf:
    """Products by id. ``whole`` says whether all are here; None while nobody has tried."""

    store: str
    products: dict[int, Product] = field(default_factory=dict)
    whole: bool | None = None

    def fetch(self, tx: Connection, theirs: Iterable[Iterable[Order]], people: int) -> None:
        """Read what these orders name and is not here yet; or all, where many people are judged."""
        if self.whole is None and people >= MANY:
            self._fetch_all(tx)
        if not self.whole:
            self._fetch_named(tx, chain.from_iterable(theirs))

    def _fetch_all(self, tx: Connection) -> None:
        found = all_products(tx, self.store, ROOM + 1)
        self.whole = len(found) <= ROOM
        if self.whole:
            self.products.update(found)

    def _fetch_named(self, tx: Connection, orders: Iterable[Order]) -> None:
        wanted = {item.product_id for order in orders for item in order.items} - {0}
        missing = sorted(wanted - self.products.keys())
        if missing:
            self.products.update(products(tx, self.store, missing))
