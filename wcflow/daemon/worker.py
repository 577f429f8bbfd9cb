"""A worker thread for one store: it syncs, checks the whole store at night, and retries.

It can be stopped between two requests, or abandoned during one, because every job can be repeated.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import structlog

from wcflow import maintenance, sync
from wcflow.channels.smtp import RateLimit
from wcflow.config.load import Config
from wcflow.config.stores import StoreSettings
from wcflow.daemon import reports
from wcflow.daemon.health import StoreHealth, record_failure, record_success, should_log
from wcflow.daemon.reports import release_memory
from wcflow.daemon.schedule import Job, JobSchedule, job_retry_delay, nightly_due
from wcflow.daemon.stop import StopRequested, StopToken, utcnow
from wcflow.database import lease, outbox
from wcflow.database.connection import Database
from wcflow.database.sql import instant
from wcflow.database.stores import load_hold, load_store_row
from wcflow.errors import SetupError, StoreError, WcflowError
from wcflow.outbox.ways import close_channels, open_channels
from wcflow.poll.binding import build_client
from wcflow.rules.clocks import ClockGap
from wcflow.rules.triggers.needs import unmet_needs
from wcflow.store.store_info import StoreInfo
from wcflow.sync import SyncContext
from wcflow.units import parse_zone

MAX_IDLE = 15.0
"""Seconds after which a worker looks at its schedule again: the clock can have been set."""

SLICE = timedelta(seconds=20)
"""How long one sync evaluates people, and delivers changes, before it polls the store again."""

LARGE_SYNC = 300
"""After a sync that evaluated this many people, unused memory is returned to the system."""


class Worker:
    """The jobs of one store. ``wake`` is called when ``health`` changed and when the worker ended."""

    def __init__(
        self,
        db: Database,
        config: Config,
        settings: StoreSettings,
        holder: str,
        wake: Callable[[], None],
        mail_limit: RateLimit | None = None,
    ) -> None:
        self.settings, self.health = settings, StoreHealth()
        self._wake, self._stop_token = wake, StopToken()
        self._schedule = JobSchedule(timedelta(seconds=config.poll_every.seconds))
        self._retry_at: dict[Job, float] = {}
        self._has_store_info = False
        self._never_starting: frozenset[str] = frozenset()
        self._unfinished = False
        self._import_progress = reports.ImportProgress()
        self._context = SyncContext(
            db=db,
            store=build_client(settings, self._stop_token.sleep, self._stop_token.monotonic),
            config=config,
            settings=settings,
            clock=self._stop_token.now,
            holder=holder,
            stopping=self._stop_token.stopping,
            progress=self._on_progress,
            checkpoint=self._stop_token.raise_if_stopping,
            channels=open_channels(config, settings, db, self._stop_token.now, mail_limit),
        )
        self._thread = threading.Thread(target=self._run, name=settings.name, daemon=True)

    # For the supervisor

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Make the worker end between two requests."""
        self._stop_token.request_stop()

    def has_ended(self, within: float = 0.0) -> bool:
        """Return whether the worker has ended, after waiting up to ``within`` seconds."""
        self._thread.join(within)
        return not self._thread.is_alive()

    def heartbeat_age(self) -> float:
        """Return the seconds since the worker last made progress."""
        return self._stop_token.heartbeat_age()

    def release_lease(self) -> None:
        """Release the store's lease for a worker that is abandoned during a request.

        Its claims stay: the write can have arrived, so it is looked for once the claim has expired.
        """
        with self._context.db.transaction() as tx:
            lease.release(tx, self.settings.name, self._context.holder)

    # The loop

    def _run(self) -> None:
        structlog.contextvars.bind_contextvars(store=self.settings.name)
        try:
            with self._context.store:
                while not self._stop_token.stopping():
                    self._stop_token.wait(self._run_due_jobs())
        except StopRequested:
            reports.log_stopped()
        finally:
            close_channels(self._context.channels)
            self._wake()

    def _run_due_jobs(self) -> float:
        """Run the due jobs; return how many seconds to wait afterwards."""
        pause = MAX_IDLE
        for job in self._schedule.due():
            if not self._schedule.is_due(job):
                continue
            if self._delay_left(job) > 0 or not self._try_job(job):
                # The jobs after it depend on it.
                pause = min(pause, self._delay_left(job))
                break
        else:
            if self._unfinished:
                return 0.0
        return max(0.0, min(pause, self._schedule.seconds_until_due()))

    def _delay_left(self, job: Job) -> float:
        return self._retry_at.get(job, 0.0) - time.monotonic()

    def _try_job(self, job: Job) -> bool:
        """Run a job; return whether the next one can follow."""
        try:
            self._run_job(job)
        except StoreError as error:
            if job == "refresh store info" and self._has_store_info:
                # The information read before is good enough; the sync finds out whether it works.
                self._schedule.done(job)
                return True
            self._record_failure(job, error)
        except Exception as error:  # noqa: BLE001  one store's bug must not end the others' service
            self._record_failure(job, error)
        else:
            if job != "sync" or not self._unfinished:
                self._schedule.done(job)
            self._record_success(job)
            return True
        return False

    def _run_job(self, job: Job) -> None:
        match job:
            case "refresh store info":
                self._refresh_store_info()
            case "sync":
                self._sync()
            case "send messages":
                self._send_messages()
            case "nightly check":
                self._run_nightly()

    # The jobs

    def _refresh_store_info(self) -> None:
        try:
            info = sync.refresh_store_info(self._context)
        except StoreError:
            if not self._has_store_info:
                # The daemon was started during an outage: there will be no sync that delivers.
                sync.deliver_without_store(self._context)
            raise
        self._has_store_info = True
        self._warn_of_missing_plugins(info)
        self._plan_nightly()

    def _warn_of_missing_plugins(self, info: StoreInfo) -> None:
        found = {
            each.workflow: each
            for each in unmet_needs(
                self._context.config.rules.workflows,
                has_companion=info.has_companion,
                has_subscriptions=info.has_subscriptions,
            )
        }
        for name in found.keys() - self._never_starting:
            each = found[name]
            reports.log_missing_plugin(self._context.name, each)
        self._never_starting = frozenset(found)

    def _sync(self) -> None:
        started, requests = time.monotonic(), self._context.store.requests
        self._unfinished = False
        result = sync.sync_once(self._context, time_limit=SLICE)
        self._unfinished = (
            result.evaluated.incomplete
            or result.campaigns.incomplete
            or result.delivered.interrupted
        )
        self._schedule.plan_messages(result.delivered.pause)
        requests = self._context.store.requests - requests
        reports.log_sync(result, requests, time.monotonic() - started)
        if result.clock_gap is None and (self.health.clock_gap or self.health.failure):
            # The clock may have been wrong, and the check not be due.
            self._plan_nightly()
        self._update_health(result.clock_gap)
        if result.evaluated.people >= LARGE_SYNC:
            release_memory(self._context.db)

    def _send_messages(self) -> None:
        """Continue with the messages that a rate limit held up; the store is not read for that."""
        delivered = sync.deliver_without_store(self._context, time_limit=SLICE)
        pause = 1.0 if delivered.interrupted else delivered.pause
        self._schedule.plan_messages(pause)

    def _run_nightly(self) -> None:
        started = time.monotonic()
        polled = maintenance.nightly(self._context)
        reports.log_nightly(polled, time.monotonic() - started)
        self._plan_nightly()

    def _plan_nightly(self) -> None:
        with self._context.db.reading() as tx:
            row = load_store_row(tx, self.settings.name)
        if row is None:
            return
        last = None if row.reconciled_at is None else instant(row.reconciled_at)
        self._schedule.plan_nightly(nightly_due(last, utcnow(), parse_zone(row.time_zone)))

    def _update_health(self, gap: ClockGap | None) -> None:
        """Update what the status line shows."""
        now = utcnow()
        with self._context.db.reading() as tx:
            waiting = sum(outbox.count_waiting(tx, self.settings.name, now))
            held = bool(load_hold(tx, self.settings.name).reason)
        self._set_health(
            replace(
                self.health,
                polled_at=now,
                waiting=waiting,
                held=held,
                activity="",
                clock_gap=gap,
            )
        )

    def _on_progress(self, part: str, done: int, total: int) -> None:
        if activity := self._import_progress.update(part, done, total):
            self._set_health(replace(self.health, activity=activity))

    # Failures

    def _record_failure(self, job: Job, error: Exception) -> None:
        error = self._save_failure(error)
        failure = record_failure(self.health.failure, job, error, utcnow())
        pause = job_retry_delay(error, failure.failures[job]).total_seconds()
        self._retry_at[job] = time.monotonic() + pause
        if should_log(failure, job, error):
            reports.log_failure(job, error, pause)
            failure = failure.mark_logged()
        setup_error = error if isinstance(error, SetupError) else None
        self._set_health(
            replace(self.health, failure=failure, setup_error=setup_error, activity="")
        )

    def _save_failure(self, error: Exception) -> Exception:
        """Save a store's error for ``wcflow status``; return the error to report."""
        if isinstance(error, StoreError):
            try:
                maintenance.record_failure(self._context, error)
            except WcflowError as database_error:
                return database_error
        return error

    def _record_success(self, job: Job) -> None:
        self._retry_at.pop(job, None)
        before = self.health.failure
        failure = record_success(before, job)
        if before is not None and failure is None and before.logged_reasons:
            reports.log_recovery(before, utcnow() - before.since)
        self._set_health(replace(self.health, failure=failure, setup_error=None))

    def _set_health(self, health: StoreHealth) -> None:
        self.health = health
        self._wake()
