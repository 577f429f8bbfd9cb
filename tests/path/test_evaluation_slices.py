"""A long evaluation is split over several syncs, but the write limit applies to all of it."""

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
    """Sync until everyone is evaluated, and once more; each batch takes 20 of a slice's 30 seconds."""
    with sim.context() as context:

        def clock():
            sim.now += timedelta(seconds=20)
            return sim.now

        while True:
            result = sync.sync_once(replace(context, clock=clock), time_limit=SLICE)
            yield result
            if not result.evaluated.incomplete:
                # With that clock, no time would be left to deliver.
                yield sync.sync_once(context)
                return


def test_each_slice_polls_first_and_together_they_evaluate_everyone(sim):
    sim.write_rules(RULES.replace("Buyer", "Customer"))

    results = list(sync_in_slices(sim))

    assert len(results) > 1
    assert all(result.polled.requests for result in results)
    assert 6 == sum(result.evaluated.people for result in results)


def test_nothing_is_written_before_everyone_is_evaluated(sim):
    sim.write_rules(RULES.replace("Buyer", "Customer"))

    results = list(sync_in_slices(sim))

    *first, last = [result.delivered.done for result in results]
    assert [0] * len(first) == first
    assert 6 == last


def test_the_write_limit_applies_to_all_slices_together(sim):
    """Each slice alone is below the limit."""
    sim.change_settings()
    sim.head["wcflow"] = "max_writes = 5\n"
    sim.write_rules(RULES.replace("Buyer", "Customer"))

    results = list(sync_in_slices(sim))

    assert all(result.evaluated.queued <= 5 for result in results)
    assert 0 == sum(result.delivered.done for result in results)
    assert "more than 5 changes at once (max_writes): 6" == sim.hold().reason


def test_the_first_sync_evaluates_everyone_once(tmp_path, small_batches):
    sim = Simulation(tmp_path, "[tag Buyer]\nwhen = orders_count >= 1\n")
    for number in range(3):
        sim.place_order(email=f"guest{number}@example.com", days_ago=1)

    first = sim.run_pass(approve=False)

    assert 3 == first.evaluated.people


def test_the_first_changes_wait_even_if_the_first_slice_has_none(tmp_path, small_batches):
    sim = Simulation(tmp_path, "[tag Big]\nwhen = total_spent > 500\n")
    for number in range(6):
        total = "900.00" if number == 5 else "10.00"
        sim.place_order(email=f"guest{number}@example.com", days_ago=1, total=total)
    with sim.context() as context:
        sync.refresh_store_info(context)
    results = list(sync_in_slices(sim))
    assert len(results) > 1
    assert 0 == sum(result.delivered.done for result in results)
    assert sim.hold().reason.startswith("the first ")
