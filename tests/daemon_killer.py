"""Kills a real daemon again and again with SIGKILL while people order.

Activities and invariants are those of the histories, but over HTTP, with the real clock and real
processes.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta

from tests.builders import BERLIN
from tests.daemon_host import wait_until
from tests.histories import invariants
from tests.histories.rule_sets import rules_ini
from tests.histories.store_activity import ACTIVITIES, StoreActivity
from tests.oracle import RuleSet
from tests.sandbox_http import mount_sandbox
from tests.simulation import Simulation
from wcflow import maintenance, sync
from wcflow.config.load import load_config
from wcflow.sandbox.faults import FaultRule, Unreachable
from wcflow.sandbox.server import serve
from wcflow.store.client import Store

STORE_INI = "page_size = 5\nparallel = 2"
KILL_MODES = ("early", "anytime", ("GET *", 30, True), ("POST *", 7, False), ("POST *", 7, True))
"""When a daemon is killed: early, at any moment, during a read, before a write, or after it."""
SANDBOX_URL = "https://shop.example"
WCFLOW_INI = "poll_every = 1s\nmax_writes = 100000\nlog_level = info\nlog_format = json"
PAST_ORDERS = 150
MAX_LIFETIME = 1.2
"""In seconds; a poll is due each second."""

FORKER = """
import os, sys
import psycopg, sqlalchemy.dialects.postgresql.psycopg, sqlalchemy.dialects.sqlite.pysqlite
from wcflow.__main__ import main
for _ in sys.stdin:
    pid = os.fork()
    if not pid:
        main()
    print(pid, flush=True)
    print(os.waitpid(pid, 0)[1], flush=True)
"""
"""Forks each daemon from a process that has already imported the code."""


def utcnow():
    return datetime.now(UTC)


class HttpSimulation(Simulation):
    """A simulation over HTTP, with the real time plus an offset."""

    def __init__(self, folder, stack, rules, **more):
        self._stack, self._clock_offset, self.server = stack, timedelta(), None
        super().__init__(folder, rules, **more)

    @property
    def now(self):
        return utcnow() + self._clock_offset

    @now.setter
    def now(self, instant):
        self._clock_offset = instant - utcnow()

    def write_rules(self, text):
        if self.server is None:
            http = serve(self.sandbox, self.faults, clock=lambda: self.now)
            self.server = self._stack.enter_context(http)
        super().write_rules(text)
        self.file = self.folder / "wcflow.ini"
        self.file.write_text(self.file.read_text().replace(SANDBOX_URL, self.server.url))
        self.config = load_config(self.file, {})

    @contextmanager
    def context(self, holder="test", crash_point=None, channels=None):
        (settings,) = self.config.stores
        keys = (settings.consumer_key, settings.consumer_secret)
        # A signature would contain the real time; https needs no signature.
        url = settings.url.replace("http:", "https:")
        with (
            mount_sandbox(self.faults, lambda: self.now, url=url) as http,
            Store(settings.name, url, *keys, page_size=settings.page_size) as store,
        ):
            yield sync.SyncContext(
                self.db,
                store,
                self.config,
                settings,
                lambda: self.now,
                holder,
                channels=channels or {},
            )
        self.writes = [c for c in http.writes if c.json or c.method == "DELETE"]


class DaemonForker:
    """Starts daemons one after the other, and reports how each ended."""

    def __init__(self, sim):
        self.log = sim.folder / "daemon.log"
        command = [sys.executable, "-c", FORKER, "run", "--config", str(sim.file)]
        pipe = subprocess.PIPE
        with self.log.open("w") as log:
            self._process = subprocess.Popen(
                command, stdin=pipe, stdout=pipe, stderr=log, text=True
            )
        self._pid, self.killed_event = 0, threading.Event()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self._pid:
            self.kill()
        self._process.communicate()

    def start(self):
        self.killed_event.clear()
        self._process.stdin.write("start\n")
        self._process.stdin.flush()
        self._pid = int(self._process.stdout.readline())

    def kill(self):
        """Kill the running daemon; can be called from a server thread."""
        assert self._pid, "no daemon is running"
        with suppress(ProcessLookupError):  # it ended by itself; wait() returns its exit code
            os.kill(self._pid, signal.SIGKILL)
        self.killed_event.set()

    def wait(self):
        """Wait for the daemon's end; return its exit code, or the signal as a negative number."""
        status = int(self._process.stdout.readline())
        self._pid = 0
        return os.waitstatus_to_exitcode(status)


