"""Threads that ask the shop, slice after slice, and what they bring. What to do with it is not known here.

Each goes on along its slice by itself, so that the shop is asked on while answers are kept; but not
far ahead: what is not kept yet is asked for again by who goes on after a death.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from threading import Lock, Semaphore
from typing import Generic, NamedTuple, TypeVar

from wcflow.errors import StoreError
from wcflow.mirror.tables import CensusSlice

T = TypeVar("T")

_TOGETHER = 32
"""So many answers at most are kept in one transaction: they are asked for again if it fails."""
_AHEAD = 16
"""So many answers of a slice are asked for or wait: who dies asks for no more than these again."""
_SOON = 1.0
"""How many seconds an answer waits for the next one, so as to be kept together with it.

Unless somebody could ask on and waits for that: then only what is there already is kept with it.
"""
_LONG = 4.0
"""How many seconds an answer waits at most: of a slow shop a death costs few, and who watches sees on."""
_FULL = "the room for a slice's answers is full"


@dataclass(frozen=True, slots=True)
class Found(Generic[T]):
    """What one question about a slice brought, and where the next one goes on."""

    what: T
    position: int
    last: bool


class Came(NamedTuple, Generic[T]):
    """An answer, its slice as it is then, and the room that it takes until it is kept."""

    what: T
    after: CensusSlice
    room: Semaphore


class _Trail(Generic[T]):
    """The slices that are left to ask for, and what has come of them."""

    def __init__(
        self, ask: Callable[[CensusSlice], Found[T]], pieces: Iterable[CensusSlice]
    ) -> None:
        self._ask, self._left = ask, deque(pieces)
        self._lock = Lock()
        self._rooms: list[Semaphore] = []
        self._ended = False
        self.come: SimpleQueue[Came[T] | BaseException | str | None] = SimpleQueue()

    def follow(self) -> None:
        """Ask until nothing is left or somebody failed, then say so: the work of a thread."""
        try:
            while (piece := self._next()) is not None:
                self._follow_one(piece)
        except BaseException as error:  # noqa: BLE001 - it is raised by who waits for answers
            self.end()
            self.come.put(error)
        finally:
            self.come.put(None)

    def _next(self) -> CensusSlice | None:
        with self._lock:
            return self._left.popleft() if self._left and not self._ended else None

    def _follow_one(self, piece: CensusSlice) -> None:
        room = Semaphore(_AHEAD)
        self._rooms.append(room)
        while not piece.done:
            if not room.acquire(blocking=False):
                self.come.put(_FULL)
                room.acquire()
            if self._ended:
                return
            found = self._ask(piece)
            piece = _advanced(piece, found)
            self.come.put(Came(found.what, piece, room))

    def end(self) -> None:
        """Have nothing more asked for, also by those who wait for room."""
        self._ended = True
        for room in self._rooms:
            room.release()


@contextmanager
def asked(
    ask: Callable[[CensusSlice], Found[T]],
    pieces: Iterable[CensusSlice],
    threads: int,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[Iterator[list[Came[T]]]]:
    """Ask for slices in so many threads; give answers as they come, several where they come soon.

    After a StoreError what is on its way still comes, then it is raised.
    """
    trail = _Trail(ask, pieces)
    pool = ThreadPoolExecutor(threads, "census")
    try:
        for _ in range(threads):
            pool.submit(trail.follow)
        yield _answers(trail, threads, clock)
    finally:
        # Who is interrupted does not wait for answers that nobody will keep.
        trail.end()
        pool.shutdown(wait=False, cancel_futures=True)


def _answers(trail: _Trail[T], threads: int, clock: Callable[[], float]) -> Iterator[list[Came[T]]]:
    come: list[Came[T]] = []
    failed: StoreError | None = None
    until, full = 0.0, False
    while threads:
        try:
            got = trail.come.get(timeout=(0.0 if full else _SOON) if come else None)
        except Empty:
            pass  # nothing more comes soon
        else:
            if isinstance(got, Came):
                until = until if come else clock() + _LONG
                come.append(got)
            elif isinstance(got, StoreError):
                failed = failed or got
            elif isinstance(got, BaseException):
                raise got
            threads -= got is None
            full |= got == _FULL
            if threads and len(come) < _TOGETHER and clock() < until:
                continue
        if come:
            yield come
            for answer in come:
                answer.room.release()
            come, full = [], False
    if failed is not None:
        raise failed


def _advanced(piece: CensusSlice, found: Found[T]) -> CensusSlice:
    return CensusSlice(
        store=piece.store,
        part=piece.part,
        number=piece.number,
        position=found.position,
        end=piece.end,
        done=found.last,
    )
