"""How far back to ask, given clocks that jump. Pure.

WooCommerce reads the naive GMT it is sent as if it were local time (FACTS: Time): what the shop's
clocks skip in spring cannot be said. And what its clocks repeat in autumn is stamped an hour off.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo

SECOND = timedelta(seconds=1)

# WooCommerce stamps an order before it has saved its items: one that is younger is read again.
YOUNG = timedelta(seconds=120)
_REPEATED_HOUR = timedelta(minutes=61)
_NEAR = timedelta(hours=2)


def margin(server_now: datetime, zone: tzinfo) -> timedelta:
    """Give how far behind the shop's clock the cursor stays: more around a change of its clocks."""
    return YOUNG + _REPEATED_HOUR if _changes_near(server_now, zone) else YOUNG


def _changes_near(instant: datetime, zone: tzinfo) -> bool:
    before, after = instant - _NEAR, instant + _NEAR
    return before.astimezone(zone).utcoffset() != after.astimezone(zone).utcoffset()


def lower(second: datetime, zone: tzinfo) -> datetime:
    """Give the latest bound that can be said and lies before ``second``."""
    bound = second - SECOND
    if _can_be_said(bound, zone):
        return bound
    minute = bound.replace(second=0)
    while not _can_be_said(minute, zone):
        minute -= timedelta(minutes=1)
    return minute + timedelta(seconds=59)


def upper(second: datetime, zone: tzinfo) -> datetime:
    """Give the earliest bound that can be said and lies after ``second``."""
    bound = second + SECOND
    if _can_be_said(bound, zone):
        return bound
    minute = bound.replace(second=0)
    while not _can_be_said(minute, zone):
        minute += timedelta(minutes=1)
    return minute


def cut(second: datetime, zone: tzinfo) -> datetime:
    """Give the first second from ``second`` on that can end one range of time and begin the next."""
    while not (_can_be_said(second - SECOND, zone) and _can_be_said(second, zone)):
        second = upper(second, zone)
    return second


def _can_be_said(bound: datetime, zone: tzinfo) -> bool:
    wall = bound.astimezone(UTC).replace(tzinfo=None)
    back = wall.replace(tzinfo=zone).astimezone(UTC).astimezone(zone)
    return back.replace(tzinfo=None) == wall
