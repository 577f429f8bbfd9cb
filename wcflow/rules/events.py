"""The events in a person's history, computed from their orders.

Each function looks at the whole history, so a missed poll loses nothing. Each event has a stable
name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from typing import TypeVar

import msgspec

from wcflow.profile import (
    HIDDEN_STATUSES,
    Profile,
    StoredEvent,
    Transition,
    is_counted,
    money_refunds,
    order_date,
    paid_orders,
    refund_date,
    refunded_in_full,
)
from wcflow.records import SHIPPED, LineItem, Order, StatusChange, has_tracking_number
from wcflow.rules.context import Context
from wcflow.rules.event_kinds import CART_UPDATED

Argument = TypeVar("Argument")
FIRST_ORDER = "first order"
"""The name of the event of the trigger ``first_order``."""


class Event(msgspec.Struct, frozen=True):
    """Something that happened: a stable name, when, and the order and line item it concerns.

    ``subscription_id`` is the subscription it concerns, or 0. ``same_as`` are other names under which
    it can have been handled.
    """

    name: str
    at: datetime
    order: Order | None = None
    item: LineItem | None = None
    subscription_id: int = 0
    same_as: frozenset[str] = frozenset()


VISITOR_KEPT = timedelta(days=30)
"""How long a visitor without orders is kept after they last changed their cart."""


def visitor_until(profile: Profile) -> datetime | None:
    """Return until when someone without an account or orders is kept because of their cart.

    A cart that left them for another address of the same visit keeps them no longer: theirs was a
    typing error, or not an address at all.
    """
    if profile.account is not None or profile.orders:
        return None
    carts: dict[str, StoredEvent] = {}
    for each in profile.events:
        if each.kind == CART_UPDATED.name:
            carts[str(each.data.get("cart") or "")] = each
    kept = [each.at if each.data.get("left") else each.at + VISITOR_KEPT for each in carts.values()]
    return max(kept, default=None)


class TriggerContext(msgspec.Struct, frozen=True):
    """All that a trigger can use: the person now, and what changed since the last evaluation.

    ``segments`` maps each segment to when they entered. ``matching_since`` is when the workflow's
    own ``when`` began to hold, if it has just begun. ``evaluated_at`` is the time of the last
    evaluation, None if there was none. ``context`` holds the attribute values of the
    person that are known already, ``found`` what :meth:`search` found.
    """

    profile: Profile
    now: datetime
    segments: dict[str, datetime] = msgspec.field(default_factory=dict)
    transitions: tuple[Transition, ...] = ()
    new_tags: frozenset[str] = frozenset()
    lost_tags: frozenset[str] = frozenset()
    matching_since: datetime | None = None
    evaluated_at: datetime | None = None
    context: Context | None = None
    found: dict[tuple[object, object], tuple[Event, ...]] = msgspec.field(default_factory=dict)

    def search(
        self, find: Callable[[TriggerContext, Argument], Iterable[Event]], argument: Argument
    ) -> tuple[Event, ...]:
        """Return the events that ``find`` finds, past and future; it is called once for a person."""
        events = self.found.get((find, argument))
        if events is None:
            events = self.found[find, argument] = tuple(find(self, argument))
        return events

    @property
    def facts(self) -> Context:
        """Return the person now, as conditions see them."""
        return self.context or Context(self.profile, self.now)

    @property
    def events(self) -> tuple[StoredEvent, ...]:
        """Return the person's stored events, oldest first."""
        return self.profile.events

    @property
    def orders(self) -> Iterator[Order]:
        """Return the orders that are placed and count: no drafts, none in the trash, no parts."""
        return (
            order
            for order in self.profile.orders
            if order.status not in HIDDEN_STATUSES and is_counted(order, self.profile)
        )


def next_of(events: Iterable[Event], now: datetime) -> datetime | None:
    """Return when the next of these events happens, or None."""
    return min([each.at for each in events if each.at > now], default=None)


def first_seen_in_status(order: Order, statuses: Iterable[str]) -> datetime | None:
    """Return when an order was first seen in one of ``statuses``, or None."""
    wanted = frozenset(statuses)
    seen = [change.at for change in order.history if change.after in wanted]
    if seen:
        return min(seen)
    return order.created if order.status in wanted else None


def created_at(order: Order) -> datetime:
    """Return when an order was placed: when it stopped being a draft, or when it was created."""
    left_draft = [
        change.at
        for change in order.history
        if change.before in HIDDEN_STATUSES - {"trash"} and change.after not in HIDDEN_STATUSES
    ]
    return min(left_draft, default=order.created)


def paid_at(order: Order, paid_statuses: Iterable[str]) -> datetime | None:
    """Return when an order was paid: its date_paid, or when it was first seen in a paid status."""
    return order.paid or first_seen_in_status(order, paid_statuses)


def completed_at(order: Order) -> datetime | None:
    """Return when an order was completed: its date_completed, or when it was first seen completed."""
    return order.completed or first_seen_in_status(order, ("completed",))


def shipped_at(order: Order, statuses: Iterable[str]) -> datetime | None:
    """Return when an order was shipped: a tracking number or one of these statuses; None if not."""
    seen = first_seen_in_status(order, (SHIPPED, *statuses))
    if seen is None and has_tracking_number(order.meta):
        return order.completed or order.paid or order.created
    return seen


def refund_events(order: Order, which: str) -> Iterator[Event]:
    """Return the refunds of an order: ``partial`` ones, the ``full`` one, or ``either``."""
    if refunded_in_full(order):
        if which != "partial":
            yield Event(f"order {order.id} refunded in full", _refunded_at(order), order)
        return
    if which != "full":
        for refund in money_refunds(order):
            yield Event(f"order {order.id} refund {refund.id}", refund_date(refund, order), order)


def _refunded_at(order: Order) -> datetime:
    dates = [refund_date(refund, order) for refund in order.refunds]
    return max(dates, default=first_seen_in_status(order, ("refunded",)) or order.modified)


def status_changes(order: Order, before: str, after: str) -> Iterator[StatusChange]:
    """Return the observed changes between two statuses; an empty status means any."""
    for change in order.history:
        if change.before and before in ("", change.before) and after in ("", change.after):
            yield change


def numbered_paid_orders(context: TriggerContext) -> list[tuple[int, Order, datetime]]:
    """Return the paid orders, each with its number from 1 and when it was paid."""
    paid = paid_orders(context.profile)
    return [(nth, order, _payment_time(order, context)) for nth, order in enumerate(paid, start=1)]


def _payment_time(order: Order, context: TriggerContext) -> datetime:
    return paid_at(order, context.profile.store.paid_statuses) or order_date(order)
