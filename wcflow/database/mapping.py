"""Convert records to rows and back. Pure; other modules decide which rows are written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from operator import attrgetter
from typing import Any, NamedTuple

import msgspec
from msgspec.structs import replace
from sqlmodel import SQLModel

from wcflow.database.sql import dumps, instant, loads, stamp, table_of
from wcflow.database.tables import CustomerRow, OrderRow, ProductRow
from wcflow.records import (
    SHIPPED,
    Address,
    Customer,
    LineItem,
    Order,
    Product,
    Refund,
    StatusChange,
    has_tracking_number,
)
from wcflow.units import normalize_email

NON_CONTENT_COLUMNS = frozenset({"modified", "history"})
"""Columns of an order that do not count as a change of its content."""


def _columns_without_store(model: type[SQLModel]) -> attrgetter[tuple[Any, ...]]:
    return attrgetter(*[each.name for each in table_of(model).columns if each.name != "store"])


_order_columns = _columns_without_store(OrderRow)
_customer_columns = _columns_without_store(CustomerRow)
_product_columns = _columns_without_store(ProductRow)

# Keys are sorted: rows are compared as text, and equal content must be equal text.
_encode = msgspec.json.Encoder(order="sorted").encode


def order_to_row(store: str, order: Order) -> dict[str, Any]:
    """Return the row of an order without its history, which only the database has."""
    return {
        "store": store,
        "id": order.id,
        "number": _without_nul(order.number),
        "status": _without_nul(order.status),
        "currency": _without_nul(order.currency),
        "total": order.total,
        "discount_total": order.discount_total,
        "customer_id": order.customer_id,
        "email": _without_nul(order.email),
        "created": stamp(order.created),
        "modified": stamp(order.modified),
        "paid": _optional_stamp(order.paid),
        "completed": _optional_stamp(order.completed),
        "payment_method": _without_nul(order.payment_method),
        "created_via": _without_nul(order.created_via),
        "customer_note": _without_nul(order.customer_note),
        "detail": _order_detail(order),
        "odd_fields": ",".join(order.odd_fields),
        "parent_id": order.parent_id,
        "undated": order.undated,
    }


def _order_detail(order: Order) -> str:
    detail = {
        "billing": order.billing,
        "coupons": order.coupons,
        **({"coupon_discounts": order.coupon_discounts} if order.coupon_discounts else {}),
        "items": order.items,
        "meta": dict(order.meta),
        "refunds": [_refund_fields(each) for each in order.refunds],
        "shipping": order.shipping,
    }
    return _encode(detail).decode()


def _refund_fields(refund: Refund) -> dict[str, Any]:
    return {
        "id": refund.id,
        "total": refund.total,
        "reason": refund.reason,
        "date": _optional_stamp(refund.date),
    }


def order_from_row(row: Any) -> Order:
    """Return the order of a row of the table."""
    return order_from_columns(_order_columns(row))


def order_from_columns(columns: Iterable[Any]) -> Order:
    """Return the order of a row's columns: all but the store, in the table's order."""
    # fmt: off
    (
        number, name, status, currency, total, discount, customer_id, email, created, modified,
        paid, completed, method, via, note, detail, history, odd_fields, parent_id, undated,
    ) = columns
    # fmt: on
    billing, shipping = _build_addresses(_decode_addresses(detail))
    content = _decode_content(detail)
    return Order(
        number,
        name,
        status,
        currency,
        total,
        discount,
        customer_id,
        email,
        instant(created),
        instant(modified),
        _optional_instant(paid),
        _optional_instant(completed),
        billing,
        shipping,
        method,
        via,
        note,
        content.items,
        _build_refunds(content.refunds) if content.refunds else (),
        content.coupons,
        content.meta,
        _parse_history(history),
        split_fields(odd_fields),
        parent_id,
        undated,
        content.coupon_discounts,
    )


def parse_refunds(detail: Mapping[str, Any]) -> tuple[Refund, ...]:
    """Return the refunds in an order's detail."""
    return _build_refunds(detail["refunds"])


def _build_refunds(parts: Iterable[Mapping[str, Any]]) -> tuple[Refund, ...]:
    return tuple(
        [
            Refund(part["id"], part["total"], part["reason"], _optional_instant(part["date"]))
            for part in parts
        ]
    )


