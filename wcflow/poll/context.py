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
from wcflow.database.identity import Owner
from wcflow.database.orders import newest_with
from wcflow.database.products import product_ids
from wcflow.database.quarantine import Key, quarantine, quarantined_rows, release_rows
from wcflow.database.stores import store_row
from wcflow.database.tables import StoreRow
from wcflow.records import Customer, Order, Product, Refund
from wcflow.store.client import Store
from wcflow.store.listing import Listing, OrderFilters, UnreadableRow, UnreadableRowError

ProgressCallback = Callable[[str, int, int], object]
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
class PollResult:
    """What a poll found: how many orders, customers and products say something new or are gone."""

    orders: int = 0
    customers: int = 0
    products: int = 0
    deleted: int = 0
    initial_sync: bool = False
    requests: int = 0


# What a census knows the mirror to have, so as not to ask it page by page. The shop is not asked. It holds for as long as nobody else writes, and no longer than the census.

_MAX_GUESTS = 100_000
"""So many guests are remembered as touched: they take about twenty megabytes."""


@dataclass(frozen=True, slots=True)
class KnownIds:
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

    def without_dirty(self, owners: Iterable[Owner]) -> set[Owner]:
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

    def add_dirty(self, owners: Iterable[Owner]) -> None:
        """Note that these need not be touched again."""
        if len(self.guests) > _MAX_GUESTS:
            self.guests.clear()
        self.accounts.update(owner.customer_id for owner in owners if owner.customer_id)
        self.guests.update(owner.email for owner in owners if not owner.customer_id)


def load_known_ids(tx: Connection, store: str) -> KnownIds:
    """Learn what the mirror has."""
    return KnownIds(
        orders=newest_with(tx, store) is not None,
        customers=customer_ids(tx, store),
        products=product_ids(tx, store),
        accounts=accounts_touched(tx, store),
    )


# What a visit could not understand, and what it understands again. The shop is not asked here. Several threads note; what they noted is kept in the transaction that passes those rows, so that none is passed without a trace.

log = structlog.get_logger()


class QuarantineChanges:
    """Rows to be put aside and to be taken back, as noted since they were last kept."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._saved: dict[Key, str] = {}
        self._to_add: dict[Key, str] = {}
        self._to_release: set[Key] = set()

    def load(self, tx: Connection, store: str) -> None:
        """Learn what is aside already."""
        self._saved = {Key(row.kind, row.id): row.reason for row in quarantined_rows(tx, store)}

    def ids(self, kind: str) -> set[int]:
        """Give the rows of a kind that are aside: the night asks for them, and nobody else need."""
        with self._lock:
            return {key.id for key in (*self._saved, *self._to_add) if key.kind == kind}

    def record(self, kind: str, understood: Iterable[int], others: Iterable[UnreadableRow]) -> None:
        """Note what of an answer was understood, and what was not; the latest answer counts."""
        with self._lock:
            if self._saved or self._to_add:
                self._release({Key(kind, each) for each in understood})
            for row in others:
                self._to_add[Key(kind, row.id)] = row.why
                self._to_release.discard(Key(kind, row.id))

    def discard(self, keys: Iterable[Key]) -> None:
        """Note that these are no more."""
        with self._lock:
            self._release(set(keys))

    def _release(self, keys: set[Key]) -> None:
        self._to_release |= keys & (self._saved.keys() | self._to_add.keys())
        for key in keys & self._to_add.keys():
            del self._to_add[key]

    def save(self, tx: Connection, store: str, now: datetime) -> None:
        """Keep what was noted, and tell what is new about it."""
        with self._lock:
            put, self._to_add = self._to_add, {}
            back, self._to_release = self._to_release, set()
        if not put and not back:
            return
        release_rows(tx, store, back)
        quarantine(tx, store, put.items(), now)
        for key in sorted(back & self._saved.keys()):
            log.info("row understood again", store=store, kind=key.kind, id=key.id)
            del self._saved[key]
        for key, why in sorted(put.items()):
            if self._saved.get(key) != why:
                log.warning("row put aside", store=store, kind=key.kind, id=key.id, why=why)
        self._saved |= put


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
    client: Store
    settings: PollSettings
    now: datetime
    progress: ProgressCallback = lambda *_: None
    approved: bool = False
    tally: Tally = field(default_factory=Tally)
    absent_customers: set[int] = field(default_factory=set)
    absent_products: set[int] = field(default_factory=set)
    quarantine: QuarantineChanges = field(default_factory=QuarantineChanges)
    known: KnownIds | None = None

    @property
    def store(self) -> str:
        return self.settings.store

    def orders(
        self, *, page_size: int | None = None, **filters: Unpack[OrderFilters]
    ) -> Listing[Order]:
        """Ask for orders, with the meta that is to be kept."""
        keys = self.settings.meta_keys
        listing = self.client.orders(meta_keys=keys, page_size=page_size, **filters)
        return self._record_listing("order", listing)

    def order_ids(
        self, *, page_size: int | None = None, **filters: Unpack[OrderFilters]
    ) -> Listing[tuple[int, datetime]]:
        """Ask for orders by id and stamp; that these are understood says nothing of the rest."""
        listing = self.client.order_ids(page_size=page_size, **filters)
        self.quarantine.record("order", (), listing.unreadable)
        return listing

    def order(self, order_id: int) -> Order | UnreadableRow | None:
        """Ask for one order by name; None where it was deleted for good."""
        keys = self.settings.meta_keys
        return self._fetch_one("order", order_id, lambda: self.client.order(order_id, keys))

    def customers(self, ids: Collection[int], *, any_role: bool = False) -> Listing[Customer]:
        """Ask for these customers; ``whoever``: for all that there are between two ids."""
        return self._record_listing("customer", self.client.customers(ids, any_role=any_role))

    def customer(self, customer_id: int) -> Customer | UnreadableRow | None:
        """Ask for one customer by name; None where there is none."""
        return self._fetch_one("customer", customer_id, lambda: self.client.customer(customer_id))

    def products(self, **filters: Any) -> Listing[Product]:
        """Ask for products."""
        return self._record_listing("product", self.client.products(**filters))

    def refunds(self, orders: Iterable[Order]) -> dict[int, Refund]:
        """Ask for the dates of refunds that have none yet, and are not known."""
        listing = self.client.refunds(orders, self.known.refunds if self.known else ())
        self.quarantine.record("refund", listing.found, listing.unreadable)
        return listing.found

    def _record_listing(self, kind: str, listing: Listing[T]) -> Listing[T]:
        self.quarantine.record(kind, (row.id for row in listing.rows), listing.unreadable)
        return listing

    def _fetch_one(
        self, kind: str, number: int, ask: Callable[[], T | None]
    ) -> T | UnreadableRow | None:
        try:
            found = ask()
        except UnreadableRowError as error:
            unreadable = error.row._replace(id=number)  # whatever it says: it was asked for by name
            self.quarantine.record(kind, (), [unreadable])
            return unreadable
        self.quarantine.record(kind, [number], ())
        return found

    def save_quarantine(self, tx: Connection) -> None:
        """Keep what could not be understood, with whatever else says that it was passed."""
        self.quarantine.save(tx, self.store, self.now)

    def heartbeat(self) -> None:
        """Tell whoever watches that work goes on, of no part of the census: a lease may be renewed."""
        self.progress("", 0, 0)

    def row(self) -> StoreRow:
        """Give what is kept about the shop."""
        with self.db.reading() as tx:
            row = store_row(tx, self.store)
        assert row is not None, f"the store {self.store} must be kept before it is polled"
        return row
