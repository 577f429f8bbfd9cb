"""Which orders count, and for how much."""

from datetime import timedelta
from decimal import Decimal

import pytest
from msgspec.structs import replace

from tests.builders import NOW, STORE, item, order, profile, refund
from wcflow.profile import (
    money_refunds,
    net_sales,
    net_total,
    paid_orders,
    why_not_paid,
)
from wcflow.rules.as_of import next_order_date, without_later_orders
from wcflow.rules.counting import order_filter, parse_counts_when
from wcflow.rules.errors import RuleErrors
from wcflow.rules.events import TriggerContext, refund_events
from wcflow.units import without_separators


def in_store(*orders, **settings):
    return replace(profile(*orders), store=replace(STORE, **settings))


def counted(*orders, **settings):
    return [each.id for each in paid_orders(in_store(*orders, **settings))]


# Orders that a plugin split from another order


def test_a_child_order_counts_only_if_the_store_says_so():
    parent, child = order(1, total=12000), order(2, total=8000, parent_id=1)
    assert [1] == counted(parent, child)
    assert [1, 2] == counted(parent, child, count_children=True)


def test_a_child_order_starts_nothing():
    person = in_store(order(1), order(2, parent_id=1))
    assert [1] == [each.id for each in TriggerContext(person, NOW).orders]


def test_a_child_order_does_not_show_the_tags():
    person = in_store(order(1, days=5), order(2, days=1, parent_id=1))
    assert 1 == person.newest.id


# counts_when


def counting(text):
    return {"counts_when": order_filter(parse_counts_when(text))}


def test_counts_when_leaves_orders_out():
    renewal = order(2, created_via="subscription")
    marked = order(3, meta={"_subscription_renewal": "77"})
    settings = counting("not order.is_renewal")
    assert [1] == counted(order(1), renewal, marked, **settings)
    assert "counts_when does not match" == why_not_paid(renewal, in_store(renewal, **settings))


def test_what_is_not_known_does_not_count():
    assert [] == counted(order(1), **counting("order.meta.preorder = 'paid'"))


def test_counts_when_can_use_what_was_bought():
    gift = order(2, items=(item(sku="GIFT"),))
    assert [1] == counted(order(1), gift, **counting("not order.skus contains 'GIFT'"))


@pytest.mark.parametrize(
    "text", ["orders_count >= 2", "order.nth = 1", "order.is_first", "order.date >= -30d"]
)
def test_counts_when_looks_at_one_order_and_no_clock(text):
    with pytest.raises(RuleErrors):
        parse_counts_when(text)


def test_counts_when_names_the_meta_to_import():
    condition = parse_counts_when("not order.is_renewal and order.meta.kind <> 'sample'")
    assert {"_subscription_renewal", "kind"} == condition.order_meta_keys


# Amounts


def test_a_rate_on_the_order_wins_over_the_table():
    pounds = order(1, total=3600, currency="GBP", meta={"_rate": "1.17"})
    store = replace(STORE, currency="EUR", rates={"GBP": Decimal(2)}, rate_meta="_rate")
    assert Decimal("42.12") == net_total(pounds, store)
    assert Decimal(72) == net_total(replace(pounds, meta={"_rate": "none"}), store)
    assert Decimal(72) == net_total(replace(pounds, meta={"_rate": "0"}), store)


def test_the_amount_paid_so_far_replaces_the_total():
    deposit = order(1, total=10000, meta={"_paid": "25.00"})
    store = replace(STORE, amount_meta="_paid")
    assert Decimal(25) == net_total(deposit, store)
    assert Decimal(100) == net_total(replace(deposit, meta={}), store)
    assert Decimal(100) == net_total(replace(deposit, meta={"_paid": "9" * 99}), store)


def test_meta_with_a_decimal_comma_is_a_number():
    pounds = order(1, total=10000, currency="GBP", meta={"_rate": "1,17", "_paid": "25,00"})
    store = replace(STORE, currency="EUR", rate_meta="_rate", amount_meta="_paid")
    assert Decimal("29.25") == net_total(pounds, store)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("1,234.50", "1234.50"),
        ("1.234,50", "1234.50"),
        ("50,00", "50.00"),
        ("-50,5", "-50.5"),
        (" 1 234,50 ", "1234.50"),
        ("1'234.50", "1234.50"),
        ("1,234,567", "1234567"),
        ("1.234.567,8", "1234567.8"),
        ("1,23,456.00", "123456.00"),
        ("0,500", "0.500"),
        ("1,234", None),
        ("2 50", None),
        ("1,2,3", None),
        ("1.234,50,0", None),
        ("fifty", None),
        ("50,00 €", None),
        ("", None),
    ],
)
def test_an_amount_with_separators_is_read_if_it_has_one_meaning(written, read):
    assert read == without_separators(written)


def test_currency_codes_ignore_case_and_none_is_the_stores():
    assert [Decimal(20)] * 2 == [
        net_total(order(1, total=2000, currency=currency), STORE) for currency in ("usd", "")
    ]


def test_a_negative_total_lowers_the_sum():
    swap = order(2, total=-1500)
    assert [1, 2] == counted(order(1), swap)
    assert Decimal(-15) == net_total(swap, STORE)


def test_net_sales_leave_out_tax_and_shipping():
    sold = order(1, total=12000, items=(item(total=6000), item(2, total=4000)))
    assert Decimal(100) == net_sales(sold, STORE)


def test_a_refund_lowers_net_sales_in_proportion():
    sold = order(1, total=12000, items=(item(total=10000),), refunds=(refund(total=3000),))
    assert Decimal("75.00") == net_sales(sold, STORE)


def test_a_refund_of_nothing_is_no_refund():
    restocked = order(1, refunds=(refund(901, total=0), refund(902, total=100)))
    assert [902] == [each.id for each in money_refunds(restocked)]
    assert ["order 1 refund 902"] == [each.name for each in refund_events(restocked, "either")]


# Orders dated in the future


def test_an_order_dated_in_the_future_counts_from_its_date_on():
    later = order(2, days=-3)
    person = in_store(order(1), later)
    assert (
        NOW + timedelta(days=3) < next_order_date(person, NOW) <= NOW + timedelta(days=3, minutes=1)
    )
    assert [1] == [each.id for each in without_later_orders(person, NOW).orders]
    assert next_order_date(person, NOW + timedelta(days=4)) is None


# Why an order does not count


def test_explain_has_a_reason_for_every_order_that_does_not_count():
    cases = [
        order(1, status="pending"),
        order(2, refunds=(refund(total=10000),)),
        order(3, parent_id=1),
        order(4),
    ]
    person = in_store(*cases)
    assert [
        "the status pending does not count as paid",
        "refunded in full",
        "part of order 1 (child_orders)",
        "",
    ] == [why_not_paid(each, person) for each in cases]
