"""Work slices off: several threads ask the shop, one keeps what they bring. What is asked is told.

Answers are kept in one transaction together with how far their slices have come.
"""

from __future__ import annotations

import gc
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Generic, TypeVar

from sqlalchemy import Connection

from wcflow.errors import StoreError
from wcflow.mirror.slices import save_slices
from wcflow.mirror.tables import CensusSlice
from wcflow.poll.visit import Visit

T = TypeVar("T")

_TOGETHER = 8
"""So many answers at most are kept in one transaction: they are asked for again if it fails."""
_SOON = 0.03
"""How many seconds an answer waits for the next one, so as to be kept together with it."""


@dataclass(frozen=True, slots=True)
class Found(Generic[T]):
    """What one question about a slice brought, and where the next one goes on."""

    what: T
    position: int
    last: bool


@dataclass(frozen=True, slots=True)
class Work(Generic[T]):
    """How to ask for the next part of a slice, and how to keep some: that tells how much it was."""

    part: str
    ask: Callable[[CensusSlice], Found[T]]
    keep: Callable[[Connection, Sequence[T]], int]


class Meter:
    """How much of a part is done, of how much: told to whoever watches."""

    def __init__(self, visit: Visit, part: str, done: int, total: int) -> None:
        self._visit, self._part, self._done, self._total = visit, part, done, total

    def add(self, count: int) -> None:
        """Tell that so much more is done."""
        self._done += count
        self._total = max(self._total, self._done)
        self._visit.progress(self._part, self._done, self._total)


def work_off(visit: Visit, pieces: Iterable[CensusSlice], work: Work[T], meter: Meter) -> None:
    """Work all slices off; after a StoreError keep what is on its way, then raise it."""
    threads = ThreadPoolExecutor(_threads(visit), "census")
    try:
        with _swept_lightly() as sweep, visit.shop.at_most(visit.settings.parallel):
            for answers in _answers(visit, deque(pieces), work, threads):
                with visit.db.transaction() as tx:
                    count = work.keep(tx, [found.what for found, _ in answers])
                    save_slices(tx, [after for _, after in answers])
                meter.add(count)
                sweep()
    finally:
        # Who is interrupted does not wait for answers that nobody will keep.
        threads.shutdown(wait=False, cancel_futures=True)


def _threads(visit: Visit) -> int:
    """Give how many ask: while half of them make records, the shop is kept busy by the others.

    With one request at a time, one thread: what is asked then has one order only.
    """
    parallel = visit.settings.parallel
    return 2 * parallel if parallel > 1 else 1


@contextmanager
def _swept_lightly() -> Iterator[Callable[[], object]]:
    """Have Python look for cycles among what is new, when told to, and not in all it knows.

    By itself it would look through everything after each few pages: a tenth of the time.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield partial(gc.collect, 1)
    finally:
        if was_on:
            gc.enable()


def _answers(
    visit: Visit, waiting: deque[CensusSlice], work: Work[T], threads: ThreadPoolExecutor
) -> Iterator[list[tuple[Found[T], CensusSlice]]]:
    """Give answers as they come, each with its slice as it is then; the next are on their way.

    A quick shop's come several at once, to be kept together; a slow one's are kept one by one.
    """
    running: dict[Future[Found[T]], CensusSlice] = {}
    failed: StoreError | None = None
    come: list[tuple[Found[T], CensusSlice]] = []

    def start(piece: CensusSlice) -> None:
        running[threads.submit(work.ask, piece)] = piece

    while waiting and len(running) < _threads(visit):
        start(waiting.popleft())
    while running:
        soon = _SOON if come else None
        done = wait(running, soon, return_when=FIRST_COMPLETED).done
        for future in done:
            piece = running.pop(future)
            try:
                found = future.result()
            except StoreError as error:
                failed = failed or error
                continue
            after = _advanced(piece, found)
            if failed is None and not found.last:
                start(after)
            elif failed is None and waiting:
                start(waiting.popleft())
            come.append((found, after))
        if come and (not done or len(come) >= _TOGETHER):
            yield come
            come = []
    if come:
        yield come
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
