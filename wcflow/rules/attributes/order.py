"""Attributes of the trigger's order and line item, available only where the trigger has one."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import timedelta
from decimal import Decimal

from wcflow.profile import in_store_currency, net_sales, order_date, order_total
from wcflow.records import RENEWAL_META, TRACKING_META, LineItem, Order, is_renewal
from wcflow.rules.attributes.lookup import (
    item_categories,
    item_skus,
    item_tags,
    order_ids,
    product_name,
    text_value,
    unique,
)
from wcflow.rules.attributes.registry import AttributeValue, Family, Kind, Value
from wcflow.rules.context import Context
from wcflow.rules.events import shipped_at
from wcflow.units import local_day, start_of_day

ORDER = Family("the order", place="order")


def _from_order(context: Context, answer: Callable[[Order], Value]) -> AttributeValue:
    """Return a value of the order; not known if the order was deleted."""
    order = context.order
    return AttributeValue(answer(order), (order.id,)) if order else AttributeValue(None)


def _order_text(context: Context, answer: Callable[[Order], str]) -> AttributeValue:
    return _from_order(context, lambda order: answer(order) or None)


def _from_items(context: Context, words: Callable[[LineItem], Iterable[str]]) -> AttributeValue:
    return _from_order(
        context, lambda order: unique(word for item in order.items for word in words(item))
    )


@ORDER.plain("order.id", Kind.NUMBER, "The id of the order.", "order.id > 1000")
def _id(context: Context) -> AttributeValue:
    return _from_order(context, lambda order: Decimal(order.id))


@ORDER.plain(
    "order.number",
    Kind.TEXT,
    "The order number, as the store shows it.",
    "order.number starts with 'B2B-'",
)
def _number(context: Context) -> AttributeValue:
    return _order_text(context, lambda order: order.number)


@ORDER.plain(
    "order.nth",
    Kind.NUMBER,
    "The position among their paid orders: 1 for the first. Not known until it is paid.",
    "order.nth multiple of 5",
)
def _nth(context: Context) -> AttributeValue:
    return _from_order(context, lambda order: _paid_position(order, context))


def _paid_position(order: Order, context: Context) -> Decimal | None:
    places = (place for place, paid in enumerate(context.paid, 1) if paid.id == order.id)
    place = next(places, None)
    return None if place is None else Decimal(place)


@ORDER.plain(
    "order.parent_id",
    Kind.NUMBER,
    "The id of the order that a plugin split into this one and others; 0 if there is none.",
    "order.parent_id = 0",
)
def _parent_id(context: Context) -> AttributeValue:
    return _from_order(context, lambda order: Decimal(order.parent_id))


@ORDER.plain(
    "order.is_renewal",
    Kind.YESNO,
    "The order is an automatic renewal of a subscription.",
    "not order.is_renewal",
    order_meta=frozenset({RENEWAL_META}),
)
def _is_renewal(context: Context) -> AttributeValue:
    return _from_order(context, is_renewal)


@ORDER.plain(
    "order.total",
    Kind.MONEY,
    "The total of the order before refunds, in the store's currency.",
    "order.total >= 50",
)
def _total(context: Context) -> AttributeValue:
    return _from_order(
        context,
        lambda order: in_store_currency(order_total(order, context.store), order, context.store),
    )


@ORDER.plain(
    "order.net_sales",
    Kind.MONEY,
    "What the items of the order cost, without tax and shipping, minus refunds.",
    "order.net_sales >= 40",
)
def _order_net_sales(context: Context) -> AttributeValue:
    return _from_order(context, lambda order: net_sales(order, context.store))


@ORDER.plain(
    "order.date",
    Kind.DATE,
    "When the order was paid, or placed if it is unpaid.",
    "order.date >= 2026-01-01",
)
def _date(context: Context) -> AttributeValue:
    return _from_order(context, order_date)


@ORDER.plain(
    "order.date_paid",
    Kind.DATE,
    "When the order was paid; not known while it is unpaid.",
    "order.date_paid is not empty",
)
def _date_paid(context: Context) -> AttributeValue:
    return _from_order(context, lambda order: order.paid)


@ORDER.plain(
    "order.status",
    Kind.TEXT,
    "The status of the order, as WooCommerce names it.",
    "order.status in ('processing', 'completed')",
)
def _status(context: Context) -> AttributeValue:
    return _order_text(context, lambda order: order.status)


@ORDER.plain(
    "order.shipped",
    Kind.YESNO,
    "The order was shipped: it has a tracking number or one of the shipped_statuses.",
    "not order.shipped",
    order_meta=frozenset(TRACKING_META),
)
def _shipped(context: Context) -> AttributeValue:
    statuses = context.store.shipped_statuses
    return _from_order(context, lambda order: shipped_at(order, statuses) is not None)


@ORDER.plain(
    "order.age",
    Kind.NUMBER,
    "How many days ago the order was placed; 0 on the same day.",
    "order.age >= 14",
)
def _age(context: Context) -> AttributeValue:
    order = context.order
    if order is None:
        return AttributeValue(None)
    day = local_day(order.created, context.store.zone)
    return AttributeValue(
        Decimal((context.today - day).days),
        (order.id,),
        start_of_day(context.today + timedelta(days=1), context.store.zone),
    )


@ORDER.plain("order.currency", Kind.TEXT, "The currency of the order.", "order.currency <> 'EUR'")
def _currency(context: Context) -> AttributeValue:
    return _order_text(context, lambda order: order.currency)


@ORDER.plain("order.items", Kind.NUMBER, "How many items were ordered.", "order.items >= 3")
def _items(context: Context) -> AttributeValue:
    return _from_order(context, lambda order: Decimal(sum(item.quantity for item in order.items)))


@ORDER.plain(
    "order.skus",
    Kind.LIST,
    "The SKUs of the products that were ordered.",
    "order.skus contains 'MUG-1'",
)
def _skus(context: Context) -> AttributeValue:
    return _from_items(context, lambda item: item_skus(item, context))


@ORDER.plain(
    "order.categories",
    Kind.LIST,
    "The categories of the products that were ordered.",
    "order.categories contains 'Books'",
)
def _categories(context: Context) -> AttributeValue:
    return _from_items(context, lambda item: item_categories(item, context))


@ORDER.plain(
    "order.product_names",
    Kind.LIST,
    "The names of the products that were ordered.",
    "order.product_names mentions 'gift'",
)
def _product_names(context: Context) -> AttributeValue:
    return _from_items(context, lambda item: (product_name(item, context),))


@ORDER.plain(
    "order.coupons",
    Kind.LIST,
    "The coupon codes that were used.",
    "order.coupons is not empty",
)
def _coupons(context: Context) -> AttributeValue:
    return _from_order(context, lambda order: unique(order.coupons))


@ORDER.plain(
    "order.payment_method",
    Kind.TEXT,
    "The payment method, as WooCommerce names it.",
    "order.payment_method = 'bacs'",
)
def _payment_method(context: Context) -> AttributeValue:
    return _order_text(context, lambda order: order.payment_method)


@ORDER.plain(
    "order.created_via",
    Kind.TEXT,
    "How the order was created: checkout, admin, rest-api and so on.",
    "order.created_via = 'checkout'",
)
def _created_via(context: Context) -> AttributeValue:
    return _order_text(context, lambda order: order.created_via)


@ORDER.plain(
    "order.shipping_country",
    Kind.TEXT,
    "The two-letter code of the country the order is shipped to.",
    "order.shipping_country not in ('DE', 'AT')",
)
def _shipping_country(context: Context) -> AttributeValue:
    return _order_text(context, lambda order: order.country)


@ORDER.plain(
    "order.is_first",
    Kind.YESNO,
    "No other paid order came before it.",
    "order.is_first",
)
def _is_first(context: Context) -> AttributeValue:
    def first(order: Order) -> bool:
        this_order = (order_date(order), order.id)
        return all((order_date(paid), paid.id) >= this_order for paid in context.paid)

    return _from_order(context, first)


@ORDER.plain(
    "order.refund_total",
    Kind.MONEY,
    "How much of the order was refunded, in the store's currency.",
    "order.refund_total > 0",
)
def _refund_total(context: Context) -> AttributeValue:
    def refunded(order: Order) -> Decimal | None:
        total = sum(refund.total for refund in order.refunds)
        return in_store_currency(total, order, context.store)

    return _from_order(context, refunded)


# Without a note the value is empty, not unknown: "not order.customer_note mentions 'gift'" holds.
@ORDER.plain(
    "order.customer_note",
    Kind.TEXT,
    "The note the customer wrote at checkout.",
    "order.customer_note mentions any ('gift', 'present')",
)
def _customer_note(context: Context) -> AttributeValue:
    return _from_order(context, lambda order: order.customer_note)


@ORDER.keyed(
    "order.meta.KEY",
    Kind.TEXT,
    "The value of this key in the order's meta: a text, number or date.",
    "order.meta.delivery_day = today",
)
def _meta(context: Context, key: str) -> AttributeValue:
    return (
        text_value(context.order.meta.get(key, ""), (context.order,))
        if context.order
        else AttributeValue(None)
    )


# The line item of the trigger.

ITEM = Family("the item", place="item")


def _from_item(context: Context, answer: Callable[[LineItem], Value]) -> AttributeValue:
    """Return a value of the line; not known if the line was deleted."""
    orders = order_ids([context.order] if context.order else [])
    return AttributeValue(answer(context.item), orders) if context.item else AttributeValue(None)


@ITEM.plain("item.name", Kind.TEXT, "The name of the product.", "item.name mentions 'gift card'")
def _item_name(context: Context) -> AttributeValue:
    return _from_item(context, lambda item: product_name(item, context) or None)


@ITEM.plain("item.sku", Kind.TEXT, "The SKU of the product.", "item.sku like 'MUG-*'")
def _item_sku(context: Context) -> AttributeValue:
    return _from_item(context, lambda item: next(iter(item_skus(item, context)), None))


@ITEM.plain("item.quantity", Kind.NUMBER, "How many were ordered.", "item.quantity >= 2")
def _item_quantity(context: Context) -> AttributeValue:
    return _from_item(context, lambda item: Decimal(item.quantity))


@ITEM.plain(
    "item.total",
    Kind.MONEY,
    "The price of the line after coupons, in the store's currency.",
    "item.total >= 20",
)
def _item_total(context: Context) -> AttributeValue:
    def total(item: LineItem) -> Decimal | None:
        order = context.order
        return in_store_currency(item.total, order, context.store) if order else None

    return _from_item(context, total)


@ITEM.plain(
    "item.categories",
    Kind.LIST,
    "The categories of the product.",
    "item.categories contains 'Shoes'",
)
def _item_categories(context: Context) -> AttributeValue:
    return _from_item(context, lambda item: item_categories(item, context))


@ITEM.plain("item.tags", Kind.LIST, "The tags of the product.", "item.tags contains 'fragile'")
def _item_tags(context: Context) -> AttributeValue:
    return _from_item(context, lambda item: item_tags(item, context))


@ITEM.keyed(
    "item.meta.KEY",
    Kind.TEXT,
    "The value of this key in the line's meta: a text, number or date.",
    "item.meta.size = 'XL'",
)
def _item_meta(context: Context, key: str) -> AttributeValue:
    return _from_item(context, lambda item: item.meta.get(key, "") or None)
