"""One entry per trigger: how it is written, what it means, and which occurrences it makes. Pure.

A new trigger is one decorated function here; ``check``, ``kinds``, "did you mean" and the tests
that walk the registry follow from it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

from wcflow.profile import in_store_currency, order_date, paid_orders
from wcflow.rules import arguments
from wcflow.rules.errors import RuleError, RuleErrors, did_you_mean
from wcflow.rules.events import (
    Event,
    TriggerContext,
    changes_of,
    completed_at,
    created_at,
    first_seen_as,
    paid_at,
    paid_in_order,
    refunds_of,
)
from wcflow.units import Duration, leaves_window, local_day


@dataclass(frozen=True, slots=True)
class Trigger:
    """A trigger with its argument, as one workflow names it."""

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
    def tells_by_stamps(self) -> bool:
        """Say whether each occurrence is at one of an order's stamps, and none comes by time alone."""
        return self.kind.has_order and self.kind.next_at is None

    @property
    def names_segment(self) -> str:
        return self.argument if self.kind.names == "segment" else ""

    @property
    def names_tag(self) -> str:
        return self.argument if self.kind.names == "tag" else ""

    @property
    def watches_state(self) -> bool:
        """Say whether it looks at what rules decide, so that editing a rule is no event."""
        return bool(self.kind.names) or self.name == "customer_matches"

    @property
    def canonical(self) -> str:
        return f"{self.name} {self.argument}"

    def occurrences(self, sight: TriggerContext) -> Iterable[Event]:
        """Give all that ever happened of this kind to the person in sight."""
        return self.kind.occurrences(sight, self.argument)

    def next_at(self, sight: TriggerContext) -> datetime | None:
        """Give when time alone will make the next occurrence, if it will."""
        return self.kind.next_at(sight, self.argument) if self.kind.next_at else None


@dataclass(frozen=True, slots=True)
class TriggerKind:
    """An entry of the registry."""

    name: str
    form: str
    meaning: str
    example: str
    read: Callable[[str], Any]
    occurrences: Callable[[TriggerContext, Any], Iterable[Event]]
    has_order: bool = False
    has_item: bool = False
    names: str = ""
    next_at: Callable[[TriggerContext, Any], datetime | None] | None = None


TRIGGERS: dict[str, TriggerKind] = {}
type_of_occurrences = Callable[[TriggerContext, Any], Iterable[Event]]


def trigger(
    form: str, meaning: str, example: str, read: Callable[[str], Any], **more: Any
) -> Callable[[type_of_occurrences], type_of_occurrences]:
    """Enter a function into the registry under the first word of ``form``."""

    def enter(function: type_of_occurrences) -> type_of_occurrences:
        name = form.split(maxsplit=1)[0]
        TRIGGERS[name] = TriggerKind(name, form, meaning, example, read, function, **more)
        return function

    return enter


@lru_cache(maxsize=512)
def parse_trigger(text: str) -> Trigger:
    """Read ``order_milestone 5, 10``; raises FlawError where it is no trigger."""
    name, _, rest = text.strip().partition(" ")
    kind = TRIGGERS.get(name.lower())
    if kind is None:
        raise RuleErrors(RuleError("a trigger", repr(name), did_you_mean(name, TRIGGERS)))
    return Trigger(kind.name, kind.read(rest.strip()))


# From orders.


@trigger("order_created", "an order is placed", "order_created", arguments.nothing, has_order=True)
def _order_created(sight: TriggerContext, _: None) -> Iterator[Event]:
    for order in sight.orders:
        yield Event(f"order {order.id} created", created_at(order), order)


@trigger("order_paid", "an order is paid", "order_paid", arguments.nothing, has_order=True)
def _order_paid(sight: TriggerContext, _: None) -> Iterator[Event]:
    for order in sight.orders:
        at = paid_at(order, sight.profile.shop.paid_statuses)
        if at is not None:
            yield Event(f"order {order.id} paid", at, order)


@trigger(
    "order_completed", "an order is completed", "order_completed", arguments.nothing, has_order=True
)
def _order_completed(sight: TriggerContext, _: None) -> Iterator[Event]:
    for order in sight.orders:
        at = completed_at(order)
        if at is not None:
            yield Event(f"order {order.id} completed", at, order)


def _seen(sight: TriggerContext, status: str) -> Iterator[Event]:
    for order in sight.orders:
        at = first_seen_as(order, (status,))
        if at is not None:
            yield Event(f"order {order.id} {status}", at, order)


@trigger(
    "order_cancelled", "an order is cancelled", "order_cancelled", arguments.nothing, has_order=True
)
def _order_cancelled(sight: TriggerContext, _: None) -> Iterator[Event]:
    return _seen(sight, "cancelled")


@trigger("order_failed", "a payment fails", "order_failed", arguments.nothing, has_order=True)
def _order_failed(sight: TriggerContext, _: None) -> Iterator[Event]:
    return _seen(sight, "failed")


@trigger(
    "order_on_hold", "an order is put on hold", "order_on_hold", arguments.nothing, has_order=True
)
def _order_on_hold(sight: TriggerContext, _: None) -> Iterator[Event]:
    return _seen(sight, "on-hold")


@trigger(
    "order_refunded [partial | full | either]",
    "money of an order is given back: a part, all of it, or either (the default)",
    "order_refunded full",
    arguments.refund_kind,
    has_order=True,
)
def _order_refunded(sight: TriggerContext, which: str) -> Iterator[Event]:
    for order in sight.orders:
        yield from refunds_of(order, which)


