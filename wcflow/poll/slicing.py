"""Work slices off: several threads ask the shop, one keeps what they bring. What is asked is told.

Answers are kept in one transaction together with how far their slices have come.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from typing import Generic, TypeVar

from sqlalchemy import Connection

from wcflow.mirror.slices import save_slices
from wcflow.mirror.tables import CensusSlice
from wcflow.poll.asking import Found, asked
from wcflow.poll.visit import Visit

T = TypeVar("T")

_SELDOM = 16


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


def threads(visit: Visit) -> int:
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
