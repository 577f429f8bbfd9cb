"""``wcflow group``: groups and their customers, from the command line."""

import json

import pytest

from tests.command_line import CommandLine

RULES = """
[segment Wholesale]
when = groups contains 'Wholesale'
"""


@pytest.fixture
def cli(tmp_path):
    command_line = CommandLine(tmp_path, RULES)
    command_line.sim.register("anna@example.com", first_name="Anna")
    command_line.sim.register("ben@example.com", first_name="Ben")
    assert 0 == command_line.run("sync", "--approve").code
    yield command_line
    command_line.sim.db.close()


def run(cli, *words):
    return cli.run("group", *words, mounted_at=None)


def test_a_customer_is_added_to_a_group_and_listed(cli):
    assert "anna@example.com is in Wholesale now." in run(cli, "add", "Wholesale", "anna").out
    assert "already" in run(cli, "add", "wholesale", "anna@example.com").out
    assert {"shop": {"Wholesale": 1}} == json.loads(run(cli, "list", "--json").out)
    (member,) = json.loads(run(cli, "list", "WHOLESALE", "--json").out)["shop"]
    assert "anna@example.com" == member["customer"]["email"]
    assert "Anna <anna@example.com>, customer" in run(cli, "list", "Wholesale").out


def test_rules_see_the_group_at_the_next_sync(cli):
    run(cli, "add", "Wholesale", "anna")
    cli.run("sync", "--approve")
    listed = cli.run("customer", "list", "--segment", "Wholesale", mounted_at=None).out
    assert ("anna@example.com" in listed, "ben@example.com" in listed) == (True, False)


def test_a_customer_is_removed_from_a_group(cli):
    run(cli, "add", "Wholesale", "anna")
    assert "no longer in Wholesale" in run(cli, "remove", "Wholesale", "anna").out
    result = run(cli, "remove", "Wholesale", "anna")
    assert (2, True) == (result.code, "They are in no group." in result.err)


def test_a_group_without_customers_is_an_error_with_a_suggestion(cli):
    run(cli, "add", "Wholesale", "anna")
    result = run(cli, "list", "Wholsale")
    assert (2, True) == (result.code, "Did you mean 'Wholesale'?" in result.err)


def names(cli):
    return json.loads(run(cli, "list", "--json").out)["shop"]


def test_a_group_is_created_without_customers(cli):
    assert "Created the group Press." in run(cli, "create", "Press").out
    assert {"Press": 0} == names(cli)
    refused = run(cli, "create", "press")
    assert (2, True) == (refused.code, "there is a group 'Press' already" in refused.err)


def test_a_renamed_group_keeps_its_customers(cli):
    run(cli, "add", "Wholsale", "anna")
    assert (
        "Renamed the group Wholsale to Wholesale."
        in run(cli, "rename", "wholsale", "Wholesale").out
    )
    assert {"Wholesale": 1} == names(cli)
    run(cli, "create", "Press")
    assert 2 == run(cli, "rename", "Wholesale", "PRESS").code
    assert 2 == run(cli, "rename", "nothing", "Other").code
    run(cli, "rename", "Wholesale", "WHOLESALE")
    assert {"Press": 0, "WHOLESALE": 1} == names(cli)


def test_deleting_a_group_asks_and_is_seen_by_rules(cli):
    run(cli, "add", "Wholesale", "anna")
    cli.run("sync", "--approve")
    assert 2 == run(cli, "delete", "Wholesale").code
    assert {"Wholesale": 1} == names(cli)
    assert (
        "Deleted the group Wholesale. Its customers stay."
        in run(cli, "delete", "wholesale", "--yes").out
    )
    assert {} == names(cli)
    cli.run("sync", "--approve")
    listed = cli.run("customer", "list", "--segment", "Wholesale", mounted_at=None).out
    assert "anna@example.com" not in listed


def test_changes_of_groups_are_undone(cli):
    run(cli, "create", "Press")
    run(cli, "add", "Press", "anna")
    run(cli, "remove", "Press", "anna")
    run(cli, "rename", "Press", "Media")
    run(cli, "delete", "Media", "--yes")
    expected = [{"Media": 0}, {"Press": 0}, {"Press": 1}, {"Press": 0}, {}]
    for number, after in zip((5, 4, 3, 2, 1), expected, strict=True):
        cli.undo(number)
        assert after == names(cli), number
