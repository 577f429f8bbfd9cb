"""Split, undated and foreign orders, from the store to the evaluation."""

import pytest

from tests.simulation import Simulation
from wcflow.cli.order_counts import currencies_without_rate
from wcflow.database.order_counts import (
    count_child_orders,
    count_other_currencies,
    find_parents_with_less,
)
from wcflow.database.orders import load_undated_ids
from wcflow.database.stores import save_store

RULES = """
[tag Buyer]
when = orders_count = 1
[tag Fresh]
when = last_order_date >= -30d
"""
ANNA = "anna@example.com"


@pytest.fixture
def sim(tmp_path):
    return Simulation(tmp_path, RULES)


def split_order(sim, **more):
    """Place an order of 120 that a marketplace splits into orders of 80 and 40."""
    parent = sim.place_order(email=ANNA, total="120.00", days_ago=3)
    children = [
        sim.place_order(
            email=ANNA, total=total, days_ago=3, parent=parent, created_via="marketplace", **more
        )
        for total in ("80.00", "40.00")
    ]
    return parent, children


def test_a_split_order_counts_once(sim):
    parent, children = split_order(sim)
    sim.settle()
    assert {"Buyer", "Fresh"} == sim.tags(parent)
    assert [set(), set()] == [sim.tags(each) for each in children]


def test_child_orders_are_counted_by_what_made_them(sim):
    split_order(sim)
    sim.settle()
    with sim.db.reading() as tx:
        assert {"marketplace": 2} == count_child_orders(tx, "shop")
        assert [] == find_parents_with_less(tx, "shop", ["completed"])


def test_a_parent_that_costs_less_than_its_children_is_found(sim):
    parent = sim.place_order(email=ANNA, total="20.00", days_ago=3)
    sim.place_order(email=ANNA, total="80.00", days_ago=2, parent=parent, created_via="deposits")
    sim.settle()
    with sim.db.reading() as tx:
        assert [parent] == find_parents_with_less(tx, "shop", ["completed"])


def test_a_database_that_does_not_know_child_orders_reads_them_once(sim):
    parent, _ = split_order(sim)
    sim.settle()
    forget_parents(sim)
    sim.settle()
    with sim.db.reading() as tx:
        assert {"marketplace": 2} == count_child_orders(tx, "shop")
    assert {"Buyer", "Fresh"} == sim.tags(parent)
    assert sim.row().child_orders_read


def forget_parents(sim):
    """Leave the database as it was before parents were imported."""
    with sim.db.transaction() as tx:
        tx.exec_driver_sql("UPDATE orders SET parent_id = 0")
        save_store(tx, "shop", child_orders_read=False)


def test_a_later_change_does_not_make_an_undated_order_younger(sim):
    old = sim.place_order(email=ANNA, days_ago=500)
    sim.sandbox.lose_dates(old)
    sim.settle()
    sim.advance(days=1)
    sim.sandbox.edit_billing(old, city="Ulm", now=sim.now)
    sim.settle()
    assert {"Buyer"} == sim.tags(old)


def test_an_undated_order_that_wcflow_writes_to_keeps_its_date(sim):
    """WooCommerce dates such an order when it is saved, also by the change of a tag."""
    old = sim.place_order(email=ANNA, days_ago=500)
    sim.sandbox.lose_dates(old)
    sim.settle()
    assert sim.sandbox.order(old)["date_created_gmt"] is not None
    for _ in range(2):
        sim.advance(days=1)
        sim.settle()
    assert {"Buyer"} == sim.tags(old)
    assert 0 == sim.run_pass().evaluated.people


def test_an_undated_order_hides_no_older_orders(sim):
    undated = sim.place_order(email="ben@example.com", days_ago=1)
    sim.sandbox.lose_dates(undated)
    old = [sim.place_order(email=f"c{n}@example.com", days_ago=900 - n) for n in range(3)]
    sim.settle()
    assert [{"Buyer"}] * 3 == [sim.tags(each) for each in old]
    assert {"Buyer", "Fresh"} == sim.tags(undated)


@pytest.mark.parametrize("count", [130, 610])
def test_many_undated_orders_are_all_imported(sim, count):
    undated = [sim.place_order(email=f"u{n}@example.com", days_ago=400) for n in range(count)]
    for each in undated:
        sim.sandbox.lose_dates(each)
    sim.place_order(email=ANNA, days_ago=3)
    sim.run_pass(approve=False, write=False)
    with sim.db.reading() as tx:
        assert sorted(undated) == load_undated_ids(tx, "shop")


def test_the_nightly_check_agrees_about_undated_orders(sim):
    undated = sim.place_order(email=ANNA, days_ago=400)
    sim.sandbox.lose_dates(undated)
    sim.settle()
    assert 0 == sim.nightly().orders
    sim.sandbox.delete_order(undated)
    sim.nightly()
    with sim.db.reading() as tx:
        assert 0 == tx.exec_driver_sql("SELECT count(*) FROM orders").scalar()


def test_an_order_dated_in_the_future_counts_on_its_day(sim):
    first = sim.place_order(email=ANNA, days_ago=40)
    second = sim.place_order(email=ANNA, days_ago=-2)
    sim.settle()
    assert [{"Buyer"}, set()] == [sim.tags(first), sim.tags(second)]
    sim.advance(days=3)
    sim.settle()
    assert {"Fresh"} == sim.tags(second)


def test_a_guest_whose_only_order_is_dated_in_the_future_is_a_customer_from_then_on(sim):
    order = sim.place_order(email=ANNA, days_ago=-2)
    sim.settle()
    assert set() == sim.tags(order)
    sim.advance(days=3)
    sim.settle()
    assert {"Buyer", "Fresh"} == sim.tags(order)


def test_currencies_without_a_rate_are_counted_with_their_people(sim):
    for email in (ANNA, ANNA, "ben@example.com"):
        sim.place_order(email=email, currency="SEK")
    sim.place_order(email=ANNA)
    sim.settle()
    with sim.db.reading() as tx:
        assert [("SEK", 3, 2)] == count_other_currencies(tx, "shop", ["completed"], {"USD"})
        assert [] == count_other_currencies(tx, "shop", ["completed"], {"USD", "SEK"})


def test_an_order_without_its_own_rate_is_counted_beside_those_that_have_one(tmp_path):
    sim = Simulation(tmp_path, RULES, store="rate_meta = _day's_rate")
    for number, email in enumerate((ANNA, "ben@example.com")):
        order = sim.place_order(email=email, currency="SEK")
        key = "_other_rate" if number else "_day's_rate"
        sim.sandbox.edit_order_meta(order, key, "0.09", now=sim.now)
    sim.settle()
    (settings,) = sim.config.stores
    with sim.db.reading() as tx:
        assert [("SEK", 1, 1)] == currencies_without_rate(tx, sim.row(), sim.config, settings)
