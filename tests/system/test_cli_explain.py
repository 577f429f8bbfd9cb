"""``wcflow explain``: every rule with its reasons, whether it matches or not."""

import json
from datetime import UTC, datetime

import pytest

from tests.command_line import CommandLine

RULES = """
[segment VIP]
group = lifecycle
when = total_spent >= 1000 or orders_count >= 10

[segment Regular]
group = lifecycle
when = orders_count >= 1

[tag Repeat Buyer]
when = orders_count >= 2

[tag Country]
when = shipping_country is not empty
tag = Country: {{ shipping_country }}

[workflow welcome]
trigger = first_order
when = order.total >= 20
do =
    add_tag Welcomed
    wait 3d
    add_note Hello again, {{ first_name }}

[workflow large]
trigger = high_value_order 500
do = add_note large
"""


@pytest.fixture
def cli(tmp_path):
    command_line = CommandLine(tmp_path, RULES)
    yield command_line
    command_line.sim.db.close()


@pytest.fixture
def anna(cli):
    number = cli.sim.register("anna@example.com", first_name="Anna", last_name="Schmidt")
    cli.order = cli.sim.place_order(customer=number, days_ago=30, total="1200.00")
    assert 0 == cli.run("sync", "--approve").code
    return number


def explain(cli, *args):
    return json.loads(cli.run("explain", *args, "--json", mounted_at=None).out)


def test_a_customer_is_found_by_id_and_by_email(cli, anna):
    """In upper or lower case, with the same output."""
    by_id = cli.run("explain", anna, mounted_at=None)
    assert 0 == by_id.code
    assert by_id.out == cli.run("explain", "Anna@Example.com", mounted_at=None).out
    assert "Anna Schmidt <anna@example.com>, customer 1" == by_id.lines[0]
    assert "  1 paid order, 1,200.00 USD in total, the last on " in by_id.lines[1]


def test_each_part_of_a_condition_is_shown(cli, anna):
    """With its answer, the value found and the orders behind it, also if it does not match."""
    ran = cli.run("explain", anna, "VIP", mounted_at=None)
    assert [
        "Segment rules",
        "  VIP: yes",
        f"      yes  total_spent >= 1000  found 1,200.00  order {cli.order}",
        f"      no   orders_count >= 10   found 1         order {cli.order}",
    ] == ran.lines[3:7]


def test_a_segment_that_loses_in_its_group_names_the_winner(cli, anna):
    ran = cli.run("explain", anna, "Regular", mounted_at=None)
    assert "  Regular: yes, but VIP comes first" in ran.lines


def test_an_unknown_value_is_shown_as_not_known(cli, anna):
    """There is no shipping address, so the rule does not match."""
    (rule,) = explain(cli, anna, "tag Country")["rules"]
    assert ("not known", False) == (rule["comparisons"][0]["found"], rule["applies"])


def test_each_tag_has_its_origin(cli, anna):
    """Rules, workflows or by hand; a tag removed by hand is shown as well."""
    cli.sim.now = datetime.now(UTC)
    number = cli.sim.register("bob@example.com", first_name="Bob")
    cli.sim.place_order(customer=number)
    assert 0 == cli.run("sync").code
    cli.sandbox.edit_customer_meta(number, "wcflow_tags", "Mine, Welcomed", now=datetime.now(UTC))
    cli.sandbox.edit_billing(max(cli.sandbox.order_ids()), city="Köln", now=datetime.now(UTC))
    assert 0 == cli.run("sync").code
    found = explain(cli, number)
    assert {
        "Mine": ["added by hand"],
        "Welcomed": ["workflow welcome"],
    } == found["tags"]
    assert ["Regular"] == found["tags_removed_by_hand"]


def test_a_waiting_run_shows_its_next_step_and_time(cli, anna):
    cli.sim.now = datetime.now(UTC)
    number = cli.sim.register("bob@example.com", first_name="Bob")
    cli.sim.place_order(customer=number)
    assert 0 == cli.run("sync").code
    ran = cli.run("explain", number, "welcome", mounted_at=None)
    assert "next step 3, add_note Hello again, {{ first_name }}, on " in ran.out
    assert "first order: already handled" in ran.out


def test_a_workflow_is_explained_for_its_latest_event(cli, anna):
    """Its condition is shown even if the event happened before the workflow was enabled."""
    ran = cli.run("explain", anna, "welcome", mounted_at=None)
    assert [
        "Workflows",
        "  welcome: on first_order",
        "      first order: skipped: happened before this workflow was enabled",
        "      when: yes",
        f"        yes  order.total >= 20  found 1,200.00  order {cli.order}",
    ] == ran.lines[3:8]


def test_a_workflow_without_an_event_is_explained_for_the_latest_order(cli, anna):
    order = cli.sim.place_order(email="guest@example.com", days_ago=2, total="30.00")
    assert 0 == cli.run("sync").code
    (workflow,) = explain(cli, "guest@example.com", "large")["workflows"]
    assert (f"their latest order {order}", "not started yet") == (
        workflow["evaluated_for"],
        workflow["status"],
    )


def test_segment_changes_and_written_changes_are_shown(cli, anna):
    """With their reasons and outcomes."""
    found = explain(cli, anna)
    assert ["done", "done"] == [each["state"] for each in found["changes"]]
    cli.sim.now = datetime.now(UTC)
    cli.sandbox.refund(cli.order, now=cli.sim.now)
    assert 0 == cli.run("sync").code
    (transition,) = explain(cli, anna)["transitions"]
    assert ("VIP", False, "total_spent 0.00 < 1000 and orders_count 0 < 10") == (
        transition["segment"],
        transition["entered"],
        transition["reason"],
    )


def test_explain_changes_nothing_in_the_database(cli, anna):
    """Not even after the rules changed."""
    cli.edit_config("total_spent >= 1000", "total_spent >= 5000")
    before = list(cli.sim.db._engine.raw_connection().iterdump())
    found = explain(cli, anna)
    assert ["Regular"] == list(found["segments"])
    assert before == list(cli.sim.db._engine.raw_connection().iterdump())


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["99"], "there is no customer '99'"),
        (["nobody@example.com"], "there is no customer"),
        (["1", "VIPP"], "Did you mean 'VIP'?"),
        (["1", "--store", "other"], "Use one of: shop"),
    ],
)
def test_an_unknown_customer_rule_or_store_exits_with_2(cli, anna, args, message):
    ran = cli.run("explain", *args, mounted_at=None)
    assert (2, "") == (ran.code, ran.out)
    assert message in ran.err
