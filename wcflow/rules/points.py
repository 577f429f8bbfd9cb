"""Points: what orders and events earn, and how many a person has. Pure.

The ledger holds changes that are never edited. What an order earns follows from the order as it is
now: if that differs from what the ledger says, a correcting change is added. So replays, refunds and
moved orders all lead to the right balance, and each change has a reason.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal

from wcflow.profile import Profile, order_date, refunded_in_full
from wcflow.records import Order
from wcflow.rules.birth_dates import BirthDate, birthday_in, next_birthday, parse_birth_date
from wcflow.standing import PointsChange
from wcflow.units import Duration, add_duration, local_day, start_of_day

MADE_BY = "[points]"
_ROUNDING = {"down": ROUND_FLOOR, "nearest": ROUND_HALF_UP, "up": ROUND_CEILING}
ROUND_WORDS = tuple(_ROUNDING)


@dataclass(frozen=True, slots=True)
class Terms:
    """How an order earns: ``points`` per ``amount`` of its net total, and ``per_order``."""

    points: Decimal = Decimal(0)
    amount: Decimal = Decimal(1)
    per_order: int = 0
    rounding: str = "down"

    @property
    def text(self) -> str:
        """The form that the ledger keeps: ``1 per 10, 5 per order, down``."""
        return f"{self.points:f} per {self.amount:f}, {self.per_order} per order, {self.rounding}"

    def earned_by(self, net: Decimal | None) -> int:
        """Return the points of a paid order; an amount without a currency rate earns nothing."""
        if net is None or net <= 0:
            return self.per_order
        by_amount = net / self.amount * self.points
        return self.per_order + int(by_amount.to_integral_value(_ROUNDING[self.rounding]))


_TERMS = re.compile(r"([\d.]+) per ([\d.]+), (\d+) per order, (\w+)")


def parse_terms(text: str) -> Terms | None:
    """Parse the text of terms as the ledger keeps it; None if a later version wrote it."""
    found = _TERMS.fullmatch(text)
    if found is None or found[4] not in _ROUNDING:
        return None
    return Terms(Decimal(found[1]), Decimal(found[2]), int(found[3]), found[4])


@dataclass(frozen=True, slots=True)
class PointsRules:
    """``[points]``: what earns points, and for how long they last.

    ``since`` is the first day whose orders and events earn; None: when the section was added.
    """

    terms: Terms = field(default_factory=Terms)
    registration: int = 0
    birthday: int = 0
    events: Mapping[str, int] = field(default_factory=dict)
    expires: Duration | None = None
    since: date | None = None

    @property
    def canonical(self) -> str:
        """Everything that decides who has how many points."""
        events = sorted(self.events.items())
        others = f"{self.registration} {self.birthday} {events} {self.expires} {self.since}"
        return f"{self.terms.text}; {others}"

    def expiry(self, earned_at: datetime, profile: Profile) -> datetime | None:
        """Return when points that were earned at an instant expire, or None."""
        if self.expires is None:
            return None
        return add_duration(earned_at, self.expires, profile.store.zone)


# What is earned.


def earn(
    profile: Profile,
    ledger: Sequence[PointsChange],
    rules: PointsRules,
    active_since: datetime,
    now: datetime,
) -> tuple[PointsChange, ...]:
    """Return the changes that the ledger still lacks at ``now``, in a fixed order."""
    zone = profile.store.zone
    since = start_of_day(rules.since, zone) if rules.since else active_since
    found = [*_from_orders(profile, ledger, rules, since, now)]
    known = {change.key for change in ledger}
    for key, at, amount, reason in _from_events(profile, rules, since, now):
        if amount and key not in known:
            expires = rules.expiry(at, profile)
            found.append(PointsChange(key, amount, reason, MADE_BY, at, expires))
    return tuple(found)


def _from_orders(
    profile: Profile,
    ledger: Iterable[PointsChange],
    rules: PointsRules,
    since: datetime,
    now: datetime,
) -> Iterator[PointsChange]:
    known = _by_order(ledger)
    paid = {order.id: (order, net) for order, net in profile.amounts}
    for order, net in profile.amounts:
        if order.id not in known and (at := order_date(order)) >= since:
            amount = rules.terms.earned_by(net)
            if amount:
                yield PointsChange(
                    f"order {order.id}",
                    amount,
                    f"order {order.number or order.id} paid",
                    MADE_BY,
                    at,
                    rules.expiry(at, profile),
                    order.id,
                    rules.terms.text,
                )
    orders = {order.id: order for order in profile.orders}
    for order_id, changes in known.items():
        yield from _correction(order_id, changes, paid.get(order_id), orders, rules, profile, now)


def _correction(
    order_id: int,
    changes: Sequence[PointsChange],
    paid: tuple[Order, Decimal | None] | None,
    orders: Mapping[int, Order],
    rules: PointsRules,
    profile: Profile,
    now: datetime,
) -> Iterator[PointsChange]:
    """Yield what an order's changes still lack; once an admin has undone one, nothing more."""
    terms = parse_terms(changes[0].terms)
    if terms is None or _was_undone(changes):
        return
    wanted = terms.earned_by(paid[1]) if paid else 0
    amount = wanted - sum(change.amount for change in changes)
    if amount:
        yield PointsChange(
            f"order {order_id} change {len(changes)}",
            amount,
            _why_corrected(order_id, orders.get(order_id), amount),
            MADE_BY,
            now,
            rules.expiry(now, profile) if amount > 0 else None,
            order_id,
            changes[0].terms,
        )


