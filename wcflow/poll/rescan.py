"""Read orders again, a page at a time, spread evenly over the polls of some days.

This finds what no stamp and no count shows. The post storage does not stamp changes of address,
customer, totals or meta, so every order is read again: those of the last month each night, of the
last year within a week, all others within a month. All of them within a month where the companion
plugin names what changed (``changes``). With order tables (HPOS) every change is
stamped, and ids and stamps are compared within six weeks.

The progress is saved in the database.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

from wcflow.database.orders import count_orders_created, find_creation_time, load_order_stamps
from wcflow.database.sql import instant, stamp
from wcflow.database.stores import Rescan, load_rescan, save_rescan
from wcflow.poll.compare import (
    OrderRange,
    Span,
    confirm_missing_orders,
    differing_ids,
    fetch_stamps,
    next_cut,
    refetch_orders,
    save_orders,
)
from wcflow.poll.context import PollContext
from wcflow.poll.orders import hidden_statuses
from wcflow.poll.paginate import SECOND, KeysetPager
from wcflow.poll.products import EARLIEST
from wcflow.units import work_due

PAGE_SIZE = 99
"""Orders of a page: a full page of 100 would need another request."""

MAX_PAGES = 5
"""Pages that one poll reads at most, even if the rescan is late."""

_RECENT = timedelta(days=31)
_WEEK, _MONTH = timedelta(days=6), timedelta(days=27)
# With a margin: the first page of one rescan can be among the last of the next.


@dataclass(frozen=True, slots=True)
class OrderRescan:
    """Which orders are read again by their age, how soon, and whether in full.

    The ages overlap by the length of two rescans, so no order falls between them.
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
    """Return how many pages are due now, so that all are read within ``period``."""
    passed = (now - instant(progress.started)) / period
    return min(MAX_PAGES, work_due(passed, progress.done, progress.pages))


def rescan_orders(context: PollContext, most: int) -> int:
    """Read the orders again that are due, ``most`` pages at most; return how many pages."""
    row, read = context.row(), 0
    assert row.order_cursor is not None, "the initial sync sets the cursor before it starts"
    for rescan in _rescans(context, uses_hpos=row.uses_hpos):
        progress = _load(context, rescan, row.order_cursor + 1)
        due = due_pages(context.now, progress, rescan.period)
        for _ in range(min(due, most - read)):
            if progress.position >= progress.end:
                break
            span = _next_span(context, progress.position, progress.end)
            if not _check(context, span, in_full=rescan.in_full):
                break
            read += 1
            progress = replace(progress, position=span.end, done=progress.done + 1)
            _save(context, rescan, progress)
    return read


def _rescans(context: PollContext, *, uses_hpos: bool) -> tuple[OrderRescan, ...]:
    """Return the rescans; a month is enough where the companion plugin names what changed."""
    if uses_hpos:
        return HPOS_RESCANS
    if not context.follows_changes(_WEEK):
        return POST_STORAGE_RESCANS
    return tuple(replace(each, period=_MONTH) for each in POST_STORAGE_RESCANS)


def _load(context: PollContext, rescan: OrderRescan, known_until: int) -> Rescan:
    with context.db.reading() as tx:
        progress = load_rescan(tx, context.store, rescan.name)
    if progress is not None:
        finished = progress.position >= progress.end
        if not finished or context.now < instant(progress.started) + rescan.period:
            return progress
    progress = _begin(context, rescan, known_until)
    _save(context, rescan, progress)
    return progress


def _begin(context: PollContext, rescan: OrderRescan, known_until: int) -> Rescan:
    start = stamp(EARLIEST)
    if rescan.max_age is not None:
        start = _before(context, known_until, rescan.max_age)
    end = max(start, _before(context, known_until, rescan.min_age))
    with context.db.reading() as tx:
        orders = count_orders_created(tx, context.store, start, end)
    return Rescan(stamp(context.now), start, end, 0, -(-orders // PAGE_SIZE))


def _before(context: PollContext, second: int, age: timedelta) -> int:
    return next_cut(context, second - int(age.total_seconds()))


def reread_last_month(context: PollContext) -> None:
    """Read the orders of the last month again if edits are not stamped or named; for the nightly check."""
    row = context.row()
    if row.uses_hpos or row.order_cursor is None or context.follows_changes(_WEEK):
        return
    position = _before(context, row.order_cursor, _RECENT)
    end = next_cut(context, row.order_cursor + 1)
    while position < end:
        span = _next_span(context, position, end)
        if not _check(context, span, in_full=True):
            return
        position = span.end


def _check(context: PollContext, span: Span, *, in_full: bool) -> bool:
    """Compare a range with the store; return False if the store has no orders at all."""
    with context.db.reading() as tx:
        known = load_order_stamps(tx, context.store, (), *span, others=True)
    there = _read(context, span) if in_full else _compare(context, span, known)
    missing = set(known) - there
    missing -= refetch_orders(context, hidden_statuses(context), missing)
    if missing and not there and not context.client.count_orders(status="any"):
        return False  # the nightly check decides about such a store
    confirm_missing_orders(context, missing)
    return True


def _next_span(context: PollContext, position: int, end: int) -> Span:
    """Return the range from ``position`` on that contains a page of known orders."""
    with context.db.reading() as tx:
        following = find_creation_time(tx, context.store, position, PAGE_SIZE)
    if following is None:
        return Span(position, end)
    # Orders of one second stay together, even if they are more than a page.
    return Span(position, min(end, next_cut(context, max(following, position + 1))))


def _read(context: PollContext, span: Span) -> set[int]:
    """Read a range in full; return the ids at the store."""
    pager = KeysetPager(
        ask=partial(context.orders, status="any"),
        by="date",
        stamp=lambda order: order.created,
        number=lambda order: order.id,
        zone=context.zone,
        end=instant(span.end) - SECOND,
    )
    there: set[int] = set()
    for step in pager.steps(instant(span.start)):
        save_orders(context, step.rows)
        there.update(order.id for order in step.rows)
    return there


def _compare(context: PollContext, span: Span, known: Mapping[int, int]) -> set[int]:
    """Read the orders of a range that differ; return the ids at the store."""
    listed = fetch_stamps(context, OrderRange("any", frozenset(), span))
    refetch_orders(context, "any", differing_ids(context, known, listed))
    return set(listed)


def _save(context: PollContext, rescan: OrderRescan, progress: Rescan) -> None:
    with context.db.transaction() as tx:
        context.save_quarantine(tx)
        save_rescan(tx, context.store, rescan.name, progress)
