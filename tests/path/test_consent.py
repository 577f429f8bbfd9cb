"""Changes of consent in the store become events, once each, and start workflows."""

import pytest

from tests.persons import person
from tests.simulation import Simulation
from wcflow.database.events import load_events
from wcflow.database.identity import move_identity

RULES = """
[workflow hello]
trigger = customer_subscribed
do = add_note Welcome to our newsletter
[workflow farewell]
trigger = customer_unsubscribed
do = add_note Goodbye
"""
CONSENT = "consent_meta = newsletter, opt_in"
ANNA = "anna@example.com"


@pytest.fixture
def sim(tmp_path):
    return Simulation(tmp_path, RULES, store=CONSENT)


def order(sim, **meta):
    number = sim.place_order(email=ANNA, meta=meta)
    sim.settle()
    sim.advance(hours=1)
    return number


def kinds(sim, key=f"g:{ANNA}"):
    with sim.db.reading() as tx:
        one = person(tx, key)
        return [each.kind for each in load_events(tx, "shop", [one]).get(one, ())]


def test_consent_from_before_the_first_import_is_no_event(sim):
    number = sim.place_order(email=ANNA, meta={"newsletter": "yes"}, days_ago=3)
    sim.settle()

    assert [] == sim.notes(number)
    assert sim.memory(f"g:{ANNA}").consent is True


def test_a_guest_who_agrees_and_later_does_not_starts_one_workflow_each(sim):
    sim.settle()
    sim.advance(hours=1)
    first = order(sim, newsletter="yes")
    second = order(sim, newsletter="2026-06-15")
    third = order(sim, newsletter="no")

    assert [["Welcome to our newsletter"], [], ["Goodbye"]] == [
        sim.notes(each) for each in (first, second, third)
    ]
    assert ["consent_given", "consent_withdrawn"] == kinds(sim)


def test_consent_of_an_account_is_noticed_when_the_account_is_read(sim):
    customer = sim.register("berta@example.com", meta={"opt_in": "0"}, days_ago=9)
    sim.settle()
    sim.advance(hours=1)
    sim.sandbox.edit_customer_meta(customer, "opt_in", "1", now=sim.now)
    number = sim.place_order(customer=customer, email="berta@example.com")
    sim.settle()

    assert ["Welcome to our newsletter"] == sim.notes(number)


def test_a_setting_that_is_added_later_is_no_event(tmp_path):
    sim = Simulation(tmp_path, RULES)
    sim.settle()
    sim.advance(hours=1)
    number = order(sim, newsletter="yes")
    sim.head["store"] = CONSENT
    sim.write_rules(RULES)
    for _ in range(3):
        sim.settle()
        sim.advance(hours=1)

    assert ([], True) == (sim.notes(number), sim.memory(f"g:{ANNA}").consent)


def test_a_guest_who_registers_half_way_gives_consent_once(sim):
    sim.settle()
    sim.advance(hours=1)
    number = order(sim, newsletter="yes")
    customer = sim.register(ANNA)
    sim.settle()
    sim.advance(hours=1)
    sim.sandbox.edit_customer_meta(customer, "newsletter", "1", now=sim.now)
    second = sim.place_order(customer=customer, email=ANNA)
    sim.settle()

    assert (["Welcome to our newsletter"], []) == (sim.notes(number), sim.notes(second))


def test_consent_survives_the_merge_of_two_persons(sim):
    sim.settle()
    sim.advance(hours=1)
    order(sim, newsletter="yes")
    customer = sim.register("new@example.com")
    sim.settle()
    with sim.db.transaction() as tx:
        move_identity(tx, "shop", f"g:{ANNA}", f"c{customer}", ANNA)

    assert sim.memory(f"c{customer}").consent is True
