"""wcflow and a real WooCommerce after crashes, maintenance, deletions and mass changes.

The maintenance tests need ``WCFLOW_TEST_MAINTENANCE``: a command that puts the store into
maintenance mode with the argument ``on`` and ends it with ``off``. On the store's machine this can
be a script that writes ``<?php $upgrading = time();`` into ``.maintenance`` next to
``wp-config.php``, and deletes the file.

A killed process leaves its lease and claims behind, which expire after minutes. The tests do not
wait for that: they set wcflow's clock ahead.
"""

import os
import shlex
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime

import pytest

from wcflow import sync
from wcflow.database.orders import load_orders
from wcflow.errors import TRY_LATER, StoreError
from wcflow.maintenance import nightly

PAGE = 100
BATCH = 50
MANY = 300
COMPARED_AFTER = timedelta(seconds=130)
"""The nightly check leaves younger orders to the polls, which read them again."""

COMPLETE = (2, 1, {"Live First", "Live Small"})
"""The notes, coupons and tags of a customer whose first order was handled once."""

BY_WORKFLOW = "rule LIKE 'workflow%'"


def sync_ahead(live, ahead):
    """Run a pass with wcflow's clock ahead of the real time."""
    return sync.sync_once(live.context_ahead(ahead))


def sync_after_leases(live):
    """Run passes when the killed process's lease has expired, until nothing is left to write."""
    while (delivered := sync_ahead(live, timedelta(minutes=15)).delivered).done:
        assert 0 == delivered.failed


def first_orders(live, names):
    return dict(zip(names, live.place_orders(names), strict=True))


def delivered_changes(live, orders):
    """Return the notes, coupons and tags of each customer in the store."""
    return {
        name: (len(live.notes(order)), len(live.coupons(name)), live.tags(f"orders/{order}"))
        for name, order in orders.items()
    }


def count_entries(live, condition):
    """Count the workflows' outbox entries, even while a process writes to the database."""
    path = f"file:{live.folder}/live.sqlite3?mode=ro"
    query = f"SELECT count(*) FROM outbox WHERE {BY_WORKFLOW} AND {condition}"
    with closing(sqlite3.connect(path, uri=True, timeout=30)) as database:
        ((count,),) = database.execute(query).fetchall()
    return count


def count_done(live):
    return count_entries(live, "state = 'done'")


def count_not_done(live):
    return count_entries(live, "state != 'done'")


