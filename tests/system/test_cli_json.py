"""The fields of --json, which scripts rely on: the same thing has the same name everywhere."""

import json
from datetime import UTC, datetime

import pytest

from tests.command_line import CommandLine, run_wcflow

RULES = """
[segment Buyer]
when = orders_count >= 1

[workflow thanks]
trigger = order_paid
when = order.total >= 5
stop_when = orders_count > 9
do = add_note Thank you
"""
ENTRY = (
    "id state kind person target_id rule event step payload queued_at due_at attempts approved"
    " outcome cancelled_by"
)
CUSTOMER = "id name email"
COMPARISON = "text attribute found expected matches order_ids"


@pytest.fixture
def cli(tmp_path):
    """Anna's order comes after the initial sync, so that it starts the workflow."""
    command_line = CommandLine(tmp_path, RULES)
    number = command_line.sim.register("anna@example.com", first_name="Anna")
    command_line.run("plan")
    command_line.sim.now = datetime.now(UTC)
    command_line.sim.place_order(customer=number)
    command_line.run("plan")
    yield command_line
    command_line.sim.db.close()


def load(cli, *args, mounted_at=None):
    return json.loads(cli.run(*args, "--json", mounted_at=mounted_at).out)


def fields(record):
    return " ".join(record)


def test_the_fields_of_explain(cli):
    found = load(cli, "explain", "anna@example.com")
    (rule,), (workflow,) = found["rules"], found["workflows"]
    assert (
        "store person customer orders_count total_spent currency orders_without_rate last_order_at"
        " not_counted evaluated_at next_change_at segments tags tags_removed_by_hand groups tier points"
        " saved_in_store rules"
        " workflows campaigns transitions changes"
    ) == fields(found)
    assert CUSTOMER == fields(found["customer"])
    assert "kind name matches applies blocked_by tags comparisons" == fields(rule)
    assert COMPARISON == fields(rule["comparisons"][0])
    assert (
        "name trigger mode enabled_since evaluated_for when_matches when_comparisons"
        " stop_when_matches stop_when_comparisons status runs"
    ) == fields(workflow)
    assert [COMPARISON, COMPARISON] == [
        fields(workflow[each][0]) for each in ("when_comparisons", "stop_when_comparisons")
    ]


def test_the_fields_of_plan_and_outbox(cli):
    (plan,) = load(cli, "plan", mounted_at="https://shop.example").values()
    assert (
        "url write hold_reason waiting_counts dry_run_counts recorded_counts totals waiting"
        " without_rate dry_run"
    ) == fields(plan)
    totals = plan["totals"]
    assert "people kinds segments tags rules" == fields(totals)
    assert "segment before after" == fields(totals["segments"][0])
    assert (
        "tag added_to_customers removed_from_customers added_to_orders removed_from_orders"
    ) == fields(totals["tags"][0])
    assert "rule kinds people" == fields(totals["rules"][0])
    assert f"{ENTRY} customer before after target_missing" == fields(plan["waiting"][0])
    assert CUSTOMER == fields(plan["waiting"][0]["customer"])
    (entries,) = load(cli, "outbox", "list").values()
    assert ENTRY == fields(entries[0])
    assert f"store {ENTRY}" == fields(load(cli, "outbox", "show", entries[0]["id"]))


def test_the_fields_of_workflow_list(cli):
    ((workflow,),) = load(cli, "workflow", "list").values()
    assert "name trigger mode enabled_since paused_since run_counts" == fields(workflow)


def test_the_fields_of_status(cli):
    (status,) = load(cli, "status").values()
    assert (
        "healthy store url title version time_zone polled_at poll_age_seconds poll_error"
        " poll_error_since write_error write_error_since orders_imported_to import_started"
        " import_done clocks hold_reason held_since orders child_orders child_orders_count"
        " without_rate customers people people_to_evaluate segments outbox due_now deferred runs"
        " paused tasks_due campaigns failed quarantine odd_fields problems"
    ) == fields(status)


def test_the_fields_of_doctor_and_check_database(cli):
    doctor = load(cli, "doctor", mounted_at="https://shop.example")
    assert "verdict machine stores" == fields(doctor)
    findings = [*doctor["machine"], *doctor["stores"]["shop"]]
    assert {"name level message advice"} == {fields(each) for each in findings}
    with cli.sim.db.transaction() as tx:
        tx.exec_driver_sql("UPDATE orders SET detail = 'x'")
    report = load(cli, "check-database")
    assert "database revision healthy problems stores warnings" == fields(report)
    (problem,) = report["problems"]
    assert "name message advice store count examples" == fields(problem)


def test_the_fields_of_reference():
    found = json.loads(run_wcflow("reference", "--json").out)
    assert [
        "name family type windowed place meaning example",
        "name form has_order has_item meaning example",
        "name form meaning example",
        "section name form required meaning example",
    ] == [fields(found[each][0]) for each in ("attributes", "triggers", "steps", "keys")]
