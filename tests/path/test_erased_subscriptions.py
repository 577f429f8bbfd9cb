"""The subscriptions of a deleted customer: none is cancelled silently, and none keeps who they were."""

from contextlib import suppress
from dataclasses import replace

import pytest

from tests.path.test_erasures import ADDRESS, erase, finish, problems, receipts, stored
from tests.persons import keys
from tests.simulation import Simulation
from wcflow.customers.erasure import Orders
from wcflow.customers.receipt import erased_words, kept_words, load_receipt
from wcflow.database import outcomes
from wcflow.database.sql import table_of
from wcflow.database.tables import SubscriptionRow
from wcflow.errors import StoreError, UsageError
from wcflow.sandbox import notes, subscriptions

ANNA = "anna@example.com"


@pytest.fixture
def sim(tmp_path):
    simulation = open_store(tmp_path)
    yield simulation
    simulation.db.close()


def open_store(folder, **more):
    sim = Simulation(folder, "[tag Known]\nwhen = orders_count >= 1\n", plugins=PLUGINS, **more)
    sim.register(ANNA, days_ago=90, first_name="Anna", billing=ADDRESS)
    sim.order = sim.place_order(customer=1, billing=ADDRESS, email=ANNA)
    sim.settle()
    return sim


PLUGINS = ("subscriptions",)


def begin(sim, *, settle=True, **fields):
    fields = {"customer_id": 1, "email": ANNA, "billing": ADDRESS, "shipping": ADDRESS} | fields
    number = subscriptions.begin(sim.sandbox.state, now=sim.now, **fields)
    notes.write(sim.sandbox.state, number, "Anna called", sim.now)
    if settle:
        sim.settle()
    return number


def in_store(sim, number):
    return subscriptions.view(sim.sandbox.state, number)


def in_copy(sim):
    table = table_of(SubscriptionRow)
    with sim.db.reading() as tx:
        rows = tx.execute(table.select().order_by(table.c.id)).all()
    return [(each.id, each.customer_id, each.email) for each in rows]


def show_again(sim, number, *, modified=None, **fields):
    """Let the store show a subscription again as it was, as a cache does."""
    subscriptions.change(sim.sandbox.state, number, now=modified or sim.now, **fields)


def switch_plugins(sim, *names):
    state = sim.sandbox.state
    state.settings = replace(state.settings, plugins=frozenset(names))


def texts(sim, number):
    return [each["note"] for each in subscriptions.list_notes(sim.sandbox.state, number)]


def retry(sim):
    with sim.db.transaction() as tx:
        failed = [each.id for each in sim.outbox(states=("failed",))]
        assert 1 == outcomes.retry(tx, failed, sim.now).changed


@pytest.mark.parametrize("status", ["active", "on-hold", "pending", "pending-cancel", "paused"])
def test_whoever_has_a_subscription_that_can_renew_is_not_deleted(sim, status):
    number = begin(sim, status=status)
    with pytest.raises(UsageError, match=f"subscription {number} is {status}; cancel it"):
        erase(sim)
    finish(sim)
    assert (status, ANNA) == (
        in_store(sim, number)["status"],
        in_store(sim, number)["billing"]["email"],
    )


@pytest.mark.parametrize("status", ["cancelled", "expired", "switched"])
def test_one_that_ended_stays_without_personal_data_in_the_store_and_here(sim, status):
    number = begin(sim, status=status, customer_note="Ring Anna", transaction_id="77")
    erase(sim)
    finish(sim, 3)
    there = in_store(sim, number)
    nobody = {"first_name": "[deleted]", "last_name": "[deleted]", "city": "[deleted]"}
    assert nobody.items() <= there["billing"].items()
    assert nobody.items() <= there["shipping"].items()
    assert ("deleted@site.invalid", "+00 00 000", 0, "[deleted]", "0", status) == (
        there["billing"]["email"],
        there["billing"]["phone"],
        *(there[each] for each in ("customer_id", "customer_note", "transaction_id", "status")),
    )
    assert ["Personal data removed."] == texts(sim, number)
    assert [(number, 0, "deleted@site.invalid")] == in_copy(sim)
    assert receipts(sim)[0].finished_at
    assert [] == sim.sandbox.customer_ids()
    assert [] == [line for line in stored(sim) if "anna" in line.lower()]
    assert [] == problems(sim)


