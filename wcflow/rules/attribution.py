"""Which workflow or campaign an order came from: by coupon, by click, or by the latest step. Pure.

An order belongs to at most one of them.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

BY_COUPON, BY_CLICK, BY_STEP = "coupon", "click", "step"


@dataclass(frozen=True, slots=True)
class Touch:
    """What a workflow or campaign (``rule``) did to a person, or their click on a link of its e-mail.

    ``code`` is the coupon code that the person got by it, in lower case.
    """

    rule: str
    person: int
    at: datetime
    code: str = ""
    is_click: bool = False


@dataclass(frozen=True, slots=True)
class PaidOrder:
    """A paid order of a person: its coupon codes in lower case, and its amounts.

    Amounts are in the store's currency, None without a rate. ``revenue`` is less refunds.
    ``discounts`` is what each of its coupons took off.
    """

    id: int
    person: int
    at: datetime
    revenue: Decimal | None
    discounts: Mapping[str, Decimal | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Attribution:
    """The workflow or campaign that an order came from, and by what.

    ``discount`` is what its coupons took off, None without a rate.
    """

    order: PaidOrder
    rule: str
    by: str
    discount: Decimal | None = Decimal(0)


def attribute(
    orders: Iterable[PaidOrder], touches: Iterable[Touch], since: Mapping[int, datetime]
) -> list[Attribution]:
    """Attribute each order to at most one rule; those that came from none are left out.

    A coupon counts whoever redeems it and whenever. A click comes before the latest step; both only
    count from ``since``, which maps each order's id to the start of its attribution time.
    """
    codes, clicks, steps = _sort_touches(touches)
    found = []
    for order in orders:
        by_code = [codes[code] for code in order.discounts if code in codes]
        if by_code:
            rule = max(by_code, key=_moment).rule
            found.append(Attribution(order, rule, BY_COUPON, _discount(order, rule, codes)))
            continue
        for by, known in ((BY_CLICK, clicks), (BY_STEP, steps)):
            latest = _latest(known.get(order.person, ()), order.at)
            if latest is not None and latest.at >= since[order.id]:
                found.append(Attribution(order, latest.rule, by))
                break
    return found


def _moment(touch: Touch) -> tuple[datetime, str]:
    return touch.at, touch.rule


_ByPerson = dict[int, list[Touch]]


def _sort_touches(touches: Iterable[Touch]) -> tuple[dict[str, Touch], _ByPerson, _ByPerson]:
    """Return the first touch with each code, and the clicks and the steps of each person by time."""
    codes: dict[str, Touch] = {}
    clicks: _ByPerson = {}
    steps: _ByPerson = {}
    for touch in sorted(touches, key=_moment):
        if touch.code:
            codes.setdefault(touch.code, touch)
        (clicks if touch.is_click else steps).setdefault(touch.person, []).append(touch)
    return codes, clicks, steps


def _latest(touches: list[Touch] | tuple[()], at: datetime) -> Touch | None:
    """Return the last touch before ``at``: what an order starts does not lead to it."""
    place = bisect_left(touches, at, key=lambda each: each.at)
    return touches[place - 1] if place else None


def _discount(order: PaidOrder, rule: str, codes: Mapping[str, Touch]) -> Decimal | None:
    """Return what the rule's own coupons took off; None if one of them is not known."""
    own = [
        amount
        for code, amount in order.discounts.items()
        if code in codes and codes[code].rule == rule
    ]
    return None if None in own else sum((each for each in own if each is not None), Decimal(0))


@dataclass(slots=True)
class Revenue:
    """What came of a rule in orders. Orders without a currency rate are counted, but in no amount.

    ``revenue`` is less refunds. ``discount`` is what the rule's coupons took off. ``redeemed`` counts
    the orders with one of its coupons.
    """

    orders: int = 0
    revenue: Decimal = Decimal(0)
    discount: Decimal = Decimal(0)
    redeemed: int = 0
    clicked: int = 0
    without_rate: int = 0

    @property
    def returned(self) -> Decimal | None:
        """The revenue for each unit of discount; None if nothing was discounted."""
        return self.revenue / self.discount if self.discount > 0 else None

    def add(self, each: Attribution) -> None:
        self.orders += 1
        self.redeemed += each.by == BY_COUPON
        self.clicked += each.by == BY_CLICK
        if each.order.revenue is None or each.discount is None:
            self.without_rate += 1
            return
        self.revenue += each.order.revenue
        self.discount += each.discount


def revenue_by_rule(attributions: Iterable[Attribution]) -> dict[str, Revenue]:
    """Return what came of each rule."""
    found: dict[str, Revenue] = {}
    for each in attributions:
        found.setdefault(each.rule, Revenue()).add(each)
    return found
