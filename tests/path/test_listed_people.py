"""What lists show of people follows their account and orders, and is saved with each evaluation."""

import pytest
from sqlalchemy import select

from tests.persons import person
from tests.simulation import Simulation
from wcflow.database.listed_people import list_key
from wcflow.database.search_text import phone_digits, sort_name
from wcflow.database.sql import instant, table_of
from wcflow.database.tables import PersonRow

_PERSONS = table_of(PersonRow)
BILLING = {"company": "ACME Straße", "phone": "+49 (0)30 / 12-34", "last_name": "Öz"}


@pytest.fixture
def sim(tmp_path, database_url):
    simulation = Simulation(tmp_path, "[segment Buyer]\nwhen = orders_count >= 1\n")
    yield simulation
    simulation.db.close()


def facts(sim, key):
    sim.run_pass(approve=False, write=False)
    names = ("name", "sort_name", "phone", "company", "total_spent", "orders_count")
    with sim.db.reading() as tx:
        here = _PERSONS.c.id == person(tx, key)
        row = tx.execute(select(_PERSONS).where(here)).one()
    ages = [at and (sim.now - instant(at)).days for at in (row.since, row.last_order)]
    return *(getattr(row, name) for name in names), *ages


def test_a_guest_has_the_name_number_and_company_of_their_newest_order(sim):
    sim.place_order(email="a@example.com", days_ago=9, billing={"phone": "1", "last_name": "O"})
    sim.place_order(email="a@example.com", days_ago=5, total="12.34", billing=BILLING)
    expected = ("Öz", "oz", "490301234", "acme strasse", 11234, 2, 9, 5)
    assert expected == facts(sim, "g:a@example.com")


def test_an_account_comes_before_its_orders(sim):
    number = sim.register("b@example.com", days_ago=30, first_name="Bo", billing={"phone": "77"})
    sim.place_order(customer=number, days_ago=5, billing=BILLING)
    assert ("Bo", "bo", "77", "acme strasse", 10000, 1, 30, 5) == facts(sim, f"c{number}")


def test_an_order_before_the_registration_says_since_when_someone_is_a_customer(sim):
    sim.place_order(email="b@example.com", days_ago=50)
    number = sim.register("b@example.com", days_ago=30)
    assert 50 == facts(sim, f"c{number}")[-2]


def test_without_a_paid_order_there_is_no_last_order_and_without_a_name_the_address_sorts(sim):
    sim.place_order(email="b@example.com", days_ago=9, status="cancelled")
    expected = ("", "b@example.com", "", "", 0, 0, 9, None)
    assert expected == facts(sim, "g:b@example.com")


def test_a_change_in_the_store_is_saved_with_the_next_evaluation(sim):
    number = sim.register("b@example.com", days_ago=30, first_name="Bo")
    assert "Bo" == facts(sim, f"c{number}")[0]
    sim.sandbox.edit_customer(number, now=sim.now, first_name="Bea")
    sim.place_order(customer=number, days_ago=0)
    sim.advance(days=1)
    assert "Bea" == facts(sim, f"c{number}")[0]


def test_keys_names_and_numbers_are_written_for_sorting_and_searching():
    keys = ["c9", "c10", "c100", "g:9@x", "g:guest9@x", "g:guest10@x", "g:guest@x"]
    shuffled = ["g:guest@x", "c100", "g:guest10@x", "c9", "g:9@x", "g:guest9@x", "c10"]
    assert keys == sorted(shuffled, key=list_key)
    assert "muller strasse" == sort_name("  Müller   STRASSE ")
    assert "4930123" == phone_digits("+49 (30) 1-2-٣")
    assert 200 >= len(sort_name("ﷺ" * 500))
