"""A person as they were at an earlier time, and without what is dated in the future."""

from __future__ import annotations

from datetime import datetime

from msgspec.structs import replace

from wcflow.profile import Profile, order_date, refund_date
from wcflow.records import Order


def as_of(profile: Profile, then: datetime) -> Profile:
    """Return the person as they were at ``then``, for baselines and backtests.

    Later orders are left out, later payments and refunds are undone. An order that was cancelled
    later without a recorded status change keeps its present status.
    """
    orders, latest = profile.orders, profile.latest_stamp
    if latest is not None and latest > then:
        orders = tuple([_order_as_of(order, then) for order in orders if order.created <= then])
    account = profile.account
    if account is not None and account.created is not None and account.created > then:
        account = None
    if account is profile.account and orders == profile.orders:
        return profile
    return replace(profile, orders=orders, account=account)


def _order_as_of(order: Order, then: datetime) -> Order:
    refunds = tuple([r for r in order.refunds if refund_date(r, order) <= then])
    status = _status_as_of(order, then)
    if status == order.status and len(refunds) == len(order.refunds):
        return order
    return replace(order, refunds=refunds, status=status)


def _status_as_of(order: Order, then: datetime) -> str:
    later = [change for change in order.history if change.before and change.at > then]
    if later:
        return later[0].before
    stamps = [stamp for stamp in (order.paid, order.completed) if stamp is not None]
    if stamps and min(stamps) > then:
        return "pending"
    return order.status


def next_order_date(profile: Profile, now: datetime) -> datetime | None:
    """Return the first date after ``now`` that an order has, or None."""
    latest = profile.latest_stamp
    if latest is None or latest <= now:
        return None
    return min((date for date in map(order_date, profile.orders) if date > now), default=None)


def without_later_orders(profile: Profile, now: datetime) -> Profile:
    """Return the profile without orders dated after ``now``."""
    return replace(
        profile, orders=tuple([each for each in profile.orders if order_date(each) <= now])
    )