@trigger(
    "order_status_changed [from STATUS] [to STATUS]",
    "a poll finds an order in another status than the poll before",
    "order_status_changed from pending to processing",
    arguments.statuses,
    has_order=True,
)
def _order_status_changed(sight: TriggerContext, statuses: tuple[str, str]) -> Iterator[Event]:
    for order in sight.orders:
        for change in changes_of(order, *statuses):
            words = f"{change.before} to {change.after} {change.at:%Y-%m-%dT%H:%M:%SZ}"
            yield Event(f"order {order.id} {words}", change.at, order)


@trigger(
    "product_purchased",
    "a product is bought: once for each line of a paid order; conditions may ask item.*",
    "product_purchased",
    arguments.nothing,
    has_order=True,
    has_item=True,
)
def _product_purchased(sight: TriggerContext, _: None) -> Iterator[Event]:
    for _nth, order, at in paid_in_order(sight):
        for item in order.items:
            yield Event(f"order {order.id} item {item.id}", at, order, item)


@trigger(
    "first_order",
    "a person's first paid order; once in their life",
    "first_order",
    arguments.nothing,
    has_order=True,
)
def _first_order(sight: TriggerContext, _: None) -> Iterator[Event]:
    for _nth, order, at in paid_in_order(sight)[:1]:
        yield Event("first order", at, order)


@trigger(
    "repeat_order",
    "each paid order after a person's first",
    "repeat_order",
    arguments.nothing,
    has_order=True,
)
def _repeat_order(sight: TriggerContext, _: None) -> Iterator[Event]:
    for _nth, order, at in paid_in_order(sight)[1:]:
        yield Event(f"order {order.id} repeat", at, order)


@trigger(
    "order_milestone N, N, …",
    "a person's Nth paid order; once for each N",
    "order_milestone 5, 10, 20",
    arguments.milestones,
    has_order=True,
)
def _order_milestone(sight: TriggerContext, milestones: tuple[int, ...]) -> Iterator[Event]:
    for nth, order, at in paid_in_order(sight):
        if nth in milestones:
            yield Event(f"milestone {nth}", at, order)


@trigger(
    "high_value_order AMOUNT",
    "a paid order of that amount or more, in the store's currency, before refunds",
    "high_value_order 250",
    arguments.amount,
    has_order=True,
)
def _high_value_order(sight: TriggerContext, amount: Decimal) -> Iterator[Event]:
    for _nth, order, at in paid_in_order(sight):
        total = in_store_currency(order.total, order.currency, sight.profile.shop)
        if total is not None and total >= amount:
            yield Event(f"order {order.id} high value", at, order)


# From customers.


@trigger("customer_created", "somebody registers an account", "customer_created", arguments.nothing)
def _customer_created(sight: TriggerContext, _: None) -> Iterator[Event]:
    account = sight.profile.account
    if account is not None and account.created is not None:
        yield Event(f"customer {account.id} registered", account.created)


@trigger(
    "segment_entered NAME",
    "a person comes into a segment",
    "segment_entered VIP",
    arguments.name,
    names="segment",
)
def _segment_entered(sight: TriggerContext, name: str) -> Iterator[Event]:
    at = sight.segments.get(name)
    if at is not None:
        yield Event(f"{name} entered {_day(at, sight)}", at)


@trigger(
    "segment_left NAME",
    "a person is in a segment no more",
    "segment_left VIP",
    arguments.name,
    names="segment",
)
def _segment_left(sight: TriggerContext, name: str) -> Iterator[Event]:
    for move in sight.moves:
        if move.segment == name and not move.entered:
            yield Event(f"{name} left {_day(move.at, sight)}", move.at)


@trigger(
    "tag_added NAME",
    "a person wears a tag that they did not wear, by whomever it was added",
    "tag_added Wholesale",
    arguments.name,
    names="tag",
)
def _tag_added(sight: TriggerContext, name: str) -> Iterator[Event]:
    if name in sight.new_tags:
        yield Event(f"tag {name} added {_day(sight.now, sight)}", sight.now)


@trigger(
    "tag_removed NAME",
    "a person wears a tag no more, by whomever it was removed",
    "tag_removed Wholesale",
    arguments.name,
    names="tag",
)
def _tag_removed(sight: TriggerContext, name: str) -> Iterator[Event]:
    if name in sight.lost_tags:
        yield Event(f"tag {name} removed {_day(sight.now, sight)}", sight.now)


@trigger(
    "customer_matches",
    "the workflow's when becomes true for a person for whom it was not",
    "customer_matches",
    arguments.nothing,
)
def _customer_matches(sight: TriggerContext, _: None) -> Iterator[Event]:
    if sight.matches_since is not None:
        day = _day(sight.matches_since, sight)
        yield Event(f"matches {day}", sight.matches_since)


# From time, and by hand.


def _goes_inactive(sight: TriggerContext, length: Duration) -> Event | None:
    paid = paid_orders(sight.profile)
    if not paid:
        return None
    at = leaves_window(order_date(paid[-1]), length, sight.profile.shop.zone)
    return Event(f"inactive {length} since order {paid[-1].id}", at)


def _inactive_from(sight: TriggerContext, length: Duration) -> datetime | None:
    found = _goes_inactive(sight, length)
    return found.at if found and found.at > sight.now else None


@trigger(
    "inactive DURATION",
    "that long since the last paid order; again only after another order",
    "inactive 60d",
    arguments.duration,
    next_at=_inactive_from,
)
def _inactive(sight: TriggerContext, length: Duration) -> Iterator[Event]:
    found = _goes_inactive(sight, length)
    if found is not None and found.at <= sight.now:
        yield found


@trigger("bulk", "only by command: wcflow workflow run NAME", "bulk", arguments.nothing)
def _bulk(_sight: TriggerContext, _: None) -> Iterator[Event]:
    return iter(())


def _day(at: datetime, sight: TriggerContext) -> str:
    return local_day(at, sight.profile.shop.zone).isoformat()
