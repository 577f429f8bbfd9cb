"""Orders: read those that changed, page by page, with the customers, refunds and products they need.

A page is first completed (``complete``, requests only) and then saved (``save_page``, one
transaction together with the cursor). Several threads may complete pages during an initial sync.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import NamedTuple

from msgspec.structs import replace
from sqlalchemy import Connection

from wcflow.database.customers import load_customer_emails
from wcflow.database.mapping import PreparedOrder, prepare_orders
from wcflow.database.orders import compare_orders
from wcflow.database.products import find_known_products, save_products
from wcflow.database.sql import instant, stamp
from wcflow.database.stores import (
    add_crowded_second,
    load_ranges,
    save_crowded_second,
    save_ranges,
    save_store,
)
from wcflow.database.tables import CrowdedSecondRow, ImportRange
from wcflow.database.wrong_clock import repair_cursor
from wcflow.errors import StoreError
from wcflow.poll.context import KnownIds, PollContext
from wcflow.poll.customers import displaced, find_accounts_of_guests, save_customers, trimmed
from wcflow.poll.ownership import apply_orders, drop_customers
from wcflow.poll.paginate import SECOND, Crowd, KeysetPager, PagerStep, cursor_margin
from wcflow.poll.products import EARLIEST
from wcflow.poll.quarantine import save_or_quarantine
from wcflow.records import Customer, Order, Product

DRAFT_STATUSES = ("checkout-draft", "auto-draft")
DRAFTS_PART = "drafts"
UNSUPPORTED = -1
"""The position of an import range whose status the store does not have."""

_BAD_REQUEST = 400
_CROWD = 3


def poll_orders(context: PollContext) -> datetime:
    """Read the orders that changed; return the time up to which the database is complete_page.

    The status ``any`` leaves out the trash and drafts. They are read first, because only the pass
    through all other orders moves the cursor.
    """
    cursor = context.row().order_cursor
    assert cursor is not None, "the initial sync sets the cursor before it starts"
    since = instant(cursor)
    hidden = _poll_hidden(context, since)
    if since > hidden.server_now:
        since = _repair_cursor(context, hidden.server_now)
        hidden = _poll_hidden(context, since)
    # By the store's own clock at the first answer.
    settled = hidden.server_now - cursor_margin(hidden.server_now, context.zone)
    for step in _steps_past_crowds(context, "any", since):
        reached = max(_reached(step), _reached(hidden)) if step.last else step.position
        save_step(context, step, max(since, min(reached, settled)))
    return settled


def _repair_cursor(context: PollContext, server_now: datetime) -> datetime:
    """Return where to read on after the store's clock was set back."""
    with context.db.transaction() as tx:
        last = repair_cursor(tx, context.store, server_now)
    return last - cursor_margin(server_now, context.zone)


def _steps_past_crowds(
    context: PollContext, status: str, since: datetime
) -> Iterator[PagerStep[Order]]:
    """Read what changed, but only the beginning of very crowded seconds: ``crowds`` reads the rest.

    A mass change must not keep newer orders waiting.
    """
    pager, position = orders_pager(context, status), since
    while True:
        step = pager.step(position)
        if step.crowd is not None:
            _save_crowd(context, status, step, step.crowd)
            step = dataclasses.replace(step, position=pager.after(position), crowd=None)
        yield step
        if step.last:
            return
        position = step.position


def _save_crowd(context: PollContext, status: str, step: PagerStep[Order], crowd: Crowd) -> None:
    """Save that the rest of a second is to be read, before the cursor passes it."""
    row = CrowdedSecondRow(
        store=context.store,
        status=status,
        second=stamp(step.position),
        started=stamp(step.server_now),
        position=crowd.offset,
        last_id=crowd.last_id,
    )
    with context.db.transaction() as tx:
        add_crowded_second(tx, row)


def _reached(step: PagerStep[Order]) -> datetime:
    """Return the newest stamp: the Date header can be ahead of the stamps.

    So an idle poll reads the newest order again, but not many orders with the same stamp.
    """
    same = sum(order.modified == step.position for order in step.rows)
    return step.position + SECOND if same > _CROWD else step.position


def _poll_hidden(context: PollContext, since: datetime) -> PagerStep[Order]:
    """Read the trash and the drafts; return the last step with the server time of the first."""
    try:
        steps = list(_saved_steps(context, since))
    except StoreError as error:
        if not is_unknown_status(error):
            raise
        detect_drafts(context)
        steps = list(_saved_steps(context, since))
    last = steps[-1]
    return PagerStep(last.rows, last.position, last.last, steps[0].server_now, last.total)


