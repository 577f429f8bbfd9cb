"""Reasons in a few words: what decided, in words that do not change from day to day."""

from datetime import timedelta

import pytest

from tests.builders import NOW, order, profile
from wcflow.rules.classify import RuleResult
from wcflow.rules.context import Context, RulePlace
from wcflow.rules.parser import parse_condition
from wcflow.rules.short_reasons import short_reason

PLACE = RulePlace(order=False, item=False, tags=True, segments=True)


def reason(text, *, now=NOW, days=40):
    """Return why someone with one order of 1,240.00 USD is in a segment."""
    condition = parse_condition(text, PLACE)
    context = Context(profile(order(days=days, total=124000)), now)
    return short_reason(RuleResult("segment", "VIP", condition, context, won=True))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("total_spent >= 1000", "total spent 1,240.00 USD, at least 1,000"),
        ("orders_count = 1", "orders count 1"),
        ("orders_count(365d) < 3", "orders count in 365 days 1, less than 3"),
        ("not orders_count >= 3", "orders count 1, less than 3"),
        (
            "last_order_date < -30d",
            "last order date 2026-05-06, more than 30 days ago",
        ),
        ("last_order_date >= 2026-01-01", "last order date 2026-05-06, not before 2026-01-01"),
        ("is_guest", "is guest"),
        ("not is_registered", "is not registered"),
        ("company is empty", "company is empty"),
        ("billing_country in ('DE', 'AT')", "billing country DE"),
        ("total_spent >= 1000 or orders_count > 5", "total spent 1,240.00 USD, at least 1,000"),
        ("is_guest and orders_count = 1", "is guest; orders count 1"),
    ],
)
def test_a_reason_names_what_decided(text, expected):
    assert expected == reason(text)


def test_a_reason_stays_the_same_while_days_go_by():
    text = "last_order_date < -30d and total_spent > 1000 and orders_count(90d) = 1"
    assert reason(text) == reason(text, now=NOW + timedelta(days=9), days=40)


def test_of_many_facts_the_first_are_named():
    text = "is_guest and orders_count > 0 and total_spent > 1 and company is empty"
    assert reason(text).endswith("; 1 more")
