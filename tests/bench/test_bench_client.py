"""What wcflow costs: CPU of the client alone, printed as a table. Run with ``pytest tests/bench``.

Figures of one machine say little; so each stands beside a yardstick measured in the same run. The
bounds are those that the product promises.
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
    print(f"\n\n{'what':50} {'figure':>9} {'yardstick':>10} {'ratio':>7}  yardstick is")
    for what, figure, yardstick, name in ROWS:
        print(f"{what:50} {figure:9.2f} {yardstick:10.2f} {figure / yardstick:7.1f}  {name}")


def cpu(deed, times=9):
    """Give the median CPU milliseconds of some runs of a deed, after one to warm up."""
    deed()
    spent = []
    for _ in range(times):
        gc.collect()
        begin = time.process_time()
        deed()
        spent.append((time.process_time() - begin) * 1000)
    return median(spent)


def make_sandbox():
    return seed_store(datetime.now(UTC), Random(7), people=500, orders=2500)


def serving(pipe):
    """Serve a shop in a process of its own, so that its cost is not counted."""
    with serve(make_sandbox()) as server:
        pipe.send(server.url)
        pipe.recv()


@pytest.fixture(scope="module")
def url():
    here, there = multiprocessing.Pipe()
    process = multiprocessing.Process(target=serving, args=(there,), daemon=True)
    process.start()
    yield here.recv()
    here.send("done")
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


def test_a_page_of_100_orders_is_read_kept_and_touched_in_10_ms(tmp_path):
    key = Basic(ADMIN.consumer_key, ADMIN.consumer_secret)
    asked = Request("GET", "/wc/v3/orders", {"per_page": "100"}, auth=key)
    page = make_sandbox().answer(asked, datetime.now(UTC)).body
    # Each order says something new each time, or nothing would be written.
    pages = iter([page.replace('"created_via": "', f'"created_via": "{n}') for n in range(100)])
    assert next(pages) != next(pages)
    settings = store_settings()
    with open_database(f"sqlite:///{tmp_path}/page.sqlite3") as db:

        def work():
            orders = [parse_order(row) for row in parse_json(next(pages).encode())]
            with db.transaction() as tx:
                assert len(orders) == apply_orders(tx, settings, orders) == 100

        cost = cpu(work)
    ROWS.append(("page of 100 orders, CPU ms", cost, cpu(lambda: json.loads(page)), "json.loads"))
    assert cost <= 10


def test_a_poll_that_finds_one_changed_order_costs_50_ms_beyond_its_requests(context):
    """The yardstick is an idle walk, which asks the same and finds nothing."""
    some = context.store.orders(orderby="id", order="desc", page_size=20).rows
    newest = next(order for order in some if order.email)  # without one it is nobody's
    count = iter(range(100))

    def changed():
        note = {"customer_note": f"note {next(count)}"}
        context.store.request("PUT", f"orders/{newest.id}", json=note, shape=dict)
        begin = time.process_time()
        walked = sync.sync_once(context, write=False)
        spent.append((time.process_time() - begin) * 1000)
        assert walked.polled.orders >= 1
        assert walked.evaluated.people >= 1

    spent: list[float] = []
    for _ in range(9):
        changed()
    idle = cpu(lambda: sync.sync_once(context, write=False))
    ROWS.append(("walk that finds one changed order, CPU ms", median(spent), idle, "idle walk"))
    assert median(spent) - idle <= 50


def test_everyone_is_evaluated_in_little_time(context):
    """All 500 people and their 2,500 orders, as after an edited rule."""

    def all_of_them():
        with context.db.transaction() as tx:
            start_full_evaluation(tx, context.name)
        return evaluate(context.db, context.config, context.settings, context.clock()).people

    people = all_of_them()
    cost = cpu(all_of_them, times=3) / people
    ROWS.append(("evaluation of one person, CPU ms", cost, 1.0, "one millisecond"))
    assert cost <= 5


def test_an_idle_daemon_is_below_100_mb(ini, context):
    """The yardstick is an interpreter that has imported what wcflow is built on."""
    daemon = subprocess.Popen(
        [sys.executable, "-m", "wcflow", "run", "--config", str(ini)], stderr=subprocess.DEVNULL
    )
    try:
        time.sleep(8)
        assert daemon.poll() is None
        size = resident(daemon.pid)
    finally:
        daemon.terminate()
        daemon.wait(10)
    libraries = "import sqlmodel, requests, rich, jinja2, lark, alembic, os, time"
    bare = f"{libraries}; print(os.getpid(), flush=True); time.sleep(5)"
    with subprocess.Popen([sys.executable, "-c", bare], stdout=subprocess.PIPE) as process:
        yardstick = resident(int(process.stdout.readline()))
        process.kill()
    ROWS.append(("idle daemon, MB resident", size, yardstick, "its libraries"))
    assert size < 100


def resident(pid):
    """Give the resident memory of a process in megabytes."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(row.split()[1] for row in lines if row.startswith("VmRSS"))) / 1024
