"""The refunds endpoints: of one order, and of all."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from wcflow.sandbox import order_changes, values
from wcflow.sandbox.money import money
from wcflow.sandbox.params import (
    between,
    bounds,
    chosen,
    cut,
    missing_params,
    paging,
    read,
    trimmed,
)
from wcflow.sandbox.rest import Made, Page, Refusal, Request
from wcflow.sandbox.state import Order, Refund, State


def of(state: State, request: Request, order_id: int) -> Page:
    """Answer with the refunds of an order, newest first."""
    asked = read(request.params, paging())
    rows = list(reversed(_order(state, order_id).refunds))
    return cut(rows, asked, lambda back: _refund_text(state, request, back, with_parent=False))


def list_all(state: State, request: Request) -> Page:
    """Answer with the refunds of all orders, newest first."""
    asked = read(request.params, {**paging(), **bounds(state.zone)})
    within = between(state.zone, asked)
    found = {back.id: back for order in state.orders.values() for back in order.refunds}
    rows = [found[number] for number in chosen(sorted(found), asked) if within(found[number])]
    newest = asked.get("order", "desc") == "desc"
    rows.sort(key=lambda back: (back.created, back.id), reverse=newest)
    return cut(rows, asked, lambda back: _refund_text(state, request, back, with_parent=True))


def view(state: State, order_id: int, refund_id: int) -> dict[str, Any]:
    """Answer with one refund."""
    return values.refund_row(state, _refund(state, order_id, refund_id), with_parent=False)


def create(state: State, order_id: int, asked: Mapping[str, Any], now: datetime) -> Made:
    """Give money back, as far as any remains."""
    order = _order(state, order_id)
    if "amount" not in asked:
        raise missing_params("amount")
    amount = _refundable(order, asked)
    back = order_changes.refund(state, order, amount, str(asked.get("reason", "")), now)
    # WooCommerce forgets to fill in the order's id here.
    location = rf"/wc/v3/orders/(?P<order_id>[\d]+)/refunds/{back.id}"
    return Made(values.refund_row(state, back, with_parent=False), location)


def delete(state: State, order_id: int, refund_id: int, *, force: bool) -> dict[str, Any]:
    """Take a refund back."""
    back = _refund(state, order_id, refund_id)
    if not force:
        message = "The shop_order_refund does not support trashing."
        raise Refusal("woocommerce_rest_trash_not_supported", message, 501)
    order_changes.delete_refund(state.orders[order_id], refund_id)
    return values.refund_row(state, back, with_parent=False)


def _refundable(order: Order, asked: Mapping[str, Any]) -> Decimal:
    refuse = "woocommerce_rest_cannot_create_order_refund"
    amount = money(asked["amount"])
    if amount <= 0:
        raise Refusal(refuse, "Refund amount must be greater than zero.", 400)
    if amount > order.remaining:
        raise Refusal(refuse, "Invalid refund amount.", 500)
    if asked.get("api_refund", True):
        message = "The payment gateway for this order does not exist."
        raise Refusal(refuse, message, 500)
    return amount


def _refund_text(state: State, request: Request, back: Refund, *, with_parent: bool) -> str:
    row = values.refund_row(state, back, with_parent=with_parent)
    return json.dumps(trimmed(row, request.params))


def _order(state: State, order_id: int) -> Order:
    if order_id not in state.orders:
        raise Refusal("woocommerce_rest_invalid_order_id", "Invalid order ID.", 404)
    return state.orders[order_id]


def _refund(state: State, order_id: int, refund_id: int) -> Refund:
    for back in _order(state, order_id).refunds:
        if back.id == refund_id:
            return back
    raise Refusal("woocommerce_rest_shop_order_refund_invalid_id", "Invalid ID.", 404)
