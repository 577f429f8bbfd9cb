"""Triggers from time start workflows on their day, once, and cost nothing in between."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

from tests.simulation import Simulation
from wcflow.database.sql import table_of
from wcflow.database.tables import PersonRow, RunRow

ANNA = "anna@example.com"
PERSONS, RUNS = table_of(PersonRow), table_of(RunRow)


def simulate(tmp_path, trigger, *, when="", start=datetime(2026, 3, 2, 10, tzinfo=UTC), **more):
    rules = f"[workflow w]\ntrigger = {trigger}\n{when}\ndo = add_note {{{{ store.name }}}}\n"
    return Simulation(tmp_path, rules, now=start, **more)


def live(sim, days):
    """Let time pass, with a pass every six hours."""
    for _ in range(days * 4):
        sim.advance(hours=6)
        sim.run_pass(check_store=False)


def run_days(sim):
    """Return the day, in the store, on which each run started, and its event."""
    with sim.db.reading() as tx:
        found = tx.execute(select(RUNS.c.event, RUNS.c.started_at).order_by(RUNS.c.started_at))
        return [
            (event, datetime.fromtimestamp(at, UTC).strftime("%m-%d %H")) for event, at in found
        ]


def due(sim):
    with sim.db.reading() as tx:
        query = select(func.count()).where(PERSONS.c.due_at.is_not(None))
        return tx.scalar(query)


def test_a_birthday_workflow_runs_once_though_the_date_is_corrected(tmp_path):
    sim = simulate(tmp_path, "birthday", store="birthday_meta = born")
    customer = sim.register(ANNA, meta={"born": "1990-03-05"}, days_ago=400)
    sim.settle()
    live(sim, 4)
    assert [("birthday 2026", "03-05 04")] == run_days(sim)

    sim.sandbox.edit_customer_meta(customer, "born", "1990-03-09", now=sim.now)
    sim.place_order(customer=customer, email=ANNA)
    live(sim, 6)
    assert 1 == len(run_days(sim))


def test_an_anniversary_runs_on_its_day_and_not_the_day_before(tmp_path):
    sim = simulate(tmp_path, "anniversary of first_order in year 1")
    sim.place_order(email=ANNA, days_ago=362)
    sim.place_order(email="berta@example.com", days_ago=362 + 365)
    sim.settle()
    live(sim, 2)
    assert [] == run_days(sim)

    live(sim, 2)
    assert [("anniversary 1 of first_order", "03-05 04")] == run_days(sim)


def test_daily_runs_for_everyone_who_matches_and_nobody_else_is_due(tmp_path):
    sim = simulate(tmp_path, "daily at 03:00", when="when = total_spent >= 100")
    for count in range(3):
        sim.place_order(email=f"rich{count}@example.com", total="150.00")
        sim.place_order(email=f"poor{count}@example.com", total="20.00")
    sim.settle()
    assert 3 == due(sim)

    live(sim, 2)
    assert ["daily 2026-03-03"] * 3 + ["daily 2026-03-04"] * 3 == [e for e, _ in run_days(sim)]


def test_daily_leaves_no_trace_of_those_who_do_not_match(tmp_path):
    sim = simulate(tmp_path, "daily at 11:00", when="when = orders_count >= 3")  # 10:00 UTC
    sim.place_order(email=ANNA)
    sim.settle()
    live(sim, 2)
    sim.place_order(email=ANNA)
    sim.run_pass()
    assert [] == run_days(sim)

    sim.advance(hours=3)
    sim.place_order(email=ANNA)
    sim.run_pass()
    assert [] == run_days(sim)

    live(sim, 1)
    assert ["daily 2026-03-05"] == [event for event, _ in run_days(sim)]


@pytest.mark.parametrize("month", [3, 10])
def test_daily_runs_once_a_day_while_clocks_change(tmp_path, month):
    day = {3: 27, 10: 23}[month]
    start = datetime(2026, month, day, 10, tzinfo=UTC)
    sim = simulate(tmp_path, "daily at 02:30", start=start, zone="Europe/Berlin")
    sim.place_order(email=ANNA)
    sim.settle()
    live(sim, 4)

    days = [start + timedelta(days=count) for count in range(1, 5)]
    assert [f"daily {each:%Y-%m-%d}" for each in days] == [event for event, _ in run_days(sim)]


def test_checkout_abandoned_reminds_once_and_not_after_a_purchase(tmp_path):
    sim = simulate(tmp_path, "checkout_abandoned after 1h")
    sim.settle()
    sim.advance(hours=1)
    left = sim.place_order(email=ANNA, status="pending")
    bought = sim.place_order(email="berta@example.com", status="pending")
    sim.run_pass()
    sim.sandbox.pay(bought, now=sim.now)
    for _ in range(3):
        sim.advance(minutes=25)
        sim.run_pass()
    again = sim.place_order(email=ANNA, status="failed")
    live(sim, 1)

    assert ["checkout of 1 abandoned"] == [event for event, _ in run_days(sim)]
    assert ([sim.sandbox.state.settings.name], [], []) == (
        sim.notes(left),
        sim.notes(bought),
        sim.notes(again),
    )


@pytest.mark.parametrize("edit", ["when = orders_count >= 1", "when = total_spent > 50"])
def test_an_edited_condition_does_not_start_daily_at_once(tmp_path, edit):
    sim = simulate(tmp_path, "daily at 09:00", when="when = orders_count >= 5")
    sim.place_order(email=ANNA)
    sim.settle()
    sim.advance(hours=23)
    rules = f"[workflow w]\ntrigger = daily at 09:00\n{edit}\ndo = add_note x\n"
    sim.write_rules(rules)
    sim.run_pass()
    assert [] == run_days(sim)

    live(sim, 1)
    assert ["daily 2026-03-04"] == [event for event, _ in run_days(sim)]


def test_a_cart_is_not_reminded_of_again_when_an_earlier_order_is_deleted(tmp_path):
    """The earlier order is part of the cart's name."""
    sim = simulate(tmp_path, "checkout_abandoned after 1h")
    earlier = sim.place_order(email=ANNA, days_ago=9)
    sim.settle()
    sim.advance(hours=1)
    sim.place_order(email=ANNA, status="failed")
    live(sim, 1)
    sim.sandbox.delete_order(earlier)
    sim.nightly()
    live(sim, 1)

    assert [f"checkout of 1 abandoned after order {earlier}"] == [
        event for event, _ in run_days(sim)
    ]
