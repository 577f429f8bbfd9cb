"""Decide whether and when to retry a request, and adapt its size."""

from __future__ import annotations

import threading
from datetime import timedelta

from wcflow.errors import StoreError
from wcflow.store.errors import DISCONNECTED, TIMEOUT, TRANSIENT_STATUSES, UNREACHABLE, UNREADABLE
from wcflow.units import backoff

MAX_TRIES = 5
"""The maximum number of attempts; after time-outs it is lower."""
MAX_WAIT = 60.0
"""In seconds. If Retry-After is longer, the next pass of the daemon tries again."""

_MAX_SLOW_TRIES = 3
_FIRST_BACKOFF, _MAX_BACKOFF = timedelta(seconds=1), timedelta(seconds=30)
_RETRYABLE = frozenset({TIMEOUT, DISCONNECTED, UNREACHABLE, UNREADABLE})


def retry_wait(attempt: int, error: StoreError, jitter: float, *, wrote: bool) -> float | None:
    """Return the seconds to wait after failed attempt number ``attempt`` (from 1), or None to give up.

    ``jitter`` is a random number in [0, 1), so that several machines do not retry at the same time.
    """
    limit = _MAX_SLOW_TRIES if error.code in (TIMEOUT, UNREACHABLE) else MAX_TRIES
    if attempt >= limit or not _is_retryable(error, wrote=wrote):
        return None
    if error.retry_after is not None:
        return error.retry_after + jitter if error.retry_after <= MAX_WAIT else None
    return jitter * backoff(attempt, _FIRST_BACKOFF, _MAX_BACKOFF).total_seconds()


def _is_retryable(error: StoreError, *, wrote: bool) -> bool:
    transient = error.status in TRANSIENT_STATUSES or error.code in _RETRYABLE
    return transient and not error.permanent and not (wrote and error.effect_unknown)


class AdaptiveSize:
    """A page or batch size that halves after an overload and doubles after enough successes.

    After an overload that follows a doubling, the next doubling takes twice as many successes.
    It is thread-safe.
    """

    def __init__(self, most: int, *, least: int = 5, successes: int = 10) -> None:
        self.most, self.least = most, min(least, most)
        self._size, self._min_needed, self._needed = most, successes, successes
        self._successes, self._grown = 0, False
        self._lock = threading.Lock()

    @property
    def size(self) -> int:
        return self._size

    def shrink(self, size: int) -> None:
        """Halve the size, unless another thread changed it after the request was sent."""
        with self._lock:
            if size != self._size:
                return
            if self._grown:
                self._needed = min(self._needed * 2, self._min_needed * 64)
            self._size, self._successes, self._grown = max(self.least, size // 2), 0, False

    def count_success(self, size: int) -> None:
        """Count a success at ``size``; double the size after enough of them."""
        with self._lock:
            if size != self._size:
                return
            self._successes += 1
            if self._successes < self._needed:
                return
            self._successes = 0
            if size == self.most:
                self._needed = self._min_needed
            else:
                self._size, self._grown = min(self.most, size * 2), True
