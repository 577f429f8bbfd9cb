"""A page of orders with what belongs to it: customers, dates of refunds, products. Asked, then kept.

Asking may be done by several threads. Keeping is one transaction, with whatever else must be true
together with it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import NamedTuple

from msgspec.structs import replace
from sqlalchemy import Connection

from wcflow.database.customers import emails_of_customers
from wcflow.database.mapping import ReadyOrder, ready
from wcflow.database.orders import compared
from wcflow.database.products import known_products, save_products
from wcflow.database.sql import instant, stamp
from wcflow.database.stores import save_slices, save_store, slices
from wcflow.database.tables import ImportRange
from wcflow.errors import StoreError
from wcflow.poll.context import KnownIds, PollContext
from wcflow.poll.customers import find_displaced, trim_meta
from wcflow.poll.ownership import apply_customers, apply_orders, drop_customers
from wcflow.poll.paginate import SECOND, KeysetPager, PagerStep, cursor_margin
from wcflow.poll.quarantine import save_or_quarantine
from wcflow.records import Customer, Order, Product

_MOST = 100


@dataclass(frozen=True, slots=True)
class OrderPage:
    """Orders that say something new, and what else is to be kept for them.

    ``gone`` are customers that are no more.
    """

    orders: tuple[Order | ReadyOrder, ...]
    customers: tuple[Customer, ...] = ()
    deleted: frozenset[int] = frozenset()
    products: tuple[Product, ...] = ()


def complete_page(context: PollContext, orders: Iterable[Order], *, again: bool) -> OrderPage:
    """Pick the orders that say something new, and ask for what belongs to them.

    With ``again``, their customers are asked for also where they are known: a customer's change
    has no stamp, an order is the time at which most of them happen, and one that lost its account
    may have lost it because the account was deleted.
    """
    changed, unchanged, accounts, known, products = _compare_with_database(context, orders)
    customers = _fetch_customers(context, accounts if again else accounts - known)
    present, displaced_ids = find_displaced(context, customers)
    dates = _refund_dates(context, changed)
    # An account that the shop does not have is nobody's: WooCommerce shows such an order as a guest's.
    nobody = accounts & context.absent_customers
    received = [*(_with_refund_dates(order, dates, nobody) for order in changed), *unchanged]
    return OrderPage(
        # Who asks makes the rows, not who keeps them: many ask, and what waits is small.
        orders=ready(context.store, received),
        customers=(*present, *customers),
        deleted=frozenset(nobody & known) | displaced_ids,
        products=_fetch_products(context, products),
    )


class _Comparison(NamedTuple):
    """What of a page is news, and what of that the mirror has; ``products`` are those that it lacks."""

    changed: list[Order]
    unchanged: list[Order]
    accounts: set[int]
    known: set[int]
    products: set[int]


def _compare_with_database(context: PollContext, orders: Iterable[Order]) -> _Comparison:
    if context.known is not None and not context.known.orders:
        return _all_changed(list(orders), context.known, context.absent_products)
    with context.db.reading() as tx:
        changed, unchanged, accounts = compared(tx, context.store, orders)
        known = set(emails_of_customers(tx, context.store, accounts))
        products = _product_ids(changed) - context.absent_products
        products -= known_products(tx, context.store, products)
    return _Comparison(changed, unchanged, accounts, known, products)


def _all_changed(orders: list[Order], known: KnownIds, absent: set[int]) -> _Comparison:
    """Take all for news, without a look at a mirror that had no orders: who keeps it looks."""
    accounts = {order.customer_id for order in orders} - {0}
    products = _product_ids(orders) - absent - known.products
    return _Comparison(orders, [], accounts, accounts & known.customers, products)


def save_page(tx: Connection, context: PollContext, page: OrderPage) -> int:
    """Keep a page, its orders last: whose they are depends on the customers. Tell how many are news."""
    settings = context.settings
    context.tally.deleted += drop_customers(tx, settings, page.deleted)
    context.tally.customers += save_or_quarantine(
        tx, context, page.customers, partial(apply_customers, tx, settings)
    )
    context.tally.products += save_or_quarantine(
        tx, context, page.products, lambda some: len(save_products(tx, context.store, some))
    )
    if context.known is not None:
        context.known.customers.difference_update(page.deleted)
        context.known.customers.update(each.id for each in page.customers)
        context.known.products.update(each.id for each in page.products)
    changed = save_or_quarantine(
        tx, context, page.orders, partial(apply_orders, tx, settings, known=context.known)
    )
    context.tally.orders += changed
    context.save_quarantine(tx)
    return changed


def merge_pages(pages: Sequence[OrderPage]) -> Sequence[OrderPage]:
    """Make one page of several, where what they say does not depend on which came first."""
    if any(page.deleted for page in pages):
        return pages  # whom one page has and another says to be gone, the later one decides
    return [
        OrderPage(
            orders=tuple(order for page in pages for order in page.orders),
            customers=tuple(each for page in pages for each in page.customers),
            products=tuple(each for page in pages for each in page.products),
        )
    ]


def _refund_dates(context: PollContext, orders: Collection[Order]) -> dict[int, datetime | None]:
    refunds = [refund for order in orders for refund in order.refunds]
    if not refunds:
        return {}
    known = context.known.refunds if context.known else {}
    received = context.refunds(orders)
    return {
        **{refund.id: known.get(refund.id) for refund in refunds},
        **{refund.id: refund.date for refund in received.values()},
    }


def _with_refund_dates(
    order: Order, dates: Mapping[int, datetime | None], nobody: Collection[int]
) -> Order:
    if not order.refunds and order.customer_id not in nobody:
        return order
    return replace(
        order,
        customer_id=0 if order.customer_id in nobody else order.customer_id,
        refunds=tuple(replace(r, date=r.date or dates.get(r.id)) for r in order.refunds),
    )


def _fetch_customers(context: PollContext, ids: Collection[int]) -> tuple[Customer, ...]:
    wanted = set(ids) - context.absent_customers
    if not wanted:
        return ()
    listing = context.customers(sorted(wanted))
    found = {customer.id: customer for customer in listing.rows}
    missing = wanted - set(found) - {row.id for row in listing.unreadable}
    for customer_id in sorted(missing):
        # That a list left somebody out is no proof: they are asked for by name.
        customer = context.customer(customer_id)
        if customer is None:
            context.absent_customers.add(customer_id)
        elif isinstance(customer, Customer):
            found[customer_id] = customer
    return tuple(trim_meta(customer, context.settings.meta_keys) for customer in found.values())


def _product_ids(orders: Iterable[Order]) -> set[int]:
    return {item.product_id for order in orders for item in order.items} - {0}


def _fetch_products(context: PollContext, ids: Collection[int]) -> tuple[Product, ...]:
    wanted = sorted(ids)
    if not wanted:
        return ()
    listing = context.products(include=wanted)
    context.absent_products.update(set(wanted) - {product.id for product in listing.rows})
    return listing.rows


# Which drafts the shop knows of: releases differ, and an unknown status spoils the whole question. What was learnt stands in the census's slices, one for each kind of draft.

DRAFT_STATUSES = ("checkout-draft", "auto-draft")
DRAFTS_PART = "drafts"
UNSUPPORTED = -1
"""The position of a slice whose status the shop refused."""

_BAD_REQUEST = 400


def known_drafts(context: PollContext) -> list[str]:
    """Give the kinds of draft that the shop did not refuse."""
    with context.db.reading() as tx:
        return [
            DRAFT_STATUSES[each.number]
            for each in slices(tx, context.store, DRAFTS_PART)
            if each.position != UNSUPPORTED
        ]


def detect_drafts(context: PollContext) -> None:
    """Ask the shop which kinds of draft it knows, as a newer release may know others."""
    with context.db.reading() as tx:
        found = slices(tx, context.store, DRAFTS_PART)
    learnt = [
        _with_support(each, knows=_is_supported(context, DRAFT_STATUSES[each.number]))
        for each in found
    ]
    with context.db.transaction() as tx:
        save_slices(tx, learnt)


def is_unknown_status(error: StoreError) -> bool:
    """Say whether the shop refused the question itself, which is then about a status it lacks."""
    return error.status == _BAD_REQUEST


def _with_support(known: ImportRange, *, knows: bool) -> ImportRange:
    position = max(known.position, 0) if knows else UNSUPPORTED
    return ImportRange(**{**known.model_dump(), "position": position})


def _is_supported(context: PollContext, status: str) -> bool:
    try:
        context.client.count_orders(status=status)
    except StoreError as error:
        if is_unknown_status(error):
            return False
        raise
    return True


# Orders that changed since the last poll: by key, page by page, each page a transaction. What stands in the trash or is a draft is no order for ``any``. It is asked for on its own, and first: only the walk through all others moves the cursor, which so passes nothing that was not read.

_CROWDED_SECOND = 3


def poll_orders(context: PollContext) -> datetime:
    """Bring the mirror's orders up to date; give until when nothing of the shop can be missing."""
    cursor = context.row().order_cursor
    assert cursor is not None, "the census notes the cursor before it starts"
    since = instant(cursor)
    hidden = _poll_hidden_orders(context, since)
    # Younger orders are read again until they are two minutes old: WooCommerce stamps an order
    # before it has saved its items. By the shop's own clock, as of the first answer.
    complete_until = hidden.server_now - cursor_margin(hidden.server_now, context.settings.zone)
    for step in orders_pager(context, "any").steps(since):
        reached = max(_next_cursor(step), _next_cursor(hidden)) if step.last else step.position
        _save_step(context, step, max(since, min(reached, complete_until)))
    return complete_until


