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
from wcflow.poll.orders import complete_page, known_drafts, save_page
from wcflow.poll.ownership import drop_orders
from wcflow.poll.paginate import SECOND, KeysetPager, lower_bound, next_boundary, upper_bound
from wcflow.poll.products import EARLIEST
from wcflow.records import Order
from wcflow.store.listing import OrderFilters

_HUNDRED = 100


@dataclass(frozen=True, slots=True)
class OrderRange:
    """A part of the orders: by status, and by when they were made.

    ``status`` is how the shop is asked; ``hidden`` are the statuses that ``any`` leaves out.
    """

    status: str
    hidden: frozenset[str]
    span: Span

    def local(self, context: PollContext) -> dict[int, int]:
        """Give the mirror's orders of this part: id to stamp."""
        others = self.status == "any"
        statuses = self.hidden if others else frozenset(self.status.split(","))
        with context.db.reading() as tx:
            return stamps_of_orders(tx, context.store, statuses, *self.span, others=others)

    def filters(self, context: PollContext) -> OrderFilters:
        """Give the words in which the shop is asked for this part."""
        return OrderFilters(status=self.status, **range_filters(context, self.span))


def range_filters(context: PollContext, span: Span) -> OrderFilters:
    """Give the bounds by which the shop is asked for what was made in a range."""
    zone = context.settings.zone
    after = lower_bound(instant(span.start), zone)
    return OrderFilters(after=after, before=upper_bound(instant(span.end) - SECOND, zone))


def next_cut(context: PollContext, second: int) -> int:
    """Give the first second from this one on at which the shop can be asked to cut."""
    return stamp(next_boundary(instant(second), context.settings.zone))


def hidden_statuses(context: PollContext) -> str:
    """Give the words for what ``any`` leaves out, or may leave out."""
    return ",".join(["trash", *known_drafts(context)])


def compare_range(context: PollContext, order_range: OrderRange) -> None:
    """Compare by id and stamp, and read what differs."""
    remote = fetch_stamps(context, order_range)
    local = order_range.local(context)
    refetch_orders(context, order_range.status, differing_ids(context, local, remote))
    confirm_missing_orders(context, set(local) - set(remote) - context.quarantine.ids("order"))


def differing_ids(
    context: PollContext, local: Mapping[int, int], remote: Mapping[int, int]
) -> set[int]:
    """Give the orders of which the shop tells another stamp than ours, but for those put aside."""
    return {key for key, at in remote.items() if local.get(key) != at} - context.quarantine.ids(
        "order"
    )


def fetch_stamps(context: PollContext, order_range: OrderRange) -> dict[int, int]:
    """List a part at the shop: id to stamp."""
    pager = KeysetPager(
        ask=partial(context.order_ids, **order_range.filters(context)),
        by="modified",
        stamp=lambda row: row[1],
        number=lambda row: row[0],
        zone=context.settings.zone,
    )
    remote: dict[int, int] = {}
    for step in pager.steps(EARLIEST):
        remote.update((key, stamp(at)) for key, at in step.rows)
        context.heartbeat()
    return remote


def refetch_orders(context: PollContext, status: str, ids: Iterable[int]) -> set[int]:
    """Read these orders as they are now; give those that came back."""
    found: set[int] = set()
    for some in chunks(sorted(ids), _HUNDRED):
        rows = context.orders(status=status, include=some).rows
        apply_fetched_orders(context, rows)
        found.update(order.id for order in rows)
    return found


def confirm_missing_orders(context: PollContext, ids: Collection[int]) -> None:
    """Ask by name for orders that a list should have held; forget those that are no more."""
    for some in chunks(sorted(ids), _HUNDRED):
        answers = {order_id: context.order(order_id) for order_id in some}
        found = [order for order in answers.values() if isinstance(order, Order)]
        apply_fetched_orders(
            context, found, [order_id for order_id, order in answers.items() if order is None]
        )


def apply_fetched_orders(
    context: PollContext, orders: Iterable[Order], deleted: Collection[int] = ()
) -> None:
    """Keep what the shop told, and forget what it no longer has."""
    page = complete_page(context, orders, again=False)
    with context.db.transaction() as tx:
        save_page(tx, context, page)
        context.tally.deleted += drop_orders(tx, context.settings, deleted)
    context.heartbeat()


# Find the few orders in which two long lists differ, at the price of a few counts. Pure. The times in which orders were made are cut into ranges that hold as many of ours each. Where the shop counts another number, the range is halved, again by what we hold, until a listing costs no more than further counts would: one among a million is found by 16 counts and ten more. What a count cannot see is one order too few and one too many in the same range. So the first edges lie elsewhere each night, and a round (``reread``) compares ids, whatever the counts say.

MAX_RANGES = 16
"""How many ranges are counted where nothing is amiss."""

LISTING_SIZE = 100
"""What one listing brings. Where more than one in so many differ, halving finds them no sooner."""

_GOLDEN_RATIO = 0.6180339887498949


class Span(NamedTuple):
    """A time from one second to another: ``start`` belongs to it, ``end`` does not."""

    start: int
    end: int


class RangeCount(NamedTuple):
    """How many orders the shop counts in a range."""

    span: Span
    remote_count: int


def cut_anywhere(second: int) -> int:
    """Cut where it is asked for."""
    return second


class CreationTimes:
    """When our orders were made, in ascending seconds.

    ``cut`` gives the first second from another on at which the shop can be asked to cut.
    """

    def __init__(self, stamps: Sequence[int], cut: Callable[[int], int] = cut_anywhere) -> None:
        self._stamps, self._cut = stamps, cut

    def count(self, span: Span) -> int:
        """Count ours in a range."""
        first, end = self._ranks(span)
        return end - first

    def parts(self, whole: Span, turn: int) -> list[Span]:
        """Cut ``whole`` into ranges of as many of ours each, at other places with each ``turn``."""
        first, end = self._ranks(whole)
        count = min(MAX_RANGES, -(-(end - first) // LISTING_SIZE))
        shift = turn * _GOLDEN_RATIO % 1
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


def differing_spans(
    times: CreationTimes, count: Callable[[Span], int], counted: Iterable[RangeCount]
) -> Iterator[Span]:
    """Give small ranges that hold what differs. ``count`` asks the shop; one half tells the other."""
    for span, remote_count in counted:
        local = times.count(span)
        if local == remote_count:
            continue
        middle = times.middle(span)
        if middle is None or local <= LISTING_SIZE * abs(local - remote_count):
            yield span
            continue
        left, right = Span(span.start, middle), Span(middle, span.end)
        on_the_left = count(left)
        halves = [RangeCount(left, on_the_left), RangeCount(right, remote_count - on_the_left)]
        yield from differing_spans(times, count, halves)
