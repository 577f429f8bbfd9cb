"""Triggers of tiers: reached, lost, nearly reached, about to be lost."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal

from wcflow.profile import order_date, paid_orders
from wcflow.rules import arguments
from wcflow.rules.as_of import as_of
from wcflow.rules.events import Event, TriggerContext
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
    profile = context.profile if at == context.now else as_of(context.profile, at)
    return Decimal(0) < needed - rules.value(profile, at) <= most


def _next_risk(context: TriggerContext, length: Duration) -> datetime | None:
    found = _risk(context, length)
    return found.at if found is not None and found.at > context.now else None


@trigger(
    "tier_downgrade_risk DURATION",
    "A customer will lose their tier in this time unless they buy something.",
    "tier_downgrade_risk 14d",
    arguments.duration,
    names="tier",
    next_at=_next_risk,
)
def _tier_downgrade_risk(context: TriggerContext, length: Duration) -> Iterator[Event]:
    found = _risk(context, length)
    if found is not None and found.at <= context.now:
        yield found


def _risk(context: TriggerContext, length: Duration) -> Event | None:
    """Return the event of this risk, which can be in the future; None if nothing is lost."""
    if not (found := _tier(context)):
        return None
    rules, state = found
    zone, farthest = context.profile.store.zone, context.now + timedelta(days=36_500)
    lost_at = loss(context.profile, rules, state, context.now, farthest)
    if lost_at is None:
        return None
    last = local_day(lost_at, zone)
    name = f"tier {state.tier} at risk until {last.isoformat()}"
    if length.seconds < timedelta(days=1).total_seconds():
        return Event(name, lost_at - timedelta(seconds=length.seconds))
    return Event(name, start_of_day(shift_day(last, length, -1), zone))


def _day(at: datetime, context: TriggerContext) -> str:
    return local_day(at, context.profile.store.zone).isoformat()
