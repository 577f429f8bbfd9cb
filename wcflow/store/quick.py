"""Read a page of orders at once where they are as usual: each field has the form that nearly all have.

What is unusual in anything is not read here, and is no error: it is left as the JSON that it is,
and wire.py then reads it field by field, makes of it what can be made, and says where the surprise
stands. An order that both can read is the same. Field by field a census would take twice as long.

What nobody asks about is passed over: of that it is enough that it is well-formed.
"""

from __future__ import annotations

from datetime import datetime
from html import unescape
from operator import attrgetter
from typing import Any

import msgspec
import orjson

from wcflow.records import Address, LineItem, Order, Refund
from wcflow.store import json_body
from wcflow.store.fields import (
    MAX_EMAIL_LENGTH,
    MAX_INTEGER,
    MAX_WORD_LENGTH,
    YEARS,
    meta_text,
    to_minor_units,
)
from wcflow.units import normalize_email


# Nothing in these refers to itself, so Python need not look for cycles among them.
class _Meta(msgspec.Struct, gc=False):
    key: str
    value: msgspec.Raw


class _Item(msgspec.Struct, gc=False):
    id: int
    product_id: int
    variation_id: int
    name: str
    sku: str | None  # null where the product was deleted
    quantity: int
    total: str
    meta_data: list[_Meta]


class _Refund(msgspec.Struct, gc=False):
    id: int
    reason: str
    total: str


class _Coupon(msgspec.Struct, gc=False):
    code: str


class _Told(msgspec.Struct, gc=False):
    id: int
    number: str
    status: str
    currency: str
    total: str
    discount_total: str
    customer_id: int
    date_created_gmt: str
    date_modified_gmt: str
    date_paid_gmt: str | None
    date_completed_gmt: str | None
    billing: Address
    shipping: Address
    payment_method: str
    created_via: str
    customer_note: str
    line_items: list[_Item]
    refunds: list[_Refund]
    coupon_lines: list[_Coupon]
    meta_data: list[_Meta] | None = None


class _UnusualError(ValueError):
    """something in the order has not the form that nearly all have."""


_UNUSUAL = (msgspec.MsgspecError, ValueError, RecursionError)

_all_in = msgspec.json.Decoder(list[_Told]).decode
_rows_in = msgspec.json.Decoder(list[msgspec.Raw]).decode
_one_in = msgspec.json.Decoder(_Told).decode

_order_with, _item_with, _address_with = Order, LineItem, Address
_parts_of = attrgetter(*Address.__struct_fields__)


def orders_in(content: bytes, keep: frozenset[str]) -> Any:
    """Give the orders of a page, those that are unusual as JSON; JSON alone where it is no list.

    Of their meta they have those whose keys are in ``keep``. Raises what body.parsed raises.
    """
    if _is_to_be_mended(content):
        return json_body.parse_json(content)
    try:
        return [_order(told, keep) for told in _all_in(content)]
    except _UNUSUAL:
        pass  # then each row by itself
    try:
        return [_order_or_json(row, keep) for row in _rows_in(content)]
    except _UNUSUAL:
        return json_body.parse_json(content)


def _is_to_be_mended(content: bytes) -> bool:
    """Say whether body.parsed would change the text, also where nobody asks about it."""
    if json_body.NUL in content:
        return True
    try:
        return not content.isascii() and not content.decode()
    except UnicodeDecodeError:
        return True


def _order_or_json(row: msgspec.Raw, keep: frozenset[str]) -> Any:
    try:
        return _order(_one_in(row), keep)
    except _UNUSUAL:
        return orjson.loads(bytes(row))


def _order(told: _Told, keep: frozenset[str]) -> Order:
    billing, currency, note = _unescaped(told.billing), told.currency, told.customer_note
    paid, completed = told.date_paid_gmt, told.date_completed_gmt
    email = normalize_email(billing.email)
    price = to_minor_units(told.total, currency)
    if not (
        0 < told.id <= MAX_INTEGER
        and 0 <= told.customer_id <= MAX_INTEGER
        and 0 < len(told.status) <= MAX_WORD_LENGTH
        and len(email) <= MAX_EMAIL_LENGTH
        and price >= 0
    ):
        raise _UnusualError
    return _order_with(
        told.id,
        told.number,
        told.status,
        currency,
        price,
        to_minor_units(told.discount_total, currency),
        told.customer_id,
        email,
        _instant(told.date_created_gmt),
        _instant(told.date_modified_gmt),
        None if paid is None else _instant(paid),
        None if completed is None else _instant(completed),
        billing,
        _unescaped(told.shipping),
        told.payment_method,
        told.created_via,
        unescape(note) if "&" in note else note,
        tuple([_item(each, currency) for each in told.line_items]),
        tuple([_refund(each, currency) for each in told.refunds]) if told.refunds else (),
        tuple([each.code.lower() for each in told.coupon_lines]) if told.coupon_lines else (),
        _meta(told.meta_data, keep) if keep else {},
    )


def _unescaped(address: Address) -> Address:
    parts = _parts_of(address)
    return _address_with(*map(unescape, parts)) if "&" in "".join(parts) else address


def _item(told: _Item, currency: str) -> LineItem:
    number, product_id, variation_id = told.id, told.product_id, told.variation_id
    quantity, name = told.quantity, told.name
    if not (
        0 < number <= MAX_INTEGER
        and 0 <= product_id <= MAX_INTEGER
        and 0 <= variation_id <= MAX_INTEGER
        and 0 <= quantity <= MAX_INTEGER
    ):
        raise _UnusualError
    return _item_with(
        number,
        product_id,
        variation_id,
        unescape(name) if "&" in name else name,
        told.sku or "",
        quantity,
        to_minor_units(told.total, currency),
        _meta(told.meta_data, None) if told.meta_data else {},
    )


def _refund(told: _Refund, currency: str) -> Refund:
    if not 0 < told.id <= MAX_INTEGER:
        raise _UnusualError
    return Refund(told.id, abs(to_minor_units(told.total, currency)), unescape(told.reason))


def _meta(told: list[_Meta] | None, keep: frozenset[str] | None) -> dict[str, str]:
    """Give all meta or those to keep, as fields.meta does: the first of two equal keys counts."""
    if told is None:
        raise _UnusualError
    found: dict[str, str] = {}
    for each in told:
        if keep is None or each.key in keep:
            value = orjson.loads(bytes(each.value))
            if value is not None:
                found.setdefault(each.key, meta_text(value))
    return found


def _instant(stamp: str) -> datetime:
    instant = datetime.fromisoformat(stamp + "+00:00")
    if len(stamp) != 19 or instant.year not in YEARS:  # noqa: PLR2004 - YYYY-MM-DDTHH:MM:SS
        raise _UnusualError
    return instant
