"""Conditions that can never be true, always are, or are covered by others are recognised."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.builders import NOW
from tests.strategies import conditions, profiles, zones
from wcflow.rules.context import Context, RulePlace
from wcflow.rules.contradictions import can_be_true, is_always_true
from wcflow.rules.parser import parse_condition

PLACE = RulePlace(order=True, item=True, tags=True, segments=True)


def tree(text):
    return parse_condition(text, PLACE).tree


@pytest.mark.parametrize(
    "text",
    [
        "orders_count < 0",
        "orders_count > 5 and orders_count < 3",
        "orders_count > 2 and orders_count < 3",
        "orders_count = 2 and orders_count <> 2",
        "orders_count in (1, 2) and orders_count > 2",
        "orders_count is empty",
        "not orders_count >= 0",
        "is_guest and not is_guest",
        "is_guest and is_registered",
        "age is empty and age > 3",
        "company is empty and company is not empty",
        "company is empty and company = 'x'",
        "city = 'Bonn' and city = 'Ulm'",
        "city in ('Bonn', 'Ulm') and city not in ('BONN', 'ulm')",
        "email = 'a@b.de' and email ends with '@c.de'",
        "total_spent > 10 and not (total_spent > 5 or is_guest)",
        "last_order_date < -90d and last_order_date > -30d",
        "last_order_date < -3mo and last_order_date > -2mo",
        "last_order_date > 2026-01-02 and last_order_date < 2026-01-01",
        "categories contains 'a' and categories not contains 'a'",
        "(orders_count > 5 or is_guest) and orders_count < 3 and is_registered",
    ],
)
def test_a_contradiction_can_never_be_true(text):
    assert not can_be_true(tree(text))


@pytest.mark.parametrize(
    "text",
    [
        "total_spent < 0",
        "orders_count > 2 and orders_count < 4",
        "overdue > 2 and overdue < 3",
        "orders_count(30d) = 0 and orders_count > 3",
        "company is empty and not company = 'x'",
        "last_order_date < -1mo and last_order_date > -32d",
        "last_order_date >= -1d and last_order_date < -24h",
        "categories contains 'a' and categories contains 'b'",
        "meta.points > 5 and meta.points = '7'",
        "meta.points in ('none', 5) and meta.points = '5'",
        "city = 'Bonn' and city starts with 'B'",
    ],
)
def test_what_can_happen_is_possible(text):
    assert can_be_true(tree(text))


@pytest.mark.parametrize(
    "text",
    [
        "orders_count >= 0",
        "orders_count(30d) > -1",
        "total_spent >= 0",
        "orders_count is not empty",
        "is_guest or is_registered",
        "orders_count > 5 or orders_count <= 5",
    ],
)
def test_some_conditions_are_true_for_everyone(text):
    assert is_always_true(tree(text))


@pytest.mark.parametrize("text", ["age >= 0", "city = 'x' or city <> 'x'", "orders_count >= 1"])
def test_a_condition_that_is_not_known_for_some_is_not_true_for_everyone(text):
    assert not is_always_true(tree(text))


def test_an_earlier_condition_covers_a_later_one():
    assert not can_be_true(tree("orders_count >= 5"), not_before=[tree("orders_count >= 1")])
    assert not can_be_true(tree("is_guest"), not_before=[tree("age > 3"), tree("is_guest")])
    assert can_be_true(tree("orders_count >= 1"), not_before=[tree("orders_count >= 5")])
    assert can_be_true(tree("is_guest"), not_before=[tree("age > 3"), tree("age <= 3")])


def test_a_condition_with_very_many_alternatives_counts_as_possible():
    rows = "\n".join(f"city = '{n}' or age = {n}" for n in range(30))
    assert can_be_true(tree(rows))


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_what_is_true_for_a_person_is_never_called_impossible(data):
    """And what is false for a person is not called true for everyone."""
    zone = data.draw(zones)
    context = Context(data.draw(profiles(NOW, zone)), NOW)
    first, second = (parse_condition(data.draw(conditions), PLACE) for _ in range(2))

    if first.answer(context).holds:
        assert can_be_true(first.tree)
        if not second.answer(context).holds:
            assert can_be_true(first.tree, not_before=[second.tree])
    elif "total_spent" not in first.canonical:
        assert not is_always_true(first.tree)
