"""One visit to one shop: what all parts of a poll share. Nothing is asked and nothing decided here."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from wcflow.mirror.database import Database
from wcflow.mirror.stores import store_row
from wcflow.mirror.tables import StoreRow
from wcflow.poll.settings import PollSettings, Progress
from wcflow.records import Order
from wcflow.store.client import Listing, Store


@dataclass(slots=True)
class Tally:
    """What a visit has found so far."""

    orders: int = 0
    customers: int = 0
    products: int = 0
    deleted: int = 0


@dataclass(frozen=True, slots=True)
class Visit:
    """A shop, its mirror, how it is to be read, and what was found.

    ``absent_customers`` and ``absent_products`` are ids that orders name and the shop does not
    have: asked once a visit.
    """

    db: Database
    shop: Store
    settings: PollSettings
    now: datetime
    progress: Progress = lambda *_: None
    accept: bool = False
    tally: Tally = field(default_factory=Tally)
    absent_customers: set[int] = field(default_factory=set)
    absent_products: set[int] = field(default_factory=set)

    @property
    def store(self) -> str:
        return self.settings.store

    @property
    def orders(self) -> partial[Listing[Order]]:
        """The way to ask for orders, with the meta that is to be kept."""
        return partial(self.shop.orders, meta_keys=self.settings.meta_keys)

    def alive(self) -> None:
        """Tell whoever watches that work goes on, of no part of the census: a lease may be renewed."""
        self.progress("", 0, 0)

    def row(self) -> StoreRow:
        """Give what is kept about the shop."""
        with self.db.reading() as tx:
            row = store_row(tx, self.store)
        assert row is not None, f"the store {self.store} must be kept before it is polled"
        return row
