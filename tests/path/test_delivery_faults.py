"""Delivery in bad weather: what may have been written is looked for, never written twice."""

import contextlib

import pytest

from tests.histories.fault_kinds import FAULTS
from tests.simulation import ProcessKilled, Simulation
from wcflow import sync
from wcflow.database import outbox
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
    """Walk until what was put off has been tried again."""
    for _ in range(3):
        sim.advance(hours=1)
        sim.settle()


@pytest.mark.parametrize("path", ["orders/*/notes", "coupons", "orders/batch"])
@pytest.mark.parametrize("effect", [True, False])
@pytest.mark.parametrize("trouble", ["no answer", "429", "502"])
def test_a_write_that_was_not_answered_well_is_there_once(simulate, path, trouble, effect):
    """Whether it took effect before that or not; some count requests only when they are done."""
    order = simulate.place_order(email="anna@example.com")
    FAULTS[trouble](simulate.faults, effect=effect, only=f"POST /wc/v3/{path}")
    with pytest.raises(StoreError):
        simulate.settle()
    wait_and_sync(simulate)
    (coupon,) = simulate.coupons()
    assert [f"Your code is {coupon['code'].upper()}"] == simulate.notes(order)
    assert {"Buyer"} == simulate.tags(order)


def test_a_note_that_was_not_answered_and_is_let_go_by_hand_is_there_once(simulate):
    order = simulate.place_order(email="anna@example.com")
    simulate.faults.time_out(effect=True, only="POST /wc/v3/orders/*/notes")
    with pytest.raises(StoreError):
        simulate.settle()
    waiting = [entry.id for entry in simulate.outbox(states=("due",))]
    with simulate.db.transaction() as tx:
        outbox.retry(tx, waiting, simulate.now)
    wait_and_sync(simulate)
    (coupon,) = simulate.coupons()
    assert [f"Your code is {coupon['code'].upper()}"] == simulate.notes(order)


def test_an_interruption_between_a_write_and_its_record_is_no_second_write(simulate):
    """Ctrl-C while the shop's answer is on its way: the next walk looks for the note first."""

    def interrupts(*_):
        raise KeyboardInterrupt

    order = simulate.place_order(email="anna@example.com")
    simulate.run_pass(write=False)
    with simulate.context() as context:
        context.store.add_note = lambda *given, **more: (
            type(context.store).add_note(context.store, *given, **more),
            interrupts(),
        )
        with pytest.raises(KeyboardInterrupt):
            sync.sync_once(context)
    wait_and_sync(simulate)
    (coupon,) = simulate.coupons()
    assert [f"Your code is {coupon['code'].upper()}"] == simulate.notes(order)


def test_a_daemon_that_dies_between_any_two_steps_writes_once(simulate):
    """For places to die all over a walk: the next finds what was written, and writes what was not."""
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
