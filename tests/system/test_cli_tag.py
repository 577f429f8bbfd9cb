"""``wcflow tag``: tags by hand, for a customer or everywhere."""

import json

import pytest

from tests.command_line import CommandLine
from tests.persons import person
from wcflow.database.edits import load_edits

RULES = """
[segment VIP]
when = total_spent >= 100

[tag country]
when = shipping_country is not empty
tag = Country: {{ shipping_country }}

[workflow thank]
trigger = order_paid
do =
    add_tag Thanked
"""


@pytest.fixture
def cli(tmp_path):
    command_line = CommandLine(tmp_path, RULES)
    sim = command_line.sim
    for name in ("anna", "ben"):
        sim.register(f"{name}@example.com", first_name=name.title())
    home = {"country": "DE"}
    sim.place_order(customer=1, email="anna@example.com", days_ago=3, shipping=home)
    assert 0 == command_line.run("sync", "--approve").code
    yield command_line
    sim.db.close()


def run(cli, *words):
    return cli.run(*words, mounted_at=None)


def sync(cli):
    assert 0 == cli.run("sync", "--approve").code


def tags_of(cli, customer):
    return cli.sim.customer_tags(customer)


def counts(cli):
    found = json.loads(run(cli, "tag", "list", "--json").out)["shop"]
    return {each["tag"]: each["customers"] for each in found}


def test_an_added_tag_is_written_by_the_next_sync_and_the_command_says_where(cli):
    added = run(cli, "tag", "add", "Wholesale", "ben")
    assert "Ben <ben@example.com>, customer 2: added the tag Wholesale.\n" in added.out
    assert "The next 'wcflow sync' writes it to customer 2" in added.out
    assert frozenset() == tags_of(cli, 2)
    sync(cli)
    assert {"Wholesale"} == tags_of(cli, 2)


def test_a_tag_is_added_as_it_is_written_elsewhere(cli):
    run(cli, "tag", "add", "Wholesale", "ben")
    assert "added the tag Wholesale" in run(cli, "tag", "add", "wholesale", "anna").out


def test_a_tag_that_they_have_is_not_added_again(cli):
    run(cli, "tag", "add", "Wholesale", "ben")
    again = run(cli, "tag", "add", "WHOLESALE", "ben")
    assert (0, True) == (again.code, "has the tag Wholesale already" in again.out)
    with cli.sim.db.reading() as tx:
        assert 1 == len(load_edits(tx, "shop", [person(tx, "c2")]))


def test_a_tag_with_a_comma_is_an_error(cli):
    assert 2 == run(cli, "tag", "add", "A, B", "ben").code
    assert 2 == run(cli, "tag", "add", " ", "ben").code


def test_a_removed_tag_is_gone_after_the_next_sync_also_one_of_a_rule_or_workflow(cli):
    assert {"VIP", "Country: DE"} <= tags_of(cli, 1)
    for tag in ("vip", "Country: DE"):
        assert 0 == run(cli, "tag", "remove", tag, "anna").code
        sync(cli)
    sync(cli)
    assert set() == tags_of(cli, 1) & {"VIP", "Country: DE"}


def test_a_tag_that_they_do_not_have_cannot_be_removed(cli):
    result = run(cli, "tag", "remove", "VIPP", "anna")
    assert (2, True) == (result.code, "Did you mean 'VIP'?" in result.err)


def test_with_manual_tags_restore_the_tag_of_a_rule_cannot_be_removed(cli):
    cli.edit_config("[wcflow]", "[wcflow]\nmanual_tags = restore")
    result = run(cli, "tag", "remove", "VIP", "anna")
    assert (2, True) == (result.code, "manual_tags = restore" in result.err)


def test_the_list_shows_how_many_customers_have_a_tag_and_what_makes_it(cli):
    run(cli, "tag", "add", "Wholesale", "ben")
    run(cli, "tag", "remove", "VIP", "anna")
    assert {"Country: DE": 1, "Wholesale": 1} == counts(cli)
    listed = run(cli, "tag", "list").out
    assert "[tag country]" in listed
    assert "by hand" in listed


def test_a_renamed_tag_has_its_new_name_everywhere_and_an_undo_gives_back_the_old(cli):
    for name in ("anna", "ben"):
        run(cli, "tag", "add", "Wholesale", name)
    sync(cli)
    renamed = run(cli, "tag", "rename", "wholesale", "B2B", "--yes")
    assert "Renamed the tag Wholesale to B2B for 2 customers." in renamed.out
    sync(cli)
    assert [True, True] == ["B2B" in tags_of(cli, each) for each in (1, 2)]
    assert ({"B2B"}, 0) == (tags_of(cli, 2), counts(cli).get("Wholesale", 0))
    edit = renamed.out.split("customer undo ")[1].split("'")[0]
    assert 0 == run(cli, "customer", "undo", edit).code
    sync(cli)
    assert ({"Wholesale"}, True) == (tags_of(cli, 2), "Wholesale" in tags_of(cli, 1))
    assert 2 == run(cli, "customer", "undo", edit).code


