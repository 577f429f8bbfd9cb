"""An order comes from at most one workflow or campaign: by coupon, else by click, else by step."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from wcflow.rules.attribution import (
    BY_CLICK,
    BY_COUPON,
    BY_STEP,
    Attribution,
    PaidOrder,
    Revenue,
    Touch,
    attribute,
    revenue_by_rule,
)

NOW = datetime(2026, 6, 15, 10, tzinfo=UTC)
WINDOW = timedelta(days=14)
WELCOME, WINBACK = "workflow welcome", "campaign winback"


def days_ago(number):
    return NOW - timedelta(days=number)


def bought(id=1, person=1, days=0, revenue="50", **discounts):
    taken = {code: Decimal(each) for code, each in discounts.items()}
    return PaidOrder(id, person, days_ago(days), revenue and Decimal(revenue), taken)


def step(rule, days, person=1, code=""):
    return Touch(rule, person, days_ago(days), code)


def click(rule, days, person=1):
    return Touch(rule, person, days_ago(days), is_click=True)


def attributed(orders, touches):
    return attribute(orders, touches, {each.id: each.at - WINDOW for each in orders})


def rules(orders, touches):
    return [(each.order.id, each.rule, each.by) for each in attributed(orders, touches)]


def test_an_order_with_a_coupon_of_a_rule_comes_from_it_whatever_was_clicked_later():
    touches = [step(WELCOME, 30, code="ten"), click(WINBACK, 1)]
    assert [(1, WELCOME, BY_COUPON)] == rules([bought(ten="5")], touches)


def test_a_click_comes_before_a_later_step():
    assert [(1, WELCOME, BY_CLICK)] == rules([bought()], [click(WELCOME, 5), step(WINBACK, 1)])


def test_the_latest_step_comes_before_earlier_ones():
    assert [(1, WINBACK, BY_STEP)] == rules([bought()], [step(WELCOME, 5), step(WINBACK, 1)])


def test_steps_after_the_order_or_before_the_attribution_time_do_not_count():
    orders = [bought(days=2)]
    assert [] == rules(orders, [step(WELCOME, 1), click(WELCOME, 1)])
    assert [] == rules(orders, [step(WELCOME, 17)])
    assert [(1, WELCOME, BY_STEP)] == rules(orders, [step(WELCOME, 16)])


def test_what_others_clicked_does_not_count():
    assert [] == rules([bought(person=1)], [click(WELCOME, 1, person=2)])


def test_a_coupon_that_someone_else_redeems_counts():
    assert [(1, WELCOME, BY_COUPON)] == rules(
        [bought(person=2, ten="5")], [step(WELCOME, 1, code="ten")]
    )


def test_only_the_discount_of_the_rules_own_coupons_is_its_cost():
    order = bought(ten="5", foreign="7")
    (found,) = attributed([order], [step(WELCOME, 1, code="ten")])
    assert Attribution(order, WELCOME, BY_COUPON, Decimal(5)) == found


def test_revenue_is_summed_and_orders_without_a_rate_are_only_counted():
    orders = [bought(1, ten="5"), bought(2, revenue="25"), bought(3, revenue=None)]
    found = revenue_by_rule(attributed(orders, [step(WELCOME, 1, code="ten")]))
    assert {WELCOME: Revenue(3, Decimal(75), Decimal(5), 1, 0, 1)} == found
    assert Decimal(15) == found[WELCOME].returned
    assert Revenue(1, Decimal(10)).returned is None


moments = st.integers(0, 40)
touches = st.lists(
    st.builds(
        lambda rule, days, person, code, clicked: Touch(
            rule, person, days_ago(days), "" if clicked else code, clicked
        ),
        st.sampled_from([WELCOME, WINBACK, "workflow thanks"]),
        moments,
        st.integers(1, 3),
        st.sampled_from(["", "", "a", "b"]),
        st.booleans(),
    ),
    max_size=8,
)
orders = st.lists(
    st.builds(
        lambda id, person, days, revenue, codes: PaidOrder(
            id, person, days_ago(days), revenue, dict.fromkeys(codes, Decimal(1))
        ),
        st.integers(1, 1000),
        st.integers(1, 3),
        moments,
        st.none() | st.integers(0, 500).map(Decimal),
        st.sets(st.sampled_from(["a", "b", "foreign"])),
    ),
    max_size=6,
    unique_by=lambda each: each.id,
)


@given(orders, touches)
def test_each_order_is_attributed_at_most_once_and_no_revenue_is_invented(orders, touches):
    found = attributed(orders, touches)
    assert len({each.order.id for each in found}) == len(found)
    total = sum((each.revenue for each in orders if each.revenue is not None), Decimal(0))
    assert sum((each.revenue for each in revenue_by_rule(found).values()), Decimal(0)) <= total


@given(orders, touches)
def test_a_coupon_beats_a_click_and_a_click_beats_a_step(orders, touches):
    codes = {each.code for each in touches} - {""}
    by_order = {each.order.id: each for each in attributed(orders, touches)}
    for order in orders:
        mine = [each for each in touches if each.person == order.person]
        near = [each for each in mine if order.at - WINDOW <= each.at < order.at]
        if codes & set(order.discounts):
            expected = BY_COUPON
        elif any(each.is_click for each in near):
            expected = BY_CLICK
        else:
            expected = BY_STEP if near else None
        found = by_order.get(order.id)
        assert expected == (found and found.by)
