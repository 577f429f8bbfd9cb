"""Read at once what is usual: a row of which every field has the form that nearly all have.

What is unusual in anything is not read here (None), and is no error: wire.py then reads it field by
field, makes of it what can be made, and says where the surprise stands. A row that both can read
gives the same record. Field by field a census would take twice as long.
"""

from __future__ import annotations

from datetime import datetime
from html import unescape
from itertools import product
from operator import itemgetter

from wcflow.frozen import maker
from wcflow.records import Address, LineItem, Order, Refund
from wcflow.store.fields import BIGGEST, LONGEST_ADDRESS, LONGEST_WORD, YEARS, Json, meta, minor
from wcflow.units import normal_email

_of_order = itemgetter(
    "id",
    "customer_id",
    "number",
    "status",
    "currency",
    "total",
    "discount_total",
    "payment_method",
    "created_via",
    "customer_note",
    "date_created_gmt",
    "date_modified_gmt",
    "date_paid_gmt",
    "date_completed_gmt",
    "billing",
    "shipping",
    "line_items",
    "refunds",
    "coupon_lines",
)
_ORDERS_TYPES = frozenset(
    (int, int, *[str] * 10, paid, completed, dict, dict, list, list, list)
    for paid, completed in product((str, type(None)), repeat=2)
)
_of_item = itemgetter(
    "id", "product_id", "variation_id", "quantity", "name", "sku", "total", "meta_data"
)
_ITEMS_TYPES = (int, int, int, int, str, str, str, list)
_of_address = itemgetter(
    "first_name",
    "last_name",
    "company",
    "address_1",
    "address_2",
    "city",
    "state",
    "postcode",
    "country",
    "phone",
)


_order_with, _item_with, _address_with = maker(Order), maker(LineItem), maker(Address)


class _UnusualError(Exception):
    """something in the row has not the form that nearly all have."""


def order(row: Json, keep: frozenset[str]) -> Order | None:
    """Make an order; None where anything about it is unusual."""
    try:
        return _order(row, keep)
    except (_UnusualError, KeyError, TypeError, ValueError):
        return None


def _order(row: Json, keep: frozenset[str]) -> Order:
    parts = _of_order(row)
    if tuple(map(type, parts)) not in _ORDERS_TYPES:
        raise _UnusualError
    number, customer_id, shown, status, currency, total, discount, method, via, note, *rest = parts
    created, modified, paid, completed, billed, shipped, items, refunds, coupons = rest
    billing = _address(billed)
    email = normal_email(billing.email)
    price = minor(total, currency)
    if not (
        0 < number <= BIGGEST
        and 0 <= customer_id <= BIGGEST
        and 0 < len(status) <= LONGEST_WORD
        and len(email) <= LONGEST_ADDRESS
        and price >= 0
    ):
        raise _UnusualError
    return _order_with(
        number,
        shown,
        status,
        currency,
        price,
        minor(discount, currency),
        customer_id,
        email,
        _instant(created),
        _instant(modified),
        None if paid is None else _instant(paid),
        None if completed is None else _instant(completed),
        billing,
        _address(shipped),
        method,
        via,
        unescape(note) if "&" in note else note,
        tuple([_item(each, currency) for each in items]),
        tuple([_refund(each, currency) for each in refunds]) if refunds else (),
        tuple([_code(each) for each in coupons]) if coupons else (),
        meta(row, keep) if keep else {},
    )


def _address(row: Json) -> Address:
    parts = _of_address(row)
    # Of shipping WooCommerce tells no e-mail address.
    email = row.get("email", "")
    if "&" in "".join((*parts, email)):
        parts, email = tuple(map(unescape, parts)), unescape(email)
    return _address_with(*parts[:-1], email, parts[-1])


def _item(row: Json, currency: str) -> LineItem:
    parts = _of_item(row)
    if tuple(map(type, parts)) != _ITEMS_TYPES:
        raise _UnusualError
    number, product_id, variation_id, quantity, name, sku, total, more = parts
    if number == 0 or min(parts[:4]) < 0 or max(parts[:4]) > BIGGEST:
        raise _UnusualError
    return _item_with(
        number,
        product_id,
        variation_id,
        unescape(name) if "&" in name else name,
        sku,
        quantity,
        minor(total, currency),
        meta(row) if more else {},
    )


def _refund(row: Json, currency: str) -> Refund:
    number, reason, total = row["id"], row["reason"], row["total"]
    if (type(number), type(reason), type(total)) != (int, str, str):
        raise _UnusualError
    if not 0 < number <= BIGGEST:
        raise _UnusualError
    return Refund(number, abs(minor(total, currency)), unescape(reason))


def _code(row: Json) -> str:
    code = row["code"]
    if type(code) is not str:
        raise _UnusualError
    return code.lower()


def _instant(stamp: str) -> datetime:
    instant = datetime.fromisoformat(stamp + "+00:00")
    if len(stamp) != 19 or instant.year not in YEARS:  # noqa: PLR2004 - YYYY-MM-DDTHH:MM:SS
        raise _UnusualError
    return instant
