"""Read a list page by page while it changes, with the time limits that WooCommerce understands.

WooCommerce reads the GMT it is sent as local time (FACTS: Time). So an hour that the store's clocks
skip in spring cannot be requested, and stamps in the repeated hour in autumn are an hour off.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any, Generic, Literal, TypeVar

from wcflow.errors import StoreError
from wcflow.store.listing import Listing

SECOND = timedelta(seconds=1)

# WooCommerce stamps an order before it has saved its items, so younger orders are read again.
SETTLING_TIME = timedelta(seconds=120)
_REPEATED_HOUR = timedelta(minutes=61)
_NEAR = timedelta(hours=2)


def cursor_margin(server_now: datetime, zone: tzinfo) -> timedelta:
    """Return how far the cursor stays behind the store's clock: further when its clocks change."""
    return SETTLING_TIME + _REPEATED_HOUR if _changes_near(server_now, zone) else SETTLING_TIME


def _changes_near(instant: datetime, zone: tzinfo) -> bool:
    before, after = instant - _NEAR, instant + _NEAR
    return before.astimezone(zone).utcoffset() != after.astimezone(zone).utcoffset()


def lower_bound(second: datetime, zone: tzinfo) -> datetime:
    """Return the latest time before ``second`` that can be requested."""
    bound = second - SECOND
    if _is_expressible(bound, zone):
        return bound
    minute = bound.replace(second=0)
    while not _is_expressible(minute, zone):
        minute -= timedelta(minutes=1)
    return minute + timedelta(seconds=59)


def upper_bound(second: datetime, zone: tzinfo) -> datetime:
    """Return the earliest time after ``second`` that can be requested."""
    bound = second + SECOND
    if _is_expressible(bound, zone):
        return bound
    minute = bound.replace(second=0)
    while not _is_expressible(minute, zone):
        minute += timedelta(minutes=1)
    return minute


def next_boundary(second: datetime, zone: tzinfo) -> datetime:
    """Return the first second from ``second`` on that can separate two ranges."""
    while not (_is_expressible(second - SECOND, zone) and _is_expressible(second, zone)):
        second = upper_bound(second, zone)
    return second


def _is_expressible(bound: datetime, zone: tzinfo) -> bool:
    wall = bound.astimezone(UTC).replace(tzinfo=None)
    back = wall.replace(tzinfo=zone).astimezone(UTC).astimezone(zone)
    return back.replace(tzinfo=None) == wall


# Keyset pagination: always the first page, from the last stamp on. A page begins with the second in
# which the last one ended, so rows of that second come twice rather than never. A second that fills
# a whole page is read by id, and a very crowded one a page at a time, so that the reading can stop
# in between and go on later.

T = TypeVar("T")

EXCLUDED = 600
"""Ids that a request can exclude: its URL stays below the 8 kB that web servers accept."""
_STEP_BACK = 100
MIN_PROGRESS = 2
"""A page with fewer rows that have an id does not lead on."""


@dataclass(frozen=True, slots=True)
class Crowd:
    """How far the rows of one very crowded second have been read, in the order of their ids."""

    offset: int = 0
    last_id: int = 0


@dataclass(frozen=True, slots=True)
class PagerStep(Generic[T]):
    """One page, and the stamp from which the next one goes on.

    With a ``crowd`` the next one goes on inside that second.
    """

    rows: tuple[T, ...]
    position: datetime
    last: bool
    server_now: datetime
    total: int | None
    crowd: Crowd | None = None


