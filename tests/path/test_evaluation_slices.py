"""A great evaluation is cut into slices: news are asked for in between, and the brake sees it whole."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.simulation import Simulation
from wcflow import sync
from wcflow.evaluate import evaluation

RULES = "[segment Buyer]\nwhen = orders_count >= 1\n"
SLICE = timedelta(seconds=30)


@pytest.fixture
def small_batches(monkeypatch):
    monkeypatch.setattr(evaluation, "BATCH", 2)


@pytest.fixture
def sim(tmp_path, small_batches):
    sim = Simulation(tmp_path, RULES, wcflow="max_writes = 7\n")
    for number in range(6):
        sim.place_order(email=f"guest{number}@example.com", days_ago=1)
    sim.settle()
    return sim


def sync_in_slices(sim):
    """Walk with a clock on which each batch takes a good part of a slice; give each walk."""
    with sim.context() as context:

        def clock():
            sim.now += timedelta(seconds=20)
            return sim.now

        while True:
            walked = sync.sync_once(replace(context, clock=clock), time_limit=SLICE)
            yield walked
            if not walked.evaluated.incomplete:
                return


def test_each_slice_pulls_first_and_all_slices_together_judge_everyone(sim):
    sim.write_rules(RULES.replace("Buyer", "Customer"))

    walks = list(sync_in_slices(sim))

    assert len(walks) > 1
    assert all(walked.polled.requests for walked in walks)
    assert 6 == sum(walked.evaluated.people for walked in walks)


def test_nothing_is_written_before_everyone_was_judged(sim):
    sim.write_rules(RULES.replace("Buyer", "Customer"))

    walks = list(sync_in_slices(sim))

    *first, last = [walked.delivered.done for walked in walks]
    assert [0] * len(first) == first
    assert 6 == last


def test_the_brake_judges_all_slices_as_one(sim):
    """No slice alone queues more than may be written; all of them together do."""
    sim.change_settings()
    sim.head["wcflow"] = "max_writes = 5\n"
    sim.write_rules(RULES.replace("Buyer", "Customer"))

    walks = list(sync_in_slices(sim))

    assert all(walked.evaluated.queued <= 5 for walked in walks)
    assert 0 == sum(walked.delivered.done for walked in walks)
    assert "more than 5 changes at once (max_writes): 6" == sim.hold().reason


def test_the_first_sync_evaluates_everyone_once(tmp_path, small_batches):
    sim = Simulation(tmp_path, "[tag Buyer]\nwhen = orders_count >= 1\n")
    for number in range(3):
        sim.place_order(email=f"guest{number}@example.com", days_ago=1)

    first = sim.run_pass(accept=False)

    assert 3 == first.evaluated.people
