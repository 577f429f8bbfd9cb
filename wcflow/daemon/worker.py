"""One store, in a thread of its own: know it, walk, look at it as a whole at night; rest on failure.

A worker may be ended anywhere between two requests, and even left behind in the middle of one:
every arrow of the path may be repeated.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import structlog

from wcflow import sync
from wcflow.config.load import Config
from wcflow.config.stores import StoreSettings
from wcflow.daemon import reports
from wcflow.daemon.health import Health, after_failure, after_success, worth_telling
from wcflow.daemon.reports import tidy
from wcflow.daemon.schedule import Job, Timetable, night_due, rest_after
from wcflow.daemon.stop import Stopped, StopToken, utcnow
from wcflow.database import lease, outbox
from wcflow.database.connection import Database
from wcflow.database.sql import instant
from wcflow.database.stores import store_row
from wcflow.errors import SetupError, StoreError, WcflowError
from wcflow.sync import SyncContext
from wcflow.units import parse_zone

LONGEST_NAP = 15.0
"""Seconds after which a worker looks around although nothing is due: its clock may have been set."""

SLICE = timedelta(seconds=20)
"""How long people are judged at a stretch: meanwhile nobody asks the shop for news."""

MANY = 300
"""So many people judged in one walk leave memory behind that is worth giving back."""


class Worker:
    """The work on one store. ``wake`` is called when there is something new in ``health``."""

    def __init__(
        self,
        db: Database,
        config: Config,
        settings: StoreSettings,
        holder: str,
        wake: Callable[[], None],
    ) -> None:
        self.settings, self.health = settings, Health()
        self._wake, self._leash = wake, StopToken()
        self._timetable = Timetable(timedelta(seconds=config.poll_every.seconds))
        self._rests: dict[Job, float] = {}
        self._known = False
        self._unfinished = False
        self._census = reports.Census()
        self._line = SyncContext(
            db=db,
            store=sync.client(settings, self._leash.sleep, self._leash.steady),
            config=config,
            settings=settings,
            clock=self._leash.now,
            holder=holder,
            stopping=self._leash.stopping,
            progress=self._progress,
        )
        self._thread = threading.Thread(target=self._work, name=settings.name, daemon=True)

    # What the loop asks of a worker

    def start(self) -> None:
        """Begin to work."""
        self._thread.start()

    def end(self) -> None:
        """Ask it to end; it does so between two requests."""
        self._leash.pull()

    def ended(self, within: float = 0.0) -> bool:
        """Say whether it has ended, or does so within so many seconds."""
        self._thread.join(within)
        return not self._thread.is_alive()

    def silent_for(self) -> float:
        """Give the seconds since it last showed that it makes progress."""
        return self._leash.silent_for()

    def let_go(self) -> None:
        """Give back the store's lease in place of a worker that is left in the middle of a request.

        Its claims stay: what it was writing may be at the shop, and is looked for when they lapse.
        """
        with self._line.db.transaction() as tx:
            lease.give_back(tx, self.settings.name, self._line.holder)

    # The rounds

    def _work(self) -> None:
        structlog.contextvars.bind_contextvars(store=self.settings.name)
        try:
            with self._line.store:
                while not self._leash.stopping():
                    self._leash.rest(self._round())
        except Stopped:
            reports.stopped()
        finally:
            self._wake()

    def _round(self) -> float:
        """Do what is due; give how long to rest then."""
        pause = LONGEST_NAP
        for job in self._timetable.due():
            if self._rest(job) > 0 or not self._attempt(job):
                # What comes after a job that fails would fail as well.
                pause = min(pause, self._rest(job))
                break
        else:
            if self._unfinished:
                return 0.0
        return max(0.0, min(pause, self._timetable.idle()))

    def _rest(self, job: Job) -> float:
        return self._rests.get(job, 0.0) - time.monotonic()

    def _attempt(self, job: Job) -> bool:
        """Do a job; say whether the next may follow."""
        try:
            {"know": self._know, "walk": self._walk, "night": self._night}[job]()
        except StoreError as error:
            if job == "know" and self._known:
                # It was known before: whether it can be worked with, the walk will tell.
                self._timetable.done(job)
                return True
            self._failed(job, error)
        except Exception as error:  # noqa: BLE001  one store's bug must not end the others' service
            self._failed(job, error)
        else:
            if job != "walk" or not self._unfinished:
                self._timetable.done(job)
            self._succeeded(job)
            return True
        return False

    # The jobs

    def _know(self) -> None:
        sync.refresh_store_info(self._line)
        self._known = True
        self._plan_night()

    def _walk(self) -> None:
        started = time.monotonic()
        self._unfinished = False
        walked = sync.sync_once(self._line, at_most=SLICE)
        self._unfinished = walked.evaluated.left
        reports.walk(walked, time.monotonic() - started)
        self._look()
        if walked.evaluated.people >= MANY:
            tidy(self._line.db)

    def _night(self) -> None:
        started = time.monotonic()
        pulled = sync.nightly(self._line)
        reports.night(pulled, time.monotonic() - started)
        self._plan_night()

    def _plan_night(self) -> None:
        with self._line.db.reading() as tx:
            row = store_row(tx, self.settings.name)
        if row is None:
            return
        last = None if row.reconciled_at is None else instant(row.reconciled_at)
        self._timetable.plan_night(night_due(last, utcnow(), parse_zone(row.zone)))

    def _look(self) -> None:
        """See what is left to do, for the status line."""
        now = utcnow()
        with self._line.db.reading() as tx:
            row = store_row(tx, self.settings.name)
            waiting = sum(outbox.waiting(tx, self.settings.name, now))
        held = row is not None and bool(row.held)
        self._show(replace(self.health, polled_at=now, waiting=waiting, held=held, doing=""))

    def _progress(self, part: str, done: int, total: int) -> None:
        self._leash.go_on()
        if words := self._census.tell(part, done, total):
            self._show(replace(self.health, doing=words))

    # Trouble

    def _failed(self, job: Job, error: Exception) -> None:
        error = self._noted(error)
        trouble = after_failure(self.health.trouble, job, error, utcnow())
        pause = rest_after(error, trouble.failures[job]).total_seconds()
        self._rests[job] = time.monotonic() + pause
        if worth_telling(trouble, job, error):
            reports.trouble(job, error, pause)
            trouble = trouble.once_told()
        refused = error if isinstance(error, SetupError) else None
        self._show(replace(self.health, trouble=trouble, refused=refused, doing=""))

    def _noted(self, error: Exception) -> Exception:
        """Put on record that the store fails; where that fails too, that is the worse news."""
        try:
            if isinstance(error, StoreError):
                sync.record_poll_failure(self._line, error)
        except WcflowError as worse:
            return worse
        return error

    def _succeeded(self, job: Job) -> None:
        self._rests.pop(job, None)
        before = self.health.trouble
        trouble = after_success(before, job)
        if before is not None and trouble is None and before.told:
            reports.back(utcnow() - before.since)
        self._show(replace(self.health, trouble=trouble, refused=None))

    def _show(self, health: Health) -> None:
        self.health = health
        self._wake()
