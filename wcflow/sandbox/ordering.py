"""Making an order: its lines, the coupons used on it, and what it costs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from html import escape
from typing import Any

from wcflow.sandbox import coupons
from wcflow.sandbox.exchange import Refusal
from wcflow.sandbox.money import NOTHING, money
from wcflow.sandbox.state import Coupon, CouponLine, Fee, Item, Meta, Order, State


@dataclass(frozen=True, slots=True)
class Line:
    """A line as someone orders it; where the product is gone its name and price stand here."""

    product_id: int = 0
    quantity: int = 1
    name: str = ""
    sku: str = ""
    total: str | None = None
    meta: Mapping[str, Any] | None = None


def items_of(state: State, lines: Iterable[Line | tuple[int, int]]) -> list[Item]:
    """Turn what is ordered into lines of an order."""
    asked = (line if isinstance(line, Line) else Line(*line) for line in lines)
    return [_item(state, line) for line in asked]


def lines_asked(rows: Sequence[Mapping[str, Any]]) -> list[Line]:
    """Read the `line_items` of a request; each must name its product."""
    if not all(row.get("product_id") for row in rows):
        message = "Product ID or SKU is required."
        raise Refusal("woocommerce_rest_required_product_reference", message, 400)
    return [
        Line(
            product_id=int(row.get("product_id") or 0),
            quantity=int(row.get("quantity", 1)),
            name=str(row.get("name", "")),
            total=str(row["total"]) if "total" in row else None,
            meta={str(each["key"]): each["value"] for each in row.get("meta_data", ())},
        )
        for row in rows
    ]


def use_coupons(state: State, order: Order, codes: Iterable[str], now: datetime) -> None:
    """Apply coupons to an order, one after the other, or say why one may not be used."""
    email = order.billing["email"]
    found = [coupons.usable(state, code, email, order.total, now) for code in codes]
    for coupon in found:
        taken = coupons.discounts(coupon, order.items)
        for line, off in zip(order.items, taken, strict=True):
            line.total -= off
        coupons.use(coupon, str(order.customer_id or email))
        order.coupons.append(_coupon_line(state, coupon, sum(taken, NOTHING)))


def fees_of(state: State, fees: Iterable[tuple[str, Any]]) -> list[Fee]:
    """Turn pairs of name and amount into fee (or shipping) lines."""
    return [Fee(state.numbers.take("item"), name, money(amount)) for name, amount in fees]


def _item(state: State, line: Line) -> Item:
    product = state.products.get(line.product_id)
    if line.product_id and product is None and line.total is None:
        message = "Invalid product."
        raise Refusal("woocommerce_rest_invalid_product_id", message, 400)
    price = money(product.price) * line.quantity if product else NOTHING
    total = money(line.total) if line.total is not None else price
    name = line.name or (product.name if product else "")
    return Item(
        id=state.numbers.take("item"),
        # WordPress keeps names escaped: Baby &amp; Kids.
        name=escaped(name),
        product_id=line.product_id if product else 0,
        quantity=line.quantity,
        subtotal=max(total, price),
        total=total,
        sku=product.sku if product else line.sku or None,
        meta=[
            Meta(state.numbers.take("itemmeta"), key, value)
            for key, value in (line.meta or {}).items()
        ],
    )


def escaped(name: str) -> str:
    """Escape a name as WordPress does, once."""
    return escape(name, quote=False) if "&amp;" not in name else name


def _coupon_line(state: State, coupon: Coupon, discount: Decimal) -> CouponLine:
    return CouponLine(
        id=state.numbers.take("item"),
        coupon_id=coupon.id,
        code=coupon.code,
        kind=coupon.kind,
        amount=coupon.amount,
        discount=discount,
        meta_id=state.numbers.take("itemmeta"),
        free_shipping=coupon.switches.get("free_shipping", False),
    )
