"""What waits has its turn when its time has come, whatever else happens to the person meanwhile."""

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
[workflow at once]
trigger = order_paid
do = add_note at once
"""


def test_two_workflows_on_one_occurrence_do_not_make_each_other_forget_to_wait(tmp_path):
    sim = Simulation(tmp_path, LATER + IMMEDIATE)
    sim.settle()
    order = sim.place_order(email="anna@example.com")
    sim.settle()
    sim.advance(days=6)
    sim.settle()
    assert ["at once", "later"] == sim.notes(order)


def test_a_workflow_that_starts_meanwhile_ends_nobodys_wait(tmp_path):
    """Here it is a later one, that looks at what happened before it was written."""
    sim = Simulation(tmp_path, LATER)
    sim.settle()
    order = sim.place_order(email="anna@example.com")
    sim.settle()
    sim.write_rules(LATER + IMMEDIATE.replace("do =", "existing = include\ndo ="))
    sim.settle()
    sim.advance(days=6)
    sim.settle()
    assert ["at once", "later"] == sim.notes(order)


def test_a_wait_ends_where_the_order_is_another_customers_and_says_so(tmp_path):
    sim = Simulation(tmp_path, LATER)
    sim.settle()
    order = sim.place_order(email="anna@example.com")
    sim.place_order(email="anna@example.com")
    sim.settle()
    sim.sandbox.edit_billing(order, now=sim.now, email="ben@example.com")
    sim.settle()
    sim.advance(days=6)
    sim.settle()
    told = {(run.order_id, run.state, run.reason) for run in sim.runs("g:anna@example.com")}
    assert (order, "ended", f"order {order} belongs to another customer now") in told


def test_a_wait_ends_where_the_order_is_gone_and_says_so(tmp_path):
    sim = Simulation(tmp_path, LATER)
    sim.settle()
    order = sim.place_order(email="anna@example.com")
    sim.place_order(email="anna@example.com")
    sim.settle()
    sim.sandbox.delete_order(order)
    sim.advance(days=6)
    sim.nightly()
    sim.settle()
    told = {(run.order_id, run.state, run.reason) for run in sim.runs("g:anna@example.com")}
    assert (order, "ended", f"order {order} no longer exists") in told


def test_a_run_inside_a_branch_is_saved_and_goes_on_there(tmp_path):
    """No INI makes branches yet, so the saved run gets one by hand."""
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
