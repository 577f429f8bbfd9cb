"""What a person looks up by hand: the right rows, and no sooner or later however many there are."""

from datetime import UTC, datetime
from itertools import count

import pytest

from wcflow.database import outbox
from wcflow.database.connection import open_database
from wcflow.database.identity import mark_dirty
from wcflow.database.people import find_person
from wcflow.database.sql import stamp, table_of
from wcflow.database.stores import save_store
from wcflow.database.tables import OutboxRow

NOW = stamp(datetime(2026, 1, 5, 9, 0, tzinfo=UTC))


def outbox_row(store, number):
    words = {"step": "0", "kind": "note", "payload": "{}", "state": "done", "claimed_by": ""}
    at = {"target_id": number, "due_at": NOW, "queued_at": NOW, "attempts": 0, "approved": False}
    who = {"store": store, "rule": "workflow welcome", "person": number}
    return {
        **who,
        "event": f"order {number} paid",
        **words,
        **at,
        "outcome": "",
        "rules_digest": "",
    }


def fill_database(database, number, stores=("shop",)):
    """Keep so many people and effects; of several stores by turns."""
    with database.transaction() as tx:
        for store in stores:
            save_store(tx, store, url="https://shop.example")
            mark_dirty(
                tx, store, {f"c{each}": f"{each}@example.com" for each in range(1, number + 1)}
            )
        each_to_its_own = [stores[each % len(stores)] for each in range(number)]
        rows = [outbox_row(store, each) for each, store in enumerate(each_to_its_own)]
        tx.execute(table_of(OutboxRow).insert(), rows)


@pytest.mark.parametrize("newest_first", [True, False])
def test_a_few_effects_are_the_first_few_of_their_store(database, newest_first):
    fill_database(database, 40, ("shop", "other"))
    with database.reading() as tx:
        every = outbox.load_entries(tx, "shop", limit=None, newest_first=newest_first)
        few = outbox.load_entries(tx, "shop", limit=7, newest_first=newest_first)
    assert sorted(range(0, 40, 2), reverse=newest_first) == [each.target_id for each in every]
    assert every[:7] == few


def test_a_person_is_found_by_key_number_or_address_and_an_account_before_a_guest(database):
    with database.transaction() as tx:
        guest = {"g:anna@example.com": "anna@example.com", "g:bob@example.com": "bob@example.com"}
        known = mark_dirty(tx, "shop", {"c12": "anna@example.com", **guest})
        mark_dirty(tx, "other", {"c7": "carl@example.com"})
        asked = ("c12", " 12 ", "Anna@Example.com", "g:anna@example.com", "BOB@example.com")
        found = [find_person(tx, "shop", who) for who in (*asked, "carl@example.com", "7", "")]
    account, anna, bob = map(known.get, ("c12", *guest))
    assert [account, account, account, anna, bob, None, None, None] == found


@pytest.mark.parametrize(
    "look",
    [
        lambda tx: outbox.load_entries(tx, "shop", limit=5, newest_first=True),
        lambda tx: find_person(tx, "shop", "3@example.com"),
        lambda tx: find_person(tx, "shop", "3"),
    ],
    ids=["newest effects", "by address", "by number"],
)
def test_to_look_something_up_takes_as_long_in_a_large_shop_as_in_a_small_one(tmp_path, look):
    costs = []
    for number in (50, 2000):
        with open_database(f"sqlite:///{tmp_path / str(number)}") as database:
            fill_database(database, number)
            with database.reading() as tx:
                look(tx)
                costs.append(count_sqlite_steps(tx, lambda tx=tx: look(tx)))
    small, large = costs
    assert large < 2 * small


def count_sqlite_steps(tx, ask):
    """Count what SQLite does for an answer, in the steps of its machine."""
    counted, driver = count(), tx.connection.dbapi_connection
    driver.set_progress_handler(lambda: next(counted) < 0, 1)
    ask()
    driver.set_progress_handler(None, 1)
    return next(counted)
