"""Tags that wcflow wrote are known as its own wherever they are found; those of hands stay."""

import contextlib

import pytest

from tests.search_settings import LONG
from tests.simulation import ProcessKilled, Simulation
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
    sim = Simulation(tmp_path, RULES)
    first = sim.place_order(email="anna@example.com", status="processing")
    sim.settle()
    second = sim.place_order(email="anna@example.com", status="pending")
    sim.settle()
    sim.sandbox.refund(first, now=sim.now)
    sim.settle()
    sim.sandbox.set_status(first, "completed", now=sim.now)
    sim.sandbox.trash(second, now=sim.now)
    sim.settle()
    assert set() == sim.tags(first)


def test_an_order_that_went_to_somebody_else_brings_them_no_tags(tmp_path):
    """What it shows of its former owner was no hand's."""
    sim = Simulation(tmp_path, RULES)
    order = sim.place_order(email="anna@example.com", status="processing")
    sim.settle()
    sim.sandbox.edit_billing(order, now=sim.now, email="ben@example.com")
    sim.sandbox.refund(order, now=sim.now)
    sim.settle()
    assert set() == sim.tags(order)


def test_a_tag_by_hand_stays_on_an_order_that_went_to_somebody_else(tmp_path):
    sim = Simulation(tmp_path, RULES)
    order = sim.place_order(email="anna@example.com", status="processing")
    sim.settle()
    sim.sandbox.edit_order_meta(order, "wcflow_tags", "Has Wallet, Fair", now=sim.now)
    sim.settle()
    sim.sandbox.edit_billing(order, now=sim.now, email="ben@example.com")
    sim.settle()
    assert {"Has Wallet", "Fair"} == sim.tags(order)


@pytest.mark.parametrize("took_effect", [True, False])
def test_tags_of_a_write_without_an_answer_are_not_taken_for_a_hands(tmp_path, took_effect):
    sim = Simulation(tmp_path, RULES)
    sim.settle()
    order = sim.place_order(email="anna@example.com", status="processing")
    sync_unanswered(sim, effect=took_effect)
    assert ({"Has Wallet"} if took_effect else set()) == sim.tags(order)
    sim.sandbox.refund(order, now=sim.now)
    sim.settle()
    assert set() == sim.tags(order)


@pytest.mark.parametrize("took_effect", [True, False])
def test_tags_that_a_write_without_an_answer_dropped_were_taken_away_by_nobody(
    tmp_path, took_effect
):
    """They come back once they are true again."""
    sim = Simulation(tmp_path, RULES)
    account = sim.register("anna@example.com")
    order = sim.place_order(customer=account, email="anna@example.com")
    sim.settle()
    sim.sandbox.set_status(order, "cancelled", now=sim.now)
    sync_unanswered(sim, effect=took_effect)
    assert (set() if took_effect else {"Has Wallet"}) == sim.customer_tags(account)
    sim.sandbox.set_status(order, "completed", now=sim.now)
    sim.settle()
    assert [{"Has Wallet"}] * 2 == [sim.tags(order), sim.customer_tags(account)]


def test_a_hand_that_took_another_tag_away_meanwhile_is_heeded(tmp_path):
    sim = Simulation(
        tmp_path,
        RULES + "[tag Buyer]\nwhen = orders_count > 0\n[tag Known]\nwhen = is_registered\n",
    )
    account = sim.register("anna@example.com")
    order = sim.place_order(customer=account, email="anna@example.com")
    sim.settle()
    sim.sandbox.set_status(order, "cancelled", now=sim.now)
    sync_unanswered(sim, effect=True)
    sim.sandbox.edit_customer_meta(account, "wcflow_tags", None, now=sim.now)
    sim.sandbox.set_status(order, "completed", now=sim.now)
    sim.settle()
    assert {"Has Wallet", "Buyer"} == sim.customer_tags(account)


def sync_unanswered(sim, *, effect):
    """Walk while the shop falls silent at the first write of tags; and let things calm down."""
    sim.faults.time_out(effect=effect, only="POST /wc/v3/*/batch")
    with pytest.raises(StoreError):
        sim.run_pass(accept=False, know=False)
    sim.faults.recover()
    sim.advance(minutes=11)


def test_wherever_a_daemon_dies_its_tags_are_not_taken_for_a_hands(tmp_path):
    """Whether it could put that on record or not; neither those it put, nor those it took away."""
    sim = Simulation(tmp_path, RULES)
    sim.settle()
    orders, former = [], []
    for steps in range(0, 200, 4 if LONG else 8):
        orders.append(sim.place_order(email=f"new{steps}@example.com", status="processing"))
        former.append(sim.place_order(email=f"old{steps}@example.com", status="processing"))
        sim.settle()
        sim.sandbox.set_status(former[-1], "cancelled", now=sim.now)
        orders.append(sim.place_order(email=f"newer{steps}@example.com", status="processing"))
        with contextlib.suppress(ProcessKilled), sim.crash_after(steps) as context:
            sync.sync_once(context)
        sim.reopen_database()
        sim.sandbox.refund(orders[-1], now=sim.now)
        sim.sandbox.set_status(former[-1], "completed", now=sim.now)
        sim.advance(minutes=11)
    sim.settle()
    assert {frozenset()} == {sim.tags(each) for each in orders[1::2]}
    assert {frozenset({"Has Wallet"})} == {sim.tags(each) for each in former + orders[::2]}


def test_a_second_account_under_an_address_is_written_to_though_the_first_never_was(tmp_path):
    """What waited for the deleted account is about the new one now."""
    sim = Simulation(tmp_path, "[segment Member]\nwhen = is_registered\n")
    sim.settle()
    first = sim.register("anna@example.com")
    sim.run_pass(write=False, accept=False)
    sim.sandbox.delete_customer(first, now=sim.now)
    second = sim.register("anna@example.com")
    sim.settle()
    assert {"Member"} == sim.customer_tags(second)
