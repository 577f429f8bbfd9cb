"""WooCommerce's JSON to records and back: pure and strict. No request is made and none is judged.

A record that cannot be made raises WireError, which says where in the JSON the surprise stands.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from operator import itemgetter
from typing import Any, TypeVar

from wcflow.records import Address, Coupon, Customer, LineItem, Note, Order, Product, Refund
from wcflow.store.fields import (
    Json,
    WireError,
    address,
    as_address,
    flag,
    identity,
    limit,
    meta,
    money,
    name,
    numbers,
    part,
    part_of,
    price,
    quantity,
    reference,
    rows,
    stamp,
    text,
    word,
    wrong,
)
from wcflow.units import normal_email

T = TypeVar("T")

KEY_META = "wcflow_key"
"""The coupon meta that carries the key of the work, by which a coupon is recognised as ours."""

ORDER_FIELDS = (
    "id,number,status,currency,total,discount_total,customer_id,billing,shipping,date_created_gmt,"
    "date_modified_gmt,date_paid_gmt,date_completed_gmt,payment_method,created_via,customer_note,"
    "line_items,refunds,coupon_lines"
)
CUSTOMER_FIELDS = (
    "id,email,first_name,last_name,username,role,date_created_gmt,billing,shipping,meta_data"
)
REFUND_FIELDS = "id,amount,reason,date_created_gmt"
PRODUCT_FIELDS = "id,name,sku,categories,tags,date_modified_gmt"

_ADDRESS = (
    "first_name",
    "last_name",
    "company",
    "address_1",
    "address_2",
    "city",
    "state",
    "postcode",
    "country",
    "email",
    "phone",
)
_all_parts = itemgetter(*_ADDRESS)


def _each(row: Json, key: str, read: Callable[[Any], T]) -> tuple[T, ...]:
    if row.get(key) == []:
        return ()
    made = []
    for at, entry in enumerate(rows(row, key)):
        if type(entry) is not dict:
            raise wrong(f"{key}[{at}]", "an object", entry)
        try:
            made.append(read(entry))
        except WireError as error:
            raise error.within(f"{key}[{at}]") from None
    return tuple(made)


def _inside(row: Json, key: str, read: Callable[[Json], T]) -> T:
    try:
        return read(part_of(row, key))
    except WireError as error:
        raise error.within(key) if not str(error).startswith(f"{key}:") else error from None


def _address(row: Json) -> Address:
    # Two addresses an order, eleven parts each: what is plain text throughout is read at once.
    try:
        if "&" not in "".join(parts := _all_parts(row)):
            return Address(*parts)
    except (KeyError, TypeError):
        pass  # the shop left a part out, or sent one that is no text
    return Address(*[part(row, key) for key in _ADDRESS])


def _shipping(row: Json) -> Address:
    # It has no e-mail address of its own, unless a plugin adds one.
    return _address(row if "email" in row else {**row, "email": ""})


def order(row: Json, keep: frozenset[str] = frozenset()) -> Order:
    """Make an order, with those of its meta whose keys are in ``keep``.

    Field by field, whatever is unusual about it: what is usual quick.py reads at once.
    """
    currency = text(row, "currency")
    billing = _inside(row, "billing", _address)
    created, modified = _stamps(row)
    return Order(
        id=identity(row),
        number=text(row, "number"),
        status=word(row, "status"),
        currency=currency,
        total=price(row, "total", currency),
        discount_total=money(row, "discount_total", currency),
        customer_id=reference(row, "customer_id"),
        email=as_address("billing.email", billing.email),
        created=created,
        modified=modified,
        paid=stamp(row, "date_paid_gmt"),
        completed=stamp(row, "date_completed_gmt"),
        billing=billing,
        shipping=_inside(row, "shipping", _shipping),
        payment_method=text(row, "payment_method"),
        created_via=text(row, "created_via"),
        customer_note=name(row, "customer_note"),
        items=_each(row, "line_items", lambda each: line_item(each, currency)),
        refunds=_each(row, "refunds", lambda each: _refund(each, currency)),
        coupons=_each(row, "coupon_lines", lambda each: text(each, "code").lower()),
        meta=meta(row, keep) if keep else {},
    )


def _stamps(row: Json) -> tuple[datetime, datetime]:
    modified = stamp(row, "date_modified_gmt")
    # A draft in the old post storage has no date of its own yet.
    created = stamp(row, "date_created_gmt") or modified
    if created is None:
        raise wrong("date_created_gmt", "a time", None)
    return created, modified or created


def line_item(row: Json, currency: str) -> LineItem:
    return LineItem(
        identity(row),
        reference(row, "product_id"),
        reference(row, "variation_id"),
        name(row, "name"),
        text(row, "sku"),
        quantity(row, "quantity"),
        money(row, "total", currency),
        meta(row),
    )


def _refund(row: Json, currency: str) -> Refund:
    return Refund(identity(row), abs(money(row, "total", currency)), name(row, "reason"))


def refund(row: Json, currency: str) -> Refund:
    """Make a refund as ``/refunds`` tells it: with its date. ``currency`` is that of its order."""
    return Refund(
        id=identity(row),
        total=abs(money(row, "amount", currency)),
        reason=name(row, "reason"),
        date=stamp(row, "date_created_gmt"),
    )


def changed(row: Json) -> tuple[int, datetime]:
    """Read an order's id and when it changed last."""
    modified = stamp(row, "date_modified_gmt")
    if modified is None:
        raise wrong("date_modified_gmt", "a time", None)
    return identity(row), modified


