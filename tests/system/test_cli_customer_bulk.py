"""``wcflow customer bulk``: the same change for many customers, and its undo."""

import json

import pytest

from tests.command_line import CommandLine
from tests.persons import person
from wcflow.customers import bulk
from wcflow.customers.bulk_actions import ACTIONS
from wcflow.database.edits import load_edits
from wcflow.database.groups import load_groups
from wcflow.database.people import load_memories, load_person_ids

RULES = """
[workflow Welcome]
trigger = customer_created
do = add_tag Welcomed
[segment Tester]
when = email contains "tester"
"""


@pytest.fixture
def cli(tmp_path):
    command_line = CommandLine(tmp_path, RULES)
    for name in ("anna", "ben", "cleo"):
        command_line.sim.register(f"{name}@example.com", first_name=name.title(), days_ago=30)
    command_line.sim.register("tester@example.com", first_name="Tester", days_ago=30)
    assert 0 == command_line.run("sync", "--approve").code
    yield command_line
    command_line.sim.db.close()


def run(cli, *words, typed=None):
    return cli.run(*words, mounted_at=None, typed=typed)


def listed(cli, *options):
    found = json.loads(run(cli, "customer", "list", "--json", *options).out)["shop"]
    return [each["customer"]["name"] for each in found]


def members(cli, group):
    return [
        each["customer"]["name"]
        for each in json.loads(run(cli, "group", "list", group, "--json").out)["shop"]
    ]


def edits_of(cli, key):
    with cli.sim.db.reading() as tx:
        who = person(tx, key) if key else 0
        return [each.words for each in load_edits(tx, "shop", [who])]


def test_a_preview_says_how_many_and_what_follows_before_anything_changes(cli):
    result = run(cli, "customer", "bulk", "add-tag", "Gold", "--search", "n")
    assert "shop: 2 of 4 customers" in result.out
    assert "Anna <anna@example.com>, customer 1" in result.out
    assert "The next 'wcflow sync' writes it to WooCommerce" in result.out
    assert "More than 100 changes at once wait for 'wcflow approve'." in result.out
    assert (2, True) == (result.code, "no terminal to confirm on" in result.err)
    assert [] == edits_of(cli, "c1")


def test_a_tag_for_all_of_a_filter_reaches_the_store_with_the_next_sync(cli):
    result = run(cli, "customer", "bulk", "add-tag", "Gold", "--search", "n", "--yes")
    assert "Added the tag Gold to 2 customers." in result.out
    cli.run("sync", "--approve")
    assert ["Anna", "Ben"] == listed(cli, "--tag", "Gold")
    assert "Gold" in cli.sim.customer_tags(1)
    again = run(cli, "customer", "bulk", "add-tag", "gold", "--all", "--yes").out
    assert "Added the tag Gold to 2 customers." in again
    assert "not changed, 2: had the tag Gold already" in again


def test_a_tag_is_removed_from_many_unless_they_do_not_have_it(cli):
    run(cli, "customer", "bulk", "add-tag", "Gold", "--search", "n", "--yes")
    result = run(cli, "customer", "bulk", "remove-tag", "Gold", "--all", "--yes")
    assert "Removed the tag Gold from 2 customers." in result.out
    assert "not changed, 2: did not have the tag Gold" in result.out
    cli.run("sync", "--approve")
    assert [] == [name for name in listed(cli) if name in listed(cli, "--search", "gold")]


def test_a_tag_of_a_rule_stays_where_rules_put_their_tags_back(cli):
    cli.edit_config("[wcflow]", "[wcflow]\nmanual_tags = restore")
    result = run(cli, "customer", "bulk", "remove-tag", "Tester", "--all", "--yes")
    assert "Removed the tag Tester from 0 customers." in result.out
    assert "not changed, 1: a rule makes the tag Tester, and manual_tags = restore" in result.out


