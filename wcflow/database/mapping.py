"""Records to rows, and back. Pure; which rows are written, and when, is decided elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from operator import attrgetter
from typing import Any, NamedTuple

import msgspec
from msgspec.structs import replace

from wcflow.database.details import encode_customer_detail, encode_order_detail
from wcflow.database.sql import dumps, instant, loads, stamp, table_of
from wcflow.database.tables import CustomerRow, OrderRow, ProductRow
from wcflow.records import Address, Customer, LineItem, Order, Product, Refund, StatusChange
from wcflow.units import normalize_email

NON_CONTENT_COLUMNS = frozenset({"modified", "history"})
"""Columns of an order in which two rows may differ and still say the same."""

_order_values = attrgetter(*[name for name in table_of(OrderRow).columns.keys() if name != "store"])  # noqa: SIM118  names, not columns
_customer_values = attrgetter(*[c.name for c in table_of(CustomerRow).columns if c.name != "store"])
_product_values = attrgetter(*[c.name for c in table_of(ProductRow).columns if c.name != "store"])
_from_timestamp = datetime.fromtimestamp


def order_to_row(store: str, order: Order) -> dict[str, Any]:
    """Give the row of an order; what was observed of it stays with the mirror, so no history."""
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
        "detail": encode_order_detail(order),
    }


def order_from_row(row: Any) -> Order:
    """Give the order of a row of the orders table."""
    return order_from_columns(_order_values(row))


class _Addresses(msgspec.Struct):
    billing: msgspec.Raw
    shipping: msgspec.Raw


class _OrderContent(msgspec.Struct):
    items: tuple[LineItem, ...]
    refunds: list[dict[str, Any]]
    coupons: tuple[str, ...]
    meta: dict[str, str]


class _CustomerDetail(_Addresses):
    meta: dict[str, str] | None


# Makes records of the text at once: what orjson reads would be made into them by Python, which
# takes three times as long, and a census is judged by a million of these.
_decode_addresses = msgspec.json.Decoder(_Addresses).decode
_decode_content = msgspec.json.Decoder(_OrderContent).decode
_decode_customer_detail = msgspec.json.Decoder(_CustomerDetail).decode
_decode_address = msgspec.json.Decoder(Address).decode
_decode_history = msgspec.json.Decoder(list[tuple[str, str, int]]).decode


# The same address stands in all orders of a customer, mostly twice.
@lru_cache(maxsize=4096)
def _cached_address(text: bytes) -> Address:
    return _decode_address(text)


def _load_addresses(decoded: _Addresses) -> tuple[Address, Address]:
    first, second = bytes(decoded.billing), bytes(decoded.shipping)
    billing = _cached_address(first)
    return billing, billing if first == second else _cached_address(second)


def parse_addresses(detail: str) -> tuple[Address, Address]:
    """Give the billing and the shipping address that an order's detail holds."""
    return _load_addresses(_decode_addresses(detail))


def parse_order_content(detail: str) -> tuple[Any, ...]:
    """Give what else an order's detail holds: items, refunds, coupons, meta."""
    decoded = _decode_content(detail)
    refunds = tuple(_build_refunds(decoded.refunds)) if decoded.refunds else ()
    return decoded.items, refunds, decoded.coupons, decoded.meta


_order, _customer = Order, Customer
_product, _change = Product, StatusChange


def order_from_columns(columns: Iterable[Any]) -> Order:
    """Give the order of a row's columns, without the store, as they stand in the table."""
    # fmt: off
    (
        number, name, status, currency, total, discount, customer_id, email, created, modified,
        paid, completed, method, via, note, detail, history,
    ) = columns
    # fmt: on
    billing, shipping = parse_addresses(detail)
    items, refunds, coupons, meta = parse_order_content(detail)
    return _order(
        number,
        name,
        status,
        currency,
        total,
        discount,
        customer_id,
        email,
        _from_timestamp(created, UTC),
        _from_timestamp(modified, UTC),
        None if paid is None else _from_timestamp(paid, UTC),
        None if completed is None else _from_timestamp(completed, UTC),
        billing,
        shipping,
        method,
        via,
        note,
        items,
        refunds,
        coupons,
        meta,
        tuple(parse_history(history)),
    )


def parse_refunds(detail: Mapping[str, Any]) -> Iterable[Refund]:
    """Give the refunds that an order's detail holds."""
    return _build_refunds(detail["refunds"])


def _build_refunds(parts: Iterable[Mapping[str, Any]]) -> Iterable[Refund]:
    return (
        Refund(part["id"], part["total"], part["reason"], _optional_instant(part["date"]))
        for part in parts
    )


def parse_history(column: str) -> list[StatusChange]:
    """Give the observed changes of status that a history column holds."""
    return [
        _change(before, after, _from_timestamp(at, UTC))
        for before, after, at in _decode_history(column)
    ]


