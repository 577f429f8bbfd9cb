"""Threads that read ranges of an initial sync, and the one that saves what they bring.

Each thread goes along its range by itself, so requests continue while answers are saved. They do
not go far ahead, because unsaved answers are read again after a crash.
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

from wcflow.database.stores import save_ranges
from wcflow.database.tables import ImportRange
from wcflow.errors import StoreError
from wcflow.poll.context import PollContext
from wcflow.poll.paginate import Crowd

T = TypeVar("T")

_MAX_BATCH = 32
"""Answers to save in one transaction at most: they are read again if it fails."""
_MAX_AHEAD = 16
"""Answers of a range that can wait to be saved: after a crash they are read again."""
_WAIT = 1.0
"""Seconds to wait for more answers to save together, unless a thread waits for room."""
_LONGEST_WAIT = 4.0
"""Seconds that an answer waits at most: with a slow store, a crash then costs little."""
_FULL = "a range has no room for more answers"


@dataclass(frozen=True, slots=True)
class FetchedPart(Generic[T]):
    """What one request about a range brought, and where the next one goes on."""

    data: T
    position: int
    last: bool
    crowd: Crowd | None = None


class Answer(NamedTuple, Generic[T]):
    """An answer, its range afterwards, and the room that it takes until it is saved."""

    data: T
    after: ImportRange
    room: Semaphore


class _SliceQueue(Generic[T]):
    """The ranges left to read, and the queue of answers."""

    def __init__(
        self, request: Callable[[ImportRange], FetchedPart[T]], ranges: Iterable[ImportRange]
    ) -> None:
        self._request, self._left = request, deque(ranges)
        self._lock = Lock()
        self._rooms: list[Semaphore] = []
        self._ended = False
        self.answers: SimpleQueue[Answer[T] | BaseException | str | None] = SimpleQueue()

    def run(self) -> None:
        """Read until nothing is left or a request fails: the work of one thread."""
        try:
            while (part := self._next()) is not None:
                self._read(part)
        except BaseException as error:  # noqa: BLE001 - it is raised where the answers are taken
            self.end()
            self.answers.put(error)
        finally:
            self.answers.put(None)

    def _next(self) -> ImportRange | None:
        with self._lock:
            return self._left.popleft() if self._left and not self._ended else None

    def _read(self, part: ImportRange) -> None:
        room = Semaphore(_MAX_AHEAD)
        self._rooms.append(room)
        while not part.done:
            if not room.acquire(blocking=False):
                self.answers.put(_FULL)
                room.acquire()
            if self._ended:
                return
            found = self._request(part)
            part = _advanced(part, found)
            self.answers.put(Answer(found.data, part, room))

    def end(self) -> None:
        """Send no more requests; threads that wait for room end too."""
        self._ended = True
        for room in self._rooms:
            room.release()


@contextmanager
def fetch_slices(
    request: Callable[[ImportRange], FetchedPart[T]],
    ranges: Iterable[ImportRange],
    threads: int,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[Iterator[list[Answer[T]]]]:
    """Read ranges in several threads; yield answers as they arrive, in batches.

    After a StoreError the answers on their way are yielded, then it is raised.
    """
    reader = _SliceQueue(request, ranges)
    pool = ThreadPoolExecutor(threads, "initial-sync")
    try:
        for _ in range(threads):
            pool.submit(reader.run)
        yield _batches(reader, threads, clock)
    finally:
        # An interrupted sync does not wait for answers that it will not save.
        reader.end()
        pool.shutdown(wait=False, cancel_futures=True)


def _batches(
    reader: _SliceQueue[T], threads: int, clock: Callable[[], float]
) -> Iterator[list[Answer[T]]]:
    batch: list[Answer[T]] = []
    failed: StoreError | None = None
    until, full = 0.0, False
    while threads:
        try:
            got = reader.answers.get(timeout=(0.0 if full else _WAIT) if batch else None)
        except Empty:
            pass  # no more answers soon
        else:
            if isinstance(got, Answer):
                until = until if batch else clock() + _LONGEST_WAIT
                batch.append(got)
            elif isinstance(got, StoreError):
                failed = failed or got
            elif isinstance(got, BaseException):
                raise got
            threads -= got is None
            full |= got == _FULL
            if threads and len(batch) < _MAX_BATCH and clock() < until:
                continue
        if batch:
            yield batch
            for answer in batch:
                answer.room.release()
            batch, full = [], False
    if failed is not None:
        raise failed


def _advanced(part: ImportRange, found: FetchedPart[T]) -> ImportRange:
    return ImportRange(
        store=part.store,
        resource=part.resource,
        number=part.number,
        position=found.position,
        end=part.end,
        done=found.last,
        crowd_position=found.crowd.offset if found.crowd else 0,
        crowd_last_id=found.crowd.last_id if found.crowd else 0,
    )


# Save what the threads bring, together with how far their ranges have come.

_COLLECT_EVERY = 16


@dataclass(frozen=True, slots=True)
class SliceWork(Generic[T]):
    """How to request the next part of a range, and how to save a batch: it returns a count."""

    part: str
    request: Callable[[ImportRange], FetchedPart[T]]
    save: Callable[[Connection, Sequence[T]], int]


class ProgressMeter:
    """Reports how much of a part is done."""

    def __init__(self, context: PollContext, part: str, done: int, total: int) -> None:
        self._ctx, self._part, self._done, self._total = context, part, done, total

    def add(self, count: int) -> None:
        """Report so much more."""
        self._done += count
        self._total = max(self._total, self._done)
        self._ctx.progress(self._part, self._done, self._total)


def run_work(
    context: PollContext, ranges: Iterable[ImportRange], work: SliceWork[T], meter: ProgressMeter
) -> None:
    """Read and save all ranges; after a StoreError save what is on its way, then raise it."""
    with (
        _rare_collection() as collect,
        context.client.limit_concurrency(context.settings.parallel),
        fetch_slices(work.request, ranges, thread_count(context)) as batches,
    ):
        for batch in batches:
            with context.db.transaction() as tx:
                done = work.save(tx, [answer.data for answer in batch])
                # The latest state of a range counts.
                save_ranges(tx, {answer.after.number: answer.after for answer in batch}.values())
            meter.add(done)
            context.checkpoint()
            collect()


def thread_count(context: PollContext) -> int:
    """Return how many threads read: twice the parallel requests, as half of them parse answers.

    With one request at a time there is one thread, so the requests have a fixed order.
    """
    parallel = context.settings.parallel
    return 2 * parallel if parallel > 1 else 1


@contextmanager
def _rare_collection() -> Iterator[Callable[[], object]]:
    """Collect garbage rarely and only among new objects: by default it takes a tenth of the time."""
    was_on, turns = gc.isenabled(), count(1)
    gc.disable()
    try:
        yield lambda: next(turns) % _COLLECT_EVERY or gc.collect(1)
    finally:
        if was_on:
            gc.enable()
