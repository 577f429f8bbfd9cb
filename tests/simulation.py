"""A shop, a wcflow that serves it, and a clock: for tests that walk the whole path.

People act through the shop's own verbs; time passes by ``pass_``; ``walk`` is one walk of wcflow.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from sqlalchemy import event

from tests.persons import person
from tests.sandbox_http import mount_sandbox
from wcflow import sync
from wcflow.config.load import load_config
from wcflow.database import outbox as queue
from wcflow.database import people, runs
from wcflow.database.connection import open_database
from wcflow.database.stores import saved_hold, store_row
from wcflow.rules.tags import split_tags
from wcflow.sandbox.auth import ADMIN
from wcflow.sandbox.faults import Faults
from wcflow.sandbox.store import SandboxStore
from wcflow.store.client import Store

START = datetime(2026, 6, 15, 10, 0, tzinfo=UTC)
INI = """[wcflow]
database = {database}
{wcflow}
[store shop]
url = https://shop.example
consumer_key = {key}
consumer_secret = {secret}
{store}
"""


class Simulation:
    """The shop, the faults around it, the database, and what time it is."""

    def __init__(self, folder, rules, *, database=None, wcflow="", store="", now=START, **sandbox):
        self.folder, self.now = folder, now
        self.database_url = database or f"sqlite:///{folder}/wcflow.sqlite3"
        self.sandbox = SandboxStore(**sandbox)
        self.faults = Faults(self.sandbox)
        self.product = self.sandbox.add_product(
            "Wallet", now=now - timedelta(days=500), price="100.00"
        )
        self.head = {"wcflow": wcflow, "store": store}
        self.write_rules(rules)
        self.db = open_database(self.database_url)
        self.writes = []

    def switch_store(self, sandbox, now):
        """Put another shop in place of this one, at another time."""
        self.sandbox, self.faults, self.now = sandbox, Faults(sandbox), now

    def write_rules(self, text):
        """Edit the INI."""
        file = self.folder / "wcflow.ini"
        head = INI.format(
            database=self.database_url,
            key=ADMIN.consumer_key,
            secret=ADMIN.consumer_secret,
            **self.head,
        )
        file.write_text(head + text)
        file.chmod(0o600)
        self.config = load_config(file, {})

    def change_settings(self, **fields):
        """Change the store's settings without going through the file."""
        (store,) = self.config.stores
        self.config = replace(self.config, stores=(replace(store, **fields),))

    @contextmanager
    def context(self, holder="test", crash_point=None, channels=None):
        (settings,) = self.config.stores
        with mount_sandbox(CrashingStore(self.faults, crash_point), lambda: self.now) as http:
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
        self.writes = [call for call in http.writes if call.json or call.method == "DELETE"]

    # What wcflow does.

    def run_pass(self, *, accept=True, write=True, know=True, channels=None):
        """Get to know the shop, pull, evaluate and deliver; nothing is held unless asked."""
        with self.context(channels=channels) as context:
            if know:
                sync.refresh_store_info(context)
            if accept:
                sync.sync_once(context, write=False)
                sync.approve(context)
            return sync.sync_once(context, write=write)

    def pages_after_a_purchase(self, pager):
        """Let a guest buy, and sync until everything that can be delivered is."""
        self.run_pass()
        self.advance(hours=1)
        order = self.place_order(email="anna@example.com")
        for _ in range(2):
            self.run_pass(channels={"pager": pager})
        return order

    def settle(self):
        """Walk until young orders have been read again and nothing is left to write."""
        self.run_pass()
        self.advance(minutes=3)
        return self.run_pass()

    def nightly(self):
        with self.context() as context:
            return sync.nightly(context)

    @contextmanager
    def crash_after(self, steps, holder="mortal", *, from_write=0):
        """A line whose process is killed after so many steps, wherever that is; it may survive.

        They are counted from the start, or from when so many writes are about to be sent.
        """
        crash_point = CrashPoint(steps, from_write)
        with self.context(holder, crash_point) as context, crash_point.count_steps_of(self.db):
            yield context

    def reopen_database(self):
        """Forget all that is only in memory."""
        self.db.close()
        self.db = open_database(self.database_url)

    # What people and time do.

    def advance(self, **length):
        self.now += timedelta(**length)

    def place_order(
        self, *, customer=0, email="", total="100.00", days_ago=0, status="completed", **more
    ):
        """Somebody places an order of one wallet at that price; give its id."""
        from wcflow.sandbox.orders import LineItem

        context = LineItem(product_id=self.product, total=total, name="Wallet")
        return self.sandbox.place_order(
            now=self.now - timedelta(days=days_ago),
            customer=customer,
            email=email,
            items=(context,),
            status=status,
            **more,
        )

    def register(self, email, *, days_ago=0, **more):
        return self.sandbox.register(email, now=self.now - timedelta(days=days_ago), **more)

    # What an admin sees in the shop.

    def meta(self, kind, id, key):
        holder = self.sandbox.order(id) if kind == "order" else self.sandbox.customer(id)
        return next((m["value"] for m in holder["meta_data"] if m["key"] == key), None)

    def tags(self, order_id):
        return split_tags(self.meta("order", order_id, "wcflow_tags"))

    def customer_tags(self, customer_id):
        return split_tags(self.meta("customer", customer_id, "wcflow_tags"))

    def segment(self, order_id):
        return self.meta("order", order_id, "wcflow_segment")

    def notes(self, order_id):
        """Give our notes on an order without their marks, oldest first."""
        notes = sorted(self.sandbox.notes(order_id), key=lambda note: note["id"])
        return [n["note"].rpartition(" (ref")[0] for n in notes if "(ref " in n["note"]]

    def coupons(self):
        return [self.sandbox.coupon(code) for code in self.sandbox.coupon_codes()]

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

    def hold(self):
        with self.db.reading() as tx:
            return saved_hold(tx, "shop")


class ProcessKilled(BaseException):
    """the process was killed: nothing catches this, and nothing is tidied up after it."""


class CrashPoint:
    """How many steps a process has left to live.

    A step is what can be told apart from outside: a statement or a commit that is about to reach
    the database, a request about to be sent, an answer about to be read. Who is dead stays so.
    """

    def __init__(self, steps_left, from_write=0):
        self.steps_left, self.writes_to_spare, self.killed = steps_left, from_write, False

    def step(self, *_):
        if self.writes_to_spare:
            return
        self.killed = self.killed or self.steps_left <= 0
        if self.killed:
            raise ProcessKilled
        self.steps_left -= 1

    def _statement(self, _connection, cursor, *_):
        try:
            self.step()
        except ProcessKilled:
            cursor.close()  # which SQLAlchemy has made already; a process leaves none behind
            raise

    def _commit(self, *_):
        self.step()

    @contextmanager
    def count_steps_of(self, db):
        """Let every statement and every commit of a database be a step."""
        hooks = (("before_cursor_execute", self._statement), ("commit", self._commit))
        for name, hook in hooks:
            event.listen(db._engine, name, hook)
        try:
            yield
        finally:
            for name, hook in hooks:
                event.remove(db._engine, name, hook)


class CrashingStore:
    """A shop as a mortal process meets it: it may die before it asks, and before it is answered."""

    def __init__(self, sandbox, crash_point):
        self.sandbox, self.crash_point = sandbox, crash_point

    def answer(self, request, now):
        if self.crash_point is None:
            return self.sandbox.answer(request, now)
        if self.crash_point.writes_to_spare and request.method != "GET":
            self.crash_point.writes_to_spare -= 1
        self.crash_point.step()
        try:
            return self.sandbox.answer(request, now)
        finally:
            self.crash_point.step()
