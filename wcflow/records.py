"""What the shop holds, in its own words, once wire.py has made sure of it. Frozen; no decisions.

Instants are aware UTC. Money is integers of the minor unit of the order's own currency
(:func:`wcflow.units.to_major` gives the amount). Texts are unescaped: ``Baby & Kids``.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import msgspec


class Address(msgspec.Struct, frozen=True):
    """A billing or shipping address; absent parts are empty."""

    first_name: str = ""
    last_name: str = ""
    company: str = ""
    address_1: str = ""
    address_2: str = ""
    city: str = ""
    state: str = ""
    postcode: str = ""
    country: str = ""
    email: str = ""
    phone: str = ""


class LineItem(msgspec.Struct, frozen=True):
    """One line of an order. ``product_id`` is 0 where the product was deleted."""

    id: int
    product_id: int
    variation_id: int
    name: str
    sku: str
    quantity: int
    total: int
    meta: Mapping[str, str] = msgspec.field(default_factory=dict)


class Refund(msgspec.Struct, frozen=True):
    """Money given back for an order; ``total`` is positive.

    ``date`` is None as long as it was not asked for: an order's ``refunds`` carry none.
    """

    id: int
    total: int
    reason: str = ""
    date: datetime | None = None


class StatusChange(msgspec.Struct, frozen=True):
    """A change of status that a poll observed; ``before`` is empty at first sight."""

    before: str
    after: str
    at: datetime


class Order(msgspec.Struct, frozen=True):
    """An order as the shop has it.

    ``total`` is gross, also after refunds. ``customer_id`` is 0 for guests. ``email`` is the
    billing address in normal form. ``meta`` holds the keys that rules or wcflow ask for; values
    that are not strings are their JSON. ``history`` is what polls observed, oldest first; wire
    leaves it empty, the mirror keeps it.
    """

    id: int
    number: str
    status: str
    currency: str
    total: int
    discount_total: int
    customer_id: int
    email: str
    created: datetime
    modified: datetime
    paid: datetime | None
    completed: datetime | None
    billing: Address = msgspec.field(default_factory=Address)
    shipping: Address = msgspec.field(default_factory=Address)
    payment_method: str = ""
    created_via: str = ""
    customer_note: str = ""
    items: tuple[LineItem, ...] = ()
    refunds: tuple[Refund, ...] = ()
    coupons: tuple[str, ...] = ()
    meta: Mapping[str, str] = msgspec.field(default_factory=dict)
    history: tuple[StatusChange, ...] = ()

    @property
    def country(self) -> str:
        """The country it goes to, by its two letters."""
        return self.shipping.country or self.billing.country


class Customer(msgspec.Struct, frozen=True):
    """A registered customer. ``meta`` is None where the key may not read it (no administrator)."""

    id: int
    email: str
    first_name: str = ""
    last_name: str = ""
    username: str = ""
    role: str = ""
    created: datetime | None = None
    billing: Address = msgspec.field(default_factory=Address)
    shipping: Address = msgspec.field(default_factory=Address)
    meta: Mapping[str, str] | None = None


class Product(msgspec.Struct, frozen=True):
    """A product, for the categories and tags that line items do not carry."""

    id: int
    name: str
    sku: str = ""
    categories: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    modified: datetime | None = None


class Coupon(msgspec.Struct, frozen=True):
    """A coupon to create, or as the shop answered it.

    ``amount``, ``minimum_amount`` and ``maximum_amount`` are decimal texts ("10", "10.00").
    """

    code: str
    type: str
    amount: str
    expires: datetime | None = None
    usage_limit: int | None = None
    usage_limit_per_user: int | None = None
    individual_use: bool = False
    minimum_amount: str = ""
    maximum_amount: str = ""
    exclude_sale_items: bool = False
    free_shipping: bool = False
    product_ids: tuple[int, ...] = ()
    category_ids: tuple[int, ...] = ()
    emails: tuple[str, ...] = ()
    description: str = ""
    key: str = ""


class Note(msgspec.Struct, frozen=True):
    """An order note. ``for_customer`` notes are e-mailed by WooCommerce."""

    id: int
    text: str
    for_customer: bool
