"""Each channel has its own queue and its own hold: none stops another."""

import pytest

from tests.toy_action import Pager, registered
from tests.world import World
from wcflow.errors import StoreError
from wcflow.outbox.limits import approve

RULES = """
[workflow alarm]
trigger = order_paid
do = page desk {{ email }} bought

[workflow welcome]
trigger = order_paid
do = add_note Welcome, {{ email }}

[pager desk]
number = 555
"""


@pytest.fixture(autouse=True)
def toy():
    with registered():
        yield


@pytest.fixture
def world(tmp_path):
    made = World(tmp_path, RULES)
    made.settle()
    made.pass_(hours=1)
    return made


def test_a_channel_that_is_down_does_not_stop_the_store(world):
    pager = Pager()
    pager.is_down()
    order = world.pages_after_a_purchase(pager)
    assert (["Welcome, anna@example.com"], []) == (world.notes(order), pager.sent)


def test_a_store_that_refuses_writes_does_not_stop_another_channel(world):
    pager = Pager()
    order = world.buys(email="anna@example.com")
    world.faults.time_out(effect=False, only="POST /wc/v3/orders/*/notes", times=9)
    with pytest.raises(StoreError):
        world.walk(channels={"pager": pager})
    assert ([], ["anna@example.com bought"]) == (world.notes(order), pager.sent)


def test_each_channel_has_its_own_limit(tmp_path):
    """Two notes per order are above the limit, one page is not."""
    rules = RULES.replace("do = add_note", "do =\n    add_note Hello\n    add_note")
    world, pager = World(tmp_path, rules, wcflow="max_writes = 1"), Pager()
    world.walk(channels={"pager": pager})
    world.pass_(hours=1)
    order = world.buys(email="anna@example.com")
    world.settings(order_tags="none")
    world.walk(accept=False, channels={"pager": pager})
    assert ([], ["anna@example.com bought"]) == (world.notes(order), pager.sent)


def first_purchase(tmp_path):
    """Return a world where the first changes of both channels wait for approval."""
    world = World(tmp_path, RULES)
    world.walk(accept=False, write=False)
    world.pass_(hours=1)
    return world, Pager(), world.buys(email="anna@example.com")


def approved(world, channel=""):
    with world.db.transaction() as tx:
        return approve(tx, world.row(), channel)


def test_the_first_changes_of_every_channel_wait_for_approval(tmp_path):
    world, pager, order = first_purchase(tmp_path)
    world.walk(accept=False, channels={"pager": pager})
    assert ([], []) == (world.notes(order), pager.sent)


def test_approval_lets_the_changes_of_all_channels_go(tmp_path):
    world, pager, order = first_purchase(tmp_path)
    world.walk(accept=False, write=False)
    assert 2 == approved(world)
    world.walk(accept=False, channels={"pager": pager})
    assert (["Welcome, anna@example.com"], ["anna@example.com bought"]) == (
        world.notes(order),
        pager.sent,
    )


def test_one_channel_can_be_approved_by_itself(tmp_path):
    world, pager, order = first_purchase(tmp_path)
    world.walk(accept=False, write=False)
    assert 1 == approved(world, "pager")
    world.walk(accept=False, channels={"pager": pager})
    assert ([], ["anna@example.com bought"]) == (world.notes(order), pager.sent)