def _by_order(ledger: Iterable[PointsChange]) -> dict[int, list[PointsChange]]:
    found: dict[int, list[PointsChange]] = {}
    for change in ledger:
        if change.order_id:
            found.setdefault(change.order_id, []).append(change)
    return found


def _was_undone(changes: Sequence[PointsChange]) -> bool:
    undone = {change.undoes for change in changes}
    return any(change.undoes is not None and change.id not in undone for change in changes)


def _why_corrected(order_id: int, order: Order | None, amount: int) -> str:
    if order is None:
        return f"order {order_id} is no longer theirs, or was deleted"
    name = f"order {order.number or order.id}"
    if refunded_in_full(order):
        return f"{name} was refunded in full"
    if order.refunds and amount < 0:
        return f"{name} was refunded in part"
    return f"{name} changed ({order.status})"


def _from_events(
    profile: Profile, rules: PointsRules, since: datetime, now: datetime
) -> Iterator[tuple[str, datetime, int, str]]:
    """Yield what else has earned points: key, when, how many, and why."""
    account = profile.account
    if rules.registration and account and account.created and since <= account.created <= now:
        yield "registration", account.created, rules.registration, "registered"
    birth = _birth_date(profile) if rules.birthday else None
    if birth is not None:
        today = local_day(now, profile.store.zone)
        at = start_of_day(birthday_in(today.year, birth), profile.store.zone)
        if since <= at <= now:
            yield f"birthday {today.year}", at, rules.birthday, f"birthday {today.year}"
    for event in profile.events if rules.events else ():
        amount = rules.events.get(event.kind, 0)
        if since <= event.at <= now:
            yield f"event {event.key}", event.at, amount, event.kind.replace("_", " ")


def _birth_date(profile: Profile) -> BirthDate | None:
    account, store = profile.account, profile.store
    text = ((account.meta if account else None) or {}).get(store.birthday_meta, "")
    return parse_birth_date(text, store.birthday_format)


def next_earning(profile: Profile, rules: PointsRules, now: datetime) -> datetime | None:
    """Return when time alone next earns points: the next birthday."""
    birth = _birth_date(profile) if rules.birthday else None
    if birth is None:
        return None
    zone = profile.store.zone
    return start_of_day(next_birthday(birth, local_day(now, zone) + timedelta(days=1)), zone)


# How many there are.


@dataclass(slots=True)
class _Lot:
    """Points that were earned together: how many are ``left``, and how many have ``expired``."""

    change: PointsChange
    left: int
    expired: int = 0


@dataclass(frozen=True, slots=True)
class Balance:
    """The points at an instant; time alone can change them at ``changes_at``."""

    points: int
    changes_at: datetime | None = None


def balance(ledger: Sequence[PointsChange], now: datetime) -> Balance:
    """Return how many points there are at ``now``.

    Those that expire first are spent first. What takes back an order's points takes that order's
    own first, whether or not they have expired since. Points that were spent before they are taken
    back are owed: the balance is negative until new ones are earned.
    """
    lots: list[_Lot] = []
    owed = 0
    for change in sorted((each for each in ledger if each.at <= now), key=lambda each: each.at):
        _expire(lots, change.at)
        if change.amount >= 0:
            paid = min(owed, change.amount)
            owed -= paid
            lots.append(_Lot(change, change.amount - paid))
        else:
            owed += _take(lots, change)
    _expire(lots, now)
    ends = [lot.change.expires_at for lot in lots if lot.left and lot.change.expires_at]
    later = [each.at for each in ledger if each.at > now]
    return Balance(sum(lot.left for lot in lots) - owed, min(ends + later, default=None))


def _expire(lots: Iterable[_Lot], at: datetime) -> None:
    for lot in lots:
        if lot.left and lot.change.expires_at is not None and lot.change.expires_at <= at:
            lot.expired, lot.left = lot.expired + lot.left, 0


def _take(lots: Sequence[_Lot], change: PointsChange) -> int:
    """Take points away; return how many of them had been spent already."""
    need = -change.amount
    for lot in lots:
        if _is_own(lot.change, change):
            used = min(lot.left, need)
            gone = min(lot.expired, need - used)
            lot.left, lot.expired, need = lot.left - used, lot.expired - gone, need - used - gone
    for lot in sorted(lots, key=_spent_first):
        used = min(lot.left, need)
        lot.left, need = lot.left - used, need - used
    return need


def _is_own(earned: PointsChange, change: PointsChange) -> bool:
    if change.undoes is not None:
        return earned.id == change.undoes
    return bool(change.order_id) and earned.order_id == change.order_id


def _spent_first(lot: _Lot) -> tuple[bool, datetime, datetime]:
    change = lot.change
    return change.expires_at is None, change.expires_at or change.at, change.at
