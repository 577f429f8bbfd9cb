"""A real WooCommerce and a wcflow that dies, is turned away, or finds much changed at once.

One of these needs more than HTTP: ``WCFLOW_TEST_MAINTENANCE`` names a command that puts the shop
into maintenance mode when it is given ``on`` and ends it when given ``off``. For a shop on this
machine that is a script which writes ``<?php $upgrading = time();`` into ``.maintenance`` beside
``wp-config.php``, and removes it.

A process that was killed leaves its lease and its claims behind. They lapse within minutes; here
the walks after it are made by a clock that is ahead instead.
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
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import pytest

from wcflow import sync
from wcflow.database.orders import load_orders
from wcflow.errors import TRY_LATER, StoreError
from wcflow.maintenance import nightly

BATCH = 100
CROWD = 300
SETTLED = timedelta(seconds=130)
"""Orders younger than this are left to the polls, which read them again."""

WORK = "rule LIKE 'workflow%'"


def sync_later(live):
    """Walk by a clock that is ahead until nothing is left to write: what lapses has lapsed."""
    context = replace(live.context, clock=lambda: datetime.now(UTC) + timedelta(minutes=15))
    while (walked := sync.sync_once(context)).delivered.done:
        assert 0 == walked.delivered.failed


def buys_all(live, names):
    """Everyone orders at once; give the id of each one's order."""
    orders = [live.order(name) for name in names]
    made = live.ask("POST", "orders/batch", json={"create": orders})["create"]
    return {name: order["id"] for name, order in zip(names, made, strict=True)}


def count_effects(live, names):
    """What reached the shop for each: how many notes, how many coupons, and which tags."""
    return {
        name: (len(live.notes(order)), len(live.coupons(name)), live.tags(f"orders/{order}"))
        for name, order in names.items()
    }


def rows(live, query):
    """Look into the database while a process works in it."""
    path = f"file:{live.folder}/live.sqlite3?mode=ro"
    with closing(sqlite3.connect(path, uri=True, timeout=30)) as raw:
        return raw.execute(query).fetchall()


def count_delivered(live):
    ((count,),) = rows(live, f"SELECT count(*) FROM outbox WHERE {WORK} AND state = 'done'")
    return count


def count_waiting(live):
    ((count,),) = rows(live, f"SELECT count(*) FROM outbox WHERE {WORK} AND state != 'done'")
    return count


@contextmanager
def run_process(live, *words):
    """Run wcflow as a process of its own."""
    command = [sys.executable, "-m", "wcflow", *words, "--config", str(live.folder / "wcflow.ini")]
    with (live.folder / "log").open("wb") as log:
        running = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            yield running
        finally:
            if running.poll() is None:
                running.kill()
            running.wait()


def wait_for(question, running, within=120.0):
    until = time.monotonic() + within
    while not question():
        assert running.poll() is None, "the process ended before it was in the middle"
        assert time.monotonic() < until, "it never came to be"
        time.sleep(0.005)


@pytest.mark.parametrize("command", ["sync", "run"])
@pytest.mark.parametrize("after", [1, 9, 20])
def test_a_process_that_is_killed_in_the_middle_of_deliveries_does_everything_once(
    live, command, after
):
    names = buys_all(live, [f"kim{n}-{after}-{command}" for n in range(8)])
    before = count_delivered(live)
    with run_process(live, command) as running:
        wait_for(lambda: count_delivered(live) >= before + after, running)
        running.kill()
    assert count_waiting(live) > 0
    sync_later(live)

    once = (2, 1, {"Live First", "Live Small"})
    assert dict.fromkeys(names, once) == count_effects(live, names)


def test_an_order_deleted_for_good_is_found_by_the_nightly_comparison(live):
    """No list tells of it, and no stamp moves."""
    gone, stays = live.place_order("Gus", total="700.00"), live.place_order("Gus", total="50.00")
    live.run_pass()
    assert "Live Big" == live.meta(f"orders/{stays}", "wcflow_segment")
    wait_until_old(live, stays)
    live.ask("DELETE", f"orders/{gone}", params={"force": "true"})
    live.run_pass()
    assert [gone] == known_orders(live, [gone])
    night = nightly(live.context)
    live.run_pass()

    assert 1 == night.deleted
    assert [] == known_orders(live, [gone])
    assert "Live Small" == live.meta(f"orders/{stays}", "wcflow_segment")
    assert 0 == nightly(live.context).deleted


def known_orders(live, ids):
    with live.db.reading() as tx:
        return sorted(load_orders(tx, "live", ids))


