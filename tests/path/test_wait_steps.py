"""A run continues when its wait is over, on the right side of a branch, whatever else happens."""

from datetime import timedelta

import pytest

from tests.simulation import Simulation
from wcflow.rules.workflow_run import progress_words

LATER = """
[workflow later]
trigger = order_paid
do =
    wait 5d
    add_note later
"""
IMMEDIATE = """
[workflow immediate]
trigger = order_paid
do = add_note immediate
"""


def test_two_workflows_that_one_event_starts_do_not_disturb_each_other(tmp_path):
    sim = Simulation(tmp_path, LATER + IMMEDIATE)
    sim.settle()
    order = sim.place_order(email="anna@example.com")
    sim.settle()
    sim.advance(days=6)
    sim.settle()
    assert ["immediate", "later"] == sim.notes(order)


def test_a_workflow_added_later_for_existing_orders_does_not_end_a_wait(tmp_path):
    sim = Simulation(tmp_path, LATER)
    sim.settle()
    order = sim.place_order(email="anna@example.com")
    sim.settle()
    sim.write_rules(LATER + IMMEDIATE.replace("do =", "existing = include\ndo ="))
    sim.settle()
    sim.advance(days=6)
    sim.settle()
    assert ["immediate", "later"] == sim.notes(order)


def test_a_run_ends_with_a_reason_if_its_order_belongs_to_another_customer_now(tmp_path):
    sim = Simulation(tmp_path, LATER)
    sim.settle()
    order = sim.place_order(email="anna@example.com")
    sim.place_order(email="anna@example.com")
    sim.settle()
    sim.sandbox.edit_billing(order, now=sim.now, email="ben@example.com")
    sim.settle()
    sim.advance(days=6)
    sim.settle()
    runs = {(run.order_id, run.state, run.reason) for run in sim.runs("g:anna@example.com")}
    assert (order, "ended", f"order {order} belongs to another customer now") in runs


def test_a_run_ends_with_a_reason_if_its_order_no_longer_exists(tmp_path):
    sim = Simulation(tmp_path, LATER)
    sim.settle()
    order = sim.place_order(email="anna@example.com")
    sim.place_order(email="anna@example.com")
    sim.settle()
    sim.sandbox.delete_order(order)
    sim.advance(days=6)
    sim.nightly()
    sim.settle()
    runs = {(run.order_id, run.state, run.reason) for run in sim.runs("g:anna@example.com")}
    assert (order, "ended", f"order {order} no longer exists") in runs


BRANCHES = """
[workflow branches]
trigger = order_paid
once = per customer
do =
    if order.total >= 50
        add_note big
        wait 5d
        if orders_count >= 2
            add_note came back
        else
            add_note {{ first_name or "they" }} stayed away
        end
    else
        add_note small
    end
    add_note last
"""


@pytest.mark.parametrize(
    ("again", "expected"),
    [(True, ["big", "came back", "last"]), (False, ["big", "they stayed away", "last"])],
)
def test_a_run_takes_the_side_that_is_right_when_it_gets_there(tmp_path, again, expected):
    sim = Simulation(tmp_path, BRANCHES)
    sim.settle()
    order = sim.place_order(email="anna@example.com")
    sim.settle()
    assert ["big"] == sim.notes(order)
    sim.advance(days=2)
    if again:
        sim.place_order(email="anna@example.com")
    sim.settle()
    sim.advance(days=4)
    sim.settle()
    assert expected == sim.notes(order)
    (run,) = [each for each in sim.runs("g:anna@example.com") if each.counts]
    words = {label: progress_words(run, label) for label in ("1", "1.then.3", "1.else.1")}
    assert {
        "1": "yes: order.total 100.00 >= 50",
        "1.then.3": "yes: orders_count 2 >= 2" if again else "no: orders_count 1 < 2",
        "1.else.1": "not taken",
    } == words


UNTIL = """
[workflow until]
trigger = first_order
do =
    wait until {condition} for at most 7d
    if orders_count >= 2
        add_note came back
    else
        add_note stayed away
    end
"""


