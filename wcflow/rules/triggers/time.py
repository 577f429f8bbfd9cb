"""Triggers from time, and the one by command."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from wcflow.profile import order_date, paid_orders
from wcflow.rules import arguments
from wcflow.rules.events import Event, TriggerContext
from wcflow.rules.triggers.registry import trigger
from wcflow.units import Duration, window_exit


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
