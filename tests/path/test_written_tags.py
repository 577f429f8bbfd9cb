"""Tags that wcflow wrote are known as its own wherever they are found; those of hands stay."""

import contextlib

import pytest

from tests.world import Died, World
from wcflow import cycle

RULES = """
[tag bought]
when = orders_count > 0
for_each = product_names
tag = Has {{ each }}
"""


def test_an_older_order_that_is_the_latest_again_shows_what_is_true_now(tmp_path):
    """Its tags are wcflow's, though a later order has been written to since."""
    w = World(tmp_path, RULES)
    first = w.buys(email="anna@example.com", status="processing")
    w.settle()
    second = w.buys(email="anna@example.com", status="pending")
    w.settle()
    w.shop.refund(first, now=w.now)
    w.settle()
    w.shop.set_status(first, "completed", now=w.now)
    w.shop.trash(second, now=w.now)
    w.settle()
    assert set() == w.tags(first)


def test_an_order_that_went_to_somebody_else_brings_them_no_tags(tmp_path):
    """What it shows of its former owner was no hand's."""
    w = World(tmp_path, RULES)
    order = w.buys(email="anna@example.com", status="processing")
    w.settle()
    w.shop.edit_billing(order, now=w.now, email="ben@example.com")
    w.shop.refund(order, now=w.now)
    w.settle()
    assert set() == w.tags(order)


def test_a_tag_by_hand_stays_on_an_order_that_went_to_somebody_else(tmp_path):
    w = World(tmp_path, RULES)
    order = w.buys(email="anna@example.com", status="processing")
    w.settle()
    w.shop.edit_order_meta(order, "wcflow_tags", "Has Wallet, Fair", now=w.now)
    w.settle()
    w.shop.edit_billing(order, now=w.now, email="ben@example.com")
    w.settle()
    assert {"Has Wallet", "Fair"} == w.tags(order)


@pytest.mark.parametrize("steps", range(20, 90, 5))
def test_tags_that_a_dying_daemon_wrote_are_not_taken_for_a_hands(tmp_path, steps):
    """Whether it could put that on record or not."""
    w = World(tmp_path, RULES)
    w.settle()
    order = w.buys(email="anna@example.com", status="processing")
    with contextlib.suppress(Died), w.mortal(steps) as line:
        cycle.walk(line)
    w.die()
    w.shop.refund(order, now=w.now)
    w.pass_(minutes=11)
    w.settle()
    assert set() == w.tags(order)


def test_a_second_account_under_an_address_is_written_to_though_the_first_never_was(tmp_path):
    """What waited for the deleted account is about the new one now."""
    w = World(tmp_path, "[segment Member]\nwhen = is_registered\n")
    w.settle()
    first = w.registers("anna@example.com")
    w.walk(write=False, accept=False)
    w.shop.delete_customer(first, now=w.now)
    second = w.registers("anna@example.com")
    w.settle()
    assert {"Member"} == w.customer_tags(second)
