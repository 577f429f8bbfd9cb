"""Attributes of purchases: counts, amounts, dates and rates, computed from the orders each time.

Amounts are in the store's currency. An order in a currency without a rate is counted, but its
amount is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import timedelta
from decimal import Decimal
from itertools import pairwise
from statistics import median

from wcflow.profile import (
    in_store_currency,
    money_refunds,
    net_sales,
    order_date,
    order_total,
    refund_date,
)
from wcflow.records import Order, Refund
from wcflow.rules.attributes.lookup import (
    counted_orders,
    most_common,
    order_ids,
    orders_in_window,
    start_of_window,
    unique,
    was_paid,
    when_first_leaves,
    when_orders_leave,
)
from wcflow.rules.attributes.registry import AttributeValue, Family, Growth, Kind
from wcflow.rules.context import Context
from wcflow.units import Duration, local_day, start_of_day

PURCHASES = Family("purchases")


@PURCHASES.windowed(
    "orders_count",
    Kind.NUMBER,
    "How many paid orders they have.",
    "orders_count(365d) >= 3",
)
def _orders_count(context: Context, window: Duration | None) -> AttributeValue:
    orders = orders_in_window(context, window, context.paid)
    return AttributeValue(
        Decimal(len(orders)), order_ids(orders), when_orders_leave(context, window, orders)
    )


@PURCHASES.windowed(
    "total_spent",
    Kind.MONEY,
    "The total of their paid orders with tax and shipping, minus refunds.",
    "total_spent >= 1000",
)
def _total_spent(context: Context, window: Duration | None) -> AttributeValue:
    return _from_amounts(context, window, lambda amounts: sum(amounts, Decimal()))


@PURCHASES.windowed(
    "average_order_value",
    Kind.MONEY,
    "The average total of their paid orders, minus refunds.",
    "average_order_value > 75",
)
def _average_order_value(context: Context, window: Duration | None) -> AttributeValue:
    return _from_amounts(
        context, window, lambda amounts: sum(amounts, Decimal()) / len(amounts) if amounts else None
    )


@PURCHASES.windowed(
    "largest_order",
    Kind.MONEY,
    "The total of their largest paid order, minus refunds.",
    "largest_order >= 250",
)
def _largest_order(context: Context, window: Duration | None) -> AttributeValue:
    return _from_amounts(context, window, lambda amounts: max(amounts, default=None))


def _from_amounts(
    context: Context, window: Duration | None, answer: Callable[[list[Decimal]], Decimal | None]
) -> AttributeValue:
    start, amounts = start_of_window(context, window), context.amounts
    if start is not None:
        amounts = tuple([each for each in amounts if order_date(each[0]) >= start])
    return AttributeValue(
        answer([amount for _, amount in amounts if amount is not None]),
        tuple([order.id for order, amount in amounts if amount is not None]),
        when_orders_leave(context, window, [order for order, _ in amounts]) if window else None,
    )


@PURCHASES.windowed(
    "net_sales",
    Kind.MONEY,
    "What the items of their paid orders cost, without tax and shipping, minus refunds.",
    "net_sales(365d) >= 500",
)
def _net_sales(context: Context, window: Duration | None) -> AttributeValue:
    return _from_net_sales(context, window, lambda amounts: sum(amounts, Decimal()))


@PURCHASES.windowed(
    "average_net_sales",
    Kind.MONEY,
    "The average of their paid orders without tax and shipping, minus refunds.",
    "average_net_sales > 60",
)
def _average_net_sales(context: Context, window: Duration | None) -> AttributeValue:
    return _from_net_sales(
        context, window, lambda amounts: sum(amounts, Decimal()) / len(amounts) if amounts else None
    )


def _from_net_sales(
    context: Context, window: Duration | None, answer: Callable[[list[Decimal]], Decimal | None]
) -> AttributeValue:
    orders = orders_in_window(context, window, context.paid)
    known = [
        (order, amount)
        for order in orders
        if (amount := net_sales(order, context.store)) is not None
    ]
    return AttributeValue(
        answer([amount for _, amount in known]),
        order_ids(order for order, _ in known),
        when_orders_leave(context, window, orders),
    )


@PURCHASES.windowed(
    "items_count",
    Kind.NUMBER,
    "How many items they bought in paid orders.",
    "items_count >= 20",
)
def _items_count(context: Context, window: Duration | None) -> AttributeValue:
    orders = orders_in_window(context, window, context.paid)
    pieces = sum(item.quantity for order in orders for item in order.items)
    return AttributeValue(
        Decimal(pieces), order_ids(orders), when_orders_leave(context, window, orders)
    )


@PURCHASES.plain(
    "first_order_date",
    Kind.DATE,
    "The date of their first paid order.",
    "first_order_date < 2025-01-01",
)
def _first_order_date(context: Context) -> AttributeValue:
    return _order_date_value(context.paid[:1])


@PURCHASES.plain(
    "last_order_date",
    Kind.DATE,
    "The date of their last paid order.",
    "last_order_date < -90d",
)
def _last_order_date(context: Context) -> AttributeValue:
    return _order_date_value(context.paid[-1:])


def _order_date_value(orders: tuple[Order, ...]) -> AttributeValue:
    return (
        AttributeValue(order_date(orders[0]), order_ids(orders)) if orders else AttributeValue(None)
    )


@PURCHASES.plain(
    "order_gap",
    Kind.NUMBER,
    "The median number of days between their paid orders; the store's median until they have two.",
    "order_gap <= 30",
)
def _order_gap(context: Context) -> AttributeValue:
    days = sorted({local_day(order_date(order), context.store.zone) for order in context.paid})
    gaps = [(later - earlier).days for earlier, later in pairwise(days)]
    if gaps:
        return AttributeValue(Decimal(str(median(gaps))), order_ids(context.paid))
    return AttributeValue(context.store.order_gap)


@PURCHASES.plain(
    "overdue",
    Kind.NUMBER,
    "The days since their last paid order, divided by their order_gap.",
    "overdue > 1.5",
)
def _overdue(context: Context) -> AttributeValue:
    gap = _order_gap(context).value
    if not context.paid or not isinstance(gap, Decimal) or gap <= 0:
        return AttributeValue(None)
    zone = context.store.zone
    growth = Growth(local_day(order_date(context.paid[-1]), zone), gap)
    return AttributeValue(
        growth.on((context.today - growth.since).days),
        order_ids(context.paid),
        start_of_day(context.today + timedelta(days=1), zone),
        growth,
    )


@PURCHASES.windowed(
    "refunded_total",
    Kind.MONEY,
    "How much was refunded to them.",
    "refunded_total(90d) > 100",
)
def _refunded_total(context: Context, window: Duration | None) -> AttributeValue:
    refunds = _refunds(context, window)
    amounts = [in_store_currency(refund.total, order, context.store) for order, refund in refunds]
    total = sum((amount for amount in amounts if amount is not None), Decimal())
    return _from_refunds(context, window, refunds, total)


@PURCHASES.windowed(
    "refunds_count",
    Kind.NUMBER,
    "How many refunds they received, partial or full.",
    "refunds_count(1y) >= 3",
)
def _refunds_count(context: Context, window: Duration | None) -> AttributeValue:
    refunds = _refunds(context, window)
    return _from_refunds(context, window, refunds, Decimal(len(refunds)))


def _refunds(context: Context, window: Duration | None) -> list[tuple[Order, Refund]]:
    start = start_of_window(context, window)
    return [
        (order, refund)
        for order in counted_orders(context)
        for refund in money_refunds(order)
        if start is None or refund_date(refund, order) >= start
    ]


def _from_refunds(
    context: Context, window: Duration | None, refunds: list[tuple[Order, Refund]], value: Decimal
) -> AttributeValue:
    dates = (refund_date(refund, order) for order, refund in refunds)
    orders = tuple(dict.fromkeys(order.id for order, _ in refunds))
    return AttributeValue(value, orders, when_first_leaves(context, window, dates))


@PURCHASES.windowed(
    "refund_rate",
    Kind.NUMBER,
    "The refunded share of what they paid, from 0 to 1. A window goes by the order date.",
    "refund_rate > 0.3",
)
def _refund_rate(context: Context, window: Duration | None) -> AttributeValue:
    return _ratio(
        context,
        window,
        lambda order: sum(refund.total for refund in order.refunds),
        lambda order: order_total(order, context.store),
    )


@PURCHASES.windowed(
    "discount_share",
    Kind.NUMBER,
    "The share of the price that coupons took off, from 0 to 1.",
    "discount_share >= 0.2",
)
def _discount_share(context: Context, window: Duration | None) -> AttributeValue:
    return _ratio(
        context,
        window,
        lambda order: order.discount_total,
        lambda order: order.total + order.discount_total,
    )


def _ratio(
    context: Context,
    window: Duration | None,
    part: Callable[[Order], int],
    whole: Callable[[Order], int],
) -> AttributeValue:
    """Divide sums over all orders that were paid, including those refunded in full."""
    settled = [order for order in counted_orders(context) if was_paid(order, context.store)]
    orders = orders_in_window(context, window, settled)
    parts, wholes = _sum(context, orders, part), _sum(context, orders, whole)
    share = parts / wholes if wholes > 0 else None
    return AttributeValue(share, order_ids(orders), when_orders_leave(context, window, orders))


def _sum(context: Context, orders: Iterable[Order], amount: Callable[[Order], int]) -> Decimal:
    amounts = (in_store_currency(amount(order), order, context.store) for order in orders)
    return sum((each for each in amounts if each is not None), Decimal())


@PURCHASES.windowed(
    "cancelled_count",
    Kind.NUMBER,
    "How many of their orders have the status cancelled.",
    "cancelled_count(90d) >= 2",
)
def _cancelled_count(context: Context, window: Duration | None) -> AttributeValue:
    return _count_with_status(context, window, "cancelled")


@PURCHASES.windowed(
    "failed_count",
    Kind.NUMBER,
    "How many of their orders have the status failed.",
    "failed_count(7d) >= 3",
)
def _failed_count(context: Context, window: Duration | None) -> AttributeValue:
    return _count_with_status(context, window, "failed")


def _count_with_status(context: Context, window: Duration | None, status: str) -> AttributeValue:
    having = [order for order in counted_orders(context) if order.status == status]
    orders = orders_in_window(context, window, having)
    return AttributeValue(
        Decimal(len(orders)), order_ids(orders), when_orders_leave(context, window, orders)
    )


@PURCHASES.windowed(
    "coupons_used",
    Kind.LIST,
    "The coupon codes they used in paid orders.",
    "coupons_used contains 'summer10'",
)
def _coupons_used(context: Context, window: Duration | None) -> AttributeValue:
    orders = [order for order in orders_in_window(context, window, context.paid) if order.coupons]
    codes = unique(code for order in orders for code in order.coupons)
    return AttributeValue(codes, order_ids(orders), when_orders_leave(context, window, orders))


@PURCHASES.plain(
    "preferred_currency",
    Kind.TEXT,
    "The currency of most of their paid orders.",
    "preferred_currency = 'EUR'",
)
def _preferred_currency(context: Context) -> AttributeValue:
    return _most_common_word(context, lambda order: order.currency)


@PURCHASES.plain(
    "preferred_payment_method",
    Kind.TEXT,
    "The payment method of most of their paid orders, as WooCommerce names it.",
    "preferred_payment_method in ('bacs', 'cod')",
)
def _preferred_payment_method(context: Context) -> AttributeValue:
    return _most_common_word(context, lambda order: order.payment_method)


def _most_common_word(context: Context, word: Callable[[Order], str]) -> AttributeValue:
    usual = most_common((word(order), 1) for order in context.paid if word(order))
    return AttributeValue(
        usual, order_ids(order for order in context.paid if usual and word(order) == usual)
    )
