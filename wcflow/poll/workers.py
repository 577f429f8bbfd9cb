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

_MAX_PER_TRANSACTION = 32
"""So many answers at most are kept in one transaction: they are asked for again if it fails."""
_MAX_AHEAD = 16
"""So many answers of a slice are asked for or wait: who dies asks for no more than these again."""
_WAIT_FOR_NEXT = 1.0
"""How many seconds an answer waits for the next one, so as to be kept together with it.

Unless somebody could ask on and waits for that: then only what is there already is kept with it.
"""
_MAX_WAIT = 4.0
"""How many seconds an answer waits at most: of a slow shop a death costs few, and who watches sees on."""
_NO_ROOM = "the room for a slice's answers is full"


@dataclass(frozen=True, slots=True)
class FetchedPart(Generic[T]):
    """What one question about a slice brought, and where the next one goes on."""

    data: T
    position: int
    last: bool


class Answer(NamedTuple, Generic[T]):
    """An answer, its slice as it is then, and the room that it takes until it is kept."""

    data: T
    after: ImportRange
    room: Semaphore


class _SliceQueue(Generic[T]):
    """The slices that are left to ask for, and what has come of them."""

    def __init__(
        self, ask: Callable[[ImportRange], FetchedPart[T]], pieces: Iterable[ImportRange]
    ) -> None:
        self._ask, self._left = ask, deque(pieces)
        self._lock = Lock()
        self._rooms: list[Semaphore] = []
        self._ended = False
        self.answers: SimpleQueue[Answer[T] | BaseException | str | None] = SimpleQueue()

    def work(self) -> None:
        """Ask until nothing is left or somebody failed, then say so: the work of a thread."""
        try:
            while (piece := self._next()) is not None:
                self._fetch_slice(piece)
        except BaseException as error:  # noqa: BLE001 - it is raised by who waits for answers
            self.end()
            self.answers.put(error)
        finally:
            self.answers.put(None)

    def _next(self) -> ImportRange | None:
        with self._lock:
            return self._left.popleft() if self._left and not self._ended else None

    def _fetch_slice(self, piece: ImportRange) -> None:
        room = Semaphore(_MAX_AHEAD)
        self._rooms.append(room)
        while not piece.done:
            if not room.acquire(blocking=False):
                self.answers.put(_NO_ROOM)
                room.acquire()
            if self._ended:
                return
            found = self._ask(piece)
            piece = _advance(piece, found)
            self.answers.put(Answer(found.data, piece, room))

    def end(self) -> None:
        """Have nothing more asked for, also by those who wait for room."""
        self._ended = True
        for room in self._rooms:
            room.release()


@contextmanager
def fetch_slices(
    ask: Callable[[ImportRange], FetchedPart[T]],
    pieces: Iterable[ImportRange],
    threads: int,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[Iterator[list[Answer[T]]]]:
    """Ask for slices in so many threads; give answers as they come, several where they come soon.

    After a StoreError what is on its way still comes, then it is raised.
    """
    queue = _SliceQueue(ask, pieces)
    pool = ThreadPoolExecutor(threads, "census")
    try:
        for _ in range(threads):
            pool.submit(queue.work)
        yield _collect_answers(queue, threads, clock)
    finally:
        # Who is interrupted does not wait for answers that nobody will keep.
        queue.end()
        pool.shutdown(wait=False, cancel_futures=True)


def _collect_answers(
    queue: _SliceQueue[T], threads: int, clock: Callable[[], float]
) -> Iterator[list[Answer[T]]]:
    answers: list[Answer[T]] = []
    failed: StoreError | None = None
    until, full = 0.0, False
    while threads:
        try:
            got = queue.answers.get(timeout=(0.0 if full else _WAIT_FOR_NEXT) if answers else None)
        except Empty:
            pass  # nothing more comes soon
        else:
            if isinstance(got, Answer):
                until = until if answers else clock() + _MAX_WAIT
                answers.append(got)
            elif isinstance(got, StoreError):
                failed = failed or got
            elif isinstance(got, BaseException):
                raise got
            threads -= got is None
            full |= got == _NO_ROOM
            if threads and len(answers) < _MAX_PER_TRANSACTION and clock() < until:
                continue
        if answers:
            yield answers
            for answer in answers:
                answer.room.release()
            answers, full = [], False
    if failed is not None:
        raise failed


def _advance(piece: ImportRange, found: FetchedPart[T]) -> ImportRange:
    return ImportRange(
        store=piece.store,
        part=piece.part,
        number=piece.number,
        position=found.position,
        end=piece.end,
        done=found.last,
    )


# Work slices off: several threads ask the shop, one keeps what they bring. What is asked is told. Answers are kept in one transaction together with how far their slices have come.

_GC_EVERY = 16


@dataclass(frozen=True, slots=True)
class SliceWork(Generic[T]):
    """How to ask for the next part of a slice, and how to keep some: that tells how much it was."""

    part: str
    ask: Callable[[ImportRange], FetchedPart[T]]
    save: Callable[[Connection, Sequence[T]], int]


class ProgressMeter:
    """How much of a part is done, of how much: told to whoever watches."""

    def __init__(self, context: PollContext, part: str, done: int, total: int) -> None:
        self._context, self._part, self._done, self._total = context, part, done, total

    def add(self, count: int) -> None:
        """Tell that so much more is done."""
        self._done += count
        self._total = max(self._total, self._done)
        self._context.progress(self._part, self._done, self._total)


def run_work(
    context: PollContext, pieces: Iterable[ImportRange], work: SliceWork[T], meter: ProgressMeter
) -> None:
    """Work all slices off; after a StoreError keep what is on its way, then raise it."""
    with (
        _rare_garbage_collection() as sweep,
        context.client.limit_concurrency(context.settings.parallel),
        fetch_slices(work.ask, pieces, thread_count(context)) as batches,
    ):
        for answers in batches:
            with context.db.transaction() as tx:
                done = work.save(tx, [answer.data for answer in answers])
                # Of a slice that came several times, how far it is by now.
                save_slices(tx, {answer.after.number: answer.after for answer in answers}.values())
            meter.add(done)
            sweep()


def thread_count(context: PollContext) -> int:
    """Give how many ask: while half of them make records, the shop is kept busy by the others.

    With one request at a time, one thread: what is asked then has one order only.
    """
    parallel = context.settings.parallel
    return 2 * parallel if parallel > 1 else 1


@contextmanager
def _rare_garbage_collection() -> Iterator[Callable[[], object]]:
    """Have Python look for cycles among what is new, some times, and not in all it knows.

    By itself it would look through everything after each few pages: a tenth of the time.
    """
    was_on, turns = gc.isenabled(), count(1)
    gc.disable()
    try:
        yield lambda: next(turns) % _GC_EVERY or gc.collect(1)
    finally:
        if was_on:
            gc.enable()
