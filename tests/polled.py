"""A shop, its mirror and the poll between them, with a clock that the test moves."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from msgspec.structs import replace
from sqlalchemy import update

from tests.persons import keys
from tests.sandbox_door import mounted
from wcflow.database.customers import customers
from wcflow.database.mapping import customer_of, order_of, product_of
from wcflow.database.orders import order_records
from wcflow.database.products import products
from wcflow.database.sql import table_of
from wcflow.database.stores import save_store, store_row
from wcflow.database.tables import CustomerRow, OrderRow, PersonRow, ProductRow
from wcflow.poll.context import PollSettings
from wcflow.poll.pull import run_poll, run_reconcile
from wcflow.profile import account_key, guest_key
from wcflow.sandbox.auth import ADMIN
from wcflow.sandbox.faults import Faults
from wcflow.sandbox.store import SandboxStore
from wcflow.store import wire
from wcflow.store.client import Store

BEGIN = datetime(2026, 6, 15, 10, 0, tzinfo=UTC)
KEYS = frozenset({"wcflow_tags", "colour"})


class Polled:
    """One shop in one mirror, named ``shop``. Verbs of people are those of ``shop`` itself."""

    def __init__(self, db, door, client, faults, clock, settings):
        self.db, self.door, self.client, self.faults = db, door, client, faults
        self.shop, self._clock, self.settings = faults.store, clock, settings
        with db.transaction() as tx:
            save_store(tx, settings.store, url=client.url, hpos=self.shop.state.settings.hpos)

    # Time.

    @property
    def now(self):
        return self._clock[0]

    def passes(self, **length):
        """Let time pass."""
        self._clock[0] += timedelta(**length)
        return self.now

    # What wcflow does.

    def pull(self, **more):
        self.door.forget()
        return run_poll(self.db, self.client, self.settings, self.now, **more)

    def reconcile(self, **more):
        self.door.forget()
        return run_reconcile(self.db, self.client, self.settings, self.now, **more)

    def settle(self):
        """Poll until nothing is young any more, and have everybody looked at."""
        self.pull()
        self.passes(minutes=3)
        self.pull()
        self.look_at_everybody()

    def look_at_everybody(self):
        """Clear all marks, as evaluation would."""
        with self.db.transaction() as tx:
            tx.execute(update(table_of(PersonRow)).values(touched=0))

    # What the mirror has.

    def row(self):
        with self.db.reading() as tx:
            return store_row(tx, self.settings.store)

    def _all(self, model):
        table = table_of(model)
        with self.db.reading() as tx:
            return tx.execute(table.select().where(table.c.store == self.settings.store)).all()

    def orders(self):
        """The mirror's orders by id, without what was observed of them."""
        return {row.id: replace(order_of(row), history=()) for row in self._all(OrderRow)}

    def order(self, id):
        with self.db.reading() as tx:
            return order_records(tx, self.settings.store, [id])[id]

    def customers(self):
        return {row.id: customer_of(row) for row in self._all(CustomerRow)}

    def products(self):
        return {row.id: product_of(row) for row in self._all(ProductRow)}

    def people(self):
        """The persons that are remembered: key to address."""
        return {key: row.email for key, row in self._persons()}

    def _persons(self):
        with self.db.reading() as tx:
            known = keys(tx, self.settings.store)
        return [(known[row.id], row) for row in self._all(PersonRow) if row.present]

    def touched(self):
        """The persons that are to be looked at."""
        return {key for key, row in self._persons() if row.touched}

    # What the shop has, as records.

    def shop_orders(self):
        keys = self.settings.meta_keys
        told = [wire.parse_order(self.shop.order(id), keys) for id in self.shop.order_ids()]
        return {order.id: self._dated(order) for order in told}

    def _dated(self, order):
        dates = {each.id: each.created for each in self.shop.state.orders[order.id].refunds}
        return replace(order, refunds=tuple(replace(r, date=dates[r.id]) for r in order.refunds))

    def shop_customers(self):
        told = [wire.parse_customer(self.shop.customer(id)) for id in self.shop.customer_ids()]
        keys = self.settings.meta_keys
        return {c.id: replace(c, meta={k: v for k, v in c.meta.items() if k in keys}) for c in told}

    def shop_products(self):
        return {id: wire.parse_product(self.shop.product(id)) for id in self.shop.state.products}

    def shop_people(self):
        """The persons that the shop's customers and orders make."""
        accounts = self.shop_customers()
        by_email = {}
        for id in sorted(accounts, reverse=True):
            by_email[accounts[id].email] = id
        shared, people = self.settings.shared_emails, {}
        for order in self.shop_orders().values():
            if order.customer_id or not order.email or order.email in shared:
                continue
            if order.email not in by_email and self.settings.guests != "ignore":
                people[guest_key(order.email)] = order.email
        return people | {account_key(id): accounts[id].email for id in accounts}


def mirror_equals_shop(polled):
    """State the law of laws: after a poll the mirror is the shop."""
    assert polled.shop_customers() == polled.customers()
    assert polled.shop_orders() == polled.orders()
    expected = polled.shop_people()
    assert expected == {who: email for who, email in polled.people().items() if who in expected}


@contextmanager
def polled(db, shop=None, *, now=BEGIN, zone="Europe/Berlin", page_size=100, **settings):
    """Put a shop behind its door and a mirror before it."""
    clock = [now]
    faults = Faults(shop or SandboxStore(zone=zone))
    with mounted(faults, lambda: clock[0]) as door, _client(page_size) as client:
        told = PollSettings(store="shop", zone=ZoneInfo(zone), meta_keys=KEYS, **settings)
        yield Polled(db, door, client, faults, clock, told)


def _client(page_size):
    return Store(
        "shop",
        "https://shop.example",
        ADMIN.consumer_key,
        ADMIN.consumer_secret,
        page_size=page_size,
        sleep=lambda seconds: None,
        chance=lambda: 0.5,
    )


__all__ = ["BEGIN", "Polled", "customers", "mirror_equals_shop", "polled", "products"]
