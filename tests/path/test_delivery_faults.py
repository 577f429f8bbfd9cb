"""Delivery with faults: before a retry, wcflow checks whether the first try succeeded."""

import contextlib

import pytest

from tests.histories.fault_kinds import FAULTS
from tests.simulation import ProcessKilled, Simulation
from wcflow import sync
from wcflow.database import outcomes
from wcflow.errors import StoreError

RULES = """
[workflow welcome]
trigger = first_order
do =
    create_coupon thanks
    add_note Your code is {{ coupon.code }}

[coupon thanks]
type = percent
amount = 10
"""


@pytest.fixture
def simulate(tmp_path):
    sim = Simulation(tmp_path, RULES + "[segment Buyer]\nwhen = orders_count > 0\n")
    sim.settle()
    return sim


def wait_and_sync(sim):
    """Sync until all postponed writes have been retried."""
    for _ in range(3):
        sim.advance(hours=1)
        sim.settle()


@pytest.mark.parametrize("path", ["orders/*/notes", "coupons", "orders/batch"])
@pytest.mark.parametrize("effect", [True, False])
@pytest.mark.parametrize("fault", ["timeout", "429", "502"])
def test_a_failed_write_reaches_the_store_once_even_if_it_took_effect(
    simulate, path, fault, effect
):
    order = simulate.place_order(email="anna@example.com")
    FAULTS[fault](simulate.faults, effect=effect, only=f"POST /wc/v3/{path}")
    with pytest.raises(StoreError):
        simulate.settle()
    wait_and_sync(simulate)
    (coupon,) = simulate.coupons()
    assert [f"Your code is {coupon['code'].upper()}"] == simulate.notes(order)
    assert {"Buyer"} == simulate.tags(order)


def test_a_note_without_a_response_is_written_once_even_if_an_admin_retries_it(simulate):
    order = simulate.place_order(email="anna@example.com")
    simulate.faults.time_out(effect=True, only="POST /wc/v3/orders/*/notes")
    with pytest.raises(StoreError):
        simulate.settle()
    waiting = [entry.id for entry in simulate.outbox(states=("due",))]
    with simulate.db.transaction() as tx:
        outcomes.retry(tx, waiting, simulate.now)
    wait_and_sync(simulate)
    (coupon,) = simulate.coupons()
    assert [f"Your code is {coupon['code'].upper()}"] == simulate.notes(order)


def test_an_interruption_between_a_write_and_its_record_causes_no_second_write(simulate):
    """Ctrl-C before the response arrives: the next sync looks for the note first."""
    order = simulate.place_order(email="anna@example.com")
    simulate.run_pass(write=False)
    with simulate.context() as context:

        def add_note_and_interrupt(*args, **more):
            type(context.store).add_note(context.store, *args, **more)
            raise KeyboardInterrupt

        context.store.add_note = add_note_and_interrupt
        with pytest.raises(KeyboardInterrupt):
            sync.sync_once(context)
    wait_and_sync(simulate)
    (coupon,) = simulate.coupons()
    assert [f"Your code is {coupon['code'].upper()}"] == simulate.notes(order)


def test_a_crash_at_any_step_of_a_sync_causes_no_double_or_missing_write(simulate):
    orders = []
    for steps in range(0, 160, 4):
        orders.append(simulate.place_order(email=f"guest{len(orders)}@example.com"))
        with contextlib.suppress(ProcessKilled), simulate.crash_after(steps) as context:
            sync.sync_once(context)
        simulate.reopen_database()
        simulate.advance(minutes=11)
    simulate.settle()
    codes = {c["email_restrictions"][0]: c["code"].upper() for c in simulate.coupons()}
    expected = [
        [f"Your code is {codes[f'guest{number}@example.com']}"] for number in range(len(orders))
    ]
    assert expected == [simulate.notes(order) for order in orders]
    assert len(orders) == len(simulate.coupons())


def test_an_outage_never_makes_a_change_fail(simulate):
    """However often a change was tried before."""
    order = simulate.place_order(email="anna@example.com")
    simulate.run_pass(write=False)
    with simulate.db.transaction() as tx:
        tx.exec_driver_sql("UPDATE outbox SET attempts = 100 WHERE state = 'due'")
    FAULTS["502"](simulate.faults, effect=False, only="POST /wc/v3/orders/*/notes")
    with pytest.raises(StoreError):
        simulate.run_pass(check_store=False)
    assert [] == simulate.outbox(states=("failed",))
    simulate.advance(hours=7)
    simulate.settle()
    assert 1 == len(simulate.notes(order))