def _saved_steps(context: PollContext, since: datetime) -> Iterator[PagerStep[Order]]:
    for step in _steps_past_crowds(context, hidden_statuses(context), since):
        save_step(context, step, None)
        yield step


def save_step(
    context: PollContext,
    step: PagerStep[Order],
    cursor: datetime | None,
    crowd: CrowdedSecondRow | None = None,
) -> None:
    """Save a page and what belongs to it, together with the cursor or the place in a crowd."""
    page = complete_page(context, step.rows, refetch_customers=True)
    with context.db.transaction() as tx:
        save_page(tx, context, page)
        if cursor is not None:
            save_store(tx, context.store, order_cursor=stamp(cursor))
        if crowd is not None:
            save_crowded_second(tx, crowd)
    context.checkpoint()


def orders_pager(context: PollContext, status: str) -> KeysetPager[Order]:
    """Return a pager through the orders with a status, by their last change."""
    return KeysetPager(
        ask=partial(context.orders, status=status),
        by="modified",
        stamp=lambda order: order.modified,
        number=lambda order: order.id,
        zone=context.zone,
    )


def read_child_orders(context: PollContext) -> None:
    """Read the orders that were split from others, once, in a database that does not know them."""
    if context.row().child_orders_read:
        return
    pager = KeysetPager(
        ask=partial(context.orders, status="any", parent_exclude=(0,)),
        by="date",
        stamp=lambda order: order.created,
        number=lambda order: order.id,
        zone=context.zone,
    )
    for step in pager.steps(EARLIEST):
        save_step(context, step, None)
    with context.db.transaction() as tx:
        save_store(tx, context.store, child_orders_read=True)


# Draft statuses: WooCommerce releases differ, and one unknown status makes a request fail. What
# the store has is saved in the import ranges, one for each kind of draft.


def hidden_statuses(context: PollContext) -> str:
    """Return the statuses that ``any`` may leave out, as a request parameter."""
    with context.db.reading() as tx:
        ranges = load_ranges(tx, context.store, DRAFTS_PART)
    return ",".join(
        ["trash", *(DRAFT_STATUSES[r.number] for r in ranges if r.position != UNSUPPORTED)]
    )


def detect_drafts(context: PollContext) -> None:
    """Find out which kinds of draft the store has: an update can change that."""
    with context.db.reading() as tx:
        ranges = load_ranges(tx, context.store, DRAFTS_PART)
    updated = [
        _with_status(each, known=_has_status(context, DRAFT_STATUSES[each.number]))
        for each in ranges
    ]
    with context.db.transaction() as tx:
        save_ranges(tx, updated)


def is_unknown_status(error: StoreError) -> bool:
    """Return whether the store rejected the request because it does not have the status."""
    return error.status == _BAD_REQUEST


def _with_status(part: ImportRange, *, known: bool) -> ImportRange:
    position = max(part.position, 0) if known else UNSUPPORTED
    return ImportRange(**{**part.model_dump(), "position": position})


def _has_status(context: PollContext, status: str) -> bool:
    try:
        context.client.count_orders(status=status)
    except StoreError as error:
        if is_unknown_status(error):
            return False
        raise
    return True


# A page of orders


@dataclass(frozen=True, slots=True)
class OrderPage:
    """Orders that changed, and what is saved together with them; ``gone`` are deleted customers."""

    orders: tuple[Order | PreparedOrder, ...]
    customers: tuple[Customer, ...] = ()
    gone: frozenset[int] = frozenset()
    products: tuple[Product, ...] = ()


def complete_page(
    context: PollContext, orders: Iterable[Order], *, refetch_customers: bool
) -> OrderPage:
    """Pick the orders that changed, and request what belongs to them.

    With ``refetch_customers`` known customers are read again too: their changes have no stamp and
    mostly come with an order, and an order can lose its account because the account was deleted.
    """
    changed, unchanged, accounts, known, products = _compare(context, orders)
    customers = _read_customers(context, accounts if refetch_customers else accounts - known)
    if refetch_customers:
        customers += find_accounts_of_guests(context, changed, customers)
    others, displaced_ids = displaced(context, customers)
    dates = _read_refund_dates(context, changed)
    # WooCommerce shows an order of a deleted account as a guest's.
    absent = accounts & context.absent_customers
    rows = [*(_with_dates(order, dates, absent) for order in changed), *unchanged]
    return OrderPage(
        # Rows are built here, in the threads, because saving is the bottleneck.
        orders=prepare_orders(context.store, rows),
        customers=(*others, *customers),
        gone=frozenset(absent & known) | displaced_ids,
        products=_read_products(context, products),
    )


