"""A shop, a wcflow that serves it, and a clock: for tests that walk the whole path.

People act through the shop's own verbs; time passes by ``pass_``; ``walk`` is one walk of wcflow.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from sqlalchemy import event

from tests.persons import person
from tests.sandbox_door import mounted
from wcflow import sync
from wcflow.config.load import load_config
from wcflow.database import outbox as queue
from wcflow.database import people, runs
from wcflow.database.connection import open_database
from wcflow.database.stores import store_row
from wcflow.rules.tags import split_tags
from wcflow.sandbox.auth import ADMIN
from wcflow.sandbox.faults import Faults
from wcflow.sandbox.store import SandboxStore
from wcflow.store.client import Store

BEGIN = datetime(2026, 6, 15, 10, 0, tzinfo=UTC)
HEAD = """[wcflow]
database = {database}
{wcflow}
[store shop]
url = https://shop.example
consumer_key = {key}
consumer_secret = {secret}
{store}
"""


class World:
    """The shop, the faults around it, the database, and what time it is."""

    def __init__(self, folder, rules, *, database=None, wcflow="", store="", now=BEGIN, **shop):
        self.folder, self.now = folder, now
        self.database_url = database or f"sqlite:///{folder}/wcflow.sqlite3"
        self.shop = SandboxStore(**shop)
        self.faults = Faults(self.shop)
        self.product = self.shop.add_product(
            "Wallet", now=now - timedelta(days=500), price="100.00"
        )
        self.head = {"wcflow": wcflow, "store": store}
        self.rules(rules)
        self.db = open_database(self.database_url)
        self.writes = []

    def trades_as(self, shop, now):
        """Put another shop in place of this one, at another time."""
        self.shop, self.faults, self.now = shop, Faults(shop), now

    def rules(self, text):
        """Edit the INI."""
        file = self.folder / "wcflow.ini"
        head = HEAD.format(
            database=self.database_url,
            key=ADMIN.consumer_key,
            secret=ADMIN.consumer_secret,
            **self.head,
        )
        file.write_text(head + text)
        file.chmod(0o600)
        self.config = load_config(file, {})

    def settings(self, **fields):
        """Change the store's settings without going through the file."""
        (store,) = self.config.stores
        self.config = replace(self.config, stores=(replace(store, **fields),))

    @contextmanager
    def line(self, holder="test", fate=None, channels=None):
        (settings,) = self.config.stores
        with mounted(Fated(self.faults, fate), lambda: self.now) as door:
            store = Store(
                settings.name,
                settings.url,
                settings.consumer_key,
                settings.consumer_secret,
                sleep=lambda _seconds: None,
                chance=lambda: 0.5,
            )
            yield sync.SyncContext(
                self.db,
                store,
                self.config,
                settings,
                lambda: self.now,
                holder,
                channels=channels or {},
            )
            store.close()
        # An empty batch tells the key's rights and changes nothing.
        self.writes = [call for call in door.writes if call.json or call.method == "DELETE"]

    # What wcflow does.

    def walk(self, *, accept=True, write=True, know=True, channels=None):
        """Get to know the shop, pull, evaluate and deliver; nothing is held unless asked."""
        with self.line(channels=channels) as line:
            if know:
                sync.refresh_store_info(line)
            if accept:
                sync.sync_once(line, write=False)
                sync.approve(line)
            return sync.sync_once(line, write=write)

    def pages_after_a_purchase(self, pager):
        """Let a guest buy, and sync until everything that can be delivered is."""
        self.walk()
        self.pass_(hours=1)
        order = self.buys(email="anna@example.com")
        for _ in range(2):
            self.walk(channels={"pager": pager})
        return order

    def settle(self):
        """Walk until young orders have been read again and nothing is left to write."""
        self.walk()
        self.pass_(minutes=3)
        return self.walk()

    def nightly(self):
        with self.line() as line:
            return sync.nightly(line)

    @contextmanager
    def mortal(self, steps, holder="mortal", *, from_write=0):
        """A line whose process is killed after so many steps, wherever that is; it may survive.

        They are counted from the start, or from when so many writes are about to be sent.
        """
        fate = Fate(steps, from_write)
        with self.line(holder, fate) as line, fate.hangs_over(self.db):
            yield line

    def die(self):
        """Forget all that is only in memory."""
        self.db.close()
        self.db = open_database(self.database_url)

    # What people and time do.

    def pass_(self, **length):
        self.now += timedelta(**length)

    def buys(self, *, customer=0, email="", total="100.00", days_ago=0, status="completed", **more):
        """Somebody places an order of one wallet at that price; give its id."""
        from wcflow.sandbox.orders import LineItem

        line = LineItem(product_id=self.product, total=total, name="Wallet")
        return self.shop.place_order(
            now=self.now - timedelta(days=days_ago),
            customer=customer,
            email=email,
            items=(line,),
            status=status,
            **more,
        )

    def registers(self, email, *, days_ago=0, **more):
        return self.shop.register(email, now=self.now - timedelta(days=days_ago), **more)

    # What an admin sees in the shop.

    def meta(self, kind, id, key):
        holder = self.shop.order(id) if kind == "order" else self.shop.customer(id)
        return next((m["value"] for m in holder["meta_data"] if m["key"] == key), None)

    def tags(self, order_id):
        return split_tags(self.meta("order", order_id, "wcflow_tags"))

    def customer_tags(self, customer_id):
        return split_tags(self.meta("customer", customer_id, "wcflow_tags"))

    def segment(self, order_id):
        return self.meta("order", order_id, "wcflow_segment")

    def notes(self, order_id):
        """Give our notes on an order without their marks, oldest first."""
        notes = sorted(self.shop.notes(order_id), key=lambda note: note["id"])
        return [n["note"].rpartition(" (ref")[0] for n in notes if "(ref " in n["note"]]

    def coupons(self):
        return [self.shop.coupon(code) for code in self.shop.coupon_codes()]

    # What wcflow knows.

    def outbox(self, **query):
        with self.db.reading() as tx:
            return queue.entries(tx, "shop", **query)

    def runs(self, key):
        with self.db.reading() as tx:
            found = person(tx, key)
            return runs.runs_of(tx, "shop", [found]).get(found, [])[::-1]

    def memory(self, key):
        with self.db.reading() as tx:
            found = person(tx, key)
            return people.memories(tx, "shop", [found]).get(found)

    def row(self):
        with self.db.reading() as tx:
            return store_row(tx, "shop")


