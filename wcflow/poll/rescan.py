"""Rounds: orders are looked at again, a hundred at a time, spread evenly over the polls of some days.

What no stamp and no count shows is found by them. The old post storage stamps no change of address,
customer, totals or meta, so there every order is read again: one of the last month each night, of
the last year within a week, any other within a month. Where orders have tables of their own every
change is stamped, and ids with their stamps are compared within six weeks: that finds an order too
many and one too few which a count takes for each other.

How far a round has come stands in the database, so that it goes on wherever it was left.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

from wcflow.database.orders import count_created, created_next, stamps_of_orders
from wcflow.database.sql import instant, stamp
from wcflow.database.stores import Rescan, load_rescan, save_rescan
from wcflow.poll.compare import (
    OrderRange,
    Span,
    apply_fetched_orders,
    confirm_missing_orders,
    differing_ids,
    fetch_stamps,
    hidden_statuses,
    next_cut,
    refetch_orders,
)
from wcflow.poll.context import PollContext
from wcflow.poll.paginate import SECOND, KeysetPager
from wcflow.poll.products import EARLIEST

PAGE_SIZE = 99
"""Orders that one request holds with room to spare: a full page would have to be asked on."""

MAX_PAGES = 5
"""How many pages one poll reads of a round, also where it is late."""

_LAST_MONTH = timedelta(days=31)
_WEEK, _MONTH = timedelta(days=6), timedelta(days=27)
# With a margin: what was read at the beginning of one round may be last but a page in the next.


@dataclass(frozen=True, slots=True)
class OrderRescan:
    """Which orders are looked at again, by their age, how soon, and whether all of them is read.

    Ages overlap by two rounds: an order that grows too old for one is in the other by then.
    """

    name: str
    min_age: timedelta
    max_age: timedelta | None
    period: timedelta
    in_full: bool = True


HPOS_RESCANS = (OrderRescan("ids", timedelta(0), None, timedelta(days=41), in_full=False),)
POST_STORAGE_RESCANS = (
    OrderRescan("year", timedelta(0), timedelta(days=400), _WEEK),
    OrderRescan("all", timedelta(days=366), None, _MONTH),
)


def due_pages(now: datetime, progress: Rescan, period: timedelta) -> int:
    """Give how many pages are due now, so that all are done before ``within`` has passed."""
    passed = (now - instant(progress.started)) / period
    due = int(passed * (progress.pages + 1)) - progress.done
    return min(MAX_PAGES, max(0, due))


def rescan_orders(context: PollContext, limit: int) -> int:
    """Look again at the orders whose turn it is, at ``most`` so many pages; give how many it was."""
    row, pages_read = context.row(), 0
    assert row.order_cursor is not None, "the census notes the cursor before it starts"
    for each in HPOS_RESCANS if row.hpos else POST_STORAGE_RESCANS:
        progress = _load_progress(context, each, row.order_cursor + 1)
        for _ in range(min(due_pages(context.now, progress, each.period), limit - pages_read)):
            if progress.position >= progress.end or not _rescan_page(context, each, progress):
                break
            pages_read += 1
            progress = _load_progress(context, each, row.order_cursor + 1)
    return pages_read


def _load_progress(context: PollContext, rescan: OrderRescan, known: int) -> Rescan:
    with context.db.reading() as tx:
        progress = load_rescan(tx, context.store, rescan.name)
    if progress is not None:
        over = progress.position >= progress.end
        if not over or context.now < instant(progress.started) + rescan.period:
            return progress
    return _save_progress(context, rescan, _start_rescan(context, rescan, known))


def _start_rescan(context: PollContext, rescan: OrderRescan, known: int) -> Rescan:
    """Begin a round: up to where the polls know all there is."""
    start = (
        stamp(EARLIEST) if rescan.max_age is None else _time_before(context, known, rescan.max_age)
    )
    end = max(start, _time_before(context, known, rescan.min_age))
    with context.db.reading() as tx:
        orders = count_created(tx, context.store, start, end)
    return Rescan(stamp(context.now), start, end, 0, -(-orders // PAGE_SIZE))


def _time_before(context: PollContext, known: int, age: timedelta) -> int:
    return next_cut(context, known - int(age.total_seconds()))


def _rescan_page(context: PollContext, rescan: OrderRescan, progress: Rescan) -> bool:
    """Look at the next page; False where nothing more is to be done now."""
    span = _next_span(context, progress.position, progress.end)
    if not _check_span(context, span, in_full=rescan.in_full):
        return False
    _save_progress(context, rescan, replace(progress, position=span.end, done=progress.done + 1))
    return True


def reread_last_month(context: PollContext) -> None:
    """Read all of the last month again where edits move no stamp; for the night."""
    row = context.row()
    if row.hpos or row.order_cursor is None:
        return
    position, end = (
        _time_before(context, row.order_cursor, _LAST_MONTH),
        next_cut(context, row.order_cursor + 1),
    )
    while position < end:
        span = _next_span(context, position, end)
        if not _check_span(context, span, in_full=True):
            return
        position = span.end


def _check_span(context: PollContext, span: Span, *, in_full: bool) -> bool:
    """Hold a range against the shop; False where the shop says that it is empty altogether."""
    with context.db.reading() as tx:
        local = stamps_of_orders(tx, context.store, (), *span, others=True)
    present = _fetch_span(context, span) if in_full else _compare_span(context, span, local)
    missing = set(local) - present
    missing -= refetch_orders(context, hidden_statuses(context), missing)
    if missing and not present and not context.client.count_orders(status="any"):
        return False  # such a shop is judged at night, as a whole
    confirm_missing_orders(context, missing)
    return True


def _next_span(context: PollContext, position: int, end: int) -> Span:
    """Give the range from ``position`` on that holds a page of ours."""
    with context.db.reading() as tx:
        following = created_next(tx, context.store, position, PAGE_SIZE)
    if following is None:
        return Span(position, end)
    # What was made in one second belongs together, also where it is more than a page.
    return Span(position, min(end, next_cut(context, max(following, position + 1))))


def _fetch_span(context: PollContext, span: Span) -> set[int]:
    """Read a range in full; give what is there."""
    pager = KeysetPager(
        ask=partial(context.orders, status="any"),
        by="date",
        stamp=lambda order: order.created,
        number=lambda order: order.id,
        zone=context.settings.zone,
        end=instant(span.end) - SECOND,
    )
    present: set[int] = set()
    for step in pager.steps(instant(span.start)):
        apply_fetched_orders(context, step.rows)
        present.update(order.id for order in step.rows)
    return present


def _compare_span(context: PollContext, span: Span, local: Mapping[int, int]) -> set[int]:
    """Read what differs of a range; give what is there."""
    remote = fetch_stamps(context, OrderRange("any", frozenset(), span))
    refetch_orders(context, "any", differing_ids(context, local, remote))
    return set(remote)


def _save_progress(context: PollContext, rescan: OrderRescan, progress: Rescan) -> Rescan:
    with context.db.transaction() as tx:
        context.save_quarantine(tx)
        save_rescan(tx, context.store, rescan.name, progress)
    return progress
