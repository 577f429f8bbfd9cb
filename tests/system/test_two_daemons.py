"""Laws of several daemons: one PostgreSQL is shared, one SQLite file is served by one."""

from __future__ import annotations

import os
import re
import signal
import stat
import time

import pytest

from tests.service import QUICK, eventually, town
from wcflow import sync
from wcflow.errors import BusyError

LASTS = 3
SHORT = f"""{QUICK}
from wcflow.database import lease
lease.LASTS, lease.RENEWED_EVERY = timedelta(seconds={LASTS}), timedelta(seconds=0.5)
"""
"""A lease of seconds in place of forty, renewed twice a second in place of every ten."""


@pytest.fixture
def place(tmp_path):
    with town(tmp_path) as built:
        yield built


@pytest.fixture
def shared(place, postgres):
    """A town whose mirror lies in a PostgreSQL, known and accepted."""
    with postgres.emptied() as url:
        place.keeps_in(url)
        place.accepted()
        yield place


def walks_of(daemon):
    return len(daemon.logged("walked"))


# PostgreSQL


def test_two_daemons_on_one_postgresql_do_everything_once(shared):
    """Leases and claims: of two that serve one shop, each effect is one's alone."""
    both = [shared.starts(prelude=QUICK) for _ in range(2)]
    for daemon in both:
        daemon.ear.hears("polled just now")
    orders = [shared.buys(f"person{number}@example.com") for number in range(12)]
    eventually(lambda: [("coupon", "done")] * 12 + [("note", "done")] * 12 == shared.effects())
    for daemon in both:
        daemon.logs("walked", times=walks_of(daemon) + 1)
        assert 0 == daemon.ends()[0]

    assert [1] * 12 == [len(shared.notes(order)) for order in orders]
    assert 12 == len(shared.shop.coupon_codes())


def test_walk_that_takes_longer_than_a_lease_is_left_alone(shared):
    """The shop takes its time; who waits for it goes on holding the store, and nobody else asks."""
    shared.faults.delay_response(3 * LASTS, only="GET /wc/v3/orders")
    first = shared.starts(prelude=SHORT)
    eventually(lambda: shared.row().lease_holder not in ("", "admin"))
    holder = shared.row().lease_holder
    second = shared.starts(prelude=SHORT)
    waits = second.logs("store has to wait")
    seen = set()
    while not walks_of(first):
        seen.add(shared.row().lease_holder)
        time.sleep(0.1)

    assert "another wcflow is working on [store shop]" == waits["why"]
    assert {holder} >= seen - {""}
    assert 0 == walks_of(second)


def test_work_of_a_daemon_that_was_killed_is_taken_over(shared):
    """It is killed in the middle of a walk: once its lease has lapsed the other does what is due."""
    taken_over_within(LASTS + 3, shared, SHORT)


@pytest.mark.skipif(not os.environ.get("WCFLOW_LONG"), reason="WCFLOW_LONG=1: takes a minute")
def test_work_of_a_daemon_that_was_killed_is_taken_over_within_a_minute(shared):
    """The same with the times of production, poll and all."""
    shared.write(shared.store() + "[tag Buyer]\nwhen = orders_count >= 1\n")
    shared.accepted()
    seconds = taken_over_within(60, shared, "")
    print(f"taken over after {seconds:.1f} seconds")


def taken_over_within(seconds, shared, prelude):
    """Let one be killed while the shop takes its time, with another beside it; give how long it took."""
    shared.faults.delay_response(120, only="GET /wc/v3/orders")
    first = shared.starts(prelude=prelude)
    eventually(lambda: shared.row().lease_holder not in ("", "admin"))
    holder = shared.row().lease_holder
    second = shared.starts(prelude=prelude)
    second.logs("store has to wait", within=30)
    order = shared.buys("ben@example.com")
    died = time.monotonic()
    first.ends(signal.SIGKILL)
    eventually(lambda: holder != shared.row().lease_holder, within=seconds)
    walked = second.logs("walked", within=max(1.0, died + seconds - time.monotonic()))
    took = time.monotonic() - died

    assert (1, True) == (walked["orders"], took < seconds)
    eventually(lambda: "Buyer" in tags_on(shared, order))
    return took


def tags_on(shared, order):
    with shared.server.lock:
        meta = shared.shop.order(order)["meta_data"]
    return "".join(each["value"] for each in meta if each["key"] == "wcflow_tags")


# SQLite


def test_second_daemon_on_one_sqlite_says_so_and_ends_with_75(place):
    """Who came first goes on undisturbed; the second names it, and opens nothing."""
    place.accepted()
    first = place.starts()
    first.ear.hears("polled just now")
    code, log = place.starts().ended()
    order = place.buys("ben@example.com")
    said = "\n".join(line["event"] for line in log)

    assert 75 == code
    assert re.search(
        rf"another 'wcflow run' \(process {first.process.pid}\) serves the database", said
    )
    assert "let both use one PostgreSQL" in said
    assert eventually(lambda: place.notes(order))
    assert first.process.poll() is None


def test_second_name_of_an_sqlite_is_the_same_database(place):
    """A link to the file does not let two in."""
    place.accepted()
    first = place.starts()
    first.ear.hears("polled just now")
    (place.folder / "link.sqlite3").symlink_to(place.folder / "wcflow.sqlite3")
    place.database = f"sqlite:///{place.folder}/link.sqlite3"
    place.write(place.store())

    assert 75 == place.starts().ended()[0]


def test_daemon_that_was_killed_leaves_the_way_free(place):
    """Nothing has to be cleared away by hand: the next begins at once."""
    place.accepted()
    first = place.starts()
    first.ear.hears("polled just now")
    first.ends(signal.SIGKILL)
    second = place.starts()

    assert second.ear.hears("READY")
    assert second.process.poll() is None


def test_commands_work_beside_the_daemon(place):
    """Only a second daemon is refused: an admin's sync takes its turn."""
    place.accepted()
    daemon = place.starts()
    daemon.ear.hears("polled just now")
    order = place.buys("ben@example.com")
    with place.line() as line:
        eventually(lambda: walked(line))

    assert eventually(lambda: place.notes(order))
    assert 1 == len(place.notes(order))


def walked(line):
    try:
        return sync.sync_once(line)
    except BusyError:
        return None


def test_file_that_says_who_serves_is_its_owners_alone(place):
    """As the database itself, and it holds nothing but a number."""
    daemon = place.starts()
    daemon.ear.hears("READY")
    file = place.folder / "wcflow.sqlite3.lock"

    assert 0o600 == stat.S_IMODE(file.stat().st_mode)
    assert f"{daemon.process.pid}\n" == file.read_text()
