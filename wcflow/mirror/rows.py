"""Records to rows, and back. Pure; which rows are written, and when, is decided elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from functools import lru_cache
from operator import attrgetter
from typing import Any

import msgspec

from wcflow.frozen import maker
from wcflow.mirror.tables import OrderRow
from wcflow.mirror.upserts import dumps, instant, loads, stamp, table_of
from wcflow.records import Address, Customer, LineItem, Order, Product, Refund, StatusChange
from wcflow.units import normal_email

NOT_CONTENT = frozenset({"modified", "history"})
"""Columns of an order in which two rows may differ and still say the same."""

_ADDRESS_PARTS = tuple(field.name for field in fields(Address))
# Attributes fetched at once: a page of orders has two hundred addresses of eleven parts each.
_of_order = attrgetter(*[name for name in table_of(OrderRow).columns.keys() if name != "store"])  # noqa: SIM118  names, not columns
_of_address = attrgetter(*_ADDRESS_PARTS)
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
        "detail": dumps(_order_detail(order)),
    }


def _order_detail(order: Order) -> dict[str, Any]:
    return {
        "billing": _address(order.billing),
        "shipping": _address(order.shipping),
        "items": [
            {
                "id": item.id,
                "product_id": item.product_id,
                "variation_id": item.variation_id,
                "name": item.name,
                "sku": item.sku,
                "quantity": item.quantity,
                "total": item.total,
                "meta": item.meta,
            }
            for item in order.items
        ],
        "refunds": [
            {"id": r.id, "total": r.total, "reason": r.reason, "date": _stamp(r.date)}
            for r in order.refunds
        ],
        "coupons": order.coupons,
        "meta": dict(order.meta),
    }


def order_of(row: Any) -> Order:
    """Give the order of a row of the orders table."""
    return order_from(_of_order(row))


@dataclass(slots=True)
class _OrderDetail:
    billing: msgspec.Raw
    shipping: msgspec.Raw
    items: tuple[LineItem, ...]
    refunds: list[dict[str, Any]]
    coupons: tuple[str, ...]
    meta: dict[str, str]


@dataclass(slots=True)
class _CustomerDetail:
    billing: msgspec.Raw
    shipping: msgspec.Raw
    meta: dict[str, str] | None


# Makes records of the text at once: what orjson reads would be made into them by Python, which
# takes three times as long, and a census is judged by a million of these.
_order_detail_in = msgspec.json.Decoder(_OrderDetail).decode
_customer_detail_in = msgspec.json.Decoder(_CustomerDetail).decode
_address_in = msgspec.json.Decoder(Address).decode


# The same address stands in all orders of a customer, mostly twice.
@lru_cache(maxsize=4096)
def _address_of(text: bytes) -> Address:
    return _address_in(text)


_order, _change = maker(Order), maker(StatusChange)


def order_from(columns: Iterable[Any]) -> Order:
    """Give the order of a row's columns, without the store, as they stand in the table."""
    number, name, status, currency, total, discount, customer_id, email, *rest = columns
    created, modified, paid, completed, method, via, note, detail, history = rest
    told = _order_detail_in(detail)
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
        _address_of(bytes(told.billing)),
        _address_of(bytes(told.shipping)),
        method,
        via,
        note,
        told.items,
        tuple(_refunds(told.refunds)) if told.refunds else (),
        told.coupons,
        told.meta,
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
    return [_change(before, after, _at(at, UTC)) for before, after, at in loads(column)]


def address_of(customer: Customer) -> str:
    """Give the address that a customer is known by: of the account, else of billing."""
    return _plain(normal_email(customer.email) or normal_email(customer.billing.email))


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
        "detail": dumps(
            {
                "billing": _address(customer.billing),
                "shipping": _address(customer.shipping),
                "meta": None if customer.meta is None else dict(customer.meta),
            }
        ),
    }


def customer_of(row: Any) -> Customer:
    """Give the customer of a row; the address is the one they are known by, in normal form."""
    told = _customer_detail_in(row.detail)
    return Customer(
        id=row.id,
        email=row.email,
        first_name=row.first_name,
        last_name=row.last_name,
        username=row.username,
        role=row.role,
        created=_instant(row.created),
        billing=_address_of(bytes(told.billing)),
        shipping=_address_of(bytes(told.shipping)),
        meta=told.meta,
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
    return Product(
        id=row.id,
        name=row.name,
        sku=row.sku,
        categories=tuple(loads(row.categories)),
        tags=tuple(loads(row.tags)),
        modified=_instant(row.modified),
    )


def content(row: Mapping[str, Any]) -> dict[str, Any]:
    """Give what a row says of the shop, without when it was said."""
    return {name: value for name, value in row.items() if name not in NOT_CONTENT}


def _address(address: Address) -> dict[str, str]:
    # Both tell the parts of an address: of one length, which to make sure of takes a while.
    parts = zip(_ADDRESS_PARTS, _of_address(address))  # noqa: B905
    return {part: value for part, value in parts if value}


def _plain(text: str) -> str:
    # PostgreSQL holds no NUL in a text; a plugin that stored one must not stop the mirror.
    return text.replace("\0", "") if "\0" in text else text


def _stamp(moment: datetime | None) -> int | None:
    return None if moment is None else stamp(moment)


def _instant(seconds: int | None) -> datetime | None:
    return None if seconds is None else instant(seconds)
