"""The line of an order that set something off: what may be asked only where there is one."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from wcflow.profile import in_store_currency
from wcflow.records import LineItem
from wcflow.rules.attributes.finding import categories_of, ids, name_of, skus_of, tags_of
from wcflow.rules.attributes.registry import Family, Found, Kind, Value
from wcflow.rules.context import Context

ITEM = Family("the item", place="item")


def _of(scope: Context, answer: Callable[[LineItem], Value]) -> Found:
    """Answer from the line; nothing is known of one that is gone."""
    orders = ids([scope.order] if scope.order else [])
    return Found(answer(scope.item), orders) if scope.item else Found(None)


@ITEM.plain("item.name", Kind.TEXT, "The name of the product.", "item.name mentions 'gift card'")
def _name(scope: Context) -> Found:
    return _of(scope, lambda item: name_of(item, scope) or None)


@ITEM.plain("item.sku", Kind.TEXT, "The SKU of the line.", "item.sku like 'MUG-*'")
def _sku(scope: Context) -> Found:
    return _of(scope, lambda item: next(iter(skus_of(item, scope)), None))


@ITEM.plain("item.quantity", Kind.NUMBER, "How many pieces.", "item.quantity >= 2")
def _quantity(scope: Context) -> Found:
    return _of(scope, lambda item: Decimal(item.quantity))


@ITEM.plain(
    "item.total",
    Kind.MONEY,
    "What the line costs after coupons, in the store's currency.",
    "item.total >= 20",
)
def _total(scope: Context) -> Found:
    def total(item: LineItem) -> Decimal | None:
        order = scope.order
        return in_store_currency(item.total, order.currency, scope.shop) if order else None

    return _of(scope, total)


@ITEM.plain(
    "item.categories",
    Kind.LIST,
    "The categories of the product.",
    "item.categories contains 'Shoes'",
)
def _categories(scope: Context) -> Found:
    return _of(scope, lambda item: categories_of(item, scope))


@ITEM.plain("item.tags", Kind.LIST, "The product's tags.", "item.tags contains 'fragile'")
def _tags(scope: Context) -> Found:
    return _of(scope, lambda item: tags_of(item, scope))


@ITEM.keyed(
    "item.meta.KEY",
    Kind.TEXT,
    "What the line's meta says under this key, a text, number or date.",
    "item.meta.size = 'XL'",
)
def _meta(scope: Context, key: str) -> Found:
    return _of(scope, lambda item: item.meta.get(key, "") or None)