class DaemonKiller:
    """Runs and kills daemons at moments that ``chance`` selects."""

    def __init__(self, folder, stack, database, chance):
        self.chance = chance
        head = {"database": database, "wcflow": WCFLOW_INI, "store": STORE_INI}
        self.sim = HttpSimulation(folder, stack, rules_ini(RuleSet()), now=utcnow(), **head)
        stack.callback(self.sim.db.close)
        self.activity = StoreActivity(self.sim, RuleSet())
        for number in range(PAST_ORDERS):
            self.sim.place_order(email=f"old{number % 20}@example.com", days_ago=60 + number)
        self.forker = stack.enter_context(DaemonForker(self.sim))
        self.kill_counts, self.fired_modes = Counter(), set()

    def run_and_kill_daemon(self, number):
        """Run a daemon for a while, let people act, and kill it."""
        mode = KILL_MODES[number % len(KILL_MODES)]
        longest = {
            "early": MAX_LIFETIME / 3 * self.chance.random(),
            "anytime": MAX_LIFETIME * self.chance.random(),
        }
        calls_before = len(self.sim.server.calls)
        if mode not in longest:
            self._kill_on_request(*mode)
        self.forker.start()
        self._act_while_running(longest.get(mode, 2 * MAX_LIFETIME))
        self.forker.kill()
        assert -signal.SIGKILL == self.forker.wait(), self.forker.log.read_text()[-3000:]
        # Requests that were sent arrive long before the ten minutes until the lease ends.
        wait_until(lambda: not self.sim.server.clients)
        self.sim.faults.recover()
        self.kill_counts[_activity_at_kill(self.sim.server.calls[calls_before:])] += 1

    def _kill_on_request(self, only, most, effect):
        """Kill the daemon at a request, before or after the store handles it."""

        def kill(request, now, following):
            response = following(request, now) if effect else None
            self.forker.kill()
            self.fired_modes.add(only)
            if response is None:
                raise Unreachable
            return response

        after = self.chance.randrange(1, most)
        self.sim.faults.rules.append(FaultRule(kill, only=only, after=after))

    def _act_while_running(self, seconds):
        """Let people act at random moments, until the time is over or the daemon is killed."""
        until = time.monotonic() + seconds
        moments = sorted(self.chance.uniform(0, seconds) for _ in range(self.chance.randrange(4)))
        for moment in moments:
            self.forker.killed_event.wait(max(0.0, until - seconds + moment - time.monotonic()))
            self.act_randomly()
        self.forker.killed_event.wait(max(0.0, until - time.monotonic()))

    def act_randomly(self):
        """Do one random activity, mostly an order."""
        only_order = self.chance.random() < 0.6
        activity = "place_order" if only_order else self.chance.choice(tuple(ACTIVITIES))
        with self.sim.server.lock:
            self.activity.do(activity, self.chance.randrange(500))

    def expire_leases(self):
        """Expire the killed daemon's lease, and its claims half of the time.

        Also approve the initial sync, sooner or later.
        """
        with self.sim.db.transaction() as tx:
            tx.exec_driver_sql("UPDATE store SET lease_until = lease_until - 601")
            if self.chance.random() < 0.5:
                tx.exec_driver_sql("UPDATE outbox SET claimed_at = claimed_at - 601")
        if self.sim.hold().reason and self.chance.random() < 0.8:
            with self.sim.context() as context:
                maintenance.approve(context)

    def run_until_quiet(self):
        """Let time pass until everything that waits is done, then check all invariants.

        The last pass is at noon, so that no day ends during it.
        """
        with self.sim.server.lock:
            self.activity.save_pending_lines()
        noon = (12 - self.sim.now.astimezone(BERLIN).hour) % 24
        for hours in (noon, 24, 24 * 6):
            self.sim.advance(hours=hours)
            self.sim.settle()
            self.sim.nightly()
        self.sim.settle()
        invariants.check_all(self.sim, self.activity)


def _activity_at_kill(calls):
    """Return what a daemon was doing when it was killed: it follows from its last request."""
    if not calls:
        return "starting"
    last = calls[-1]
    if last.writes:
        return "writing" if last.json else "checking the store"
    if "/orders" in last.path or "/customers" in last.path or "/products" in last.path:
        return "reading"
    return "checking the store"
