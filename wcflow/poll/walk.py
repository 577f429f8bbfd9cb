"""Walk a set that moves, by key: always its first page, from the last stamp on. Nothing is kept here.

A page is asked for from the second in which the last one ended, so what shares that second comes
twice rather than never. A second that fills a whole page is drained by id.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any, Generic, Literal, TypeVar

from wcflow.errors import StoreError
from wcflow.poll.clock import lower, upper
from wcflow.store.client import Listing

T = TypeVar("T")

EXCLUDED = 600
"""How many ids a request may name: its address stays below the 8 kB that web servers read."""
_WINDOW = 100


@dataclass(frozen=True, slots=True)
class Step(Generic[T]):
    """What one step found, and the stamp from which the next one goes on."""

    rows: tuple[T, ...]
    position: datetime
    last: bool
    server_now: datetime
    total: int | None


@dataclass(frozen=True, slots=True)
class Trail(Generic[T]):
    """A set to walk: how to ask for it, by which stamp, and how its rows tell stamp and id.

    ``ask`` takes ``(modified_)after``, ``(modified_)before``, ``orderby``, ``order``, ``include``
    and ``exclude``. ``end`` is the last second that belongs to the walk.
    """

    ask: Callable[..., Listing[T]]
    by: Literal["date", "modified"]
    stamp: Callable[[T], datetime]
    number: Callable[[T], int]
    zone: tzinfo
    end: datetime | None = None

    def steps(self, position: datetime) -> Iterator[Step[T]]:
        """Walk on from ``position`` to the end."""
        while True:
            step = self.step(position)
            yield step
            if step.last:
                return
            position = step.position

    def step(self, position: datetime) -> Step[T]:
        """Take one step: what is stamped at ``position`` or later, as far as a page holds."""
        after, before = lower(position, self.zone), upper(position, self.zone)
        end = None if self.end is None else upper(self.end, self.zone)
        listing = self._asked(after, end, orderby=self.by)
        if not listing.full:
            reached = max(self._stamps(listing), default=position)
            return _step(listing.rows, max(position, reached), listing, last=True)
        reached = self._reached(listing)
        if reached >= before:
            return _step(listing.rows, reached, listing, last=False)
        return _step(self._drained(after, before), before, listing, last=False)

    def _stamps(self, listing: Listing[T]) -> list[datetime]:
        # What is not understood is passed like all else, as long as its stamp is.
        others = (r.modified if self.by == "modified" else r.created for r in listing.unreadable)
        return [*map(self.stamp, listing.rows), *(stamp for stamp in others if stamp)]

    def _reached(self, listing: Listing[T]) -> datetime:
        if stamps := self._stamps(listing):
            return max(stamps)
        raise StoreError(
            f"the store answers with a whole page of which nothing can be understood: {listing.unreadable[0].why}",
            "look for a plugin that changes the REST API",
        )

    def _drained(self, after: datetime, before: datetime) -> tuple[T, ...]:
        found: dict[int, T] = {}
        seen: set[int] = set()
        while len(seen) < EXCLUDED:
            listing = self._asked(after, before, orderby="id", exclude=sorted(seen))
            new = self._into(found, listing) - seen
            if not listing.full or not new:
                # Nothing new on a full page: rows that do not even tell their ids.
                return tuple(found.values())
            seen |= new
        for ids in self._windows(after, before, max(seen)):
            self._into(found, self._asked(after, before, orderby="id", include=ids))
        return tuple(found.values())

    def _windows(self, after: datetime, before: datetime, seen: int) -> Iterator[range]:
        # By ascending id, all up to ``seen`` are known; more than that cannot be excluded by name.
        highest = self._asked(after, before, orderby="id", order="desc", page_size=1)
        last = max([*map(self.number, highest.rows), *(row.id for row in highest.unreadable), seen])
        return (range(at, at + _WINDOW) for at in range(seen + 1, last + 1, _WINDOW))

    def _into(self, found: dict[int, T], listing: Listing[T]) -> set[int]:
        rows = {self.number(row): row for row in listing.rows}
        found.update(rows)
        return {*rows, *(row.id for row in listing.unreadable)} - {0}

    def _asked(
        self, after: datetime, before: datetime | None, *, order: str = "asc", **filters: Any
    ) -> Listing[T]:
        prefix = "modified_" if self.by == "modified" else ""
        bounds = {f"{prefix}after": after, f"{prefix}before": before}
        return self.ask(**bounds, order=order, **filters)


def _step(rows: tuple[T, ...], position: datetime, listing: Listing[T], *, last: bool) -> Step[T]:
    return Step(rows, position, last, listing.server_now, listing.total)
