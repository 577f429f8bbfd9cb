"""What several families of attributes need: texts that may be absent, windows, what is most usual."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TypeVar

from wcflow.profile import HIDDEN_STATUSES, StoreProfile, order_date
from wcflow.records import LineItem, Order, Product
from wcflow.rules.attributes.registry import Found
from wcflow.rules.context import Context
from wcflow.units import Duration, leaves_window, window_start

T = TypeVar("T")


def told(text: str, orders: Sequence[Order] = ()) -> Found:
    """Give a text; an empty one is not known."""
    return Found(text or None, ids(orders) if text else ())


def ids(orders: Iterable[Order]) -> tuple[int, ...]:
    return tuple([order.id for order in orders])


def shown_orders(scope: Context) -> list[Order]:
    """Give all orders but drafts and those in the trash, newest first."""
    shown = [order for order in scope.profile.orders if order.status not in HIDDEN_STATUSES]
    return sorted(shown, key=lambda order: (order.created, order.id), reverse=True)


def since(scope: Context, window: Duration | None) -> datetime | None:
    """Give the first instant that a window includes; None without a window."""
    return window_start(scope.now, window, scope.shop.zone) if window else None


def leaves(
    scope: Context, window: Duration | None, instants: Iterable[datetime]
) -> datetime | None:
    """Give when the first of the instants, all within the window, is outside of it."""
    first = min(instants, default=None) if window else None
    return leaves_window(first, window, scope.shop.zone) if window and first else None


def within(scope: Context, window: Duration | None, orders: Sequence[Order]) -> Sequence[Order]:
    """Give those orders that a window includes, by their date."""
    start = since(scope, window)
    return orders if start is None else [o for o in orders if (o.paid or o.created) >= start]


def leaving(scope: Context, window: Duration | None, orders: Iterable[Order]) -> datetime | None:
    """Give when the first of these orders is outside the window."""
    return leaves(scope, window, map(order_date, orders)) if window else None


def most_used(values: Iterable[tuple[T, int]]) -> T | None:
    """Give the value with the greatest weight; of equals the last one seen. None of none."""
    weights: dict[T, int] = {}
    for value, weight in values:
        # Taken out and put in again, so that the last one seen stands last.
        weights[value] = weights.pop(value, 0) + weight
    if not weights:
        return None
    return max(reversed(weights), key=weights.__getitem__)


def product_of(item: LineItem, scope: Context) -> Product | None:
    """Give the product of a line; None where it is gone."""
    return scope.profile.products.get(item.product_id)


def name_of(item: LineItem, scope: Context) -> str:
    """Give the product's name, else what the line calls it."""
    product = product_of(item, scope)
    return product.name if product else item.name


def skus_of(item: LineItem, scope: Context) -> tuple[str, ...]:
    """Give the line's SKU, else the product's."""
    product = product_of(item, scope)
    sku = item.sku or (product.sku if product else "")
    return (sku,) if sku else ()


def categories_of(item: LineItem, scope: Context) -> tuple[str, ...]:
    product = product_of(item, scope)
    return product.categories if product else ()


def tags_of(item: LineItem, scope: Context) -> tuple[str, ...]:
    product = product_of(item, scope)
    return product.tags if product else ()


def each_once(values: Iterable[str]) -> tuple[str, ...]:
    """Give each value once, in the order of first sight, without empty ones."""
    return tuple(dict.fromkeys([value for value in values if value]))


def is_paid_status(order: Order, shop: StoreProfile) -> bool:
    """Say whether money came in, be it that all of it went back."""
    return order.status == "refunded" or order.status in shop.paid_statuses
