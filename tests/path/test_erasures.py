"""A deleted customer leaves nothing behind that says who they were, and nothing is done twice."""

import pytest

from tests.persons import person
from tests.simulation import Simulation
from wcflow.customers import erasure, notes
from wcflow.customers.erasure import Orders
from wcflow.database import erasures, people
from wcflow.database.edits import EditedBy
from wcflow.database.orders import load_orders

RULES = """
[tag Known]
when = orders_count >= 1

[coupon welcome]
type = percent
amount = 10

[workflow hello]
trigger = first_order
do =
    create_coupon welcome
    add_note Code {{ coupon.code }} for {{ email }}
"""
ADDRESS = {"first_name": "Anna", "last_name": "Meier", "phone": "+49 30 123", "city": "Berlin"}


@pytest.fixture
def sim(tmp_path):
    simulation = Simulation(tmp_path, RULES)
    simulation.register("anna@example.com", days_ago=90, first_name="Anna", billing=ADDRESS)
    simulation.register("ben@example.com", days_ago=90)
    simulation.settle()
    simulation.place_order(customer=1, billing=ADDRESS, email="anna@example.com")
    simulation.place_order(email="guest@example.com", billing={"first_name": "Gus"})
    simulation.settle()
    yield simulation
    simulation.db.close()


def erase(sim, key="c1", orders=Orders.ANONYMIZE, **by):
    (settings,) = sim.config.stores
    with sim.db.transaction() as tx:
        who = person(tx, key)
        return erasure.erase(tx, settings, who, EditedBy("maria", sim.now, **by), orders=orders)


def receipts(sim):
    with sim.db.reading() as tx:
        return erasures.load_erasures(tx, "shop")


def orders_of(sim):
    with sim.db.reading() as tx:
        return load_orders(tx, "shop", range(1, 5000))


def stored(sim):
    """Return everything that the database contains, as lines of text."""
    with sim.db._engine.connect() as tx:
        return [*tx.connection.driver_connection.iterdump()]


def finish(sim, passes=2):
    for _ in range(passes):
        sim.advance(minutes=1)
        sim.run_pass(approve=False)


def test_orders_stay_without_personal_data_and_the_account_is_deleted_after_them(sim):
    order = next(iter(orders_of(sim)))
    erase(sim)
    sim.run_pass(approve=False)
    there = sim.sandbox.order(order)
    assert ("deleted@site.invalid", "[deleted]", "[deleted]") == (
        there["billing"]["email"],
        there["billing"]["first_name"],
        there["billing"]["city"],
    )
    assert ("+00 00 000", 0, "100.00") == (
        there["billing"]["phone"],
        there["customer_id"],
        there["total"],
    )
    assert [] == [each for each in there["meta_data"] if each["key"].startswith("wcflow_")]
    assert ["Personal data removed."] == [each["note"] for each in sim.sandbox.notes(order)]
    assert "deleted@site.invalid" == orders_of(sim)[order].email
    assert sim.sandbox.customer(1)
    assert receipts(sim)[0].finished_at is None
    sim.run_pass(approve=False)
    assert [2] == [*sim.sandbox.customer_ids()]
    assert receipts(sim)[0].finished_at == sim.now


def test_orders_are_deleted_if_wanted(sim):
    _first, second = orders_of(sim)
    erase(sim, orders=Orders.DELETE)
    assert {second} == {*orders_of(sim)}
    finish(sim)
    assert [second] == [*sim.sandbox.order_ids()]
    assert {second} == {*orders_of(sim)}
    assert receipts(sim)[0].finished_at


def test_a_guest_is_deleted_with_their_orders_anonymized(sim):
    erase(sim, "g:guest@example.com")
    finish(sim)
    assert ["anna@example.com", "deleted@site.invalid"] == sorted(
        sim.sandbox.order(each)["billing"]["email"] for each in sim.sandbox.order_ids()
    )
    assert 2 == len(sim.sandbox.customer_ids())
    assert receipts(sim)[0].finished_at


def test_nothing_in_the_database_says_who_it_was(sim):
    with sim.db.transaction() as tx:
        by, who = EditedBy("maria", sim.now), person(tx, "c1")
        notes.add_note(tx, "shop", who, "Anna Meier likes tea", by)
    erase(sim)
    finish(sim)
    sim.nightly()
    with sim.db.reading() as tx:
        assert None is people.find_person(tx, "shop", "anna@example.com")
    words = ("anna", "Anna", "likes tea", "30 123")
    assert [] == [line for line in stored(sim) if any(word in line for word in words)]
