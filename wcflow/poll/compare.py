"""Compare orders in the database with the store, and find the few that differ among many.

A list can leave orders out, so an order is only deleted here after a request for it by id.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import NamedTuple

from wcflow.database.orders import load_order_stamps
from wcflow.database.sql import chunks, instant, stamp
from wcflow.poll.context import PollContext
from wcflow.poll.customers import HUNDRED
from wcflow.poll.orders import complete_page, save_page
from wcflow.poll.ownership import drop_orders
from wcflow.poll.paginate import SECOND, KeysetPager, lower_bound, next_boundary, upper_bound
from wcflow.poll.products import EARLIEST
from wcflow.records import Order
from wcflow.store.listing import OrderFilters


class Span(NamedTuple):
    """A time range in seconds; ``start`` is included, ``end`` is not."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class OrderRange:
    """Orders with a status that were created in a time range.

    ``status`` is the request parameter; ``hidden`` are the statuses that ``any`` leaves out.
    """

    status: str
    hidden: frozenset[str]
    span: Span

    def known(self, context: PollContext) -> dict[int, int]:
        """Return the orders in the database: id to stamp."""
        others = self.status == "any"
        statuses = self.hidden if others else frozenset(self.status.split(","))
        with context.db.reading() as tx:
            return load_order_stamps(tx, context.store, statuses, *self.span, others=others)

    def filters(self, context: PollContext) -> OrderFilters:
        """Return the request parameters for this range."""
        return OrderFilters(status=self.status, **within(context, self.span))


def within(context: PollContext, span: Span) -> OrderFilters:
    """Return the request parameters for a time range."""
    after = lower_bound(instant(span.start), context.zone)
    return OrderFilters(after=after, before=upper_bound(instant(span.end) - SECOND, context.zone))


def next_cut(context: PollContext, second: int) -> int:
    """Return the first second from this one on that can separate two requests."""
    return stamp(next_boundary(instant(second), context.zone))


def compare(context: PollContext, orders: OrderRange) -> None:
    """Compare ids and stamps, and read the orders that differ."""
    listed = fetch_stamps(context, orders)
    known = orders.known(context)
    refetch_orders(context, orders.status, differing_ids(context, known, listed))
    confirm_missing_orders(context, set(known) - set(listed) - context.quarantine.ids("order"))


def differing_ids(
    context: PollContext, known: Mapping[int, int], listed: Mapping[int, int]
) -> set[int]:
    """Return the orders with another stamp at the store, without those in quarantine."""
    changed = {key for key, at in listed.items() if known.get(key) != at}
    return changed - context.quarantine.ids("order")


def fetch_stamps(context: PollContext, orders: OrderRange) -> dict[int, int]:
    """List a range at the store: id to stamp."""
    pager = KeysetPager(
        ask=partial(context.order_ids, **orders.filters(context)),
        by="modified",
        stamp=lambda row: row[1],
        number=lambda row: row[0],
        zone=context.zone,
    )
    listed: dict[int, int] = {}
    for step in pager.steps(EARLIEST):
        listed.update((key, stamp(at)) for key, at in step.rows)
        context.checkpoint()
    return listed


def refetch_orders(context: PollContext, status: str, ids: Iterable[int]) -> set[int]:
    """Read these orders again; return the ids that came back."""
    found: set[int] = set()
    for some in chunks(sorted(ids), HUNDRED):
        rows = context.orders(status=status, include=some).rows
        save_orders(context, rows)
        found.update(order.id for order in rows)
    return found


def confirm_missing_orders(context: PollContext, ids: Collection[int]) -> None:
    """Request missing orders by id, and drop those that do not exist."""
    for some in chunks(sorted(ids), HUNDRED):
        answers = {order_id: context.order(order_id) for order_id in some}
        found = [order for order in answers.values() if isinstance(order, Order)]
        gone = [order_id for order_id, order in answers.items() if order is None]
        save_orders(context, found, gone)


def save_orders(context: PollContext, orders: Iterable[Order], gone: Collection[int] = ()) -> None:
    """Save orders that exist, and drop those that do not."""
    page = complete_page(context, orders, refetch_customers=False)
    with context.db.transaction() as tx:
        save_page(tx, context, page)
        context.tally.deleted += drop_orders(tx, context.settings, gone)
    context.checkpoint()


# Halving: find the orders in which two long lists differ with a few counts. Pure.
#
# The time range is cut into parts with as many known orders each. Where the store counts another
# number, the part is halved until a listing costs no more than further counts: one order among a
# million takes 16 counts and ten more. A count cannot see one order too few and one too many in
# the same part. So the parts differ each night, and the rescan compares ids.

MAX_RANGES = 16
"""Parts that are counted if nothing differs."""

LISTING_SIZE = 100
"""Orders in one listing. If more than one in so many differ, halving is no faster."""

_GOLDEN = 0.6180339887498949


class RangeCount(NamedTuple):
    """How many orders the store has in a time range."""

    span: Span
    there: int


def cut_anywhere(second: int) -> int:
    """Return the second itself: every second can separate two requests."""
    return second


class CreationTimes:
    """The seconds in which the known orders were created, in ascending order.

    ``next_cut`` returns the first second from another on that can separate two requests.
    """

    def __init__(
        self, stamps: Sequence[int], next_cut: Callable[[int], int] = cut_anywhere
    ) -> None:
        self._stamps, self._next_cut = stamps, next_cut

    def count(self, span: Span) -> int:
        """Count the known orders in a time range."""
        first, end = self._ranks(span)
        return end - first

    def parts(self, whole: Span, turn: int) -> list[Span]:
        """Cut ``whole`` into parts with as many orders each, at other places for each ``turn``."""
        first, end = self._ranks(whole)
        count = min(MAX_RANGES, -(-(end - first) // LISTING_SIZE))
        shift = turn * _GOLDEN % 1
        ranks = [first + int((end - first) * (part + shift) / count) for part in range(count)]
        edges = {self._next_cut(self._stamps[rank]) for rank in ranks}
        inside = sorted(edge for edge in edges if whole.start < edge < whole.end)
        return [Span(*ends) for ends in pairwise([whole.start, *inside, whole.end])]

    def middle(self, span: Span) -> int | None:
        """Return the second with half of the orders on either side, or None if there is none."""
        first, end = self._ranks(span)
        if end - first <= 1:
            return None
        half = self._stamps[(first + end) // 2]
        for edge in (self._next_cut(half), self._next_cut(half + 1)):
            if span.start < edge < span.end and first < bisect_left(self._stamps, edge) < end:
                return edge
        return None

    def _ranks(self, span: Span) -> tuple[int, int]:
        return bisect_left(self._stamps, span.start), bisect_left(self._stamps, span.end)


def differing_spans(
    known: CreationTimes, count: Callable[[Span], int], counted: Iterable[RangeCount]
) -> Iterator[Span]:
    """Return small ranges that contain what differs; ``count`` requests a count from the store."""
    for span, there in counted:
        here = known.count(span)
        if here == there:
            continue
        middle = known.middle(span)
        if middle is None or here <= LISTING_SIZE * abs(here - there):
            yield span
            continue
        left, right = Span(span.start, middle), Span(middle, span.end)
        on_the_left = count(left)
        halves = [RangeCount(left, on_the_left), RangeCount(right, there - on_the_left)]
        yield from differing_spans(known, count, halves)
