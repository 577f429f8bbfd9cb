"""Read the dates of refunds before the orders of an initial sync. Nothing is saved here.

An order names its refunds without their dates, and requesting those of each page would take one
more request for nearly every page. The list of all refunds brings a hundred dates at a time. A
refund that is missing there is requested with its order.
"""

from __future__ import annotations

from datetime import datetime
from functools import partial
from operator import itemgetter

import structlog

from wcflow.database.sql import instant, stamp
from wcflow.database.tables import ImportRange
from wcflow.errors import StoreError
from wcflow.poll.context import PollContext
from wcflow.poll.paginate import KeysetPager
from wcflow.poll.ranges import order_slices, slice_end
from wcflow.poll.workers import FetchedPart, fetch_slices, thread_count

log = structlog.get_logger()

_MANY = 50
"""Fewer refunds than these are read as quickly with the pages of their orders."""
_FEWER = 4
"""Refunds are cut into so many times fewer ranges than orders."""

_Dates = tuple[tuple[int, datetime], ...]


def fetch_refund_dates(context: PollContext, since: int) -> dict[int, datetime]:
    """Return the dates of refunds created from ``since`` on, as far as the store lists them."""
    dates: dict[int, datetime] = {}
    try:
        _read(context, since, dates)
    except StoreError as error:
        # If the store is down, reading the orders reports it.
        log.debug("refunds are read with their orders", store=context.store, why=str(error))
    return dates


def _read(context: PollContext, since: int, dates: dict[int, datetime]) -> None:
    total = context.client.count_refunds(after=instant(since - 1))
    if total is None or total < _MANY:
        return
    ranges = order_slices(context.store, since, stamp(context.now), total // _FEWER)
    with (
        context.client.limit_concurrency(context.settings.parallel),
        fetch_slices(partial(_request, context), ranges, thread_count(context)) as batches,
    ):
        for batch in batches:
            for answer in batch:
                dates.update(answer.data)
            context.checkpoint()


def _request(context: PollContext, part: ImportRange) -> FetchedPart[_Dates]:
    pager: KeysetPager[tuple[int, datetime]] = KeysetPager(
        ask=context.client.refund_dates,
        by="date",
        stamp=itemgetter(1),
        number=itemgetter(0),
        zone=context.zone,
        end=slice_end(part),
    )
    step = pager.step(instant(part.position))
    return FetchedPart(step.rows, stamp(step.position), step.last)