class Died(BaseException):
    """the process was killed: nothing catches this, and nothing is tidied up after it."""


class Fate:
    """How many steps a process has left to live.

    A step is what can be told apart from outside: a statement or a commit that is about to reach
    the database, a request about to be sent, an answer about to be read. Who is dead stays so.
    """

    def __init__(self, left, from_write=0):
        self.left, self.spared, self.died = left, from_write, False

    def step(self, *_):
        if self.spared:
            return
        self.died = self.died or self.left <= 0
        if self.died:
            raise Died
        self.left -= 1

    def _statement(self, _connection, cursor, *_):
        try:
            self.step()
        except Died:
            cursor.close()  # which SQLAlchemy has made already; a process leaves none behind
            raise

    def _commit(self, *_):
        self.step()

    @contextmanager
    def hangs_over(self, db):
        """Let every statement and every commit of a database be a step."""
        hooks = (("before_cursor_execute", self._statement), ("commit", self._commit))
        for name, hook in hooks:
            event.listen(db._engine, name, hook)
        try:
            yield
        finally:
            for name, hook in hooks:
                event.remove(db._engine, name, hook)


class Fated:
    """A shop as a mortal process meets it: it may die before it asks, and before it is answered."""

    def __init__(self, shop, fate):
        self.shop, self.fate = shop, fate

    def answer(self, request, now):
        if self.fate is None:
            return self.shop.answer(request, now)
        if self.fate.spared and request.method != "GET":
            self.fate.spared -= 1
        self.fate.step()
        try:
            return self.shop.answer(request, now)
        finally:
            self.fate.step()
