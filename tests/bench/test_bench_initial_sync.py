"""What a census costs beside a bare loop over the same pages, and how little a slow shop waits.

Run with ``pytest -s tests/bench``. All figures of a table are of one run; its bounds are wide, for
other work on the machine moves them.
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
    """Fill a mirror; give the seconds of wall and of CPU that it took, and how many orders it has."""
    with open_database(f"sqlite:///{path}") as db, Store("shop", url, **KEYS) as store:
        with db.transaction() as tx:
            save_store(tx, "shop", url=url)
        begin, spent = time.monotonic(), time.process_time()
        polled = run_poll(
            PollContext(
                db, store, store_settings(), ZoneInfo("Europe/Berlin"), META, datetime.now(UTC)
            )
        )
        wall, cpu = time.monotonic() - begin, time.process_time() - spent
        assert polled.initial_sync
        with db.reading() as tx:
            return wall, cpu, sum(count_orders(tx, "shop").values())


def read_only(url, targets):
    """Read pages over one kept connection and look at nothing; give the seconds it took."""
    parts = urlsplit(url)
    room = memoryview(bytearray(1 << 22))
    begin = time.monotonic()
    with socket.create_connection((parts.hostname, parts.port)) as line:
        for target in targets:
            line.sendall(f"GET {target} HTTP/1.1\r\nHost: shop\r\n\r\n".encode())
            got = line.recv_into(room)
            head, _, start = bytes(room[:got]).partition(b"\r\n\r\n")
            left = int(head.rpartition(b"Content-Length: ")[2]) - len(start)
            while left:
                left -= line.recv_into(room, left)
    return time.monotonic() - begin


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


def bare_loop(url, targets, path):
    """Read pages over one kept connection, parse them, insert tuples: seconds of wall and CPU."""
    parts = urlsplit(url)
    begin, spent = time.monotonic(), time.process_time()
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=NORMAL")
        db.execute(f"CREATE TABLE orders ({', '.join(_SCALARS)}, detail, PRIMARY KEY (id))")
        db.execute("CREATE TABLE other (kind, id, detail)")
        line = http.client.HTTPConnection(parts.hostname, parts.port)
        for target in targets:
            line.request("GET", target)
            rows = orjson.loads(line.getresponse().read())
            if "/orders?" in target:
                _insert_orders(db, rows)
            elif type(rows) is list:
                told = [(target[:32], row["id"], orjson.dumps(row)) for row in rows]
                db.executemany("INSERT INTO other VALUES (?, ?, ?)", told)
            db.commit()
        line.close()
        return time.monotonic() - begin, time.process_time() - spent


def _insert_orders(db, rows: list[dict[str, Any]]):
    told = [
        (
            *[row.get(name) for name in _SCALARS],
            orjson.dumps({name: row.get(name) for name in _REST}),
        )
        for row in rows
    ]
    marks = ", ".join("?" * (len(_SCALARS) + 1))
    db.executemany(f"INSERT OR REPLACE INTO orders VALUES ({marks})", told)


def test_a_census_is_at_least_half_as_fast_as_a_bare_loop(large, tmp_path):
    wall, cpu, orders = run_initial_sync(large.url, tmp_path / "mirror.sqlite3")
    assert ORDERS == orders
    targets = [visit.target for visit in large.visits()]
    reader = read_only(large.url, targets)
    bare, bare_cpu = bare_loop(large.url, targets, tmp_path / "bare.sqlite3")
    print(f"\n\ncensus of {ORDERS:,} orders, {len(targets)} requests")
    print(f"{'':24} {'seconds':>8} {'CPU s':>8} {'orders/s':>10} {'ms/page':>8}")
    for name, seconds, used in (
        ("bare reader", reader, None),
        ("bare loop", bare, bare_cpu),
        ("census", wall, cpu),
    ):
        spent = "" if used is None else f"{used:.2f}"
        rate, page = ORDERS / seconds, seconds * 1000 / (ORDERS / 100)
        print(f"{name:24} {seconds:8.2f} {spent:>8} {rate:10,.0f} {page:8.2f}")
    print(f"census : bare loop = {bare / wall:.2f} by time, {bare_cpu / cpu:.2f} by CPU")
    assert wall < 10 * bare


def requests_in_flight(visits: list[SeenRequest], begin, end):
    """Give the shares of a time in which no request, one, and at least two were under way."""
    edges = sorted([(v.came, 1) for v in visits] + [(v.left, -1) for v in visits])
    shares, now, before = [0.0, 0.0, 0.0], 0, begin
    for at, change in [*edges, (end, 0)]:
        inside = min(max(at, begin), end)
        shares[min(now, 2)] += (inside - before) / (end - begin)
        now, before = now + change, inside
    return shares


def test_a_slow_shop_is_never_kept_waiting(tmp_path):
    """It answers in the time that a real one took: 0.9 s for a page. The shop itself looks on."""
    with serve_large_store(5000, measured_delay) as sandbox:
        wall, cpu, orders = run_initial_sync(sandbox.url, tmp_path / "slow.sqlite3")
        visits = sandbox.visits()
    assert orders == 5000
    pages = sorted((each for each in visits if each.kind == "orders"), key=lambda each: each.came)
    whole = [page for page in pages if page.left - page.came > 0.6]
    # Before the first whole page the ends are looked for, and after the last but one a page is alone.
    begin, end = whole[0].came, whole[-2].came
    none, one, two = requests_in_flight(visits, begin, end)
    print(f"\n\ncensus of {orders:,} orders, {len(whole)} pages at 0.9 s each")
    print(f"{'took':40} {wall:8.2f} s")
    print(f"{'CPU of the client':40} {cpu:8.2f} s {cpu / wall:9.2%}")
    print(f"{'two requests under way':40} {two:20.2%}")
    print(f"{'the shop waits: places not taken':40} {none + one / 2:20.2%}")
    assert two > 0.5
