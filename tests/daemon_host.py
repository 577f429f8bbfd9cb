"""The daemon as a real process, with an HTTP sandbox and systemd's notify socket.

The process runs ``wcflow run``; a prelude of Python code shortens long delays and limits.
"""

from __future__ import annotations

import json
import os
import queue
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from wcflow import maintenance, sync
from wcflow.config.load import load_config
from wcflow.database import outbox
from wcflow.database.connection import open_database
from wcflow.database.stores import load_store_row, save_store
from wcflow.sandbox.auth import ADMIN
from wcflow.sandbox.faults import Faults
from wcflow.sandbox.orders import LineItem
from wcflow.sandbox.server import serve
from wcflow.sandbox.store import SandboxStore
from wcflow.store.client import Store

WAIT_LIMIT = 45.0
"""Seconds before a wait fails: a limit for hangs, not a measure of speed on a busy machine."""
STOP_SECONDS = 10.0
"""The limit for a daemon or demo to stop; on an idle machine it takes 1 or 2 seconds."""
STORE_INI = """
[store {name}]
url = {url}
consumer_key = {key}
consumer_secret = {secret}
"""
INI_HEAD = """[wcflow]
database = {database}
poll_every = 1s
log_level = debug
log_format = json
"""
RULES_INI = """
[tag Buyer]
when = orders_count >= 1

[workflow thanks]
trigger = order_paid
do =
    create_coupon thanks
    add_note Thank you, {{ first_name }}: {{ coupon.code }}

[coupon thanks]
type = percent
amount = 10
"""
SHORT_RETRY_DELAYS = """
from datetime import timedelta
from wcflow.daemon import schedule
schedule._FIRST, schedule._LONGEST = timedelta(seconds=0.2), timedelta(seconds=0.5)
schedule._FIRST_BUSY, schedule._LONGEST_BUSY = timedelta(seconds=0.1), timedelta(seconds=0.2)
"""
"""Retries after fractions of a second instead of minutes."""


def utcnow():
    return datetime.now(UTC)


class DaemonHost:
    """An HTTP sandbox with a configuration and a folder for the database."""

    def __init__(self, folder, stack):
        self.folder, self._stack = folder, stack
        self.sandbox = SandboxStore(name="Little Things")
        self.faults = Faults(self.sandbox)
        self.server = stack.enter_context(serve(self.sandbox, self.faults))
        self.product = self.sandbox.add_product("Wallet", now=utcnow() - timedelta(days=99))
        self.config = folder / "wcflow.ini"
        self.use_database(f"sqlite:///{folder}/wcflow.sqlite3")

    def use_database(self, database):
        """Use this database."""
        self.database = database
        self.write(self.store() + RULES_INI)

    def store(self, name="shop", url=None):
        keys = {"key": ADMIN.consumer_key, "secret": ADMIN.consumer_secret}
        return STORE_INI.format(name=name, url=url or self.server.url, **keys)

    def write(self, text):
        self.config.write_text(INI_HEAD.format(database=self.database) + text)
        self.config.chmod(0o600)

    def place_order(self, email, days_ago=0, **more):
        at = utcnow() - timedelta(days=days_ago)
        with self.server.lock:
            item = LineItem(product_id=self.product, name="Wallet", total="10.00")
            return self.sandbox.place_order(now=at, email=email, items=(item,), **more)

    @contextmanager
    def context(self):
        """Open a sync context, as an admin's commands do."""
        config = load_config(self.config, {})
        (settings,) = config.stores
        keys = (settings.consumer_key, settings.consumer_secret)
        with (
            open_database(config.database) as db,
            Store(settings.name, settings.url, *keys) as store,
        ):
            yield sync.SyncContext(db, store, config, settings, utcnow, "admin")

    def approve_initial_sync(self):
        """Run the initial sync and approve its changes."""
        with self.context() as context:
            sync.refresh_store_info(context)
            sync.sync_once(context, write=False)
            maintenance.approve(context)
            sync.sync_once(context)

    def bind_to_other_store(self):
        """Bind the database to another store."""
        with open_database(self.database) as db, db.transaction() as tx:
            save_store(tx, "shop", url="https://old.example", uid="another")

    def row(self, name="shop"):
        with open_database(self.database) as db, db.reading() as tx:
            return load_store_row(tx, name)

    def outbox_states(self):
        """All outbox entries of workflows, as (kind, state)."""
        with open_database(self.database) as db, db.reading() as tx:
            found = outbox.load_entries(tx, "shop", limit=1000)
        return sorted((e.kind, e.state) for e in found if e.rule.startswith("workflow"))

    def notes(self, order_id):
        with self.server.lock:
            found = self.sandbox.notes(order_id)
        return [note["note"] for note in found if "(ref " in note["note"]]

    def start_daemon(self, *, prelude="", watchdog=None, abstract=False):
        """Start a daemon; it is killed at the end of the test if it still runs."""
        notify_socket = self._stack.enter_context(NotifySocket(abstract=abstract))
        return self._stack.enter_context(DaemonProcess(self, notify_socket, prelude, watchdog))


