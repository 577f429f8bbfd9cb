"""The store's data: plain rows, and the counters that number them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from wcflow.sandbox.companion_tables import Tables
from wcflow.sandbox.money import ZERO
from wcflow.sandbox.zone import Zone

BILLING = [
    *("first_name", "last_name", "company", "address_1", "address_2", "city", "state"),
    *("postcode", "country", "email", "phone"),
]
SHIPPING = [name for name in BILLING if name != "email"]


STATUSES = {
    "pending": "Pending payment",
    "processing": "Processing",
    "on-hold": "On hold",
    "completed": "Completed",
    "cancelled": "Cancelled",
    "refunded": "Refunded",
    "failed": "Failed",
    "checkout-draft": "Draft",
}


@dataclass(frozen=True, slots=True)
class SiteSettings:
    """The store's settings."""

    zone: Zone
    currency: str
    hpos: bool
    name: str
    version: str
    coupons_enabled: bool
    any_holds_drafts: bool
    store_id: str
    permalinks: bool
    statuses: Mapping[str, str]
    plugins: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A REST key, with its user's role and its permissions."""

    consumer_key: str
    consumer_secret: str
    permissions: str
    role: str
    user_id: int

    @property
    def is_administrator(self) -> bool:
        """Whether the user is an administrator, the only role that sees customer meta."""
        return self.role == "administrator"


@dataclass(slots=True)
class Meta:
    """One row of meta data."""

    id: int
    key: str
    value: Any


@dataclass(slots=True)
class Term:
    """A product category or a product tag."""

    id: int
    name: str
    slug: str
    parent: int = 0


@dataclass(slots=True)
class Product:
    """A product."""

    id: int
    name: str
    price: str
    sku: str
    created: datetime
    modified: datetime
    categories: list[Term] = field(default_factory=list)
    tags: list[Term] = field(default_factory=list)
    status: str = "publish"
    meta: list[Meta] = field(default_factory=list)


@dataclass(slots=True)
class Customer:
    """A user of the site, with any role."""

    id: int
    email: str
    username: str
    created: datetime
    modified: datetime | None = None
    first_name: str = ""
    last_name: str = ""
    role: str = "customer"
    billing: dict[str, str] = field(default_factory=lambda: dict.fromkeys(BILLING, ""))
    shipping: dict[str, str] = field(default_factory=lambda: dict.fromkeys(SHIPPING, ""))
    is_paying: bool = False
    meta: list[Meta] = field(default_factory=list)
    cached_json: dict[bool, str] = field(default_factory=dict)


@dataclass(slots=True)
class Item:
    """A line of an order."""

    id: int
    name: str
    product_id: int
    quantity: int
    subtotal: Decimal
    total: Decimal
    sku: str | None = None
    meta: list[Meta] = field(default_factory=list)


@dataclass(slots=True)
class Fee:
    """A fee or a shipping cost of an order."""

    id: int
    name: str
    total: Decimal


@dataclass(slots=True)
class CouponLine:
    """A coupon used on an order."""

    id: int
    coupon_id: int
    code: str
    kind: str
    amount: Decimal
    discount: Decimal
    meta_id: int
    free_shipping: bool = False


@dataclass(slots=True)
class Refund:
    """A refund."""

    id: int
    order_id: int
    amount: Decimal
    reason: str
    created: datetime
    meta: list[Meta] = field(default_factory=list)

    @property
    def modified(self) -> datetime:
        """The creation time: refunds never change."""
        return self.created


@dataclass(slots=True)
class Note:
    """A note on an order."""

    id: int
    order_id: int
    author: str
    text: str
    created: datetime
    customer_note: bool


@dataclass(slots=True)
class Order:
    """An order with its lines, refunds and meta; `cached_json` is valid until it changes."""

    id: int
    status: str
    currency: str
    created: datetime
    modified: datetime
    customer_id: int = 0
    parent_id: int = 0
    undated: bool = False
    billing: dict[str, str] = field(default_factory=lambda: dict.fromkeys(BILLING, ""))
    shipping: dict[str, str] = field(default_factory=lambda: dict.fromkeys(SHIPPING, ""))
    payment_method: str = ""
    payment_method_title: str = ""
    transaction_id: str = ""
    created_via: str = "rest-api"
    customer_note: str = ""
    number: str = ""
    paid: datetime | None = None
    completed: datetime | None = None
    items: list[Item] = field(default_factory=list)
    fees: list[Fee] = field(default_factory=list)
    shippings: list[Fee] = field(default_factory=list)
    coupons: list[CouponLine] = field(default_factory=list)
    refunds: list[Refund] = field(default_factory=list)
    meta: list[Meta] = field(default_factory=list)
    former_items: list[Item] = field(default_factory=list)
    status_before_trash: str = ""
    cached_json: str = ""

    @property
    def total(self) -> Decimal:
        """The gross total; refunds do not lower it."""
        lines: list[Item | Fee] = [*self.items, *self.fees, *self.shippings]
        return sum((line.total for line in lines), ZERO)

    @property
    def remaining(self) -> Decimal:
        """The amount that is not refunded yet."""
        return self.total - sum((refund.amount for refund in self.refunds), ZERO)


@dataclass(slots=True)
class Coupon:
    """A coupon."""

    id: int
    code: str
    created: datetime
    modified: datetime
    amount: Decimal = ZERO
    kind: str = "fixed_cart"
    status: str = "publish"
    description: str = ""
    expires: datetime | None = None
    usage_count: int = 0
    used_by: list[str] = field(default_factory=list)
    emails: dict[int, str] = field(default_factory=dict)
    minimum: Decimal = ZERO
    maximum: Decimal = ZERO
    limits: dict[str, int | None] = field(default_factory=dict)
    switches: dict[str, bool] = field(default_factory=dict)
    lists: dict[str, list[int]] = field(default_factory=dict)
    meta: list[Meta] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Mail:
    """An e-mail that a real store would send."""

    to: str
    about: str
    text: str


class Counters:
    """The id counters; orders, products, coupons and refunds share one."""

    def __init__(self) -> None:
        """Start every counter at one."""
        self._next: dict[str, int] = defaultdict(lambda: 1)

    def take(self, kind: str) -> int:
        """Return the next id of a kind."""
        number = self._next[kind]
        self._next[kind] = number + 1
        return number

    def skip(self, kind: str, to: int) -> None:
        """Set the next id of a kind."""
        self._next[kind] = to


@dataclass(slots=True)
class State:
    """The store's tables."""

    settings: SiteSettings
    keys: dict[str, ApiKey]
    numbers: Counters = field(default_factory=Counters)
    customers: dict[int, Customer] = field(default_factory=dict)
    orders: dict[int, Order] = field(default_factory=dict)
    notes: dict[int, list[Note]] = field(default_factory=dict)
    coupons: dict[int, Coupon] = field(default_factory=dict)
    products: dict[int, Product] = field(default_factory=dict)
    categories: dict[int, Term] = field(default_factory=dict)
    tags: dict[int, Term] = field(default_factory=dict)
    subscriptions: dict[int, Any] = field(default_factory=dict)
    companion: Tables = field(default_factory=Tables)
    mails: list[Mail] = field(default_factory=list)
    nonces: dict[tuple[str, str], datetime] = field(default_factory=dict)
    lists_requested: int = 0

    @property
    def zone(self) -> Zone:
        """The store's time zone."""
        return self.settings.zone

    def order_stamp(self, now: datetime) -> datetime:
        """Return a time as orders store it, which depends on the order storage."""
        return self.zone.stamp_by_local_time(now) if self.settings.hpos else self.zone.stamp(now)
