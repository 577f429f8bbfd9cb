"""How far back to ask, given clocks that jump. Pure.

WooCommerce reads the naive GMT it is sent as if it were local time (FACTS: Time): what the shop's
clocks skip in spring cannot be said. And what its clocks repeat in autumn is stamped an hour off.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any, Generic, Literal, TypeVar

from wcflow.errors import StoreError
from wcflow.store.listing import Listing

SECOND = timedelta(seconds=1)

# WooCommerce stamps an order before it has saved its items: one that is younger is read again.
SETTLING_TIME = timedelta(seconds=120)
_REPEATED_HOUR = timedelta(minutes=61)
_NEAR = timedelta(hours=2)


def cursor_margin(server_now: datetime, zone: tzinfo) -> timedelta:
    """Give how far behind the shop's clock the cursor stays: more around a change of its clocks."""
    return (
        SETTLING_TIME + _REPEATED_HOUR if _clock_changes_near(server_now, zone) else SETTLING_TIME
    )


def _clock_changes_near(instant: datetime, zone: tzinfo) -> bool:
    before, after = instant - _NEAR, instant + _NEAR
    return before.astimezone(zone).utcoffset() != after.astimezone(zone).utcoffset()


def lower_bound(second: datetime, zone: tzinfo) -> datetime:
    """Give the latest bound that can be said and lies before ``second``."""
    bound = second - SECOND
    if _is_expressible(bound, zone):
        return bound
    minute = bound.replace(second=0)
    while not _is_expressible(minute, zone):
        minute -= timedelta(minutes=1)
    return minute + timedelta(seconds=59)


def upper_bound(second: datetime, zone: tzinfo) -> datetime:
    """Give the earliest bound that can be said and lies after ``second``."""
    bound = second + SECOND
    if _is_expressible(bound, zone):
        return bound
    minute = bound.replace(second=0)
    while not _is_expressible(minute, zone):
        minute += timedelta(minutes=1)
    return minute


def next_boundary(second: datetime, zone: tzinfo) -> datetime:
    """Give the first second from ``second`` on that can end one range of time and begin the next."""
    while not (_is_expressible(second - SECOND, zone) and _is_expressible(second, zone)):
        second = upper_bound(second, zone)
    return second


def _is_expressible(bound: datetime, zone: tzinfo) -> bool:
    wall = bound.astimezone(UTC).replace(tzinfo=None)
    back = wall.replace(tzinfo=zone).astimezone(UTC).astimezone(zone)
    return back.replace(tzinfo=None) == wall


# Walk a set that moves, by key: always its first page, from the last stamp on. Nothing is kept here. A page is asked for from the second in which the last one ended, so what shares that second comes twice rather than never. A second that fills a whole page is drained by id.

T = TypeVar("T")

EXCLUDED = 600
"""How many ids a request may name: its address stays below the 8 kB that web servers read."""
_WINDOW = 100


@dataclass(frozen=True, slots=True)
class PagerStep(Generic[T]):
    """What one step found, and the stamp from which the next one goes on."""

    rows: tuple[T, ...]
    position: datetime
    last: bool
    server_now: datetime
    total: int | None


@dataclass(frozen=True, slots=True)
class KeysetPager(Generic[T]):
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

    def steps(self, position: datetime) -> Iterator[PagerStep[T]]:
        """Walk on from ``position`` to the end."""
        while True:
            step = self.step(position)
            yield step
            if step.last:
                return
            position = step.position

    def step(self, position: datetime) -> PagerStep[T]:
        """Take one step: what is stamped at ``position`` or later, as far as a page holds."""
        after, before = lower_bound(position, self.zone), upper_bound(position, self.zone)
        end = None if self.end is None else upper_bound(self.end, self.zone)
        listing = self._fetch(after, end, orderby=self.by)
        if not listing.full:
            reached = max(self._stamps(listing), default=position)
            return _build_step(listing.rows, max(position, reached), listing, last=True)
        reached = self._last_stamp(listing)
        if reached >= before:
            return _build_step(listing.rows, reached, listing, last=False)
        return _build_step(self._drain(after, before), before, listing, last=False)

    def _stamps(self, listing: Listing[T]) -> list[datetime]:
        # What is not understood is passed like all else, as long as its stamp is.
        others = (r.modified if self.by == "modified" else r.created for r in listing.unreadable)
        return [*map(self.stamp, listing.rows), *(stamp for stamp in others if stamp)]

    def _last_stamp(self, listing: Listing[T]) -> datetime:
        if stamps := self._stamps(listing):
            return max(stamps)
        raise StoreError(
            f"the store answers with a whole page of which nothing can be understood: {listing.unreadable[0].why}",
            "look for a plugin that changes the REST API",
        )

    def _drain(self, after: datetime, before: datetime) -> tuple[T, ...]:
        found: dict[int, T] = {}
        seen: set[int] = set()
        while len(seen) < EXCLUDED:
            listing = self._fetch(after, before, orderby="id", exclude=sorted(seen))
            new = self._collect(found, listing) - seen
            if not listing.full or not new:
                # Nothing new on a full page: rows that do not even tell their ids.
                return tuple(found.values())
            seen |= new
        for ids in self._windows(after, before, max(seen)):
            self._collect(found, self._fetch(after, before, orderby="id", include=ids))
        return tuple(found.values())

    def _windows(self, after: datetime, before: datetime, seen: int) -> Iterator[range]:
        # By ascending id, all up to ``seen`` are known; more than that cannot be excluded by name.
        highest = self._fetch(after, before, orderby="id", order="desc", page_size=1)
        last = max([*map(self.number, highest.rows), *(row.id for row in highest.unreadable), seen])
        return (range(at, at + _WINDOW) for at in range(seen + 1, last + 1, _WINDOW))

    def _collect(self, found: dict[int, T], listing: Listing[T]) -> set[int]:
        rows = {self.number(row): row for row in listing.rows}
        found.update(rows)
        return {*rows, *(row.id for row in listing.unreadable)} - {0}

    def _fetch(
        self, after: datetime, before: datetime | None, *, order: str = "asc", **filters: Any
    ) -> Listing[T]:
        prefix = "modified_" if self.by == "modified" else ""
        bounds = {f"{prefix}after": after, f"{prefix}before": before}
        return self.ask(**bounds, order=order, **filters)


def _build_step(
    rows: tuple[T, ...], position: datetime, listing: Listing[T], *, last: bool
) -> PagerStep[T]:
    return PagerStep(rows, position, last, listing.server_now, listing.total)
