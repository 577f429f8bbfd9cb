"""The tags on orders that are not the customer's latest: removed, or kept current."""

import pytest

from tests.simulation import ProcessKilled, Simulation
from wcflow import sync
from wcflow.database.tags import load_written_tags

RULES = """
[segment Few]
group = lifecycle
when = orders_count < 3

[segment Many]
group = lifecycle
when = orders_count >= 3

[tag bought]
when = orders_count > 0
tag = Bought {{ orders_count }}
"""
ANNA = "anna@example.com"


def simulate(tmp_path, order_tags, **settings):
    sim = Simulation(tmp_path, RULES, store=f"order_tags = {order_tags}", **settings)
    sim.settle()
    return sim


def orders_of_anna(sim, count):
    """Place orders one after the other, each with the passes that show its tags."""
    placed = []
    for _ in range(count):
        placed.append(sim.place_order(email=ANNA))
        sim.settle()
    return placed


def shown(sim, orders):
    return [sim.tags(order) for order in orders], [sim.segment(order) for order in orders]


def test_only_the_latest_order_shows_tags(tmp_path):
    sim = simulate(tmp_path, "latest")
    orders = orders_of_anna(sim, 3)
    expected = [set(), set(), {"Bought 3", "Many"}], [None, None, "Many"]
    assert expected == shown(sim, orders)
    sim.settle()
    assert [] == sim.writes


def test_with_all_every_order_shows_the_same_current_tags(tmp_path):
    sim = simulate(tmp_path, "all")
    orders = orders_of_anna(sim, 3)
    assert ([{"Bought 3", "Many"}] * 3, ["Many"] * 3) == shown(sim, orders)
    sim.settle()
    assert [] == sim.writes


def test_with_all_orders_from_before_the_import_stay_as_they_are(tmp_path):
    sim = Simulation(tmp_path, RULES, store="order_tags = all")
    old = [sim.place_order(email=ANNA, days_ago=days) for days in (90, 60)]
    sim.settle()
    new = sim.place_order(email=ANNA)
    sim.settle()
    tags = {"Bought 3", "Many"}
    assert [set(), tags, tags] == shown(sim, [*old, new])[0]


def test_with_none_no_order_is_written(tmp_path):
    sim = simulate(tmp_path, "none")
    orders = orders_of_anna(sim, 2)
    assert ([set()] * 2, [None] * 2) == shown(sim, orders)


def test_each_older_order_is_a_change_of_its_own_that_the_write_limit_counts(tmp_path):
    sim = simulate(tmp_path, "latest", wcflow="max_writes = 1")
    sim.place_order(email=ANNA)
    sim.settle()
    sim.place_order(email=ANNA)
    sim.run_pass(approve=False)
    assert "more than 1 changes at once (max_writes): 2" == sim.hold().reason


@pytest.mark.parametrize("order_tags", ["latest", "all"])
def test_tags_that_people_add_to_an_older_order_stay_there(tmp_path, order_tags):
    sim = simulate(tmp_path, order_tags)
    first, second = orders_of_anna(sim, 2)
    sim.sandbox.edit_order_meta(first, "wcflow_tags", "Fragile", now=sim.now)
    sim.settle()
    third = sim.place_order(email=ANNA)
    sim.settle()
    assert "Fragile" in sim.tags(first)
    assert [False, False] == ["Fragile" in sim.tags(each) for each in (second, third)]


@pytest.mark.parametrize("order_tags", ["latest", "all"])
def test_a_tag_that_is_added_just_before_the_next_order_is_shown_on_it_too(tmp_path, order_tags):
    """Both are found in the same poll: the tag was on the latest order when it was added."""
    sim = simulate(tmp_path, order_tags)
    (first,) = orders_of_anna(sim, 1)
    sim.sandbox.edit_order_meta(first, "wcflow_tags", "Bought 1, Few, Wholesale", now=sim.now)
    second = sim.place_order(email=ANNA)
    sim.settle()
    assert {"Bought 2", "Few", "Wholesale"} == sim.tags(second)
    assert ({"Wholesale"} if order_tags == "latest" else sim.tags(second)) == sim.tags(first)


def test_a_tag_that_people_remove_from_the_latest_order_leaves_all_of_them(tmp_path):
    sim = simulate(tmp_path, "all")
    orders = orders_of_anna(sim, 2)
    sim.sandbox.edit_order_meta(orders[1], "wcflow_tags", "Few, Wholesale", now=sim.now)
    sim.settle()
    sim.settle()
    assert [{"Few", "Wholesale"}] * 2 == shown(sim, orders)[0]
    sim.sandbox.edit_order_meta(orders[1], "wcflow_tags", "Few", now=sim.now)
    sim.settle()
    sim.settle()
    assert [{"Few"}] * 2 == shown(sim, orders)[0]


@pytest.mark.parametrize("order_tags", ["latest", "all"])
def test_a_kill_while_older_orders_are_written_leaves_no_trace(tmp_path, order_tags):
    """Whatever was written when the process was killed: no tag becomes manual or stays behind."""
    sim = simulate(tmp_path, order_tags)
    orders = orders_of_anna(sim, 2)
    orders.append(sim.place_order(email=ANNA))
    for steps in range(0, 12, 2):
        with pytest.raises(ProcessKilled), sim.crash_after(steps, from_write=1) as context:
            sync.sync_once(context)
            raise ProcessKilled  # it ran to its end
        sim.advance(minutes=20)
    sim.settle()
    sim.settle()
    tags, now = {"Bought 3", "Many"}, [set(), set()]
    assert ([*now, tags] if order_tags == "latest" else [tags] * 3) == shown(sim, orders)[0]
    assert frozenset() == sim.memory(f"g:{ANNA}").added_by_hand


def test_a_former_latest_order_that_is_the_latest_again_gets_the_tags_back(tmp_path):
    sim = simulate(tmp_path, "latest")
    first, second = orders_of_anna(sim, 2)
    sim.sandbox.trash(second, now=sim.now)
    sim.settle()
    assert {"Bought 1", "Few"} == sim.tags(first)


def test_tags_on_older_orders_that_wcflow_did_not_write_stay(tmp_path):
    """A database that does not know who wrote them leaves them alone."""
    sim = Simulation(tmp_path, RULES)
    old = sim.place_order(email=ANNA, days_ago=90, meta={"wcflow_tags": "Bought 1"})
    sim.place_order(email=ANNA)
    sim.settle()
    with sim.db.reading() as tx:
        assert {} == load_written_tags(tx, "shop", [("order", old)])
    assert {"Bought 1"} == sim.tags(old)
