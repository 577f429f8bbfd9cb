"""Orders and accounts under anonymous or shared addresses belong to no customer."""

import pytest
from sqlalchemy import select

from tests.persons import keys
from tests.simulation import Simulation
from wcflow.cli.check_database import examine
from wcflow.database.tables import PersonRow
from wcflow.evaluate.percentiles import rank_customers

ERASED = "deleted@site.invalid"
RULES = """
[segment Buyer]
when = orders_count >= 1

[workflow thanks]
trigger = order_paid
do = add_note thanks
"""


@pytest.fixture
def simulate(tmp_path):
    def make(rules=RULES, **more):
        return Simulation(tmp_path, rules, **more)

    return make


def people(sim):
    with sim.db.reading() as tx:
        return set(keys(tx).values())


def assert_nobody(sim, *orders):
    """These orders have no person, no tags and no notes, and the database is sound."""
    assert [] == examine(sim.db, sim.config, sim.now).problems
    for order in orders:
        assert (frozenset(), []) == (sim.tags(order), sim.notes(order))


@pytest.mark.parametrize("known", [False, True])
def test_anonymised_orders_are_nobodys(simulate, known):
    """WordPress gives all of them one address; other plugins keep it and erase the names."""
    sim = simulate()
    if known:
        sim.settle()
        sim.advance(hours=1)
    names = {"first_name": "[deleted]", "last_name": "[deleted]"}
    erased = [
        *(sim.place_order(email=ERASED, billing=names) for _ in range(3)),
        sim.place_order(email="someone@nowhere.invalid"),
        sim.place_order(email="kept@example.com", billing=names),
    ]
    sim.place_order(email="anna@example.com")
    result = sim.settle()
    assert {"g:anna@example.com"} == people(sim)
    assert 0 == result.evaluated.people
    assert_nobody(sim, *erased)


@pytest.mark.parametrize("account", [False, True])
def test_a_person_whose_orders_are_anonymised_is_cleared(simulate, account):
    """As a person without an account and an order is."""
    sim = simulate()
    customer = sim.register("anna@example.com") if account else 0
    order = sim.place_order(customer=customer, email="anna@example.com", days_ago=3)
    sim.settle()
    key = f"c{customer}" if account else "g:anna@example.com"
    assert {"Buyer"} == set(sim.memory(key).segments)
    if account:
        sim.sandbox.delete_customer(customer, now=sim.now)
    names = {"first_name": "[deleted]", "last_name": "[deleted]"}
    sim.sandbox.edit_billing(order, now=sim.now, email=ERASED, **names)
    sim.advance(hours=1)
    sim.nightly()
    sim.settle()
    with sim.db.reading() as tx:
        left = tx.execute(select(PersonRow.orders_count).where(PersonRow.present)).all()
    assert (None, []) == (sim.memory(key), left)
    assert [] == examine(sim.db, sim.config, sim.now).problems


def test_what_waits_for_an_order_that_is_anonymised_is_cancelled(simulate):
    """A note can contain the name that was erased."""
    sim = simulate()
    sim.settle()
    sim.advance(hours=1)
    order = sim.place_order(email="anna@example.com")
    sim.run_pass(approve=False, write=False)
    sim.sandbox.edit_billing(order, now=sim.now, email=ERASED)
    sim.advance(minutes=5)
    sim.settle()
    assert [] == sim.notes(order)


def test_an_anonymised_order_of_an_account_does_not_count_for_it(simulate):
    sim = simulate("[segment Two]\nwhen = orders_count >= 2\n")
    customer = sim.register("anna@example.com")
    for email in ("anna@example.com", ERASED):
        sim.place_order(customer=customer, email=email)
    sim.settle()
    assert frozenset() == sim.customer_tags(customer)
    assert [] == examine(sim.db, sim.config, sim.now).problems


def test_anonymised_orders_have_no_place_in_percentiles(simulate):
    sim = simulate()
    for each in range(4):
        sim.place_order(email=ERASED, days_ago=each)
    sim.place_order(email="anna@example.com", days_ago=40)
    sim.place_order(email="anna@example.com", days_ago=30)
    sim.settle()
    (settings,) = sim.config.stores
    rank_customers(sim.db, sim.config, settings)
    memory = sim.memory("g:anna@example.com")
    assert (50, "10.0") == (memory.spend_percentile, sim.row().median_order_gap)


SHARED = "shared_emails = till@example.com, *@marketplace.example"


def test_shared_addresses_are_nobodys_also_as_accounts(simulate):
    sim = simulate(store=SHARED)
    till, vendor = sim.register("till@example.com"), sim.register("x7@marketplace.example")
    orders = [
        sim.place_order(email="Till@example.com"),
        sim.place_order(email="a1@marketplace.example"),
        sim.place_order(customer=till, email="till@example.com"),
        sim.place_order(customer=vendor, email="x7@marketplace.example"),
    ]
    sim.place_order(email="anna@notmarketplace.example")
    sim.settle()
    assert {"g:anna@notmarketplace.example"} == people(sim)
    assert [frozenset()] * 2 == [sim.customer_tags(each) for each in (till, vendor)]
    assert_nobody(sim, *orders)


def test_an_account_with_an_address_of_its_own_keeps_its_orders_from_the_till(simulate):
    sim = simulate(store=SHARED)
    customer = sim.register("anna@example.com")
    sim.place_order(customer=customer, email="till@example.com")
    sim.settle()
    assert {"Buyer"} == sim.customer_tags(customer)


def test_people_come_and_go_with_the_setting(simulate):
    """Who is somebody again has done nothing new."""
    sim = simulate()
    till = sim.register("till@example.com")
    sim.place_order(email="a1@marketplace.example", days_ago=3)
    sim.settle()
    sim.advance(hours=1)
    order = sim.place_order(email="a1@marketplace.example")
    sim.settle()
    everyone = {f"c{till}", "g:a1@marketplace.example"}
    assert everyone == people(sim)
    sim.head["store"] = SHARED
    sim.write_rules(RULES)
    sim.settle()
    assert set() == people(sim)
    while_shared = sim.place_order(email="a1@marketplace.example")
    sim.settle()
    sim.head["store"] = ""
    sim.advance(hours=1)
    sim.write_rules(RULES)
    sim.settle()
    assert everyone == people(sim)
    assert (["thanks"], []) == (sim.notes(order), sim.notes(while_shared))
