"""What a person bought in paid orders: products, and the categories and tags these stand in."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from wcflow.records import LineItem
from wcflow.rules.attributes.finding import (
    categories_of,
    each_once,
    ids,
    leaving,
    most_used,
    name_of,
    skus_of,
    tags_of,
    within,
)
from wcflow.rules.attributes.registry import Family, Found, Kind
from wcflow.rules.context import Context
from wcflow.units import Duration

WHAT = Family("what")


@WHAT.windowed(
    "products",
    Kind.LIST,
    "The ids of the products they bought, and of the variations.",
    "products contains any (17, 42)",
    of_numbers=True,
)
def _products(scope: Context, window: Duration | None) -> Found:
    return _listed(
        scope,
        window,
        lambda item: (str(number) for number in (item.product_id, item.variation_id) if number),
    )


@WHAT.windowed(
    "skus", Kind.LIST, "The SKUs of what they bought.", "skus contains any ('MUG-1', 'MUG-2')"
)
def _skus(scope: Context, window: Duration | None) -> Found:
    return _listed(scope, window, lambda item: skus_of(item, scope))


@WHAT.windowed(
    "categories",
    Kind.LIST,
    "The categories of the products they bought.",
    "categories(180d) contains 'Books'",
)
def _categories(scope: Context, window: Duration | None) -> Found:
    return _listed(scope, window, lambda item: categories_of(item, scope))


@WHAT.windowed(
    "product_tags",
    Kind.LIST,
    "The product tags of the products they bought.",
    "product_tags contains all ('vegan', 'organic')",
)
def _product_tags(scope: Context, window: Duration | None) -> Found:
    return _listed(scope, window, lambda item: tags_of(item, scope))


@WHAT.windowed(
    "product_names",
    Kind.LIST,
    "The names of the products they bought.",
    "product_names mentions any ('gift', 'her')",
)
def _product_names(scope: Context, window: Duration | None) -> Found:
    return _listed(scope, window, lambda item: (name_of(item, scope),))


def _listed(
    scope: Context, window: Duration | None, words: Callable[[LineItem], Iterable[str]]
) -> Found:
    orders, said = within(scope, window, scope.paid), list[str]()
    for order in orders:
        for item in order.items:
            said += words(item)
    return Found(each_once(said), ids(orders), leaving(scope, window, orders))


@WHAT.plain(
    "favourite_category",
    Kind.TEXT,
    "The category they bought most pieces of.",
    "favourite_category = 'Shoes'",
)
def _favourite_category(scope: Context) -> Found:
    bought = [
        (category, item.quantity, order)
        for order in scope.paid
        for item in order.items
        for category in categories_of(item, scope)
    ]
    favourite = most_used((category, pieces) for category, pieces, _ in bought)
    orders = dict.fromkeys(order.id for category, _, order in bought if category == favourite)
    return Found(favourite, tuple(orders))
