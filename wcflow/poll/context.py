"""What a poll is told, and what it tells. No behaviour."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from threading import Lock
from typing import Any, TypeVar, Unpack

import structlog
from sqlalchemy import Connection

from wcflow.database.connection import Database
from wcflow.database.customers import customer_ids
from wcflow.database.evaluation_queue import accounts_touched
from wcflow.database.orders import Owner, newest_with
from wcflow.database.products import product_ids
from wcflow.database.quarantine import Key, quarantine, quarantined_rows, release_rows
from wcflow.database.stores import store_row
from wcflow.database.tables import StoreRow
from wcflow.records import Customer, Order, Product, Refund
from wcflow.store.client import Store
from wcflow.store.listing import Filters, Listing, Unreadable, UnreadableRowError

Progress = Callable[[str, int, int], object]
"""Called with a part of the census (customers, products, orders, …), how much is done, of how much;
with an empty part between the pages of other work."""


@dataclass(frozen=True, slots=True)
class PollSettings:
    """How one shop is to be read.

    ``meta_keys`` are the meta to keep, of orders and of customers, wcflow's own among them.
    ``guests`` is ``by_email``, or ``ignore``: guests are then nobody. ``zone`` is the shop's own.
    """

    store: str
    zone: tzinfo
    meta_keys: frozenset[str] = frozenset()
    shared_emails: frozenset[str] = frozenset()
    guests: str = "by_email"
    parallel: int = 2
    sweep_every_seconds: int = 86400


@dataclass(frozen=True, slots=True)
class Pulled:
    """What a poll found: how many orders, customers and products say something new or are gone."""

    orders: int = 0
    customers: int = 0
    products: int = 0
    deleted: int = 0
    census: bool = False
    requests: int = 0


# What a census knows the mirror to have, so as not to ask it page by page. The shop is not asked. It holds for as long as nobody else writes, and no longer than the census.

_MOST = 100_000
"""So many guests are remembered as touched: they take about twenty megabytes."""


@dataclass(frozen=True, slots=True)
class Known:
    """Ids that the mirror has, and whose people are touched. ``orders`` says whether it had any.

    ``accounts`` and ``guests`` are touched, by id and by address; ``refunds`` are the dates of those
    that the shop has told in advance.
    """

    orders: bool
    customers: set[int]
    products: set[int]
    accounts: set[int]
    guests: set[str] = field(default_factory=set)
    refunds: dict[int, datetime] = field(default_factory=dict)

    def untouched(self, owners: Iterable[Owner]) -> set[Owner]:
        """Pick those who are not known to be touched."""
        return {
            owner
            for owner in owners
            if (
                owner.customer_id not in self.accounts
                if owner.customer_id
                else owner.email not in self.guests
            )
        }

    def note_touched(self, owners: Iterable[Owner]) -> None:
        """Note that these need not be touched again."""
        if len(self.guests) > _MOST:
            self.guests.clear()
        self.accounts.update(owner.customer_id for owner in owners if owner.customer_id)
        self.guests.update(owner.email for owner in owners if not owner.customer_id)


def known_of(tx: Connection, store: str) -> Known:
    """Learn what the mirror has."""
    return Known(
        orders=newest_with(tx, store) is not None,
        customers=customer_ids(tx, store),
        products=product_ids(tx, store),
        accounts=accounts_touched(tx, store),
    )


# What a visit could not understand, and what it understands again. The shop is not asked here. Several threads note; what they noted is kept in the transaction that passes those rows, so that none is passed without a trace.

log = structlog.get_logger()


class Notes:
    """Rows to be put aside and to be taken back, as noted since they were last kept."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._known: dict[Key, str] = {}
        self._put: dict[Key, str] = {}
        self._back: set[Key] = set()

    def begin(self, tx: Connection, store: str) -> None:
        """Learn what is aside already."""
        self._known = {Key(row.kind, row.id): row.reason for row in quarantined_rows(tx, store)}

    def aside(self, kind: str) -> set[int]:
        """Give the rows of a kind that are aside: the night asks for them, and nobody else need."""
        with self._lock:
            return {key.id for key in (*self._known, *self._put) if key.kind == kind}

    def note(self, kind: str, understood: Iterable[int], others: Iterable[Unreadable]) -> None:
        """Note what of an answer was understood, and what was not; the latest answer counts."""
        with self._lock:
            if self._known or self._put:
                self._understood({Key(kind, each) for each in understood})
            for row in others:
                self._put[Key(kind, row.id)] = row.why
                self._back.discard(Key(kind, row.id))

    def forget(self, keys: Iterable[Key]) -> None:
        """Note that these are no more."""
        with self._lock:
            self._understood(set(keys))

    def _understood(self, keys: set[Key]) -> None:
        self._back |= keys & (self._known.keys() | self._put.keys())
        for key in keys & self._put.keys():
            del self._put[key]

    def keep(self, tx: Connection, store: str, now: datetime) -> None:
        """Keep what was noted, and tell what is new about it."""
        with self._lock:
            put, self._put = self._put, {}
            back, self._back = self._back, set()
        if not put and not back:
            return
        release_rows(tx, store, back)
        quarantine(tx, store, put.items(), now)
        for key in sorted(back & self._known.keys()):
            log.info("row understood again", store=store, kind=key.kind, id=key.id)
            del self._known[key]
        for key, why in sorted(put.items()):
            if self._known.get(key) != why:
                log.warning("row put aside", store=store, kind=key.kind, id=key.id, why=why)
        self._known |= put


# One visit to one shop: what all parts of a poll share, and the shop as they ask it. Nothing is decided here. Who asks by way of a visit has noted what could not be understood (aside.py).

T = TypeVar("T", Customer, Order, Product)


@dataclass(slots=True)
class Tally:
    """What a visit has found so far."""

    orders: int = 0
    customers: int = 0
    products: int = 0
    deleted: int = 0


@dataclass(frozen=True, slots=True)
class PollContext:
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
