"""What the nightly comparison asks of a shop with a million orders: requests and rows.

Run with ``pytest -s tests/bench``. The mirror is a real one. The shop answers lists and counts from
two arrays: a million orders of the sandbox would not fit into memory.
"""

from __future__ import annotations

import json
import sqlite3
import time
from array import array
from bisect import bisect_left, bisect_right
from contextlib import closing
from datetime import UTC, datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

import orjson
import pytest

from tests.builders import store_settings
from tests.sandbox_http import mount_sandbox
from wcflow.database.connection import open_database
from wcflow.database.mapping import order_to_row
from wcflow.database.sql import count_orders, dumps, stamp
from wcflow.database.stores import save_ranges, save_store
from wcflow.poll.context import PollContext
from wcflow.poll.pull import run_poll, run_reconcile
from wcflow.poll.ranges import whole_slice
from wcflow.records import Address, Order, Refund
from wcflow.sandbox.rest import text_response
from wcflow.store.client import Store

ORDERS = 1_000_000
REFUNDED = 25
"""One order of so many was paid back in part."""

NOW = datetime(2026, 6, 15, 1, 30, tzinfo=UTC)
LENGTH = 8 * 365 * 86400
LATER = 2 * 86400
"""Seconds between an order and its last change."""


class HugeStore:
    """A shop of a million orders, of which only ids and stamps are known."""

    def __init__(self):
        random, newest = Random(7), stamp(NOW) - 5 * 86400
        ages = (int(LENGTH * random.random() ** 1.5) for _ in range(ORDERS))
        self.created = array("q", sorted(newest - age for age in ages))
        self.refunds = array("q", (at + 3600 for at in self.created[::REFUNDED]))
        self.lost, self.rows = set(), 0

    def answer(self, request, now):
        path = request.path.removeprefix("/wc/v3/")
        kind, _, number = path.partition("/")
        if number:
            return self._one(int(number), now)
        found = {"orders": self._orders, "refunds": self._refunds}.get(kind, lambda asked: [])
        rows = found(request.params)
        size = int(request.params.get("per_page", 10))
        body = [self._row(row) for row in rows[:size]]
        self.rows += len(body)
        return text_response(json.dumps(body), now, headers={"X-WP-Total": str(len(rows))})

    def _orders(self, asked):
        if asked["status"] != "any":
            return []
        if asked.get("include"):
            return [n for n in map(int, asked["include"].split(",")) if n not in self.lost]
        first, last = bounds(asked, self.created, "", 0)
        changed = bounds(asked, self.created, "modified_", LATER)
        first, last = max(first, changed[0]), min(last, changed[1])
        gone = {number for number in self.lost if first < number <= last}
        if not gone:
            return range(first + 1, last + 1)
        return [number for number in range(first + 1, last + 1) if number not in gone]

    def _refunds(self, asked):
        first, last = bounds(asked, self.refunds, "", 0)
        # An order takes its refunds with it.
        gone = {1 + number // REFUNDED for number in self.lost if number % REFUNDED == 1}
        return [n for n in range(first + 1, last + 1) if n not in gone]

    def _row(self, number):
        at = self.created[number - 1] + LATER
        return {"id": number, "date_modified_gmt": naive(at)}

    def _one(self, number, now):
        assert number in self.lost
        refusal = {"code": "woocommerce_rest_shop_order_invalid_id", "message": "", "data": {}}
        return text_response(json.dumps(refusal), now, status=404)


def naive(at):
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def bounds(asked, stamps, prefix, later):
    """Give which of the stamps lie between two bounds, which are exclusive."""
    first, last = 0, len(stamps)
    if after := asked.get(f"{prefix}after"):
        first = bisect_right(stamps, seconds(after) - later)
    if before := asked.get(f"{prefix}before"):
        last = bisect_left(stamps, seconds(before) - later)
    return first, last


def seconds(text):
    return int(datetime.fromisoformat(f"{text}+00:00").timestamp())


def fill(path, sandbox):
    """Make the mirror of the shop."""
    rows = (row_of(n, at, n % REFUNDED == 1) for n, at in enumerate(sandbox.created, start=1))
    with closing(sqlite3.connect(path)) as raw, raw:
        raw.execute("PRAGMA synchronous=OFF")
        first = next(rows)
        names, marks = ", ".join(first), ", ".join("?" * len(first))
        insert = f"INSERT INTO orders ({names}) VALUES ({marks})"
        raw.execute(insert, tuple(first.values()))
        raw.executemany(insert, (tuple(row.values()) for row in rows))


def pattern():
    there = Address(first_name="Anna", last_name="Adler", address_1="1 Mill Way", country="DE")
    told = Order(
        id=0,
        number="",
        status="completed",
        currency="EUR",
        total=1000,
        discount_total=0,
        customer_id=0,
        email="anna@example.com",
        created=NOW,
        modified=NOW,
        paid=NOW,
        completed=NOW,
        billing=there,
        shipping=there,
        payment_method="cod",
        created_via="checkout",
    )
    return {**order_to_row("shop", told), "history": "[]"}


PATTERN = pattern()
DETAIL = orjson.loads(PATTERN["detail"])


def row_of(number, at, refunded):
    refund = Refund(number * 10, 100, "", None)
    back = {"id": refund.id, "total": refund.total, "reason": "", "date": at + 3600}
    detail = dumps({**DETAIL, "refunds": [back]}) if refunded else PATTERN["detail"]
    return {**PATTERN, "id": number, "created": at, "modified": at + LATER, "detail": detail}


class ReconcileBench:
    """The shop, its mirror, and a clock."""

    def __init__(self, path, sandbox, http, store, db):
        self.path, self.sandbox, self.http, self.store, self.db = path, sandbox, http, store, db
        self.now = NOW

    def context(self):
        zone = ZoneInfo("Europe/Berlin")
        return PollContext(self.db, self.store, store_settings(), zone, frozenset(), self.now)

    def measured(self, what, work):
        """Do it; print what it asked for and what it cost."""
        self.http.clear_calls()
        self.sandbox.rows, begin = 0, time.process_time()
        found = work(self.context())
        cost = time.process_time() - begin
        about = sum(
            call.path.startswith(("/wc/v3/orders", "/wc/v3/refunds")) for call in self.http.calls
        )
        print(f"{what:45} {found.requests:9} {about:9} {self.sandbox.rows:9} {cost:9.2f}")
        return found, about


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    path = tmp_path_factory.mktemp("nightly") / "mirror.sqlite3"
    sandbox = HugeStore()
    with open_database(f"sqlite:///{path}") as db, db.transaction() as tx:
        known = {
            "initial_sync_started": stamp(NOW),
            "initial_sync_done": stamp(NOW),
            "polled_at": stamp(NOW),
        }
        cursor = sandbox.created[-1] + LATER + 1
        save_store(tx, "shop", url="https://shop.example", order_cursor=cursor, **known)
        save_ranges(tx, [whole_slice("shop", "drafts", number) for number in range(2)])
        save_store(tx, "shop", meta_keys="[]")
    fill(path, sandbox)
    clock = [NOW]
    with (
        mount_sandbox(sandbox, lambda: clock[0]) as http,
        Store("shop", "https://shop.example", "ck", "cs") as store,
        open_database(f"sqlite:///{path}") as db,
    ):
        print(
            f"\n\n{'a million orders':45} {'requests':>9} {'of orders':>9} {'rows':>9} {'CPU s':>9}"
        )
        yield ReconcileBench(path, sandbox, http, store, db)


def test_a_night_on_which_nothing_is_amiss(bench):
    found, about = bench.measured("a night, nothing amiss", run_reconcile)

    assert (0, 0) == (found.orders, found.deleted)
    assert about < 60


@pytest.mark.parametrize("which", [1, 2, 444_444, ORDERS])
def test_one_deleted_order_among_a_million_costs_less_than_60_requests(bench, which):
    bench.sandbox.lost.add(which)
    found, about = bench.measured(f"a night, order {which:,} deleted", run_reconcile)
    with bench.db.reading() as tx:
        left = sum(count_orders(tx, "shop").values())

    assert 1 == found.deleted
    assert ORDERS - len(bench.sandbox.lost) == left
    assert about < 60


def test_idle_polls_and_the_round_that_goes_with_them(bench):
    """The round compares ids and stamps: every one of them within six weeks, a page now and then."""
    run_poll(bench.context())
    bench.http.clear_calls()
    for _ in range(120):
        bench.now += timedelta(minutes=6)
        run_poll(bench.context())
    pages = sum(
        "after" in call.params and "orderby" in call.params for call in measure_reconcile(bench)
    )
    bench.now += timedelta(minutes=1)
    bench.measured("an idle poll", run_poll)

    print(f"{'pages of ids and stamps in a day':45} {2 * pages:9}")
    assert 200 < 2 * pages < 300


def measure_reconcile(bench):
    return [c for c in bench.http.calls if c.params.get("_fields") == "id,date_modified_gmt"]
