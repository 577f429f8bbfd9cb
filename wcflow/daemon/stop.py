"""How a worker is held: it can be asked to end, and everything it does is a sign of life."""

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
    """the daemon ends, or reads its configuration anew. No Exception: nobody takes it for an error."""


def utcnow() -> datetime:
    """Give the instant it is."""
    return datetime.now(UTC)


class StopToken:
    """Between the loop, which asks a worker to end, and all that a worker does meanwhile."""

    def __init__(self) -> None:
        self._stop_requested = threading.Event()
        self._beat = time.monotonic()

    def request_stop(self) -> None:
        """Ask the worker to end between two requests."""
        self._stop_requested.set()

    def heartbeat_age(self) -> float:
        """Give the seconds since the last sign of life."""
        return time.monotonic() - self._beat

    # What the worker, its line and its client call: each call is a sign of life.

    def stopping(self) -> bool:
        """Say whether the worker is asked to end."""
        self._beat = time.monotonic()
        return self._stop_requested.is_set()

    def wait(self, seconds: float) -> None:
        """Wait so long, or until the worker is asked to end."""
        self._beat = time.monotonic()
        self._stop_requested.wait(seconds)

    def sleep(self, seconds: float) -> None:
        """Wait in the middle of something; raises Stopped where the worker is asked to end."""
        self.wait(seconds)
        self.raise_if_stopping()

    def raise_if_stopping(self) -> None:
        """Raise Stopped where the worker is asked to end; for points where nothing is half done."""
        if self.stopping():
            raise StopRequested

    def monotonic(self) -> float:
        """Give seconds on a clock that nobody sets; the client asks before and after each request."""
        self._beat = time.monotonic()
        return self._beat

    def now(self) -> datetime:
        """Give the instant it is."""
        self._beat = time.monotonic()
        return utcnow()


# Signals as values: one that arrives is read by the loop, not run in between whatever goes on.

STOP_SIGNALS = frozenset({signal.SIGTERM, signal.SIGINT})
_HANDLED_SIGNALS = (*sorted(STOP_SIGNALS), signal.SIGHUP)


class Signals:
    """SIGTERM, SIGINT and SIGHUP for as long as the context lasts. For the main thread alone."""

    def __enter__(self) -> Self:
        self._out, self._in = socket.socketpair()
        self._out.setblocking(False)
        self._in.setblocking(False)
        self._before = {
            number: signal.signal(number, _ignore_signal) for number in _HANDLED_SIGNALS
        }
        self._door = signal.set_wakeup_fd(self._in.fileno(), warn_on_full_buffer=False)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        signal.set_wakeup_fd(self._door)
        for number, before in self._before.items():
            signal.signal(number, before)
        self._in.close()
        self._out.close()

    def wait(self, seconds: float) -> set[int]:
        """Wait so long, or until something arrives; give the signals. Empty where nothing did."""
        if not select.select([self._out], [], [], seconds)[0]:
            return set()
        return set(self._out.recv(4096)) - {0}

    def wake(self) -> None:
        """End the waiting, from any thread."""
        try:
            self._in.send(b"\0")
        except BlockingIOError:
            # So much is unread that nobody can be waiting.
            return


def _ignore_signal(_number: int, _frame: FrameType | None) -> None:
    """Do nothing: the number stands in the socket."""
