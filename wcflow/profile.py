"""The profile of a person: everything that rules and templates can use.

A person is a registered customer with the guest orders under their e-mail address, or a guest: the
orders under one address. All figures are computed from the orders.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import datetime, tzinfo
from decimal import Decimal, InvalidOperation
from typing import Any

import msgspec
from msgspec.structs import replace

from wcflow.records import Customer, Order, Product, Refund, Subscription
from wcflow.standing import NO_STANDING, Standing
from wcflow.units import minor_digits, to_major, to_minor, without_separators

LIFECYCLE = "lifecycle"


class StoreProfile(msgspec.Struct, frozen=True):
    """What rules need from the store.

    ``rates`` holds the value of one unit of another currency in the store's currency. ``rate_meta``
    names the order meta with such a rate, ``amount_meta`` the one with what was paid so far.
    ``counts_when`` is the store's condition on orders that count. ``order_gap`` is the median number
    of days between orders over all customers. ``points`` and ``tiers`` are rules, if there are any.
    """

    name: str
    url: str
    zone: tzinfo
    currency: str
    paid_statuses: tuple[str, ...] = ("processing", "completed")
    rates: Mapping[str, Decimal] = msgspec.field(default_factory=dict)
    consent_meta: tuple[str, ...] = ()
    birthday_meta: str = ""
    birthday_format: str = ""
    order_gap: Decimal | None = None
    count_children: bool = False
    counts_when: Callable[[Order, Profile], bool] | None = None
    amount_meta: str = ""
    rate_meta: str = ""
    shipped_statuses: tuple[str, ...] = ()
    has_subscriptions: bool = False
    has_companion: bool = False
    points: Any = None
    tiers: Any = None


class SavedState(msgspec.Struct, frozen=True):
    """What wcflow remembers of a person besides their orders.

    ``segments`` maps each segment to when it was entered. ``current_tags`` are all tags in the
    store, ``own_tags`` those added by people or workflows. ``kept_forever`` are the tags of
    ``keep = forever`` rules, by rule. Percentiles are computed nightly, None before that. ``consent``
    is whether they accepted marketing then, None if that was not known.
    """

    segments: Mapping[str, datetime] = msgspec.field(default_factory=dict)
    current_tags: frozenset[str] = frozenset()
    own_tags: frozenset[str] = frozenset()
    kept_forever: Mapping[str, frozenset[str]] = msgspec.field(default_factory=dict)
    spend_percentile: int | None = None
    orders_percentile: int | None = None
    standing: Standing = NO_STANDING
    consent: bool | None = None


class OrderFigures(msgspec.Struct, frozen=True):
    """Figures of a person's orders, computed once.

    ``paid`` are the paid orders, oldest first; ``amounts`` the same with their totals minus refunds
    (None without a currency rate). ``newest`` is the order that shows the tags. ``latest_stamp`` is
    the last time anything happened to an order.
    """

    orders: tuple[Order, ...]
    store: StoreProfile
    paid: tuple[Order, ...]
    amounts: tuple[tuple[Order, Decimal | None], ...]
    newest: Order | None
    latest_stamp: datetime | None


class StoredEvent(msgspec.Struct, frozen=True):
    """An event that orders do not show; ``key`` is its stable name."""

    kind: str
    key: str
    at: datetime
    source: str = ""
    data: Mapping[str, object] = msgspec.field(default_factory=dict)


class Profile(msgspec.Struct, frozen=True):
    """One person: their account if any, their orders (oldest first) and their saved state.

    ``person`` is their id in the database. ``key`` is how the store knows them: ``c12`` for a
    registered customer, ``g:anna@example.com`` for a guest. ``products`` holds the products that
    the orders name, by id. ``figures`` follows from the orders and is never passed in.
    ``events`` are stored events and ``subscriptions`` those of the plugin, oldest first.
    """

    person: int
    email: str
    store: StoreProfile
    account: Customer | None = None
    orders: tuple[Order, ...] = ()
    products: Mapping[int, Product] = msgspec.field(default_factory=dict)
    saved_state: SavedState = msgspec.field(default_factory=SavedState)
    figures: OrderFigures | None = None
    key: str = ""
    events: tuple[StoredEvent, ...] = ()
    subscriptions: tuple[Subscription, ...] = ()

    def __post_init__(self) -> None:
        known = self.figures
        if known is None or known.orders is not self.orders or known.store is not self.store:
            msgspec.structs.force_setattr(self, "figures", _figures(self))

    @property
    def _figures(self) -> OrderFigures:
        assert self.figures is not None, "set when the profile was made"
        return self.figures

    @property
    def paid(self) -> tuple[Order, ...]:
        return self._figures.paid

    @property
    def amounts(self) -> tuple[tuple[Order, Decimal | None], ...]:
        return self._figures.amounts

    @property
    def newest(self) -> Order | None:
        return self._figures.newest

    @property
    def latest_stamp(self) -> datetime | None:
        return self._figures.latest_stamp

    @property
    def is_guest(self) -> bool:
        return self.account is None

    def with_saved_state(self, saved_state: SavedState) -> Profile:
        """Return the profile with another saved state."""
        return replace(self, saved_state=saved_state)


def _figures(profile: Profile) -> OrderFigures:
    orders, store = profile.orders, profile.store
    paid = _sorted_paid(profile)
    return OrderFigures(
        orders,
        store,
        paid,
        tuple([(each, net_total(each, store)) for each in paid]),
        _newest_order(profile),
        max(map(last_activity, orders), default=None),
    )


def account_key(customer_id: int) -> str:
    """Return the key of a registered customer."""
    return f"c{customer_id}"


def guest_key(email: str) -> str:
    """Return the key of a guest, whose address is in normal form."""
    return f"g:{email}"


def account_in(key: str) -> int | None:
    """Return the customer id that a key names, or nothing."""
    return int(key[1:]) if key.startswith("c") and key[1:].isdecimal() else None


def email_in(key: str) -> str | None:
    """Return the address that a guest's key names, or nothing."""
    return key[2:] if key.startswith("g:") else None


