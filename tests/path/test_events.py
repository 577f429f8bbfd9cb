"""Stored events start workflows, each once."""

from datetime import timedelta

import pytest

from tests.persons import person
from tests.simulation import Simulation
from wcflow.database.events import load_events, save_events
from wcflow.database.identity import move_identity
from wcflow.profile import StoredEvent
from wcflow.rules import arguments
from wcflow.rules.events import Event
from wcflow.rules.triggers import TRIGGERS, parse_trigger, trigger

RULES = """
[workflow thanks]
trigger = consent_given
do = add_note Thank you, {{ email }}
"""
ANNA = "g:anna@example.com"


@pytest.fixture(autouse=True)
def consent_given():
    @trigger("consent_given", "consent is given", "consent_given", arguments.no_argument)
    def _consent_given(context, _argument):
        return [Event(each.key, each.at) for each in context.events if each.kind == "consent"]

    yield
    del TRIGGERS["consent_given"]
    parse_trigger.cache_clear()


@pytest.fixture
def sim(tmp_path):
    simulation = Simulation(tmp_path, RULES)
    simulation.order = simulation.place_order(email="anna@example.com")
    simulation.settle()
    simulation.advance(hours=1)
    return simulation


def give_consent(sim, key="consent given by form 7", *, ago=timedelta(0)):
    with sim.db.transaction() as tx:
        event = StoredEvent("consent", key, sim.now - ago, "test", {"form": 7})
        save_events(tx, "shop", {person(tx, ANNA): [event]})


def test_an_event_starts_a_workflow_once(sim):
    for _ in range(2):
        give_consent(sim)
        sim.settle()
        sim.advance(hours=1)

    assert ["Thank you, anna@example.com"] == sim.notes(sim.order)


def test_two_events_start_a_workflow_twice(sim):
    give_consent(sim, "first")
    give_consent(sim, "second")
    sim.settle()

    assert ["Thank you, anna@example.com"] * 2 == sim.notes(sim.order)


def test_an_event_from_before_the_workflow_starts_nothing(sim):
    give_consent(sim, ago=timedelta(days=30))
    sim.settle()

    assert [] == sim.notes(sim.order)


def test_events_are_loaded_as_they_were_saved_and_follow_the_person(sim):
    give_consent(sim)
    with sim.db.transaction() as tx:
        move_identity(tx, "shop", ANNA, "c5", "anna@example.com")
        found = load_events(tx, "shop", [person(tx, "c5")])

    saved = StoredEvent("consent", "consent given by form 7", sim.now, "test", {"form": 7})
    assert [(saved,)] == list(found.values())