def _parse_history(column: str) -> tuple[StatusChange, ...]:
    return tuple(
        [StatusChange(before, after, instant(at)) for before, after, at in _decode_history(column)]
    )


# JSON is decoded straight into records. Building them from orjson's dicts takes three times as
# long, and a full evaluation of a large store decodes a million orders.


class _Addresses(msgspec.Struct):
    billing: msgspec.Raw
    shipping: msgspec.Raw


class _OrderContent(msgspec.Struct):
    items: tuple[LineItem, ...]
    refunds: list[dict[str, Any]]
    coupons: tuple[str, ...]
    meta: dict[str, str]
    coupon_discounts: tuple[int, ...] = ()


class _CustomerDetail(_Addresses):
    meta: dict[str, str] | None


_decode_addresses = msgspec.json.Decoder(_Addresses).decode
_decode_content = msgspec.json.Decoder(_OrderContent).decode
_decode_customer_detail = msgspec.json.Decoder(_CustomerDetail).decode
_decode_address = msgspec.json.Decoder(Address).decode
_decode_history = msgspec.json.Decoder(list[tuple[str, str, int]]).decode


# All orders of a customer usually have the same address, and most of them have it twice.
def _build_addresses(decoded: _Addresses) -> tuple[Address, Address]:
    first, second = bytes(decoded.billing), bytes(decoded.shipping)
    billing = _cached_address(first)
    return billing, billing if first == second else _cached_address(second)


@lru_cache(maxsize=4096)
def _cached_address(text: bytes) -> Address:
    return _decode_address(text)


# Customers.


def primary_email(customer: Customer) -> str:
    """Return the normalized address of the account, else the billing address."""
    return _without_nul(normalize_email(customer.email) or normalize_email(customer.billing.email))


def other_email(customer: Customer) -> str:
    """Return the normalized billing address if the account's own is another or missing, else nothing."""
    billing = _without_nul(normalize_email(customer.billing.email))
    return "" if billing == _without_nul(normalize_email(customer.email)) else billing


def customer_to_row(store: str, customer: Customer) -> dict[str, Any]:
    """Return the row of a customer."""
    return {
        "store": store,
        "id": customer.id,
        "email": primary_email(customer),
        "first_name": _without_nul(customer.first_name),
        "last_name": _without_nul(customer.last_name),
        "username": _without_nul(customer.username),
        "role": _without_nul(customer.role),
        "created": _optional_stamp(customer.created),
        "detail": _customer_detail(customer),
        "billing_email": other_email(customer),
        "odd_fields": ",".join(customer.odd_fields),
    }


def _customer_detail(customer: Customer) -> str:
    # Null: the API key cannot read meta.
    meta = None if customer.meta is None else dict(customer.meta)
    detail = {"billing": customer.billing, "meta": meta, "shipping": customer.shipping}
    return _encode(detail).decode()


def customer_from_row(row: Any) -> Customer:
    """Return the customer of a row; ``email`` is the primary address."""
    return customer_from_columns(_customer_columns(row))


def customer_from_columns(columns: Iterable[Any]) -> Customer:
    """Return the customer of a row's columns: all but the store, in the table's order."""
    number, email, first_name, last_name, username, role, created, detail, _, odd_fields = columns
    decoded = _decode_customer_detail(detail)
    registered, addresses = _optional_instant(created), _build_addresses(decoded)
    odd = split_fields(odd_fields)
    return Customer(
        number,
        email,
        first_name,
        last_name,
        username,
        role,
        registered,
        *addresses,
        decoded.meta,
        odd,
    )


# Products.


def product_to_row(store: str, product: Product) -> dict[str, Any]:
    """Return the row of a product."""
    return {
        "store": store,
        "id": product.id,
        "name": _without_nul(product.name),
        "sku": _without_nul(product.sku),
        "categories": dumps(product.categories),
        "tags": dumps(product.tags),
        "modified": _optional_stamp(product.modified),
        "odd_fields": ",".join(product.odd_fields),
    }


def product_from_row(row: Any) -> Product:
    """Return the product of a row."""
    return product_from_columns(_product_columns(row))


