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
from wcflow.poll.workers import Found, asked, threads

log = structlog.get_logger()

_MANY = 50
"""Of fewer refunds the pages of their orders ask as quickly."""
_AT_LEAST = 4
"""So many times fewer slices than orders would be cut into: there is nothing to keep of them."""

_Dates = tuple[tuple[int, datetime], ...]


def dates_of_refunds(visit: PollContext, since: int) -> dict[int, datetime]:
    """Give when the refunds made from ``since`` on were made, as far as the shop's list tells."""
    found: dict[int, datetime] = {}
    try:
        _read(visit, since, found)
    except StoreError as why:
        # If the shop is ill, the orders will say so.
        log.debug("refunds are asked for with their orders", store=visit.store, why=str(why))
    return found


def _read(visit: PollContext, since: int, found: dict[int, datetime]) -> None:
    told = visit.shop.count_refunds(after=instant(since - 1))
    if told is None or told < _MANY:
        return
    pieces = order_slices(visit.store, since, stamp(visit.now), told // _AT_LEAST)
    with (
        visit.shop.at_most(visit.settings.parallel),
        asked(_asking(visit), pieces, threads(visit)) as answers,
    ):
        for come in answers:
            for answer in come:
                found.update(answer.what)
            visit.alive()


def _asking(visit: PollContext) -> Callable[[ImportRange], Found[_Dates]]:
    def ask(piece: ImportRange) -> Found[_Dates]:
        trail: KeysetPager[tuple[int, datetime]] = KeysetPager(
            ask=visit.shop.refund_dates,
            by="date",
            stamp=itemgetter(1),
            number=itemgetter(0),
            zone=visit.settings.zone,
            end=slice_end(piece),
        )
        step = trail.step(instant(piece.position))
        return Found(step.rows, stamp(step.position), step.last)

    return ask
