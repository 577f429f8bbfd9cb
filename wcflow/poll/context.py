"""What all parts of a poll share: the client, the database, the settings and the running totals."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, tzinfo
from typing import Any, TypeVar, Unpack

from sqlalchemy import Connection

from wcflow.config.stores import StoreSettings
from wcflow.database.companion import load_followed_since
from wcflow.database.connection import Database
from wcflow.database.customers import load_customer_ids
from wcflow.database.evaluation_queue import load_dirty_accounts
from wcflow.database.identity import Owner
from wcflow.database.orders import find_newest_order_id
from wcflow.database.products import load_product_ids
from wcflow.database.sql import instant, stamp
from wcflow.database.stores import EMPTY_ANSWER_REASON, load_hold, load_store_row, save_hold
from wcflow.database.tables import StoreRow
from wcflow.poll.quarantine import QuarantineChanges
from wcflow.records import Customer, Order, Product, Refund, Subscription
from wcflow.store.client import Store
from wcflow.store.listing import Listing, OrderFilters, UnreadableRow, UnreadableRowError
from wcflow.store.subscriptions import list_subscriptions

T = TypeVar("T", Customer, Order, Product, Subscription)

Progress = Callable[[str, int, int], object]
"""Called during an initial sync with the part (customers, products, orders, …), done and total."""

CHANGES = "changes"
"""The companion plugin's stream that names the records that changed."""

FULL = 10
"""From this many known records on, an empty answer raises an alarm."""

_MAX_GUESTS = 100_000
"""Guests to remember as marked: about 20 MB."""


@dataclass(frozen=True, slots=True)
class PollResult:
    """How many records changed or were deleted, and how many requests that took."""

    orders: int = 0
    customers: int = 0
    products: int = 0
    deleted: int = 0
    initial_sync: bool = False
    requests: int = 0


@dataclass(slots=True)
class Tally:
    """What a poll has found so far."""

    orders: int = 0
    customers: int = 0
    products: int = 0
    deleted: int = 0


@dataclass(frozen=True, slots=True)
class KnownIds:
    """What the database has when an initial sync reads orders, so that pages need not look it up.

    ``had_orders`` tells whether there were orders before. ``accounts`` and ``guests`` are people
    already marked for evaluation. ``refunds`` are dates that were read in advance.
    """

    had_orders: bool
    customers: set[int]
    products: set[int]
    accounts: set[int]
    guests: set[str] = field(default_factory=set)
    refunds: dict[int, datetime] = field(default_factory=dict)

    def without_dirty(self, owners: Iterable[Owner]) -> set[Owner]:
        """Return the owners who are not yet marked for evaluation."""
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
        """Remember that these owners are marked."""
        if len(self.guests) > _MAX_GUESTS:
            self.guests.clear()
        self.accounts.update(owner.customer_id for owner in owners if owner.customer_id)
        self.guests.update(owner.email for owner in owners if not owner.customer_id)


def load_known_ids(tx: Connection, store: str) -> KnownIds:
    """Load what the database has before an initial sync reads orders."""
    return KnownIds(
        had_orders=find_newest_order_id(tx, store) is not None,
        customers=load_customer_ids(tx, store),
        products=load_product_ids(tx, store),
        accounts=load_dirty_accounts(tx, store),
    )


