"""The status that a team gives a customer: rules see it, WooCommerce shows it, and it stays."""

import pytest

from tests.persons import person
from tests.simulation import Simulation
from wcflow.customers import edits, status
from wcflow.database.edits import EditedBy, find_edit
from wcflow.database.merge import merge_persons

RULES = """
[tag Paused]
when = status = 'inactive'

[workflow hello]
trigger = customer_enabled
do = add_tag Back again
"""


@pytest.fixture
def sim(tmp_path):
    simulation = Simulation(tmp_path, RULES)
    simulation.register("anna@example.com", days_ago=90)
    simulation.place_order(email="guest@example.com", days_ago=5)
    simulation.settle()
    return simulation


def set_status(sim, operation, key="c1"):
    with sim.db.transaction() as tx:
        return operation(tx, "shop", person(tx, key), EditedBy("maria", sim.now))


def undo(sim, number):
    with sim.db.transaction() as tx:
        return edits.undo(tx, find_edit(tx, number), EditedBy("maria", sim.now))


def test_nothing_is_written_for_customers_whose_status_was_never_set(sim):
    assert None is sim.meta("customer", 1, "wcflow_status")
    assert [] == sim.writes


def test_an_inactive_customer_is_shown_as_such_and_rules_see_it(sim):
    set_status(sim, status.deactivate)
    sim.settle()
    assert "inactive" == sim.meta("customer", 1, "wcflow_status")
    assert {"Paused"} == sim.customer_tags(1)
    sim.nightly()
    sim.advance(days=1)
    sim.run_pass()
    assert [] == sim.writes


def test_a_customer_who_is_active_again_shows_nothing_and_is_enabled_once(sim):
    set_status(sim, status.deactivate)
    sim.settle()
    sim.advance(hours=1)
    set_status(sim, status.activate)
    sim.settle()
    assert None is sim.meta("customer", 1, "wcflow_status")
    assert {"Back again"} == sim.customer_tags(1)
    assert ["done"] == [run.state for run in sim.runs("c1")]


def test_an_inactive_guest_is_shown_on_the_latest_order_alone(sim):
    set_status(sim, status.deactivate, "g:guest@example.com")
    sim.settle()
    assert "inactive" == sim.meta("order", 2, "wcflow_status")
    sim.advance(days=1)
    second = sim.place_order(email="guest@example.com")
    sim.settle()
    assert "inactive" == sim.meta("order", second, "wcflow_status")
    assert None is sim.meta("order", 2, "wcflow_status")


def test_the_status_survives_rescans_and_evaluations(sim):
    set_status(sim, status.deactivate)
    for _ in range(2):
        sim.place_order(customer=1)
        sim.settle()
        sim.nightly()
        sim.advance(days=1)
    assert sim.memory("c1").standing.inactive


def test_the_status_stays_with_a_guest_who_registers(sim):
    set_status(sim, status.deactivate, "g:guest@example.com")
    account = sim.register("guest@example.com")
    sim.settle()
    assert "inactive" == sim.meta("customer", account, "wcflow_status")


@pytest.mark.parametrize(
    ("old", "new"), [("c1", "g:guest@example.com"), ("g:guest@example.com", "c1")]
)
def test_a_merge_keeps_the_status_of_either(sim, old, new):
    set_status(sim, status.deactivate)
    with sim.db.transaction() as tx:
        merge_persons(tx, "shop", person(tx, old), person(tx, new))
    assert sim.memory("c1").standing.inactive


def test_the_same_status_is_no_edit_and_an_undo_restores_it(sim):
    first = set_status(sim, status.deactivate)
    assert not set_status(sim, status.deactivate).changed
    undo(sim, first.edit)
    sim.settle()
    assert not sim.memory("c1").standing.inactive
    assert [] == sim.runs("c1"), "an undo is no event"