def order_date(order: Order) -> datetime:
    """Return when an order was paid, or created if it is unpaid."""
    return order.paid or order.created


def last_activity(order: Order, *, modified: bool = True) -> datetime:
    """Return the last time anything happened to an order, or without ``modified``, was recorded."""
    latest = order.created
    for stamp in (order.modified if modified else None, order.paid, order.completed):
        if stamp is not None and stamp > latest:
            latest = stamp
    for change in order.history:
        latest = max(latest, change.at)
    for refund in order.refunds:
        if refund.date is not None and refund.date > latest:
            latest = refund.date
    return latest


def is_paid(order: Order, profile: Profile) -> bool:
    """Return whether an order counts as paid: a paid status, not refunded in full, and counted."""
    return (
        order.status in profile.store.paid_statuses
        and not (order.refunds and refunded_in_full(order))
        and is_counted(order, profile)
    )


def is_counted(order: Order, profile: Profile) -> bool:
    """Return whether the store counts such orders at all, whatever their status."""
    store = profile.store
    if order.parent_id and not store.count_children:
        return False
    return store.counts_when is None or store.counts_when(order, profile)


def why_not_paid(order: Order, profile: Profile) -> str:
    """Return why an order does not count as a paid order, or nothing if it does."""
    store = profile.store
    if order.status not in store.paid_statuses and order.status != "refunded":
        return f"the status {order.status} does not count as paid"
    if refunded_in_full(order):
        return "refunded in full"
    if order.parent_id and not store.count_children:
        return f"part of order {order.parent_id} (child_orders)"
    if not is_counted(order, profile):
        return "counts_when does not match"
    return ""


def refunded_in_full(order: Order) -> bool:
    """Return whether an order was refunded in full."""
    if order.status == "refunded":
        return True
    return bool(order.refunds) and 0 < order.total <= sum(each.total for each in order.refunds)


def money_refunds(order: Order) -> tuple[Refund, ...]:
    """Return the refunds that returned money: one of 0.00 only puts goods back into stock."""
    return tuple([each for each in order.refunds if each.total]) if order.refunds else ()


