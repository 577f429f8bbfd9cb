"""Helpers for attributes: windows, product data, most common values."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TypeVar

from wcflow.profile import HIDDEN_STATUSES, StoreProfile, is_counted, order_date
from wcflow.records import LineItem, Order, Product
from wcflow.rules.attributes.registry import AttributeValue
from wcflow.rules.context import Context
from wcflow.units import Duration, window_exit, window_start

T = TypeVar("T")


def text_value(text: str, orders: Sequence[Order] = ()) -> AttributeValue:
    """Return a text value; an empty text means not known."""
    return AttributeValue(text or None, order_ids(orders) if text else ())


def order_ids(orders: Iterable[Order]) -> tuple[int, ...]:
    return tuple([order.id for order in orders])


def visible_orders(context: Context) -> list[Order]:
    """Return all orders except drafts and those in the trash, newest first."""
    shown = [order for order in context.profile.orders if order.status not in HIDDEN_STATUSES]
    return sorted(shown, key=lambda order: (order.created, order.id), reverse=True)


def counted_orders(context: Context) -> list[Order]:
    """Return the visible orders that count, whatever their status, newest first."""
    return [order for order in visible_orders(context) if is_counted(order, context.profile)]


def start_of_window(context: Context, window: Duration | None) -> datetime | None:
    """Return the first instant of a window; None without a window."""
    return window_start(context.now, window, context.store.zone) if window else None


def when_first_leaves(
    context: Context, window: Duration | None, instants: Iterable[datetime]
) -> datetime | None:
    """Return when the first of these instants leaves the window."""
    first = min(instants, default=None) if window else None
    return window_exit(first, window, context.store.zone) if window and first else None


def orders_in_window(
    context: Context, window: Duration | None, orders: Sequence[Order]
) -> Sequence[Order]:
    """Return the orders whose date is in the window."""
    start = start_of_window(context, window)
    return orders if start is None else [o for o in orders if (o.paid or o.created) >= start]


def when_orders_leave(
    context: Context, window: Duration | None, orders: Iterable[Order]
) -> datetime | None:
    """Return when the first of these orders leaves the window."""
    return when_first_leaves(context, window, map(order_date, orders)) if window else None


def most_common(values: Iterable[tuple[T, int]]) -> T | None:
    """Return the value with the greatest weight, the last one if several are equal; None if empty."""
    weights: dict[T, int] = {}
    for value, weight in values:
        # Remove and insert again, so that the last value seen comes last.
        weights[value] = weights.pop(value, 0) + weight
    if not weights:
        return None
    return max(reversed(weights), key=weights.__getitem__)


def find_product(item: LineItem, context: Context) -> Product | None:
    """Return the product of a line; None if it was deleted."""
    return context.profile.products.get(item.product_id)


def product_name(item: LineItem, context: Context) -> str:
    """Return the product's name, or the name on the line if the product was deleted."""
    product = find_product(item, context)
    return product.name if product else item.name


def item_skus(item: LineItem, context: Context) -> tuple[str, ...]:
    """Return the line's SKU, or the product's."""
    product = find_product(item, context)
    sku = item.sku or (product.sku if product else "")
    return (sku,) if sku else ()


def item_categories(item: LineItem, context: Context) -> tuple[str, ...]:
    product = find_product(item, context)
    return product.categories if product else ()


def item_tags(item: LineItem, context: Context) -> tuple[str, ...]:
    product = find_product(item, context)
    return product.tags if product else ()


def unique(values: Iterable[str]) -> tuple[str, ...]:
    """Return each value once, in order, without empty ones."""
    return tuple(dict.fromkeys([value for value in values if value]))


def was_paid(order: Order, store: StoreProfile) -> bool:
    """Return whether the order was paid, even if it was refunded later."""
    return order.status == "refunded" or order.status in store.paid_statuses
