"""Work slices off: several threads ask the shop, one keeps what they bring. What is asked is told.

Every answer is kept in one transaction together with how far its slice has come.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Generic, TypeVar

from sqlalchemy import Connection

from wcflow.errors import StoreError
from wcflow.mirror.slices import save_slices
from wcflow.mirror.tables import CensusSlice
from wcflow.poll.visit import Visit

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Found(Generic[T]):
    """What one question about a slice brought, and where the next one goes on."""

    what: T
    position: int
    last: bool


@dataclass(frozen=True, slots=True)
class Work(Generic[T]):
    """How to ask for the next part of a slice, and how to keep it: that tells how much it was."""

    part: str
    ask: Callable[[CensusSlice], Found[T]]
    keep: Callable[[Connection, T], int]


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
    threads = ThreadPoolExecutor(visit.settings.parallel, "census")
    try:
        for found, after in _answers(visit, deque(pieces), work, threads):
            with visit.db.transaction() as tx:
                count = work.keep(tx, found.what)
                save_slices(tx, [after])
            meter.add(count)
    finally:
        # Who is interrupted does not wait for answers that nobody will keep.
        threads.shutdown(wait=False, cancel_futures=True)


def _answers(
    visit: Visit, waiting: deque[CensusSlice], work: Work[T], threads: ThreadPoolExecutor
) -> Iterator[tuple[Found[T], CensusSlice]]:
    """Give answers as they come, each with its slice as it is then; the next are on their way."""
    running: dict[Future[Found[T]], CensusSlice] = {}
    failed: StoreError | None = None

    def start(piece: CensusSlice) -> None:
        running[threads.submit(work.ask, piece)] = piece

    while waiting and len(running) < visit.settings.parallel:
        start(waiting.popleft())
    while running:
        for future in wait(running, return_when=FIRST_COMPLETED).done:
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
            yield found, after
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
