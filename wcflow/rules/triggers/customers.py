"""Triggers from customers: accounts, segments, tags and conditions."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from wcflow.rules import arguments
from wcflow.rules.event_kinds import (
    ACCOUNT_ENABLED,
    CONSENT_GIVEN,
    CONSENT_WITHDRAWN,
    COUPON_ASSIGNED,
    EventKind,
)
from wcflow.rules.events import Event, TriggerContext
from wcflow.rules.triggers.registry import trigger
from wcflow.units import local_day


@trigger("customer_created", "A customer registers an account.", "customer_created")
def _customer_created(context: TriggerContext, _: None) -> Iterator[Event]:
    account = context.profile.account
    if account is not None and account.created is not None:
        yield Event(f"customer {account.id} registered", account.created)


@trigger(
    "customer_enabled",
    "A guest who has ordered before registers an account, an account has a role again, or your team sets an inactive customer to active.",
    "customer_enabled",
)
def _customer_enabled(context: TriggerContext, _: None) -> Iterator[Event]:
    yield from _of_kind(ACCOUNT_ENABLED, context)
    account = context.profile.account
    if account is None or account.created is None:
        return
    if any(not order.customer_id and order.created < account.created for order in context.orders):
        yield Event(f"customer {account.id} enabled", account.created)


@trigger(
    "customer_subscribed",
    "A customer agrees to marketing, according to the store's consent_meta.",
    "customer_subscribed",
)
def _customer_subscribed(context: TriggerContext, _: None) -> Iterator[Event]:
    return _of_kind(CONSENT_GIVEN, context)


@trigger(
    "customer_unsubscribed",
    "A customer no longer agrees to marketing.",
    "customer_unsubscribed",
)
def _customer_unsubscribed(context: TriggerContext, _: None) -> Iterator[Event]:
    return _of_kind(CONSENT_WITHDRAWN, context)


def _of_kind(kind: EventKind, context: TriggerContext) -> Iterator[Event]:
    return (Event(each.key, each.at) for each in context.events if each.kind == kind.name)


@trigger(
    "coupon_assigned [NAME]",
    "A customer gets a code of a coupon pool; with NAME only of that pool.",
    "coupon_assigned spring",
    arguments.optional_name,
    section="coupon_pool",
)
def _coupon_assigned(context: TriggerContext, pool: str | None) -> Iterator[Event]:
    for each in context.events:
        if each.kind == COUPON_ASSIGNED.name and pool in (None, each.data.get("pool")):
            yield Event(each.key, each.at)


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
    "customer_matches",
    "The condition in when becomes true for a customer.",
    "customer_matches",
    remembers_match=True,
)
def _customer_matches(context: TriggerContext, _: None) -> Iterator[Event]:
    if context.matching_since is not None:
        day = _day(context.matching_since, context)
        yield Event(f"matches {day}", context.matching_since)


def _day(at: datetime, context: TriggerContext) -> str:
    return local_day(at, context.profile.store.zone).isoformat()
