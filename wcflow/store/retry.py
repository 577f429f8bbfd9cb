"""Decide whether, when and how large to ask again: pure laws, and the page size that learns.

Nothing is asked and nothing waits here.
"""

from __future__ import annotations

import threading

from wcflow.errors import StoreError
from wcflow.store.errors import DISCONNECTED, TIMEOUT, TRANSIENT_STATUSES, UNREACHABLE, UNREADABLE

MAX_TRIES = 5
"""How often a request is sent at most; fewer times where each try may take the whole time-out."""
MAX_WAIT = 60.0
"""A store that asks for more seconds than these is left alone; the daemon comes back."""

_MAX_SLOW_TRIES = 3
_FIRST, _MAX_BACKOFF = 1.0, 30.0
_RETRYABLE = frozenset({TIMEOUT, DISCONNECTED, UNREACHABLE, UNREADABLE})


def retry_wait(attempt: int, error: StoreError, chance: float, *, wrote: bool) -> float | None:
    """Give the seconds to wait before trying again after the ``attempt``-th failure (from 1).

    None where it must not or need not be tried again. ``chance`` is in [0, 1): full jitter, so
    that several machines whose shop falters do not come back at once.
    """
    most = _MAX_SLOW_TRIES if error.code in (TIMEOUT, UNREACHABLE) else MAX_TRIES
    if attempt >= most or not _is_retryable(error, wrote=wrote):
        return None
    if error.retry_after is not None:
        return error.retry_after + chance if error.retry_after <= MAX_WAIT else None
    return chance * min(_MAX_BACKOFF, _FIRST * 2.0 ** (attempt - 1))


def _is_retryable(error: StoreError, *, wrote: bool) -> bool:
    passing = error.status in TRANSIENT_STATUSES or error.code in _RETRYABLE
    return passing and not error.permanent and not (wrote and error.effect_unknown)


class AdaptiveSize:
    """How much to ask for at once: halves when it was too much, doubles again after successes.

    Each time that growing turns out to have been too bold, twice as many successes are asked for
    before the next attempt. Threads share it.
    """

    def __init__(self, most: int, *, least: int = 5, successes: int = 10) -> None:
        self.most, self.least = most, min(least, most)
        self._size, self._first, self._needed = most, successes, successes
        self._seen, self._grown = 0, False
        self._lock = threading.Lock()

    @property
    def size(self) -> int:
        return self._size

    def shrink(self, size: int) -> None:
        """Halve, unless another thread has already done so since ``size`` was asked for."""
        with self._lock:
            if size != self._size:
                return
            if self._grown:
                self._needed = min(self._needed * 2, self._first * 64)
            self._size, self._seen, self._grown = max(self.least, size // 2), 0, False

    def count_success(self, size: int) -> None:
        """Count a success at ``size``; double once there were enough of them."""
        with self._lock:
            if size != self._size:
                return
            self._seen += 1
            if self._seen < self._needed:
                return
            self._seen = 0
            if size == self.most:
                self._needed = self._first
            else:
                self._size, self._grown = min(self.most, size * 2), True
