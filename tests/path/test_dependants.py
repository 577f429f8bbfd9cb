"""What contains the result of a change is cancelled with it, and comes back with it."""

from datetime import UTC, datetime

import pytest

from tests.command_line import CommandLine
from tests.simulation import Simulation
from wcflow.database import outcomes

RULES = """
[workflow welcome]
trigger = first_order
do =
    create_coupon thanks
    add_note Your code is {{ coupon.code }}
    add_note Welcome
    set_meta last_code {{ coupon.code }}
    wait 7d
    add_note {{ coupon.code }} is still valid
    add_note A week has passed

[coupon thanks]
type = percent
amount = 10
"""
LOST = "cancelled, because its coupon was cancelled"


@pytest.fixture
def simulate(tmp_path):
    sim = Simulation(tmp_path, RULES)
    sim.settle()
    return sim


def queue_order(sim):
    """Place an order and queue its changes, without writing them."""
    order = sim.place_order(email="anna@example.com")
    sim.run_pass(write=False)
    return order


def entries(sim):
    """Return the entries of workflows."""
    return [entry for entry in sim.outbox() if entry.run_id]


def coupon_entry(sim):
    return next(entry for entry in entries(sim) if entry.kind == "coupon")


def by_hand(sim, deed, *ids):
    with sim.db.transaction() as tx:
        return deed(tx, ids or [coupon_entry(sim).id], sim.now)


def states(sim):
    return [(entry.label, entry.state) for entry in entries(sim)]


def test_a_cancelled_coupon_takes_what_contains_its_code_with_it(simulate):
    order = queue_order(simulate)
    assert (1, 2) == by_hand(simulate, outcomes.cancel)[:2]
    simulate.settle()
    simulate.advance(days=8)
    simulate.settle()
    assert [] == simulate.coupons()
    assert ["Welcome", "A week has passed"] == simulate.notes(order)
    assert not simulate.meta("order", order, "last_code")
    assert {LOST} == {entry.outcome for entry in entries(simulate) if entry.cancelled_by}
    assert ["2", "4", "6"] == [entry.label for entry in entries(simulate) if entry.cancelled_by]


def test_a_coupon_that_fails_takes_what_contains_its_code_with_it(simulate):
    order = queue_order(simulate)
    simulate.faults.fail_with(status=400, only="POST /wc/v3/coupons")
    simulate.settle()
    assert ["Welcome"] == simulate.notes(order)
    outcome = "cancelled, because its coupon failed"
    assert [outcome] * 2 == [e.outcome for e in entries(simulate) if e.state == "cancelled"]


def test_a_coupon_that_was_deleted_in_the_store_takes_what_is_sent_later_with_it(simulate):
    order = queue_order(simulate)
    simulate.settle()
    (code,) = simulate.sandbox.coupon_codes()
    simulate.sandbox.delete_coupon(code)
    simulate.advance(days=8)
    simulate.settle()
    assert [f"Your code is {code.upper()}", "Welcome", "A week has passed"] == simulate.notes(order)
    assert ("cancelled", "the coupon was deleted in the store") == (
        coupon_entry(simulate).state,
        coupon_entry(simulate).outcome,
    )


def test_a_retried_coupon_brings_back_what_was_cancelled_with_it(simulate):
    order = queue_order(simulate)
    by_hand(simulate, outcomes.cancel)
    simulate.settle()
    assert (1, 2) == by_hand(simulate, outcomes.retry)[:2]
    simulate.settle()
    (code,) = simulate.sandbox.coupon_codes()
    assert ["Welcome", f"Your code is {code.upper()}"] == simulate.notes(order)
    simulate.advance(days=8)
    simulate.settle()
    assert f"{code.upper()} is still valid" in simulate.notes(order)


def test_a_retried_coupon_brings_back_what_became_due_while_it_was_cancelled(simulate):
    order = queue_order(simulate)
    by_hand(simulate, outcomes.cancel)
    simulate.settle()
    simulate.advance(days=8)
    simulate.settle()
    assert (1, 3) == by_hand(simulate, outcomes.retry)[:2]
    simulate.settle()
    assert 4 == len(simulate.notes(order))


def test_what_was_cancelled_on_its_own_does_not_come_back_with_the_coupon(simulate):
    order = queue_order(simulate)
    note = next(entry for entry in entries(simulate) if entry.label == "2")
    by_hand(simulate, outcomes.cancel, note.id)
    by_hand(simulate, outcomes.cancel)
    assert (1, 1) == by_hand(simulate, outcomes.retry)[:2]
    simulate.settle()
    assert ["Welcome"] == simulate.notes(order)


def test_what_needs_a_cancelled_coupon_is_not_retried_without_it(simulate):
    queue_order(simulate)
    by_hand(simulate, outcomes.cancel)
    coupon, note = coupon_entry(simulate), entries(simulate)[1]
    result = by_hand(simulate, outcomes.retry, note.id)
    assert (0, 0, {note.id: coupon.id}) == (result.changed, result.others, result.blocked)
    assert (2, 1) == by_hand(simulate, outcomes.retry, note.id, coupon.id)[:2]


def test_of_two_coupons_only_what_contains_the_cancelled_one_is_cancelled(tmp_path):
    steps = "create_coupon thanks\n add_note A {{ coupon.code }}\n" * 2
    rules = f"\n[workflow w]\ntrigger = first_order\ndo =\n {steps.replace(chr(10) + 'c', chr(10) + ' c')}"
    sim = Simulation(tmp_path, rules + "\n[coupon thanks]\ntype = percent\namount = 10\n")
    sim.settle()
    queue_order(sim)
    by_hand(sim, outcomes.cancel)
    expected = [("1", "cancelled"), ("2", "cancelled"), ("3", "due"), ("4", "due")]
    assert expected == states(sim)


def test_a_failed_note_does_not_stop_what_follows_it(simulate):
    order = queue_order(simulate)
    simulate.faults.fail_with(status=400, only="POST /wc/v3/orders/*/notes", times=1)
    simulate.settle()
    assert ["Welcome"] == simulate.notes(order)


@pytest.mark.parametrize("deed", [outcomes.cancel, outcomes.retry])
def test_without_a_selected_change_nothing_is_cancelled_or_retried(simulate, deed):
    queue_order(simulate)
    before = simulate.outbox()
    with simulate.db.transaction() as tx:
        assert (0, 0, {}) == deed(tx, [], simulate.now)
    assert before == simulate.outbox()


def test_the_command_says_what_is_cancelled_with_a_coupon(tmp_path):
    shop = CommandLine(tmp_path, RULES)
    shop.run("sync")
    shop.sim.now = datetime.now(UTC).replace(microsecond=0)  # after the initial import
    shop.sim.place_order(email="anna@example.com")
    shop.run("plan")
    assert "1 change cancelled, and 2 that need it.\n" == shop.run("outbox", "cancel", 1).out
    assert LOST in shop.run("outbox", "list").out
    assert "change 1: coupon (cancelled)" in shop.run("outbox", "show", 2).out
    retried = shop.run("outbox", "retry", 2).out
    assert "0 changes will be retried.\n2 skipped: it needs change 1. Retry that one.\n" == retried
    assert "1 change will be retried, and 2 that need it." in shop.run("outbox", "retry", 1).out
