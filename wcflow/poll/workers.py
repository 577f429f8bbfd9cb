"""Threads that ask the shop, slice after slice, and what they bring. What to do with it is not known here.

Each goes on along its slice by itself, so that the shop is asked on while answers are kept; but not
far ahead: what is not kept yet is asked for again by who goes on after a death.
"""

from __future__ import annotations

import gc
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from queue import Empty, SimpleQueue
from threading import Lock, Semaphore
from typing import Generic, NamedTuple, TypeVar

from sqlalchemy import Connection

from wcflow.database.stores import save_slices
from wcflow.database.tables import ImportRange
from wcflow.errors import StoreError
from wcflow.poll.context import PollContext

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
    after: ImportRange
    room: Semaphore


class _Trail(Generic[T]):
    """The slices that are left to ask for, and what has come of them."""

    def __init__(
        self, ask: Callable[[ImportRange], Found[T]], pieces: Iterable[ImportRange]
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

    def _next(self) -> ImportRange | None:
        with self._lock:
            return self._left.popleft() if self._left and not self._ended else None

    def _follow_one(self, piece: ImportRange) -> None:
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
    ask: Callable[[ImportRange], Found[T]],
    pieces: Iterable[ImportRange],
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


def _advanced(piece: ImportRange, found: Found[T]) -> ImportRange:
    return ImportRange(
        store=piece.store,
        part=piece.part,
        number=piece.number,
        position=found.position,
        end=piece.end,
        done=found.last,
    )


# Work slices off: several threads ask the shop, one keeps what they bring. What is asked is told. Answers are kept in one transaction together with how far their slices have come.

_SELDOM = 16


@dataclass(frozen=True, slots=True)
class Work(Generic[T]):
    """How to ask for the next part of a slice, and how to keep some: that tells how much it was."""

    part: str
    ask: Callable[[ImportRange], Found[T]]
    keep: Callable[[Connection, Sequence[T]], int]


class Meter:
    """How much of a part is done, of how much: told to whoever watches."""

    def __init__(self, visit: PollContext, part: str, done: int, total: int) -> None:
        self._visit, self._part, self._done, self._total = visit, part, done, total

    def add(self, count: int) -> None:
        """Tell that so much more is done."""
        self._done += count
        self._total = max(self._total, self._done)
        self._visit.progress(self._part, self._done, self._total)


def work_off(
    visit: PollContext, pieces: Iterable[ImportRange], work: Work[T], meter: Meter
) -> None:
    """Work all slices off; after a StoreError keep what is on its way, then raise it."""
    with (
        _swept_seldom() as sweep,
        visit.shop.at_most(visit.settings.parallel),
        asked(work.ask, pieces, threads(visit)) as answers,
    ):
        for come in answers:
            with visit.db.transaction() as tx:
                done = work.keep(tx, [answer.what for answer in come])
                # Of a slice that came several times, how far it is by now.
                save_slices(tx, {answer.after.number: answer.after for answer in come}.values())
            meter.add(done)
            sweep()


def threads(visit: PollContext) -> int:
    """Give how many ask: while half of them make records, the shop is kept busy by the others.

    With one request at a time, one thread: what is asked then has one order only.
    """
    parallel = visit.settings.parallel
    return 2 * parallel if parallel > 1 else 1


@contextmanager
def _swept_seldom() -> Iterator[Callable[[], object]]:
    """Have Python look for cycles among what is new, some times, and not in all it knows.

    By itself it would look through everything after each few pages: a tenth of the time.
    """
    was_on, turns = gc.isenabled(), count(1)
    gc.disable()
    try:
        yield lambda: next(turns) % _SELDOM or gc.collect(1)
    finally:
        if was_on:
            gc.enable()
