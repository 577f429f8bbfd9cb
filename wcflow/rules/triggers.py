"""The triggers: how each is written, what it means, and which events it finds.

A new trigger is one decorated function here. ``wcflow check``, ``wcflow reference``, "did you mean"
and the tests that cover every trigger use the same registry.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

from wcflow.profile import in_store_currency, order_date, order_total, paid_orders
from wcflow.rules import arguments
from wcflow.rules.errors import RuleErrors, did_you_mean, unknown
from wcflow.rules.events import (
    FIRST_ORDER,
    Event,
    TriggerContext,
    completed_at,
    created_at,
    first_seen_in_status,
    numbered_paid_orders,
    paid_at,
    refund_events,
    status_changes,
)
from wcflow.units import Duration, local_day, window_exit


@dataclass(frozen=True, slots=True)
class Trigger:
    """A trigger with its argument, as a workflow uses it."""

    name: str
    argument: Any = None

    @property
    def kind(self) -> TriggerKind:
        return TRIGGERS[self.name]

    @property
    def has_order(self) -> bool:
        return self.kind.has_order

    @property
    def has_item(self) -> bool:
        return self.kind.has_item

    @property
    def follows_order_stamps(self) -> bool:
        """Return whether every event falls on a timestamp of an order."""
        return self.kind.has_order and self.kind.next_at is None

    @property
    def names_segment(self) -> str:
        return self.argument if self.kind.names == "segment" else ""

    @property
    def names_tag(self) -> str:
        return self.argument if self.kind.names == "tag" else ""

    @property
    def names_statuses(self) -> tuple[str, ...]:
        """Return the order statuses that it names."""
        named = self.argument if self.name == "order_status_changed" else ()
        return tuple(filter(None, named))

    @property
    def watches_state(self) -> bool:
        """Return whether it depends on what rules decide, so that an edited rule must not count as an event."""
        return bool(self.kind.names) or self.name == "customer_matches"

    @property
    def canonical(self) -> str:
        return f"{self.name} {self.argument}"

    @property
    def text(self) -> str:
        """Return it as written in the INI, with its defaults: ``order_refunded either``."""
        if self.argument is None:
            return self.name
        if self.name == "order_status_changed":
            before, after = (status or "any" for status in self.argument)
            return f"{self.name} from {before} to {after}"
        words = self.argument if isinstance(self.argument, tuple) else (self.argument,)
        return f"{self.name} {', '.join(str(word) for word in words)}"

    def events(self, context: TriggerContext) -> Iterable[Event]:
        """Return all events of this kind in the person's history."""
        return self.kind.events(context, self.argument)

    def next_at(self, context: TriggerContext) -> datetime | None:
        """Return when the next event will happen through time alone, or None."""
        return self.kind.next_at(context, self.argument) if self.kind.next_at else None


@dataclass(frozen=True, slots=True)
class TriggerKind:
    """What the registry holds about a trigger.

    ``names`` is ``segment`` or ``tag`` if its argument is one. ``counts_orders`` says that an event
    is named by the order's number among the person's orders, and not by the order.
    """

    name: str
    form: str
    meaning: str
    example: str
    read: Callable[[str], Any]
    events: Callable[[TriggerContext, Any], Iterable[Event]]
    has_order: bool = False
    has_item: bool = False
    counts_orders: bool = False
    names: str = ""
    next_at: Callable[[TriggerContext, Any], datetime | None] | None = None


TRIGGERS: dict[str, TriggerKind] = {}
FindEvents = Callable[[TriggerContext, Any], Iterable[Event]]


def trigger(
    form: str,
    meaning: str,
    example: str,
    read: Callable[[str], Any] = arguments.no_argument,
    **more: Any,
) -> Callable[[FindEvents], FindEvents]:
    """Register a function under the first word of ``form``."""

    def register(function: FindEvents) -> FindEvents:
        name = form.split(maxsplit=1)[0]
        TRIGGERS[name] = TriggerKind(name, form, meaning, example, read, function, **more)
        return function

    return register


