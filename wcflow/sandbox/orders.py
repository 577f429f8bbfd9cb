"""The orders endpoints, and the creation of orders."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from html import escape
from typing import Any

from wcflow.sandbox import coupons, order_changes, values
from wcflow.sandbox.coupons import EMAIL
from wcflow.sandbox.money import ZERO, parse_money
from wcflow.sandbox.params import InvalidParam, invalid_params
from wcflow.sandbox.rest import Created, RestError
from wcflow.sandbox.state import (
    BILLING,
    SHIPPING,
    Coupon,
    CouponLine,
    Fee,
    Item,
    Meta,
    Order,
    State,
)

_PLAIN_FIELDS = (
    "payment_method",
    "payment_method_title",
    "transaction_id",
    "customer_note",
    "currency",
)


def view(state: State, order_id: int) -> dict[str, Any]:
    """Return one order, even from the trash."""
    if order_id not in state.orders:
        raise _missing(404)
    return values.order_row(state, state.orders[order_id])


def create(state: State, requested: Mapping[str, Any], now: datetime) -> Created:
    """Create the requested order."""
    _check_customer(state, requested)
    stamp = state.order_stamp(now)
    order = Order(0, "pending", state.settings.currency, stamp, stamp)
    order.items = build_items(state, parse_lines(requested.get("line_items", ())))
    _apply(state, order, requested)
    _apply_coupons(state, order, requested, now)
    order.id = state.numbers.take("post")
    order.number = str(order.id)
    state.orders[order.id] = order
    order_changes.set_first_status(state, order, str(requested.get("status") or "pending"), now)
    _edit_meta(state, order, requested, now)
    if requested.get("set_paid") is True:
        order_changes.pay(state, order, now)
    return Created(values.order_row(state, order), f"/wc/v3/orders/{order.id}")


def update(
    state: State, order_id: int, requested: Mapping[str, Any], now: datetime
) -> dict[str, Any]:
    """Change an order; with HPOS every save updates `date_modified`, even one without changes."""
    if order_id not in state.orders:
        raise _missing(400)
    order = state.orders[order_id]
    _check_customer(state, requested)
    _apply(state, order, requested)
    if "line_items" in requested:
        added = build_items(state, parse_lines(requested["line_items"]))
        order_changes.edit_items(state, order, [*order.items, *added], now)
    _apply_coupons(state, order, requested, now)
    _edit_meta(state, order, requested, now)
    if requested.get("status"):
        order_changes.set_status(state, order, str(requested["status"]), now)
    if requested.get("set_paid") is True:
        order_changes.pay(state, order, now)
    return values.order_row(state, order)


def delete(state: State, order_id: int, now: datetime, *, force: bool) -> dict[str, Any]:
    """Delete an order, or move it to the trash; return it as it was before."""
    if order_id not in state.orders:
        raise _missing(404)
    order = state.orders[order_id]
    row = values.order_row(state, order)
    if force:
        order_changes.delete(state, order)
    elif order.status == "trash":
        message = "The order has already been deleted."
        raise RestError("woocommerce_rest_already_trashed", message, 410)
    else:
        order_changes.trash(state, order, now)
    return row


def check(state: State, requested: Mapping[str, Any]) -> None:
    """Validate a single request; WooCommerce does not validate the items of a batch."""
    bad = {}
    status = requested.get("status")
    known = ("auto-draft", *state.settings.statuses)
    if status is not None and status not in known:
        message = f"status is not one of {', '.join(known[:-1])}, and {known[-1]}."
        bad["status"] = InvalidParam("rest_not_in_enum", message)
    email = (requested.get("billing") or {}).get("email")
    if email and not EMAIL.fullmatch(str(email)):
        bad["billing"] = InvalidParam("rest_invalid_email", "Invalid email address.")
    if bad:
        raise invalid_params(bad)


def _apply(state: State, order: Order, requested: Mapping[str, Any]) -> None:
    # The caller saves the order, together with its meta data.
    for name in _PLAIN_FIELDS:
        if requested.get(name) is not None:
            setattr(order, name, str(requested[name]))
    if requested.get("customer_id") is not None:
        order.customer_id = int(requested["customer_id"])
    order.billing |= _address(requested.get("billing"), BILLING)
    order.shipping |= _address(requested.get("shipping"), SHIPPING)
    pairs = [(str(row.get("name", "")), row.get("total")) for row in requested.get("fee_lines", ())]
    order.fees += build_fees(state, pairs)
    ways = [
        (str(row.get("method_title", "")), row.get("total"))
        for row in requested.get("shipping_lines", ())
    ]
    order.shippings += build_fees(state, ways)
    order.cached_json = ""


def _address(requested: Mapping[str, Any] | None, names: list[str]) -> dict[str, str]:
    return {name: str(value or "") for name, value in (requested or {}).items() if name in names}


def _apply_coupons(state: State, order: Order, requested: Mapping[str, Any], now: datetime) -> None:
    codes = [str(row.get("code", "")) for row in requested.get("coupon_lines", ())]
    known = {line.code for line in order.coupons}
    apply_coupons(state, order, [code for code in codes if code.lower() not in known], now)


def _edit_meta(state: State, order: Order, requested: Mapping[str, Any], now: datetime) -> None:
    order_changes.edit_meta(state, order, requested.get("meta_data", ()), now)


def _check_customer(state: State, requested: Mapping[str, Any]) -> None:
    if requested.get("customer_id") and requested["customer_id"] not in state.customers:
        message = "Customer ID is invalid."
        raise RestError("woocommerce_rest_invalid_customer_id", message, 400)


def _missing(status: int) -> RestError:
    return RestError("woocommerce_rest_shop_order_invalid_id", "Invalid ID.", status)


# Creation of an order: lines, coupons and totals.


@dataclass(frozen=True, slots=True)
class LineItem:
    """An ordered line; name and price are given where the product no longer exists."""

    product_id: int = 0
    quantity: int = 1
    name: str = ""
    sku: str = ""
    total: str | None = None
    meta: Mapping[str, Any] | None = None


def build_items(state: State, lines: Iterable[LineItem | tuple[int, int]]) -> list[Item]:
    """Turn ordered lines into lines of an order."""
    requested = (line if isinstance(line, LineItem) else LineItem(*line) for line in lines)
    return [_build_item(state, line) for line in requested]


def parse_lines(rows: Sequence[Mapping[str, Any]]) -> list[LineItem]:
    """Parse the `line_items` of a request; each must name its product."""
    if not all(row.get("product_id") for row in rows):
        message = "Product ID or SKU is required."
        raise RestError("woocommerce_rest_required_product_reference", message, 400)
    return [
        LineItem(
            product_id=int(row.get("product_id") or 0),
            quantity=int(row.get("quantity", 1)),
            name=str(row.get("name", "")),
            total=str(row["total"]) if "total" in row else None,
            meta={str(each["key"]): each["value"] for each in row.get("meta_data", ())},
        )
        for row in rows
    ]


def apply_coupons(state: State, order: Order, codes: Iterable[str], now: datetime) -> None:
    """Apply coupons one after the other; raise RestError where one cannot be used."""
    email = order.billing["email"]
    found = [coupons.require_usable(state, code, email, order.total, now) for code in codes]
    for coupon in found:
        taken = coupons.discounts(coupon, order.items)
        for line, off in zip(order.items, taken, strict=True):
            line.total -= off
        coupons.count_use(coupon, str(order.customer_id or email))
        order.coupons.append(_coupon_line(state, coupon, sum(taken, ZERO)))


def build_fees(state: State, fees: Iterable[tuple[str, Any]]) -> list[Fee]:
    """Turn pairs of name and amount into fee (or shipping) lines."""
    return [Fee(state.numbers.take("item"), name, parse_money(amount)) for name, amount in fees]


def _build_item(state: State, line: LineItem) -> Item:
    product = state.products.get(line.product_id)
    if line.product_id and product is None and line.total is None:
        message = "Invalid product."
        raise RestError("woocommerce_rest_invalid_product_id", message, 400)
    price = parse_money(product.price) * line.quantity if product else ZERO
    total = parse_money(line.total) if line.total is not None else price
    name = line.name or (product.name if product else "")
    return Item(
        id=state.numbers.take("item"),
        # WordPress stores names escaped: Baby &amp; Kids.
        name=escape_name(name),
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


def escape_name(name: str) -> str:
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
