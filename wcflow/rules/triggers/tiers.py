"""Triggers of tiers: reached, lost, nearly reached, about to be lost."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal

from wcflow.profile import order_date, paid_orders
from wcflow.rules import arguments
from wcflow.rules.as_of import as_of
from wcflow.rules.events import Event, TriggerContext, next_of
from wcflow.rules.tiers import TierRules, loss
from wcflow.rules.triggers.registry import trigger
from wcflow.standing import TierState
from wcflow.units import Duration, local_day, shift_day, start_of_day

_MOST_ORDERS = 100
"""Paid orders that are looked through for the one that brought a customer close to a tier."""


def _tier(context: TriggerContext) -> tuple[TierRules, TierState] | None:
    """Return the tiers, and the person's; None without [tiers]."""
    rules, state = context.profile.store.tiers, context.profile.saved_state.standing.tier
    return None if rules is None or state is None else (rules, state)


@trigger("tier_upgraded", "A customer enters a higher tier.", "tier_upgraded", names="tier")
def _tier_upgraded(context: TriggerContext, _: None) -> Iterator[Event]:
    if found := _tier(context):
        rules, state = found
        if rules.rank(state.tier) > rules.rank(state.before):
            yield Event(f"tier {state.tier} reached {_day(state.since, context)}", state.since)


@trigger("tier_downgraded", "A customer enters a lower tier.", "tier_downgraded", names="tier")
def _tier_downgraded(context: TriggerContext, _: None) -> Iterator[Event]:
    if found := _tier(context):
        rules, state = found
        if rules.rank(state.tier) < rules.rank(state.before):
            yield Event(f"tier {state.before} lost {_day(state.since, context)}", state.since)


@trigger(
    "tier_close_to_upgrade AMOUNT",
    "An order leaves a customer at most this much short of the next tier.",
    "tier_close_to_upgrade 50",
    arguments.amount,
    names="tier",
)
def _tier_close_to_upgrade(context: TriggerContext, most: Decimal) -> Iterator[Event]:
    if not (found := _tier(context)):
        return
    rules, state = found
    level = rules.next_level(state.tier)
    if level is None or not _is_close(rules, level[1], most, context, context.now):
        return
    since, name = state.since, f"{state.tier or 'the start'} {_day(state.since, context)}"
    for order in reversed(paid_orders(context.profile)[-_MOST_ORDERS:]):
        at = order_date(order)
        if not _is_close(rules, level[1], most, context, at):
            break
        since, name = at, f"order {order.id}"
    yield Event(f"close to tier {level[0]} since {name}", since)


def _is_close(
    rules: TierRules, needed: Decimal, most: Decimal, context: TriggerContext, at: datetime
) -> bool:
    """Return whether what is missing at an instant is not more than ``most``."""
    if at == context.now:
        value = rules.figure_in(context.facts).value
    else:
        value = rules.value(as_of(context.profile, at), at)
    return Decimal(0) < needed - value <= most


def _next_risk(context: TriggerContext, length: Duration) -> datetime | None:
    return next_of(context.search(_risk, length), context.now)


@trigger(
    "tier_downgrade_risk DURATION",
    "A customer will lose their tier in this time unless they buy something.",
    "tier_downgrade_risk 14d",
    arguments.duration,
    names="tier",
    next_at=_next_risk,
)
def _tier_downgrade_risk(context: TriggerContext, length: Duration) -> Iterator[Event]:
    return (each for each in context.search(_risk, length) if each.at <= context.now)


def _risk(context: TriggerContext, length: Duration) -> Iterator[Event]:
    """Return the event of this risk, which can be in the future; nothing if nothing is lost."""
    if not (found := _tier(context)):
        return
    rules, state = found
    zone, farthest = context.profile.store.zone, context.now + timedelta(days=36_500)
    lost_at = loss(context.facts, rules, state, farthest)
    if lost_at is None:
        return
    last = local_day(lost_at, zone)
    name = f"tier {state.tier} at risk until {last.isoformat()}"
    if length.seconds < timedelta(days=1).total_seconds():
        yield Event(name, lost_at - timedelta(seconds=length.seconds))
    else:
        yield Event(name, start_of_day(shift_day(last, length, -1), zone))


def _day(at: datetime, context: TriggerContext) -> str:
    return local_day(at, context.profile.store.zone).isoformat()
