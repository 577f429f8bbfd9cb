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
