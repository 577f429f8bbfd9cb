"""Delivery in bad weather: what may have been written is looked for, never written twice."""

import contextlib

import pytest

from tests.histories.weather import WEATHER
from tests.world import Died, World
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
def world(tmp_path):
    w = World(tmp_path, RULES + "[segment Buyer]\nwhen = orders_count > 0\n")
    w.settle()
    return w


def try_again(w):
    """Walk until what was put off has been tried again."""
    for _ in range(3):
        w.pass_(hours=1)
        w.settle()


@pytest.mark.parametrize("path", ["orders/*/notes", "coupons", "orders/batch"])
@pytest.mark.parametrize("effect", [True, False])
@pytest.mark.parametrize("trouble", ["no answer", "429", "502"])
def test_a_write_that_was_not_answered_well_is_there_once(world, path, trouble, effect):
    """Whether it took effect before that or not; some count requests only when they are done."""
    order = world.buys(email="anna@example.com")
    WEATHER[trouble](world.faults, effect=effect, only=f"POST /wc/v3/{path}")
    with pytest.raises(StoreError):
        world.settle()
    try_again(world)
    (coupon,) = world.coupons()
    assert [f"Your code is {coupon['code'].upper()}"] == world.notes(order)
    assert {"Buyer"} == world.tags(order)


def test_a_note_that_was_not_answered_and_is_let_go_by_hand_is_there_once(world):
    order = world.buys(email="anna@example.com")
    world.faults.time_out(effect=True, only="POST /wc/v3/orders/*/notes")
    with pytest.raises(StoreError):
        world.settle()
    waiting = [entry.id for entry in world.outbox(states=("due",))]
    with world.db.transaction() as tx:
        outbox.retry(tx, waiting, world.now)
    try_again(world)
    (coupon,) = world.coupons()
    assert [f"Your code is {coupon['code'].upper()}"] == world.notes(order)


def test_an_interruption_between_a_write_and_its_record_is_no_second_write(world):
    """Ctrl-C while the shop's answer is on its way: the next walk looks for the note first."""

    def interrupts(*_):
        raise KeyboardInterrupt

    order = world.buys(email="anna@example.com")
    world.walk(write=False)
    with world.line() as line:
        line.store.add_note = lambda *given, **more: (
            type(line.store).add_note(line.store, *given, **more),
            interrupts(),
        )
        with pytest.raises(KeyboardInterrupt):
            sync.sync_once(line)
    try_again(world)
    (coupon,) = world.coupons()
    assert [f"Your code is {coupon['code'].upper()}"] == world.notes(order)


def test_a_daemon_that_dies_between_any_two_steps_writes_once(world):
    """For places to die all over a walk: the next finds what was written, and writes what was not."""
    orders = []
    for steps in range(0, 160, 4):
        orders.append(world.buys(email=f"guest{len(orders)}@example.com"))
        with contextlib.suppress(Died), world.mortal(steps) as line:
            sync.sync_once(line)
        world.die()
        world.pass_(minutes=11)
    world.settle()
    codes = {c["email_restrictions"][0]: c["code"].upper() for c in world.coupons()}
    expected = [
        [f"Your code is {codes[f'guest{number}@example.com']}"] for number in range(len(orders))
    ]
    assert expected == [world.notes(order) for order in orders]
    assert len(orders) == len(world.coupons())