def test_a_wait_for_a_condition_ends_as_soon_as_an_order_makes_it_true(tmp_path):
    sim = Simulation(tmp_path, UNTIL.format(condition="orders_count >= 2"))
    sim.settle()
    order = sim.place_order(email="anna@example.com")
    sim.settle()
    (run,) = sim.runs("g:anna@example.com")
    assert ("waiting", True, sim.now.date() + timedelta(days=7)) == (
        run.state,
        run.awaits,
        run.due_at.date(),
    )
    sim.advance(days=2)
    sim.place_order(email="anna@example.com")
    sim.settle()
    assert ["came back"] == sim.notes(order)
    (run,) = sim.runs("g:anna@example.com")
    assert "went on: orders_count 2 >= 2" == progress_words(run, "1")


def test_a_wait_for_a_condition_ends_when_its_time_is_over_and_not_before(tmp_path):
    sim = Simulation(tmp_path, UNTIL.format(condition="orders_count >= 2"))
    sim.settle()
    order = sim.place_order(email="anna@example.com")
    sim.settle()
    sim.advance(days=6, hours=23)
    sim.settle()
    assert [] == sim.notes(order)
    sim.advance(hours=2)
    sim.settle()
    assert ["stayed away"] == sim.notes(order)
    (run,) = sim.runs("g:anna@example.com")
    assert "went on: time over after 7 days: orders_count 1 < 2" == progress_words(run, "1")


def test_a_wait_for_a_condition_ends_when_time_alone_makes_it_true(tmp_path):
    sim = Simulation(tmp_path, UNTIL.format(condition="last_order_date < -3d"))
    sim.settle()
    order = sim.place_order(email="anna@example.com")
    sim.settle()
    sim.advance(days=3)
    sim.settle()
    assert [] == sim.notes(order)
    sim.advance(days=1)
    sim.settle()
    assert ["stayed away"] == sim.notes(order)


def test_a_wait_for_what_holds_already_does_not_wait(tmp_path):
    sim = Simulation(tmp_path, UNTIL.format(condition="orders_count >= 1"))
    sim.settle()
    order = sim.place_order(email="anna@example.com")
    sim.settle()
    assert ["stayed away"] == sim.notes(order)


def test_stop_when_ends_a_run_whose_awaited_condition_holds(tmp_path):
    rules = UNTIL.format(condition="orders_count >= 2").replace(
        "do =", "stop_when = orders_count >= 2\ndo ="
    )
    sim = Simulation(tmp_path, rules)
    sim.settle()
    order = sim.place_order(email="anna@example.com")
    sim.settle()
    sim.advance(days=2)
    sim.place_order(email="anna@example.com")
    sim.settle()
    (run,) = sim.runs("g:anna@example.com")
    assert ("ended", "stop_when holds: orders_count 2 >= 2", []) == (
        run.state,
        run.reason,
        sim.notes(order),
    )


def test_a_run_without_its_order_does_not_wait_for_a_condition(tmp_path):
    sim = Simulation(tmp_path, UNTIL.format(condition="order.total >= 500"))
    sim.settle()
    order = sim.place_order(email="anna@example.com")
    sim.place_order(email="anna@example.com")
    sim.settle()
    sim.sandbox.delete_order(order)
    sim.nightly()
    sim.settle()
    runs = {(run.order_id, run.state, run.reason) for run in sim.runs("g:anna@example.com")}
    assert (order, "ended", f"order {order} no longer exists") in runs


def test_a_note_is_cancelled_with_the_coupon_of_the_side_that_was_taken(tmp_path):
    """Both sides make a coupon; the note contains that of the first."""
    rules = """
[coupon a]
type = percent
amount = 10
[coupon b]
type = percent
amount = 20
[workflow sides]
trigger = first_order
do =
    if order.total >= 50
        create_coupon a
    else
        create_coupon b
    end
    add_note {{ coupon.code }}
"""
    sim = Simulation(tmp_path, rules)
    sim.settle()
    order = sim.place_order(email="anna@example.com")
    sim.settle()
    coupon, note = [entry for entry in sim.outbox() if entry.run_id]
    assert ("1.then.1", ("1.then.1",)) == (coupon.label, tuple(note.needs))
    assert [coupon.payload["code"]] == sim.notes(order)
