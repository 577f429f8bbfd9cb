"""Attributes from subscriptions of the plugin WooCommerce Subscriptions."""

from __future__ import annotations

from decimal import Decimal

from wcflow.records import ENDED_SUBSCRIPTION, RENEWAL_META, Subscription, is_renewal
from wcflow.rules.attributes.lookup import order_ids, orders_in_window, unique, when_orders_leave
from wcflow.rules.attributes.registry import AttributeValue, Family, Kind
from wcflow.rules.context import Context
from wcflow.units import Duration

SUBSCRIPTIONS = Family("subscriptions")
_RUNNING = frozenset({"active", "pending-cancel"})
"""The customer still gets what they subscribed to."""


def _running(context: Context) -> list[Subscription]:
    return [each for each in context.profile.subscriptions if each.status in _RUNNING]


@SUBSCRIPTIONS.plain(
    "has_subscription",
    Kind.YESNO,
    "They have a subscription that is active, or cancelled and still paid for.",
    "has_subscription",
)
def _has_subscription(context: Context) -> AttributeValue:
    return AttributeValue(bool(_running(context)))


@SUBSCRIPTIONS.plain(
    "subscriptions_count",
    Kind.NUMBER,
    "How many subscriptions they have that are active, or cancelled and still paid for.",
    "subscriptions_count >= 2",
)
def _subscriptions_count(context: Context) -> AttributeValue:
    return AttributeValue(Decimal(len(_running(context))))


@SUBSCRIPTIONS.plain(
    "subscription_status",
    Kind.TEXT,
    "The status of their newest subscription that has not ended, or else of their newest.",
    "subscription_status in ('on-hold', 'pending-cancel')",
)
def _subscription_status(context: Context) -> AttributeValue:
    known = context.profile.subscriptions
    newest = [each for each in known if each.status not in ENDED_SUBSCRIPTION] or known
    return AttributeValue(newest[-1].status if newest else None)


@SUBSCRIPTIONS.plain(
    "next_payment_date",
    Kind.DATE,
    "When the first of their active subscriptions renews.",
    "next_payment_date between today and +7d",
)
def _next_payment_date(context: Context) -> AttributeValue:
    dates = [
        each.next_payment
        for each in context.profile.subscriptions
        if each.status == "active" and each.next_payment is not None
    ]
    return AttributeValue(min(dates, default=None))


@SUBSCRIPTIONS.plain(
    "subscription_products",
    Kind.LIST,
    "The products of their subscriptions that are active, or cancelled and still paid for.",
    "subscription_products contains 'Coffee of the month'",
)
def _subscription_products(context: Context) -> AttributeValue:
    return AttributeValue(unique(name for each in _running(context) for name in each.products))


@SUBSCRIPTIONS.windowed(
    "renewals_count",
    Kind.NUMBER,
    "How many renewals of subscriptions they have paid, also where counts_when leaves them out.",
    "renewals_count(365d) >= 3",
    order_meta=frozenset({RENEWAL_META}),
)
def _renewals_count(context: Context, window: Duration | None) -> AttributeValue:
    paid = [
        order
        for order in context.profile.orders
        if is_renewal(order) and order.status in context.store.paid_statuses
    ]
    orders = orders_in_window(context, window, paid)
    return AttributeValue(
        Decimal(len(orders)), order_ids(orders), when_orders_leave(context, window, orders)
    )