def primary_email(customer: Customer) -> str:
    """Give the address that a customer is known by: of the account, else of billing."""
    return _without_nul(normalize_email(customer.email) or normalize_email(customer.billing.email))


def customer_to_row(store: str, customer: Customer) -> dict[str, Any]:
    """Give the row of a customer: known by the account's address, else by that of billing."""
    return {
        "store": store,
        "id": customer.id,
        "email": primary_email(customer),
        "first_name": _without_nul(customer.first_name),
        "last_name": _without_nul(customer.last_name),
        "username": _without_nul(customer.username),
        "role": _without_nul(customer.role),
        "created": _optional_stamp(customer.created),
        "detail": encode_customer_detail(customer),
    }


def customer_from_row(row: Any) -> Customer:
    """Give the customer of a row; the address is the one they are known by, in normal form."""
    return customer_from_columns(_customer_values(row))


def customer_from_columns(columns: Iterable[Any]) -> Customer:
    """Give the customer of a row's columns, without the store, as they stand in the table."""
    number, email, first_name, last_name, username, role, created, detail = columns
    decoded = _decode_customer_detail(detail)
    registered, addresses = _optional_instant(created), _load_addresses(decoded)
    return _customer(
        number, email, first_name, last_name, username, role, registered, *addresses, decoded.meta
    )


def product_to_row(store: str, product: Product) -> dict[str, Any]:
    """Give the row of a product."""
    return {
        "store": store,
        "id": product.id,
        "name": _without_nul(product.name),
        "sku": _without_nul(product.sku),
        "categories": dumps(product.categories),
        "tags": dumps(product.tags),
        "modified": _optional_stamp(product.modified),
    }


def product_from_row(row: Any) -> Product:
    """Give the product of a row."""
    return product_from_columns(_product_values(row))


def product_from_columns(columns: Iterable[Any]) -> Product:
    """Give the product of a row's columns, without the store, as they stand in the table."""
    number, name, sku, categories, tags, modified = columns
    return _product(
        number, name, sku, _parse_names(categories), _parse_names(tags), _optional_instant(modified)
    )


# Many products stand in the same categories.
@lru_cache(maxsize=4096)
def _parse_names(text: str) -> tuple[str, ...]:
    return tuple(loads(text))


def row_content(row: Mapping[str, Any]) -> dict[str, Any]:
    """Give what a row says of the shop, without when it was said."""
    return {name: value for name, value in row.items() if name not in NON_CONTENT_COLUMNS}


def _without_nul(text: str) -> str:
    # PostgreSQL holds no NUL in a text; a plugin that stored one must not stop the mirror.
    return text.replace("\0", "") if "\0" in text else text


def _optional_stamp(moment: datetime | None) -> int | None:
    return None if moment is None else stamp(moment)


def _optional_instant(seconds: int | None) -> datetime | None:
    return None if seconds is None else instant(seconds)


# Orders made into rows before it is known what the mirror has of them. Who asks a shop does that, not who keeps what came: many ask, one keeps, and rows that wait are small.


class PreparedOrder(NamedTuple):
    """An order as the row of one that is new to the mirror.

    ``undated`` is the order itself if refunds have no date, which the mirror may know.
    """

    id: int
    row: Mapping[str, Any]
    undated: Order | None


def prepare_orders(store: str, orders: Sequence[Order]) -> tuple[Order | PreparedOrder, ...]:
    """Make the rows of orders; where a text among them cannot be written, they stay as they are."""
    try:
        return tuple([_prepare_order(store, order) for order in orders])
    except UnicodeError:
        return tuple(orders)


def _prepare_order(store: str, order: Order) -> PreparedOrder:
    row = order_to_row(store, order)
    row["history"] = dumps([["", row["status"], row["created"]]])
    return PreparedOrder(order.id, row, None if _has_refund_dates(order) else order)


def merge_order_row(store: str, order: Order | PreparedOrder, old: Any) -> Mapping[str, Any]:
    """Give the row of an order, beside the row ``old`` that the mirror has of it, or None."""
    new = _prepare_order(store, order) if isinstance(order, Order) else order
    if old is None:
        return new.row
    row = (
        new.row if new.undated is None else order_to_row(store, with_refund_dates(new.undated, old))
    )
    return {**row, "history": _updated_history(old, row)}


def with_refund_dates(order: Order, old: Any) -> Order:
    """Give an order with the dates of refunds that the mirror knows and the shop did not tell."""
    if old is None or _has_refund_dates(order):
        return order
    dates = {refund.id: refund.date for refund in parse_refunds(loads(old.detail))}
    refunds = (replace(r, date=r.date or dates.get(r.id)) for r in order.refunds)
    return replace(order, refunds=tuple(refunds))


def _updated_history(old: Any, new: Mapping[str, Any]) -> str:
    if old.status == new["status"]:
        return str(old.history)
    return dumps([*loads(old.history), [old.status, new["status"], new["modified"]]])


def _has_refund_dates(order: Order) -> bool:
    return all(refund.date for refund in order.refunds)