def product_from_columns(columns: Iterable[Any]) -> Product:
    """Return the product of a row's columns: all but the store, in the table's order."""
    number, name, sku, categories, tags, modified, odd_fields = columns
    return Product(
        number,
        name,
        sku,
        _parse_names(categories),
        _parse_names(tags),
        _optional_instant(modified),
        split_fields(odd_fields),
    )


# Many products have the same categories.
@lru_cache(maxsize=4096)
def _parse_names(text: str) -> tuple[str, ...]:
    return tuple(loads(text))


def split_fields(column: str) -> tuple[str, ...]:
    """Return the names in the column ``odd_fields``."""
    return tuple(column.split(",")) if column else ()


def row_content(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the columns that count as content."""
    return {name: value for name, value in row.items() if name not in NON_CONTENT_COLUMNS}


def _without_nul(text: str) -> str:
    # PostgreSQL text cannot contain NUL; a plugin that saved one must not stop the import.
    return text.replace("\0", "") if "\0" in text else text


def _optional_stamp(moment: datetime | None) -> int | None:
    return None if moment is None else stamp(moment)


def _optional_instant(seconds: int | None) -> datetime | None:
    return None if seconds is None else instant(seconds)


# Rows that are prepared before the saved order is known. The threads of an import that read pages
# prepare them, and the one thread that writes only merges them; a waiting row is small.


class PreparedOrder(NamedTuple):
    """An order as a new row; ``without_refund_dates`` is the order itself if a refund has no date."""

    id: int
    row: Mapping[str, Any]
    without_refund_dates: Order | None


def prepare_orders(store: str, orders: Sequence[Order]) -> tuple[Order | PreparedOrder, ...]:
    """Prepare the rows of orders. If a text cannot be encoded, all orders stay as they are."""
    try:
        return tuple([_prepare_order(store, order) for order in orders])
    except UnicodeError:
        return tuple(orders)


def _prepare_order(store: str, order: Order) -> PreparedOrder:
    row = order_to_row(store, order)
    row["history"] = dumps([["", row["status"], row["created"]], *_shipped_change(row)])
    return PreparedOrder(order.id, row, None if _has_refund_dates(order) else order)


def merge_order_row(store: str, order: Order | PreparedOrder, old: Any) -> Mapping[str, Any]:
    """Return the new row of an order; ``old`` is the saved row, or None."""
    new = _prepare_order(store, order) if isinstance(order, Order) else order
    if old is None:
        return new.row
    whole = new.without_refund_dates
    row = new.row if whole is None else order_to_row(store, with_refund_dates(whole, old))
    return {**row, **first_date(old, row), "history": _updated_history(old, row)}


def first_date(old: Any, row: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the columns of an order's date: of an undated one, the first that was seen stays.

    Every write moves the date of its last change, and also makes WooCommerce date it.
    """
    is_later = old.undated and row["created"] >= old.created
    stays = row["undated"] or is_later
    return {
        "created": old.created if stays else row["created"],
        "undated": stays,
    }


def with_refund_dates(order: Order, old: Any) -> Order:
    """Return an order with the refund dates of its saved row, which the store did not return."""
    if old is None or _has_refund_dates(order):
        return order
    dates = {refund.id: refund.date for refund in parse_refunds(loads(old.detail))}
    refunds = (replace(r, date=r.date or dates.get(r.id)) for r in order.refunds)
    return replace(order, refunds=tuple(refunds))


def _updated_history(old: Any, new: Mapping[str, Any]) -> str:
    changes = [] if SHIPPED in old.history else _shipped_change(new)
    if old.status != new["status"]:
        changes.append([old.status, new["status"], new["modified"]])
    return dumps([*loads(old.history), *changes]) if changes else str(old.history)


def _shipped_change(row: Mapping[str, Any]) -> list[list[Any]]:
    """Return when a tracking number was first seen; most orders have none, so do not decode them."""
    shipped = "track" in row["detail"] and has_tracking_number(loads(row["detail"])["meta"])
    return [["", SHIPPED, row["modified"]]] if shipped else []


def _has_refund_dates(order: Order) -> bool:
    return all(refund.date for refund in order.refunds)
