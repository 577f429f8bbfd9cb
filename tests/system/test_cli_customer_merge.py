"""``wcflow customer merge`` and ``split``."""

import json
from datetime import UTC, datetime

import pytest

from tests.command_line import CommandLine

RULES = """
[segment Big]
when = total_spent >= 250

[workflow thanks]
trigger = segment_entered Big
do = add_note You are big

[workflow first]
trigger = first_order
do =
    wait 30d
    add_note A month
"""
ANNA, ANN = "anna@example.com", "ann@example.com"


@pytest.fixture
def cli(tmp_path):
    command_line = CommandLine(tmp_path, RULES)
    assert 0 == command_line.run("sync", "--approve").code
    command_line.sim.now = datetime.now(UTC).replace(microsecond=0)
    command_line.sim.register(ANNA, first_name="Anna")
    command_line.sim.place_order(email=ANNA, total="200.00")
    command_line.sim.place_order(email=ANN, total="100.00")
    assert 0 == command_line.run("sync", "--approve").code
    yield command_line
    command_line.sim.db.close()


def run(cli, *words):
    return cli.run(*words, mounted_at=None)


def customers(cli):
    (found,) = json.loads(run(cli, "customer", "list", "--json").out).values()
    return {each["customer"]["email"]: each["orders_count"] for each in found}


def test_a_merge_shows_what_follows_before_it_is_done(cli):
    result = run(cli, "customer", "merge", ANNA, ANN, "--yes")
    lines = [" ".join(line.split()) for line in result.out.splitlines()]
    assert 0 == result.code
    assert {
        "paid orders 1 1 2",
        "spent (USD) 200.00 100.00 300.00",
        "waiting workflow runs 1 1 1",
        "Enters: Big",
        "Starts: the workflow thanks",
        "Both have had, and it is not repeated: first: first order",
        f"Merged {ANN} into customer 1.",
    } <= {*lines}
    assert {ANNA: 2} == customers(cli)


def test_the_preview_changes_nothing(cli):
    before = customers(cli)
    result = run(cli, "customer", "merge", ANNA, ANN)
    assert (2, True) == (result.code, "add --yes" in result.err)
    assert before == customers(cli) == {ANNA: 1, ANN: 1}


def test_a_split_takes_the_merge_back(cli):
    run(cli, "customer", "merge", ANNA, ANN, "--yes")
    result = run(cli, "customer", "split", ANN, "--yes")
    assert f"Parted {ANN} from customer 1." in result.out
    assert f"{ANN}, guest is a customer of their own again." in result.out
    assert {ANNA: 1, ANN: 1} == customers(cli)


def test_a_merge_can_be_undone_by_the_id_of_its_edit(cli):
    result = run(cli, "customer", "merge", ANNA, ANN, "--yes")
    assert "'wcflow customer undo 1' takes it back." in result.out
    assert 0 == run(cli, "customer", "undo", "1").code
    assert {ANNA: 1, ANN: 1} == customers(cli)


def test_a_customer_who_was_not_merged_cannot_be_split(cli):
    result = run(cli, "customer", "split", ANN, "--yes")
    assert (2, True) == (result.code, "was not merged" in result.err)


@pytest.mark.parametrize("other", [ANNA, "1", "no@example.com"])
def test_a_customer_cannot_be_merged_with_themselves_or_with_no_one(cli, other):
    assert 2 == run(cli, "customer", "merge", ANNA, other, "--yes").code


def test_the_guests_orders_move_to_the_account_in_the_store(cli):
    result = run(cli, "customer", "merge", ANNA, ANN, "--move-orders", "--yes")
    assert "Moves in WooCommerce: 1 guest order to customer 1" in result.out
    assert 0 == cli.run("sync").code
    owners = {cli.sandbox.order(each)["customer_id"] for each in cli.sandbox.order_ids()}
    assert {1} >= owners - {0}
    assert 1 in owners


def test_orders_cannot_move_without_an_account(cli):
    cli.sim.place_order(email="a@example.com")
    cli.run("sync", "--approve")
    result = run(cli, "customer", "merge", "a@example.com", ANN, "--move-orders", "--yes")
    assert (2, True) == (result.code, "no account" in result.err)
