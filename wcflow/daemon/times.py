"""When the daemon does things: the next night, and the rest after a failure. Pure."""

from __future__ import annotations

from datetime import datetime, time, timedelta, tzinfo

from wcflow.errors import BusyError, StoreError
from wcflow.units import at_time_of_day, local_day

NIGHT = time(3, 30)
"""When the shop is compared as a whole: few people buy, and the clocks do not change."""

KNOW_EVERY = timedelta(hours=6)
"""How often the shop is asked again what it is: its time zone, currency, version."""

_FIRST, _LONGEST = timedelta(seconds=30), timedelta(minutes=10)
_FIRST_HERE, _LONGEST_HERE = timedelta(seconds=5), timedelta(seconds=15)
_LONGEST_ASKED = timedelta(days=1)


def next_night(now: datetime, zone: tzinfo) -> datetime:
    """Give the next 03:30 of the store's zone after ``now``."""
    today = local_day(now, zone)
    due = at_time_of_day(today, NIGHT, zone)
    return due if due > now else at_time_of_day(today + timedelta(days=1), NIGHT, zone)


def night_due(reconciled_at: datetime | None, now: datetime, zone: tzinfo) -> datetime:
    """Give when the nightly census is due: at once where none was ever made, or one was missed."""
    return now if reconciled_at is None else max(now, next_night(reconciled_at, zone))


def rest_after(error: Exception, failures: int) -> timedelta:
    """Give how long to leave things alone after the ``failures``-th failure in a row (from 1).

    A shop gets 30 seconds, doubling up to ten minutes, or as long as it asks for. What is busy on
    our side (a lock, a full disk, another wcflow) is tried sooner: nobody is bothered by it, and
    where the other wcflow has died its work is taken over within a minute.
    """
    if isinstance(error, BusyError):
        return _doubling(_FIRST_HERE, _LONGEST_HERE, failures)
    asked = timedelta(seconds=error.retry_after or 0 if isinstance(error, StoreError) else 0)
    return max(_doubling(_FIRST, _LONGEST, failures), min(asked, _LONGEST_ASKED))


def _doubling(first: timedelta, longest: timedelta, failures: int) -> timedelta:
    return min(first * (1 << min(failures - 1, 20)), longest)
