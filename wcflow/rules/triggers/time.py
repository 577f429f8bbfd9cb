"""Triggers from time, and the one by command.

Their days and times of day are those of the store's zone.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta

from wcflow.profile import order_date, paid_orders
from wcflow.rules import arguments, time_arguments
from wcflow.rules.account_fields import birth_date
from wcflow.rules.birth_dates import birthday_in
from wcflow.rules.events import Event, TriggerContext, next_of
from wcflow.rules.time_arguments import FIRST_ORDER, Anniversary, Before, Regularly
from wcflow.rules.triggers.registry import trigger
from wcflow.units import (
    Duration,
    at_time_of_day,
    local_day,
    shift_day,
    start_of_day,
    window_exit,
)

LATE = timedelta(days=3)
"""How late a date can still be an event: wcflow did not run, but not a birthday entered in autumn
that was in spring."""
LATE_TODAY = timedelta(hours=1)
"""How long after its time a daily trigger still happens to someone who begins to match ``when``."""
_ONE_DAY = timedelta(days=1)


def _goes_inactive(context: TriggerContext, length: Duration) -> Iterator[Event]:
    for last in paid_orders(context.profile)[-1:]:
        at = window_exit(order_date(last), length, context.profile.store.zone)
        yield Event(f"inactive {length} since order {last.id}", at)


def _inactive_from(context: TriggerContext, length: Duration) -> datetime | None:
    return next_of(context.search(_goes_inactive, length), context.now)


@trigger(
    "inactive DURATION",
    "The last paid order is this long ago. Happens again only after another order.",
    "inactive 60d",
    arguments.duration,
    next_at=_inactive_from,
)
def _inactive(context: TriggerContext, length: Duration) -> Iterator[Event]:
    return (each for each in context.search(_goes_inactive, length) if each.at <= context.now)


def _anniversaries(context: TriggerContext, wanted: Anniversary) -> Iterator[Event]:
    """Return the last anniversary and the next two, or the one in the year that is wanted."""
    profile, zone = context.profile, context.profile.store.zone
    if wanted.of == FIRST_ORDER:
        began = order_date(profile.paid[0]) if profile.paid else None
    else:
        began = profile.account.created if profile.account else None
    if began is None:
        return
    first = local_day(began, zone)
    if wanted.year:
        years = range(wanted.year, wanted.year + 1)
    else:
        turning = local_day(context.now, zone).year - first.year
        years = range(turning - 1, turning + 2)
    for year in years:
        if year > 0:
            day = shift_day(first, Duration(year, "y"))
            yield Event(f"anniversary {year} of {wanted.of}", start_of_day(day, zone))


def _next_anniversary(context: TriggerContext, wanted: Anniversary) -> datetime | None:
    return next_of(context.search(_anniversaries, wanted), context.now)


@trigger(
    "anniversary of first_order | registration [in year N]",
    "It is a number of years since their first paid order or since they registered: each year, or"
    " only in year N.",
    "anniversary of first_order in year 1",
    time_arguments.anniversary,
    next_at=_next_anniversary,
)
def _anniversary(context: TriggerContext, wanted: Anniversary) -> Iterator[Event]:
    return _just_now(context, context.search(_anniversaries, wanted))


def _birthdays(context: TriggerContext, before: Before | None) -> Iterator[Event]:
    born, zone = birth_date(context.profile), context.profile.store.zone
    if born is None:
        return
    this_year = local_day(context.now, zone).year
    for year in range(this_year - 1, this_year + 3):
        if born.year is not None and year <= born.year:
            continue
        day = birthday_in(year, born)
        day = shift_day(day, before.length, -1) if before else day
        yield Event(f"birthday {year}", start_of_day(day, zone))


def _next_birthday(context: TriggerContext, before: Before | None) -> datetime | None:
    return next_of(context.search(_birthdays, before), context.now)


@trigger(
    "birthday [DURATION before]",
    "Their birthday, or that long before it. Happens once a year, also if the date is corrected.",
    "birthday 7d before",
    time_arguments.birthday,
    next_at=_next_birthday,
)
def _birthday(context: TriggerContext, before: Before | None) -> Iterator[Event]:
    return _just_now(context, context.search(_birthdays, before))


def _just_now(context: TriggerContext, events: Iterable[Event]) -> Iterator[Event]:
    return (each for each in events if each.at <= context.now < each.at + LATE)


# At regular times, to everyone who matches "when". Only they are due then.


def _days_of(when: Regularly, today: date) -> Iterator[tuple[str, date]]:
    """Return the name and the day of the last times and the next ones."""
    if when.day is None:
        days = [today + _ONE_DAY * count for count in (-1, 0, 1)]
        yield from ((f"daily {day}", day) for day in days)
    elif when.weekly:
        monday = today - _ONE_DAY * today.weekday()
        days = [monday + _ONE_DAY * (7 * week + when.day) for week in (-1, 0, 1)]
        yield from ((f"weekly {day}", day) for day in days)
    else:
        first = today.replace(day=1)
        for start in (shift_day(first, Duration(1, "mo"), sign) for sign in (-1, 0, 1)):
            last = monthrange(start.year, start.month)[1]
            yield f"monthly {start:%Y-%m}", start.replace(day=min(when.day, last))


def _times(context: TriggerContext, when: Regularly) -> list[Event]:
    zone = context.profile.store.zone
    days = _days_of(when, local_day(context.now, zone))
    return [Event(name, at_time_of_day(day, when.at, zone)) for name, day in days]


def _next_time(context: TriggerContext, when: Regularly) -> datetime | None:
    return next_of(_times(context, when), context.now)


def _regular(context: TriggerContext, when: Regularly) -> Iterator[Event]:
    """Return the last time, if the person was there then and ``when`` held."""
    last = max((each for each in _times(context, when) if each.at <= context.now), key=_at)
    before = context.evaluated_at
    held = before is not None and before < last.at and context.matching_since is None
    if held or context.now - last.at <= LATE_TODAY:
        yield last


def _at(event: Event) -> datetime:
    return event.at


_FOR_ALL = {"for_all_matching": True, "remembers_match": True, "next_at": _next_time}

trigger(
    "daily at TIME",
    "Every day at this time, for every customer who matches 'when'.",
    "daily at 09:00",
    time_arguments.daily,
    **_FOR_ALL,
)(_regular)
trigger(
    "weekly on DAY at TIME",
    "Every week on this day, for every customer who matches 'when'.",
    "weekly on monday at 09:00",
    time_arguments.weekly,
    **_FOR_ALL,
)(_regular)
trigger(
    "monthly on DAY at TIME",
    "Every month on this day (or the month's last), for every customer who matches 'when'.",
    "monthly on 1 at 09:00",
    time_arguments.monthly,
    **_FOR_ALL,
)(_regular)


@trigger("bulk", "Never starts by itself; only with the command wcflow workflow run NAME.", "bulk")
def _bulk(_sight: TriggerContext, _: None) -> Iterator[Event]:
    return iter(())
