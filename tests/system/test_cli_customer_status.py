"""``wcflow customer activate`` and ``deactivate``."""

import json

import pytest

from tests.command_line import CommandLine


@pytest.fixture
def cli(tmp_path):
    command_line = CommandLine(tmp_path, "")
    command_line.sim.register("anna@example.com", first_name="Anna")
    command_line.sim.place_order(email="guest@example.com", days_ago=2)
    assert 0 == command_line.run("sync", "--approve").code
    yield command_line
    command_line.sim.db.close()


def run(cli, *words):
    return cli.run("customer", *words, mounted_at=None)


def inactive(cli):
    where = ("list", "--where", "status = 'inactive'", "--json")
    return [each["customer"]["email"] for each in json.loads(run(cli, *where).out)["shop"]]


def test_the_command_says_what_changed_and_where_it_is_shown(cli):
    result = run(cli, "deactivate", "anna")
    assert "Anna <anna@example.com>, customer 1: set the status to inactive." in result.out
    assert "The next 'wcflow sync' writes it to customer 1;" in result.out
    assert ["anna@example.com"] == inactive(cli)
    assert "is inactive already" in run(cli, "deactivate", "anna").out
    assert 0 == run(cli, "activate", "anna").code
    assert [] == inactive(cli)


def test_an_undo_takes_it_back(cli):
    result = run(cli, "deactivate", "anna")
    number = result.out.split("customer undo ")[1].split("'")[0]
    assert "set the status back to active" in run(cli, "undo", number).out
    assert [] == inactive(cli)


def test_a_guest_has_a_status_too(cli):
    cli.edit_config("[store shop]", "[store shop]\norder_tags = none")
    result = run(cli, "deactivate", "guest@example.com")
    assert "WooCommerce has no place to show it." in result.out
    assert ["guest@example.com"] == inactive(cli)