def _next_cursor(step: PagerStep[Order]) -> datetime:
    """Give the newest stamp: the cursor goes no further, lest the Date header be ahead of stamps.

    So an idle poll reads the newest order again; but not a crowd that was stamped in one second.
    """
    crowd = sum(order.modified == step.position for order in step.rows)
    return step.position + SECOND if crowd > _CROWDED_SECOND else step.position


def _poll_hidden_orders(context: PollContext, since: datetime) -> PagerStep[Order]:
    """Read what is in the trash or a draft; give the last step, with the time of the first."""
    try:
        steps = list(_saved_steps(context, ",".join(["trash", *known_drafts(context)]), since))
    except StoreError as error:
        if not is_unknown_status(error):
            raise
        detect_drafts(context)
        steps = list(_saved_steps(context, ",".join(["trash", *known_drafts(context)]), since))
    last = steps[-1]
    return PagerStep(last.rows, last.position, last.last, steps[0].server_now, last.total)


def _saved_steps(context: PollContext, status: str, since: datetime) -> Iterator[PagerStep[Order]]:
    for step in orders_pager(context, status).steps(since):
        _save_step(context, step, None)
        yield step


def _save_step(context: PollContext, step: PagerStep[Order], cursor: datetime | None) -> None:
    page = complete_page(context, step.rows, again=True)
    with context.db.transaction() as tx:
        save_page(tx, context, page)
        if cursor is not None:
            save_store(tx, context.store, order_cursor=stamp(cursor))
    context.heartbeat()


def orders_pager(context: PollContext, status: str) -> KeysetPager[Order]:
    """Give the way through the orders with a status, by when they changed."""
    return KeysetPager(
        ask=partial(context.orders, status=status),
        by="modified",
        stamp=lambda order: order.modified,
        number=lambda order: order.id,
        zone=context.settings.zone,
    )
