"""A real WooCommerce from WCFLOW_TEST_STORE. The tests write to it: never use a live store.

``WCFLOW_TEST_STORE=https://ck_…:cs_…@host`` (an administrator's key), and where its certificate
is one's own, ``WCFLOW_TEST_CA=/path/to/ca.pem``.
"""

import os
from datetime import UTC, datetime
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
import requests

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


class Live:
    """The shop by plain requests, as an admin would act, and wcflow beside it."""

    def __init__(self, url, ca, folder):
        parts = urlsplit(url)
        self.key, self.secret = parts.username, parts.password
        host = f"{parts.hostname}:{parts.port}" if parts.port else parts.hostname
        self.url = f"{parts.scheme}://{host}{parts.path}"
        self.ca = ca or None
        self.http = requests.Session()
        self.folder = folder
        self.run = uuid4().hex[:8]
        file = folder / "wcflow.ini"
        head = f"[wcflow]\ndatabase = sqlite:///{folder}/live.sqlite3\n[store live]\nurl = {self.url}\n"
        keys = f"consumer_key = {self.key}\nconsumer_secret = {self.secret}\n"
        file.write_text(head + keys + (f"ca_file = {self.ca}\n" if self.ca else "") + RULES)
        file.chmod(0o600)
        self.config = load_config(file, {})
        self.db = open_database(self.config.database)
        (settings,) = self.config.stores
        self.store = build_client(settings)
        self.context = sync.SyncContext(
            self.db, self.store, self.config, settings, lambda: datetime.now(UTC), "live"
        )
        self.written = 0
        (product,) = self.ask("GET", "products", params={"per_page": 1, "type": "simple"})
        self.product = product["id"]

    def send(self, method, path, *, params=None, json=None):
        """Send by plain requests; over http by the client, for its signature is not to be remade."""
        if self.url.startswith("http:"):
            given = {"data": json} if json is not None else {}
            return getattr(self.store, method.lower())(path, params=params or {}, **given)
        return self.http.request(
            method,
            f"{self.url}/wp-json/wc/v3/{path}",
            auth=(self.key, self.secret),
            verify=self.ca or True,
            timeout=60,
            params=params,
            json=json,
        )

    def ask(self, method, path, **body):
        answer = self.send(method, path, **body)
        assert answer.status_code < 300, (method, path, answer.status_code, answer.text[:300])
        return answer.json()

    def run_pass(self):
        """One walk, accepted; ``written`` tells how many effects reached the shop."""
        sync.refresh_store_info(self.context)
        sync.sync_once(self.context, write=False)
        maintenance.approve(self.context)
        walked = sync.sync_once(self.context)
        self.written = walked.delivered.done
        assert 0 == walked.delivered.failed
        return walked

    def address(self, who):
        return f"{who}.{self.run}@example.com"

    def register(self, who):
        return self.ask("POST", "customers", json={"email": self.address(who), "first_name": who})[
            "id"
        ]

    def order(self, who, total="30.00", customer=0, status="processing"):
        """What is sent to the shop when somebody orders."""
        return {
            "status": status,
            "set_paid": True,
            "customer_id": customer,
            "billing": {"email": self.address(who).upper(), "first_name": who, "country": "DE"},
            "line_items": [
                {"product_id": self.product, "quantity": 1, "subtotal": total, "total": total}
            ],
        }

    def place_order(self, who, **order):
        return self.ask("POST", "orders", json=self.order(who, **order))["id"]

    def row(self):
        with self.db.reading() as tx:
            return load_store_row(tx, self.context.name)

    def meta(self, path, key="wcflow_tags"):
        held = self.ask("GET", path)["meta_data"]
        return next((each["value"] for each in held if each["key"] == key), None)

    def tags(self, path):
        return split_tags(self.meta(path))

    def notes(self, order):
        return [n["note"] for n in self.ask("GET", f"orders/{order}/notes") if "(ref " in n["note"]]

    def coupons(self, who):
        found = self.ask("GET", "coupons", params={"search": "live-", "per_page": 100})
        return [c for c in found if c["email_restrictions"] == [self.address(who)]]


@pytest.fixture(scope="module")
def live(tmp_path_factory):
    url = os.environ.get("WCFLOW_TEST_STORE")
    if not url:
        pytest.skip("WCFLOW_TEST_STORE names no WooCommerce to test against")
    live_store = Live(url, os.environ.get("WCFLOW_TEST_CA"), tmp_path_factory.mktemp("live"))
    live_store.run_pass()
    yield live_store
    live_store.store.close()
    live_store.db.close()
