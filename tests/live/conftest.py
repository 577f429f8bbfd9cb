"""A real WooCommerce store, and a wcflow that syncs it. The tests write to the store.

Set ``WCFLOW_TEST_STORE=https://ck_…:cs_…@host`` with an administrator's key, and for a self-signed
certificate ``WCFLOW_TEST_CA=/path/to/ca.pem``. Some tests do what plugins do, and need
``WCFLOW_TEST_PHP``: a command that runs PHP from its input inside the store, such as
``wp eval-file - --path=/var/www/html``. Those of the companion plugin's screens need playwright, a
Chromium (``WCFLOW_TEST_CHROMIUM``, or the one on the path) and the login of an administrator as
``WCFLOW_TEST_ADMIN=name:password`` (default ``admin:admin``); those of accessibility need axe-core
too: ``WCFLOW_TEST_AXE=/path/to/axe.min.js``, from the npm package axe-core. Never use a store with real customers.
"""

import os
import shlex
import shutil
import subprocess
from dataclasses import replace
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from tests.live.dashboard import Dashboard, log_in
from tests.live.real_store import RealStore
from wcflow import maintenance, sync
from wcflow.config.load import load_config
from wcflow.database.connection import open_database
from wcflow.database.stores import load_store_row
from wcflow.poll.binding import build_client
from wcflow.rules.tags import split_tags

RULES = """
[segment Live Big]
group = lifecycle
when = total_spent >= 500

[segment Live Small]
group = lifecycle
when = total_spent > 0

[tag live refunded]
when = refunded_total > 0
tag = Live Refunded

[workflow live welcome]
trigger = first_order
when = order.total >= 20
do =
    add_tag Live First
    add_note Hello {{ first_name }}, order {{ order.number }}
    create_coupon live
    add_note Code {{ coupon.code }}

[coupon live]
type = percent
amount = 10
prefix = LIVE
expires = 30d
"""


class StoreAhead:
    """A store whose clock agrees with wcflow's when that is set ahead."""

    def __init__(self, store, ahead):
        self._store, self._ahead = store, ahead

    def __getattr__(self, name):
        return getattr(self._store, name)

    @property
    def store_now(self):
        return self._store.store_now + self._ahead


