"""How much, how often and how a person buys. Everything comes from their orders, counted anew.

Amounts are in the store's currency; an order in a currency without a rate counts, and its amount
does not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import timedelta
from decimal import Decimal
from itertools import pairwise
from statistics import median

from wcflow.profile import in_store_currency, order_date, refund_date
from wcflow.records import Order, Refund
from wcflow.rules.attributes.finding import (
    each_once,
    ids,
    is_paid_status,
    leaves,
    leaving,
    most_used,
    shown_orders,
    since,
    within,
)
from wcflow.rules.attributes.registry import Ageing, Family, Found, Kind
from wcflow.rules.context import Context
from wcflow.units import Duration, local_day, start_of_day

BUYING = Family("buying")


@BUYING.windowed(
    "orders_count",
    Kind.NUMBER,
    "How many paid orders they have.",
    "orders_count(365d) >= 3",
)
def _orders_count(scope: Context, window: Duration | None) -> Found:
    orders = within(scope, window, scope.paid)
    return Found(Decimal(len(orders)), ids(orders), leaving(scope, window, orders))


@BUYING.windowed(
    "total_spent",
    Kind.MONEY,
    "What their paid orders brought in, less refunds.",
    "total_spent >= 1000",
)
def _total_spent(scope: Context, window: Duration | None) -> Found:
    return _of_amounts(scope, window, lambda amounts: sum(amounts, Decimal()))


@BUYING.windowed(
    "average_order_value",
    Kind.MONEY,
    "What a paid order brought in on average, less refunds.",
    "average_order_value > 75",
)
def _average_order_value(scope: Context, window: Duration | None) -> Found:
    return _of_amounts(
        scope, window, lambda amounts: sum(amounts, Decimal()) / len(amounts) if amounts else None
    )


@BUYING.windowed(
    "largest_order",
    Kind.MONEY,
    "What their largest paid order brought in, less refunds.",
    "largest_order >= 250",
)
def _largest_order(scope: Context, window: Duration | None) -> Found:
    return _of_amounts(scope, window, lambda amounts: max(amounts, default=None))


def _of_amounts(
    scope: Context, window: Duration | None, answer: Callable[[list[Decimal]], Decimal | None]
) -> Found:
    start, amounts = since(scope, window), scope.amounts
    if start is not None:
        amounts = tuple([each for each in amounts if order_date(each[0]) >= start])
    return Found(
        answer([amount for _, amount in amounts if amount is not None]),
        tuple([order.id for order, amount in amounts if amount is not None]),
        leaving(scope, window, [order for order, _ in amounts]) if window else None,
    )


@BUYING.windowed(
    "items_count",
    Kind.NUMBER,
    "How many pieces they bought in paid orders.",
    "items_count >= 20",
)
def _items_count(scope: Context, window: Duration | None) -> Found:
    orders = within(scope, window, scope.paid)
    pieces = sum(item.quantity for order in orders for item in order.items)
    return Found(Decimal(pieces), ids(orders), leaving(scope, window, orders))


@BUYING.plain(
    "first_order_date",
    Kind.DATE,
    "The date of their first paid order.",
    "first_order_date < 2025-01-01",
)
def _first_order_date(scope: Context) -> Found:
    return _date_of(scope.paid[:1])


@BUYING.plain(
    "last_order_date",
    Kind.DATE,
    "The date of their last paid order.",
    "last_order_date < -90d",
)
def _last_order_date(scope: Context) -> Found:
    return _date_of(scope.paid[-1:])


def _date_of(orders: tuple[Order, ...]) -> Found:
    return Found(order_date(orders[0]), ids(orders)) if orders else Found(None)


@BUYING.plain(
    "order_gap",
    Kind.NUMBER,
    "Their usual days between two orders (median; while they have fewer than two, the store's).",
    "order_gap <= 30",
)
def _order_gap(scope: Context) -> Found:
    days = sorted({local_day(order_date(order), scope.shop.zone) for order in scope.paid})
    gaps = [(later - earlier).days for earlier, later in pairwise(days)]
    if gaps:
        return Found(Decimal(str(median(gaps))), ids(scope.paid))
    return Found(scope.shop.order_gap)


@BUYING.plain(
    "overdue",
    Kind.NUMBER,
    "The days since their last paid order as a multiple of their usual gap (order_gap).",
    "overdue > 1.5",
)
def _overdue(scope: Context) -> Found:
    gap = _order_gap(scope).value
    if not scope.paid or not isinstance(gap, Decimal) or gap <= 0:
        return Found(None)
    zone = scope.shop.zone
    ageing = Ageing(local_day(order_date(scope.paid[-1]), zone), gap)
    return Found(
        ageing.on((scope.today - ageing.since).days),
        ids(scope.paid),
        start_of_day(scope.today + timedelta(days=1), zone),
        ageing,
    )


@BUYING.windowed(
    "refunded_total",
    Kind.MONEY,
    "How much was refunded to them.",
    "refunded_total(90d) > 100",
)
def _refunded_total(scope: Context, window: Duration | None) -> Found:
    refunds = _refunds(scope, window)
    amounts = [
        in_store_currency(refund.total, order.currency, scope.shop) for order, refund in refunds
    ]
    total = sum((amount for amount in amounts if amount is not None), Decimal())
    return _of_refunds(scope, window, refunds, total)


@BUYING.windowed(
    "refunds_count",
    Kind.NUMBER,
    "How many refunds they had, in part or in full.",
    "refunds_count(1y) >= 3",
)
def _refunds_count(scope: Context, window: Duration | None) -> Found:
    refunds = _refunds(scope, window)
    return _of_refunds(scope, window, refunds, Decimal(len(refunds)))


def _refunds(scope: Context, window: Duration | None) -> list[tuple[Order, Refund]]:
    start = since(scope, window)
    return [
        (order, refund)
        for order in shown_orders(scope)
        for refund in order.refunds
        if start is None or refund_date(refund, order) >= start
    ]


def _of_refunds(
    scope: Context, window: Duration | None, refunds: list[tuple[Order, Refund]], value: Decimal
) -> Found:
    dates = (refund_date(refund, order) for order, refund in refunds)
    orders = tuple(dict.fromkeys(order.id for order, _ in refunds))
    return Found(value, orders, leaves(scope, window, dates))


@BUYING.windowed(
    "refund_rate",
    Kind.NUMBER,
    "The share of what they paid that was refunded, from 0 to 1, whenever it was refunded.",
    "refund_rate > 0.3",
)
def _refund_rate(scope: Context, window: Duration | None) -> Found:
    return _share(
        scope,
        window,
        lambda order: sum(refund.total for refund in order.refunds),
        lambda order: order.total,
    )


@BUYING.windowed(
    "discount_share",
    Kind.NUMBER,
    "The share of the price that coupons took off, from 0 to 1.",
    "discount_share >= 0.2",
)
def _discount_share(scope: Context, window: Duration | None) -> Found:
    return _share(
        scope,
        window,
        lambda order: order.discount_total,
        lambda order: order.total + order.discount_total,
    )


def _share(
    scope: Context,
    window: Duration | None,
    part: Callable[[Order], int],
    whole: Callable[[Order], int],
) -> Found:
    """Divide sums over all orders that money came in for, also those refunded in full."""
    settled = [order for order in shown_orders(scope) if is_paid_status(order, scope.shop)]
    orders = within(scope, window, settled)
    parts, wholes = _sum(scope, orders, part), _sum(scope, orders, whole)
    share = parts / wholes if wholes > 0 else None
    return Found(share, ids(orders), leaving(scope, window, orders))


def _sum(scope: Context, orders: Iterable[Order], amount: Callable[[Order], int]) -> Decimal:
    amounts = (in_store_currency(amount(order), order.currency, scope.shop) for order in orders)
    return sum((each for each in amounts if each is not None), Decimal())


@BUYING.windowed(
    "cancelled_count",
    Kind.NUMBER,
    "How many of their orders are cancelled.",
    "cancelled_count(90d) >= 2",
)
def _cancelled_count(scope: Context, window: Duration | None) -> Found:
    return _of_status(scope, window, "cancelled")


@BUYING.windowed(
    "failed_count",
    Kind.NUMBER,
    "How many of their orders failed at payment.",
    "failed_count(7d) >= 3",
)
def _failed_count(scope: Context, window: Duration | None) -> Found:
    return _of_status(scope, window, "failed")


def _of_status(scope: Context, window: Duration | None, status: str) -> Found:
    having = [order for order in shown_orders(scope) if order.status == status]
    orders = within(scope, window, having)
    return Found(Decimal(len(orders)), ids(orders), leaving(scope, window, orders))


@BUYING.windowed(
    "coupons_used",
    Kind.LIST,
    "The codes of the coupons they used in paid orders.",
    "coupons_used contains 'summer10'",
)
def _coupons_used(scope: Context, window: Duration | None) -> Found:
    orders = [order for order in within(scope, window, scope.paid) if order.coupons]
    codes = each_once(code for order in orders for code in order.coupons)
    return Found(codes, ids(orders), leaving(scope, window, orders))


@BUYING.plain(
    "preferred_currency",
    Kind.TEXT,
    "The currency most of their paid orders are in.",
    "preferred_currency = 'EUR'",
)
def _preferred_currency(scope: Context) -> Found:
    return _usual(scope, lambda order: order.currency)


@BUYING.plain(
    "preferred_payment_method",
    Kind.TEXT,
    "The payment method of most of their paid orders, by WooCommerce's name for it.",
    "preferred_payment_method in ('bacs', 'cod')",
)
def _preferred_payment_method(scope: Context) -> Found:
    return _usual(scope, lambda order: order.payment_method)


def _usual(scope: Context, word: Callable[[Order], str]) -> Found:
    usual = most_used((word(order), 1) for order in scope.paid if word(order))
    return Found(usual, ids(order for order in scope.paid if usual and word(order) == usual))
