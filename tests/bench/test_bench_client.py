"""The CPU time and memory of wcflow with a small store. Run with ``pytest -s tests/bench``.

Each result is printed with a reference measurement of the same run, because the results of one
machine alone say little. The limits are those that wcflow promises.
"""

from __future__ import annotations

import gc
import json
import multiprocessing
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from statistics import median

import pytest

from tests.builders import store_settings
from wcflow import maintenance, sync
from wcflow.config.files import default_ini, set_values
from wcflow.config.load import load_config
from wcflow.database.connection import open_database
from wcflow.database.evaluation_queue import start_full_evaluation
from wcflow.evaluate.evaluation import evaluate
from wcflow.poll.binding import build_client
from wcflow.poll.ownership import apply_orders
from wcflow.sandbox.auth import ADMIN
from wcflow.sandbox.rest import Basic, Request
from wcflow.sandbox.seed import seed_store
from wcflow.sandbox.server import serve
from wcflow.store.json_body import parse_json
from wcflow.store.wire import parse_order

ROWS: list[tuple[str, float, float, str]] = []


@pytest.fixture(scope="module", autouse=True)
def table():
    yield
    print(f"\n\n{'':58} {'result':>9} {'reference':>10} {'ratio':>7}  reference is")
    for label, result, reference, name in ROWS:
        print(f"{label:58} {result:9.2f} {reference:10.2f} {result / reference:7.1f}  {name}")


def cpu_milliseconds(work, times=9):
    """Return the median CPU time of several calls, after one to warm up."""
    work()
    costs = []
    for _ in range(times):
        gc.collect()
        start = time.process_time()
        work()
        costs.append((time.process_time() - start) * 1000)
    return median(costs)


def make_sandbox():
    return seed_store(datetime.now(UTC), Random(7), people=500, orders=2500)


def serve_sandbox(pipe):
    """Serve a store in another process, so that its cost is not counted."""
    with serve(make_sandbox()) as server:
        pipe.send(server.url)
        pipe.recv()


@pytest.fixture(scope="module")
def url():
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.Process(target=serve_sandbox, args=(theirs,), daemon=True)
    process.start()
    yield ours.recv()
    ours.send("done")
    process.join(5)


@pytest.fixture(scope="module")
def ini(url, tmp_path_factory):
    folder = tmp_path_factory.mktemp("bench")
    keys = {"consumer_key": ADMIN.consumer_key, "consumer_secret": ADMIN.consumer_secret}
    text = set_values(default_ini(), "store shop", {"url": url, **keys})
    text = set_values(text, "wcflow", {"database": f"sqlite:///{folder}/bench.sqlite3"})
    file = folder / "wcflow.ini"
    file.write_text(text)
    file.chmod(0o600)
    return file


@pytest.fixture(scope="module")
def context(ini):
    config = load_config(ini, {})
    (settings,) = config.stores
    with open_database(config.database) as db, build_client(settings) as store:
        context = sync.SyncContext(db, store, config, settings, lambda: datetime.now(UTC), "bench")
        sync.refresh_store_info(context)
        sync.sync_once(context, write=False)
        maintenance.approve(context)
        sync.sync_once(context)
        yield context


def test_a_page_of_100_orders_is_read_and_saved_in_10_ms(tmp_path):
    key = Basic(ADMIN.consumer_key, ADMIN.consumer_secret)
    request = Request("GET", "/wc/v3/orders", {"per_page": "100"}, auth=key)
    page = make_sandbox().answer(request, datetime.now(UTC)).body
    # Every order changes each time; otherwise nothing is written.
    pages = iter([page.replace('"created_via": "', f'"created_via": "{n}') for n in range(100)])
    assert next(pages) != next(pages)
    settings = store_settings()
    with open_database(f"sqlite:///{tmp_path}/page.sqlite3") as db:

        def work():
            orders = [parse_order(row) for row in parse_json(next(pages).encode())]
            with db.transaction() as tx:
                assert len(orders) == apply_orders(tx, settings, orders) == 100

        cost = cpu_milliseconds(work)
    reference = cpu_milliseconds(lambda: json.loads(page))
    ROWS.append(("a page of 100 orders, read and saved, CPU ms", cost, reference, "json.loads"))
    assert cost <= 10


def test_a_sync_with_one_changed_order_costs_at_most_50_ms_more_than_an_idle_one(context):
    """Both make the same requests."""
    orders = context.store.orders(orderby="id", order="desc", page_size=20).rows
    newest = next(order for order in orders if order.email)  # one that belongs to a person
    costs = []
    for number in range(9):
        note = {"customer_note": f"note {number}"}
        context.store.request("PUT", f"orders/{newest.id}", json=note, shape=dict)
        start = time.process_time()
        result = sync.sync_once(context, write=False)
        costs.append((time.process_time() - start) * 1000)
        assert result.polled.orders >= 1
        assert result.evaluated.people >= 1
    cost, idle = median(costs), cpu_milliseconds(lambda: sync.sync_once(context, write=False))
    ROWS.append(("a sync with one changed order, CPU ms", cost, idle, "an idle sync"))
    assert cost - idle <= 50


def test_the_evaluation_of_a_customer_costs_at_most_5_ms(context):
    """All 500 people with their 2,500 orders, as after a rule changed."""

    def evaluate_everybody():
        with context.db.transaction() as tx:
            start_full_evaluation(tx, context.name)
        return evaluate(context.db, context.config, context.settings, context.clock()).people

    people = evaluate_everybody()
    cost = cpu_milliseconds(evaluate_everybody, times=3) / people
    ROWS.append(("the evaluation of one customer, CPU ms", cost, 1.0, "one millisecond"))
    assert cost <= 5


def test_an_idle_daemon_uses_less_than_100_mb(ini, context):
    """The reference is an interpreter that has imported the libraries of wcflow."""
    daemon = subprocess.Popen(
        [sys.executable, "-m", "wcflow", "run", "--config", str(ini)], stderr=subprocess.DEVNULL
    )
    try:
        time.sleep(8)
        assert daemon.poll() is None
        size = resident_megabytes(daemon.pid)
    finally:
        daemon.terminate()
        daemon.wait(10)
    libraries = "import sqlmodel, requests, rich, jinja2, lark, alembic, os, time"
    bare = f"{libraries}; print(os.getpid(), flush=True); time.sleep(5)"
    with subprocess.Popen([sys.executable, "-c", bare], stdout=subprocess.PIPE) as process:
        reference = resident_megabytes(int(process.stdout.readline()))
        process.kill()
    ROWS.append(("an idle daemon, MB", size, reference, "its libraries"))
    assert size < 100


def resident_megabytes(pid):
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(row.split()[1] for row in lines if row.startswith("VmRSS"))) / 1024
