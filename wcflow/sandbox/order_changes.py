"""Changes of an order: paid, completed, refunded, trashed, edited.

Decides whether a change updates `date_modified`, which depends on the order storage.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Any

from wcflow.sandbox import meta, notes
from wcflow.sandbox.companion_tables import record_change
from wcflow.sandbox.money import ZERO
from wcflow.sandbox.state import Item, Meta, Order, Refund, State

_HIDDEN = {"trash", "auto-draft"}


def save(state: State, order: Order, now: datetime, *, everywhere: bool) -> None:
    """Save an order; `everywhere` means that legacy storage updates `date_modified` too.

    HPOS updates it with every save. Legacy storage does so for status, dates, parent, refunds and
    trash, but not for meta, addresses, e-mail, customer and totals. An order without a date gets one.
    """
    _stamp(state, order, now, everywhere=everywhere)
    record_change(state, "order", order.id, "saved", now)


def _stamp(state: State, order: Order, now: datetime, *, everywhere: bool) -> None:
    order.cached_json = ""
    if order.undated:
        order.undated, order.created = False, state.order_stamp(now)
    if everywhere or state.settings.hpos:
        order.modified = state.order_stamp(now)


def set_status(state: State, order: Order, status: str, now: datetime) -> None:
    """Change an order's status, and add the dates and the note that belong to it."""
    target = _check_status(state, status)
    if target == order.status:
        return
    before, order.status = order.status, target
    _set_dates(state, order, now)
    _add_status_note(state, order, before, now)
    if target == "refunded" and order.remaining > 0:
        _add_refund(state, order, order.remaining, "Order fully refunded.", now)
    save(state, order, now, everywhere=True)


def set_first_status(state: State, order: Order, status: str, now: datetime) -> None:
    """Set the status of a new order."""
    order.status = _check_status(state, status)
    _set_dates(state, order, now)
    if order.status not in {"pending", "checkout-draft", "auto-draft"}:
        _add_status_note(state, order, "pending", now)


def pay(state: State, order: Order, now: datetime) -> None:
    """Pay an order that is waiting for payment."""
    if order.status in {"pending", "on-hold", "failed", "cancelled", "checkout-draft"}:
        set_status(state, order, "processing", now)
    order.paid = order.paid or state.order_stamp(now)
    save(state, order, now, everywhere=True)


def refund(state: State, order: Order, amount: Decimal, reason: str, now: datetime) -> Refund:
    """Refund an amount; a full refund sets the status to refunded."""
    back = _add_refund(state, order, amount, reason, now)
    if order.remaining == 0 and order.status != "refunded":
        set_status(state, order, "refunded", now)
    save(state, order, now, everywhere=True)
    return back


def delete_refund(state: State, order: Order, refund_id: int) -> None:
    """Delete a refund; `date_modified` stays."""
    order.refunds[:] = [back for back in order.refunds if back.id != refund_id]
    order.cached_json = ""
    record_change(state, "order", order.id, "saved")


def trash(state: State, order: Order, now: datetime) -> None:
    """Move an order to the trash."""
    if order.status != "trash":
        order.status_before_trash, order.status = order.status, "trash"
        save(state, order, now, everywhere=True)
        record_change(state, "order", order.id, "trashed", now)


def untrash(state: State, order: Order, now: datetime) -> None:
    """Restore an order from the trash."""
    if order.status == "trash":
        order.status = order.status_before_trash
        save(state, order, now, everywhere=True)


def delete(state: State, order: Order) -> None:
    """Delete an order and its notes permanently; no list shows that it is gone."""
    del state.orders[order.id]
    state.notes.pop(order.id, None)
    if "subscriptions" in state.settings.plugins:
        # The plugin deletes the subscriptions that began with the order.
        begun = [each.id for each in state.subscriptions.values() if each.parent_id == order.id]
        for number in begun:
            del state.subscriptions[number]
    record_change(state, "order", order.id, "deleted")


def edit_items(state: State, order: Order, items: Iterable[Item], now: datetime) -> None:
    """Replace the lines of an order."""
    order.former_items = list(order.items)
    order.items = list(items)
    save(state, order, now, everywhere=False)


def edit_meta(
    state: State, order: Order, requested: Iterable[dict[str, Any]], now: datetime
) -> None:
    """Change an order's meta data; with HPOS even an equal value updates `date_modified`."""
    meta.update_meta(order.meta, requested, state.numbers, "ordermeta")
    save(state, order, now, everywhere=False)


def detach_customer(state: State, customer_id: int, now: datetime) -> None:
    """Turn the orders of a deleted customer into guest orders, by SQL that no hook sees."""
    for order in state.orders.values():
        if order.customer_id == customer_id:
            order.customer_id = 0
            _stamp(state, order, now, everywhere=False)


def _check_status(state: State, status: str) -> str:
    # A batch skips validation; an unknown status becomes pending.
    return status if status in state.settings.statuses or status in _HIDDEN else "pending"


def _set_dates(state: State, order: Order, now: datetime) -> None:
    stamp = state.order_stamp(now)
    if order.status in {"processing", "completed"}:
        order.paid = order.paid or stamp
    if order.status == "completed":
        order.completed = stamp
        _mark_as_paying(state, order, now)


def _mark_as_paying(state: State, order: Order, now: datetime) -> None:
    customer = state.customers.get(order.customer_id)
    if customer:
        customer.is_paying = True
        customer.modified = state.zone.stamp(now)
        customer.cached_json.clear()
        record_change(state, "customer", customer.id, "saved", now)


def _add_status_note(state: State, order: Order, before: str, now: datetime) -> None:
    source, target = (
        state.settings.statuses.get(status, status) for status in (before, order.status)
    )
    notes.add(state, order, f"Order status changed from {source} to {target}.", now)


def _add_refund(state: State, order: Order, amount: Decimal, reason: str, now: datetime) -> Refund:
    kind = "full" if amount == order.remaining and not order.refunds else "partial"
    row = Meta(state.numbers.take("ordermeta"), "_refund_type", kind)
    refund_id = state.numbers.take("post")
    stamp = state.order_stamp(now)
    back = Refund(refund_id, order.id, amount + ZERO, reason, stamp, [row])
    order.refunds.append(back)
    return back
