"""Whatever the database refuses while the shop sells, nothing is lost and nothing happens twice.

A full disk is a small one (where this machine lets a test mount it) and a limit on the size of files
(everywhere); a lock is held by a process of its own.
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
"""A daemon that waits a twentieth of a second for a lock in place of five seconds."""
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
        pytest.skip("this test mounts a small disk, which takes root and its leave")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


@contextmanager
def hold_lock(file):
    """Let another process hold the database."""
    pipe = subprocess.PIPE
    command = [sys.executable, "-c", LOCK_HOLDER, str(file)]
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as holder:
        assert "held\n" == holder.stdout.readline()
        yield
        holder.communicate()


def assert_everything_delivered_once(host, orders):
    """Wait until all is done; then count, and look at the file itself."""
    expected = [("coupon", "done")] * len(orders) + [("note", "done")] * len(orders)
    wait_until(lambda: expected == host.outbox_states(), within=30)
    assert [1] * len(orders) == [len(host.notes(order)) for order in orders]
    assert len(orders) == len(host.sandbox.coupon_codes())
    with open_database(host.database) as db, db.reading() as tx:
        assert [("ok",)] == [tuple(row) for row in tx.exec_driver_sql("PRAGMA integrity_check")]
        kept = tx.exec_driver_sql("SELECT id FROM orders ORDER BY id").scalars().all()
    assert sorted(orders) == sorted(set(kept) & set(orders))


def place_orders(host, count):
    return [host.place_order(f"person{number}@example.com") for number in range(count)]


# Full


def test_full_disk_is_waited_for(host, small_disk):
    """No room is left for a page: told once, in words; nothing is lost, and it goes on with room."""
    host.use_database(f"sqlite:///{small_disk}/wcflow.sqlite3")
    host.approve_initial_sync()
    daemon = host.start_daemon(prelude=SHORT_RETRY_DELAYS)
    daemon.notify_socket.wait_for_message("polled just now")
    fill(small_disk / "filler")
    orders = place_orders(host, 30)
    waits = daemon.wait_for_log("store has to wait")
    time.sleep(1.0)
    (small_disk / "filler").unlink()
    daemon.wait_for_log("store is back")
    assert_everything_delivered_once(host, orders)

    assert f"the disk that holds the database {small_disk}/wcflow.sqlite3 is full" == waits["why"]
    assert "Make room" in waits["what_to_do"]
    assert daemon.process.poll() is None


def fill(file):
    """Write until nothing more goes in."""
    with file.open("wb", buffering=0) as filler:
        try:
            while True:
                filler.write(bytes(4096))
        except OSError:
            return


def test_limit_in_the_midst_of_writes_loses_nothing(host):
    """Nothing can be put on record from the first write on: what reached the shop is found there."""
    host.approve_initial_sync()
    daemon = host.start_daemon(prelude=SHORT_RETRY_DELAYS)
    daemon.notify_socket.wait_for_message("polled just now")
    pid = daemon.process.pid
    _, most = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    host.faults.before_answer(
        lambda *_: resource.prlimit(pid, resource.RLIMIT_FSIZE, (1000, most)),
        only="POST /wc/v3/orders/*/notes",
    )
    orders = place_orders(host, 5)
    waits = daemon.wait_for_log("store has to wait")
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (most, most))
    daemon.wait_for_log("store is back")
    expire_claims(host)
    assert_everything_delivered_once(host, orders)

    assert "the disk that holds the database" in waits["why"]


def expire_claims(host):
    """Ten minutes pass for a claim whose outcome could not be put on record."""
    with open_database(host.database) as db, db.transaction() as tx:
        tx.exec_driver_sql("UPDATE outbox SET claimed_at = claimed_at - 601")


# Locked


def test_database_held_by_another_process_is_waited_for(host):
    """Orders come in all the while: told once, and everything is there once when it lets go."""
    host.approve_initial_sync()
    daemon = host.start_daemon(prelude=SHORT_LOCK_TIMEOUT)
    daemon.notify_socket.wait_for_message("polled just now")
    with hold_lock(host.folder / "wcflow.sqlite3"):
        orders = place_orders(host, 5)
        waits = daemon.wait_for_log("store has to wait")
        time.sleep(1.0)
    daemon.wait_for_log("store is back")
    assert_everything_delivered_once(host, orders)

    assert f"the database {host.folder}/wcflow.sqlite3 is in use by another process" == waits["why"]
    assert 1 == len(daemon.log_entries("store has to wait"))


def test_lock_in_the_midst_of_writes_loses_nothing(host):
    """The note is at the shop, and that cannot be put on record: it is found there later."""
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
    daemon.wait_for_log("store has to wait")
    holder.execute("ROLLBACK")
    holder.close()
    daemon.wait_for_log("store is back")
    expire_claims(host)
    assert_everything_delivered_once(host, orders)


def test_daemon_on_a_held_database_ends_with_75(host):
    """It cannot even begin: a sentence, and systemd tries again."""
    with host.context():
        pass
    file = host.folder / "fresh.sqlite3"
    sqlite3.connect(file).execute("PRAGMA journal_mode=DELETE").connection.close()
    host.database = f"sqlite:///{file}"
    host.write(host.store())
    with hold_lock(file):
        code, log = host.start_daemon(prelude=SHORT_LOCK_TIMEOUT).wait_for_exit()
    said = "\n".join(line["event"] for line in log)

    assert 75 == code
    assert f"the database {file} is in use by another process" in said
    assert "Traceback" not in said
