"""Which cards of the companion plugin are outdated: each change is pushed, and none is lost."""

import pytest

from wcflow.database import companion
from wcflow.database.identity import mark_dirty

EVERYONE = [1, 2, 3, 4, 5]


@pytest.fixture
def tx(database):
    """Five people of a store that has the plugin; all of them are to be pushed."""
    with database.transaction() as tx:
        for person in EVERYONE:
            mark_dirty(tx, "shop", {f"c{person}": ""})
        companion.push_everyone(tx, "shop")
        yield tx


def outdated(tx):
    """Return the people to push next, after queueing more if everyone is pushed."""
    companion.queue_more(tx, "shop", 9)
    return companion.load_outdated(tx, "shop", 9)


def push_all(tx):
    """Push what is outdated, and return the people in their order."""
    found = outdated(tx)
    companion.clear_outdated(tx, "shop", found)
    return [*found]


def test_everyone_is_pushed_when_the_plugin_is_found(tx):
    assert 5 == companion.count_outdated(tx, "shop")
    assert EVERYONE == sorted(push_all(tx))
    assert 0 == companion.count_outdated(tx, "shop")
    assert companion.load_companion(tx, "shop").finish_due


def test_without_the_plugin_nothing_is_noted(database):
    with database.transaction() as tx:
        mark_dirty(tx, "shop", {"c1": ""})
        companion.mark_cards_outdated(tx, "shop", [1])
        assert {} == outdated(tx)


def test_the_newest_changes_are_pushed_first_and_before_those_who_did_not_change(tx):
    assert 5 == len(outdated(tx))
    companion.mark_cards_outdated(tx, "shop", [4])
    companion.mark_cards_outdated(tx, "shop", [2])
    assert [2, 4] == [*outdated(tx)][:2]


def test_whoever_changes_during_the_push_is_pushed_again(tx):
    push_all(tx)
    companion.mark_cards_outdated(tx, "shop", [3])
    found = outdated(tx)
    companion.mark_cards_outdated(tx, "shop", [3])
    companion.clear_outdated(tx, "shop", found)
    assert [3] == push_all(tx)
    assert [] == push_all(tx)


def test_each_time_that_everyone_is_pushed_has_another_name(tx):
    first = companion.load_companion(tx, "shop").generation
    companion.push_everyone(tx, "shop")
    second = companion.load_companion(tx, "shop").generation
    assert (first.partition(":")[0], "1", "2") == (
        second.partition(":")[0],
        first.partition(":")[2],
        second.partition(":")[2],
    )


def test_a_cursor_starts_at_nothing_and_is_kept_for_each_stream(tx):
    assert companion.Cursor("", 0, "") == companion.load_cursor(tx, "shop", "requests")
    companion.save_cursor(tx, "shop", "requests", companion.Cursor("e", 7, "k"))
    assert companion.Cursor("e", 7, "k") == companion.load_cursor(tx, "shop", "requests")
    assert companion.Cursor() == companion.load_cursor(tx, "shop", "events")


def test_after_a_restore_the_plugin_has_another_generation_than_the_database(tx):
    companion.expect_anything(tx)
    assert "" == companion.load_companion(tx, "shop").generation
