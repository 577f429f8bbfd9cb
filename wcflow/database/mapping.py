"""Records to rows, and back. Pure; which rows are written, and when, is decided elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from operator import attrgetter
from typing import Any, NamedTuple

import msgspec
from msgspec.structs import replace

from wcflow.database.details import customer_detail, order_detail
from wcflow.database.sql import dumps, instant, loads, stamp, table_of
from wcflow.database.tables import CustomerRow, OrderRow, ProductRow
from wcflow.records import Address, Customer, LineItem, Order, Product, Refund, StatusChange
from wcflow.units import normalize_email

NOT_CONTENT = frozenset({"modified", "history", "country"})
"""Columns of an order in which two rows may differ and still say the same."""

_of_order = attrgetter(*[name for name in table_of(OrderRow).columns.keys() if name != "store"])  # noqa: SIM118  names, not columns
_of_customer = attrgetter(*[c.name for c in table_of(CustomerRow).columns if c.name != "store"])
_of_product = attrgetter(*[c.name for c in table_of(ProductRow).columns if c.name != "store"])
_at = datetime.fromtimestamp


def order_row(store: str, order: Order) -> dict[str, Any]:
    """Give the row of an order; what was observed of it stays with the mirror, so no history."""
    return {
        "store": store,
        "id": order.id,
        "number": _plain(order.number),
        "status": _plain(order.status),
        "currency": _plain(order.currency),
        "total": order.total,
        "discount_total": order.discount_total,
        "customer_id": order.customer_id,
        "email": _plain(order.email),
        "created": stamp(order.created),
        "modified": stamp(order.modified),
        "paid": _stamp(order.paid),
        "completed": _stamp(order.completed),
        "payment_method": _plain(order.payment_method),
        "created_via": _plain(order.created_via),
        "customer_note": _plain(order.customer_note),
        "detail": order_detail(order),
        "country": _plain(order.country),
    }


def order_of(row: Any) -> Order:
    """Give the order of a row of the orders table."""
    return order_from(_of_order(row))


class _Addresses(msgspec.Struct):
    billing: msgspec.Raw
    shipping: msgspec.Raw


class _Bought(msgspec.Struct):
    items: tuple[LineItem, ...]
    refunds: list[dict[str, Any]]
    coupons: tuple[str, ...]
    meta: dict[str, str]


class _CustomerDetail(_Addresses):
    meta: dict[str, str] | None


# Makes records of the text at once: what orjson reads would be made into them by Python, which
# takes three times as long, and a census is judged by a million of these.
_addresses_in = msgspec.json.Decoder(_Addresses).decode
_bought_in = msgspec.json.Decoder(_Bought).decode
_customer_detail_in = msgspec.json.Decoder(_CustomerDetail).decode
_address_in = msgspec.json.Decoder(Address).decode
_history_in = msgspec.json.Decoder(list[tuple[str, str, int]]).decode


# The same address stands in all orders of a customer, mostly twice.
@lru_cache(maxsize=4096)
def _address_of(text: bytes) -> Address:
    return _address_in(text)


def _addresses_of(told: _Addresses) -> tuple[Address, Address]:
    first, second = bytes(told.billing), bytes(told.shipping)
    billing = _address_of(first)
    return billing, billing if first == second else _address_of(second)


def addresses_of(detail: str) -> tuple[Address, Address]:
    """Give the billing and the shipping address that an order's detail holds."""
    return _addresses_of(_addresses_in(detail))


def bought_of(detail: str) -> tuple[Any, ...]:
    """Give what else an order's detail holds: items, refunds, coupons, meta."""
    told = _bought_in(detail)
    refunds = tuple(_refunds(told.refunds)) if told.refunds else ()
    return told.items, refunds, told.coupons, told.meta


_order, _customer = Order, Customer
_product, _change = Product, StatusChange


def order_from(columns: Iterable[Any]) -> Order:
    """Give the order of a row's columns, without the store, as they stand in the table."""
    # fmt: off
    (
        number, name, status, currency, total, discount, customer_id, email, created, modified,
        paid, completed, method, via, note, detail, history, _,
    ) = columns
    # fmt: on
    billing, shipping = addresses_of(detail)
    items, refunds, coupons, meta = bought_of(detail)
    return _order(
        number,
        name,
        status,
        currency,
        total,
        discount,
        customer_id,
        email,
        _at(created, UTC),
        _at(modified, UTC),
        None if paid is None else _at(paid, UTC),
        None if completed is None else _at(completed, UTC),
        billing,
        shipping,
        method,
        via,
        note,
        items,
        refunds,
        coupons,
        meta,
        tuple(history_of(history)),
    )


def refunds_in(detail: Mapping[str, Any]) -> Iterable[Refund]:
    """Give the refunds that an order's detail holds."""
    return _refunds(detail["refunds"])


def _refunds(parts: Iterable[Mapping[str, Any]]) -> Iterable[Refund]:
    return (
        Refund(part["id"], part["total"], part["reason"], _instant(part["date"])) for part in parts
    )


