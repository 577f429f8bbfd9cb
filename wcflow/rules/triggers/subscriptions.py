"""Triggers from subscriptions of the plugin WooCommerce Subscriptions."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from wcflow.profile import HIDDEN_STATUSES
from wcflow.records import RENEWAL_META, Subscription, is_renewal
from wcflow.rules import time_arguments
from wcflow.rules.events import Event, TriggerContext, paid_at
from wcflow.rules.time_arguments import Before
from wcflow.rules.triggers.registry import SUBSCRIPTIONS, trigger
from wcflow.units import at_time_of_day, shift_day

ACTIVE = "active"
_BEFORE_START = frozenset({"pending", "auto-draft", "draft"})
_CANCELLED = frozenset({"pending-cancel", "cancelled"})


@trigger(
    "subscription_started",
    "A subscription begins: it is active for the first time.",
    "subscription_started",
    needs=SUBSCRIPTIONS,
)
def _started(context: TriggerContext, _: None) -> Iterator[Event]:
    for each in context.profile.subscriptions:
        at = _started_at(each)
        if at is not None:
            yield Event(f"subscription {each.id} started", at, subscription_id=each.id)


def _started_at(subscription: Subscription) -> datetime | None:
    """Return when it began: when that was seen, or else what the store says."""
    begun = [each for each in subscription.history if each.after not in _BEFORE_START]
    if not begun:
        return None
    if begun[0].before:
        return begun[0].at
    return subscription.started or subscription.created


@trigger(
    "subscription_renewed",
    "A renewal of a subscription is paid.",
    "subscription_renewed",
    has_order=True,
    order_meta=frozenset({RENEWAL_META}),
    needs=SUBSCRIPTIONS,
)
def _renewed(context: TriggerContext, _: None) -> Iterator[Event]:
    # Also renewals that counts_when leaves out.
    for order in context.profile.orders:
        at = paid_at(order, context.profile.store.paid_statuses)
        if at is not None and order.status not in HIDDEN_STATUSES and is_renewal(order):
            yield Event(f"order {order.id} renewal", at, order)


@trigger(
    "subscription_cancelled",
    "A subscription is cancelled, at once or at the end of the time that is paid.",
    "subscription_cancelled",
    needs=SUBSCRIPTIONS,
)
def _cancelled(context: TriggerContext, _: None) -> Iterator[Event]:
    for each in context.profile.subscriptions:
        times = [
            change.at
            for change in each.history
            if change.after in _CANCELLED and change.before not in _CANCELLED
        ]
        for count, at in enumerate(times, start=1):
            again = f" again ({count})" if count > 1 else ""
            name = f"subscription {each.id} cancelled{again}"
            yield Event(name, at, subscription_id=each.id)


def _reminders(context: TriggerContext, before: Before) -> Iterator[tuple[Event, datetime]]:
    """Return the reminder of each subscription, and when it is too late for it.

    It is named by how many renewals there were, so that another date is not another renewal.
    """
    zone = context.profile.store.zone
    for each in context.profile.subscriptions:
        if each.status != ACTIVE or each.next_payment is None:
            continue
        local = each.next_payment.astimezone(zone)
        at = at_time_of_day(shift_day(local.date(), before.length, -1), local.time(), zone)
        renewals = [
            order
            for order in context.profile.orders
            if order.meta.get(RENEWAL_META) == str(each.id) and order.status not in HIDDEN_STATUSES
        ]
        name = f"subscription {each.id} renewal {len(renewals) + 1}"
        yield Event(name, at, subscription_id=each.id), each.next_payment


def _next_reminder(context: TriggerContext, before: Before) -> datetime | None:
    ahead = [each.at for each, _ in _reminders(context, before) if each.at > context.now]
    return min(ahead, default=None)


@trigger(
    "subscription_renewal DURATION before",
    "A subscription renews in this long. Happens once for each renewal, also if the date changes.",
    "subscription_renewal 3d before",
    time_arguments.before,
    order_meta=frozenset({RENEWAL_META}),
    needs=SUBSCRIPTIONS,
    next_at=_next_reminder,
)
def _renewal(context: TriggerContext, before: Before) -> Iterator[Event]:
    for each, renews_at in _reminders(context, before):
        if each.at <= context.now < renews_at:
            yield each
