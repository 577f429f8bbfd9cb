"""Subscriptions are polled where the store has them, and start workflows."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from tests.simulation import Simulation
from wcflow import sync
from wcflow.database.sql import table_of
from wcflow.database.subscriptions import load_subscription_ids
from wcflow.database.tables import RunRow, SubscriptionRow
from wcflow.poll.pull import run_resync
from wcflow.sandbox import subscriptions

RULES = """
[workflow began]
trigger = subscription_started
do = add_note Welcome, subscriber
[workflow soon]
trigger = subscription_renewal 3d before
do = add_note It renews on {{ next_payment_date }}
[workflow renewed]
trigger = subscription_renewed
do = add_note Thank you for staying
[workflow gone]
trigger = subscription_cancelled
do = add_note Sorry to see you go
[workflow failed]
trigger = order_failed
when = order.is_renewal
do = add_note Please update your card
[tag Subscriber]
when = has_subscription
"""
RUNS = table_of(RunRow)
ANNA = "anna@example.com"


@pytest.fixture
def sim(tmp_path):
    simulation = Simulation(tmp_path, RULES, plugins=("subscriptions",))
    simulation.customer = simulation.register(ANNA, days_ago=90)
    simulation.order = simulation.place_order(customer=simulation.customer, email=ANNA, days_ago=60)
    simulation.settle()
    simulation.advance(hours=1)
    return simulation


def begin(sim, **fields):
    fields = {"customer_id": sim.customer, "email": ANNA} | fields
    number = subscriptions.begin(sim.sandbox.state, now=sim.now, **fields)
    sim.settle()
    sim.advance(hours=1)
    return number


def change(sim, number, **fields):
    subscriptions.change(sim.sandbox.state, number, now=sim.now, **fields)
    sim.settle()
    sim.advance(hours=1)


def renew(sim, number, status):
    order = sim.place_order(
        customer=sim.customer,
        email=ANNA,
        status=status,
        created_via="subscription",
        meta={"_subscription_renewal": str(number)},
    )
    sim.settle()
    sim.advance(hours=1)
    return order


def test_a_subscription_that_begins_and_ends_starts_its_workflows_once(sim):
    number = begin(sim)
    assert ["Welcome, subscriber"] == sim.notes(sim.order)
    assert {"Subscriber"} == sim.tags(sim.order)

    change(sim, number, status="pending-cancel")
    change(sim, number, status="cancelled", next_payment=None)
    sim.settle()
    assert ["Welcome, subscriber", "Sorry to see you go"] == sim.notes(sim.order)
    assert set() == sim.tags(sim.order)


def test_subscriptions_from_before_the_first_import_are_history(tmp_path):
    sim = Simulation(tmp_path, RULES, plugins=("subscriptions",))
    customer = sim.register(ANNA, days_ago=90)
    order = sim.place_order(customer=customer, email=ANNA, days_ago=60)
    subscriptions.begin(
        sim.sandbox.state, now=sim.now - timedelta(days=60), customer_id=customer, email=ANNA
    )
    sim.settle()

    assert [] == sim.notes(order)
    assert {"Subscriber"} == sim.tags(order)


def test_a_renewal_is_announced_on_its_day_and_not_the_day_before(sim):
    begin(sim, next_payment=sim.now + timedelta(days=10))
    for _ in range(6):
        sim.advance(days=1)
        sim.run_pass(check_store=False)
    assert ["Welcome, subscriber"] == sim.notes(sim.order)

    for _ in range(2):
        sim.advance(days=1)
        sim.run_pass(check_store=False)
    assert "It renews on" in sim.notes(sim.order)[-1]
    assert 2 == len(sim.notes(sim.order))


def test_a_renewal_that_fails_twice_and_is_then_paid_is_told_once_each(sim):
    number = begin(sim)
    renewal = renew(sim, number, "failed")
    sim.sandbox.set_status(renewal, "pending", now=sim.now)
    sim.settle()
    sim.advance(hours=1)
    sim.sandbox.fail(renewal, now=sim.now)
    sim.settle()
    sim.advance(hours=1)
    sim.sandbox.pay(renewal, now=sim.now)
    sim.settle()

    assert ["Please update your card", "Thank you for staying"] == sim.notes(renewal)


def test_the_subscription_of_a_guest_belongs_to_their_address(sim):
    order = sim.place_order(email="guest@example.com")
    begin(sim, customer_id=0, email="guest@example.com")

    assert ["Welcome, subscriber"] == sim.notes(order)


def test_an_idle_store_is_asked_for_its_subscriptions_once_a_poll(sim):
    begin(sim)
    sim.run_pass(check_store=False)
    asked = [call for call in sim.calls if "subscriptions" in call.path]

    assert 2 >= len(asked) >= 1


def test_a_subscription_that_is_deleted_in_the_store_is_dropped_at_night(sim):
    first, second = begin(sim), begin(sim)
    del sim.sandbox.state.subscriptions[first]
    sim.advance(days=1)
    sim.nightly()

    with sim.db.reading() as tx:
        assert {second} == load_subscription_ids(tx, "shop")


def test_an_empty_answer_drops_no_subscription(sim):
    number = begin(sim)
    sim.sandbox.state.subscriptions.clear()
    sim.advance(days=1)
    sim.nightly()

    with sim.db.reading() as tx:
        assert {number} == load_subscription_ids(tx, "shop")


def test_without_the_plugin_nothing_is_requested(tmp_path):
    sim = Simulation(tmp_path, "")
    sim.settle()

    assert not sim.row().has_subscriptions
    assert [] == [call for call in sim.calls if "subscriptions" in call.path]


def test_a_plugin_that_is_switched_off_does_not_stop_the_poll(sim):
    begin(sim)
    settings = sim.sandbox.state.settings
    sim.sandbox.state.settings = replace(settings, plugins=frozenset())
    sim.place_order(email="other@example.com")
    sim.run_pass(check_store=False)

    assert not sim.row().has_subscriptions
    assert sim.memory("g:other@example.com").evaluated_at is not None


@pytest.mark.parametrize("status", [400, 500])
def test_a_plugin_that_fails_does_not_stop_the_poll(sim, status):
    """Its subscriptions are read once it works again."""
    first = begin(sim)
    sim.faults.fail_with(status=status, only="GET */subscriptions", times=None)
    second = subscriptions.begin(
        sim.sandbox.state, now=sim.now, customer_id=sim.customer, email=ANNA
    )
    sim.place_order(email="other@example.com")
    sim.run_pass(check_store=False)
    assert sim.row().has_subscriptions
    assert sim.memory("g:other@example.com").evaluated_at is not None

    sim.faults.recover()
    sim.settle()
    with sim.db.reading() as tx:
        assert {first, second} == load_subscription_ids(tx, "shop")


def test_a_resync_reads_all_subscriptions_again(sim):
    first = begin(sim)
    sim.advance(days=2)
    second = begin(sim)
    with sim.db.transaction() as tx:
        tx.execute(table_of(SubscriptionRow).delete())
    sim.run_pass(check_store=False)
    with sim.db.reading() as tx:
        assert first not in load_subscription_ids(tx, "shop")

    with sim.context() as context, sim.db.reading() as tx:
        poll = sync.poll_context(tx, context)
    with sim.context() as context:
        run_resync(replace(poll, client=context.store))
    with sim.db.reading() as tx:
        assert {first, second} == load_subscription_ids(tx, "shop")


def test_a_subscription_that_another_person_gets_starts_nothing_again(sim):
    """The guest registers and changes the address, which then becomes another account's."""
    guest = "guest@example.com"
    sim.place_order(email=guest)
    number = begin(
        sim, customer_id=0, email=guest, next_payment=sim.now + timedelta(days=3, hours=-1)
    )
    change(sim, number, status="pending-cancel")
    change(sim, number, status="active")
    account = sim.register(guest)
    sim.settle()
    sim.sandbox.change_email(account, "new@example.com", now=sim.now)
    sim.register(guest)
    for _ in range(2):
        sim.advance(hours=12)
        sim.settle()
    change(sim, number, status="cancelled")

    with sim.db.reading() as tx:
        runs = tx.execute(select(RUNS.c.workflow, RUNS.c.event, RUNS.c.person)).all()
    started = sorted((workflow, event) for workflow, event, _ in runs)
    assert [
        ("began", f"subscription {number} started"),
        ("gone", f"subscription {number} cancelled"),
        ("gone", f"subscription {number} cancelled again (2)"),
        ("soon", f"subscription {number} renewal 1"),
    ] == started
    assert 2 == len({person for *_, person in runs})
