"""Deliver notes and coupons, one by one; what may have been written is looked for first."""

from __future__ import annotations

import html
from datetime import UTC, datetime

from wcflow.database.outbox import Entry
from wcflow.errors import StoreError
from wcflow.outbox.delivery import Delivery
from wcflow.records import Coupon
from wcflow.store.errors import concerns_store

EXISTS = "woocommerce_rest_coupon_code_already_exists"


def deliver_single(desk: Delivery, *, released_only: bool) -> bool:
    """Deliver one note or coupon; say whether there was any. Raises StoreError for the store."""
    entries = desk.claim(("note", "coupon"), 1, released_only=released_only)
    for entry in entries:
        desk.tried.add(entry.id)
        try:
            outcome = _note(desk, entry) if entry.kind == "note" else _coupon(desk, entry)
        except StoreError as error:
            with desk.db.transaction() as tx:
                desk.refused(tx, entry, error)
            if concerns_store(error):
                raise
        else:
            with desk.db.transaction() as tx:
                desk.done(tx, entry, outcome)
    return bool(entries)


def _note(desk: Delivery, entry: Entry) -> str:
    """Write a note. WooCommerce keeps markup as it is sent, so what people typed is escaped."""
    mark = entry.payload["mark"]
    where = f"order {entry.target}"
    if entry.attempts > 1 and any(mark in n.text for n in desk.store.notes(entry.target)):
        return f"note on {where}, there from an earlier try"
    text = f"{html.escape(entry.payload['text'], quote=False)} {mark}"
    desk.store.add_note(entry.target, text, for_customer=entry.payload["for_customer"])
    return f"note on {where}"


def _coupon(desk: Delivery, entry: Entry) -> str:
    coupon = coupon_of(entry)
    try:
        desk.store.create_coupon(coupon)
    except StoreError as error:
        if error.code != EXISTS:
            raise
        there = desk.store.coupon(coupon.code)
        if there is None or there.key != coupon.key:
            raise
        return f"coupon {coupon.code}, there from an earlier try"
    return f"coupon {coupon.code}"


def coupon_of(entry: Entry) -> Coupon:
    """Give the coupon that an entry asks for."""
    asked = dict(entry.payload)
    expires = asked["expires"]
    return Coupon(
        code=asked["code"],
        type=asked["type"],
        amount=asked["amount"],
        expires=None if expires is None else datetime.fromtimestamp(expires, UTC),
        usage_limit=asked["usage_limit"],
        usage_limit_per_user=asked["usage_limit_per_user"],
        individual_use=asked["individual_use"],
        minimum_amount=asked["minimum_amount"],
        maximum_amount=asked["maximum_amount"],
        exclude_sale_items=asked["exclude_sale_items"],
        free_shipping=asked["free_shipping"],
        product_ids=tuple(asked["product_ids"]),
        category_ids=tuple(asked["category_ids"]),
        emails=tuple(asked["emails"]),
        description=asked["description"],
        key=asked["key"],
    )