def test_a_status_a_group_and_a_note_for_many(cli):
    run(cli, "customer", "bulk", "deactivate", "--search", "n", "--yes")
    assert ["Anna", "Ben"] == listed(cli, "--status", "inactive")
    run(cli, "customer", "bulk", "activate", "--search", "anna", "--yes")
    assert ["Ben"] == listed(cli, "--status", "inactive")
    run(cli, "customer", "bulk", "add-to-group", "Trade", "--all", "--yes")
    run(cli, "customer", "bulk", "remove-from-group", "trade", "--search", "ben", "--yes")
    assert {"Anna", "Cleo", "Tester"} == {*members(cli, "Trade")}
    text = ("note", "Fair in May", "--category", "meeting", "--search", "cleo")
    assert (
        "Wrote a note (Meeting) about 1 customer."
        in run(cli, "customer", "bulk", *text, "--yes").out
    )
    (note,) = json.loads(run(cli, "note", "list", "cleo", "--json").out)["notes"]
    assert ("Fair in May", "Meeting") == (note["text"], note["category"])


def test_each_line_of_a_file_that_fits_no_customer_is_told(cli, tmp_path):
    file = tmp_path / "people.txt"
    file.write_text(
        "\ufeffANNA@example.com\r\n\r\nnobody@example.com\r\n2\r\n# a remark\r\n1\r\n77\r\n"
    )
    result = run(cli, "customer", "bulk", "add-to-group", "Fair", "--from", file, "--yes")
    assert "line 3: there is no customer nobody@example.com" in result.out
    assert "line 7: there is no customer 77" in result.out
    assert "Added 2 customers to the group Fair." in result.out
    assert {"Anna", "Ben"} == {*members(cli, "Fair")}


def test_a_whole_bulk_change_is_undone_by_its_id(cli):
    run(cli, "tag", "add", "Gold", "anna")
    made = run(cli, "customer", "bulk", "add-tag", "Gold", "--all", "--yes").out
    number = made.partition("--bulk ")[2].partition("'")[0]
    alone = run(cli, "customer", "undo", number)
    assert (2, True) == (alone.code, f"'wcflow customer undo --bulk {number}'" in alone.err)
    result = run(cli, "customer", "undo", "--bulk", number, "--yes")
    assert "Added the tag Gold to 3 customers, by" in result.out
    assert "Undone for 3 customers." in result.out
    cli.run("sync", "--approve")
    assert ["Anna"] == listed(cli, "--tag", "Gold")
    assert "undone already" in run(cli, "customer", "undo", "--bulk", number, "--yes").err
    assert 2 == run(cli, "customer", "undo", "--bulk", "1", "--yes").code


def test_undo_leaves_alone_what_was_undone_for_one_customer_before(cli):
    made = run(cli, "customer", "bulk", "add-to-group", "Trade", "--all", "--yes").out
    number = int(made.partition("--bulk ")[2].partition("'")[0])
    run(cli, "customer", "undo", number + 1)
    run(cli, "group", "add", "Trade", "anna")
    assert "Undone for 3 customers." in run(cli, "customer", "undo", "--bulk", number, "--yes").out
    assert ["Anna"] == members(cli, "Trade")


@pytest.mark.parametrize("action", [each for each in ACTIONS if each != "remove-from-group"])
def test_an_interrupted_change_keeps_whole_batches_and_only_the_rest_is_done(
    cli, monkeypatch, action
):
    monkeypatch.setattr(bulk, "BATCH", 1)
    if action == "remove-tag":
        run(cli, "customer", "bulk", "add-tag", "Gold", "--all", "--yes")
    if action == "activate":
        run(cli, "customer", "bulk", "deactivate", "--all", "--yes")
    value = {"TAG": ["Gold"], "GROUP": ["Trade"], "TEXT": ["Hello"], "": []}[ACTIONS[action].value]
    words = ("customer", "bulk", action, *value, "--all", "--yes")
    with cli.sim.db.reading() as tx:
        last = load_person_ids(tx, "shop")[-1]
    operation = ACTIONS[action]

    def plan(tx, request):
        change = operation.plan(tx, request)

        def killed_at_the_last(tx, store, persons, by):
            found = change.operation(tx, store, persons, by)
            if last in persons:
                raise KeyboardInterrupt
            return found

        return bulk.BulkChange(change.doing, change.done, killed_at_the_last)

    before = len(edits_of(cli, "c1"))
    monkeypatch.setitem(ACTIONS, action, operation._replace(plan=plan))
    assert 0 != run(cli, *words).code
    monkeypatch.setitem(ACTIONS, action, operation)
    result = run(cli, *words)
    assert "interrupted after 3 customers: only the rest is done" in result.out
    assert "4 customers" in result.out.splitlines()[-2]
    assert before + 1 == len(edits_of(cli, "c1"))
    number = result.out.partition("--bulk ")[2].partition("'")[0]
    assert "Undone for 4 customers." in run(cli, "customer", "undo", "--bulk", number, "--yes").out


