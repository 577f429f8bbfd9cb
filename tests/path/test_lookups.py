"""Lookups by admins find the right rows, and take no longer in a large database."""

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
    return {
        "store": store,
        "rule": "workflow welcome",
        "person": number,
        "event": f"order {number} paid",
        "step": "0",
        "kind": "note",
        "target_id": number,
        "payload": "{}",
        "state": "done",
        "due_at": NOW,
        "queued_at": NOW,
        "claimed_by": "",
        "attempts": 0,
        "approved": False,
        "outcome": "",
        "rules_digest": "",
    }


def fill_database(database, number, stores=("shop",)):
    """Save ``number`` people in each store, and ``number`` outbox entries of the stores in turn."""
    with database.transaction() as tx:
        for store in stores:
            save_store(tx, store, url="https://shop.example")
            mark_dirty(
                tx, store, {f"c{each}": f"{each}@example.com" for each in range(1, number + 1)}
            )
        rows = [outbox_row(stores[each % len(stores)], each) for each in range(number)]
        tx.execute(table_of(OutboxRow).insert(), rows)


@pytest.mark.parametrize("newest_first", [True, False])
def test_a_limited_outbox_listing_returns_the_first_entries_of_its_store(database, newest_first):
    fill_database(database, 40, ("shop", "other"))
    with database.reading() as tx:
        entries = outbox.load_entries(tx, "shop", limit=None, newest_first=newest_first)
        first = outbox.load_entries(tx, "shop", limit=7, newest_first=newest_first)
    assert sorted(range(0, 40, 2), reverse=newest_first) == [each.target_id for each in entries]
    assert entries[:7] == first


def test_a_person_is_found_by_key_number_or_address_and_an_account_before_a_guest(database):
    with database.transaction() as tx:
        guests = {"g:anna@example.com": "anna@example.com", "g:bob@example.com": "bob@example.com"}
        ids = mark_dirty(tx, "shop", {"c12": "anna@example.com", **guests})
        mark_dirty(tx, "other", {"c7": "carl@example.com"})
        in_store = ("c12", " 12 ", "Anna@Example.com", "g:anna@example.com", "BOB@example.com")
        not_in_store = ("carl@example.com", "7", "")
        found = [find_person(tx, "shop", text) for text in (*in_store, *not_in_store)]
    account, anna, bob = map(ids.get, ("c12", *guests))
    assert [account, account, account, anna, bob, None, None, None] == found


@pytest.mark.parametrize(
    "lookup",
    [
        lambda tx: outbox.load_entries(tx, "shop", limit=5, newest_first=True),
        lambda tx: find_person(tx, "shop", "3@example.com"),
        lambda tx: find_person(tx, "shop", "3"),
    ],
    ids=["newest entries", "by address", "by number"],
)
def test_a_lookup_takes_as_long_in_a_large_database_as_in_a_small_one(tmp_path, lookup):
    costs = []
    for number in (50, 2000):
        with open_database(f"sqlite:///{tmp_path / str(number)}") as database:
            fill_database(database, number)
            with database.reading() as tx:
                lookup(tx)
                costs.append(count_sqlite_steps(tx, lookup))
    small, large = costs
    assert large < 2 * small


def count_sqlite_steps(tx, lookup):
    """Count the virtual machine instructions of SQLite for a lookup."""
    counter, driver = count(), tx.connection.dbapi_connection
    driver.set_progress_handler(lambda: next(counter) < 0, 1)
    lookup(tx)
    driver.set_progress_handler(None, 1)
    return next(counter)
