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

from tests.service import QUICK, eventually, town
from wcflow.database.connection import open_database

IMPATIENT = f"{QUICK}\nfrom wcflow.database import connection\nconnection._BUSY_MILLISECONDS = 50"
"""A daemon that waits a twentieth of a second for a lock in place of five seconds."""
HOLDER = """
import sqlite3, sys
held = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=20)
held.execute("BEGIN EXCLUSIVE")
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def place(tmp_path):
    with town(tmp_path) as built:
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
def locked(file):
    """Let another process hold the database."""
    pipe = subprocess.PIPE
    command = [sys.executable, "-c", HOLDER, str(file)]
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as holder:
        assert "held\n" == holder.stdout.readline()
        yield
        holder.communicate()


def everything_is_there_once(place, orders):
    """Wait until all is done; then count, and look at the file itself."""
    expected = [("coupon", "done")] * len(orders) + [("note", "done")] * len(orders)
    eventually(lambda: expected == place.effects(), within=30)
    assert [1] * len(orders) == [len(place.notes(order)) for order in orders]
    assert len(orders) == len(place.shop.coupon_codes())
    with open_database(place.database) as db, db.reading() as tx:
        assert [("ok",)] == [tuple(row) for row in tx.exec_driver_sql("PRAGMA integrity_check")]
        kept = tx.exec_driver_sql("SELECT id FROM orders ORDER BY id").scalars().all()
    assert sorted(orders) == sorted(set(kept) & set(orders))


def sells(place, count):
    return [place.buys(f"person{number}@example.com") for number in range(count)]


# Full


def test_full_disk_is_waited_for(place, small_disk):
    """No room is left for a page: told once, in words; nothing is lost, and it goes on with room."""
    place.keeps_in(f"sqlite:///{small_disk}/wcflow.sqlite3")
    place.accepted()
    daemon = place.starts(prelude=QUICK)
    daemon.ear.hears("polled just now")
    fill(small_disk / "filler")
    orders = sells(place, 30)
    waits = daemon.logs("store has to wait")
    time.sleep(1.0)
    (small_disk / "filler").unlink()
    daemon.logs("store is back")
    everything_is_there_once(place, orders)

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


def test_limit_in_the_midst_of_writes_loses_nothing(place):
    """Nothing can be put on record from the first write on: what reached the shop is found there."""
    place.accepted()
    daemon = place.starts(prelude=QUICK)
    daemon.ear.hears("polled just now")
    pid = daemon.process.pid
    _, most = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    place.faults.before_answer(
        lambda *_: resource.prlimit(pid, resource.RLIMIT_FSIZE, (1000, most)),
        only="POST /wc/v3/orders/*/notes",
    )
    orders = sells(place, 5)
    waits = daemon.logs("store has to wait")
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (most, most))
    daemon.logs("store is back")
    time_passes(place)
    everything_is_there_once(place, orders)

    assert "the disk that holds the database" in waits["why"]


def time_passes(place):
    """Ten minutes pass for a claim whose outcome could not be put on record."""
    with open_database(place.database) as db, db.transaction() as tx:
        tx.exec_driver_sql("UPDATE outbox SET claimed_at = claimed_at - 601")


# Locked


def test_database_held_by_another_process_is_waited_for(place):
    """Orders come in all the while: told once, and everything is there once when it lets go."""
    place.accepted()
    daemon = place.starts(prelude=IMPATIENT)
    daemon.ear.hears("polled just now")
    with locked(place.folder / "wcflow.sqlite3"):
        orders = sells(place, 5)
        waits = daemon.logs("store has to wait")
        time.sleep(1.0)
    daemon.logs("store is back")
    everything_is_there_once(place, orders)

    assert (
        f"the database {place.folder}/wcflow.sqlite3 is in use by another process" == waits["why"]
    )
    assert 1 == len(daemon.logged("store has to wait"))


def test_lock_in_the_midst_of_writes_loses_nothing(place):
    """The note is at the shop, and that cannot be put on record: it is found there later."""
    place.accepted()
    daemon = place.starts(prelude=IMPATIENT)
    daemon.ear.hears("polled just now")
    holder = sqlite3.connect(
        place.folder / "wcflow.sqlite3", isolation_level=None, check_same_thread=False, timeout=20
    )
    place.faults.before_answer(
        lambda *_: holder.execute("BEGIN EXCLUSIVE"), only="POST /wc/v3/orders/*/notes"
    )
    orders = sells(place, 5)
    daemon.logs("store has to wait")
    holder.execute("ROLLBACK")
    holder.close()
    daemon.logs("store is back")
    time_passes(place)
    everything_is_there_once(place, orders)


def test_daemon_on_a_held_database_ends_with_75(place):
    """It cannot even begin: a sentence, and systemd tries again."""
    with place.line():
        pass
    file = place.folder / "fresh.sqlite3"
    sqlite3.connect(file).execute("PRAGMA journal_mode=DELETE").connection.close()
    place.database = f"sqlite:///{file}"
    place.write(place.store())
    with locked(file):
        code, log = place.starts(prelude=IMPATIENT).ended()
    said = "\n".join(line["event"] for line in log)

    assert 75 == code
    assert f"the database {file} is in use by another process" in said
    assert "Traceback" not in said
