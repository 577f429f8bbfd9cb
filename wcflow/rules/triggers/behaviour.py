"""Triggers from behaviour: what people view, search for, open and click.

The companion plugin reports it. In a store without the plugin these workflows never start, which
``wcflow check``, ``wcflow doctor`` and the log of the daemon say.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta, tzinfo

from wcflow.profile import StoredEvent, order_date
from wcflow.rules import arguments, time_arguments
from wcflow.rules.event_kinds import (
    CART_UPDATED,
    CATEGORY_VIEWED,
    EMAIL_CLICKED,
    EMAIL_OPENED,
    PRODUCT_VIEWED,
    SEARCH,
    EventKind,
)
from wcflow.rules.events import Event, TriggerContext
from wcflow.rules.time_arguments import After, Often
from wcflow.rules.triggers.checkouts import was_placed
from wcflow.rules.triggers.registry import COMPANION, trigger
from wcflow.units import add_duration, local_day

NO_PURCHASE = timedelta(days=1)
"""How long after a search someone can still buy."""


def _of_kind(context: TriggerContext, kind: EventKind) -> Iterator[StoredEvent]:
    return (each for each in context.events if each.kind == kind.name)


def _often(
    context: TriggerContext, kind: EventKind, subject: str, often: Often, verb: str
) -> Iterator[Event]:
    """Return each time that one thing was looked at so often, at most once within the time.

    What is reported late, or by another account, can move the count to another view. So each event
    is the same as those that the other views within the time would have led to.
    """
    zone = context.profile.store.zone
    views: dict[str, list[StoredEvent]] = {}
    for each in _of_kind(context, kind):
        if name := str(each.data.get(subject) or ""):
            views.setdefault(name, []).append(each)
    for name, seen in views.items():
        counted = f"{name} {verb} {often.count} times"
        for last in _reached(seen, often, zone):
            near = (each for each in seen if _are_within(each.at, last.at, often, zone))
            same = frozenset(f"{counted}: {each.key}" for each in near)
            yield Event(f"{counted}: {last.key}", last.at, same_as=same)


def _reached(views: Iterable[StoredEvent], often: Often, zone: tzinfo) -> Iterator[StoredEvent]:
    """Return the views that complete the number; those within the time after them do not count."""
    counted: list[StoredEvent] = []
    again = None
    for each in views:
        if again is not None and each.at < again:
            continue
        recent = [before for before in counted if _are_within(before.at, each.at, often, zone)]
        counted = [*recent, each]
        if len(counted) == often.count:
            yield each
            counted, again = [], add_duration(each.at, often.within, zone)


def _are_within(one: datetime, other: datetime, often: Often, zone: tzinfo) -> bool:
    return add_duration(min(one, other), often.within, zone) > max(one, other)


@trigger(
    "product_viewed [N times] [within DURATION]",
    "They look at the same product this often (once, within 7d). Happens once within that time. Needs"
    " the companion plugin.",
    "product_viewed 3 times within 7d",
    time_arguments.often,
    needs=COMPANION,
)
def _product_viewed(context: TriggerContext, often: Often) -> Iterator[Event]:
    return _often(context, PRODUCT_VIEWED, "product_id", often, "viewed")


@trigger(
    "category_browsed [N times] [within DURATION]",
    "They look at the same category this often (once, within 7d). Happens once within that time. Needs"
    " the companion plugin.",
    "category_browsed 3 times",
    time_arguments.often,
    needs=COMPANION,
)
def _category_browsed(context: TriggerContext, often: Often) -> Iterator[Event]:
    return _often(context, CATEGORY_VIEWED, "category", often, "browsed")


def _fruitless_searches(context: TriggerContext) -> Iterator[Event]:
    """Return one event for each day with a search, if nothing was ordered within a day of the last."""
    last: dict[str, datetime] = {}
    for each in _of_kind(context, SEARCH):
        last[local_day(each.at, context.profile.store.zone).isoformat()] = each.at
    for day, at in last.items():
        end = at + NO_PURCHASE
        if not any(at <= placed < end for placed in _order_dates(context)):
            yield Event(f"search on {day} without purchase", end)


@trigger(
    "search_without_purchase",
    "They search in the store and order nothing within a day. Happens once for each day with a"
    " search. Needs the companion plugin.",
    "search_without_purchase",
    needs=COMPANION,
    next_at=lambda context, _: _first_ahead(_fruitless_searches(context), context),
)
def _search_without_purchase(context: TriggerContext, _: None) -> Iterator[Event]:
    return (each for each in _fruitless_searches(context) if each.at <= context.now)


def _abandoned_carts(context: TriggerContext, after: After) -> Iterator[Event]:
    latest: dict[str, StoredEvent] = {}
    for each in _of_kind(context, CART_UPDATED):
        latest[str(each.data.get("cart") or "")] = each
    for cart, each in latest.items():
        if each.data.get("items") and all(placed < each.at for placed in _order_dates(context)):
            at = add_duration(each.at, after.length, context.profile.store.zone)
            yield Event(f"cart {cart} abandoned", at)


@trigger(
    "cart_abandoned after DURATION",
    "They leave products in the cart for this long and order nothing. Happens once for each cart."
    " Needs the companion plugin.",
    "cart_abandoned after 1h",
    time_arguments.after,
    needs=COMPANION,
    next_at=lambda context, after: _first_ahead(_abandoned_carts(context, after), context),
)
def _cart_abandoned(context: TriggerContext, after: After) -> Iterator[Event]:
    return (each for each in _abandoned_carts(context, after) if each.at <= context.now)


def _order_dates(context: TriggerContext) -> Iterator[datetime]:
    return (order_date(each) for each in context.orders if was_placed(each))


def _first_ahead(events: Iterable[Event], context: TriggerContext) -> datetime | None:
    return min((each.at for each in events if each.at > context.now), default=None)


def _of_email(context: TriggerContext, kind: EventKind, name: str | None) -> Iterator[Event]:
    """Return the first time for each message that was sent."""
    seen: set[object] = set()
    for each in _of_kind(context, kind):
        if name not in (None, each.data.get("message")):
            continue
        message = _message(each.data) or each.key
        if message not in seen:
            seen.add(message)
            yield Event(f"{kind.name} {message}", each.at)


def _message(data: Mapping[str, object]) -> str:
    entry = data.get("entry")
    return f"{data.get('message') or 'message'} {entry}" if entry else ""


@trigger(
    "email_opened [NAME]",
    "They open an e-mail of wcflow; with NAME only that of [email NAME]. Happens once for each"
    " message. Needs the companion plugin.",
    "email_opened welcome",
    arguments.optional_name,
    section="email",
    needs=COMPANION,
)
def _email_opened(context: TriggerContext, name: str | None) -> Iterator[Event]:
    return _of_email(context, EMAIL_OPENED, name)


@trigger(
    "email_clicked [NAME]",
    "They click a link in an e-mail of wcflow; with NAME only that of [email NAME]. Happens once for"
    " each message. Needs the companion plugin.",
    "email_clicked welcome",
    arguments.optional_name,
    section="email",
    needs=COMPANION,
)
def _email_clicked(context: TriggerContext, name: str | None) -> Iterator[Event]:
    return _of_email(context, EMAIL_CLICKED, name)
