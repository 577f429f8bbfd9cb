"""With a shop manager's key, tags that people add are kept: customers' own meta is hidden from it."""

from dataclasses import replace

from tests.simulation import Simulation
from wcflow.sandbox.auth import ADMIN, MANAGER

RULES = """
[tag buyer]
when = orders_count > 0
tag = Buyer
"""


def set_customer_tags(sim, customer, tags):
    sim.sandbox.edit_customer_meta(customer, "wcflow_tags", tags, now=sim.now)


def change_key(sim, key):
    sim.key = key
    sim.write_rules(RULES)
    sim.settle()


def demote(sim):
    """Take the administrator role from the key's user."""
    keys = sim.sandbox.state.keys
    keys[ADMIN.consumer_key] = replace(ADMIN, role="shop_manager")


def test_a_shop_managers_key_writes_tags_to_orders_only(tmp_path):
    sim = Simulation(tmp_path, RULES, key=MANAGER)
    anna = sim.register("anna@example.com")
    set_customer_tags(sim, anna, "Wholesale")
    order = sim.place_order(customer=anna)
    sim.settle()
    sim.settle()
    assert ({"Wholesale"}, {"Buyer"}) == (sim.customer_tags(anna), sim.tags(order))
    assert ["done"] == [each.state for each in sim.outbox()]


def test_a_tag_that_people_add_to_an_order_is_kept_with_a_shop_managers_key(tmp_path):
    sim = Simulation(tmp_path, RULES, key=MANAGER)
    anna = sim.register("anna@example.com")
    order = sim.place_order(customer=anna)
    sim.settle()
    sim.sandbox.edit_order_meta(order, "wcflow_tags", "Buyer, Wholesale", now=sim.now)
    sim.settle()
    later = sim.place_order(customer=anna)
    sim.settle()
    assert {"Buyer", "Wholesale"} == sim.tags(later)


def test_with_an_administrators_key_customers_get_their_tags_beside_those_of_people(tmp_path):
    sim = Simulation(tmp_path, RULES, key=MANAGER)
    anna = sim.register("anna@example.com")
    set_customer_tags(sim, anna, "Wholesale")
    order = sim.place_order(customer=anna)
    sim.settle()
    change_key(sim, ADMIN)
    sim.settle()
    assert {"Buyer", "Wholesale"} == sim.customer_tags(anna) == sim.tags(order)


def test_a_role_that_is_taken_away_while_the_daemon_runs_overwrites_no_tag(tmp_path):
    """The role is checked where a customer's meta is missing, not only at the start."""
    sim = Simulation(tmp_path, RULES)
    sim.settle()
    demote(sim)
    anna = sim.register("anna@example.com")
    set_customer_tags(sim, anna, "Wholesale")
    sim.place_order(customer=anna)
    sim.run_pass(check_store=False)
    outcomes = {each.kind: each.outcome for each in sim.outbox(states=["cancelled"])}
    assert {"Wholesale"} == sim.customer_tags(anna)
    assert {
        "tags_customer": "the key cannot read what is there, and tags that people added must not be lost"
    } == outcomes
