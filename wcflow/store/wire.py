"""Convert WooCommerce's JSON to records and back.

Odd fields are read as far as they can be, and named in ``odd_fields``. A record that lacks what it is
useless without raises WireError.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from wcflow.records import Address, Coupon, Customer, LineItem, Note, Order, Product, Refund
from wcflow.rules.tags import known_meta
from wcflow.store.fields import Json, RowReader, WireError, wrong_type
from wcflow.units import normalize_email, order_email

KEY_META = "wcflow_key"
"""Coupon meta with the key of the outbox entry: it identifies coupons that wcflow created."""

DATE_FIELDS = "date_created_gmt,date_modified_gmt,date_paid_gmt,date_completed_gmt"
ORDER_FIELDS = (
    f"id,parent_id,number,status,currency,total,discount_total,customer_id,billing,shipping,{DATE_FIELDS},"
    "payment_method,created_via,customer_note,line_items,refunds,coupon_lines"
)
CUSTOMER_FIELDS = (
    "id,email,first_name,last_name,username,role,date_created_gmt,billing,shipping,meta_data"
)
REFUND_FIELDS = "id,amount,reason,date_created_gmt"
PRODUCT_FIELDS = "id,name,sku,categories,tags,date_modified_gmt"


def parse_order(row: Json, keep: frozenset[str] = frozenset()) -> Order:
    """Return an order with the meta whose keys are in ``keep``.

    Raises WireError without an id, a status, a total, a date, or anyone to belong to.
    """
    reader = RowReader(row)
    number = reader.own_id()
    currency = reader.text("currency").strip().upper()
    billing, email = _read_billing(reader)
    created, modified, paid, completed = _read_dates(reader)
    undated = reader.timestamp("date_created_gmt") is None
    coupons = [
        (code, each.money("discount", currency))
        for each in reader.objects("coupon_lines")
        if (code := each.text("code").lower())
    ]
    return Order(
        id=number,
        number=reader.text("number") or str(number),
        status=_read_status(reader),
        currency=currency,
        total=reader.required_money("total", currency),
        discount_total=reader.money("discount_total", currency),
        customer_id=_read_customer_id(reader),
        email=email,
        created=created,
        modified=modified,
        paid=paid,
        completed=completed,
        billing=billing,
        shipping=_read_shipping(reader),
        payment_method=reader.text("payment_method"),
        created_via=reader.text("created_via"),
        customer_note=reader.html_text("customer_note"),
        items=tuple(
            [
                _read_line_item(line, place, currency)
                for place, line in enumerate(reader.objects("line_items"), 1)
            ]
        ),
        refunds=tuple(
            [
                _read_order_refund(each, place, currency)
                for place, each in enumerate(reader.objects("refunds"), 1)
            ]
        ),
        coupons=tuple([code for code, _ in coupons]),
        meta=(reader.meta(keep) or {}) if keep else {},
        parent_id=reader.reference_id("parent_id") if "parent_id" in row else 0,
        undated=undated,
        odd_fields=reader.odd_fields,
        coupon_discounts=tuple([taken for _, taken in coupons]) if len(coupons) > 1 else (),
    )


def _read_status(reader: RowReader) -> str:
    """Return the status; WooCommerce's internal prefix ``wc-`` is dropped."""
    status = reader.required_word("status")
    if not (plain := status.removeprefix("wc-")) or plain == status:
        return status
    reader.note("status")
    return plain


def _read_billing(reader: RowReader) -> tuple[Address, str]:
    """Return the billing address, and the e-mail address that the order belongs to."""
    part = reader.sub_object("billing")
    if part is None:
        return Address(), ""
    billing = part.address()
    return billing, order_email(billing.email, billing.first_name, billing.last_name)


def _read_shipping(reader: RowReader) -> Address:
    part = reader.sub_object("shipping")
    if part is None:
        return Address()
    if "email" not in part.row:
        # WooCommerce sends no e-mail address here, but some plugins do.
        part.row = {**part.row, "email": ""}
    return part.address()


def _read_customer_id(reader: RowReader) -> int:
    """Return the customer id; an order that cannot be read to be a guest's needs an address."""
    number = reader.optional_id("customer_id")
    billing = reader.row.get("billing")
    if number is None and billing != [] and type(billing) is not dict:
        raise WireError("customer_id, billing: expected one of them to be readable")
    return number or 0


def _read_dates(
    reader: RowReader,
) -> tuple[datetime, datetime, datetime | None, datetime | None]:
    """Return when an order was created, modified, paid and completed.

    With post storage a draft has no creation date yet, and imported orders can lack one too.
    """
    created = reader.timestamp("date_created_gmt")
    modified = reader.timestamp("date_modified_gmt")
    paid, completed = reader.timestamp("date_paid_gmt"), reader.timestamp("date_completed_gmt")
    best = created or paid or completed or modified
    if best is None:
        raise WireError(f"{DATE_FIELDS}: expected at least one date")
    return best, modified or best, paid, completed


def _read_line_item(line: RowReader, place: int, currency: str) -> LineItem:
    return LineItem(
        line.reference_id("id") or -place,  # the id tells the lines of an order apart
        line.reference_id("product_id"),
        line.reference_id("variation_id"),
        line.html_text("name"),
        line.text("sku"),
        line.quantity("quantity"),
        line.money("total", currency),
        line.meta() or {},
    )


