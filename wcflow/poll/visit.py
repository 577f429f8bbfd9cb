"""One visit to one shop: what all parts of a poll share, and the shop as they ask it. Nothing is decided here.

Who asks by way of a visit has noted what could not be understood (aside.py).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar, Unpack

from sqlalchemy import Connection

from wcflow.mirror.database import Database
from wcflow.mirror.stores import store_row
from wcflow.mirror.tables import StoreRow
from wcflow.poll.aside import Notes
from wcflow.poll.known import Known
from wcflow.poll.settings import PollSettings, Progress
from wcflow.records import Customer, Order, Product, Refund
from wcflow.store.client import Listing, Store, Unreadable, UnreadableRowError
from wcflow.store.queries import Filters

T = TypeVar("T", Customer, Order, Product)


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
    have: asked once a visit. ``known`` is what a census knows of the mirror.
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
    notes: Notes = field(default_factory=Notes)
    known: Known | None = None

    @property
    def store(self) -> str:
        return self.settings.store

    def orders(self, *, page_size: int | None = None, **filters: Unpack[Filters]) -> Listing[Order]:
        """Ask for orders, with the meta that is to be kept."""
        keys = self.settings.meta_keys
        told = self.shop.orders(meta_keys=keys, page_size=page_size, **filters)
        return self._noted("order", told)

    def order_ids(
        self, *, page_size: int | None = None, **filters: Unpack[Filters]
    ) -> Listing[tuple[int, datetime]]:
        """Ask for orders by id and stamp; that these are understood says nothing of the rest."""
        told = self.shop.order_ids(page_size=page_size, **filters)
        self.notes.note("order", (), told.unreadable)
        return told

    def order(self, order_id: int) -> Order | Unreadable | None:
        """Ask for one order by name; None where it was deleted for good."""
        keys = self.settings.meta_keys
        return self._named("order", order_id, lambda: self.shop.order(order_id, keys))

    def customers(self, ids: Collection[int], *, whoever: bool = False) -> Listing[Customer]:
        """Ask for these customers; ``whoever``: for all that there are between two ids."""
        return self._noted("customer", self.shop.customers(ids, whoever=whoever))

    def customer(self, customer_id: int) -> Customer | Unreadable | None:
        """Ask for one customer by name; None where there is none."""
        return self._named("customer", customer_id, lambda: self.shop.customer(customer_id))

    def products(self, **filters: Any) -> Listing[Product]:
        """Ask for products."""
        return self._noted("product", self.shop.products(**filters))

    def refunds(self, orders: Iterable[Order]) -> dict[int, Refund]:
        """Ask for the dates of refunds that have none yet, and are not known."""
        told = self.shop.refunds(orders, self.known.refunds if self.known else ())
        self.notes.note("refund", told.found, told.unreadable)
        return told.found

    def _noted(self, kind: str, told: Listing[T]) -> Listing[T]:
        self.notes.note(kind, (row.id for row in told.rows), told.unreadable)
        return told

    def _named(self, kind: str, number: int, ask: Callable[[], T | None]) -> T | Unreadable | None:
        try:
            found = ask()
        except UnreadableRowError as error:
            there = error.row._replace(id=number)  # whatever it says: it was asked for by name
            self.notes.note(kind, (), [there])
            return there
        self.notes.note(kind, [number], ())
        return found

    def keep_notes(self, tx: Connection) -> None:
        """Keep what could not be understood, with whatever else says that it was passed."""
        self.notes.keep(tx, self.store, self.now)

    def alive(self) -> None:
        """Tell whoever watches that work goes on, of no part of the census: a lease may be renewed."""
        self.progress("", 0, 0)

    def row(self) -> StoreRow:
        """Give what is kept about the shop."""
        with self.db.reading() as tx:
            row = store_row(tx, self.store)
        assert row is not None, f"the store {self.store} must be kept before it is polled"
        return row
