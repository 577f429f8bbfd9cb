"""An account and the guest orders under its address and under its billing address are one person."""

import pytest
from sqlalchemy import select

from tests.persons import keys
from tests.simulation import Simulation
from wcflow.cli.check_database import examine
from wcflow.database.tables import PersonRow

RULES = "[segment Two]\nwhen = orders_count >= 2\n"
WELCOME = "[workflow welcome]\ntrigger = first_order\ndo = add_note welcome\n"
WORK, HOME = "work@example.com", "anna@example.com"


@pytest.fixture
def sim(tmp_path):
    return Simulation(tmp_path, RULES + WELCOME)


def people(sim):
    """Everyone with the number of their orders."""
    with sim.db.reading() as tx:
        found = tx.execute(select(PersonRow.id, PersonRow.orders_count)).all()
        known = keys(tx)
    return {known[number]: count for number, count in found if number in known}


def people_of_a_fresh_import(sim, folder):
    """The same, and what a new database makes of the store; the database is sound."""
    assert [] == examine(sim.db, sim.config, sim.now).problems
    folder.mkdir()
    fresh = Simulation(folder, RULES + WELCOME)
    fresh.switch_store(sim.sandbox, sim.now)
    fresh.settle()
    assert people(fresh) == people(sim)
    return people(sim)


def lookups(sim):
    """The addresses that the last pass asked the store for."""
    asked = [call.params.get("email") for call in sim.calls if call.path.endswith("/customers")]
    return [email for email in asked if email]


def lose_address(sim, number):
    """Leave an account without an address of its own, as plugins create some."""
    account = sim.sandbox.state.customers[number]
    account.email = ""
    account.cached_json.clear()


def test_guest_orders_under_the_billing_address_belong_to_the_account(sim, tmp_path):
    account = sim.register(HOME, billing={"email": "Work@example.com"})
    sim.settle()
    for email in (HOME, WORK, "else@example.com"):
        sim.place_order(email=email)
    sim.settle()
    assert {f"c{account}": 2, "g:else@example.com": 1} == people_of_a_fresh_import(
        sim, tmp_path / "fresh"
    )
    assert {"Two"} == sim.customer_tags(account)


def test_a_billing_address_that_is_another_accounts_own_belongs_to_that_one(sim, tmp_path):
    first = sim.register(HOME, billing={"email": WORK})
    sim.place_order(email=WORK)
    sim.settle()
    second = sim.register(WORK)
    sim.advance(hours=1)
    sim.settle()
    assert {f"c{first}": 0, f"c{second}": 1} == people_of_a_fresh_import(sim, tmp_path / "fresh")


def test_an_account_without_an_address_takes_no_orders_from_the_one_that_has_it(sim, tmp_path):
    """Such as the account of a till, with the billing address of its latest customer."""
    till = sim.register("till@example.com", billing={"email": HOME})
    lose_address(sim, till)
    anna = sim.register(HOME)
    sim.place_order(email=HOME)
    sim.settle()
    assert {f"c{till}": 0, f"c{anna}": 1} == people_of_a_fresh_import(sim, tmp_path / "fresh")


def test_an_account_without_an_address_is_known_by_its_billing_address(sim, tmp_path):
    number = sim.register(HOME, billing={"email": WORK})
    lose_address(sim, number)
    sim.place_order(email=WORK)
    sim.settle()
    assert {f"c{number}": 1} == people_of_a_fresh_import(sim, tmp_path / "fresh")


def test_a_billing_address_of_two_accounts_belongs_to_neither(sim, tmp_path):
    first = sim.register(HOME, billing={"email": WORK})
    sim.place_order(email=WORK)
    sim.settle()
    second = sim.register("berta@example.com", billing={"email": WORK})
    sim.advance(hours=1)
    sim.settle()
    expected = {f"c{first}": 0, f"c{second}": 0, f"g:{WORK}": 1}
    assert expected == people_of_a_fresh_import(sim, tmp_path / "fresh")
    sim.sandbox.delete_customer(second, now=sim.now)
    sim.advance(days=2)
    sim.nightly()
    sim.settle()
    assert {f"c{first}": 1} == people_of_a_fresh_import(sim, tmp_path / "after")


def test_a_guest_becomes_the_account_that_takes_their_address_as_billing_address(sim, tmp_path):
    """They have been welcomed already."""
    sim.settle()
    sim.advance(hours=1)
    guest = sim.place_order(email=WORK)
    sim.settle()
    account = sim.register(HOME)
    sim.settle()
    sim.sandbox.edit_customer(account, now=sim.now, billing={"email": WORK})
    order = sim.place_order(customer=account)
    sim.settle()
    assert (["welcome"], []) == (sim.notes(guest), sim.notes(order))
    assert {f"c{account}": 2} == people_of_a_fresh_import(sim, tmp_path / "fresh")


def test_guest_orders_leave_with_the_billing_address(sim, tmp_path):
    account = sim.register(HOME, billing={"email": WORK})
    sim.place_order(email=WORK)
    sim.settle()
    sim.sandbox.edit_customer(account, now=sim.now, billing={"email": HOME})
    sim.place_order(customer=account)
    sim.settle()
    assert {f"c{account}": 1, f"g:{WORK}": 1} == people_of_a_fresh_import(sim, tmp_path / "fresh")


def test_an_account_whose_address_changed_this_morning_is_not_welcomed_as_a_guest(sim):
    """Nothing lists the change, so the store is asked for the address of an unknown guest."""
    account = sim.register(HOME)
    sim.settle()
    first = sim.place_order(customer=account)
    sim.settle()
    sim.sandbox.change_email(account, "new@example.com", now=sim.now)
    sim.sandbox.edit_customer(account, now=sim.now, billing={"email": "new@example.com"})
    sim.advance(hours=1)
    order = sim.place_order(email="new@example.com")
    sim.settle()
    assert (["welcome"], [], {f"c{account}": 2}) == (
        sim.notes(first),
        sim.notes(order),
        people(sim),
    )


def test_the_store_is_asked_once_for_each_unknown_address(sim):
    sim.register(HOME, billing={"email": WORK})
    sim.place_order(email="old@example.com", days_ago=9)
    sim.run_pass()
    assert [] == lookups(sim)  # the initial import reads all accounts anyway
    sim.advance(hours=1)
    unusable = ("anna@localhost", "deleted@site.invalid")
    for email in ("new@example.com", "new@example.com", "old@example.com", HOME, WORK, *unusable):
        sim.place_order(email=email)
    sim.run_pass(approve=False)
    assert ["new@example.com"] == lookups(sim)
    sim.place_order(email="new@example.com")
    sim.advance(minutes=5)
    sim.run_pass(approve=False)
    assert [] == lookups(sim)


def test_a_store_that_refuses_an_address_is_no_failure(sim):
    """WordPress does not accept every address that a checkout accepted."""
    sim.settle()
    sim.advance(hours=1)
    order = sim.place_order(email="anna@exämple.com")
    sim.run_pass(approve=False)
    assert ["anna@exämple.com"] == lookups(sim)
    sim.settle()
    assert ["welcome"] == sim.notes(order)