@lru_cache(maxsize=512)
def parse_trigger(text: str) -> Trigger:
    """Parse ``order_milestone 5, 10``; raises RuleErrors."""
    name, _, rest = text.strip().partition(" ")
    kind = TRIGGERS.get(name.lower())
    if kind is None:
        raise RuleErrors(unknown("trigger", name, did_you_mean(name, TRIGGERS)))
    return Trigger(kind.name, kind.read(rest.strip()))


# Triggers from orders.


@trigger("order_created", "An order is placed.", "order_created", has_order=True)
def _order_created(context: TriggerContext, _: None) -> Iterator[Event]:
    for order in context.orders:
        yield Event(f"order {order.id} created", created_at(order), order)


@trigger("order_paid", "An order is paid.", "order_paid", has_order=True)
def _order_paid(context: TriggerContext, _: None) -> Iterator[Event]:
    for order in context.orders:
        at = paid_at(order, context.profile.store.paid_statuses)
        if at is not None:
            yield Event(f"order {order.id} paid", at, order)


@trigger("order_completed", "An order is completed.", "order_completed", has_order=True)
def _order_completed(context: TriggerContext, _: None) -> Iterator[Event]:
    for order in context.orders:
        at = completed_at(order)
        if at is not None:
            yield Event(f"order {order.id} completed", at, order)


def _first_in_status(context: TriggerContext, status: str) -> Iterator[Event]:
    for order in context.orders:
        at = first_seen_in_status(order, (status,))
        if at is not None:
            yield Event(f"order {order.id} {status}", at, order)


@trigger("order_cancelled", "An order is cancelled.", "order_cancelled", has_order=True)
def _order_cancelled(context: TriggerContext, _: None) -> Iterator[Event]:
    return _first_in_status(context, "cancelled")


@trigger("order_failed", "The payment of an order fails.", "order_failed", has_order=True)
def _order_failed(context: TriggerContext, _: None) -> Iterator[Event]:
    return _first_in_status(context, "failed")


@trigger("order_on_hold", "An order is put on hold.", "order_on_hold", has_order=True)
def _order_on_hold(context: TriggerContext, _: None) -> Iterator[Event]:
    return _first_in_status(context, "on-hold")


@trigger(
    "order_refunded [partial | full | either]",
    "An order is refunded: in part, in full, or either (the default).",
    "order_refunded full",
    arguments.refund_kind,
    has_order=True,
)
def _order_refunded(context: TriggerContext, which: str) -> Iterator[Event]:
    for order in context.orders:
        yield from refund_events(order, which)


@trigger(
    "order_status_changed [from STATUS] [to STATUS]",
    "An order's status has changed since the last poll.",
    "order_status_changed from pending to processing",
    arguments.statuses,
    has_order=True,
)
def _order_status_changed(context: TriggerContext, statuses: tuple[str, str]) -> Iterator[Event]:
    for order in context.orders:
        for change in status_changes(order, *statuses):
            words = f"{change.before} to {change.after} {change.at:%Y-%m-%dT%H:%M:%SZ}"
            yield Event(f"order {order.id} {words}", change.at, order)


@trigger(
    "product_purchased",
    "A product is bought: once for each line of a paid order. Conditions can use item.*.",
    "product_purchased",
    has_order=True,
    has_item=True,
)
def _product_purchased(context: TriggerContext, _: None) -> Iterator[Event]:
    for _nth, order, at in numbered_paid_orders(context):
        for item in order.items:
            yield Event(f"order {order.id} item {item.id}", at, order, item)


@trigger(
    "first_order",
    "A customer pays for the first time. Happens once per customer.",
    "first_order",
    has_order=True,
    counts_orders=True,
)
def _first_order(context: TriggerContext, _: None) -> Iterator[Event]:
    for _nth, order, at in numbered_paid_orders(context)[:1]:
        yield Event(FIRST_ORDER, at, order)


@trigger(
    "repeat_order",
    "A customer pays for another order after the first.",
    "repeat_order",
    has_order=True,
)
def _repeat_order(context: TriggerContext, _: None) -> Iterator[Event]:
    for _nth, order, at in numbered_paid_orders(context)[1:]:
        yield Event(f"order {order.id} repeat", at, order)


