"""Several daemons can share a PostgreSQL database; an SQLite file has only one daemon."""

from __future__ import annotations

import re
import signal
import stat
import time

import pytest

from tests.daemon_host import SHORT_RETRY_DELAYS, WAIT_LIMIT, daemon_host, wait_until
from tests.search_settings import LONG
from wcflow import sync
from wcflow.errors import BusyError

pytestmark = pytest.mark.xdist_group("daemon")  # these tests measure real time
LEASE_SECONDS = 3
SHORT_LEASES = f"""{SHORT_RETRY_DELAYS}
from wcflow.database import lease
lease.DURATION, lease.RENEWAL_INTERVAL = timedelta(seconds={LEASE_SECONDS}), timedelta(seconds=0.5)
"""
"""Leases of 3 seconds instead of 40, renewed twice a second instead of every 10 seconds."""


@pytest.fixture
def host(tmp_path):
    with daemon_host(tmp_path) as built:
        yield built


@pytest.fixture
def shared_host(host, postgres):
    """A host with a PostgreSQL database, after an approved initial import."""
    with postgres.empty_database() as url:
        host.use_database(url)
        host.approve_initial_sync()
        yield host


def count_passes(daemon):
    return len(daemon.log_entries("sync finished"))


# PostgreSQL


def test_two_daemons_on_one_postgresql_write_everything_once(shared_host):
    both = [shared_host.start_daemon(prelude=SHORT_RETRY_DELAYS) for _ in range(2)]
    for daemon in both:
        daemon.notify_socket.wait_for_message("polled just now")
    orders = [shared_host.place_order(f"person{number}@example.com") for number in range(12)]
    wait_until(
        lambda: [("coupon", "done")] * 12 + [("note", "done")] * 12 == shared_host.outbox_states()
    )
    for daemon in both:
        daemon.wait_for_log("sync finished", times=count_passes(daemon) + 1)
        assert 0 == daemon.stop()[0]

    assert [1] * 12 == [len(shared_host.notes(order)) for order in orders]
    assert 12 == len(shared_host.sandbox.coupon_codes())


def test_a_sync_that_takes_longer_than_a_lease_keeps_it(shared_host):
    """The lease is renewed while the store is slow, so the other daemon waits."""
    shared_host.faults.delay_response(3 * LEASE_SECONDS, only="GET /wc/v3/orders")
    first = shared_host.start_daemon(prelude=SHORT_LEASES)
    wait_until(lambda: shared_host.row().lease_holder not in ("", "admin"))
    holder = shared_host.row().lease_holder
    second = shared_host.start_daemon(prelude=SHORT_LEASES)
    failure = second.wait_for_log("waiting for another wcflow")
    holders = set()
    while not count_passes(first):
        holders.add(shared_host.row().lease_holder)
        time.sleep(0.1)

    assert re.fullmatch(
        r"another wcflow \(process \d+ on \S+\) is working on \[store shop\]", failure["why"]
    )
    assert {holder} >= holders - {""}
    assert 0 == count_passes(second)


def test_the_work_of_a_killed_daemon_is_taken_over(shared_host):
    """It is killed during a sync; the other continues once the lease has expired."""
    seconds_until_takeover(WAIT_LIMIT, shared_host, SHORT_LEASES)


@pytest.mark.skipif(not LONG, reason="WCFLOW_LONG=1: takes a minute")
def test_the_work_of_a_killed_daemon_is_taken_over_within_a_minute(shared_host):
    """The same with the default intervals."""
    shared_host.write(shared_host.store() + "[tag Buyer]\nwhen = orders_count >= 1\n")
    shared_host.approve_initial_sync()
    seconds = seconds_until_takeover(60, shared_host, "")
    print(f"taken over after {seconds:.1f} seconds")


def seconds_until_takeover(seconds, shared_host, prelude):
    """Kill a daemon during a sync; return how long the other needs to take over."""
    shared_host.faults.delay_response(120, only="GET /wc/v3/orders")
    first = shared_host.start_daemon(prelude=prelude)
    wait_until(lambda: shared_host.row().lease_holder not in ("", "admin"))
    holder = shared_host.row().lease_holder
    second = shared_host.start_daemon(prelude=prelude)
    second.wait_for_log("waiting for another wcflow")
    order = shared_host.place_order("ben@example.com")
    killed_at = time.monotonic()
    first.stop(signal.SIGKILL)
    wait_until(lambda: holder != shared_host.row().lease_holder, within=seconds)
    synced = second.wait_for_log(
        "sync finished", within=max(1.0, killed_at + seconds - time.monotonic())
    )
    took = time.monotonic() - killed_at

    assert (1, True) == (synced["orders"], took < seconds)
    wait_until(lambda: "Buyer" in tags_on(shared_host, order))
    return took


def tags_on(shared_host, order):
    with shared_host.server.lock:
        meta = shared_host.sandbox.order(order)["meta_data"]
    return "".join(each["value"] for each in meta if each["key"] == "wcflow_tags")


# SQLite


def test_a_second_daemon_on_one_sqlite_file_exits_with_75(host):
    """The first is not disturbed; the second names its process and does not open the file."""
    host.approve_initial_sync()
    first = host.start_daemon()
    first.notify_socket.wait_for_message("polled just now")
    code, log = host.start_daemon().wait_for_exit()
    order = host.place_order("ben@example.com")
    output = "\n".join(line["event"] for line in log)

    assert 75 == code
    assert re.search(
        rf"another 'wcflow run' \(process {first.process.pid}\) uses the database", output
    )
    assert "use PostgreSQL, which several can share" in output
    assert wait_until(lambda: host.notes(order))
    assert first.process.poll() is None


def test_a_link_to_an_sqlite_file_counts_as_the_same_file(host):
    host.approve_initial_sync()
    first = host.start_daemon()
    first.notify_socket.wait_for_message("polled just now")
    (host.folder / "link.sqlite3").symlink_to(host.folder / "wcflow.sqlite3")
    host.database = f"sqlite:///{host.folder}/link.sqlite3"
    host.write(host.store())

    assert 75 == host.start_daemon().wait_for_exit()[0]


def test_a_daemon_starts_after_another_was_killed(host):
    """No lock file has to be deleted by hand."""
    host.approve_initial_sync()
    first = host.start_daemon()
    first.notify_socket.wait_for_message("polled just now")
    first.stop(signal.SIGKILL)
    second = host.start_daemon()

    assert second.notify_socket.wait_for_message("READY")
    assert second.process.poll() is None


def test_commands_work_while_the_daemon_runs(host):
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


def test_only_the_owner_can_read_the_lock_file(host):
    """It contains nothing but the process id."""
    daemon = host.start_daemon()
    daemon.notify_socket.wait_for_message("READY")
    file = host.folder / "wcflow.sqlite3.lock"

    assert 0o600 == stat.S_IMODE(file.stat().st_mode)
    assert f"{daemon.process.pid}\n" == file.read_text()