def paid_orders(profile: Profile) -> tuple[Order, ...]:
    """Return the person's paid orders by date, oldest first."""
    return profile.paid


def _sorted_paid(profile: Profile) -> tuple[Order, ...]:
    paid = [order for order in profile.orders if is_paid(order, profile)]
    return tuple(sorted(paid, key=_paid_sort_key) if len(paid) > 1 else paid)


def _paid_sort_key(order: Order) -> tuple[datetime, int]:
    return order.paid or order.created, order.id


def in_store_currency(minor: int, order: Order, store: StoreProfile) -> Decimal | None:
    """Convert an amount of an order in minor units to the store's currency; None without a rate."""
    currency = order.currency
    if currency == store.currency or not currency or currency.upper() == store.currency.upper():
        return to_major(minor, currency)
    rate = _own_rate(order, store) or store.rates.get(currency.upper())
    return None if rate is None else to_major(minor, currency) * rate


def _own_rate(order: Order, store: StoreProfile) -> Decimal | None:
    """Return the rate that a currency plugin kept on the order, if it is a number above 0."""
    rate = _meta_number(order, store.rate_meta)
    return rate if rate is not None and rate > 0 else None


def _meta_number(order: Order, key: str) -> Decimal | None:
    if not key or key not in order.meta:
        return None
    try:
        number = Decimal(without_separators(order.meta[key]) or order.meta[key].strip())
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def order_total(order: Order, store: StoreProfile) -> int:
    """Return the total of an order in minor units: what was paid so far where ``amount_meta`` says it."""
    paid_so_far = _meta_number(order, store.amount_meta) if store.amount_meta else None
    try:
        return order.total if paid_so_far is None else to_minor(paid_so_far, order.currency)
    except ValueError:  # more digits than any amount has
        return order.total


def net_total(order: Order, store: StoreProfile) -> Decimal | None:
    """Return the total of an order minus refunds, in the store's currency."""
    total = order_total(order, store)
    if order.refunds:
        total -= sum([refund.total for refund in order.refunds])
    return in_store_currency(total, order, store)


def net_sales(order: Order, store: StoreProfile) -> Decimal | None:
    """Return what the items of an order cost after discounts, without tax and shipping.

    Refunds are taken off in proportion: a refund of half the total takes off half the items, as
    WooCommerce does not say in an order which part of a refund was tax or shipping.
    """
    items = in_store_currency(sum([item.total for item in order.items]), order, store)
    refunded = sum([refund.total for refund in order.refunds])
    if items is None or not refunded or not order.total:
        return items
    left = items * (order.total - refunded) / order.total
    return left.quantize(Decimal(1).scaleb(-minor_digits(store.currency)))


def refund_date(refund: Refund, order: Order) -> datetime:
    """Return the date of a refund, or when its order was modified if the date is not loaded yet."""
    return refund.date or order.modified


def latest_order(profile: Profile) -> Order | None:
    """Return the order that shows the tags: the newest one placed, and no part of another."""
    return profile.newest


def _newest_order(profile: Profile) -> Order | None:
    newest: Order | None = None
    for order in profile.orders:
        if order.status in HIDDEN_STATUSES:
            continue
        if order.parent_id and not profile.store.count_children:
            continue
        if newest is None or (order.created, order.id) > (newest.created, newest.id):
            newest = order
    return newest


HIDDEN_STATUSES = frozenset({"trash", "auto-draft", "checkout-draft"})


class Transition(msgspec.Struct, frozen=True):
    """A person entered (or left) a segment at an instant."""

    segment: str
    entered: bool
    at: datetime


def transitions(
    before: Mapping[str, datetime], after: Collection[str], now: datetime
) -> tuple[Transition, ...]:
    """Return the segments left, then those entered, each sorted by name."""
    if before.keys() == set(after):
        return ()
    left = [Transition(name, entered=False, at=now) for name in sorted(set(before) - set(after))]
    entered = [Transition(name, entered=True, at=now) for name in sorted(set(after) - set(before))]
    return (*left, *entered)
