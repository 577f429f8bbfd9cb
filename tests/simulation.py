"""A sandbox store, a database and a set clock, for tests of whole passes.

People act through the sandbox's methods; ``advance`` moves the clock; ``run_pass`` runs one pass.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from sqlalchemy import event

from tests.persons import person
from tests.sandbox_http import mount_sandbox
from wcflow import maintenance, sync
from wcflow.config.load import load_config
from wcflow.database import outbox as queue
from wcflow.database import people, runs
from wcflow.database.connection import open_database
from wcflow.database.stores import load_hold, load_store_row
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
    """The sandbox, its faults, the database, and the time."""

    def __init__(
        self, folder, rules, *, database=None, wcflow="", store="", now=START, key=ADMIN, **sandbox
    ):
        self.folder, self.now, self.key = folder, now, key
        self.clock_error = timedelta()
        self.database_url = database or f"sqlite:///{folder}/wcflow.sqlite3"
        self.sandbox = SandboxStore(**sandbox)
        self.faults = Faults(self.sandbox)
        self.product = self.sandbox.add_product(
            "Wallet", now=now - timedelta(days=500), price="100.00"
        )
        self.head = {"wcflow": wcflow, "store": store}
        self.open_channels, self.crash_point = dict, None
        self.write_rules(rules)
        self.db = open_database(self.database_url)
        self.writes, self.calls = [], []

    def switch_store(self, sandbox, now):
        """Replace the store by another, at another time."""
        self.sandbox, self.faults, self.now = sandbox, Faults(sandbox), now

    def write_rules(self, text):
        """Write the INI and load it."""
        file = self.folder / "wcflow.ini"
        head = INI.format(
            database=self.database_url,
            key=self.key.consumer_key,
            secret=self.key.consumer_secret,
            **self.head,
        )
        file.write_text(head + text)
        file.chmod(0o600)
        self.config = load_config(file, {})

    def change_settings(self, **fields):
        """Change the store's settings without changing the file."""
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
                jitter=lambda: 0.5,
            )
            yield sync.SyncContext(
                self.db,
                store,
                self.config,
                settings,
                self.machine_now,
                holder,
                channels=channels or self.open_channels(),
            )
            store.close()
        self.calls = http.calls
        self.writes = list(http.writes)

    def machine_now(self):
        """Return what this machine's clock says; it can be wrong, the store's is right."""
        return self.now + self.clock_error

    # What wcflow does.

    def run_pass(self, *, approve=True, write=True, check_store=True, channels=None):
        """Run one pass: check the store, approve what waits, poll, evaluate and deliver."""
        with self.context(channels=channels) as context:
            if check_store:
                sync.refresh_store_info(context)
            if approve:
                sync.sync_once(context, write=False)
                maintenance.approve(context)
            return sync.sync_once(context, write=write)

    def pages_after_a_purchase(self, pager):
        """Place a guest order, and run passes until everything deliverable is delivered."""
        self.run_pass()
        self.advance(hours=1)
        order = self.place_order(email="anna@example.com")
        for _ in range(2):
            self.run_pass(channels={"pager": pager})
        return order

    def settle(self):
        """Run passes until young orders are read again and nothing is left to write."""
        self.run_pass()
        self.advance(minutes=3)
        return self.run_pass()

    def nightly(self):
        with self.context() as context:
            return maintenance.nightly(context)

    @contextmanager
    def crash_after(self, steps, holder="crashing", *, from_write=0):
        """Open a context whose process is killed after this many steps, if it runs that long.

        Steps count from the start, or from the given write request.
        """
        crash_point = self.crash_point = CrashPoint(steps, from_write)
        try:
            with self.context(holder, crash_point) as context, crash_point.count_steps_of(self.db):
                yield context
        finally:
            self.crash_point = None

    def reopen_database(self):
        """Reopen the database, as a new process does."""
        self.db.close()
        self.db = open_database(self.database_url)

    def lose_database(self):
        """Begin with a new, empty database file."""
        self.db.close()
        for file in self.folder.glob("wcflow.sqlite3*"):
            file.unlink()
        self.db = open_database(self.database_url)

    # What people and time do.

    def advance(self, **length):
        self.now += timedelta(**length)

    def place_order(
        self, *, customer=0, email="", total="100.00", days_ago=0, status="completed", **more
    ):
        """Place an order of one wallet at that price and return its id."""
        from wcflow.sandbox.orders import LineItem

        item = LineItem(product_id=self.product, total=total, name="Wallet")
        return self.sandbox.place_order(
            now=self.now - timedelta(days=days_ago),
            customer=customer,
            email=email,
            items=(item,),
            status=status,
            **more,
        )

    def register(self, email, *, days_ago=0, **more):
        return self.sandbox.register(email, now=self.now - timedelta(days=days_ago), **more)

    # What an admin sees in the store.

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
        """Return wcflow's notes on an order without their marks, oldest first."""
        notes = sorted(self.sandbox.notes(order_id), key=lambda note: note["id"])
        return [n["note"].rpartition(" (ref")[0] for n in notes if "(ref " in n["note"]]

    def coupons(self):
        return [self.sandbox.coupon(code) for code in self.sandbox.coupon_codes()]

    # The database.

    def outbox(self, **query):
        with self.db.reading() as tx:
            return queue.load_entries(tx, "shop", **query)

    def runs(self, key):
        with self.db.reading() as tx:
            found = person(tx, key)
            return runs.load_runs(tx, "shop", [found]).get(found, [])[::-1]

    def memory(self, key):
        with self.db.reading() as tx:
            found = person(tx, key)
            return people.load_memories(tx, "shop", [found]).get(found)

    def row(self):
        with self.db.reading() as tx:
            return load_store_row(tx, "shop")

    def hold(self):
        with self.db.reading() as tx:
            return load_hold(tx, "shop")


class ProcessKilled(BaseException):
    """The process was killed: no handler catches this and nothing is cleaned up."""


class CrashPoint:
    """Counts steps and kills the process at the last one.

    A step is a statement or commit about to reach the database, a request about to be sent, or a
    response about to be read. After the kill every further step fails too.
    """

    def __init__(self, steps_left, from_write=0):
        self.steps_left, self.writes_to_spare, self.killed = steps_left, from_write, False

    def write(self):
        """Count a write that is about to be sent."""
        self.writes_to_spare = max(0, self.writes_to_spare - 1)
        self.step()

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
            cursor.close()  # SQLAlchemy has already opened it; a killed process leaves none
            raise

    def _commit(self, *_):
        self.step()

    @contextmanager
    def count_steps_of(self, db):
        """Count every statement and every commit as a step."""
        hooks = (("before_cursor_execute", self._statement), ("commit", self._commit))
        for name, hook in hooks:
            event.listen(db._engine, name, hook)
        try:
            yield
        finally:
            for name, hook in hooks:
                event.remove(db._engine, name, hook)


class CrashingStore:
    """A store whose client can crash before each request and before each response."""

    def __init__(self, sandbox, crash_point):
        self.sandbox, self.crash_point = sandbox, crash_point

    def answer(self, request, now):
        if self.crash_point is None:
            return self.sandbox.answer(request, now)
        if request.method == "GET":
            self.crash_point.step()
        else:
            self.crash_point.write()
        try:
            return self.sandbox.answer(request, now)
        finally:
            self.crash_point.step()