def wait_until_old(live, order):
    """Wait until an order is old enough to be compared, by the shop's own clock."""
    stamp = live.ask("GET", f"orders/{order}")["date_modified_gmt"]
    settled = datetime.fromisoformat(f"{stamp}+00:00") + SETTLED
    while (now := server_now(live)) < settled:
        time.sleep((settled - now).total_seconds())


def server_now(live):
    return parsedate_to_datetime(live.send("GET", "orders", params={"per_page": 1}).headers["Date"])


def test_hundreds_of_orders_stamped_in_one_second_are_all_read(live):
    """A deleted account leaves its orders in one statement: on HPOS all of them get one stamp.

    The old post storage stamps none of them then; there the crowd is as dense as the shop can make
    it, and it is the rolling sweep that learns of the account.
    """
    carl = live.register("Carl")
    ids = place_many_orders(live, carl)
    live.run_pass()
    assert ids == known_orders(live, ids)
    live.ask("DELETE", f"customers/{carl}", params={"force": "true"})
    stamps = Counter(row["date_modified_gmt"] for row in listed(live, ids))
    sync.sync_once(live.context)
    wait_until_old(live, ids[-1])
    sync.sync_once(live.context)
    swept = replace(live.context, clock=lambda: datetime.now(UTC) + timedelta(days=2))
    sync.sync_once(swept)
    sync.sync_once(swept)

    with live.db.reading() as tx:
        orders = load_orders(tx, "live", ids)
    owners = {(order.customer_id, len(order.items)) for order in orders.values()}
    assert {(0, 1)} == owners
    assert (CROWD, ids) == (len(orders), sorted(orders))
    if live.row().uses_hpos:
        assert [CROWD] == list(stamps.values())
    delete_orders(live, ids)


def place_many_orders(live, customer):
    """Have one customer order three hundred times."""

    def make(count):
        orders = [live.order("carl", customer=customer)] * count
        return live.ask("POST", "orders/batch", json={"create": orders})["create"]

    # Three requests at a time would wait for each other longer than a proxy does.
    with ThreadPoolExecutor(2) as threads:
        made = threads.map(make, [BATCH // 2] * (CROWD * 2 // BATCH))
        return sorted(order["id"] for batch in made for order in batch)


def listed(live, ids):
    for at in range(0, len(ids), BATCH):
        include = ",".join(map(str, ids[at : at + BATCH]))
        asked = {"include": include, "per_page": BATCH, "_fields": "id,date_modified_gmt"}
        yield from live.ask("GET", "orders", params=asked)


def delete_orders(live, ids):
    """Delete the crowd, which a batch does for good; the night finds all of them gone."""
    for at in range(0, len(ids), BATCH // 2):
        live.ask("POST", "orders/batch", json={"delete": ids[at : at + BATCH // 2]})
    night = nightly(live.context)

    assert [] == list(listed(live, ids)) == known_orders(live, ids)
    assert len(ids) == night.deleted


@pytest.fixture
def maintenance():
    """A way to close the shop for a while; asked for before anything is begun that a skip would leave."""
    command = os.environ.get("WCFLOW_TEST_MAINTENANCE")
    if not command:
        pytest.skip("WCFLOW_TEST_MAINTENANCE names no command that puts the shop into maintenance")

    @contextmanager
    def closed():
        subprocess.run([*shlex.split(command), "on"], check=True)
        time.sleep(3)  # PHP looks at a file again after two seconds
        try:
            yield
        finally:
            subprocess.run([*shlex.split(command), "off"], check=True)
            time.sleep(3)

    return closed


def test_a_shop_in_maintenance_is_left_alone_and_served_afterwards(live, maintenance):
    names = buys_all(live, ["mia", "max"])
    with maintenance():
        with pytest.raises(StoreError) as turned_away:
            sync.sync_once(live.context)
        with run_process(live, "sync") as running:
            assert TRY_LATER == running.wait(120)
        said = (live.folder / "log").read_text()
    live.run_pass()
    live.run_pass()

    error = turned_away.value
    assert (503, 600, False) == (error.status, error.retry_after, error.permanent)
    assert "maintenance" in said
    assert "Traceback" not in said
    assert dict.fromkeys(names, (2, 1, {"Live First", "Live Small"})) == count_effects(live, names)


def test_maintenance_that_begins_in_the_middle_of_deliveries_loses_and_doubles_nothing(
    live, maintenance
):
    names = buys_all(live, [f"moe{n}" for n in range(12)])
    before = count_delivered(live)
    with run_process(live, "sync") as running:
        wait_for(lambda: count_delivered(live) >= before + 5, running)
        with maintenance():
            code = running.wait(180)
    begun = count_waiting(live)
    sync_later(live)

    assert code != 0
    assert begun > 0
    assert dict.fromkeys(names, (2, 1, {"Live First", "Live Small"})) == count_effects(live, names)
