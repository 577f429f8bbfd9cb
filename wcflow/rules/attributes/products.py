"""Attributes of the products in paid orders: ids, SKUs, categories, tags and names."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from wcflow.records import LineItem
from wcflow.rules.attributes.lookup import (
    item_categories,
    item_skus,
    item_tags,
    most_common,
    order_ids,
    orders_in_window,
    product_name,
    unique,
    when_orders_leave,
)
from wcflow.rules.attributes.registry import AttributeValue, Family, Kind
from wcflow.rules.context import Context
from wcflow.units import Duration

PRODUCTS = Family("products")


@PRODUCTS.windowed(
    "products",
    Kind.LIST,
    "The ids of the products and variations they bought.",
    "products contains any (17, 42)",
    of_numbers=True,
)
def _products(context: Context, window: Duration | None) -> AttributeValue:
    return _from_items(
        context,
        window,
        lambda item: (str(number) for number in (item.product_id, item.variation_id) if number),
    )


@PRODUCTS.windowed(
    "skus",
    Kind.LIST,
    "The SKUs of the products they bought.",
    "skus contains any ('MUG-1', 'MUG-2')",
)
def _skus(context: Context, window: Duration | None) -> AttributeValue:
    return _from_items(context, window, lambda item: item_skus(item, context))


@PRODUCTS.windowed(
    "categories",
    Kind.LIST,
    "The categories of the products they bought.",
    "categories(180d) contains 'Books'",
)
def _categories(context: Context, window: Duration | None) -> AttributeValue:
    return _from_items(context, window, lambda item: item_categories(item, context))


@PRODUCTS.windowed(
    "product_tags",
    Kind.LIST,
    "The tags of the products they bought.",
    "product_tags contains all ('vegan', 'organic')",
)
def _product_tags(context: Context, window: Duration | None) -> AttributeValue:
    return _from_items(context, window, lambda item: item_tags(item, context))


@PRODUCTS.windowed(
    "product_names",
    Kind.LIST,
    "The names of the products they bought.",
    "product_names mentions any ('gift', 'her')",
)
def _product_names(context: Context, window: Duration | None) -> AttributeValue:
    return _from_items(context, window, lambda item: (product_name(item, context),))


def _from_items(
    context: Context, window: Duration | None, words: Callable[[LineItem], Iterable[str]]
) -> AttributeValue:
    orders, said = orders_in_window(context, window, context.paid), list[str]()
    for order in orders:
        for item in order.items:
            said += words(item)
    return AttributeValue(
        unique(said), order_ids(orders), when_orders_leave(context, window, orders)
    )


@PRODUCTS.plain(
    "favourite_category",
    Kind.TEXT,
    "The category from which they bought the most items.",
    "favourite_category = 'Shoes'",
)
def _favourite_category(context: Context) -> AttributeValue:
    bought = [
        (category, item.quantity, order)
        for order in context.paid
        for item in order.items
        for category in item_categories(item, context)
    ]
    favourite = most_common((category, pieces) for category, pieces, _ in bought)
    orders = dict.fromkeys(order.id for category, _, order in bought if category == favourite)
    return AttributeValue(favourite, tuple(orders))
