"""The refunds endpoints, of one order and of all orders."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from wcflow.sandbox import order_changes, values
from wcflow.sandbox.money import parse_money
from wcflow.sandbox.params import (
    date_readers,
    filter_ids,
    missing_params,
    paginate,
    paging_readers,
    read_params,
    select_fields,
    within_dates,
)
from wcflow.sandbox.rest import Created, ListPage, Request, RestError
from wcflow.sandbox.state import Order, Refund, State


def list_of_order(state: State, request: Request, order_id: int) -> ListPage:
    """Return the refunds of an order, newest first."""
    requested = read_params(request.params, paging_readers())
    rows = list(reversed(_order(state, order_id).refunds))
    return paginate(
        rows, requested, lambda back: _refund_text(state, request, back, with_parent=False)
    )


def list_all(state: State, request: Request) -> ListPage:
    """Return the refunds of all orders, newest first."""
    requested = read_params(request.params, {**paging_readers(), **date_readers(state.zone)})
    within = within_dates(state.zone, requested)
    found = {back.id: back for order in state.orders.values() for back in order.refunds}
    rows = [
        found[number] for number in filter_ids(sorted(found), requested) if within(found[number])
    ]
    newest = requested.get("order", "desc") == "desc"
    rows.sort(key=lambda back: (back.created, back.id), reverse=newest)
    return paginate(
        rows, requested, lambda back: _refund_text(state, request, back, with_parent=True)
    )


def view(state: State, order_id: int, refund_id: int) -> dict[str, Any]:
    """Return one refund."""
    return values.refund_row(state, _refund(state, order_id, refund_id), with_parent=False)


def create(state: State, order_id: int, requested: Mapping[str, Any], now: datetime) -> Created:
    """Refund an amount, up to what remains."""
    order = _order(state, order_id)
    if "amount" not in requested:
        raise missing_params("amount")
    amount = _check_amount(order, requested)
    back = order_changes.refund(state, order, amount, str(requested.get("reason", "")), now)
    # WooCommerce leaves the order's id empty here.
    location = rf"/wc/v3/orders/(?P<order_id>[\d]+)/refunds/{back.id}"
    return Created(values.refund_row(state, back, with_parent=False), location)


def delete(state: State, order_id: int, refund_id: int, *, force: bool) -> dict[str, Any]:
    """Delete a refund."""
    back = _refund(state, order_id, refund_id)
    if not force:
        message = "The shop_order_refund does not support trashing."
        raise RestError("woocommerce_rest_trash_not_supported", message, 501)
    order_changes.delete_refund(state, state.orders[order_id], refund_id)
    return values.refund_row(state, back, with_parent=False)


def _check_amount(order: Order, requested: Mapping[str, Any]) -> Decimal:
    refuse = "woocommerce_rest_cannot_create_order_refund"
    amount = parse_money(requested["amount"])
    if amount <= 0:
        raise RestError(refuse, "Refund amount must be greater than zero.", 400)
    if amount > order.remaining:
        raise RestError(refuse, "Invalid refund amount.", 500)
    if requested.get("api_refund", True):
        message = "The payment gateway for this order does not exist."
        raise RestError(refuse, message, 500)
    return amount


def _refund_text(state: State, request: Request, back: Refund, *, with_parent: bool) -> str:
    row = values.refund_row(state, back, with_parent=with_parent)
    return json.dumps(select_fields(row, request.params))


def _order(state: State, order_id: int) -> Order:
    if order_id not in state.orders:
        raise RestError("woocommerce_rest_invalid_order_id", "Invalid order ID.", 404)
    return state.orders[order_id]


def _refund(state: State, order_id: int, refund_id: int) -> Refund:
    for back in _order(state, order_id).refunds:
        if back.id == refund_id:
            return back
    raise RestError("woocommerce_rest_shop_order_refund_invalid_id", "Invalid ID.", 404)
