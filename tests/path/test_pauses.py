"""A paused workflow starts nothing and continues nothing; its runs and changes wait."""

from datetime import timedelta

import pytest

from tests.simulation import Simulation
from wcflow import maintenance, sync
from wcflow.database import outbox, pauses, run_control, waiting

WELCOME = """
[workflow welcome]
trigger = order_paid
stop_when = orders_count >= 3
do =
    add_note Hello
    wait 2d
    add_note Two days
"""
LAPSED = "[workflow lapsed]\ntrigger = inactive 40d\ndo = add_note Come back\n"


@pytest.fixture
def simulate(tmp_path):
    sim = Simulation(tmp_path, WELCOME + LAPSED)
    sim.settle()
    sim.advance(hours=1)
    return sim


def in_database(sim, deed, *words):
    with sim.db.transaction() as tx:
        return deed(tx, "shop", *words, sim.now)


def pause(sim, name="welcome"):
    assert in_database(sim, pauses.pause, name)


def resume(sim, name="welcome"):
    assert in_database(sim, pauses.resume, name)


def test_what_happens_in_a_pause_starts_no_run_later(simulate):
    pause(simulate)
    simulate.advance(hours=1)
    seen = simulate.place_order(email="anna@example.com")
    simulate.settle()
    unseen = simulate.place_order(email="ben@example.com")
    simulate.advance(hours=1)
    resume(simulate)
    after = simulate.place_order(email="carla@example.com")
    simulate.settle()
    assert ([], [], ["Hello"]) == tuple(simulate.notes(each) for each in (seen, unseen, after))


def test_a_waiting_run_continues_after_the_pause(simulate):
    order = simulate.place_order(email="anna@example.com")
    simulate.settle()
    pause(simulate)
    simulate.advance(days=5)
    simulate.settle()
    assert ["Hello"] == simulate.notes(order)
    resume(simulate)
    simulate.settle()
    assert ["Hello", "Two days"] == simulate.notes(order)


def test_a_waiting_run_is_asked_again_after_the_pause(simulate):
    order = simulate.place_order(email="anna@example.com")
    simulate.settle()
    pause(simulate)
    for _ in range(2):
        simulate.place_order(email="anna@example.com")
    simulate.advance(days=5)
    simulate.settle()
    assert ["waiting"] == [run.state for run in simulate.runs("g:anna@example.com")]
    resume(simulate)
    simulate.settle()
    assert ["Hello"] == simulate.notes(order)
    assert ["ended"] == [run.state for run in simulate.runs("g:anna@example.com")]


def test_queued_changes_wait_for_the_end_of_a_pause_and_hold_nothing_else(simulate):
    order = simulate.place_order(email="anna@example.com")
    simulate.run_pass(write=False)
    pause(simulate)
    simulate.settle()
    (entry,) = [each for each in simulate.outbox() if each.run_id]
    assert ("due", []) == (entry.state, simulate.notes(order))
    resume(simulate)
    simulate.settle()
    assert ["Hello"] == simulate.notes(order)


def test_queued_changes_are_asked_again_after_the_pause_and_not_before(simulate):
    order = simulate.place_order(email="anna@example.com")
    simulate.run_pass(write=False)
    pause(simulate)
    for _ in range(2):
        simulate.place_order(email="anna@example.com")
    simulate.settle()
    (entry,) = [each for each in simulate.outbox() if each.run_id]
    assert "due" == entry.state
    resume(simulate)
    simulate.settle()
    (entry,) = [each for each in simulate.outbox() if each.run_id]
    assert ("cancelled", []) == (entry.state, simulate.notes(order))
    assert entry.outcome.startswith("stop_when holds")


def test_a_pause_survives_a_restart_and_edits_of_the_ini(simulate):
    pause(simulate)
    simulate.reopen_database()
    simulate.write_rules(LAPSED)
    simulate.settle()
    simulate.write_rules(WELCOME.replace("Hello", "Good day") + LAPSED)
    simulate.settle()
    order = simulate.place_order(email="anna@example.com")
    simulate.settle()
    assert [] == simulate.notes(order)


def test_time_triggers_work_again_after_a_pause_without_another_order(simulate):
    order = simulate.place_order(email="anna@example.com")
    simulate.settle()
    pause(simulate, "lapsed")
    simulate.advance(days=20)
    simulate.settle()
    resume(simulate, "lapsed")
    simulate.settle()
    simulate.advance(days=21)
    simulate.settle()
    assert "Come back" in simulate.notes(order)


def test_a_workflow_that_is_switched_off_ends_its_runs_and_cancels_its_changes(simulate):
    """Unlike a pause."""
    waiting = simulate.place_order(email="anna@example.com")
    simulate.settle()
    queued = simulate.place_order(email="ben@example.com")
    simulate.run_pass(write=False)
    simulate.write_rules(WELCOME + "mode = off\n")
    simulate.settle()
    simulate.write_rules(WELCOME)
    simulate.advance(days=5)
    simulate.settle()
    assert (["Hello"], []) == (simulate.notes(waiting), simulate.notes(queued))
    reasons = {run.reason for run in simulate.runs("g:anna@example.com")}
    assert {"the workflow is switched off"} == reasons


