"""When jobs are due: polls, the nightly check, and retries after a failure."""

from __future__ import annotations

from datetime import datetime, time, timedelta, tzinfo
from time import monotonic
from typing import Literal

import schedule

from wcflow.errors import BusyError, StoreError, StoreInUseError
from wcflow.units import at_time_of_day, backoff, local_day

NIGHTLY_AT = time(3, 30)
"""In the store's time zone: few people buy then, and clocks do not change."""

STORE_INFO_EVERY = timedelta(hours=6)
"""How often the store's time zone, currency and version are read again."""

_FIRST, _LONGEST = timedelta(seconds=30), timedelta(minutes=10)
_FIRST_BUSY, _LONGEST_BUSY = timedelta(seconds=5), timedelta(seconds=15)
_MAX_RETRY_AFTER = timedelta(days=1)


def next_nightly(now: datetime, zone: tzinfo) -> datetime:
    """Return the next 03:30 in the store's time zone after ``now``."""
    today = local_day(now, zone)
    due = at_time_of_day(today, NIGHTLY_AT, zone)
    return due if due > now else at_time_of_day(today + timedelta(days=1), NIGHTLY_AT, zone)


def nightly_due(reconciled_at: datetime | None, now: datetime, zone: tzinfo) -> datetime:
    """Return when the nightly check is due: now if there was none yet, or if one was missed."""
    if reconciled_at is None:
        return now
    # A check in the future: a clock was wrong. The next one is due as after one that ends now.
    return max(now, next_nightly(min(reconciled_at, now), zone))


def job_retry_delay(error: Exception, failures: int) -> timedelta:
    """Return how long to wait after the ``failures``-th failure in a row (from 1).

    After a store's error: 30 seconds, doubling up to ten minutes, or as long as it requests. What
    is busy on our side (a lock, a full disk, another wcflow) is tried sooner: that does not burden
    a store, and the work of another wcflow that died is taken over within a minute.
    """
    if isinstance(error, BusyError):
        pause = backoff(failures, _FIRST_BUSY, _LONGEST_BUSY)
        if isinstance(error, StoreInUseError):
            pause = min(pause, timedelta(seconds=max(error.seconds_left, 0) + 1))
        return pause
    requested = timedelta(seconds=error.retry_after or 0 if isinstance(error, StoreError) else 0)
    return max(backoff(failures, _FIRST, _LONGEST), min(requested, _MAX_RETRY_AFTER))


Job = Literal["refresh store info", "sync", "send messages", "nightly check"]
JOB_ORDER: tuple[Job, ...] = ("refresh store info", "sync", "send messages", "nightly check")
"""A sync needs the store's time zone; the nightly check follows a sync that succeeded."""

_CLOCK_JUMP = timedelta(seconds=30)


class JobSchedule:
    """Which jobs of a store are due. A job stays due until it is done, so an outage adds none.

    ``schedule`` counts in local time without a zone, so the time of the next nightly check is
    computed elsewhere.
    """

    def __init__(self, poll_every: timedelta) -> None:
        self._scheduler = schedule.Scheduler()
        self._poll_every = poll_every
        self._next_nightly: datetime | None = None
        self._messages_at: float | None = None
        self._due: set[Job] = {"refresh store info", "sync"}
        self._clocks = _read_clocks()
        self._schedule_jobs()

    def due(self) -> list[Job]:
        """Return the jobs that are due, in the order of execution."""
        if self._clock_was_set():
            self._schedule_jobs()
            self._due.add("sync")
        self._scheduler.run_pending()
        if self._messages_at is not None and self._messages_at <= monotonic():
            self._messages_at = None
            self._due.add("send messages")
        return [job for job in JOB_ORDER if job in self._due]

    def is_due(self, job: Job) -> bool:
        """Return whether a job is still due, after another one may have planned it anew."""
        return job in self._due

    def done(self, job: Job) -> None:
        self._due.discard(job)

    def plan_nightly(self, due: datetime) -> None:
        """Set when the next nightly check is due, which may no longer be now."""
        self._next_nightly = due
        self._due.discard("nightly check")
        self._scheduler.clear("nightly check")
        job = self._scheduler.every().day.tag("nightly check").do(self._due.add, "nightly check")
        job.next_run = due.astimezone().replace(tzinfo=None)

    def plan_messages(self, pause: float) -> None:
        """Continue with messages after a pause in seconds; 0 means that none wait for that."""
        self._due.discard("send messages")
        self._messages_at = monotonic() + pause if pause else None

    def seconds_until_due(self) -> float:
        """Return the seconds until the next job becomes due."""
        until = self._scheduler.idle_seconds or 0.0
        if self._messages_at is not None:
            until = min(until, self._messages_at - monotonic())
        return max(0.0, until)

    def _schedule_jobs(self) -> None:
        self._scheduler.clear()
        every: dict[Job, timedelta] = {
            "sync": self._poll_every,
            "refresh store info": STORE_INFO_EVERY,
        }
        for job, interval in every.items():
            self._scheduler.every(int(interval.total_seconds())).seconds.do(self._due.add, job)
        if self._next_nightly is not None:
            self.plan_nightly(self._next_nightly)

    def _clock_was_set(self) -> bool:
        """Return whether local time has jumped: set by hand, daylight saving, or a suspend.

        Without this, setting the clock back an hour would stop the polls for an hour.
        """
        before, self._clocks = self._clocks, _read_clocks()
        local, steady = (now - then for now, then in zip(self._clocks, before, strict=True))
        return abs(local - steady) > _CLOCK_JUMP


def _read_clocks() -> tuple[timedelta, timedelta]:
    local = datetime.now() - datetime(2000, 1, 1)  # noqa: DTZ001, DTZ005  the clock of schedule
    return local, timedelta(seconds=monotonic())