@pytest.mark.parametrize(
    ("tag", "made_by"), [("VIP", "[segment VIP]"), ("Country: DE", "[tag country]")]
)
@pytest.mark.parametrize(
    "words", [("rename", "{}", "Other"), ("merge", "{}", "Other"), ("delete", "{}")]
)
def test_a_tag_that_a_rule_makes_is_changed_in_the_configuration_only(cli, tag, made_by, words):
    result = run(cli, "tag", *[each.format(tag) for each in words], "--yes")
    assert (2, True) == (result.code, f"because {made_by} makes it" in result.err)


def test_a_tag_is_not_renamed_to_one_that_exists(cli):
    run(cli, "tag", "add", "Wholesale", "ben")
    run(cli, "tag", "add", "B2B", "anna")
    result = run(cli, "tag", "rename", "Wholesale", "B2B", "--yes")
    assert (2, True) == (result.code, "'wcflow tag merge Wholesale B2B'" in result.err)


def test_merged_tags_are_replaced_by_one_and_an_undo_restores_each(cli):
    run(cli, "tag", "add", "Wholesale", "ben")
    run(cli, "tag", "add", "B2B", "ben")
    run(cli, "tag", "add", "Reseller", "anna")
    merged = run(cli, "tag", "merge", "Wholesale", "Reseller", "B2B", "--yes")
    assert "Merged the tags Wholesale, Reseller into B2B for 2 customers." in merged.out
    sync(cli)
    assert ({"B2B"}, True) == (tags_of(cli, 2), "B2B" in tags_of(cli, 1))
    run(cli, "customer", "undo", merged.out.split("customer undo ")[1].split("'")[0])
    sync(cli)
    assert {"Wholesale", "B2B"} == tags_of(cli, 2)
    assert ("Reseller" in tags_of(cli, 1), "B2B" in tags_of(cli, 1)) == (True, False)


def test_a_deletion_asks_and_takes_the_tag_from_everyone(cli):
    run(cli, "tag", "add", "Wholesale", "ben")
    asked = run(cli, "tag", "delete", "Wholesale")
    assert (2, True) == (asked.code, "add --yes" in asked.err)
    assert 1 == counts(cli)["Wholesale"]
    deleted = run(cli, "tag", "delete", "Wholesale", "--yes")
    assert "Deleted the tag Wholesale for 1 customer." in deleted.out
    sync(cli)
    assert frozenset() == tags_of(cli, 2)


def test_a_rename_shows_where_the_configuration_mentions_the_tag(cli):
    run(cli, "tag", "add", "Wholesale", "ben")
    with cli.config.open("a") as file:
        file.write("[segment Trade]\nwhen = tags contains 'wholesale'\n")
    result = run(cli, "tag", "rename", "Wholesale", "B2B", "--yes")
    assert "mentions Wholesale" in result.err


def test_an_undo_takes_an_added_tag_back_and_puts_a_removed_one_back(cli):
    added = run(cli, "tag", "add", "Wholesale", "ben")
    sync(cli)
    run(cli, "customer", "undo", added.out.split("customer undo ")[1].split("'")[0])
    sync(cli)
    assert frozenset() == tags_of(cli, 2)
    removed = run(cli, "tag", "remove", "VIP", "anna")
    sync(cli)
    run(cli, "customer", "undo", removed.out.split("customer undo ")[1].split("'")[0])
    sync(cli)
    assert "VIP" in tags_of(cli, 1)


def test_the_command_says_if_nothing_is_written_to_the_store_or_changes_are_held(cli):
    cli.edit_config("[store shop]", "[store shop]\nwrite = no")
    assert "(write = no)" in run(cli, "tag", "add", "Wholesale", "ben").out


def test_the_tag_of_a_rule_that_is_a_template_alone_is_not_renamed_either(cli):
    with cli.config.open("a") as file:
        file.write("[tag names]\nwhen = is_registered\ntag = {{ first_name }}\n")
    sync(cli)
    result = run(cli, "tag", "rename", "Ben", "Benjamin", "--yes")
    assert (2, True) == (result.code, "because a rule makes it" in result.err)
