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
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from functools import partial

from wcflow.database.orders import count_created, created_next, stamps_of_orders
from wcflow.database.sql import dumps, instant, loads, stamp
from wcflow.database.stores import save_setting, setting
from wcflow.poll.compare import (
    OrderRange,
    Span,
    apart,
    cut_at,
    differing,
    keep_orders,
    look_for,
    read_again,
    told_stamps,
)
from wcflow.poll.context import PollContext
from wcflow.poll.paginate import SECOND, KeysetPager
from wcflow.poll.products import BEGINNING

PAGE = 99
"""Orders that one request holds with room to spare: a full page would have to be asked on."""

MOST_AT_ONCE = 5
"""How many pages one poll reads of a round, also where it is late."""

_LATELY = timedelta(days=31)
_WEEK, _MONTH = timedelta(days=6), timedelta(days=27)
# With a margin: what was read at the beginning of one round may be last but a page in the next.


@dataclass(frozen=True, slots=True)
class Round:
    """Which orders are looked at again, by their age, how soon, and whether all of them is read.

    Ages overlap by two rounds: an order that grows too old for one is in the other by then.
    """

    name: str
    youngest: timedelta
    oldest: timedelta | None
    within: timedelta
    whole: bool = True


TABLES = (Round("ids", timedelta(0), None, timedelta(days=41), whole=False),)
POSTS = (
    Round("year", timedelta(0), timedelta(days=400), _WEEK),
    Round("all", timedelta(days=366), None, _MONTH),
)


@dataclass(frozen=True, slots=True)
class Progress:
    """A round under way: when it began, what is left of it, and how many of its pages are done."""

    started: int
    position: int
    end: int
    done: int
    pages: int


def share(now: datetime, progress: Progress, within: timedelta) -> int:
    """Give how many pages are due now, so that all are done before ``within`` has passed."""
    passed = (now - instant(progress.started)) / within
    due = int(passed * (progress.pages + 1)) - progress.done
    return min(MOST_AT_ONCE, max(0, due))


def look_again(visit: PollContext, most: int) -> int:
    """Look again at the orders whose turn it is, at ``most`` so many pages; give how many it was."""
    row, looked = visit.row(), 0
    assert row.order_cursor is not None, "the census notes the cursor before it starts"
    for each in TABLES if row.hpos else POSTS:
        progress = _progress(visit, each, row.order_cursor + 1)
        for _ in range(min(share(visit.now, progress, each.within), most - looked)):
            if progress.position >= progress.end or not _page(visit, each, progress):
                break
            looked += 1
            progress = _progress(visit, each, row.order_cursor + 1)
    return looked


def _progress(visit: PollContext, of: Round, known: int) -> Progress:
    with visit.db.reading() as tx:
        kept_so_far = setting(tx, _name(visit, of))
    if kept_so_far is not None:
        progress = Progress(**loads(kept_so_far))
        over = progress.position >= progress.end
        if not over or visit.now < instant(progress.started) + of.within:
            return progress
    return _save(visit, of, _begun(visit, of, known))


def _begun(visit: PollContext, of: Round, known: int) -> Progress:
    """Begin a round: up to where the polls know all there is."""
    start = stamp(BEGINNING) if of.oldest is None else _ago(visit, known, of.oldest)
    end = max(start, _ago(visit, known, of.youngest))
    with visit.db.reading() as tx:
        orders = count_created(tx, visit.store, start, end)
    return Progress(stamp(visit.now), start, end, 0, -(-orders // PAGE))


def _ago(visit: PollContext, known: int, age: timedelta) -> int:
    return cut_at(visit, known - int(age.total_seconds()))


def _page(visit: PollContext, of: Round, progress: Progress) -> bool:
    """Look at the next page; False where nothing more is to be done now."""
    span = _next(visit, progress.position, progress.end)
    if not _look(visit, span, whole=of.whole):
        return False
    _save(visit, of, replace(progress, position=span.end, done=progress.done + 1))
    return True


def read_lately(visit: PollContext) -> None:
    """Read all of the last month again where edits move no stamp; for the night."""
    row = visit.row()
    if row.hpos or row.order_cursor is None:
        return
    position, end = _ago(visit, row.order_cursor, _LATELY), cut_at(visit, row.order_cursor + 1)
    while position < end:
        span = _next(visit, position, end)
        if not _look(visit, span, whole=True):
            return
        position = span.end


def _look(visit: PollContext, span: Span, *, whole: bool) -> bool:
    """Hold a range against the shop; False where the shop says that it is empty altogether."""
    with visit.db.reading() as tx:
        ours = stamps_of_orders(tx, visit.store, (), *span, others=True)
    there = _read(visit, span) if whole else _compared(visit, span, ours)
    missing = set(ours) - there
    missing -= read_again(visit, apart(visit), missing)
    if missing and not there and not visit.shop.count_orders(status="any"):
        return False  # such a shop is judged at night, as a whole
    look_for(visit, missing)
    return True


def _next(visit: PollContext, position: int, end: int) -> Span:
    """Give the range from ``position`` on that holds a page of ours."""
    with visit.db.reading() as tx:
        following = created_next(tx, visit.store, position, PAGE)
    if following is None:
        return Span(position, end)
    # What was made in one second belongs together, also where it is more than a page.
    return Span(position, min(end, cut_at(visit, max(following, position + 1))))


def _read(visit: PollContext, span: Span) -> set[int]:
    """Read a range in full; give what is there."""
    trail = KeysetPager(
        ask=partial(visit.orders, status="any"),
        by="date",
        stamp=lambda order: order.created,
        number=lambda order: order.id,
        zone=visit.settings.zone,
        end=instant(span.end) - SECOND,
    )
    there: set[int] = set()
    for step in trail.steps(instant(span.start)):
        keep_orders(visit, step.rows)
        there.update(order.id for order in step.rows)
    return there


def _compared(visit: PollContext, span: Span, ours: Mapping[int, int]) -> set[int]:
    """Read what differs of a range; give what is there."""
    told = told_stamps(visit, OrderRange("any", frozenset(), span))
    read_again(visit, "any", differing(visit, ours, told))
    return set(told)


def _save(visit: PollContext, of: Round, progress: Progress) -> Progress:
    with visit.db.transaction() as tx:
        visit.keep_notes(tx)
        save_setting(tx, _name(visit, of), dumps(asdict(progress)))
    return progress


def _name(visit: PollContext, of: Round) -> str:
    return f"round {of.name} {visit.store}"
