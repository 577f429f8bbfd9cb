"""Triggers from orders."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from wcflow.profile import in_store_currency, order_total
from wcflow.records import TRACKING_META
from wcflow.rules import arguments
from wcflow.rules.events import (
    FIRST_ORDER,
    Event,
    TriggerContext,
    completed_at,
    created_at,
    first_seen_in_status,
    numbered_paid_orders,
    paid_at,
    refund_events,
    shipped_at,
    status_changes,
)
from wcflow.rules.triggers.registry import trigger


@trigger("order_created", "An order is placed.", "order_created", has_order=True)
def _order_created(context: TriggerContext, _: None) -> Iterator[Event]:
    for order in context.orders:
        yield Event(f"order {order.id} created", created_at(order), order)


@trigger("order_paid", "An order is paid.", "order_paid", has_order=True)
def _order_paid(context: TriggerContext, _: None) -> Iterator[Event]:
    for order in context.orders:
        at = paid_at(order, context.profile.store.paid_statuses)
        if at is not None:
            yield Event(f"order {order.id} paid", at, order)


@trigger("order_completed", "An order is completed.", "order_completed", has_order=True)
def _order_completed(context: TriggerContext, _: None) -> Iterator[Event]:
    for order in context.orders:
        at = completed_at(order)
        if at is not None:
            yield Event(f"order {order.id} completed", at, order)


def _first_in_status(context: TriggerContext, status: str) -> Iterator[Event]:
    for order in context.orders:
        at = first_seen_in_status(order, (status,))
        if at is not None:
            yield Event(f"order {order.id} {status}", at, order)


@trigger("order_cancelled", "An order is cancelled.", "order_cancelled", has_order=True)
def _order_cancelled(context: TriggerContext, _: None) -> Iterator[Event]:
    return _first_in_status(context, "cancelled")


@trigger("order_failed", "The payment of an order fails.", "order_failed", has_order=True)
def _order_failed(context: TriggerContext, _: None) -> Iterator[Event]:
    return _first_in_status(context, "failed")


@trigger("order_on_hold", "An order is put on hold.", "order_on_hold", has_order=True)
def _order_on_hold(context: TriggerContext, _: None) -> Iterator[Event]:
    return _first_in_status(context, "on-hold")


@trigger(
    "order_shipped",
    "An order is shipped: it has a tracking number of a shipment tracking plugin, or one of the"
    " shipped_statuses.",
    "order_shipped",
    has_order=True,
    order_meta=frozenset(TRACKING_META),
)
def _order_shipped(context: TriggerContext, _: None) -> Iterator[Event]:
    for order in context.orders:
        at = shipped_at(order, context.profile.store.shipped_statuses)
        if at is not None:
            yield Event(f"order {order.id} shipped", at, order)


@trigger(
    "order_refunded [partial | full | either]",
    "An order is refunded: in part, in full, or either (the default).",
    "order_refunded full",
    arguments.refund_kind,
    has_order=True,
)
def _order_refunded(context: TriggerContext, which: str) -> Iterator[Event]:
    for order in context.orders:
        yield from refund_events(order, which)


@trigger(
    "order_status_changed [from STATUS] [to STATUS]",
    "An order's status has changed since the last poll.",
    "order_status_changed from pending to processing",
    arguments.statuses,
    has_order=True,
)
def _order_status_changed(context: TriggerContext, statuses: tuple[str, str]) -> Iterator[Event]:
    for order in context.orders:
        for change in status_changes(order, *statuses):
            words = f"{change.before} to {change.after} {change.at:%Y-%m-%dT%H:%M:%SZ}"
            yield Event(f"order {order.id} {words}", change.at, order)


@trigger(
    "product_purchased",
    "A product is bought: once for each line of a paid order. Conditions can use item.*.",
    "product_purchased",
    has_order=True,
    has_item=True,
)
def _product_purchased(context: TriggerContext, _: None) -> Iterator[Event]:
    for _nth, order, at in numbered_paid_orders(context):
        for item in order.items:
            yield Event(f"order {order.id} item {item.id}", at, order, item)


@trigger(
    "first_order",
    "A customer pays for the first time. Happens once per customer.",
    "first_order",
    has_order=True,
    counts_orders=True,
)
def _first_order(context: TriggerContext, _: None) -> Iterator[Event]:
    for _nth, order, at in numbered_paid_orders(context)[:1]:
        yield Event(FIRST_ORDER, at, order)


@trigger(
    "repeat_order",
    "A customer pays for another order after the first.",
    "repeat_order",
    has_order=True,
)
def _repeat_order(context: TriggerContext, _: None) -> Iterator[Event]:
    for _nth, order, at in numbered_paid_orders(context)[1:]:
        yield Event(f"order {order.id} repeat", at, order)


@trigger(
    "order_milestone N, N, …",
    "A customer's Nth order is paid. Happens once for each N.",
    "order_milestone 5, 10, 20",
    arguments.milestones,
    has_order=True,
    counts_orders=True,
)
def _order_milestone(context: TriggerContext, milestones: tuple[int, ...]) -> Iterator[Event]:
    for nth, order, at in numbered_paid_orders(context):
        if nth in milestones:
            yield Event(f"milestone {nth}", at, order)


@trigger(
    "high_value_order AMOUNT",
    "An order of at least this amount is paid (in the store's currency, before refunds).",
    "high_value_order 250",
    arguments.amount,
    has_order=True,
)
def _high_value_order(context: TriggerContext, amount: Decimal) -> Iterator[Event]:
    for _nth, order, at in numbered_paid_orders(context):
        store = context.profile.store
        total = in_store_currency(order_total(order, store), order, store)
        if total is not None and total >= amount:
            yield Event(f"order {order.id} high value", at, order)
