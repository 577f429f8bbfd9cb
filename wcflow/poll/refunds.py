"""The dates of refunds, read before the orders of a first census. Nothing is kept here.

An order names its refunds without their dates, and to ask for those of each page would be one more
request for nearly every page. The shop's list of refunds tells a hundred at once. It is an aid and
no more: a refund whose date is not found so is asked for with its order.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
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
"""Of fewer refunds the pages of their orders ask as quickly."""
_FEWER_SLICES = 4
"""So many times fewer slices than orders would be cut into: there is nothing to keep of them."""

_Dates = tuple[tuple[int, datetime], ...]


def fetch_refund_dates(context: PollContext, since: int) -> dict[int, datetime]:
    """Give when the refunds made from ``since`` on were made, as far as the shop's list tells."""
    found: dict[int, datetime] = {}
    try:
        _fetch_in_slices(context, since, found)
    except StoreError as why:
        # If the shop is ill, the orders will say so.
        log.debug("refunds are asked for with their orders", store=context.store, why=str(why))
    return found


def _fetch_in_slices(context: PollContext, since: int, found: dict[int, datetime]) -> None:
    total = context.client.count_refunds(after=instant(since - 1))
    if total is None or total < _MANY:
        return
    pieces = order_slices(context.store, since, stamp(context.now), total // _FEWER_SLICES)
    with (
        context.client.limit_concurrency(context.settings.parallel),
        fetch_slices(_refund_fetcher(context), pieces, thread_count(context)) as batches,
    ):
        for answers in batches:
            for answer in answers:
                found.update(answer.data)
            context.heartbeat()


def _refund_fetcher(context: PollContext) -> Callable[[ImportRange], FetchedPart[_Dates]]:
    def ask(piece: ImportRange) -> FetchedPart[_Dates]:
        pager: KeysetPager[tuple[int, datetime]] = KeysetPager(
            ask=context.client.refund_dates,
            by="date",
            stamp=itemgetter(1),
            number=itemgetter(0),
            zone=context.settings.zone,
            end=slice_end(piece),
        )
        step = pager.step(instant(piece.position))
        return FetchedPart(step.rows, stamp(step.position), step.last)

    return ask