class NotifySocket:
    """Systemd's end of the notify socket: messages with their times."""

    def __init__(self, *, abstract):
        self._folder = tempfile.TemporaryDirectory(prefix="wcflow-notify-")
        path = f"{self._folder.name}/notify"
        self.address = f"@{path}" if abstract else path
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(f"\0{path}" if abstract else path)
        self._queue = queue.Queue()
        self.messages = []
        self._thread = threading.Thread(target=self._listen)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            sender.sendto(b"", self._socket.getsockname())
        self._thread.join()
        self._socket.close()
        self._folder.cleanup()

    def _listen(self):
        while message := self._socket.recv(4096):
            self.messages.append((time.monotonic(), message.decode()))
            self._queue.put(message.decode())

    def wait_for_message(self, pattern, within=WAIT_LIMIT):
        """Wait for the next message that matches, and skip those before it."""
        until = time.monotonic() + within
        while True:
            try:
                message = self._queue.get(timeout=max(0.0, until - time.monotonic()))
            except queue.Empty:
                received = [text for _, text in self.messages]
                raise AssertionError(f"no message matches {pattern!r}: {received}") from None
            if re.search(pattern, message):
                return message


class DaemonProcess:
    """``wcflow run``, its log line by line, and how it ended."""

    def __init__(self, host, notify_socket, prelude, watchdog):
        self.notify_socket, self.log = notify_socket, []
        code = f"{prelude}\nfrom wcflow.__main__ import main\nmain()"
        env = {**os.environ, "NOTIFY_SOCKET": notify_socket.address}
        env.pop("WATCHDOG_USEC", None)
        if watchdog is not None:
            env["WATCHDOG_USEC"] = str(int(watchdog * 1e6))
        command = [sys.executable, "-c", code, "run", "--config", str(host.config)]
        self.process = subprocess.Popen(command, env=env, stderr=subprocess.PIPE, text=True)
        self._reader = threading.Thread(target=self._read)

    def __enter__(self):
        self._reader.start()
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self._reader.join()
        self.process.stderr.close()

    def _read(self):
        for line in self.process.stderr:
            try:
                self.log.append(json.loads(line))
            except ValueError:
                self.log.append({"event": line.rstrip()})

    def send_signal(self, number):
        self.process.send_signal(number)

    def log_entries(self, event):
        return [line for line in list(self.log) if line["event"] == event]

    def wait_for_log(self, event, times=1, within=WAIT_LIMIT):
        """Wait until the log has an event this many times; return the last entry."""
        until = time.monotonic() + within
        while len(self.log_entries(event)) < times:
            assert time.monotonic() < until, f"never logged {event!r}: {self.log}"
            assert self.process.poll() is None or self._reader.is_alive(), self.log
            time.sleep(0.02)
        return self.log_entries(event)[-1]

    def stop(self, number=signal.SIGTERM, within=WAIT_LIMIT):
        """Stop the daemon; return the exit code and the seconds that it took."""
        started = time.monotonic()
        self.process.send_signal(number)
        return self.process.wait(within), time.monotonic() - started

    def wait_for_exit(self, within=WAIT_LIMIT):
        """Wait until the daemon ends by itself; return the exit code and the log."""
        code = self.process.wait(within)
        self._reader.join()
        return code, self.log


def wait_until(condition, within=WAIT_LIMIT):
    """Wait until a condition is true, and return its value."""
    until = time.monotonic() + within
    while not (value := condition()):
        assert time.monotonic() < until, "the condition was never true"
        time.sleep(0.05)
    return value


@contextmanager
def daemon_host(folder):
    """A daemon host for one test; stops all its processes at the end."""
    with ExitStack() as stack:
        yield DaemonHost(Path(folder), stack)
