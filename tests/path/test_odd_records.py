"""Odd fields along the whole path: the order counts, and its tags are written."""

import pytest
from sqlalchemy import select

from tests.simulation import Simulation
from wcflow.database.quarantine import load_odd_fields, load_quarantine
from wcflow.database.sql import table_of
from wcflow.database.tables import PersonRow

RULES = """
[segment Spent 85]
group = lifecycle
when = total_spent = 85

[segment Buyer]
group = lifecycle
when = orders_count >= 1

[tag Has bought]
when = orders_count >= 1
"""


@pytest.fixture
def sim(tmp_path, database_url):
    made = Simulation(tmp_path, RULES, database=database_url)
    yield made
    made.db.close()


def quarantined(sim):
    with sim.db.reading() as tx:
        return [(row.kind, row.id) for row in load_quarantine(tx, "shop")]


def odd_fields(sim):
    with sim.db.reading() as tx:
        return {f"{odd.kind}.{odd.field}": odd.records for odd in load_odd_fields(tx, "shop")}


def test_a_store_whose_orders_are_all_odd_is_read(sim):
    """A plugin empties the meta of every order: nothing but the meta is unknown."""
    orders = [sim.place_order(email=f"c{n}@example.com") for n in range(12)]
    for order in orders:
        sim.faults.set_field("order", order, "meta_data", [[], []])
    sim.settle()

    assert {"Buyer"} == {sim.segment(order) for order in orders}
    assert ([], {"order.meta_data": 12}) == (quarantined(sim), odd_fields(sim))


def test_a_negative_total_lowers_what_was_spent(sim):
    sim.place_order(email="fay@example.com", total="100.00", days_ago=9)
    swap = sim.place_order(email="fay@example.com", total="-15.00", days_ago=2)
    sim.settle()

    assert ([], "Spent 85") == (quarantined(sim), sim.segment(swap))
    sim.nightly()
    with sim.db.reading() as tx:
        assert [8500] == [*tx.scalars(select(table_of(PersonRow).c.total_spent))]


def test_a_currency_in_small_letters_is_the_currency(sim):
    order = sim.place_order(email="ulla@example.com", total="85.00")
    sim.faults.set_field("order", order, "currency", "usd")
    sim.settle()

    assert "Spent 85" == sim.segment(order)


@pytest.mark.parametrize("form", [list, lambda tags: dict(enumerate(tags))])
def test_tags_that_a_plugin_keeps_as_a_list_are_tags(sim, form):
    order = sim.place_order(email="anna@example.com")
    anna = sim.register("bert@example.com", days_ago=30)
    sim.place_order(customer=anna, email="bert@example.com")
    sim.settle()
    kept = form(["Buyer", "Has bought", "Mine"])
    sim.sandbox.edit_order_meta(order, "wcflow_tags", kept, now=sim.now)
    sim.sandbox.edit_customer_meta(anna, "wcflow_tags", kept, now=sim.now)
    sim.advance(days=1)
    sim.nightly()
    sim.settle()

    memories = [sim.memory(key) for key in ("g:anna@example.com", f"c{anna}")]
    assert [(frozenset({"Mine"}), frozenset())] * 2 == [
        (memory.added_by_hand, memory.removed_by_hand) for memory in memories
    ]


def test_text_after_the_json_is_ignored_on_every_way(sim):
    """A cache adds its remark to each response, to writes too."""
    order = sim.place_order(email="anna@example.com")
    sim.faults.append_text(times=None)
    sim.settle()

    assert ("Buyer", []) == (sim.segment(order), sim.outbox(states=["due", "failed"]))
