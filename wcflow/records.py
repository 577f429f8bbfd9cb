"""WooCommerce's data as immutable records.

Times are in UTC with a time zone. Money is in the minor unit of the order's currency (see
:func:`wcflow.units.to_major`). Texts are not HTML-escaped: ``Baby & Kids``.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import msgspec


class Address(msgspec.Struct, frozen=True, omit_defaults=True):
    """A billing or shipping address; missing parts are empty."""

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
    """A line item. ``product_id`` is 0 if the product was deleted."""

    id: int
    product_id: int
    variation_id: int
    name: str
    sku: str
    quantity: int
    total: int
    meta: Mapping[str, str] = msgspec.field(default_factory=dict)


class Refund(msgspec.Struct, frozen=True):
    """A refund; ``total`` is positive.

    ``date`` is None until it is loaded: the ``refunds`` of an order do not contain it.
    """

    id: int
    total: int
    reason: str = ""
    date: datetime | None = None


SHIPPED = "(shipped)"
"""In the history of an order, beside statuses: a tracking number was seen for the first time."""
TRACKING_META = (
    "_wc_shipment_tracking_items",
    "_tracking_number",
    "_aftership_tracking_number",
    "_aftership_tracking_items",
    "_parcelpanel_tracking_items",
    "_orders_tracking_items",
    "_ywot_tracking_code",
    "tracking_number",
)
"""The order meta in which plugins keep tracking numbers."""
_NO_TRACKING = frozenset({"", "[]", "{}", "null", "0", "false"})


def has_tracking_number(meta: Mapping[str, str]) -> bool:
    """Return whether an order's meta contains a tracking number."""
    return any(meta.get(key, "").strip() not in _NO_TRACKING for key in TRACKING_META)


class StatusChange(msgspec.Struct, frozen=True):
    """A change of status that a poll found; ``before`` is empty for a new order."""

    before: str
    after: str
    at: datetime


class Order(msgspec.Struct, frozen=True):
    """An order.

    ``total`` does not change with refunds. ``customer_id`` is 0 for guests. ``email`` is the
    normalized billing address. ``meta`` contains the keys that rules or wcflow use; values other
    than text are JSON. ``history`` comes from the database and is oldest first. ``odd_fields`` are the
    fields that were not as WooCommerce documents them, and read as far as possible. ``parent_id`` is
    the order that a plugin split into this one and others, or 0. ``coupon_discounts`` is what each of
    several coupons took off; of a single one, that is ``discount_total``. ``undated`` means that the store has
    no creation date: ``created`` is then the best other date, or when the order was first seen.
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
    odd_fields: tuple[str, ...] = ()
    parent_id: int = 0
    undated: bool = False
    coupon_discounts: tuple[int, ...] = ()

    @property
    def country(self) -> str:
        """The two-letter code of the shipping country, or else of the billing country."""
        return self.shipping.country or self.billing.country


RENEWAL_META = "_subscription_renewal"
"""The order meta with which WooCommerce Subscriptions marks renewals: the subscription's id."""


def is_renewal(order: Order) -> bool:
    """Return whether an order is an automatic renewal of a subscription."""
    return order.created_via == "subscription" or bool(order.meta.get(RENEWAL_META))


ENDED_SUBSCRIPTION = frozenset({"cancelled", "expired", "switched", "trash"})
"""The statuses of subscriptions that never renew again."""


class Subscription(msgspec.Struct, frozen=True):
    """A subscription of the plugin WooCommerce Subscriptions.

    ``next_payment`` and later dates are None where there are none. ``history`` comes from the
    database and is oldest first. ``products`` are names.
    """

    id: int
    status: str
    created: datetime
    modified: datetime
    number: str = ""
    customer_id: int = 0
    email: str = ""
    parent_id: int = 0
    started: datetime | None = None
    next_payment: datetime | None = None
    cancelled: datetime | None = None
    ended: datetime | None = None
    currency: str = ""
    total: int = 0
    products: tuple[str, ...] = ()
    history: tuple[StatusChange, ...] = ()


class Customer(msgspec.Struct, frozen=True):
    """A customer account. ``meta`` is None if it cannot be read.

    WooCommerce only shows it to the keys of administrators. ``odd_fields`` as in Order.
    """

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
    odd_fields: tuple[str, ...] = ()


class Product(msgspec.Struct, frozen=True):
    """A product, for its categories and tags, which line items do not contain."""

    id: int
    name: str
    sku: str = ""
    categories: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    modified: datetime | None = None
    odd_fields: tuple[str, ...] = ()


class Coupon(msgspec.Struct, frozen=True):
    """A coupon to create, or as the store returned it.

    Amounts are decimal numbers as text ("10", "10.00"). ``used`` and ``status`` are the store's.
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
    used: int = 0
    status: str = ""


class Note(msgspec.Struct, frozen=True):
    """An order note. WooCommerce e-mails notes ``for_customer``."""

    id: int
    text: str
    for_customer: bool
