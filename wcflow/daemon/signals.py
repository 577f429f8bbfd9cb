"""Signals as values: one that arrives is read by the loop, not run in between whatever goes on."""

from __future__ import annotations

import select
import signal
import socket
from types import FrameType, TracebackType
from typing import Self

ENDING = frozenset({signal.SIGTERM, signal.SIGINT})
_TAKEN = (*sorted(ENDING), signal.SIGHUP)


class Signals:
    """SIGTERM, SIGINT and SIGHUP for as long as the context lasts. For the main thread alone."""

    def __enter__(self) -> Self:
        self._out, self._in = socket.socketpair()
        self._out.setblocking(False)
        self._in.setblocking(False)
        self._before = {number: signal.signal(number, _leave_it_to_the_loop) for number in _TAKEN}
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


def _leave_it_to_the_loop(_number: int, _frame: FrameType | None) -> None:
    """Do nothing: the number stands in the socket."""
