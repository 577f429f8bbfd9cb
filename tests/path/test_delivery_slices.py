"""A pass delivers for a limited time, and what just happened goes before a large backlog."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.simulation import Simulation
from wcflow import maintenance, sync
from wcflow.evaluate.entries import RECENT

RULES = """
[tag Buyer]
when = orders_count >= 1

[workflow thanks]
trigger = order_paid
do =
    add_note Thank you
"""
BACKLOG = 120


@pytest.fixture
def sim(tmp_path):
    """A store whose initial import left a large backlog of approved tags."""
    sim = Simulation(tmp_path, RULES)
    sim.old = [
        sim.place_order(email=f"old{number}@example.com", days_ago=30) for number in range(BACKLOG)
    ]
    sim.run_pass(approve=False, write=False)
    with sim.context() as context:
        maintenance.approve(context)
    return sim


def run_slice(sim, seconds):
    """Run one pass in which every request takes a second."""
    with sim.context() as context:
        started, requests = sim.now, context.store.requests

        def clock():
            return started + timedelta(seconds=context.store.requests - requests)

        timed = replace(context, clock=clock)
        result = sync.sync_once(timed, time_limit=timedelta(seconds=seconds))
        sim.now = clock()
    return result


def test_a_pass_stops_delivering_at_its_time_limit_and_the_next_goes_on(sim):
    first = run_slice(sim, seconds=2).delivered
    assert first.interrupted
    assert 0 < first.done < BACKLOG
    passes = 1
    while run_slice(sim, seconds=2).delivered.interrupted:
        passes += 1
    assert 1 < passes < BACKLOG
    assert [{"Buyer"}] * BACKLOG == [sim.tags(each) for each in sim.old]


def test_a_new_order_goes_before_the_backlog(sim):
    new = sim.place_order(email="new@example.com")
    sim.advance(minutes=3)
    with sim.context() as context:
        sync.sync_once(context, write=False)
        maintenance.approve(context)
    run_slice(sim, seconds=6)
    assert ({"Buyer"}, ["Thank you"]) == (sim.tags(new), sim.notes(new))
    assert set() in [sim.tags(each) for each in sim.old]


def test_what_happened_long_ago_is_not_urgent(sim):
    late = sim.place_order(email="late@example.com")
    sim.advance(hours=2)
    assert timedelta(hours=2) > RECENT
    sim.run_pass(approve=False, write=False)
    assert [False] * (BACKLOG + 2) == [each.urgent for each in sim.outbox(states=["due"])]
    assert late