@dataclass(frozen=True, slots=True)
class KeysetPager(Generic[T]):
    """A list to read: how to request it, and how to get the stamp and the id of a row.

    ``ask`` takes ``(modified_)after``, ``(modified_)before``, ``orderby``, ``order``, ``include``
    and ``exclude``. ``end`` is the last second to read.
    """

    ask: Callable[..., Listing[T]]
    by: Literal["date", "modified"]
    stamp: Callable[[T], datetime]
    number: Callable[[T], int]
    zone: tzinfo
    end: datetime | None = None

    def steps(self, position: datetime) -> Iterator[PagerStep[T]]:
        """Read from ``position`` to the end."""
        crowd = None
        while True:
            step = self.step(position, crowd)
            yield step
            if step.last:
                return
            position, crowd = step.position, step.crowd

    def after(self, second: datetime) -> datetime:
        """Return the first second that a request can tell from this one."""
        return upper_bound(second, self.zone)

    def step(self, position: datetime, crowd: Crowd | None = None) -> PagerStep[T]:
        """Read one page of what is stamped at ``position`` or later."""
        after, before = lower_bound(position, self.zone), upper_bound(position, self.zone)
        if crowd is not None:
            return self._read_crowd(position, crowd)
        end = None if self.end is None else upper_bound(self.end, self.zone)
        listing = self._request(after, end, orderby=self.by)
        if not listing.full:
            reached = max(self._stamps(listing), default=position)
            return _step(listing.rows, max(position, reached), listing, last=True)
        reached = self._newest_stamp(listing)
        if reached >= before:
            return _step(listing.rows, reached, listing, last=False)
        return self._read_second(position, listing)

    def _stamps(self, listing: Listing[T]) -> list[datetime]:
        # An unreadable row is passed like any other, as long as its stamp can be read.
        others = (r.modified if self.by == "modified" else r.created for r in listing.unreadable)
        return [*map(self.stamp, listing.rows), *(stamp for stamp in others if stamp)]

    def _newest_stamp(self, listing: Listing[T]) -> datetime:
        if stamps := self._stamps(listing):
            return max(stamps)
        raise StoreError(
            f"no row of a whole page can be read: {listing.unreadable[0].why}",
            "Look for a plugin that changes the REST API.",
        )

    def _read_second(self, position: datetime, first: Listing[T]) -> PagerStep[T]:
        """Read a second by excluding what was read, or its beginning if there is too much."""
        after, before = lower_bound(position, self.zone), upper_bound(position, self.zone)
        found: dict[int, T] = {}
        seen: set[int] = set()
        while len(seen) < EXCLUDED:
            listing = self._request(after, before, orderby="id", exclude=sorted(seen))
            new = self._collect(found, listing) - seen
            if not listing.full or not new:
                # Nothing new on a full page: rows without even an id.
                return _step(tuple(found.values()), before, first, last=False)
            seen |= new
        crowd = Crowd(len(seen), max(seen))
        return _step(tuple(found.values()), position, first, last=False, crowd=crowd)

    def _read_crowd(self, position: datetime, crowd: Crowd) -> PagerStep[T]:
        """Read the next page of a crowded second.

        A row that changes meanwhile leaves the second, and the rows behind it move forward. So each
        page begins with the last known row; if it does not, the reading goes back.
        """
        after, before = lower_bound(position, self.zone), upper_bound(position, self.zone)
        offset = max(0, crowd.offset - 1)
        listing = self._request(after, before, orderby="id", offset=offset)
        ids = self._collect({}, listing)
        if offset and (not ids or min(ids) > crowd.last_id):
            back = Crowd(max(0, offset - _STEP_BACK) + 1, crowd.last_id)
            return _step(listing.rows, position, listing, last=False, crowd=back)
        if not listing.full or len(ids) < MIN_PROGRESS:
            return _step(listing.rows, before, listing, last=False)
        ahead = Crowd(offset + len(ids), max(crowd.last_id, *ids))
        return _step(listing.rows, position, listing, last=False, crowd=ahead)

    def _collect(self, found: dict[int, T], listing: Listing[T]) -> set[int]:
        rows = {self.number(row): row for row in listing.rows}
        found.update(rows)
        return {*rows, *(row.id for row in listing.unreadable)} - {0}

    def _request(
        self, after: datetime, before: datetime | None, *, order: str = "asc", **filters: Any
    ) -> Listing[T]:
        prefix = "modified_" if self.by == "modified" else ""
        bounds = {f"{prefix}after": after, f"{prefix}before": before}
        return self.ask(**bounds, order=order, **filters)


def _step(
    rows: tuple[T, ...],
    position: datetime,
    listing: Listing[T],
    *,
    last: bool,
    crowd: Crowd | None = None,
) -> PagerStep[T]:
    return PagerStep(rows, position, last, listing.server_now, listing.total, crowd)
