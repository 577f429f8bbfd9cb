"""A run that waits continues when the wait is over, whatever else happens in the meantime."""

from msgspec.structs import replace

from tests.simulation import Simulation
from wcflow.database.runs import save_run

LATER = """
[workflow later]
trigger = order_paid
do =
    wait 5d
    add_note later
"""
IMMEDIATE = """
[workflow immediate]
trigger = order_paid
do = add_note immediate
"""


def test_two_workflows_that_one_event_starts_do_not_disturb_each_other(tmp_path):
    sim = Simulation(tmp_path, LATER + IMMEDIATE)
    sim.settle()
    order = sim.place_order(email="anna@example.com")
    sim.settle()
    sim.advance(days=6)
    sim.settle()
    assert ["immediate", "later"] == sim.notes(order)


def test_a_workflow_added_later_for_existing_orders_does_not_end_a_wait(tmp_path):
    sim = Simulation(tmp_path, LATER)
    sim.settle()
    order = sim.place_order(email="anna@example.com")
    sim.settle()
    sim.write_rules(LATER + IMMEDIATE.replace("do =", "existing = include\ndo ="))
    sim.settle()
    sim.advance(days=6)
    sim.settle()
    assert ["immediate", "later"] == sim.notes(order)


def test_a_run_ends_with_a_reason_if_its_order_belongs_to_another_customer_now(tmp_path):
    sim = Simulation(tmp_path, LATER)
    sim.settle()
    order = sim.place_order(email="anna@example.com")
    sim.place_order(email="anna@example.com")
    sim.settle()
    sim.sandbox.edit_billing(order, now=sim.now, email="ben@example.com")
    sim.settle()
    sim.advance(days=6)
    sim.settle()
    runs = {(run.order_id, run.state, run.reason) for run in sim.runs("g:anna@example.com")}
    assert (order, "ended", f"order {order} belongs to another customer now") in runs


def test_a_run_ends_with_a_reason_if_its_order_no_longer_exists(tmp_path):
    sim = Simulation(tmp_path, LATER)
    sim.settle()
    order = sim.place_order(email="anna@example.com")
    sim.place_order(email="anna@example.com")
    sim.settle()
    sim.sandbox.delete_order(order)
    sim.advance(days=6)
    sim.nightly()
    sim.settle()
    runs = {(run.order_id, run.state, run.reason) for run in sim.runs("g:anna@example.com")}
    assert (order, "ended", f"order {order} no longer exists") in runs


def test_a_run_that_waits_inside_a_branch_continues_there(tmp_path):
    """The INI has no branches yet, so the test saves a run that has one."""
    sim = Simulation(tmp_path, LATER)
    sim.settle()
    order = sim.place_order(email="anna@example.com")
    sim.settle()
    (run,) = sim.runs("g:anna@example.com")
    branch = {"if": "orders_count > 0", "then": ["wait 5d", "add_note inside"], "else": []}
    branching = replace(run, steps=("stop", branch, "add_note after"), path=(1, "then", 1))
    with sim.db.transaction() as tx:
        save_run(tx, "shop", branching)
    assert [branching] == sim.runs("g:anna@example.com")
    sim.advance(days=6)
    sim.settle()
    assert ["inside", "after"] == sim.notes(order)
    steps = [entry.step for entry in sim.outbox() if entry.run_id]
    assert ["2.then.2 add_note", "3 add_note"] == steps
