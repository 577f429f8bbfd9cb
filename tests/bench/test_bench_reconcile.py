"""The requests and rows of a reconcile with a million orders. Run with ``pytest -s tests/bench``.

The store answers lists and counts from two arrays, because a million orders of the sandbox would
not fit into memory.
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
"""One of so many orders has a partial refund."""

NOW = datetime(2026, 6, 15, 1, 30, tzinfo=UTC)
LENGTH = 8 * 365 * 86400
LATER = 2 * 86400
"""Seconds between an order and its last change."""


class HugeStore:
    """A store with the ids, timestamps and refunds of a million orders."""

    def __init__(self):
        random, newest = Random(7), stamp(NOW) - 5 * 86400
        ages = (int(LENGTH * random.random() ** 1.5) for _ in range(ORDERS))
        self.created = array("q", sorted(newest - age for age in ages))
        self.refunds = array("q", (at + 3600 for at in self.created[::REFUNDED]))
        self.deleted, self.rows = set(), 0

    def answer(self, request, now):
        path = request.path.removeprefix("/wc/v3/")
        kind, _, number = path.partition("/")
        if number:
            return self._one(int(number), now)
        find = {"orders": self._orders, "refunds": self._refunds}.get(kind, lambda params: [])
        rows = find(request.params)
        size = int(request.params.get("per_page", 10))
        body = [self._row(row) for row in rows[:size]]
        self.rows += len(body)
        return text_response(json.dumps(body), now, headers={"X-WP-Total": str(len(rows))})

    def _orders(self, params):
        if params["status"] != "any":
            return []
        if params.get("include"):
            return [n for n in map(int, params["include"].split(",")) if n not in self.deleted]
        first, last = bounds(params, self.created, "", 0)
        changed = bounds(params, self.created, "modified_", LATER)
        first, last = max(first, changed[0]), min(last, changed[1])
        missing = {number for number in self.deleted if first < number <= last}
        if not missing:
            return range(first + 1, last + 1)
        return [number for number in range(first + 1, last + 1) if number not in missing]

    def _refunds(self, params):
        first, last = bounds(params, self.refunds, "", 0)
        # A deleted order has no refunds.
        missing = {1 + number // REFUNDED for number in self.deleted if number % REFUNDED == 1}
        return [n for n in range(first + 1, last + 1) if n not in missing]

    def _row(self, number):
        at = self.created[number - 1] + LATER
        return {"id": number, "date_modified_gmt": naive(at)}

    def _one(self, number, now):
        assert number in self.deleted
        error = {"code": "woocommerce_rest_shop_order_invalid_id", "message": "", "data": {}}
        return text_response(json.dumps(error), now, status=404)


def naive(at):
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def bounds(params, stamps, prefix, later):
    """Return the range of the timestamps between the bounds, which are exclusive."""
    first, last = 0, len(stamps)
    if after := params.get(f"{prefix}after"):
        first = bisect_right(stamps, seconds(after) - later)
    if before := params.get(f"{prefix}before"):
        last = bisect_left(stamps, seconds(before) - later)
    return first, last


def seconds(text):
    return int(datetime.fromisoformat(f"{text}+00:00").timestamp())


def fill(path, sandbox):
    """Save all orders of the store in the database."""
    rows = (row_of(n, at, n % REFUNDED == 1) for n, at in enumerate(sandbox.created, start=1))
    with closing(sqlite3.connect(path)) as raw, raw:
        raw.execute("PRAGMA synchronous=OFF")
        first = next(rows)
        names, marks = ", ".join(first), ", ".join("?" * len(first))
        insert = f"INSERT INTO orders ({names}) VALUES ({marks})"
        raw.execute(insert, tuple(first.values()))
        raw.executemany(insert, (tuple(row.values()) for row in rows))


def order_row():
    address = Address(first_name="Anna", last_name="Adler", address_1="1 Mill Way", country="DE")
    order = Order(
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
        billing=address,
        shipping=address,
        payment_method="cod",
        created_via="checkout",
    )
    return {**order_to_row("shop", order), "history": "[]"}


ORDER_ROW = order_row()
DETAIL = orjson.loads(ORDER_ROW["detail"])


def row_of(number, at, refunded):
    refund = Refund(number * 10, 100, "", None)
    saved = {"id": refund.id, "total": refund.total, "reason": "", "date": at + 3600}
    detail = dumps({**DETAIL, "refunds": [saved]}) if refunded else ORDER_ROW["detail"]
    return {**ORDER_ROW, "id": number, "created": at, "modified": at + LATER, "detail": detail}


class ReconcileBench:
    """A store, its database and a clock."""

    def __init__(self, path, sandbox, http, store, db):
        self.path, self.sandbox, self.http, self.store, self.db = path, sandbox, http, store, db
        self.now = NOW

    def context(self):
        zone = ZoneInfo("Europe/Berlin")
        return PollContext(self.db, self.store, store_settings(), zone, frozenset(), self.now)

    def measure(self, label, work):
        """Print the requests, rows and CPU seconds of a poll; return it with its order requests."""
        self.http.clear_calls()
        self.sandbox.rows, start = 0, time.process_time()
        result = work(self.context())
        seconds = time.process_time() - start
        for_orders = sum(
            call.path.startswith(("/wc/v3/orders", "/wc/v3/refunds")) for call in self.http.calls
        )
        rows = self.sandbox.rows
        print(f"{label:45} {result.requests:9} {for_orders:9} {rows:9} {seconds:9.2f}")
        return result, for_orders


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    path = tmp_path_factory.mktemp("reconcile") / "wcflow.sqlite3"
    sandbox = HugeStore()
    with open_database(f"sqlite:///{path}") as db, db.transaction() as tx:
        save_store(
            tx,
            "shop",
            url="https://shop.example",
            initial_sync_started=stamp(NOW),
            initial_sync_done=stamp(NOW),
            polled_at=stamp(NOW),
            order_cursor=sandbox.created[-1] + LATER + 1,
            meta_keys="[]",
        )
        save_ranges(tx, [whole_slice("shop", "drafts", number) for number in range(2)])
    fill(path, sandbox)
    clock = [NOW]
    with (
        mount_sandbox(sandbox, lambda: clock[0]) as http,
        Store("shop", "https://shop.example", "ck", "cs") as store,
        open_database(f"sqlite:///{path}") as db,
    ):
        print(
            f"\n\n{'a million orders':45} {'requests':>9} {'to orders':>9} {'rows':>9} {'CPU s':>9}"
        )
        yield ReconcileBench(path, sandbox, http, store, db)


def test_a_nightly_check_without_differences_makes_less_than_60_requests(bench):
    result, for_orders = bench.measure("the nightly check, with no differences", run_reconcile)

    assert (0, 0) == (result.orders, result.deleted)
    assert for_orders < 60


@pytest.mark.parametrize("number", [1, 2, 444_444, ORDERS])
def test_a_deleted_order_among_a_million_is_found_with_less_than_60_requests(bench, number):
    bench.sandbox.deleted.add(number)
    result, for_orders = bench.measure(f"  with order {number:,} deleted", run_reconcile)
    with bench.db.reading() as tx:
        saved = sum(count_orders(tx, "shop").values())

    assert 1 == result.deleted
    assert ORDERS - len(bench.sandbox.deleted) == saved
    assert for_orders < 60


def test_the_polls_of_a_day_rescan_between_200_and_300_pages_of_ids_and_timestamps(bench):
    """This reads every order again within six weeks."""
    run_poll(bench.context())
    bench.http.clear_calls()
    for _ in range(120):
        bench.now += timedelta(minutes=6)
        run_poll(bench.context())
    pages = sum(
        "after" in call.params and "orderby" in call.params for call in timestamp_requests(bench)
    )
    bench.now += timedelta(minutes=1)
    bench.measure("a poll when nothing has happened", run_poll)

    print(f"{'pages of ids and timestamps in a day':45} {2 * pages:9}")
    assert 200 < 2 * pages < 300


def timestamp_requests(bench):
    return [c for c in bench.http.calls if c.params.get("_fields") == "id,date_modified_gmt"]
