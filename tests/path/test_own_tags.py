"""wcflow never mistakes a tag that it wrote for a manual one, and keeps manual tags."""

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


def test_an_older_order_that_becomes_the_latest_again_gets_the_current_tags(tmp_path):
    """Its old tags count as wcflow's own, even though a later order was written since."""
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


def test_an_order_that_moves_to_another_customer_brings_them_none_of_wcflows_tags(tmp_path):
    """The tags of its former customer do not count as manual."""
    sim = Simulation(tmp_path, RULES)
    order = sim.place_order(email="anna@example.com", status="processing")
    sim.settle()
    sim.sandbox.edit_billing(order, now=sim.now, email="ben@example.com")
    sim.sandbox.refund(order, now=sim.now)
    sim.settle()
    assert set() == sim.tags(order)


def test_a_manual_tag_stays_on_an_order_that_moves_to_another_customer(tmp_path):
    sim = Simulation(tmp_path, RULES)
    order = sim.place_order(email="anna@example.com", status="processing")
    sim.settle()
    sim.sandbox.edit_order_meta(order, "wcflow_tags", "Has Wallet, Fair", now=sim.now)
    sim.settle()
    sim.sandbox.edit_billing(order, now=sim.now, email="ben@example.com")
    sim.settle()
    assert {"Has Wallet", "Fair"} == sim.tags(order)


@pytest.mark.parametrize("took_effect", [True, False])
def test_tags_of_a_write_without_a_response_do_not_count_as_manual(tmp_path, took_effect):
    sim = Simulation(tmp_path, RULES)
    sim.settle()
    order = sim.place_order(email="anna@example.com", status="processing")
    sync_unanswered(sim, effect=took_effect)
    assert ({"Has Wallet"} if took_effect else set()) == sim.tags(order)
    sim.sandbox.refund(order, now=sim.now)
    sim.settle()
    assert set() == sim.tags(order)


@pytest.mark.parametrize("took_effect", [True, False])
def test_tags_removed_by_a_write_without_a_response_do_not_count_as_removed_by_hand(
    tmp_path, took_effect
):
    """They come back when their rule holds again."""
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


def test_a_tag_removed_by_hand_after_a_write_without_a_response_stays_removed(tmp_path):
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
    """Run a pass in which the first write of tags gets no response; then wait for the retry."""
    sim.faults.time_out(effect=effect, only="POST /wc/v3/*/batch")
    with pytest.raises(StoreError):
        sim.run_pass(approve=False, check_store=False)
    sim.faults.recover()
    sim.advance(minutes=11)


def test_after_a_crash_at_any_step_no_tag_change_of_wcflow_counts_as_manual(tmp_path):
    """Neither the tags that it wrote nor those that it removed, recorded or not."""
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


def test_a_write_that_waits_for_a_deleted_account_reaches_the_new_account_of_that_address(tmp_path):
    sim = Simulation(tmp_path, "[segment Member]\nwhen = is_registered\n")
    sim.settle()
    first = sim.register("anna@example.com")
    sim.run_pass(write=False, approve=False)
    sim.sandbox.delete_customer(first, now=sim.now)
    second = sim.register("anna@example.com")
    sim.settle()
    assert {"Member"} == sim.customer_tags(second)


def test_a_workflow_that_adds_a_tag_overrules_its_removal_by_hand(tmp_path):
    sim = Simulation(tmp_path, "[workflow mark]\ntrigger = order_paid\ndo =\n    add_tag Thanked\n")
    sim.run_pass()
    anna = sim.register("anna@example.com")
    sim.place_order(customer=anna)
    sim.settle()
    sim.sandbox.edit_customer_meta(anna, "wcflow_tags", "", now=sim.now)
    sim.nightly()
    sim.advance(days=1)
    sim.settle()
    assert frozenset() == sim.customer_tags(anna)
    sim.place_order(customer=anna)
    sim.settle()
    assert {"Thanked"} == sim.customer_tags(anna)