def _read_order_refund(part: RowReader, place: int, currency: str) -> Refund:
    reason = "reason"
    if reason not in part.row and "refund" in part.row:  # older releases
        part.note(reason)
        reason = "refund"
    return Refund(
        part.reference_id("id") or -place,
        abs(part.money("total", currency)),
        part.html_text(reason),
    )


def parse_refund(row: Json, currency: str) -> Refund:
    """Return a refund from ``/refunds``, with its date; ``currency`` is that of its order."""
    reader = RowReader(row)
    return Refund(
        id=reader.own_id(),
        total=abs(reader.money("amount", currency)),
        reason=reader.html_text("reason"),
        date=_optional_date(reader, "date_created_gmt"),
    )


def _optional_date(reader: RowReader, key: str) -> datetime | None:
    """Return a date, or None if the store has none; raise WireError if it cannot be read."""
    date = reader.timestamp(key)
    if date is None and key in reader.odd:
        raise wrong_type(key, "a time like 2026-01-31T09:00:00", reader.row.get(key))
    return date


def parse_modified(row: Json) -> tuple[int, datetime]:
    """Return an order's id and modification time."""
    reader = RowReader(row)
    return reader.own_id(), _read_dates(reader)[1]


def parse_created(row: Json) -> tuple[int, datetime]:
    """Return a refund's id and creation time."""
    reader = RowReader(row)
    created = _optional_date(reader, "date_created_gmt")
    if created is None:
        raise wrong_type("date_created_gmt", "a time", None)
    return reader.own_id(), created


def parse_customer(row: Json) -> Customer:
    """Return a customer; ``meta`` is None if it cannot be read or the key is not allowed to."""
    reader = RowReader(row)
    return Customer(
        id=reader.own_id(),
        email=reader.email("email"),
        first_name=reader.html_text("first_name"),
        last_name=reader.html_text("last_name"),
        username=reader.text("username"),
        role=reader.text("role"),
        created=reader.timestamp("date_created_gmt"),
        billing=_read_billing(reader)[0],
        shipping=_read_shipping(reader),
        meta=reader.meta() if "meta_data" in row else None,
        odd_fields=reader.odd_fields,
    )


def parse_meta(row: Json) -> tuple[int, Mapping[str, str] | None]:
    """Return an id and its meta; None if the meta cannot be read, or not the part with the tags."""
    reader = RowReader(row)
    meta = reader.meta() if "meta_data" in row else None
    return reader.own_id(), known_meta(meta, reader.odd_fields)


def parse_product(row: Json) -> Product:
    reader = RowReader(row)
    return Product(
        id=reader.own_id(),
        name=reader.html_text("name"),
        sku=reader.text("sku"),
        categories=_read_names(reader, "categories"),
        tags=_read_names(reader, "tags"),
        modified=reader.timestamp("date_modified_gmt"),
        odd_fields=reader.odd_fields,
    )


def _read_names(reader: RowReader, key: str) -> tuple[str, ...]:
    return tuple(filter(None, [each.html_text("name") for each in reader.objects(key)]))


def parse_note(row: Json) -> Note:
    """Return a note; its text is HTML as it was sent, and needed to recognize wcflow's own notes."""
    reader = RowReader(row)
    return Note(reader.own_id(), reader.required_text("note"), reader.flag("customer_note"))


def parse_coupon(row: Json) -> Coupon:
    """Return a coupon. Amounts that mean "none" ("0.00" as minimum or maximum) are ""."""
    reader = RowReader(row)
    return Coupon(
        code=reader.required_text("code"),
        type=reader.text("discount_type"),
        amount=reader.text("amount"),
        expires=reader.timestamp("date_expires_gmt"),
        usage_limit=reader.integer("usage_limit") or None,
        usage_limit_per_user=reader.integer("usage_limit_per_user") or None,
        individual_use=reader.flag("individual_use"),
        minimum_amount=_optional_amount(reader, "minimum_amount"),
        maximum_amount=_optional_amount(reader, "maximum_amount"),
        exclude_sale_items=reader.flag("exclude_sale_items"),
        free_shipping=reader.flag("free_shipping"),
        product_ids=reader.integers("product_ids"),
        category_ids=reader.integers("product_categories"),
        emails=tuple(normalize_email(each) for each in reader.texts("email_restrictions")),
        description=reader.html_text("description"),
        key=(reader.meta() or {}).get(KEY_META, ""),
        used=reader.integer("usage_count") or 0,
        status=reader.text("status"),
    )


def _optional_amount(reader: RowReader, key: str) -> str:
    value = reader.text(key)
    try:
        return "" if not value or Decimal(value) == 0 else value
    except InvalidOperation:
        return value  # the comparison with what was wanted finds it


def build_coupon_json(wanted: Coupon) -> dict[str, Any]:
    """Return the JSON to create a coupon."""
    return {
        "code": wanted.code,
        "discount_type": wanted.type,
        "amount": wanted.amount,
        # WooCommerce ignores date_expires_gmt but accepts a Z here.
        "date_expires": _format_utc(wanted.expires) if wanted.expires else None,
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


def _format_utc(instant: datetime) -> str:
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