@trigger(
    "order_milestone N, N, …",
    "A customer's Nth order is paid. Happens once for each N.",
    "order_milestone 5, 10, 20",
    arguments.milestones,
    has_order=True,
    counts_orders=True,
)
def _order_milestone(context: TriggerContext, milestones: tuple[int, ...]) -> Iterator[Event]:
    for nth, order, at in numbered_paid_orders(context):
        if nth in milestones:
            yield Event(f"milestone {nth}", at, order)


@trigger(
    "high_value_order AMOUNT",
    "An order of at least this amount is paid (in the store's currency, before refunds).",
    "high_value_order 250",
    arguments.amount,
    has_order=True,
)
def _high_value_order(context: TriggerContext, amount: Decimal) -> Iterator[Event]:
    for _nth, order, at in numbered_paid_orders(context):
        store = context.profile.store
        total = in_store_currency(order_total(order, store), order, store)
        if total is not None and total >= amount:
            yield Event(f"order {order.id} high value", at, order)


# Triggers from customers.


@trigger("customer_created", "A customer registers an account.", "customer_created")
def _customer_created(context: TriggerContext, _: None) -> Iterator[Event]:
    account = context.profile.account
    if account is not None and account.created is not None:
        yield Event(f"customer {account.id} registered", account.created)


@trigger(
    "segment_entered NAME",
    "A customer enters the segment.",
    "segment_entered VIP",
    arguments.name,
    names="segment",
)
def _segment_entered(context: TriggerContext, name: str) -> Iterator[Event]:
    at = context.segments.get(name)
    if at is not None:
        yield Event(f"{name} entered {_day(at, context)}", at)


@trigger(
    "segment_left NAME",
    "A customer leaves the segment.",
    "segment_left VIP",
    arguments.name,
    names="segment",
)
def _segment_left(context: TriggerContext, name: str) -> Iterator[Event]:
    for transition in context.transitions:
        if transition.segment == name and not transition.entered:
            yield Event(f"{name} left {_day(transition.at, context)}", transition.at)


@trigger(
    "tag_added NAME",
    "A customer gets the tag, no matter who added it.",
    "tag_added Wholesale",
    arguments.name,
    names="tag",
)
def _tag_added(context: TriggerContext, name: str) -> Iterator[Event]:
    if name in context.new_tags:
        yield Event(f"tag {name} added {_day(context.now, context)}", context.now)


@trigger(
    "tag_removed NAME",
    "A customer loses the tag, no matter who removed it.",
    "tag_removed Wholesale",
    arguments.name,
    names="tag",
)
def _tag_removed(context: TriggerContext, name: str) -> Iterator[Event]:
    if name in context.lost_tags:
        yield Event(f"tag {name} removed {_day(context.now, context)}", context.now)


@trigger(
    "customer_matches", "The condition in when becomes true for a customer.", "customer_matches"
)
def _customer_matches(context: TriggerContext, _: None) -> Iterator[Event]:
    if context.matching_since is not None:
        day = _day(context.matching_since, context)
        yield Event(f"matches {day}", context.matching_since)


# Triggers from time, and by command.


def _goes_inactive(context: TriggerContext, length: Duration) -> Event | None:
    paid = paid_orders(context.profile)
    if not paid:
        return None
    at = window_exit(order_date(paid[-1]), length, context.profile.store.zone)
    return Event(f"inactive {length} since order {paid[-1].id}", at)


def _inactive_from(context: TriggerContext, length: Duration) -> datetime | None:
    found = _goes_inactive(context, length)
    return found.at if found and found.at > context.now else None


@trigger(
    "inactive DURATION",
    "The last paid order is this long ago. Happens again only after another order.",
    "inactive 60d",
    arguments.duration,
    next_at=_inactive_from,
)
def _inactive(context: TriggerContext, length: Duration) -> Iterator[Event]:
    found = _goes_inactive(context, length)
    if found is not None and found.at <= context.now:
        yield found


@trigger("bulk", "Never starts by itself; only with the command wcflow workflow run NAME.", "bulk")
def _bulk(_sight: TriggerContext, _: None) -> Iterator[Event]:
    return iter(())


def _day(at: datetime, context: TriggerContext) -> str:
    return local_day(at, context.profile.store.zone).isoformat()
