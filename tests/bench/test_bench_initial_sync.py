"""The cost of an initial sync beside a simple loop, and how well it keeps a slow store busy.

Run with ``pytest -s tests/bench``. All results of a table are from one run. The limits are wide,
because other work on the machine affects the results.
"""

from __future__ import annotations

import http.client
import socket
import sqlite3
import time
from contextlib import closing
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import orjson
import pytest

from tests.bench.large_store import KEYS, SeenRequest, measured_delay, serve_large_store
from tests.builders import store_settings
from wcflow.database.connection import open_database
from wcflow.database.sql import count_orders
from wcflow.database.stores import save_store
from wcflow.poll.context import PollContext
from wcflow.poll.pull import run_poll
from wcflow.store.client import Store

ORDERS = 100_000
META = frozenset({"wcflow_tags", "wcflow_segment", "accepts_marketing", "birthday"})


@pytest.fixture(scope="module")
def large():
    with serve_large_store(ORDERS) as sandbox:
        yield sandbox


def run_initial_sync(url, path):
    """Return the seconds of an initial sync, its CPU seconds, and the number of orders."""
    with open_database(f"sqlite:///{path}") as db, Store("shop", url, **KEYS) as store:
        with db.transaction() as tx:
            save_store(tx, "shop", url=url)
        start, cpu_start = time.monotonic(), time.process_time()
        polled = run_poll(
            PollContext(
                db, store, store_settings(), ZoneInfo("Europe/Berlin"), META, datetime.now(UTC)
            )
        )
        wall, cpu = time.monotonic() - start, time.process_time() - cpu_start
        assert polled.initial_sync
        with db.reading() as tx:
            return wall, cpu, sum(count_orders(tx, "shop").values())


def read_bytes(url, targets):
    """Read pages over one connection without parsing them; return the seconds."""
    parts = urlsplit(url)
    buffer = memoryview(bytearray(1 << 22))
    start = time.monotonic()
    with socket.create_connection((parts.hostname, parts.port)) as connection:
        for target in targets:
            connection.sendall(f"GET {target} HTTP/1.1\r\nHost: shop\r\n\r\n".encode())
            received = connection.recv_into(buffer)
            head, _, body = bytes(buffer[:received]).partition(b"\r\n\r\n")
            remaining = int(head.rpartition(b"Content-Length: ")[2]) - len(body)
            while remaining:
                remaining -= connection.recv_into(buffer, remaining)
    return time.monotonic() - start


_SCALARS = [
    "id",
    "number",
    "status",
    "currency",
    "total",
    "discount_total",
    "customer_id",
    "date_created_gmt",
    "date_modified_gmt",
    "date_paid_gmt",
    "date_completed_gmt",
    "payment_method",
    "created_via",
    "customer_note",
]
_REST = ["billing", "shipping", "line_items", "refunds", "coupon_lines", "meta_data"]


def read_and_insert(url, targets, path):
    """Read pages over one connection, parse them and insert the rows; return seconds and CPU."""
    parts = urlsplit(url)
    start, cpu_start = time.monotonic(), time.process_time()
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=NORMAL")
        db.execute(f"CREATE TABLE orders ({', '.join(_SCALARS)}, detail, PRIMARY KEY (id))")
        db.execute("CREATE TABLE other (kind, id, detail)")
        connection = http.client.HTTPConnection(parts.hostname, parts.port)
        for target in targets:
            connection.request("GET", target)
            rows = orjson.loads(connection.getresponse().read())
            if "/orders?" in target:
                _insert_orders(db, rows)
            elif type(rows) is list:
                values = [(target[:32], row["id"], orjson.dumps(row)) for row in rows]
                db.executemany("INSERT INTO other VALUES (?, ?, ?)", values)
            db.commit()
        connection.close()
        return time.monotonic() - start, time.process_time() - cpu_start


def _insert_orders(db, rows: list[dict[str, Any]]):
    values = [
        (
            *[row.get(name) for name in _SCALARS],
            orjson.dumps({name: row.get(name) for name in _REST}),
        )
        for row in rows
    ]
    marks = ", ".join("?" * (len(_SCALARS) + 1))
    db.executemany(f"INSERT OR REPLACE INTO orders VALUES ({marks})", values)


def test_an_initial_sync_takes_less_than_ten_times_as_long_as_a_simple_loop(large, tmp_path):
    wall, cpu, orders = run_initial_sync(large.url, tmp_path / "wcflow.sqlite3")
    assert ORDERS == orders
    targets = [request.target for request in large.requests()]
    reading = read_bytes(large.url, targets)
    simple, simple_cpu = read_and_insert(large.url, targets, tmp_path / "simple.sqlite3")
    print(f"\n\ninitial import of {ORDERS:,} orders, {len(targets)} requests")
    print(f"{'':36} {'seconds':>8} {'CPU s':>8} {'orders/s':>10} {'ms/page':>8}")
    for name, seconds, cpu_seconds in (
        ("a loop that only reads the pages", reading, None),
        ("a loop that reads and inserts them", simple, simple_cpu),
        ("wcflow", wall, cpu),
    ):
        used = "" if cpu_seconds is None else f"{cpu_seconds:.2f}"
        rate, page = ORDERS / seconds, seconds * 1000 / (ORDERS / 100)
        print(f"{name:36} {seconds:8.2f} {used:>8} {rate:10,.0f} {page:8.2f}")
    print(
        f"wcflow takes {wall / simple:.1f} times as long as that loop, {cpu / simple_cpu:.1f} by CPU"
    )
    assert wall < 10 * simple


def shares_of_running_requests(requests: list[SeenRequest], start, end):
    """Return the shares of a period with no, one, and at least two running requests."""
    edges = sorted([(r.started, 1) for r in requests] + [(r.finished, -1) for r in requests])
    shares, running, before = [0.0, 0.0, 0.0], 0, start
    for at, change in [*edges, (end, 0)]:
        inside = min(max(at, start), end)
        shares[min(running, 2)] += (inside - before) / (end - start)
        running, before = running + change, inside
    return shares


def test_a_slow_store_almost_always_has_two_requests_to_answer(tmp_path):
    """It takes 0.9 s for a page, like a real one that was measured."""
    with serve_large_store(5000, measured_delay) as sandbox:
        wall, cpu, orders = run_initial_sync(sandbox.url, tmp_path / "slow.sqlite3")
        requests = sandbox.requests()
    assert orders == 5000
    pages = sorted((r for r in requests if r.kind == "orders"), key=lambda r: r.started)
    full = [page for page in pages if page.finished - page.started > 0.6]
    # Before the first full page wcflow looks for the ranges; the last page runs alone.
    start, end = full[0].started, full[-2].started
    none, one, two = shares_of_running_requests(requests, start, end)
    print(f"\n\ninitial import of {orders:,} orders, {len(full)} pages at 0.9 s each")
    print(f"{'duration':40} {wall:8.2f} s")
    print(f"{'CPU time of wcflow':40} {cpu:8.2f} s {cpu / wall:9.2%}")
    print(f"{'two requests are running':40} {two:20.2%}")
    print(f"{'unused capacity of the store':40} {none + one / 2:20.2%}")
    assert two > 0.5