def save_page(tx: Connection, context: PollContext, page: OrderPage) -> int:
    """Save a page, its orders last because their people depend on the customers.

    Return how many orders changed.
    """
    context.tally.deleted += drop_customers(tx, context.settings, page.gone)
    save_customers(tx, context, page.customers)
    context.tally.products += save_or_quarantine(
        tx,
        context.quarantine,
        page.products,
        lambda some: len(save_products(tx, context.store, some)),
    )
    if context.known is not None:
        context.known.customers.difference_update(page.gone)
        context.known.customers.update(each.id for each in page.customers)
        context.known.products.update(each.id for each in page.products)
    save = partial(apply_orders, tx, context.settings, known=context.known)
    changed = save_or_quarantine(tx, context.quarantine, page.orders, save)
    context.tally.orders += changed
    context.save_quarantine(tx)
    return changed


def merge_pages(pages: Sequence[OrderPage]) -> Sequence[OrderPage]:
    """Merge pages into one, unless their order matters."""
    if any(page.gone for page in pages):
        return pages  # one page may have a customer that a later one reports as deleted
    return [
        OrderPage(
            orders=tuple(order for page in pages for order in page.orders),
            customers=tuple(each for page in pages for each in page.customers),
            products=tuple(each for page in pages for each in page.products),
        )
    ]


class _Compared(NamedTuple):
    """Orders that changed or not, their accounts, those known, and the products that are missing."""

    changed: list[Order]
    unchanged: list[Order]
    accounts: set[int]
    known: set[int]
    products: set[int]


def _compare(context: PollContext, orders: Iterable[Order]) -> _Compared:
    if context.known is not None and not context.known.had_orders:
        return _all_new(list(orders), context.known, context.absent_products)
    with context.db.reading() as tx:
        changed, unchanged, accounts = compare_orders(tx, context.store, orders)
        known = set(load_customer_emails(tx, context.store, accounts))
        products = _products_in(changed) - context.absent_products
        products -= find_known_products(tx, context.store, products)
    return _Compared(changed, unchanged, accounts, known, products)


def _all_new(orders: list[Order], known: KnownIds, absent: set[int]) -> _Compared:
    """Treat all orders as new if the database had none; saving compares them anyway."""
    accounts = {order.customer_id for order in orders} - {0}
    products = _products_in(orders) - absent - known.products
    return _Compared(orders, [], accounts, accounts & known.customers, products)


def _read_refund_dates(
    context: PollContext, orders: Collection[Order]
) -> dict[int, datetime | None]:
    refunds = [refund for order in orders for refund in order.refunds]
    if not refunds:
        return {}
    known = context.known.refunds if context.known else {}
    found = context.refunds(orders)
    return {
        **{refund.id: known.get(refund.id) for refund in refunds},
        **{refund.id: refund.date for refund in found.values()},
    }


def _with_dates(
    order: Order, dates: Mapping[int, datetime | None], absent: Collection[int]
) -> Order:
    if not order.refunds and order.customer_id not in absent:
        return order
    return replace(
        order,
        customer_id=0 if order.customer_id in absent else order.customer_id,
        refunds=tuple(replace(r, date=r.date or dates.get(r.id)) for r in order.refunds),
    )


def _read_customers(context: PollContext, ids: Collection[int]) -> list[Customer]:
    wanted = set(ids) - context.absent_customers
    if not wanted:
        return []
    listing = context.customers(sorted(wanted))
    found = list(listing.rows)
    missing = wanted - {each.id for each in found} - {row.id for row in listing.unreadable}
    for customer_id in sorted(missing):
        # A list can leave customers out, so each missing one is requested by id.
        customer = context.customer(customer_id)
        if customer is None:
            context.absent_customers.add(customer_id)
        elif isinstance(customer, Customer):
            found.append(customer)
    return trimmed(context, found)


def _products_in(orders: Iterable[Order]) -> set[int]:
    return {item.product_id for order in orders for item in order.items} - {0}


def _read_products(context: PollContext, ids: Collection[int]) -> tuple[Product, ...]:
    if not ids:
        return ()
    listing = context.products(include=sorted(ids))
    context.absent_products.update(set(ids) - {product.id for product in listing.rows})
    return listing.rows