class Live:
    """A real store, with the requests of its admin and customers, and a wcflow that syncs it.

    Customers are named by their first name; their addresses are unique to each test run. ``rules``
    begins with more lines of ``[store live]``.
    """

    def __init__(self, url, ca, folder, rules=RULES, general=""):
        self.http = RealStore(url, ca)
        self.folder = folder
        self.run_id = uuid4().hex[:8]
        file = folder / "wcflow.ini"
        head = f"[wcflow]\ndatabase = sqlite:///{folder}/live.sqlite3\n{general}\n[store live]\n"
        keys = f"consumer_key = {self.http.key}\nconsumer_secret = {self.http.secret}\n"
        ca_file = f"ca_file = {ca}\n" if ca else ""
        file.write_text(f"{head}url = {self.http.url}\n{keys}{ca_file}{rules}")
        file.chmod(0o600)
        self.config = load_config(file, {})
        self.db = open_database(self.config.database)
        (settings,) = self.config.stores
        self.store = build_client(settings)
        self.context = sync.SyncContext(
            self.db, self.store, self.config, settings, lambda: datetime.now(UTC), "live"
        )
        (product,) = self.request("GET", "products", params={"per_page": 1, "type": "simple"})
        self.product = product["id"]

    def send(self, method, path, **arguments):
        return self.http.send(method, f"/wc/v3/{path}", **arguments)

    def request(self, method, path, **arguments):
        """Send a request that must succeed; return the JSON of the response."""
        response = self.send(method, path, **arguments)
        assert response.status_code < 300, (method, path, response.status_code, response.text[:300])
        return response.json()

    def run_pass(self):
        """Run one pass, with its changes approved; return how many reached the store."""
        sync.refresh_store_info(self.context)
        sync.sync_once(self.context, write=False)
        maintenance.approve(self.context)
        delivered = sync.sync_once(self.context).delivered
        assert 0 == delivered.failed
        return delivered.done

    def context_ahead(self, ahead):
        """Return the context with wcflow's clock ahead of the real time."""
        store = StoreAhead(self.store, ahead)
        return replace(self.context, store=store, clock=lambda: datetime.now(UTC) + ahead)

    def email(self, name):
        return f"{name.lower()}.{self.run_id}@example.com"

    def register(self, name):
        customer = {"email": self.email(name), "first_name": name}
        return self.request("POST", "customers", json=customer)["id"]

    def order_fields(self, name, total="30.00", customer=0, **more):
        return {
            "status": "processing",
            "set_paid": True,
            "customer_id": customer,
            "billing": {"email": self.email(name).upper(), "first_name": name, "country": "DE"},
            "line_items": [
                {"product_id": self.product, "quantity": 1, "subtotal": total, "total": total}
            ],
            **more,
        }

    def place_order(self, name, **fields):
        return self.request("POST", "orders", json=self.order_fields(name, **fields))["id"]

    def place_orders(self, names, **fields):
        """Place an order for each name in one request; return their ids in the same order."""
        orders = [self.order_fields(name, **fields) for name in names]
        created = self.request("POST", "orders/batch", json={"create": orders})["create"]
        return [order["id"] for order in created]

    def store_row(self):
        with self.db.reading() as tx:
            return load_store_row(tx, self.context.name)

    def meta(self, path, key="wcflow_tags"):
        rows = self.request("GET", path)["meta_data"]
        return next((row["value"] for row in rows if row["key"] == key), None)

    def segment(self, path):
        return self.meta(path, "wcflow_segment")

    def tags(self, path):
        return split_tags(self.meta(path))

    def notes(self, order):
        """Return wcflow's notes on an order, without WooCommerce's own."""
        notes = self.request("GET", f"orders/{order}/notes")
        return [note["note"] for note in notes if "(ref " in note["note"]]

    def coupons(self, name, prefix="live"):
        """Return the coupons of a customer whose codes begin with a prefix."""
        found = self.request("GET", "coupons", params={"search": f"{prefix}-", "per_page": 100})
        return [coupon for coupon in found if coupon["email_restrictions"] == [self.email(name)]]

    def close(self):
        self.store.close()
        self.db.close()


def live_address():
    """Return the store's address and the file of its certificate; skip the test without a store."""
    url = os.environ.get("WCFLOW_TEST_STORE")
    if not url:
        pytest.skip("WCFLOW_TEST_STORE is not set")
    return url, os.environ.get("WCFLOW_TEST_CA")


@pytest.fixture(scope="module")
def live(tmp_path_factory):
    live_store = Live(*live_address(), tmp_path_factory.mktemp("live"))
    live_store.run_pass()
    yield live_store
    live_store.close()


@pytest.fixture(scope="session")
def php():
    """Return a function that runs PHP inside the store and returns what it prints."""
    command = os.environ.get("WCFLOW_TEST_PHP")
    if not command:
        pytest.skip("WCFLOW_TEST_PHP is not set")

    def run(code):
        ran = subprocess.run(
            shlex.split(command), input=f"<?php\n{code}", capture_output=True, text=True, check=True
        )
        return ran.stdout.strip()

    return run


@pytest.fixture(scope="module")
def browser_page():
    url, ca = live_address()
    sync_api = pytest.importorskip("playwright.sync_api")
    chromium = os.environ.get("WCFLOW_TEST_CHROMIUM") or shutil.which("chromium")
    if not chromium:
        pytest.skip("no chromium")
    name, _, password = os.environ.get("WCFLOW_TEST_ADMIN", "admin:admin").partition(":")
    http = RealStore(url, ca)
    if http.send("GET", "/wc-wcflow/v1/status").status_code != 200:
        pytest.skip("the store has no companion plugin")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = log_in(browser, http, name, password)
        if "wp-login" in page.url:
            pytest.skip("WCFLOW_TEST_ADMIN cannot log in")
        yield http, page
        browser.close()


@pytest.fixture
def dashboard(browser_page):
    shown = Dashboard(*browser_page)
    yield shown
    shown.forget()
    assert shown.dialogs == []
