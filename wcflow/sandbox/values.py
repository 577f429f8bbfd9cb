"""Orders, refunds and notes as JSON, with the keys and types of a real store."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from wcflow.sandbox import meta
from wcflow.sandbox.money import CURRENCY_SYMBOLS, php_number
from wcflow.sandbox.state import CouponLine, Fee, Item, Note, Order, Refund, State
from wcflow.sandbox.zone import gmt

_EDITABLE = {"pending", "on-hold", "auto-draft"}
_UNPAID = {"pending", "failed", "checkout-draft"}


def order_text(state: State, order: Order) -> str:
    """Return an order as JSON, cached until it changes."""
    if not order.cached_json:
        order.cached_json = json.dumps(order_row(state, order))
    return order.cached_json


def order_row(state: State, order: Order) -> dict[str, Any]:
    """Return an order as the REST API shows it."""
    return {
        "id": order.id,
        "parent_id": order.parent_id,
        "status": order.status,
        "currency": order.currency,
        "version": state.settings.version,
        "prices_include_tax": False,
        **_local_dates(state, order),
        **_totals(order),
        "customer_id": order.customer_id,
        "order_key": f"wc_order_{order.id:013d}",
        "billing": dict(order.billing),
        "shipping": dict(order.shipping),
        "payment_method": order.payment_method,
        "payment_method_title": order.payment_method_title,
        "transaction_id": order.transaction_id,
        "customer_ip_address": "",
        "customer_user_agent": "",
        "created_via": order.created_via,
        "customer_note": order.customer_note,
        "cart_hash": "",
        "number": order.number,
        "meta_data": meta.meta_rows(order.meta),
        "line_items": item_rows(order.items),
        "tax_lines": [],
        "shipping_lines": [_shipping(line) for line in order.shippings],
        "fee_lines": [_fee(line) for line in order.fees],
        "coupon_lines": [_coupon(line) for line in order.coupons],
        "refunds": [
            {"id": back.id, "reason": back.reason, "total": f"{-back.amount}"}
            for back in reversed(order.refunds)
        ],
        "is_editable": order.status in _EDITABLE,
        "needs_payment": order.status in _UNPAID and order.total > 0,
        "needs_processing": any(line.product_id in state.products for line in order.items),
        **_gmt_dates(order),
        "currency_symbol": CURRENCY_SYMBOLS.get(order.currency, order.currency),
    }


def item_rows(items: Iterable[Item]) -> list[dict[str, Any]]:
    """Return lines of an order."""
    return [_item(line) for line in items]


def refund_row(state: State, refund: Refund, *, with_parent: bool) -> dict[str, Any]:
    """Return a refund; only the list of all refunds includes the order's id."""
    return {
        "id": refund.id,
        **({"parent_id": refund.order_id} if with_parent else {}),
        **_created(state, refund.created),
        "amount": str(refund.amount),
        "reason": refund.reason,
        "refunded_by": 1,
        "refunded_payment": False,
        "meta_data": meta.meta_rows(refund.meta),
        "line_items": [],
        "shipping_lines": [],
        "tax_lines": [],
        "fee_lines": [],
    }


def note_row(state: State, note: Note) -> dict[str, Any]:
    """Return a note."""
    return {
        "id": note.id,
        "author": note.author,
        **_created(state, note.created),
        "note": note.text,
        "customer_note": note.customer_note,
    }


def _created(state: State, stamp: datetime) -> dict[str, Any]:
    return {"date_created": state.zone.local(stamp), "date_created_gmt": gmt(stamp)}


def _local_dates(state: State, order: Order) -> dict[str, Any]:
    local = state.zone.local
    return {
        "date_created": None if order.undated else local(order.created),
        "date_modified": local(order.modified),
        "date_completed": local(order.completed),
        "date_paid": local(order.paid),
    }


def _gmt_dates(order: Order) -> dict[str, Any]:
    return {
        "date_created_gmt": None if order.undated else gmt(order.created),
        "date_modified_gmt": gmt(order.modified),
        "date_completed_gmt": gmt(order.completed),
        "date_paid_gmt": gmt(order.paid),
    }


def _totals(order: Order) -> dict[str, str]:
    discount = sum(line.subtotal - line.total for line in order.items)
    return {
        "discount_total": f"{discount:.2f}",
        "discount_tax": "0.00",
        "shipping_total": f"{sum(line.total for line in order.shippings):.2f}",
        "shipping_tax": "0.00",
        "cart_tax": "0.00",
        "total": f"{order.total:.2f}",
        "total_tax": "0.00",
    }


def _item(line: Item) -> dict[str, Any]:
    return {
        "id": line.id,
        "name": line.name,
        "product_id": line.product_id,
        "variation_id": 0,
        "quantity": line.quantity,
        "tax_class": "",
        "subtotal": str(line.subtotal),
        "subtotal_tax": "0.00",
        "total": str(line.total),
        "total_tax": "0.00",
        "taxes": [],
        "meta_data": _line_meta(line),
        "sku": line.sku,
        "global_unique_id": None if line.sku is None else "",
        "price": php_number(float(line.total) / line.quantity) if line.quantity else 0,
        "image": {"id": "", "src": ""},
        "parent_name": None,
    }


def _line_meta(line: Item) -> list[dict[str, Any]]:
    return [
        {**row, "display_key": row["key"], "display_value": row["value"]}
        for row in meta.meta_rows(line.meta)
    ]


def _fee(line: Fee) -> dict[str, Any]:
    return {
        "id": line.id,
        "name": line.name,
        "tax_class": "",
        "tax_status": "taxable",
        "amount": str(line.total),
        "total": str(line.total),
        "total_tax": "0.00",
        "taxes": [],
        "meta_data": [],
    }


def _shipping(line: Fee) -> dict[str, Any]:
    return {
        "id": line.id,
        "method_title": line.name,
        "method_id": "flat_rate",
        "instance_id": "1",
        "total": str(line.total),
        "total_tax": "0.00",
        "taxes": [],
        "tax_status": "taxable",
        "meta_data": [],
    }


def _coupon(line: CouponLine) -> dict[str, Any]:
    amount = php_number(float(line.amount))
    info = json.dumps([line.coupon_id, line.code, line.kind, amount], separators=(",", ":"))
    row = {"id": line.meta_id, "key": "coupon_info", "value": info}
    return {
        "id": line.id,
        "code": line.code,
        "discount": str(line.discount),
        "discount_tax": "0",
        "meta_data": [{**row, "display_key": "coupon_info", "display_value": info}],
        "discount_type": line.kind,
        "nominal_amount": amount,
        "free_shipping": line.free_shipping,
    }
