"""The orders endpoints: list, view, create, change, delete, and the refunds of orders."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from wcflow.sandbox import changes, ordering, written
from wcflow.sandbox.coupons import EMAIL
from wcflow.sandbox.exchange import Made, Refusal
from wcflow.sandbox.schema import (
    Invalid,
    invalid_params,
)
from wcflow.sandbox.state import BILLING, SHIPPING, Order, State

_PLAIN = ("payment_method", "payment_method_title", "transaction_id", "customer_note", "currency")


def view(state: State, order_id: int) -> dict[str, Any]:
    """Answer with one order; a trashed one answers like any other."""
    if order_id not in state.orders:
        raise _missing(404)
    return written.order_row(state, state.orders[order_id])


def create(state: State, asked: Mapping[str, Any], now: datetime) -> Made:
    """Create the order that was asked for."""
    _check_customer(state, asked)
    stamp = state.order_stamp(now)
    order = Order(0, "pending", state.settings.currency, stamp, stamp)
    order.items = ordering.items_of(state, ordering.lines_asked(asked.get("line_items", ())))
    _take(state, order, asked)
    _use_coupons(state, order, asked, now)
    order.id = state.numbers.take("post")
    order.number = str(order.id)
    state.orders[order.id] = order
    changes.opened(state, order, str(asked.get("status") or "pending"), now)
    _edit_meta(state, order, asked, now)
    if asked.get("set_paid") is True:
        changes.pay(state, order, now)
    return Made(written.order_row(state, order), f"/wc/v3/orders/{order.id}")


def update(state: State, order_id: int, asked: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """Change an order; any save moves its stamp under HPOS, also one that changes nothing."""
    if order_id not in state.orders:
        raise _missing(400)
    order = state.orders[order_id]
    _check_customer(state, asked)
    _take(state, order, asked)
    if "line_items" in asked:
        added = ordering.items_of(state, ordering.lines_asked(asked["line_items"]))
        changes.edit_items(state, order, [*order.items, *added], now)
    _use_coupons(state, order, asked, now)
    _edit_meta(state, order, asked, now)
    if asked.get("status"):
        changes.set_status(state, order, str(asked["status"]), now)
    if asked.get("set_paid") is True:
        changes.pay(state, order, now)
    return written.order_row(state, order)


def delete(state: State, order_id: int, now: datetime, *, force: bool) -> dict[str, Any]:
    """Delete an order, or put it into the trash; the answer shows it as it was before."""
    if order_id not in state.orders:
        raise _missing(404)
    order = state.orders[order_id]
    row = written.order_row(state, order)
    if force:
        changes.delete(state, order)
    elif order.status == "trash":
        message = "The order has already been deleted."
        raise Refusal("woocommerce_rest_already_trashed", message, 410)
    else:
        changes.trash(state, order, now)
    return row


def check(state: State, asked: Mapping[str, Any]) -> None:
    """Check what a single request asks for; the items of a batch pass unchecked."""
    bad = {}
    status = asked.get("status")
    known = ("auto-draft", *state.settings.statuses)
    if status is not None and status not in known:
        message = f"status is not one of {', '.join(known[:-1])}, and {known[-1]}."
        bad["status"] = Invalid("rest_not_in_enum", message)
    email = (asked.get("billing") or {}).get("email")
    if email and not EMAIL.fullmatch(str(email)):
        bad["billing"] = Invalid("rest_invalid_email", "Invalid email address.")
    if bad:
        raise invalid_params(bad)


def _take(state: State, order: Order, asked: Mapping[str, Any]) -> None:
    # What stands here is saved by the caller, together with the meta data.
    for name in _PLAIN:
        if asked.get(name) is not None:
            setattr(order, name, str(asked[name]))
    if asked.get("customer_id") is not None:
        order.customer_id = int(asked["customer_id"])
    order.billing |= _address(asked.get("billing"), BILLING)
    order.shipping |= _address(asked.get("shipping"), SHIPPING)
    pairs = [(str(row.get("name", "")), row.get("total")) for row in asked.get("fee_lines", ())]
    order.fees += ordering.fees_of(state, pairs)
    ways = [
        (str(row.get("method_title", "")), row.get("total"))
        for row in asked.get("shipping_lines", ())
    ]
    order.shippings += ordering.fees_of(state, ways)
    order.written = ""


def _address(asked: Mapping[str, Any] | None, names: list[str]) -> dict[str, str]:
    return {name: str(value or "") for name, value in (asked or {}).items() if name in names}


def _use_coupons(state: State, order: Order, asked: Mapping[str, Any], now: datetime) -> None:
    codes = [str(row.get("code", "")) for row in asked.get("coupon_lines", ())]
    known = {line.code for line in order.coupons}
    ordering.use_coupons(state, order, [code for code in codes if code.lower() not in known], now)


def _edit_meta(state: State, order: Order, asked: Mapping[str, Any], now: datetime) -> None:
    changes.edit_meta(state, order, asked.get("meta_data", ()), now)


def _check_customer(state: State, asked: Mapping[str, Any]) -> None:
    if asked.get("customer_id") and asked["customer_id"] not in state.customers:
        message = "Customer ID is invalid."
        raise Refusal("woocommerce_rest_invalid_customer_id", message, 400)


def _missing(status: int) -> Refusal:
    return Refusal("woocommerce_rest_shop_order_invalid_id", "Invalid ID.", status)
