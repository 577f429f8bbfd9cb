"""The parts of the first census: how each is cut into slices, asked for and kept."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from itertools import pairwise
from typing import TypeVar

from sqlalchemy import Connection

from wcflow.database.resync import (
    CUSTOMER,
    ORDER,
    any_doubted,
    confirm,
    keep_histories,
    mistaken_statuses,
)
from wcflow.database.sql import instant, stamp
from wcflow.database.tables import ImportRange
from wcflow.errors import StoreError
from wcflow.poll.context import PollContext
from wcflow.poll.customers import HUNDRED, read
from wcflow.poll.order_page import Page, completed, joined, keep
from wcflow.poll.orders import DRAFTS, UNKNOWN, is_unknown_status
from wcflow.poll.ownership import store_customers
from wcflow.poll.paginate import KeysetPager, Step
from wcflow.poll.products import BEGINNING, keep_products, product_trail
from wcflow.poll.quarantine import keep_singly
from wcflow.poll.workers import Found, Work
from wcflow.records import Customer, Order, Product

T = TypeVar("T")

_OPEN_END = 2**40
"""The end of a slice that has none: orders may be dated in the future."""
_SLICES, _SLICE_SIZE = 32, 200
_RANGES, _RANGE_SIZE = 8, 1000

ORDER_PARTS = ("orders", "trash", "drafts")


def order_slices(store: str, oldest: int, newest: int, total: int) -> list[ImportRange]:
    """Cut the time in which orders were made into equal parts; the last one has no end."""
    count = max(1, min(_SLICES, total // _SLICE_SIZE))
    edges = [oldest + (newest - oldest) * number // count for number in range(count)]
    ends = [*(edge - 1 for edge in edges[1:]), _OPEN_END]
    return [
        ImportRange(store=store, part="orders", number=number, position=edge, end=end)
        for number, (edge, end) in enumerate(zip(edges, ends, strict=True))
    ]


def customer_slices(store: str, newest: int) -> list[ImportRange]:
    """Cut the ids up to the newest into parts; a position is the last id that was read."""
    count = max(1, min(_RANGES, newest // _RANGE_SIZE))
    edges = [newest * number // count for number in range(count + 1)]
    return [
        ImportRange(store=store, part="customers", number=number, position=start, end=end)
        for number, (start, end) in enumerate(pairwise(edges))
    ]


def whole(store: str, part: str, number: int = 0) -> ImportRange:
    """Give the one slice of a part that is walked from beginning to end."""
    return ImportRange(
        store=store, part=part, number=number, position=stamp(BEGINNING), end=_OPEN_END
    )


def slice_end(piece: ImportRange) -> datetime | None:
    """Give the last second of a slice of time; None where it is open."""
    return None if piece.end == _OPEN_END else instant(piece.end)


def customer_work(visit: PollContext) -> Work[tuple[range, list[Customer]]]:
    """Ask for a slice's ids, a hundred consecutive ones at a time: those that come back exist."""
    doubted = _doubted(visit, CUSTOMER)

    def ask(piece: ImportRange) -> Found[tuple[range, list[Customer]]]:
        last = min(piece.position + HUNDRED, piece.end)
        ids = range(piece.position + 1, last + 1)
        told = read(visit, visit.customers(ids, whoever=True)) if ids else []
        return Found((ids, told), last, last >= piece.end)

    def keep_told(tx: Connection, what: Sequence[tuple[range, list[Customer]]]) -> int:
        told = [customer for _, some in what for customer in some]
        visit.tally.customers += keep_singly(
            tx, visit, told, partial(store_customers, tx, visit.settings)
        )
        visit.keep_notes(tx)
        if doubted:
            confirm(tx, visit.store, CUSTOMER, [customer.id for customer in told])
        return sum(len(ids) for ids, _ in what)

    return Work("customers", ask, keep_told)


def product_work(visit: PollContext) -> Work[tuple[Product, ...]]:
    """Walk all products."""

    def ask(piece: ImportRange) -> Found[tuple[Product, ...]]:
        return _found(product_trail(visit).step(instant(piece.position)))

    def keep_told(tx: Connection, what: Sequence[tuple[Product, ...]]) -> int:
        told = tuple(product for some in what for product in some)
        keep_products(tx, visit, told)
        return len(told)

    return Work("products", ask, keep_told)


def order_work(visit: PollContext, part: str) -> Work[tuple[Sequence[Order], Page]]:
    """Walk a slice's orders by the date they were made; what is met is doubted no more."""
    doubted = _doubted(visit, ORDER)

    def ask(piece: ImportRange) -> Found[tuple[Sequence[Order], Page]]:
        try:
            step = _trail(visit, piece).step(instant(piece.position))
        except StoreError as error:
            if part != "drafts" or not is_unknown_status(error):
                raise
            return Found(((), Page(())), UNKNOWN, last=True)
        found = _found(step)
        page = completed(visit, step.rows, again=False)
        return Found((step.rows if doubted else (), page), found.position, found.last)

    def keep_told(tx: Connection, what: Sequence[tuple[Sequence[Order], Page]]) -> int:
        told = [order for some, _ in what for order in some]
        histories = mistaken_statuses(tx, visit.store, told) if doubted else {}
        news = sum(keep(tx, visit, page) for page in joined([page for _, page in what]))
        if doubted:
            keep_histories(tx, visit.store, histories)
            confirm(tx, visit.store, ORDER, [order.id for order in told])
        return news

    return Work(part, ask, keep_told)


def _doubted(visit: PollContext, kind: str) -> bool:
    # Once for all: a resync doubts before the census that it makes, and never during it.
    with visit.db.reading() as tx:
        return any_doubted(tx, visit.store, kind)


def _trail(visit: PollContext, piece: ImportRange) -> KeysetPager[Order]:
    status = {"orders": "any", "trash": "trash"}.get(piece.part) or DRAFTS[piece.number]
    return KeysetPager(
        ask=partial(visit.orders, status=status),
        by="date",
        stamp=lambda order: order.created,
        number=lambda order: order.id,
        zone=visit.settings.zone,
        end=slice_end(piece),
    )


def _found(step: Step[T]) -> Found[tuple[T, ...]]:
    return Found(step.rows, stamp(step.position), step.last)