def made(row: Json) -> tuple[int, datetime]:
    """Read a refund's id and when it was made."""
    created = stamp(row, "date_created_gmt")
    if created is None:
        raise wrong("date_created_gmt", "a time", None)
    return identity(row), created


def customer(row: Json) -> Customer:
    """Make a customer; ``meta`` is None where WooCommerce left it out: the key may not read it."""
    billing = _inside(row, "billing", _address)
    as_address("billing.email", billing.email)  # they may be known by it
    return Customer(
        id=identity(row),
        email=address(row, "email"),
        first_name=name(row, "first_name"),
        last_name=name(row, "last_name"),
        username=text(row, "username"),
        role=text(row, "role"),
        created=stamp(row, "date_created_gmt"),
        billing=billing,
        shipping=_inside(row, "shipping", _shipping),
        meta=readable_meta(row),
    )


def readable_meta(row: Json) -> dict[str, str] | None:
    return meta(row) if "meta_data" in row else None


def product(row: Json) -> Product:
    return Product(
        id=identity(row),
        name=name(row, "name"),
        sku=text(row, "sku"),
        categories=_each(row, "categories", lambda each: name(each, "name")),
        tags=_each(row, "tags", lambda each: name(each, "name")),
        modified=stamp(row, "date_modified_gmt"),
    )


def note(row: Json) -> Note:
    """Make a note. Its text is HTML, kept as it was sent."""
    return Note(identity(row), text(row, "note"), flag(row, "customer_note"))


def coupon(row: Json) -> Coupon:
    """Make a coupon. Amounts that mean "none" ("0.00" as minimum or maximum) are ""."""
    return Coupon(
        code=text(row, "code"),
        type=text(row, "discount_type"),
        amount=text(row, "amount"),
        expires=stamp(row, "date_expires_gmt"),
        usage_limit=limit(row, "usage_limit"),
        usage_limit_per_user=limit(row, "usage_limit_per_user"),
        individual_use=flag(row, "individual_use"),
        minimum_amount=_bound(row, "minimum_amount"),
        maximum_amount=_bound(row, "maximum_amount"),
        exclude_sale_items=flag(row, "exclude_sale_items"),
        free_shipping=flag(row, "free_shipping"),
        product_ids=numbers(row, "product_ids"),
        category_ids=numbers(row, "product_categories"),
        emails=tuple(normal_email(str(each)) for each in rows(row, "email_restrictions")),
        description=name(row, "description"),
        key=(readable_meta(row) or {}).get(KEY_META, ""),
    )


def _bound(row: Json, key: str) -> str:
    value = text(row, key)
    try:
        return "" if not value or Decimal(value) == 0 else value
    except InvalidOperation:
        raise WireError(f"{key}: expected an amount, got {value!r}") from None


def coupon_json(wanted: Coupon) -> dict[str, Any]:
    """Write a coupon as WooCommerce wants it created."""
    return {
        "code": wanted.code,
        "discount_type": wanted.type,
        "amount": wanted.amount,
        # date_expires_gmt is ignored in silence; a Z is understood.
        "date_expires": _zulu(wanted.expires) if wanted.expires else None,
        "usage_limit": wanted.usage_limit,
        "usage_limit_per_user": wanted.usage_limit_per_user,
        "individual_use": wanted.individual_use,
        "minimum_amount": wanted.minimum_amount,
        "maximum_amount": wanted.maximum_amount,
        "exclude_sale_items": wanted.exclude_sale_items,
        "free_shipping": wanted.free_shipping,
        "product_ids": list(wanted.product_ids),
        "product_categories": list(wanted.category_ids),
        "email_restrictions": list(wanted.emails),
        "description": wanted.description,
        "meta_data": [{"key": KEY_META, "value": wanted.key}] if wanted.key else [],
    }


def _zulu(instant: datetime) -> str:
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
