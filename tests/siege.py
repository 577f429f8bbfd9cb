"""A shop that sells while the daemon beside it is killed, again and again: real processes, real SIGKILL.

What people do is the street of the histories, and what must be so in the end are its laws; here
they go over HTTP, by the real clock, and who dies is a process that had no say in it.
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
from tests.histories import laws
from tests.histories.rulebook import written
from tests.histories.street import DEEDS, Street
from tests.naive import Book
from tests.sandbox_door import mounted
from tests.service import eventually
from tests.world import World
from wcflow import sync
from wcflow.config.load import load_config
from wcflow.sandbox.faults import FaultRule, Unreachable
from wcflow.sandbox.server import serve
from wcflow.store.client import Store

STORE = "page_size = 5\nparallel = 2"
WAYS = ("early", "anytime", ("GET *", 30, True), ("POST *", 7, False), ("POST *", 7, True))
"""How a daemon dies: young, at some moment, reading, about to write, and before it hears that it did."""
ELSEWHERE = "https://shop.example"
CADENCE = "poll_every = 1s\nmax_writes = 100000\nlog_level = info\nlog_format = json"
PAST = 150
LONGEST = 1.2
"""Seconds that a daemon lives at most: a poll is due each second."""

CRADLE = """
import os, sys
import psycopg, sqlalchemy.dialects.postgresql.psycopg, sqlalchemy.dialects.sqlite.pysqlite
from wcflow.__main__ import main
for _ in sys.stdin:
    born = os.fork()
    if not born:
        main()
    print(born, flush=True)
    print(os.waitpid(born, 0)[1], flush=True)
