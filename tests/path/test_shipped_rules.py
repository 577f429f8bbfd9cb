"""The shipped rules do not embarrass: no win-back after a return, and no VIP of free orders."""

import re

import pytest

from tests.simulation import Simulation
from wcflow.config.files import default_ini


def shipped():
    """Return the keys of the shipped [store], without address and key, and all shipped rules."""
    text = re.sub(r"^#.*\n", "", default_ini(), flags=re.MULTILINE)
    store, _, rules = text.partition("[store shop]")[2].partition("[segment ")
    keys = [
        line for line in store.splitlines() if line and not line.startswith(("url", "consumer"))
    ]
    return "\n".join(keys), f"[segment {rules}"


@pytest.fixture
def sim(tmp_path):
    store, rules = shipped()
    simulation = Simulation(tmp_path, rules, store=store)
    yield simulation
    simulation.db.close()


def codes(sim):
    return [each["code"].partition("-")[0].upper() for each in sim.coupons()]


def segments_of(sim, key):
    return list(sim.memory(key).segments)


@pytest.fixture
def anna(sim):
    """A customer with two orders of last year, and one of last month."""
    number = sim.register("anna@example.com", days_ago=500, first_name="Anna")
    for days in (400, 300):
        sim.place_order(customer=number, days_ago=days)
    return number


def test_a_customer_who_stays_away_gets_a_coupon(sim, anna):
    sim.place_order(customer=anna, days_ago=80)
    sim.settle()
    sim.advance(days=20)
    sim.settle()
    assert [["At Risk"], ["COMEBACK"]] == [segments_of(sim, "c1"), codes(sim)]


@pytest.mark.parametrize("days", [0, 20, 200])
def test_a_customer_whose_last_order_was_refunded_gets_no_win_back(sim, anna, days):
    """Neither at once, because the order before it is old, nor later."""
    order = sim.place_order(customer=anna, days_ago=10)
    sim.settle()
    sim.sandbox.refund(order, now=sim.now)
    sim.settle()
    sim.advance(days=days)
    sim.settle()
    assert [] == codes(sim)


@pytest.mark.parametrize("days", [0, 20])
def test_a_returned_order_shows_that_a_customer_has_not_stayed_away(sim, anna, days):
    order = sim.place_order(customer=anna, days_ago=10)
    sim.settle()
    sim.sandbox.refund(order, now=sim.now)
    sim.advance(days=days)
    sim.settle()
    assert ["Regular"] == segments_of(sim, "c1")


@pytest.mark.parametrize("days", [0, 200])
def test_a_customer_whose_last_order_was_cancelled_gets_no_win_back(sim, anna, days):
    order = sim.place_order(customer=anna, days_ago=10, status="processing")
    sim.settle()
    sim.sandbox.set_status(order, "cancelled", now=sim.now)
    sim.settle()
    sim.advance(days=days)
    sim.settle()
    assert [] == codes(sim)


def test_a_customer_whose_only_order_was_refunded_is_in_no_segment(sim):
    number = sim.register("bob@example.com", days_ago=20)
    order = sim.place_order(customer=number, days_ago=10)
    sim.settle()
    sim.sandbox.refund(order, now=sim.now)
    sim.settle()
    sim.advance(days=200)
    sim.settle()
    assert [[], []] == [segments_of(sim, "c1"), codes(sim)]


def _order_twelve_times(sim, total):
    number = sim.register("carl@example.com", days_ago=200)
    for days in range(12):
        sim.place_order(customer=number, days_ago=days * 5, total=total)
    sim.settle()
    return segments_of(sim, "c1")


def test_free_orders_make_no_vip(sim):
    assert ["Regular"] == _order_twelve_times(sim, "0.00")


def test_free_orders_beside_a_paid_one_make_no_vip(sim):
    number = sim.register("carl@example.com", days_ago=200)
    sim.place_order(customer=number, days_ago=100, total="50.00")
    for days in range(12):
        sim.place_order(customer=number, days_ago=days, total="0.00")
    sim.settle()
    assert ["Regular"] == segments_of(sim, "c1")


def test_many_small_orders_make_a_vip(sim):
    assert ["VIP"] == _order_twelve_times(sim, "9.00")


def test_an_order_in_a_currency_without_a_rate_still_counts(sim):
    number = sim.register("eve@example.com", days_ago=200)
    sim.place_order(customer=number, days_ago=100, currency="CHF")
    sim.settle()
    assert ["Regular"] == segments_of(sim, "c1")