def history_of(column: str) -> list[StatusChange]:
    """Give the observed changes of status that a history column holds."""
    return [_change(before, after, _at(at, UTC)) for before, after, at in _history_in(column)]


def address_of(customer: Customer) -> str:
    """Give the address that a customer is known by: of the account, else of billing."""
    return _plain(normalize_email(customer.email) or normalize_email(customer.billing.email))


def customer_row(store: str, customer: Customer) -> dict[str, Any]:
    """Give the row of a customer: known by the account's address, else by that of billing."""
    return {
        "store": store,
        "id": customer.id,
        "email": address_of(customer),
        "first_name": _plain(customer.first_name),
        "last_name": _plain(customer.last_name),
        "username": _plain(customer.username),
        "role": _plain(customer.role),
        "created": _stamp(customer.created),
        "detail": customer_detail(customer),
    }


def customer_of(row: Any) -> Customer:
    """Give the customer of a row; the address is the one they are known by, in normal form."""
    return customer_from(_of_customer(row))


def customer_from(columns: Iterable[Any]) -> Customer:
    """Give the customer of a row's columns, without the store, as they stand in the table."""
    number, email, first_name, last_name, username, role, created, detail = columns
    told = _customer_detail_in(detail)
    registered, addresses = _instant(created), _addresses_of(told)
    return _customer(
        number, email, first_name, last_name, username, role, registered, *addresses, told.meta
    )


def product_row(store: str, product: Product) -> dict[str, Any]:
    """Give the row of a product."""
    return {
        "store": store,
        "id": product.id,
        "name": _plain(product.name),
        "sku": _plain(product.sku),
        "categories": dumps(product.categories),
        "tags": dumps(product.tags),
        "modified": _stamp(product.modified),
    }


def product_of(row: Any) -> Product:
    """Give the product of a row."""
    return product_from(_of_product(row))


def product_from(columns: Iterable[Any]) -> Product:
    """Give the product of a row's columns, without the store, as they stand in the table."""
    number, name, sku, categories, tags, modified = columns
    return _product(number, name, sku, _names(categories), _names(tags), _instant(modified))


# Many products stand in the same categories.
@lru_cache(maxsize=4096)
def _names(text: str) -> tuple[str, ...]:
    return tuple(loads(text))


def content(row: Mapping[str, Any]) -> dict[str, Any]:
    """Give what a row says of the shop, without when it was said."""
    return {name: value for name, value in row.items() if name not in NOT_CONTENT}


def _plain(text: str) -> str:
    # PostgreSQL holds no NUL in a text; a plugin that stored one must not stop the mirror.
    return text.replace("\0", "") if "\0" in text else text


def _stamp(moment: datetime | None) -> int | None:
    return None if moment is None else stamp(moment)


def _instant(seconds: int | None) -> datetime | None:
    return None if seconds is None else instant(seconds)


# Orders made into rows before it is known what the mirror has of them. Who asks a shop does that, not who keeps what came: many ask, one keeps, and rows that wait are small.


class ReadyOrder(NamedTuple):
    """An order as the row of one that is new to the mirror.

    ``undated`` is the order itself if refunds have no date, which the mirror may know.
    """

    id: int
    row: Mapping[str, Any]
    undated: Order | None


def ready(store: str, orders: Sequence[Order]) -> tuple[Order | ReadyOrder, ...]:
    """Make the rows of orders; where a text among them cannot be written, they stay as they are."""
    try:
        return tuple([_ready(store, order) for order in orders])
    except UnicodeError:
        return tuple(orders)


def _ready(store: str, order: Order) -> ReadyOrder:
    row = order_row(store, order)
    row["history"] = dumps([["", row["status"], row["created"]]])
    return ReadyOrder(order.id, row, None if _is_dated(order) else order)


def row_beside(store: str, order: Order | ReadyOrder, old: Any) -> Mapping[str, Any]:
    """Give the row of an order, beside the row ``old`` that the mirror has of it, or None."""
    new = _ready(store, order) if isinstance(order, Order) else order
    if old is None:
        return new.row
    row = new.row if new.undated is None else order_row(store, dated(new.undated, old))
    return {**row, "history": _history(old, row)}


def dated(order: Order, old: Any) -> Order:
    """Give an order with the dates of refunds that the mirror knows and the shop did not tell."""
    if old is None or _is_dated(order):
        return order
    dates = {refund.id: refund.date for refund in refunds_in(loads(old.detail))}
    refunds = (replace(r, date=r.date or dates.get(r.id)) for r in order.refunds)
    return replace(order, refunds=tuple(refunds))


def _history(old: Any, new: Mapping[str, Any]) -> str:
    if old.status == new["status"]:
        return str(old.history)
    return dumps([*loads(old.history), [old.status, new["status"], new["modified"]]])


def _is_dated(order: Order) -> bool:
    return all(refund.date for refund in order.refunds)
