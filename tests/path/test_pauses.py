"""A paused workflow starts nothing and continues nothing; its runs and changes wait."""

from datetime import timedelta

import pytest

from tests.simulation import Simulation
from wcflow.database import pauses, run_control

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
