"""Attributes of points and tiers, which need ``[points]`` and ``[tiers]``."""

from __future__ import annotations

from decimal import ROUND_FLOOR, Decimal

from wcflow.rules.attributes.lookup import start_of_window, when_first_leaves
from wcflow.rules.attributes.registry import AttributeValue, Family, Kind
from wcflow.rules.context import Context
from wcflow.rules.points import balance
from wcflow.units import Duration

STANDING = Family("points and tiers")


@STANDING.plain("points", Kind.NUMBER, "The points they have now. Needs [points].", "points >= 100")
def _points(context: Context) -> AttributeValue:
    found = balance(context.profile.saved_state.standing.points, context.now)
    return AttributeValue(Decimal(found.points), changes_at=found.changes_at)


@STANDING.windowed(
    "points_earned",
    Kind.NUMBER,
    "The points they earned, minus those that refunds took back, whether or not they were spent.",
    "points_earned(365d) >= 500",
)
def _points_earned(context: Context, window: Duration | None) -> AttributeValue:
    start = start_of_window(context, window)
    earned = [
        each
        for each in context.profile.saved_state.standing.points
        if (each.amount > 0 or each.order_id or each.undoes)
        and each.at <= context.now
        and (start is None or each.at >= start)
    ]
    return AttributeValue(
        Decimal(sum(each.amount for each in earned)),
        tuple(dict.fromkeys(each.order_id for each in earned if each.order_id)),
        when_first_leaves(context, window, [each.at for each in earned]),
    )


# Tiers. Those who just got theirs had the one before until then.


@STANDING.plain(
    "tier", Kind.TEXT, "The tier they are in. Needs [tiers].", "tier in ('Gold', 'Platinum')"
)
def _tier(context: Context) -> AttributeValue:
    tier = _tier_at(context)
    state = context.profile.saved_state.standing.tier
    later = state.since if state is not None and context.now < state.since else None
    return AttributeValue(tier or None, changes_at=later)


def _tier_at(context: Context) -> str:
    state = context.profile.saved_state.standing.tier
    if state is None:
        return ""
    return state.before if context.now < state.since else state.tier


@STANDING.plain(
    "tier_since", Kind.DATE, "When they entered their tier. Needs [tiers].", "tier_since < -1y"
)
def _tier_since(context: Context) -> AttributeValue:
    state = context.profile.saved_state.standing.tier
    return AttributeValue(state.since if state is not None and state.tier else None)


@STANDING.plain(
    "next_tier", Kind.TEXT, "The tier above theirs; empty at the top.", "next_tier = 'Gold'"
)
def _next_tier(context: Context) -> AttributeValue:
    level = _next_level(context)
    return AttributeValue(level[0] if level else None)


@STANDING.plain(
    "to_next_tier",
    Kind.NUMBER,
    "What they still need for the next tier; empty at the top.",
    "to_next_tier <= 50",
)
def _to_next_tier(context: Context) -> AttributeValue:
    level = _next_level(context)
    if level is None:
        return AttributeValue(None)
    rules, currency = context.store.tiers, context.store.currency
    figure = rules.figure(context.profile, context.now)
    lack = rules.missing(level[1], figure.value, currency)
    return AttributeValue(lack, figure.orders, figure.changes_at)


@STANDING.plain(
    "tier_progress",
    Kind.NUMBER,
    "How much of what the next tier needs they have, in percent; 100 at the top.",
    "tier_progress >= 80",
)
def _tier_progress(context: Context) -> AttributeValue:
    if context.store.tiers is None:
        return AttributeValue(None)
    level = _next_level(context)
    if level is None or not level[1]:
        return AttributeValue(Decimal(100))
    figure = context.store.tiers.figure(context.profile, context.now)
    share = min(max(figure.value / level[1] * 100, Decimal(0)), Decimal(100))
    return AttributeValue(share.quantize(Decimal(1), ROUND_FLOOR), figure.orders, figure.changes_at)


def _next_level(context: Context) -> tuple[str, Decimal] | None:
    if context.store.tiers is None:
        return None
    found: tuple[str, Decimal] | None = context.store.tiers.next_level(_tier_at(context))
    return found
