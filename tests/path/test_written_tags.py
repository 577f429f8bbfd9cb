"""Tags that wcflow wrote are known as its own wherever they are found; those of hands stay."""

import contextlib

import pytest

from tests.world import Died, World
from wcflow import sync
from wcflow.errors import StoreError

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


@pytest.mark.parametrize("took_effect", [True, False])
def test_tags_of_a_write_without_an_answer_are_not_taken_for_a_hands(tmp_path, took_effect):
    w = World(tmp_path, RULES)
    w.settle()
    order = w.buys(email="anna@example.com", status="processing")
    walk_unanswered(w, effect=took_effect)
    assert ({"Has Wallet"} if took_effect else set()) == w.tags(order)
    w.shop.refund(order, now=w.now)
    w.settle()
    assert set() == w.tags(order)


@pytest.mark.parametrize("took_effect", [True, False])
def test_tags_that_a_write_without_an_answer_dropped_were_taken_away_by_nobody(
    tmp_path, took_effect
):
    """They come back once they are true again."""
    w = World(tmp_path, RULES)
    account = w.registers("anna@example.com")
    order = w.buys(customer=account, email="anna@example.com")
    w.settle()
    w.shop.set_status(order, "cancelled", now=w.now)
    walk_unanswered(w, effect=took_effect)
    assert (set() if took_effect else {"Has Wallet"}) == w.customer_tags(account)
    w.shop.set_status(order, "completed", now=w.now)
    w.settle()
    assert [{"Has Wallet"}] * 2 == [w.tags(order), w.customer_tags(account)]


def test_a_hand_that_took_another_tag_away_meanwhile_is_heeded(tmp_path):
    w = World(
        tmp_path,
        RULES + "[tag Buyer]\nwhen = orders_count > 0\n[tag Known]\nwhen = is_registered\n",
    )
    account = w.registers("anna@example.com")
    order = w.buys(customer=account, email="anna@example.com")
    w.settle()
    w.shop.set_status(order, "cancelled", now=w.now)
    walk_unanswered(w, effect=True)
    w.shop.edit_customer_meta(account, "wcflow_tags", None, now=w.now)
    w.shop.set_status(order, "completed", now=w.now)
    w.settle()
    assert {"Has Wallet", "Buyer"} == w.customer_tags(account)


def walk_unanswered(w, *, effect):
    """Walk while the shop falls silent at the first write of tags; and let things calm down."""
    w.faults.time_out(effect=effect, only="POST /wc/v3/*/batch")
    with pytest.raises(StoreError):
        w.walk(accept=False, know=False)
    w.faults.recover()
    w.pass_(minutes=11)


def test_wherever_a_daemon_dies_its_tags_are_not_taken_for_a_hands(tmp_path):
    """Whether it could put that on record or not; neither those it put, nor those it took away."""
    w = World(tmp_path, RULES)
    w.settle()
    orders, former = [], []
    for steps in range(0, 200, 4):
        orders.append(w.buys(email=f"new{steps}@example.com", status="processing"))
        former.append(w.buys(email=f"old{steps}@example.com", status="processing"))
        w.settle()
        w.shop.set_status(former[-1], "cancelled", now=w.now)
        orders.append(w.buys(email=f"newer{steps}@example.com", status="processing"))
        with contextlib.suppress(Died), w.mortal(steps) as line:
            sync.sync_once(line)
        w.die()
        w.shop.refund(orders[-1], now=w.now)
        w.shop.set_status(former[-1], "completed", now=w.now)
        w.pass_(minutes=11)
    w.settle()
    assert {frozenset()} == {w.tags(each) for each in orders[1::2]}
    assert {frozenset({"Has Wallet"})} == {w.tags(each) for each in former + orders[::2]}


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