def test_a_stopped_run_writes_nothing_more_and_does_not_start_again(simulate):
    order = simulate.place_order(email="anna@example.com")
    simulate.run_pass(write=False)
    (run,) = simulate.runs("g:anna@example.com")
    assert (True, 1, 0) == in_database(simulate, run_control.stop_run, run)
    simulate.settle()
    simulate.advance(days=5)
    simulate.settle()
    (run,) = simulate.runs("g:anna@example.com")
    assert ([], "ended", "stopped by hand") == (simulate.notes(order), run.state, run.reason)
    assert (False, 0, 0) == in_database(simulate, run_control.stop_run, run)


def test_a_run_that_waits_is_not_evaluated_again_and_again_in_a_pause(simulate):
    simulate.place_order(email="anna@example.com")
    simulate.settle()
    pause(simulate)
    simulate.advance(days=3)
    simulate.settle()
    simulate.advance(minutes=5)
    assert 0 == simulate.run_pass().evaluated.people
    (run,) = simulate.runs("g:anna@example.com")
    assert ("waiting", True) == (run.state, run.due_at + timedelta(hours=1) < simulate.now)


def queue_note(sim):
    """Place an order, and queue its note without writing it; return the order and its run."""
    order = sim.place_order(email="anna@example.com")
    sim.run_pass(approve=False, write=False)
    (run,) = sim.runs("g:anna@example.com")
    return order, run


def test_an_approval_leaves_out_what_a_pause_hides_from_the_plan(simulate):
    order, _ = queue_note(simulate)
    pause(simulate)
    with simulate.context() as context:
        assert 0 == maintenance.approve(context)
    resume(simulate)
    assert [False] == [each.approved for each in simulate.outbox() if each.run_id]
    simulate.settle()
    assert ["Hello"] == simulate.notes(order)


def test_a_pause_does_not_approve_the_first_changes(tmp_path):
    sim = Simulation(tmp_path, WELCOME + "existing = include\n")
    order = sim.place_order(email="anna@example.com")
    sim.run_pass(approve=False)
    for deed in (pause, resume):
        deed(sim)
        sim.run_pass(approve=False)
    assert [] == sim.notes(order)
    assert "the first change waits for your approval" == sim.hold().reason


def test_a_workflow_that_was_switched_off_writes_nothing_before_its_customers_are_evaluated(
    simulate,
):
    order, _ = queue_note(simulate)
    with simulate.context() as context:
        maintenance.approve(context)
    simulate.write_rules(WELCOME + "mode = off\n")
    with simulate.context() as context:
        sync.sync_once(context, time_limit=-timedelta(seconds=1))
        sync.deliver_store(context, all_evaluated=False)
    assert [] == simulate.notes(order)


def claim_note(sim):
    """Claim the queued note, as a process does that is killed while it writes."""
    with sim.db.transaction() as tx:
        return outbox.claim(tx, "shop", ["note"], sim.now, 1, "killed")


def test_a_change_that_a_killed_process_claimed_is_not_written_once_its_run_is_stopped(simulate):
    order, run = queue_note(simulate)
    assert 1 == len(claim_note(simulate))
    assert (True, 0, 1) == in_database(simulate, run_control.stop_run, run)
    simulate.advance(minutes=30)
    simulate.settle()
    assert [] == simulate.notes(order)


def test_a_change_that_was_refused_while_its_run_was_stopped_is_not_tried_again(simulate):
    order, run = queue_note(simulate)
    (entry,) = claim_note(simulate)
    in_database(simulate, run_control.stop_run, run)
    with simulate.db.transaction() as tx:
        waiting.postpone(tx, [entry.id], simulate.now, "the store took too long")
        waiting.postpone_untried(tx, entry, simulate.now, "coupons are disabled")
        waiting.postpone_kind(tx, "shop", entry, simulate.now, simulate.now, "disabled")
    simulate.settle()
    assert [] == simulate.notes(order)


def test_a_failed_change_of_a_stopped_run_is_cancelled(simulate):
    simulate.faults.fail_with(status=400, only="POST /wc/v3/orders/*/notes")
    simulate.place_order(email="anna@example.com")
    simulate.settle()
    (run,) = simulate.runs("g:anna@example.com")
    assert ["failed"] == [each.state for each in simulate.outbox() if each.run_id]
    assert (True, 1, 0) == in_database(simulate, run_control.stop_run, run)
    assert ["cancelled"] == [each.state for each in simulate.outbox() if each.run_id]


def test_what_a_workflow_queued_is_cancelled_when_it_is_removed_from_the_configuration(simulate):
    order, _ = queue_note(simulate)
    simulate.write_rules(LAPSED)
    simulate.settle()
    (entry,) = [each for each in simulate.outbox() if each.run_id]
    expected = ("cancelled", "the workflow is no longer in the configuration", [])
    assert expected == (entry.state, entry.outcome, simulate.notes(order))
