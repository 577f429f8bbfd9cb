"""A workflow can end the customer's runs of another one, and cancel what they have not written."""

import pytest

from tests.simulation import Simulation
from wcflow.config.problem import ConfigError

WELCOME = """
[workflow welcome]
trigger = order_paid
when = order.total < 500
do =
    add_note welcome
    wait 5d
    add_note how was it
"""
CANCEL = """
[workflow refund]
trigger = order_refunded
{mode}
do =
    cancel_workflow welcome
    add_note sorry
"""
ANNA = "g:anna@example.com"


def run_states(sim, key=ANNA):
    return [(run.workflow, run.state, run.reason) for run in sim.runs(key) if run.counts]


def refunded(tmp_path, mode=""):
    """Anna and Ben order; Anna's order is refunded a day later."""
    sim = Simulation(tmp_path, WELCOME + CANCEL.format(mode=mode))
    sim.settle()
    order = sim.place_order(email="anna@example.com")
    sim.place_order(email="ben@example.com")
    sim.settle()
    sim.advance(days=1)
    sim.sandbox.refund(order, now=sim.now, amount="10.00")
    sim.settle()
    return sim, order


def test_waiting_runs_end_with_a_readable_reason_and_go_on_for_others(tmp_path):
    sim, order = refunded(tmp_path)
    assert [
        ("refund", "done", "all steps are done"),
        ("welcome", "ended", "cancelled by the workflow refund"),
    ] == sorted(run_states(sim))
    (entry,) = [each for each in sim.outbox() if each.kind == "run_cancellation"]
    assert ("done", "1 run of welcome ended, 0 changes cancelled") == (entry.state, entry.outcome)
    sim.advance(days=5)
    sim.settle()
    assert ["sorry", "welcome"] == sorted(sim.notes(order))
    assert ("welcome", "done", "all steps are done") in run_states(sim, "g:ben@example.com")


def test_what_the_cancelled_run_has_queued_is_not_written(tmp_path):
    sim = Simulation(tmp_path, WELCOME + CANCEL.format(mode=""))
    sim.settle()
    order = sim.place_order(email="anna@example.com")
    sim.run_pass(write=False, approve=False)
    sim.advance(minutes=3)
    sim.run_pass(write=False, approve=False)
    sim.sandbox.refund(order, now=sim.now, amount="10.00")
    sim.advance(minutes=3)
    sim.settle()
    assert ["sorry"] == sim.notes(order)


def test_a_run_that_starts_with_the_same_event_is_cancelled_too(tmp_path):
    rules = WELCOME + CANCEL.format(mode="").replace("order_refunded", "order_paid")
    sim = Simulation(tmp_path, rules)
    sim.settle()
    order = sim.place_order(email="anna@example.com")
    sim.settle()
    assert ["sorry"] == sim.notes(order)
    assert ("welcome", "ended", "cancelled by the workflow refund") in run_states(sim)
    states = {each.label: each.state for each in sim.outbox() if each.rule == "workflow welcome"}
    assert {"1": "cancelled"} == states


def test_a_dry_run_cancels_nothing(tmp_path):
    sim, order = refunded(tmp_path, "mode = dry_run")
    assert ("welcome", "waiting") in [each[:2] for each in run_states(sim)]
    (entry,) = [each for each in sim.outbox() if each.kind == "run_cancellation"]
    assert "dry_run" == entry.state
    sim.advance(days=5)
    sim.settle()
    assert ["welcome", "how was it"] == sim.notes(order)


def test_an_unknown_workflow_is_a_problem_with_advice(tmp_path):
    with pytest.raises(ConfigError) as caught:
        Simulation(
            tmp_path, WELCOME + CANCEL.format(mode="").replace("flow welcome\n", "flow welcom\n")
        )
    assert "expected the name of a [workflow …], got 'welcom' (did you mean 'welcome'?)" in str(
        caught.value
    )
