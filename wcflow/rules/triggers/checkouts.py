"""Triggers from orders that are not finished: drafts of the dashboard, and abandoned checkouts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from hashlib import sha256

from wcflow.profile import is_counted, order_date
from wcflow.records import Order
from wcflow.rules import time_arguments
from wcflow.rules.events import Event, TriggerContext, next_of
from wcflow.rules.time_arguments import After
from wcflow.rules.triggers.registry import trigger
from wcflow.units import add_duration

DASHBOARD = "admin"
"""How an order is created in the dashboard (``created_via``)."""
_UNFINISHED = frozenset({"checkout-draft", "pending", "failed"})
_GIVEN_UP = frozenset({"cancelled", "trash"})
_NOT_A_CHECKOUT = frozenset({DASHBOARD, "subscription"})
_LONGEST_NAME = 60


@trigger(
    "draft_order_created",
    "Someone creates an order in the dashboard that is not paid yet.",
    "draft_order_created",
    has_order=True,
)
def _draft_order_created(context: TriggerContext, _: None) -> Iterator[Event]:
    for order in context.profile.orders:
        statuses = {order.status, *(change.after for change in order.history)}
        made_by_hand = "auto-draft" in statuses or (
            order.created_via == DASHBOARD and "pending" in statuses
        )
        if made_by_hand and is_counted(order, context.profile):
            yield Event(f"order {order.id} draft created", order.created, order)


def _abandoned(context: TriggerContext, after: After) -> Iterator[Event]:
    """Return the abandoned checkouts of each cart, also those that are not abandoned for so long yet.

    The products and the last order before it name a cart: the same products again, without an
    order in between, are the same cart.
    """
    zone = context.profile.store.zone
    carts: dict[str, tuple[datetime, Order]] = {}
    for order in context.profile.orders:
        if not _is_checkout(order, context):
            continue
        stopped_at, given_up_at = _stopped_at(order), _given_up_at(order)
        at = add_duration(stopped_at, after.length, zone)
        if given_up_at is not None and given_up_at < at:
            continue  # it was cancelled before, which is not the same
        name = _cart_name(order, context)
        if name and (name not in carts or carts[name][0] <= at):
            carts[name] = at, order
    for name, (at, order) in carts.items():
        yield Event(name, at, order)


def _is_checkout(order: Order, context: TriggerContext) -> bool:
    unfinished = order.status in _UNFINISHED or (
        order.status in _GIVEN_UP and order.paid is None and _given_up_at(order) is not None
    )
    return (
        unfinished
        and order.created_via not in _NOT_A_CHECKOUT
        and bool(order.items)
        and bool(order.email or context.profile.email)
        and is_counted(order, context.profile)
    )


def _stopped_at(order: Order) -> datetime:
    """Return when the customer last did something: a draft changes as they fill in the form."""
    if order.status == "checkout-draft":
        return order.modified
    return max([order.created, *(each.at for each in order.history if each.after in _UNFINISHED)])


def _given_up_at(order: Order) -> datetime | None:
    """Return when an unfinished order was cancelled, or None."""
    if order.status not in _GIVEN_UP:
        return None
    return max(
        (each.at for each in order.history if each.before in _UNFINISHED | {"cancelled"}),
        default=None,
    )


def _cart_name(order: Order, context: TriggerContext) -> str:
    """Return the name of the event, or nothing if the person has ordered since."""
    placed = [each for each in context.profile.orders if was_placed(each)]
    if any(order_date(each) >= order.created for each in placed):
        return ""
    latest = max((each.id for each in placed), default=0)
    products = {str(item.product_id or item.name) for item in order.items}
    words = " ".join(sorted(products))
    if len(words) > _LONGEST_NAME:
        words = sha256(words.encode()).hexdigest()[:12]
    return f"checkout of {words} abandoned{f' after order {latest}' if latest else ''}"


def was_placed(order: Order) -> bool:
    """Return whether a customer finished the checkout: it was paid, or waits for a transfer."""
    if order.created_via == "subscription":
        return False
    statuses = {order.status, *(change.after for change in order.history)}
    return order.paid is not None or bool(statuses - _UNFINISHED - _GIVEN_UP - {"auto-draft"})


def _next_abandoned(context: TriggerContext, after: After) -> datetime | None:
    return next_of(context.search(_abandoned, after), context.now)


@trigger(
    "checkout_abandoned after DURATION",
    "A checkout was begun (a draft, pending or failed order with an e-mail address) and not paid"
    " for this long. Happens once per customer and cart.",
    "checkout_abandoned after 1h",
    time_arguments.after,
    has_order=True,
    counts_orders=True,
    next_at=_next_abandoned,
)
def _checkout_abandoned(context: TriggerContext, after: After) -> Iterator[Event]:
    return (each for each in context.search(_abandoned, after) if each.at <= context.now)
