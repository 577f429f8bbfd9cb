"""When the database cannot be written, nothing is lost and nothing happens twice.

The disk is full because it is small (if the test can mount one) or because of a limit on the size
of files. A lock is held by another process.
"""

from __future__ import annotations

import os
import resource
import sqlite3
import subprocess
import sys
import time
from contextlib import contextmanager

import pytest

from tests.daemon_host import SHORT_RETRY_DELAYS, daemon_host, wait_until
from wcflow.database.connection import open_database

pytestmark = pytest.mark.xdist_group("daemon")  # these tests measure real time
SHORT_LOCK_TIMEOUT = f"{SHORT_RETRY_DELAYS}\nfrom wcflow.database import connection\nconnection._BUSY_MILLISECONDS = 50"
"""Waits 0.05 seconds for a lock instead of 5."""
LOCK_HOLDER = """
import sqlite3, sys
held = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=20)
held.execute("BEGIN EXCLUSIVE")
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def host(tmp_path):
    with daemon_host(tmp_path) as built:
        yield built


@pytest.fixture
def small_disk(tmp_path):
    """A disk of four megabytes."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=4m,mode=0700", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(command, check=False, capture_output=True).returncode:
        pytest.skip("this test mounts a small disk, which needs root")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


@contextmanager
def hold_lock(file):
    """Lock the database from another process."""
    pipe = subprocess.PIPE
    command = [sys.executable, "-c", LOCK_HOLDER, str(file)]
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as holder:
        assert "held\n" == holder.stdout.readline()
        yield
        holder.communicate()


def assert_everything_delivered_once(host, orders):
    """Wait until everything is done, then count it and check the database file."""
    expected = [("coupon", "done")] * len(orders) + [("note", "done")] * len(orders)
    wait_until(lambda: expected == host.outbox_states())
    assert [1] * len(orders) == [len(host.notes(order)) for order in orders]
    assert len(orders) == len(host.sandbox.coupon_codes())
    with open_database(host.database) as db, db.reading() as tx:
        assert [("ok",)] == [tuple(row) for row in tx.exec_driver_sql("PRAGMA integrity_check")]
        saved = tx.exec_driver_sql("SELECT id FROM orders ORDER BY id").scalars().all()
    assert sorted(orders) == sorted(set(saved) & set(orders))


def place_orders(host, count):
    return [host.place_order(f"person{number}@example.com") for number in range(count)]


# Full


def test_a_full_disk_loses_no_change(host, small_disk):
    """The daemon logs it and continues once there is space."""
    host.use_database(f"sqlite:///{small_disk}/wcflow.sqlite3")
    host.approve_initial_sync()
    daemon = host.start_daemon(prelude=SHORT_RETRY_DELAYS)
    daemon.notify_socket.wait_for_message("polled just now")
    fill(small_disk / "filler")
    orders = place_orders(host, 30)
    failure = daemon.wait_for_log("database busy")
    time.sleep(1.0)
    (small_disk / "filler").unlink()
    daemon.wait_for_log("sync works again")
    assert_everything_delivered_once(host, orders)

    assert f"the disk that holds the database {small_disk}/wcflow.sqlite3 is full" == failure["why"]
    assert "Free some space" in failure["advice"]
    assert daemon.process.poll() is None


def fill(file):
    """Write until the disk is full."""
    with file.open("wb", buffering=0) as filler:
        try:
            while True:
                filler.write(bytes(4096))
        except OSError:
            return


def test_a_full_disk_during_writes_loses_and_repeats_no_change(host):
    """The outcome of a write cannot be saved; the next delivery finds the note in the store."""
    host.approve_initial_sync()
    daemon = host.start_daemon(prelude=SHORT_RETRY_DELAYS)
    daemon.notify_socket.wait_for_message("polled just now")
    pid = daemon.process.pid
    _, limit = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    host.faults.before_answer(
        lambda *_: resource.prlimit(pid, resource.RLIMIT_FSIZE, (1000, limit)),
        only="POST /wc/v3/orders/*/notes",
    )
    orders = place_orders(host, 5)
    failure = daemon.wait_for_log("database busy")
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (limit, limit))
    daemon.wait_for_log("sync works again")
    expire_claims(host)
    assert_everything_delivered_once(host, orders)

    assert "the disk that holds the database" in failure["why"]


def expire_claims(host):
    """Let ten minutes pass, after which a claim without an outcome expires."""
    with open_database(host.database) as db, db.transaction() as tx:
        tx.exec_driver_sql("UPDATE outbox SET claimed_at = claimed_at - 601")


# Locked


def test_a_locked_database_loses_no_change(host):
    """Orders arrive meanwhile; the daemon logs it once and continues after the lock is released."""
    host.approve_initial_sync()
    daemon = host.start_daemon(prelude=SHORT_LOCK_TIMEOUT)
    daemon.notify_socket.wait_for_message("polled just now")
    with hold_lock(host.folder / "wcflow.sqlite3"):
        orders = place_orders(host, 5)
        failure = daemon.wait_for_log("database busy")
        time.sleep(1.0)
    daemon.wait_for_log("sync works again")
    assert_everything_delivered_once(host, orders)

    assert (
        f"the database {host.folder}/wcflow.sqlite3 is in use by another process" == failure["why"]
    )
    assert 1 == len(daemon.log_entries("database busy"))


def test_a_lock_during_writes_loses_and_repeats_no_change(host):
    """The outcome of a write cannot be saved; the next delivery finds the note in the store."""
    host.approve_initial_sync()
    daemon = host.start_daemon(prelude=SHORT_LOCK_TIMEOUT)
    daemon.notify_socket.wait_for_message("polled just now")
    holder = sqlite3.connect(
        host.folder / "wcflow.sqlite3", isolation_level=None, check_same_thread=False, timeout=20
    )
    host.faults.before_answer(
        lambda *_: holder.execute("BEGIN EXCLUSIVE"), only="POST /wc/v3/orders/*/notes"
    )
    orders = place_orders(host, 5)
    daemon.wait_for_log("database busy")
    holder.execute("ROLLBACK")
    holder.close()
    daemon.wait_for_log("sync works again")
    expire_claims(host)
    assert_everything_delivered_once(host, orders)


def test_a_daemon_that_cannot_open_its_database_exits_with_75(host):
    """systemd starts it again later."""
    with host.context():
        pass
    file = host.folder / "fresh.sqlite3"
    sqlite3.connect(file).execute("PRAGMA journal_mode=DELETE").connection.close()
    host.database = f"sqlite:///{file}"
    host.write(host.store())
    with hold_lock(file):
        code, log = host.start_daemon(prelude=SHORT_LOCK_TIMEOUT).wait_for_exit()
    output = "\n".join(line["event"] for line in log)

    assert 75 == code
    assert f"the database {file} is in use by another process" in output
    assert "Traceback" not in output
