"""A sandbox store, a database and a set clock, for tests of polls."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from msgspec.structs import replace
from sqlalchemy import update

from tests.builders import store_settings
from tests.persons import keys
from tests.sandbox_http import mount_sandbox
from wcflow.database.mapping import customer_from_row, order_from_row, product_from_row
from wcflow.database.orders import load_orders
from wcflow.database.sql import table_of
from wcflow.database.stores import load_hold, load_store_row, save_store
from wcflow.database.tables import CustomerRow, OrderRow, PersonRow, ProductRow
from wcflow.poll.context import PollContext
from wcflow.poll.pull import run_poll, run_reconcile
from wcflow.profile import account_key, guest_key
from wcflow.sandbox.auth import ADMIN
from wcflow.sandbox.faults import Faults
from wcflow.sandbox.store import SandboxStore
from wcflow.store import wire
from wcflow.store.client import Store

START = datetime(2026, 6, 15, 10, 0, tzinfo=UTC)
META_KEYS = frozenset({"wcflow_tags", "colour"})


class PollHarness:
    """Polls one store, named ``shop``, into one database."""

    def __init__(self, db, http, client, faults, clock, settings, zone):
        self.db, self.http, self.client, self.faults = db, http, client, faults
        self.sandbox, self._clock = faults.store, clock
        self.settings, self.zone, self.meta_keys = settings, zone, META_KEYS
        with db.transaction() as tx:
            save_store(
                tx, settings.name, url=client.url, uses_hpos=self.sandbox.state.settings.hpos
            )

    # Time.

    @property
    def now(self):
        return self._clock[0]

    def advance(self, **length):
        """Move the clock."""
        self._clock[0] += timedelta(**length)
        return self.now

    # What wcflow does.

    def pull(self, **more):
        self.http.clear_calls()
        return run_poll(self.context(**more))

    def reconcile(self, **more):
        self.http.clear_calls()
        return run_reconcile(self.context(**more))

    def context(self, **more):
        """Return what a poll needs, as of now."""
        args = (self.db, self.client, self.settings, self.zone, self.meta_keys, self.now)
        return PollContext(*args, **more)

    def settle(self):
        """Poll until no order is young, and clear all evaluation marks."""
        self.pull()
        self.advance(minutes=3)
        self.pull()
        self.clear_dirty_marks()

    def clear_dirty_marks(self):
        """Clear all evaluation marks."""
        with self.db.transaction() as tx:
            tx.execute(update(table_of(PersonRow)).values(dirty=0))

    # The database.

    def row(self):
        with self.db.reading() as tx:
            return load_store_row(tx, self.settings.name)

    def hold(self):
        with self.db.reading() as tx:
            return load_hold(tx, self.settings.name)

    def _rows(self, model):
        table = table_of(model)
        with self.db.reading() as tx:
            return tx.execute(table.select().where(table.c.store == self.settings.name)).all()

    def orders(self):
        """The database's orders by id, without observation times."""
        return {row.id: replace(order_from_row(row), history=()) for row in self._rows(OrderRow)}

    def order(self, id):
        with self.db.reading() as tx:
            return load_orders(tx, self.settings.name, [id])[id]

    def customers(self):
        return {row.id: customer_from_row(row) for row in self._rows(CustomerRow)}

    def products(self):
        return {row.id: product_from_row(row) for row in self._rows(ProductRow)}

    def people(self):
        """The stored persons: key to e-mail address."""
        return {key: row.email for key, row in self._persons()}

    def _persons(self):
        with self.db.reading() as tx:
            key_of = keys(tx, self.settings.name)
        return [(key_of[row.id], row) for row in self._rows(PersonRow) if row.present]

    def dirty_people(self):
        """The persons marked for evaluation."""
        return {key for key, row in self._persons() if row.dirty}

    # The store, as records.

    def sandbox_orders(self):
        keys = self.meta_keys
        records = [
            wire.parse_order(self.sandbox.order(id), keys) for id in self.sandbox.order_ids()
        ]
        return {order.id: self._with_refund_dates(order) for order in records}

    def _with_refund_dates(self, order):
        dates = {each.id: each.created for each in self.sandbox.state.orders[order.id].refunds}
        return replace(order, refunds=tuple(replace(r, date=dates[r.id]) for r in order.refunds))

    def sandbox_customers(self):
        records = [
            wire.parse_customer(self.sandbox.customer(id)) for id in self.sandbox.customer_ids()
        ]
        keys = self.meta_keys
        return {
            c.id: replace(c, meta={k: v for k, v in c.meta.items() if k in keys}) for c in records
        }

    def sandbox_products(self):
        return {
            id: wire.parse_product(self.sandbox.product(id)) for id in self.sandbox.state.products
        }

    def sandbox_people(self):
        """The persons that follow from the store's customers and orders."""
        accounts = self.sandbox_customers()
        by_email = {}
        for id in sorted(accounts, reverse=True):
            by_email[accounts[id].email] = id
        shared, people = self.settings.shared_emails, {}
        for order in self.sandbox_orders().values():
            if order.customer_id or not order.email or order.email in shared:
                continue
            if order.email not in by_email and self.settings.guests != "ignore":
                people[guest_key(order.email)] = order.email
        return people | {account_key(id): accounts[id].email for id in accounts}


def assert_database_matches_sandbox(poll):
    """Assert that the database equals the store, as after every poll."""
    assert poll.sandbox_customers() == poll.customers()
    assert poll.sandbox_orders() == poll.orders()
    expected = poll.sandbox_people()
    assert expected == {key: email for key, email in poll.people().items() if key in expected}


@contextmanager
def open_poll(db, sandbox=None, *, now=START, zone="Europe/Berlin", page_size=100, **settings):
    """Open a store and a database."""
    clock = [now]
    faults = Faults(sandbox or SandboxStore(zone=zone))
    with mount_sandbox(faults, lambda: clock[0]) as http, _client(page_size) as client:
        store = store_settings(**settings)
        yield PollHarness(db, http, client, faults, clock, store, ZoneInfo(zone))


def _client(page_size):
    return Store(
        "shop",
        "https://shop.example",
        ADMIN.consumer_key,
        ADMIN.consumer_secret,
        page_size=page_size,
        sleep=lambda seconds: None,
        jitter=lambda: 0.5,
    )
