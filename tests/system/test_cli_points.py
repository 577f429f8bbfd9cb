"""``wcflow points`` and ``wcflow tier``: what an admin changes by hand."""

import json

import pytest

from tests.command_line import CommandLine
from tests.persons import person
from wcflow.database.edits import load_edits

RULES = """
[points]
per_amount = 1 per 10
expires = 1y
since = 2020-01-01

[tiers]
by = total_spent
Silver = 50
Gold = 500
"""


@pytest.fixture
def cli(tmp_path):
    command_line = CommandLine(tmp_path, RULES)
    number = command_line.sim.register("anna@example.com", first_name="Anna", last_name="Smith")
    command_line.sim.place_order(customer=number, total="120.00")
    command_line.sim.register("ben@example.com", first_name="Ben")
    assert 0 == command_line.run("sync", "--approve").code
    yield command_line
    command_line.sim.db.close()


def run(cli, *words):
    return cli.run(*words, mounted_at=None)


def points(cli):
    found = json.loads(run(cli, "points", "show", "anna", "--json").out)
    return found["points"], [each["points"] for each in found["changes"]]


def test_points_are_shown_with_every_change_and_its_reason(cli):
    out = run(cli, "points", "show", "Anna", "Smith").out
    assert "12 points; the next expire on " in out
    assert ("paid" in out, "[points]" in out) == (True, True)
    assert (12, [12]) == points(cli)


def test_points_are_added_and_taken_by_hand(cli):
    assert "+50, now 62 points" in run(cli, "points", "add", "50", "anna", "--reason", "sorry").out
    assert "-20, now 42 points" in run(cli, "points", "add", "-20", "anna").out
    assert (42, [-20, 50, 12]) == points(cli)
    assert "sorry" in run(cli, "points", "show", "anna").out


def test_a_change_is_undone_once(cli):
    run(cli, "points", "add", "50", "anna")
    assert "-50, now 12 points" in run(cli, "points", "undo", "2").out
    result = run(cli, "points", "undo", "2")
    assert (2, True) == (result.code, "undone already, by change 3" in result.err)
    assert 2 == run(cli, "points", "undo", "99").code


def test_without_the_section_no_points_can_be_added(cli):
    cli.config.write_text(cli.config.read_text().replace(RULES, ""))
    result = run(cli, "points", "add", "5", "anna")
    assert (78, True) == (result.code, "no section [points]" in result.err)


def test_tiers_are_listed_with_their_customers(cli):
    (tiers,) = json.loads(run(cli, "tier", "list", "--json").out).values()
    assert [("Gold", 0), ("Silver", 1)] == [(each["tier"], each["customers"]) for each in tiers]
    assert "Silver" in run(cli, "tier", "list").out
    assert "Anna Smith" in run(cli, "tier", "show", "anna").out


def test_a_tier_is_set_until_it_is_cleared(cli):
    assert "at least Gold until" in run(cli, "tier", "set", "gold", "anna").out
    cli.run("sync", "--approve")
    assert "Gold" == json.loads(run(cli, "tier", "show", "anna", "--json").out)["tier"]
    assert 0 == run(cli, "tier", "clear", "anna").code
    cli.run("sync", "--approve")
    assert "Silver" == json.loads(run(cli, "tier", "show", "anna", "--json").out)["tier"]
    assert 2 == run(cli, "tier", "clear", "anna").code


def test_a_mistyped_tier_gets_a_suggestion(cli):
    result = run(cli, "tier", "set", "glod", "anna")
    assert (2, True) == (result.code, "Did you mean 'Gold'?" in result.err)


def test_a_lower_tier_does_not_replace_the_one_that_was_set(cli):
    run(cli, "tier", "set", "gold", "anna")
    assert "have at least Gold until" in run(cli, "tier", "set", "silver", "anna").out
    shown = json.loads(run(cli, "tier", "show", "anna", "--json").out)
    assert ("Gold", "Gold") == (shown["tier"], shown["at_least"])


def test_explain_shows_groups_tier_and_points(cli):
    run(cli, "group", "add", "Wholesale", "anna")
    out = run(cli, "explain", "anna").out
    assert ["Wholesale", "Silver", "12"] == [
        line.split()[-1]
        for line in out.splitlines()
        if line.split()[:1] in (["groups"], ["tier"], ["points"])
    ]


def edits_of_anna(cli):
    with cli.sim.db.reading() as tx:
        found = load_edits(tx, "shop", [person(tx, "c1")])
    return [(each.kind, each.words, each.by.reason) for each in found]


def undo(cli, number):
    return run(cli, "customer", "undo", number)


def test_points_by_hand_are_edits_which_the_timeline_tells_once(cli):
    run(cli, "points", "add", "50", "anna", "--reason", "sorry")
    run(cli, "points", "undo", "2", "--reason", "twice")
    assert [
        ("points", "gave 50 points", "sorry"),
        ("points", "undid change 2 of points (-50)", "twice"),
    ] == edits_of_anna(cli)
    found = json.loads(run(cli, "customer", "show", "anna", "--json").out)["timeline"]
    assert 3 == len([each for each in found if each["kind"] == "points"])


def test_points_have_their_own_undo(cli):
    run(cli, "points", "add", "50", "anna")
    result = undo(cli, 1)
    assert (2, True) == (result.code, "wcflow points undo 2" in result.err)
    assert 2 == run(cli, "points", "add", "0", "anna").code


def test_a_tier_by_hand_is_an_edit_that_can_be_undone(cli):
    run(cli, "tier", "set", "Gold", "anna", "--reason", "friend")
    run(cli, "tier", "clear", "anna")
    assert [
        ("tier", "set the tier to Gold", "friend"),
        ("tier", "cleared the tier Gold: the figures decide it again", ""),
    ] == edits_of_anna(cli)
    assert "their tier was changed since" in undo(cli, 1).err
    assert "set the tier back to Gold" in undo(cli, 2).out
    assert "set the tier back to Silver, by the figures" in undo(cli, 1).out
    found = json.loads(run(cli, "tier", "show", "anna", "--json").out)
    assert ("Silver", None) == (found["tier"], found["set_by"])
