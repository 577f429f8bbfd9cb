"""When to try again, and when to give up. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

from wcflow.errors import StoreError

FIRST, LONGEST, TRIES = timedelta(minutes=1), timedelta(hours=6), 16
"""Sixteen tries with these pauses take two days: a weekend's outage of one item is survived."""


def next_try(attempt: int, now: datetime, retry_after: float | None = None) -> datetime:
    """Give when to try again after the ``attempt``-th try (from 1): doubling, at most 6 hours."""
    pause: timedelta = min(FIRST * 2 ** min(attempt - 1, 20), LONGEST)
    return now + max(pause, timedelta(seconds=retry_after or 0))


def gives_up(error: StoreError, attempt: int) -> bool:
    """Say whether another try is in vain: the error is permanent, or there were enough."""
    return error.permanent or attempt >= TRIES
