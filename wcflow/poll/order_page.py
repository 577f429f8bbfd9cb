"""A page of orders with what belongs to it: customers, dates of refunds, products. Asked, then kept.

Asking may be done by several threads. Keeping is one transaction, with whatever else must be true
together with it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
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
from wcflow.poll.context import Known, PollContext
from wcflow.poll.customers import displaced, trimmed
from wcflow.poll.ownership import drop_customers, store_customers, store_orders
from wcflow.poll.quarantine import keep_singly
from wcflow.records import Customer, Order, Product

_MOST = 100


@dataclass(frozen=True, slots=True)
class Page:
    """Orders that say something new, and what else is to be kept for them.

    ``gone`` are customers that are no more.
    """

    orders: tuple[Order | ReadyOrder, ...]
    customers: tuple[Customer, ...] = ()
    gone: frozenset[int] = frozenset()
    products: tuple[Product, ...] = ()


def completed(visit: PollContext, orders: Iterable[Order], *, again: bool) -> Page:
    """Pick the orders that say something new, and ask for what belongs to them.

    With ``again``, their customers are asked for also where they are known: a customer's change
    has no stamp, an order is the time at which most of them happen, and one that lost its account
    may have lost it because the account was deleted.
    """
    news, echoes, accounts, known, products = _told(visit, orders)
    customers = _customers(visit, accounts if again else accounts - known)
    there, displaced_ones = displaced(visit, customers)
    dates = _dates_of_refunds(visit, news)
    # An account that the shop does not have is nobody's: WooCommerce shows such an order as a guest's.
    nobody = accounts & visit.absent_customers
    told = [*(_settled(order, dates, nobody) for order in news), *echoes]
    return Page(
        # Who asks makes the rows, not who keeps them: many ask, and what waits is small.
        orders=ready(visit.store, told),
        customers=(*there, *customers),
        gone=frozenset(nobody & known) | displaced_ones,
        products=_products(visit, products),
    )


class _Told(NamedTuple):
    """What of a page is news, and what of that the mirror has; ``products`` are those that it lacks."""

    news: list[Order]
    echoes: list[Order]
    accounts: set[int]
    known: set[int]
    products: set[int]


def _told(visit: PollContext, orders: Iterable[Order]) -> _Told:
    if visit.known is not None and not visit.known.orders:
        return _all_news(list(orders), visit.known, visit.absent_products)
    with visit.db.reading() as tx:
        news, echoes, accounts = compared(tx, visit.store, orders)
        known = set(emails_of_customers(tx, visit.store, accounts))
        products = _products_in(news) - visit.absent_products
        products -= known_products(tx, visit.store, products)
    return _Told(news, echoes, accounts, known, products)


def _all_news(orders: list[Order], known: Known, absent: set[int]) -> _Told:
    """Take all for news, without a look at a mirror that had no orders: who keeps it looks."""
    accounts = {order.customer_id for order in orders} - {0}
    products = _products_in(orders) - absent - known.products
    return _Told(orders, [], accounts, accounts & known.customers, products)


def keep(tx: Connection, visit: PollContext, page: Page) -> int:
    """Keep a page, its orders last: whose they are depends on the customers. Tell how many are news."""
    settings = visit.settings
    visit.tally.deleted += drop_customers(tx, settings, page.gone)
    visit.tally.customers += keep_singly(
        tx, visit, page.customers, partial(store_customers, tx, settings)
    )
    visit.tally.products += keep_singly(
        tx, visit, page.products, lambda some: len(save_products(tx, visit.store, some))
    )
    if visit.known is not None:
        visit.known.customers.difference_update(page.gone)
        visit.known.customers.update(each.id for each in page.customers)
        visit.known.products.update(each.id for each in page.products)
    news = keep_singly(
        tx, visit, page.orders, partial(store_orders, tx, settings, known=visit.known)
    )
    visit.tally.orders += news
    visit.keep_notes(tx)
    return news


def joined(pages: Sequence[Page]) -> Sequence[Page]:
    """Make one page of several, where what they say does not depend on which came first."""
    if any(page.gone for page in pages):
        return pages  # whom one page has and another says to be gone, the later one decides
    return [
        Page(
            orders=tuple(order for page in pages for order in page.orders),
            customers=tuple(each for page in pages for each in page.customers),
            products=tuple(each for page in pages for each in page.products),
        )
    ]


def _dates_of_refunds(visit: PollContext, orders: Collection[Order]) -> dict[int, datetime | None]:
    refunds = [refund for order in orders for refund in order.refunds]
    if not refunds:
        return {}
    known = visit.known.refunds if visit.known else {}
    told = visit.refunds(orders)
    return {
        **{refund.id: known.get(refund.id) for refund in refunds},
        **{refund.id: refund.date for refund in told.values()},
    }


def _settled(order: Order, dates: Mapping[int, datetime | None], nobody: Collection[int]) -> Order:
    if not order.refunds and order.customer_id not in nobody:
        return order
    return replace(
        order,
        customer_id=0 if order.customer_id in nobody else order.customer_id,
        refunds=tuple(replace(r, date=r.date or dates.get(r.id)) for r in order.refunds),
    )


def _customers(visit: PollContext, ids: Collection[int]) -> tuple[Customer, ...]:
    wanted = set(ids) - visit.absent_customers
    if not wanted:
        return ()
    listing = visit.customers(sorted(wanted))
    found = {customer.id: customer for customer in listing.rows}
    missing = wanted - set(found) - {row.id for row in listing.unreadable}
    for customer_id in sorted(missing):
        # That a list left somebody out is no proof: they are asked for by name.
        customer = visit.customer(customer_id)
        if customer is None:
            visit.absent_customers.add(customer_id)
        elif isinstance(customer, Customer):
            found[customer_id] = customer
    return tuple(trimmed(customer, visit.settings.meta_keys) for customer in found.values())


def _products_in(orders: Iterable[Order]) -> set[int]:
    return {item.product_id for order in orders for item in order.items} - {0}


def _products(visit: PollContext, ids: Collection[int]) -> tuple[Product, ...]:
    wanted = sorted(ids)
    if not wanted:
        return ()
    listing = visit.products(include=wanted)
    visit.absent_products.update(set(wanted) - {product.id for product in listing.rows})
    return listing.rows