def test_without_a_selection_or_with_two_it_is_an_error(cli, tmp_path):
    for options in ((), ("--all", "--search", "n"), ("--all", "--from", tmp_path / "x")):
        assert 2 == run(cli, "customer", "bulk", "activate", *options).code
    assert 1 == run(cli, "customer", "bulk", "activate", "--from", tmp_path / "x").code
    assert 2 == run(cli, "customer", "bulk", "activate", "Gold", "--all").code
    assert 2 == run(cli, "customer", "bulk", "add-tag", "--all").code
    assert 2 == run(cli, "customer", "bulk", "add-tag", "a,b", "--all").code
    assert 2 == run(cli, "customer", "bulk", "remove-from-group", "Trade", "--all").code
    assert 2 == run(cli, "customer", "bulk", "add-tag", "x", "--category", "y", "--all").code
    assert (
        "No customer is selected."
        in run(cli, "customer", "bulk", "add-tag", "x", "--search", "zzz").out
    )


def test_a_change_that_changes_no_one_leaves_no_edit(cli):
    result = run(cli, "customer", "bulk", "activate", "--all", "--yes")
    assert "Set 0 customers to active." in result.out
    assert "not changed, 4: were active already" in result.out
    assert "undo" not in result.out
    assert [] == edits_of(cli, "")


def test_people_join_and_leave_by_batches_as_one_by_one(cli):
    run(cli, "customer", "bulk", "add-to-group", "Trade", "--all", "--yes")
    with cli.sim.db.reading() as tx:
        ids = load_person_ids(tx, "shop")
        assert {each: frozenset({"Trade"}) for each in ids} == load_groups(tx, "shop", ids)
        assert not any(each.standing.inactive for each in load_memories(tx, "shop", ids).values())


def test_a_workflow_starts_for_the_selected_customers_only(cli):
    words = ("customer", "bulk", "start-workflow", "Welcome", "--search", "n")
    assert (2, []) == (cli.run(*words).code, edits_of(cli, "c1"))
    result = cli.run(*words, "--yes")
    assert "shop: 2 of 4 customers" in result.out
    assert "1 run started" in cli.run(*words[:-1], "cleo", "--yes").out
    assert "2 runs started." in result.out
    assert ["started the workflow Welcome"] == edits_of(cli, "c1")
    cli.run("sync", "--approve")
    assert {"Anna", "Ben", "Cleo"} == {*listed(cli, "--tag", "Welcomed")}
    assert 2 == cli.run("customer", "bulk", "start-workflow", "Wellcome", "--all").code
    assert 2 == cli.run("customer", "bulk", "start-workflow", "--all").code


def test_many_are_deleted_as_by_customer_delete(cli, tmp_path):
    shown = run(cli, "customer", "bulk", "delete", "--search", "n")
    assert ["Anna <anna@example.com>, customer 1", "Ben <ben@example.com>, customer 2"] == [
        line.rstrip(" 0") for line in shown.lines[1:3]
    ]
    assert run(cli, "customer", "delete", "--search", "n").out == shown.out
    file = tmp_path / "two.txt"
    file.write_text("anna@example.com\n2\n")
    result = run(cli, "customer", "bulk", "delete", "--from", str(file), "--yes")
    assert 2 == result.out.count("(receipt ")
    assert ["Cleo", "Tester"] == listed(cli)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["delete"], "no customers are selected"),
        (["delete", "--all", "--yes"], "delete does not take all customers at once"),
        (["delete", "Gold", "--search", "n"], "delete has neither a value nor a category"),
        (["note", "Hi", "--all", "--orders", "delete"], "only delete does something to orders"),
        (["delete", "--search", "n"], "no terminal to confirm on; add --yes"),
    ],
)
def test_a_deletion_that_was_not_clearly_asked_for_deletes_no_one(cli, words, message):
    result = run(cli, "customer", "bulk", *words)
    assert 2 == result.code
    assert message in result.err
    assert 4 == len(listed(cli))