@dataclass(frozen=True, slots=True)
class PollContext:
    """One poll of one store. All requests go through it, so that unreadable records are noted.

    ``meta_keys`` are the meta to keep, and ``zone`` is the store's own. ``checkpoint`` is called
    between pages, and raises where the poll must stop. With ``approved`` an admin has
    confirmed that the records are really gone. ``absent_*`` are ids that orders name and that the
    store does not have. ``read_at`` is when the store returned a record, by its own clock.
    """

    db: Database
    client: Store
    settings: StoreSettings
    zone: tzinfo
    meta_keys: frozenset[str]
    now: datetime
    progress: Progress = lambda *_: None
    checkpoint: Callable[[], None] = lambda: None
    approved: bool = False
    tally: Tally = field(default_factory=Tally)
    absent_customers: set[int] = field(default_factory=set)
    absent_products: set[int] = field(default_factory=set)
    quarantine: QuarantineChanges = field(default_factory=QuarantineChanges)
    known: KnownIds | None = None
    read_at: dict[tuple[str, int], datetime] = field(default_factory=dict)

    @property
    def store(self) -> str:
        return self.settings.name

    def row(self) -> StoreRow:
        """Return the store's row."""
        with self.db.reading() as tx:
            row = load_store_row(tx, self.store)
        assert row is not None, f"the store {self.store} must be saved before it is polled"
        return row

    def follows_changes(self, length: timedelta) -> bool:
        """Return whether the companion plugin has named every change for longer than this."""
        with self.db.reading() as tx:
            since = load_followed_since(tx, self.store, CHANGES)
        return since is not None and self.now - instant(since) > length

    def save_quarantine(self, tx: Connection) -> None:
        """Save the quarantine together with the records that were passed."""
        self.quarantine.save(tx, self.store, self.now)

    # Requests

    def orders(
        self, *, page_size: int | None = None, **filters: Unpack[OrderFilters]
    ) -> Listing[Order]:
        """Request orders, with the meta to keep."""
        listing = self.client.orders(meta_keys=self.meta_keys, page_size=page_size, **filters)
        return self._noted("order", listing)

    def order_ids(
        self, *, page_size: int | None = None, **filters: Unpack[OrderFilters]
    ) -> Listing[tuple[int, datetime]]:
        """Request the ids and stamps of orders; that does not show that an order can be read."""
        listing = self.client.order_ids(page_size=page_size, **filters)
        self.quarantine.record("order", (), listing.unreadable)
        return listing

    def order(self, order_id: int) -> Order | UnreadableRow | None:
        """Request one order; None if it was deleted for good."""
        return self._one("order", order_id, lambda: self.client.order(order_id, self.meta_keys))

    def customers(self, ids: Collection[int], *, any_role: bool = False) -> Listing[Customer]:
        """Request these customers; with ``any_role`` all that exist between two ids."""
        return self._noted("customer", self.client.customers(ids, any_role=any_role))

    def customer(self, customer_id: int) -> Customer | UnreadableRow | None:
        """Request one customer; None if there is none."""
        return self._one("customer", customer_id, lambda: self.client.customer(customer_id))

    def customers_with_email(self, email: str) -> Listing[Customer]:
        """Request the customer whose account has this address."""
        return self._noted("customer", self.client.customers_with_email(email))

    def products(self, **filters: Any) -> Listing[Product]:
        """Request products."""
        return self._noted("product", self.client.products(**filters))

    def subscriptions(self, **filters: Any) -> Listing[Subscription]:
        """Request subscriptions."""
        return self._noted("subscription", list_subscriptions(self.client, **filters))

    def refunds(self, orders: Iterable[Order]) -> dict[int, Refund]:
        """Request the dates of refunds that are not known yet."""
        answer = self.client.refunds(orders, self.known.refunds if self.known else ())
        self.quarantine.record("refund", answer.found, answer.unreadable)
        return answer.found

    def _noted(self, kind: str, listing: Listing[T]) -> Listing[T]:
        self.quarantine.record(kind, (row.id for row in listing.rows), listing.unreadable)
        if self.known is None:  # an initial sync reads everything, and in several threads
            self.read_at.update(((kind, row.id), listing.server_now) for row in listing.rows)
        return listing

    def _one(
        self, kind: str, number: int, request: Callable[[], T | None]
    ) -> T | UnreadableRow | None:
        try:
            found = request()
        except UnreadableRowError as error:
            unreadable = error.row._replace(id=number)  # the id that was requested counts
            self.quarantine.record(kind, (), [unreadable])
            return unreadable
        self.quarantine.record(kind, [number], ())
        return found


# The empty-answer alarm: an empty answer from a store with many records deletes nothing by itself.
# It is a hold of the store's changes, which ``status`` shows and ``approve`` lifts. Polls go on.


def raise_alarm(context: PollContext, what: str, reason: str) -> None:
    """Hold changes because of ``what`` (orders or customers), unless something else holds them."""
    with context.db.transaction() as tx:
        hold = load_hold(tx, context.store)
        if hold.reason and not _is_alarm(hold.reason, what):
            return
        since = hold.since if hold.reason else stamp(context.now)
        reason = f"{EMPTY_ANSWER_REASON}: {what}: {reason}"
        save_hold(tx, context.store, replace(hold, reason=reason, since=since))


def clear_alarm(tx: Connection, context: PollContext, what: str) -> None:
    """End the alarm about ``what``: the store answers normally again."""
    hold = load_hold(tx, context.store)
    if _is_alarm(hold.reason, what):
        save_hold(tx, context.store, replace(hold, reason="", since=None))


def _is_alarm(reason: str, what: str) -> bool:
    return reason.startswith(f"{EMPTY_ANSWER_REASON}: {what}:")
