"""When the daemon does things: the next night, and the rest after a failure. Pure."""

from __future__ import annotations

from datetime import datetime, time, timedelta, tzinfo
from time import monotonic
from typing import Literal

import schedule

from wcflow.errors import BusyError, StoreError
from wcflow.units import at_time_of_day, backoff, local_day

NIGHTLY_AT = time(3, 30)
"""When the shop is compared as a whole: few people buy, and the clocks do not change."""

STORE_INFO_EVERY = timedelta(hours=6)
"""How often the shop is asked again what it is: its time zone, currency, version."""

_FIRST, _LONGEST = timedelta(seconds=30), timedelta(minutes=10)
_FIRST_HERE, _LONGEST_HERE = timedelta(seconds=5), timedelta(seconds=15)
_MAX_RETRY_AFTER = timedelta(days=1)


def next_nightly(now: datetime, zone: tzinfo) -> datetime:
    """Give the next 03:30 of the store's zone after ``now``."""
    today = local_day(now, zone)
    due = at_time_of_day(today, NIGHTLY_AT, zone)
    return due if due > now else at_time_of_day(today + timedelta(days=1), NIGHTLY_AT, zone)


def nightly_due(reconciled_at: datetime | None, now: datetime, zone: tzinfo) -> datetime:
    """Give when the nightly census is due: at once where none was ever made, or one was missed."""
    return now if reconciled_at is None else max(now, next_nightly(reconciled_at, zone))


def job_retry_delay(error: Exception, failures: int) -> timedelta:
    """Give how long to leave things alone after the ``failures``-th failure in a row (from 1).

    A shop gets 30 seconds, doubling up to ten minutes, or as long as it asks for. What is busy on
    our side (a lock, a full disk, another wcflow) is tried sooner: nobody is bothered by it, and
    where the other wcflow has died its work is taken over within a minute.
    """
    if isinstance(error, BusyError):
        return backoff(failures, _FIRST_HERE, _LONGEST_HERE)
    asked = timedelta(seconds=error.retry_after or 0 if isinstance(error, StoreError) else 0)
    return max(backoff(failures, _FIRST, _LONGEST), min(asked, _MAX_RETRY_AFTER))


# A store's jobs on the clock of ``schedule``: it says what is due, and does none of it. A job that became due stays so until it is done: after an outage each is made up for, once.

Job = Literal["know", "walk", "night"]
JOB_ORDER: tuple[Job, ...] = ("know", "walk", "night")
"""Who the shop is comes before what it has, and a night's work after a poll that succeeded."""

_CLOCK_JUMP = timedelta(seconds=30)


class JobSchedule:
    """What is due of a store. ``schedule`` has no zones of its own, so nights are told to it."""

    def __init__(self, poll_every: timedelta) -> None:
        self._scheduler = schedule.Scheduler()
        self._poll_every = poll_every
        self._next_nightly: datetime | None = None
        self._due: set[Job] = {"know", "walk"}
        self._clocks = _read_clocks()
        self._schedule_jobs()

    def due(self) -> list[Job]:
        """Give the jobs that are due, in the order in which they are to be done."""
        if self._clock_was_set():
            self._schedule_jobs()
            self._due.add("walk")
        self._scheduler.run_pending()
        return [job for job in JOB_ORDER if job in self._due]

    def done(self, job: Job) -> None:
        """Note that a job need not be done any more until its time comes again."""
        self._due.discard(job)

    def plan_nightly(self, due: datetime) -> None:
        """Say when the next night's work is due."""
        self._next_nightly = due
        self._scheduler.clear("night")
        job = self._scheduler.every().day.tag("night").do(self._due.add, "night")
        # The job's own clock is local time without a zone.
        job.next_run = due.astimezone().replace(tzinfo=None)

    def seconds_until_due(self) -> float:
        """Give the seconds until something becomes due."""
        return max(0.0, self._scheduler.idle_seconds or 0.0)

    def _schedule_jobs(self) -> None:
        self._scheduler.clear()
        self._scheduler.every(int(self._poll_every.total_seconds())).seconds.do(
            self._due.add, "walk"
        )
        self._scheduler.every(int(STORE_INFO_EVERY.total_seconds())).seconds.do(
            self._due.add, "know"
        )
        if self._next_nightly is not None:
            self.plan_nightly(self._next_nightly)

    def _clock_was_set(self) -> bool:
        """Say whether local time has jumped: set, changed for summer, or passed in a sleep.

        ``schedule`` counts in local time; without this, an hour that comes twice would be a rest.
        """
        before, self._clocks = self._clocks, _read_clocks()
        local, steady = (now - then for now, then in zip(self._clocks, before, strict=True))
        return abs(local - steady) > _CLOCK_JUMP


def _read_clocks() -> tuple[timedelta, timedelta]:
    local = datetime.now() - datetime(2000, 1, 1)  # noqa: DTZ001, DTZ005  the clock of schedule
    return local, timedelta(seconds=monotonic())
