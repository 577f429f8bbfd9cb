"""Hold some of the mirror's orders against the shop's: by id and stamp, or by all they say.

No deletion is believed before that order was asked for by name: a list may leave rows out.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import NamedTuple

from wcflow.database.orders import stamps_of_orders
from wcflow.database.sql import chunks, instant, stamp
from wcflow.poll.context import PollContext
from wcflow.poll.order_page import completed, keep
from wcflow.poll.orders import known_drafts
from wcflow.poll.ownership import drop_orders
from wcflow.poll.paginate import SECOND, KeysetPager, cut, lower, upper
from wcflow.poll.products import BEGINNING
from wcflow.records import Order
from wcflow.store.listing import Filters

_HUNDRED = 100


@dataclass(frozen=True, slots=True)
class OrderRange:
    """A part of the orders: by status, and by when they were made.

    ``status`` is how the shop is asked; ``hidden`` are the statuses that ``any`` leaves out.
    """

    status: str
    hidden: frozenset[str]
    span: Span

    def ours(self, visit: PollContext) -> dict[int, int]:
        """Give the mirror's orders of this part: id to stamp."""
        others = self.status == "any"
        statuses = self.hidden if others else frozenset(self.status.split(","))
        with visit.db.reading() as tx:
            return stamps_of_orders(tx, visit.store, statuses, *self.span, others=others)

    def filters(self, visit: PollContext) -> Filters:
        """Give the words in which the shop is asked for this part."""
        return Filters(status=self.status, **within(visit, self.span))


def within(visit: PollContext, span: Span) -> Filters:
    """Give the bounds by which the shop is asked for what was made in a range."""
    zone = visit.settings.zone
    after = lower(instant(span.start), zone)
    return Filters(after=after, before=upper(instant(span.end) - SECOND, zone))


def cut_at(visit: PollContext, second: int) -> int:
    """Give the first second from this one on at which the shop can be asked to cut."""
    return stamp(cut(instant(second), visit.settings.zone))


def apart(visit: PollContext) -> str:
    """Give the words for what ``any`` leaves out, or may leave out."""
    return ",".join(["trash", *known_drafts(visit)])


def compare(visit: PollContext, ward: OrderRange) -> None:
    """Compare by id and stamp, and read what differs."""
    told = told_stamps(visit, ward)
    ours = ward.ours(visit)
    read_again(visit, ward.status, differing(visit, ours, told))
    look_for(visit, set(ours) - set(told) - visit.notes.aside("order"))


def differing(visit: PollContext, ours: Mapping[int, int], told: Mapping[int, int]) -> set[int]:
    """Give the orders of which the shop tells another stamp than ours, but for those put aside."""
    return {key for key, at in told.items() if ours.get(key) != at} - visit.notes.aside("order")


def told_stamps(visit: PollContext, ward: OrderRange) -> dict[int, int]:
    """List a part at the shop: id to stamp."""
    trail = KeysetPager(
        ask=partial(visit.order_ids, **ward.filters(visit)),
        by="modified",
        stamp=lambda row: row[1],
        number=lambda row: row[0],
        zone=visit.settings.zone,
    )
    told: dict[int, int] = {}
    for step in trail.steps(BEGINNING):
        told.update((key, stamp(at)) for key, at in step.rows)
        visit.alive()
    return told


def read_again(visit: PollContext, status: str, ids: Iterable[int]) -> set[int]:
    """Read these orders as they are now; give those that came back."""
    found: set[int] = set()
    for some in chunks(sorted(ids), _HUNDRED):
        rows = visit.orders(status=status, include=some).rows
        keep_orders(visit, rows)
        found.update(order.id for order in rows)
    return found


def look_for(visit: PollContext, ids: Collection[int]) -> None:
    """Ask by name for orders that a list should have held; forget those that are no more."""
    for some in chunks(sorted(ids), _HUNDRED):
        answers = {order_id: visit.order(order_id) for order_id in some}
        found = [order for order in answers.values() if isinstance(order, Order)]
        keep_orders(
            visit, found, [order_id for order_id, order in answers.items() if order is None]
        )


def keep_orders(visit: PollContext, orders: Iterable[Order], gone: Collection[int] = ()) -> None:
    """Keep what the shop told, and forget what it no longer has."""
    page = completed(visit, orders, again=False)
    with visit.db.transaction() as tx:
        keep(tx, visit, page)
        visit.tally.deleted += drop_orders(tx, visit.settings, gone)
    visit.alive()


# Find the few orders in which two long lists differ, at the price of a few counts. Pure. The times in which orders were made are cut into ranges that hold as many of ours each. Where the shop counts another number, the range is halved, again by what we hold, until a listing costs no more than further counts would: one among a million is found by 16 counts and ten more. What a count cannot see is one order too few and one too many in the same range. So the first edges lie elsewhere each night, and a round (``reread``) compares ids, whatever the counts say.

PARTS = 16
"""How many ranges are counted where nothing is amiss."""

FEW = 100
"""What one listing brings. Where more than one in so many differ, halving finds them no sooner."""

_GOLDEN = 0.6180339887498949


class Span(NamedTuple):
    """A time from one second to another: ``start`` belongs to it, ``end`` does not."""

    start: int
    end: int


class Counted(NamedTuple):
    """How many orders the shop counts in a range."""

    span: Span
    there: int


def same_second(second: int) -> int:
    """Cut where it is asked for."""
    return second


class Shelf:
    """When our orders were made, in ascending seconds.

    ``cut`` gives the first second from another on at which the shop can be asked to cut.
    """

    def __init__(self, stamps: Sequence[int], cut: Callable[[int], int] = same_second) -> None:
        self._stamps, self._cut = stamps, cut

    def count(self, span: Span) -> int:
        """Count ours in a range."""
        first, end = self._ranks(span)
        return end - first

    def parts(self, whole: Span, turn: int) -> list[Span]:
        """Cut ``whole`` into ranges of as many of ours each, at other places with each ``turn``."""
        first, end = self._ranks(whole)
        count = min(PARTS, -(-(end - first) // FEW))
        shift = turn * _GOLDEN % 1
        ranks = [first + int((end - first) * (part + shift) / count) for part in range(count)]
        edges = {self._cut(self._stamps[rank]) for rank in ranks}
        inside = sorted(edge for edge in edges if whole.start < edge < whole.end)
        return [Span(*ends) for ends in pairwise([whole.start, *inside, whole.end])]

    def middle(self, span: Span) -> int | None:
        """Give the second that leaves half of ours on either side; None where none parts them."""
        first, end = self._ranks(span)
        if end - first <= 1:
            return None
        half = self._stamps[(first + end) // 2]
        for edge in (self._cut(half), self._cut(half + 1)):
            if span.start < edge < span.end and first < bisect_left(self._stamps, edge) < end:
                return edge
        return None

    def _ranks(self, span: Span) -> tuple[int, int]:
        return bisect_left(self._stamps, span.start), bisect_left(self._stamps, span.end)


def differing_halves(
    shelf: Shelf, count: Callable[[Span], int], counted: Iterable[Counted]
) -> Iterator[Span]:
    """Give small ranges that hold what differs. ``count`` asks the shop; one half tells the other."""
    for span, there in counted:
        ours = shelf.count(span)
        if ours == there:
            continue
        middle = shelf.middle(span)
        if middle is None or ours <= FEW * abs(ours - there):
            yield span
            continue
        left, right = Span(span.start, middle), Span(middle, span.end)
        on_the_left = count(left)
        halves = [Counted(left, on_the_left), Counted(right, there - on_the_left)]
        yield from differing_halves(shelf, count, halves)