@contextmanager
def run_wcflow(live, *words):
    """Run wcflow in a process of its own, which is killed at the end."""
    command = [sys.executable, "-m", "wcflow", *words, "--config", str(live.folder / "wcflow.ini")]
    with (live.folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()
            process.wait()


def wait_until_done(live, count, process):
    """Wait until the process has delivered this many entries, counted over all runs."""
    deadline = time.monotonic() + 120
    while count_done(live) < count:
        assert process.poll() is None, "the process ended too early"
        assert time.monotonic() < deadline, "the process delivered too little"
        time.sleep(0.005)


@pytest.mark.parametrize("command", ["sync", "run"])
@pytest.mark.parametrize("delivered", [1, 9, 20])
def test_after_a_kill_during_delivery_each_change_reaches_the_store_once(live, command, delivered):
    orders = first_orders(live, [f"kim{number}-{delivered}-{command}" for number in range(8)])
    before = count_done(live)
    with run_wcflow(live, command) as process:
        wait_until_done(live, before + delivered, process)
        process.kill()
    assert count_not_done(live) > 0
    sync_after_leases(live)

    assert dict.fromkeys(orders, COMPLETE) == delivered_changes(live, orders)


def test_the_nightly_check_finds_a_permanently_deleted_order(live):
    """Such an order is missing from every list, and no timestamp changes."""
    deleted = live.place_order("Gus", total="700.00")
    kept = live.place_order("Gus", total="50.00")
    live.run_pass()
    assert "Live Big" == live.segment(f"orders/{kept}")
    wait_until_compared(live, kept)
    live.request("DELETE", f"orders/{deleted}", params={"force": "true"})
    if not live.store_row().has_companion:  # with the plugin, a pass can find it
        live.run_pass()
        assert [deleted] == known_orders(live, [deleted])
    night = nightly(live.context)
    live.run_pass()

    assert 1 == night.deleted
    assert [] == known_orders(live, [deleted])
    assert "Live Small" == live.segment(f"orders/{kept}")
    assert 0 == nightly(live.context).deleted


def known_orders(live, ids):
    with live.db.reading() as tx:
        return sorted(load_orders(tx, "live", ids))


def wait_until_compared(live, order):
    """Wait until the nightly check compares an order, by the store's clock."""
    stamp = live.request("GET", f"orders/{order}")["date_modified_gmt"]
    compared = datetime.fromisoformat(f"{stamp}+00:00") + COMPARED_AFTER
    while (now := store_time(live)) < compared:
        time.sleep((compared - now).total_seconds())


def store_time(live):
    return parsedate_to_datetime(live.send("GET", "orders", params={"per_page": 1}).headers["Date"])


def test_a_poll_reads_all_orders_of_a_page_with_one_timestamp(live):
    """Deleting an account detaches its orders in one statement: HPOS stamps all with one second.

    Posts storage stamps none of them. There the rescan finds out that the account is gone.
    """
    carl = live.register("Carl")
    ids = place_many_orders(live, "Carl", carl)
    live.run_pass()
    assert ids == known_orders(live, ids)
    live.request("DELETE", f"customers/{carl}", params={"force": "true"})
    stamps = Counter(row["date_modified_gmt"] for row in list_orders(live, ids))
    sync.sync_once(live.context)
    wait_until_compared(live, ids[-1])
    sync.sync_once(live.context)
    for _ in range(2):
        sync_ahead(live, timedelta(days=2))

    with live.db.reading() as tx:
        orders = load_orders(tx, "live", ids)
    assert ids == sorted(orders)
    assert {(0, 1)} == {(order.customer_id, len(order.items)) for order in orders.values()}
    if live.store_row().uses_hpos:
        assert [MANY] == list(stamps.values())
    delete_orders(live, ids)


def place_many_orders(live, name, customer):
    # More than two requests at a time wait for each other until a proxy times out.
    with ThreadPoolExecutor(2) as threads:
        batches = [[name] * BATCH] * (MANY // BATCH)
        created = threads.map(lambda names: live.place_orders(names, customer=customer), batches)
        return sorted(order for batch in created for order in batch)


def list_orders(live, ids):
    for start in range(0, len(ids), PAGE):
        include = ",".join(map(str, ids[start : start + PAGE]))
        params = {"include": include, "per_page": PAGE, "_fields": "id,date_modified_gmt"}
        yield from live.request("GET", "orders", params=params)


def delete_orders(live, ids):
    """Delete orders permanently; the nightly check finds all of them."""
    for start in range(0, len(ids), BATCH):
        live.request("POST", "orders/batch", json={"delete": ids[start : start + BATCH]})
    night = nightly(live.context)

    assert [] == list(list_orders(live, ids)) == known_orders(live, ids)
    assert len(ids) == night.deleted


@pytest.fixture
def maintenance():
    """Return a context manager that puts the store into maintenance mode."""
    command = os.environ.get("WCFLOW_TEST_MAINTENANCE")
    if not command:
        pytest.skip("WCFLOW_TEST_MAINTENANCE is not set")

    @contextmanager
    def store_in_maintenance():
        switch(command, "on")
        try:
            yield
        finally:
            switch(command, "off")

    return store_in_maintenance


def switch(command, state):
    subprocess.run([*shlex.split(command), state], check=True)
    time.sleep(3)  # PHP notices a changed file after two seconds.


def test_a_pass_during_maintenance_fails_and_a_later_one_writes_everything_once(live, maintenance):
    orders = first_orders(live, ["Mia", "Max"])
    with maintenance():
        with pytest.raises(StoreError) as failure:
            sync.sync_once(live.context)
        with run_wcflow(live, "sync") as process:
            assert TRY_LATER == process.wait(120)
        output = (live.folder / "log").read_text()
    live.run_pass()
    live.run_pass()

    error = failure.value
    assert (503, 600, False) == (error.status, error.retry_after, error.permanent)
    assert "maintenance" in output
    assert "Traceback" not in output
    assert dict.fromkeys(orders, COMPLETE) == delivered_changes(live, orders)


def test_after_maintenance_during_delivery_each_change_reaches_the_store_once(live, maintenance):
    orders = first_orders(live, [f"moe{number}" for number in range(12)])
    before = count_done(live)
    with run_wcflow(live, "sync") as process:
        wait_until_done(live, before + 5, process)
        with maintenance():
            code = process.wait(180)
    waiting = count_not_done(live)
    sync_after_leases(live)

    assert code != 0
    assert waiting > 0
    assert dict.fromkeys(orders, COMPLETE) == delivered_changes(live, orders)