"""
"""Where daemons come from: each is a process of its own, forked from one that has read the code."""


def utcnow():
    return datetime.now(UTC)


class Village(World):
    """A world that listens on a port and whose time is the real one, put forward by ``pass_``."""

    def __init__(self, folder, stack, rules, **more):
        self._stack, self._ahead, self.server = stack, timedelta(), None
        super().__init__(folder, rules, **more)

    @property
    def now(self):
        return utcnow() + self._ahead

    @now.setter
    def now(self, instant):
        self._ahead = instant - utcnow()

    def rules(self, text):
        if self.server is None:
            door = serve(self.shop, self.faults, clock=lambda: self.now)
            self.server = self._stack.enter_context(door)
        super().rules(text)
        self.file = self.folder / "wcflow.ini"
        self.file.write_text(self.file.read_text().replace(ELSEWHERE, self.server.url))
        self.config = load_config(self.file, {})

    @contextmanager
    def line(self, holder="test", fate=None):
        (settings,) = self.config.stores
        keys = (settings.consumer_key, settings.consumer_secret)
        # A signature would carry the real time: by https, which is the same shop, there is none.
        url = settings.url.replace("http:", "https:")
        with (
            mounted(self.faults, lambda: self.now, url=url) as door,
            Store(settings.name, url, *keys, page_size=settings.page_size) as store,
        ):
            yield sync.SyncContext(self.db, store, self.config, settings, lambda: self.now, holder)
        self.writes = [c for c in door.writes if c.json or c.method == "DELETE"]


class Cradle:
    """Gives birth to daemons, one after the other, and knows how each ended."""

    def __init__(self, village):
        self.log = village.folder / "daemon.log"
        command = [sys.executable, "-c", CRADLE, "run", "--config", str(village.file)]
        pipe = subprocess.PIPE
        with self.log.open("w") as log:
            self._process = subprocess.Popen(
                command, stdin=pipe, stdout=pipe, stderr=log, text=True
            )
        self._living, self.killed = 0, threading.Event()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self._living:
            self.kills()
        self._process.communicate()

    def bears(self):
        self.killed.clear()
        self._process.stdin.write("another\n")
        self._process.stdin.flush()
        self._living = int(self._process.stdout.readline())

    def kills(self):
        """Kill who lives; a thread of the shop may do so as well."""
        assert self._living, "nobody lives"
        with suppress(ProcessLookupError):  # it ended by itself: its exit code will tell
            os.kill(self._living, signal.SIGKILL)
        self.killed.set()

    def buries(self):
        """Wait until who lived is gone; give what ended it: a signal less than 0, or an exit code."""
        status = int(self._process.stdout.readline())
        self._living = 0
        return os.waitstatus_to_exitcode(status)


class Siege:
    """A village under fire. ``chance`` chooses the moments; what happens in them, the machine."""

    def __init__(self, folder, stack, database, chance):
        self.chance = chance
        head = {"database": database, "wcflow": CADENCE, "store": STORE}
        self.village = Village(folder, stack, written(Book()), now=utcnow(), **head)
        stack.callback(self.village.db.close)
        self.street = Street(self.village, Book())
        for number in range(PAST):
            self.village.buys(email=f"old{number % 20}@example.com", days_ago=60 + number)
        self.cradle = stack.enter_context(Cradle(self.village))
        self.deaths = Counter()

    def life(self, number):
        """Let a daemon live for a while, people act meanwhile, and kill it."""
        way = WAYS[number % len(WAYS)]
        longest = {
            "early": LONGEST / 3 * self.chance.random(),
            "anytime": LONGEST * self.chance.random(),
        }
        asked = len(self.village.server.calls)
        if way not in longest:
            self._lies_in_wait(*way)
        self.cradle.bears()
        self._people_act(longest.get(way, 2 * LONGEST))
        self.cradle.kills()
        assert -signal.SIGKILL == self.cradle.buries(), self.cradle.log.read_text()[-3000:]
        # Ten minutes are about to pass: what the dead one sent arrives long before they are over.
        eventually(lambda: not self.village.server._guests)
        self.village.faults.recover()
        self.deaths[_doing(self.village.server.calls[asked:])] += 1

    def _lies_in_wait(self, only, most, effect):
        """Kill when it asks the shop for something, before that has an effect or after."""

        def deed(request, now, following):
            answer = following(request, now) if effect else None
            self.cradle.kills()
            if answer is None:
                raise Unreachable
            return answer

        after = self.chance.randrange(1, most)
        self.village.faults.rules.append(FaultRule(deed, only=only, after=after))

    def _people_act(self, seconds):
        """Let people act at some moments of the daemon's life, which may end before they are done."""
        until = time.monotonic() + seconds
        moments = sorted(self.chance.uniform(0, seconds) for _ in range(self.chance.randrange(4)))
        for moment in moments:
            self.cradle.killed.wait(max(0.0, until - seconds + moment - time.monotonic()))
            self.somebody_acts()
        self.cradle.killed.wait(max(0.0, until - time.monotonic()))

    def somebody_acts(self):
        """Mostly they order."""
        plain = self.chance.random() < 0.6
        deed = "orders_something" if plain else self.chance.choice(tuple(DEEDS))
        with self.village.server.lock:
            self.street.do(deed, self.chance.randrange(500))

    def time_passes(self):
        """Let ten minutes pass for what the dead one held: its lease, and its claims half of the time.

        An admin lets the first census go, sooner or later.
        """
        with self.village.db.transaction() as tx:
            tx.exec_driver_sql("UPDATE store SET lease_until = lease_until - 601")
            if self.chance.random() < 0.5:
                tx.exec_driver_sql("UPDATE outbox SET claimed_at = claimed_at - 601")
        row = self.village.row()
        if row is not None and row.held and self.chance.random() < 0.8:
            with self.village.line() as line:
                sync.approve(line)

    def comes_to_rest(self):
        """Let the fire end, and time pass until all that waits has had its turn.

        The last look is at noon: a day that ends in the midst of it would be news of its own.
        """
        with self.village.server.lock:
            self.street.lines_are_saved()
        noon = (12 - self.village.now.astimezone(BERLIN).hour) % 24
        for hours in (noon, 24, 24 * 6):
            self.village.pass_(hours=hours)
            self.village.settle()
            self.village.nightly()
        self.village.settle()
        laws.hold(self.village, self.street)


def _doing(calls):
    """Give what a daemon was doing when it died, by what it had last asked the shop for."""
    if not calls:
        return "starting"
    last = calls[-1]
    if last.writes:
        return "writing" if last.json else "getting to know the shop"
    if "/orders" in last.path or "/customers" in last.path or "/products" in last.path:
        return "reading"
    return "getting to know the shop"
