"""Laws of several daemons: one PostgreSQL is shared, one SQLite file is served by one."""

from __future__ import annotations

import re
import signal
import stat
import time

import pytest

from tests.daemon_host import SHORT_RETRY_DELAYS, daemon_host, wait_until
from tests.search_settings import LONG
from wcflow import sync
from wcflow.errors import BusyError

pytestmark = pytest.mark.xdist_group("daemon")  # these tests measure real time
LEASE_SECONDS = 3
SHORT_LEASES = f"""{SHORT_RETRY_DELAYS}
from wcflow.database import lease
lease.LASTS, lease.RENEWED_EVERY = timedelta(seconds={LEASE_SECONDS}), timedelta(seconds=0.5)
"""
"""A lease of seconds in place of forty, renewed twice a second in place of every ten."""


@pytest.fixture
def host(tmp_path):
    with daemon_host(tmp_path) as built:
        yield built


@pytest.fixture
def shared_host(host, postgres):
    """A town whose mirror lies in a PostgreSQL, known and accepted."""
    with postgres.empty_database() as url:
        host.use_database(url)
        host.approve_initial_sync()
        yield host


def count_passes(daemon):
    return len(daemon.log_entries("walked"))


# PostgreSQL


def test_two_daemons_on_one_postgresql_do_everything_once(shared_host):
    """Leases and claims: of two that serve one shop, each effect is one's alone."""
    both = [shared_host.start_daemon(prelude=SHORT_RETRY_DELAYS) for _ in range(2)]
    for daemon in both:
        daemon.notify_socket.wait_for_message("polled just now")
    orders = [shared_host.place_order(f"person{number}@example.com") for number in range(12)]
    wait_until(
        lambda: [("coupon", "done")] * 12 + [("note", "done")] * 12 == shared_host.outbox_states()
    )
    for daemon in both:
        daemon.wait_for_log("walked", times=count_passes(daemon) + 1)
        assert 0 == daemon.stop()[0]

    assert [1] * 12 == [len(shared_host.notes(order)) for order in orders]
    assert 12 == len(shared_host.sandbox.coupon_codes())


def test_walk_that_takes_longer_than_a_lease_is_left_alone(shared_host):
    """The shop takes its time; who waits for it goes on holding the store, and nobody else asks."""
    shared_host.faults.delay_response(3 * LEASE_SECONDS, only="GET /wc/v3/orders")
    first = shared_host.start_daemon(prelude=SHORT_LEASES)
    wait_until(lambda: shared_host.row().lease_holder not in ("", "admin"))
    holder = shared_host.row().lease_holder
    second = shared_host.start_daemon(prelude=SHORT_LEASES)
    waits = second.wait_for_log("store has to wait")
    seen = set()
    while not count_passes(first):
        seen.add(shared_host.row().lease_holder)
        time.sleep(0.1)

    assert "another wcflow is working on [store shop]" == waits["why"]
    assert {holder} >= seen - {""}
    assert 0 == count_passes(second)


def test_work_of_a_daemon_that_was_killed_is_taken_over(shared_host):
    """It is killed in the middle of a walk: once its lease has lapsed the other does what is due."""
    seconds_until_takeover(LEASE_SECONDS + 3, shared_host, SHORT_LEASES)


@pytest.mark.skipif(not LONG, reason="WCFLOW_LONG=1: takes a minute")
def test_work_of_a_daemon_that_was_killed_is_taken_over_within_a_minute(shared_host):
    """The same with the times of production, poll and all."""
    shared_host.write(shared_host.store() + "[tag Buyer]\nwhen = orders_count >= 1\n")
    shared_host.approve_initial_sync()
    seconds = seconds_until_takeover(60, shared_host, "")
    print(f"taken over after {seconds:.1f} seconds")


def seconds_until_takeover(seconds, shared_host, prelude):
    """Let one be killed while the shop takes its time, with another beside it; give how long it took."""
    shared_host.faults.delay_response(120, only="GET /wc/v3/orders")
    first = shared_host.start_daemon(prelude=prelude)
    wait_until(lambda: shared_host.row().lease_holder not in ("", "admin"))
    holder = shared_host.row().lease_holder
    second = shared_host.start_daemon(prelude=prelude)
    second.wait_for_log("store has to wait", within=30)
    order = shared_host.place_order("ben@example.com")
    died = time.monotonic()
    first.stop(signal.SIGKILL)
    wait_until(lambda: holder != shared_host.row().lease_holder, within=seconds)
    walked = second.wait_for_log("walked", within=max(1.0, died + seconds - time.monotonic()))
    took = time.monotonic() - died

    assert (1, True) == (walked["orders"], took < seconds)
    wait_until(lambda: "Buyer" in tags_on(shared_host, order))
    return took


def tags_on(shared_host, order):
    with shared_host.server.lock:
        meta = shared_host.sandbox.order(order)["meta_data"]
    return "".join(each["value"] for each in meta if each["key"] == "wcflow_tags")


# SQLite


def test_second_daemon_on_one_sqlite_says_so_and_ends_with_75(host):
    """Who came first goes on undisturbed; the second names it, and opens nothing."""
    host.approve_initial_sync()
    first = host.start_daemon()
    first.notify_socket.wait_for_message("polled just now")
    code, log = host.start_daemon().wait_for_exit()
    order = host.place_order("ben@example.com")
    said = "\n".join(line["event"] for line in log)

    assert 75 == code
    assert re.search(
        rf"another 'wcflow run' \(process {first.process.pid}\) serves the database", said
    )
    assert "let both use one PostgreSQL" in said
    assert wait_until(lambda: host.notes(order))
    assert first.process.poll() is None


def test_second_name_of_an_sqlite_is_the_same_database(host):
    """A link to the file does not let two in."""
    host.approve_initial_sync()
    first = host.start_daemon()
    first.notify_socket.wait_for_message("polled just now")
    (host.folder / "link.sqlite3").symlink_to(host.folder / "wcflow.sqlite3")
    host.database = f"sqlite:///{host.folder}/link.sqlite3"
    host.write(host.store())

    assert 75 == host.start_daemon().wait_for_exit()[0]


def test_daemon_that_was_killed_leaves_the_way_free(host):
    """Nothing has to be cleared away by hand: the next begins at once."""
    host.approve_initial_sync()
    first = host.start_daemon()
    first.notify_socket.wait_for_message("polled just now")
    first.stop(signal.SIGKILL)
    second = host.start_daemon()

    assert second.notify_socket.wait_for_message("READY")
    assert second.process.poll() is None


def test_commands_work_beside_the_daemon(host):
    """Only a second daemon is refused: an admin's sync takes its turn."""
    host.approve_initial_sync()
    daemon = host.start_daemon()
    daemon.notify_socket.wait_for_message("polled just now")
    order = host.place_order("ben@example.com")
    with host.context() as context:
        wait_until(lambda: try_sync(context))

    assert wait_until(lambda: host.notes(order))
    assert 1 == len(host.notes(order))


def try_sync(context):
    try:
        return sync.sync_once(context)
    except BusyError:
        return None


def test_file_that_says_who_serves_is_its_owners_alone(host):
    """As the database itself, and it holds nothing but a number."""
    daemon = host.start_daemon()
    daemon.notify_socket.wait_for_message("READY")
    file = host.folder / "wcflow.sqlite3.lock"

    assert 0o600 == stat.S_IMODE(file.stat().st_mode)
    assert f"{daemon.process.pid}\n" == file.read_text()