def test_it_is_deleted_if_the_orders_are(sim):
    begin(sim, status="cancelled")
    erase(sim, orders=Orders.DELETE)
    assert [] == in_copy(sim)
    finish(sim, 3)
    assert ({}, []) == (sim.sandbox.state.subscriptions, in_copy(sim))
    assert receipts(sim)[0].finished_at


def test_the_account_waits_for_the_subscriptions(sim):
    begin(sim, status="cancelled")
    sim.faults.fail_with(status=400, only="PUT /wc/v3/subscriptions/*")
    erase(sim)
    finish(sim, 3)
    sim.nightly()
    assert [1] == sim.sandbox.customer_ids()
    with sim.db.reading() as tx:
        assert {} == keys(tx)
        receipt = load_receipt(tx, receipts(sim)[0])
    assert "stopped: 1 change failed; 1 of 1 order and 0 of 1 subscription done" == receipt.state
    sim.faults.recover()
    retry(sim)
    finish(sim, 3)
    assert [] == sim.sandbox.customer_ids()
    assert receipts(sim)[0].finished_at


@pytest.mark.parametrize("took_effect", [True, False])
@pytest.mark.parametrize("mode", Orders)
def test_a_lost_response_delays_it_and_nothing_is_lost(sim, mode, took_effect):
    number = begin(sim, status="expired")
    erase(sim, orders=mode)
    for what in ("PUT", "DELETE", "GET"):
        sim.faults.time_out(effect=took_effect, only=f"{what} /wc/v3/subscriptions/*")
        with suppress(StoreError):
            finish(sim)
        sim.faults.recover()
        sim.advance(minutes=11)
    assert sim.outbox(kinds=[f"{mode}_subscription"])[0].attempts
    finish(sim, 4)
    assert receipts(sim)[0].finished_at
    if mode is Orders.ANONYMIZE:
        assert "deleted@site.invalid" == in_store(sim, number)["billing"]["email"]


def test_one_that_runs_again_is_neither_cancelled_nor_emptied(sim):
    number = begin(sim, status="cancelled")
    erase(sim)
    show_again(sim, number, status="active")
    finish(sim, 3)
    (entry,) = sim.outbox(states=("failed",))
    advice = f"cancel it in WooCommerce, then run 'wcflow outbox retry {entry.id}'"
    assert f"subscription {number} is active: {advice}" == entry.outcome
    assert (ANNA, [1]) == (in_store(sim, number)["billing"]["email"], sim.sandbox.customer_ids())
    show_again(sim, number, status="cancelled")
    retry(sim)
    finish(sim, 3)
    assert ("deleted@site.invalid", []) == (
        in_store(sim, number)["billing"]["email"],
        sim.sandbox.customer_ids(),
    )


def test_an_account_with_a_new_subscription_is_not_deleted(sim):
    """The plugin would delete the subscription with it."""
    erase(sim)
    sim.advance(minutes=1)
    number = begin(sim, settle=False)
    finish(sim, 3)
    (entry,) = sim.outbox(states=("failed",))
    assert f"customer 1 has a subscription that is not cancelled (number {number})" in entry.outcome
    assert [1] == sim.sandbox.customer_ids()
    show_again(sim, number, status="cancelled")
    retry(sim)
    finish(sim, 3)
    assert ([], {}) == (sim.sandbox.customer_ids(), sim.sandbox.state.subscriptions)
    assert [] == in_copy(sim)


def test_one_that_began_just_before_is_emptied_as_well(sim):
    number = begin(sim, settle=False, status="cancelled")
    erase(sim)
    finish(sim, 4)
    assert "deleted@site.invalid" == in_store(sim, number)["billing"]["email"]
    assert receipts(sim)[0].finished_at


