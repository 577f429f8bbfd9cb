"""How a worker is held: it can be asked to end, and everything it does is a sign of life."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime


class Stopped(BaseException):
    """the daemon ends, or reads its configuration anew. No Exception: nobody takes it for an error."""


def utcnow() -> datetime:
    """Give the instant it is."""
    return datetime.now(UTC)


class Leash:
    """Between the loop, which asks a worker to end, and all that a worker does meanwhile."""

    def __init__(self) -> None:
        self._ending = threading.Event()
        self._beat = time.monotonic()

    def pull(self) -> None:
        """Ask the worker to end between two requests."""
        self._ending.set()

    def silent_for(self) -> float:
        """Give the seconds since the last sign of life."""
        return time.monotonic() - self._beat

    # What the worker, its line and its client call: each call is a sign of life.

    def stopping(self) -> bool:
        """Say whether the worker is asked to end."""
        self._beat = time.monotonic()
        return self._ending.is_set()

    def rest(self, seconds: float) -> None:
        """Wait so long, or until the worker is asked to end."""
        self._beat = time.monotonic()
        self._ending.wait(seconds)

    def sleep(self, seconds: float) -> None:
        """Wait in the middle of something; raises Stopped where the worker is asked to end."""
        self.rest(seconds)
        self.go_on()

    def go_on(self) -> None:
        """Raise Stopped where the worker is asked to end; for points where nothing is half done."""
        if self.stopping():
            raise Stopped

    def steady(self) -> float:
        """Give seconds on a clock that nobody sets; the client asks before and after each request."""
        self._beat = time.monotonic()
        return self._beat

    def now(self) -> datetime:
        """Give the instant it is."""
        self._beat = time.monotonic()
        return utcnow()
