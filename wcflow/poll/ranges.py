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
from wcflow.poll.customers import BATCH_SIZE, kept_customers
from wcflow.poll.orders import (
    DRAFT_STATUSES,
    UNSUPPORTED,
    OrderPage,
    complete_page,
    is_unknown_status,
    merge_pages,
    save_page,
)
from wcflow.poll.ownership import apply_customers
from wcflow.poll.paginate import KeysetPager, PagerStep
from wcflow.poll.products import EARLIEST, apply_products, products_pager
from wcflow.poll.quarantine import save_or_quarantine
from wcflow.poll.workers import FetchedPart, SliceWork
from wcflow.records import Customer, Order, Product

T = TypeVar("T")

_OPEN_END = 2**40
"""The end of a slice that has none: orders may be dated in the future."""
_MAX_ORDER_SLICES, _ORDERS_PER_SLICE = 32, 200
_MAX_CUSTOMER_SLICES, _IDS_PER_SLICE = 8, 1000

ORDER_PARTS = ("orders", "trash", "drafts")


def order_slices(store: str, oldest: int, newest: int, total: int) -> list[ImportRange]:
    """Cut the time in which orders were made into equal parts; the last one has no end."""
    count = max(1, min(_MAX_ORDER_SLICES, total // _ORDERS_PER_SLICE))
    edges = [oldest + (newest - oldest) * number // count for number in range(count)]
    ends = [*(edge - 1 for edge in edges[1:]), _OPEN_END]
    return [
        ImportRange(store=store, part="orders", number=number, position=edge, end=end)
        for number, (edge, end) in enumerate(zip(edges, ends, strict=True))
    ]


def customer_slices(store: str, newest: int) -> list[ImportRange]:
    """Cut the ids up to the newest into parts; a position is the last id that was read."""
    count = max(1, min(_MAX_CUSTOMER_SLICES, newest // _IDS_PER_SLICE))
    edges = [newest * number // count for number in range(count + 1)]
    return [
        ImportRange(store=store, part="customers", number=number, position=start, end=end)
        for number, (start, end) in enumerate(pairwise(edges))
    ]


def whole_slice(store: str, part: str, number: int = 0) -> ImportRange:
    """Give the one slice of a part that is walked from beginning to end."""
    return ImportRange(
        store=store, part=part, number=number, position=stamp(EARLIEST), end=_OPEN_END
    )


def slice_end(piece: ImportRange) -> datetime | None:
    """Give the last second of a slice of time; None where it is open."""
    return None if piece.end == _OPEN_END else instant(piece.end)


def customers_work(context: PollContext) -> SliceWork[tuple[range, list[Customer]]]:
    """Ask for a slice's ids, a hundred consecutive ones at a time: those that come back exist."""
    unconfirmed = _any_unconfirmed(context, CUSTOMER)

    def ask(piece: ImportRange) -> FetchedPart[tuple[range, list[Customer]]]:
        last = min(piece.position + BATCH_SIZE, piece.end)
        ids = range(piece.position + 1, last + 1)
        received = kept_customers(context, context.customers(ids, any_role=True)) if ids else []
        return FetchedPart((ids, received), last, last >= piece.end)

    def save_fetched(tx: Connection, parts: Sequence[tuple[range, list[Customer]]]) -> int:
        received = [customer for _, some in parts for customer in some]
        context.tally.customers += save_or_quarantine(
            tx, context, received, partial(apply_customers, tx, context.settings)
        )
        context.save_quarantine(tx)
        if unconfirmed:
            confirm(tx, context.store, CUSTOMER, [customer.id for customer in received])
        return sum(len(ids) for ids, _ in parts)

    return SliceWork("customers", ask, save_fetched)


def products_work(context: PollContext) -> SliceWork[tuple[Product, ...]]:
    """Walk all products."""

    def ask(piece: ImportRange) -> FetchedPart[tuple[Product, ...]]:
        return _fetched_part(products_pager(context).step(instant(piece.position)))

    def save_fetched(tx: Connection, parts: Sequence[tuple[Product, ...]]) -> int:
        received = tuple(product for some in parts for product in some)
        apply_products(tx, context, received)
        return len(received)

    return SliceWork("products", ask, save_fetched)


def orders_work(context: PollContext, part: str) -> SliceWork[tuple[Sequence[Order], OrderPage]]:
    """Walk a slice's orders by the date they were made; what is met is doubted no more."""
    unconfirmed = _any_unconfirmed(context, ORDER)

    def ask(piece: ImportRange) -> FetchedPart[tuple[Sequence[Order], OrderPage]]:
        try:
            step = _orders_pager(context, piece).step(instant(piece.position))
        except StoreError as error:
            if part != "drafts" or not is_unknown_status(error):
                raise
            return FetchedPart(((), OrderPage(())), UNSUPPORTED, last=True)
        found = _fetched_part(step)
        page = complete_page(context, step.rows, again=False)
        return FetchedPart((step.rows if unconfirmed else (), page), found.position, found.last)

    def save_fetched(tx: Connection, parts: Sequence[tuple[Sequence[Order], OrderPage]]) -> int:
        received = [order for some, _ in parts for order in some]
        histories = mistaken_statuses(tx, context.store, received) if unconfirmed else {}
        changed = sum(
            save_page(tx, context, page) for page in merge_pages([page for _, page in parts])
        )
        if unconfirmed:
            keep_histories(tx, context.store, histories)
            confirm(tx, context.store, ORDER, [order.id for order in received])
        return changed

    return SliceWork(part, ask, save_fetched)


def _any_unconfirmed(context: PollContext, kind: str) -> bool:
    # Once for all: a resync doubts before the census that it makes, and never during it.
    with context.db.reading() as tx:
        return any_doubted(tx, context.store, kind)


def _orders_pager(context: PollContext, piece: ImportRange) -> KeysetPager[Order]:
    status = {"orders": "any", "trash": "trash"}.get(piece.part) or DRAFT_STATUSES[piece.number]
    return KeysetPager(
        ask=partial(context.orders, status=status),
        by="date",
        stamp=lambda order: order.created,
        number=lambda order: order.id,
        zone=context.settings.zone,
        end=slice_end(piece),
    )


def _fetched_part(step: PagerStep[T]) -> FetchedPart[tuple[T, ...]]:
    return FetchedPart(step.rows, stamp(step.position), step.last)