def test_an_old_answer_does_not_bring_them_back(sim):
    number = begin(sim, status="cancelled")
    erase(sim)
    finish(sim, 3)
    sim.advance(hours=1)
    show_again(sim, number, customer_id=1, email=ANNA)
    for read in (sim.run_pass, sim.nightly, sim.run_pass):
        read()
        assert [(number, 0, "deleted@site.invalid")] == in_copy(sim)
        with sim.db.reading() as tx:
            assert {} == keys(tx)
    assert [] == [line for line in stored(sim) if ANNA in line]


@pytest.mark.parametrize("mode", Orders)
def test_the_copy_is_emptied_although_the_store_shows_no_list_of_them(sim, mode):
    number = begin(sim, status="cancelled", customer_id=0, email="gus@example.com")
    sim.place_order(email="gus@example.com")
    sim.settle()
    sim.faults.fail_with(status=500, only="GET /wc/v3/subscriptions")
    erase(sim, "g:gus@example.com", orders=mode)
    finish(sim, 4)
    assert receipts(sim)[0].finished_at
    left = [(number, 0, "deleted@site.invalid")]
    assert (left if mode is Orders.ANONYMIZE else []) == in_copy(sim)


def test_whoever_subscribes_later_under_the_same_address_is_known(sim):
    begin(sim, status="cancelled", customer_id=0, email="gus@example.com")
    sim.place_order(email="gus@example.com")
    sim.settle()
    erase(sim, "g:gus@example.com")
    finish(sim, 3)
    sim.advance(hours=1)
    later = begin(sim, customer_id=0, email="gus@example.com")
    sim.nightly()
    assert (later, 0, "gus@example.com") in in_copy(sim)


def test_while_the_plugin_is_off_the_copy_is_deleted_and_the_receipt_says_what_is_left(sim):
    begin(sim, status="cancelled")
    switch_plugins(sim)
    sim.run_pass()
    erase(sim)
    assert [] == in_copy(sim)
    finish(sim, 3)
    (receipt,) = receipts(sim)
    assert receipt.finished_at
    kept = " ".join(kept_words(receipt.counts, receipt.mode))
    assert "the address in 1 subscription in the store, which shows none to wcflow" in kept
    switch_plugins(sim, *PLUGINS)
    sim.run_pass()
    sim.run_pass()
    assert ["deleted@site.invalid"] == [email for _, _, email in in_copy(sim)]


def test_one_that_cannot_be_reached_any_more_says_so(sim):
    begin(sim, status="cancelled")
    erase(sim)
    switch_plugins(sim)
    finish(sim, 3)
    (entry,) = sim.outbox(states=("failed",))
    assert "WooCommerce Subscriptions is switched off: switch it on, then run" in entry.outcome


def test_a_store_without_the_plugin_is_asked_for_no_subscriptions(tmp_path):
    sim = Simulation(tmp_path, "")
    sim.register(ANNA, days_ago=9)
    sim.run_pass()
    erase(sim)
    asked = []
    for _ in range(3):
        finish(sim, 1)
        asked += [each.path for each in sim.calls if "subscriptions" in each.path]
    assert ([], []) == (sim.sandbox.customer_ids(), asked)
    assert not [each for each in kept_words(receipts(sim)[0].counts, "anonymize") if "subs" in each]
    sim.db.close()


def test_the_receipt_counts_them(sim):
    begin(sim, status="cancelled")
    erase(sim)
    (receipt,) = receipts(sim)
    assert 1 == receipt.counts["subscriptions"]
    (line,) = [each for each in erased_words(receipt.counts, "anonymize") if "subscr" in each]
    assert line.endswith("e-mail addresses and notes in 1 subscription that ended")
    (line,) = [each for each in erased_words(receipt.counts, "delete") if "subscr" in each]
    assert "1 subscription that ended" == line


def test_it_works_on_both_kinds_of_database(tmp_path, database_url):
    sim = open_store(tmp_path, database=database_url)
    number = begin(sim, status="cancelled")
    erase(sim)
    finish(sim, 3)
    show_again(sim, number, customer_id=1, email=ANNA)
    sim.nightly()
    assert [(number, 0, "deleted@site.invalid")] == in_copy(sim)
    assert [] == problems(sim)
    sim.db.close()
