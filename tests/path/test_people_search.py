"""Searches and lists of people give the same on SQLite and on PostgreSQL."""

import pytest

from tests.persons import keys
from tests.simulation import Simulation
from wcflow.database.outbox_batches import load_batches
from wcflow.database.people_search import Belonging, find_by_order, find_by_text, likely_names
from wcflow.evaluate.context import read_context
from wcflow.evaluate.listing import Selection, list_people
from wcflow.outbox.planned import load_plans
from wcflow.rules.context import RulePlace
from wcflow.rules.parser import parse_condition

RULES = "[segment Buyer]\nwhen = orders_count >= 1\n\n[tag Big]\nwhen = total_spent > 150\n"
BELONGING = Belonging(frozenset(), "by_email")


@pytest.fixture
def sim(tmp_path, database_url):
    simulation = Simulation(tmp_path, RULES, database=database_url)
    for first, last in (("Élodie", "D'Angelo"), ("Bob", "50%_Off"), ("Marie", "Müller")):
        email = f"{first[0].lower().replace('é', 'e')}@example.com"
        number = simulation.register(email, days_ago=90, first_name=first, last_name=last)
        simulation.place_order(
            customer=number, days_ago=30, total=f"{number}00.00", number=f"A-{number}"
        )
    guest = {"first_name": "Zoë", "last_name": "Guest", "email": "zoe@example.com"}
    simulation.place_order(email="zoe@example.com", days_ago=20, billing=guest)
    simulation.run_pass(approve=False, write=False)
    yield simulation
    simulation.db.close()


def search(sim, find, text):
    with sim.db.reading() as tx:
        key_of = keys(tx, "shop")
        return {key_of[person] for person in find(tx, "shop", text, BELONGING)}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("élodie", {"c1"}),
        ("ÉLODIE d'angelo", {"c1"}),
        ("elodie", set()),
        ("50%_off", {"c2"}),
        ("%", {"c2"}),
        ("müller", {"c3"}),
        ("ZOË", {"g:zoe@example.com"}),
        ("E@EXAMPLE.C", {"c1", "g:zoe@example.com"}),
        ("_", {"c2"}),
    ],
)
def test_people_are_found_by_name_and_address(sim, text, expected):
    assert expected == search(sim, find_by_text, text)


def test_a_text_of_many_words_is_searched(sim):
    assert set() == search(sim, find_by_text, "word " * 5000)
    assert {"c3"} == search(sim, find_by_text, "marie " * 5000)


def test_people_are_found_by_the_number_and_the_id_of_an_order(sim):
    assert {"c2"} == search(sim, find_by_order, "a-2")
    first, *_rest = sim.sandbox.order_ids()
    assert {"c1"} == search(sim, find_by_order, str(first))
    assert set() == search(sim, find_by_order, "9" * 30)


def test_likely_names_begin_with_the_same_letter(sim):
    with sim.db.reading() as tx:
        assert ["Marie Müller"] == likely_names(tx, "shop", "marie muller")
        assert ["Zoë Guest"] == likely_names(tx, "shop", "zoë guset")
        assert ["zoe@example.com"] == likely_names(tx, "shop", "zoé@example.com")
        assert [] == likely_names(tx, "shop", "")


@pytest.mark.parametrize("size", [1, 2, 100])
def test_every_waiting_change_is_in_one_batch_with_the_others_of_its_person(sim, size):
    with sim.db.reading() as tx:
        batches = [
            [(entry.person, entry.id) for entry in batch]
            for batch in load_batches(tx, "shop", "due", size)
        ]
        people = [{person for person, _ in batch} for batch in batches]
    assert 7 == sum(map(len, batches)) == len({each for batch in batches for each in batch})
    assert all(len(each) <= size for each in people)
    assert 4 == sum(map(len, people)), "no person is in two batches"


def test_the_plan_of_a_person_has_the_customer_before_the_order(sim):
    with sim.db.reading() as tx:
        plans = [plan for part in load_plans(tx, "shop", sim.config) for plan in part]
    assert ["c1", "c2", "c3", "g:zoe@example.com"] == [plan.key for plan in plans]
    assert ["tags_customer", "tags_order"] == [each.entry.kind for each in plans[0].previews]


def test_people_are_listed_with_their_figures(sim):
    selection = Selection("Buyer", "big", parse_condition("total_spent < 300", RulePlace()))
    with sim.db.reading() as tx:
        context = read_context(tx, sim.config, sim.config.stores[0], sim.now)
        (bob,) = list_people(tx, context, selection, 5)
    assert ("Bob 50%_Off", 1, "200.00") == (
        bob.contact.name,
        bob.orders_count,
        str(bob.total_spent),
    )
    assert (["Buyer"], ["Big", "Buyer"], 1) == (bob.segments, bob.tags, selection.matched)
