"""How a worker is stopped and watched, and how the main thread waits for signals."""

from __future__ import annotations

import select
import signal
import socket
import threading
import time
from datetime import UTC, datetime
from types import FrameType, TracebackType
from typing import Self


class StopRequested(BaseException):
    """The worker has to end. Not an Exception, so that no handler takes it for an error."""


def utcnow() -> datetime:
    return datetime.now(UTC)


class StopToken:
    """The main thread requests a stop; the worker checks for it, and each check is a heartbeat."""

    def __init__(self) -> None:
        self._stop_requested = threading.Event()
        self._beat = time.monotonic()

    def request_stop(self) -> None:
        """Make the worker end between two requests."""
        self._stop_requested.set()

    def heartbeat_age(self) -> float:
        """Return the seconds since the worker last made progress."""
        return time.monotonic() - self._beat

    # For the worker, its sync context and its client: each call is a heartbeat.

    def stopping(self) -> bool:
        self._beat = time.monotonic()
        return self._stop_requested.is_set()

    def wait(self, seconds: float) -> None:
        """Wait, but not longer than until a stop is requested."""
        self._beat = time.monotonic()
        self._stop_requested.wait(seconds)

    def sleep(self, seconds: float) -> None:
        """Wait in the middle of a job; raises StopRequested."""
        self.wait(seconds)
        self.raise_if_stopping()

    def raise_if_stopping(self) -> None:
        """Raise StopRequested if a stop is requested; for places where nothing is half done."""
        if self.stopping():
            raise StopRequested

    def monotonic(self) -> float:
        """Return seconds on a clock that cannot be set; the client reads it around each request."""
        self._beat = time.monotonic()
        return self._beat

    def now(self) -> datetime:
        self._beat = time.monotonic()
        return utcnow()


STOP_SIGNALS = frozenset({signal.SIGTERM, signal.SIGINT})
_HANDLED_SIGNALS = (*sorted(STOP_SIGNALS), signal.SIGHUP)


class Signals:
    """SIGTERM, SIGINT and SIGHUP as values that the main thread waits for.

    A handler would interrupt whatever runs; here the loop reads signals when it is ready.
    """

    def __enter__(self) -> Self:
        self._reader, self._writer = socket.socketpair()
        self._reader.setblocking(False)
        self._writer.setblocking(False)
        self._handlers_before = {
            number: signal.signal(number, _ignore_signal) for number in _HANDLED_SIGNALS
        }
        self._wakeup_fd_before = signal.set_wakeup_fd(
            self._writer.fileno(), warn_on_full_buffer=False
        )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        signal.set_wakeup_fd(self._wakeup_fd_before)
        for number, before in self._handlers_before.items():
            signal.signal(number, before)
        self._writer.close()
        self._reader.close()

    def wait(self, seconds: float) -> set[int]:
        """Wait for signals or :meth:`wake`; return the signals."""
        if not select.select([self._reader], [], [], seconds)[0]:
            return set()
        return set(self._reader.recv(4096)) - {0}

    def wake(self) -> None:
        """End the wait, from any thread."""
        try:
            self._writer.send(b"\0")
        except BlockingIOError:
            # The buffer is full, so the main thread is not waiting.
            return


def _ignore_signal(_number: int, _frame: FrameType | None) -> None:
    """Do nothing: Python writes the signal's number to the wakeup socket."""
