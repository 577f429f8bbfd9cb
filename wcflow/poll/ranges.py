"""The parts of an initial sync: how each is cut into ranges, requested and saved."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from itertools import pairwise

from sqlalchemy import Connection

from wcflow.database.sql import instant, stamp
from wcflow.database.tables import ImportRange
from wcflow.database.unconfirmed import (
    CUSTOMER,
    ORDER,
    confirm,
    find_wrong_statuses,
    has_unconfirmed,
    restore_histories,
)
from wcflow.errors import StoreError
from wcflow.poll.context import PollContext
from wcflow.poll.customers import HUNDRED, save_customers, trimmed
from wcflow.poll.orders import (
    DRAFT_STATUSES,
    UNSUPPORTED,
    OrderPage,
    complete_page,
    is_unknown_status,
    merge_pages,
    orders_pager,
)
from wcflow.poll.orders import save_page as save_order_page
from wcflow.poll.paginate import EXCLUDED, Crowd, KeysetPager
from wcflow.poll.products import EARLIEST, apply_products, products_pager
from wcflow.poll.workers import FetchedPart, SliceWork
from wcflow.records import Customer, Order, Product

_NO_END = 2**40
"""The end of a range that has none: orders can be dated in the future."""
_ORDER_RANGES, _ORDERS_OF_RANGE = 32, 200
_CUSTOMER_RANGES, _CUSTOMERS_OF_RANGE = 8, 1000

UNDATED_PART = "undated"
_BY_EXCLUSION, _BY_CHANGE = 0, 1
ORDER_PARTS = ("orders", UNDATED_PART, "trash", "drafts")


def order_slices(store: str, oldest: int, newest: int, total: int) -> list[ImportRange]:
    """Cut the time in which orders were created into equal ranges; the last one has no end."""
    count = max(1, min(_ORDER_RANGES, total // _ORDERS_OF_RANGE))
    edges = [oldest + (newest - oldest) * number // count for number in range(count)]
    ends = [*(edge - 1 for edge in edges[1:]), _NO_END]
    return [
        ImportRange(store=store, resource="orders", number=number, position=edge, end=end)
        for number, (edge, end) in enumerate(zip(edges, ends, strict=True))
    ]


def customer_slices(store: str, newest: int) -> list[ImportRange]:
    """Cut the ids up to the newest into ranges; the position is the last id that was read."""
    count = max(1, min(_CUSTOMER_RANGES, newest // _CUSTOMERS_OF_RANGE))
    edges = [newest * number // count for number in range(count + 1)]
    return [
        ImportRange(store=store, resource="customers", number=number, position=start, end=end)
        for number, (start, end) in enumerate(pairwise(edges))
    ]


def whole_slice(store: str, part: str, number: int = 0) -> ImportRange:
    """Return a range for all of a part."""
    return ImportRange(
        store=store, resource=part, number=number, position=stamp(EARLIEST), end=_NO_END
    )


def slice_end(part: ImportRange) -> datetime | None:
    """Return the last second of a time range, or None if it has no end."""
    return None if part.end == _NO_END else instant(part.end)


def customers_work(context: PollContext) -> SliceWork[tuple[range, list[Customer]]]:
    """Read customers by id, a hundred consecutive ids at a time."""
    resync = _is_resync(context, CUSTOMER)

    def request(part: ImportRange) -> FetchedPart[tuple[range, list[Customer]]]:
        last = min(part.position + HUNDRED, part.end)
        ids = range(part.position + 1, last + 1)
        found = trimmed(context, context.customers(ids, any_role=True).rows) if ids else []
        return FetchedPart((ids, found), last, last >= part.end)

    def save(tx: Connection, batch: Sequence[tuple[range, list[Customer]]]) -> int:
        customers = [customer for _, some in batch for customer in some]
        save_customers(tx, context, customers)
        context.save_quarantine(tx)
        if resync:
            confirm(tx, context.store, CUSTOMER, [customer.id for customer in customers])
        return sum(len(ids) for ids, _ in batch)

    return SliceWork("customers", request, save)


def products_work(context: PollContext) -> SliceWork[tuple[Product, ...]]:
    """Read all products."""

    def request(part: ImportRange) -> FetchedPart[tuple[Product, ...]]:
        crowd = Crowd(part.crowd_position, part.crowd_last_id) if part.crowd_position else None
        step = products_pager(context).step(instant(part.position), crowd)
        return FetchedPart(step.rows, stamp(step.position), step.last, step.crowd)

    def save(tx: Connection, batch: Sequence[tuple[Product, ...]]) -> int:
        products = tuple(product for some in batch for product in some)
        apply_products(tx, context, products)
        return len(products)

    return SliceWork("products", request, save)


def undated_slice(store: str, count: int) -> ImportRange:
    """Return the range for orders without a creation date, which no time range contains.

    Many of them are found by reading all orders by their last change.
    """
    return whole_slice(store, UNDATED_PART, _BY_EXCLUSION if count < EXCLUDED else _BY_CHANGE)


def orders_work(
    context: PollContext, part_name: str
) -> SliceWork[tuple[Sequence[Order], OrderPage]]:
    """Read orders by the time they were created; a resync confirms those it finds."""
    resync = _is_resync(context, ORDER)
    excluded = set[int]()

    def request(part: ImportRange) -> FetchedPart[tuple[Sequence[Order], OrderPage]]:
        if part_name == UNDATED_PART and part.number == _BY_EXCLUSION:
            orders, last = _fetch_undated(context, excluded)
            page = complete_page(context, orders, refetch_customers=False)
            return FetchedPart((orders if resync else (), page), part.position, last)
        try:
            crowd = Crowd(part.crowd_position, part.crowd_last_id) if part.crowd_position else None
            step = _pager(context, part).step(instant(part.position), crowd)
        except StoreError as error:
            if part_name != "drafts" or not is_unknown_status(error):
                raise
            return FetchedPart(((), OrderPage(())), UNSUPPORTED, last=True)
        rows = step.rows if part_name != UNDATED_PART else [o for o in step.rows if o.undated]
        page = complete_page(context, rows, refetch_customers=False)
        fetched = (rows if resync else (), page)
        return FetchedPart(fetched, stamp(step.position), step.last, step.crowd)

    def save(tx: Connection, batch: Sequence[tuple[Sequence[Order], OrderPage]]) -> int:
        orders = [order for some, _ in batch for order in some]
        histories = find_wrong_statuses(tx, context.store, orders) if resync else {}
        changed = sum(
            save_order_page(tx, context, page) for page in merge_pages([page for _, page in batch])
        )
        if resync:
            restore_histories(tx, context.store, histories)
            confirm(tx, context.store, ORDER, [order.id for order in orders])
        return changed

    return SliceWork(part_name, request, save)


def _fetch_undated(context: PollContext, excluded: set[int]) -> tuple[tuple[Order, ...], bool]:
    """Return undated orders that are not excluded yet, and whether these were the last ones.

    The store sorts them before all others, but in any order among themselves.
    """
    listing = context.orders(status="any", orderby="date", order="asc", exclude=sorted(excluded))
    undated = tuple(order for order in listing.rows if order.undated)
    new = {order.id for order in undated} | {row.id for row in listing.unreadable} - {0}
    dated, known = len(undated) < len(listing.rows), new <= excluded
    excluded |= new
    return undated, dated or known or not listing.full


def _is_resync(context: PollContext, kind: str) -> bool:
    # Once per part is enough: a resync marks its records before the pass, never during it.
    with context.db.reading() as tx:
        return has_unconfirmed(tx, context.store, kind)


def _pager(context: PollContext, part: ImportRange) -> KeysetPager[Order]:
    if part.resource == UNDATED_PART:
        return orders_pager(context, "any")
    status = {"orders": "any", "trash": "trash"}.get(part.resource) or DRAFT_STATUSES[part.number]
    return KeysetPager(
        ask=partial(context.orders, status=status),
        by="date",
        stamp=lambda order: order.created,
        number=lambda order: order.id,
        zone=context.zone,
        end=slice_end(part),
    )
