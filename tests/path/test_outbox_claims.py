"""Claims and counts of outbox rows, on SQLite and on PostgreSQL."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from wcflow.database import messages, outbox
from wcflow.database.sql import count_rows, stamp, table_of
from wcflow.database.stores import save_store
from wcflow.database.tables import OutboxRow

NOW = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
KINDS = ("tags_customer", "tags_order", "meta_customer", "note", "coupon")


def fill_outbox(database, stores=("shop",), rows=300):
    """Fill the outboxes of some stores at random; return the rows."""
    random = Random(3)
    outbox_rows = [
        {
            "store": random.choice(stores),
            "rule": "workflow welcome",
            "person": number,
            "event": f"order {number} paid",
            "step": "0",
            "kind": random.choice(KINDS),
            "target_id": number,
            "payload": "{}",
            "state": random.choice(["due", "due", "done", "done", "done", "failed"]),
            "due_at": stamp(NOW) + random.randrange(-50, 25),
            "queued_at": stamp(NOW),
            "claimed_by": "",
            "attempts": 0,
            "approved": random.random() < 0.3,
            "outcome": "",
            "digest": "",
        }
        for number in range(rows)
    ]
    with database.transaction() as tx:
        for store in stores:
            save_store(tx, store, url="https://shop.example")
        tx.execute(table_of(OutboxRow).insert(), outbox_rows)
    return outbox_rows


def due_rows(rows, store="shop"):
    return [
        row
        for row in rows
        if (row["store"], row["state"]) == (store, "due") and row["due_at"] <= stamp(NOW)
    ]


@pytest.mark.parametrize("approved_only", [True, False])
def test_entries_are_claimed_in_the_order_of_their_due_time_whatever_their_kind(
    database, approved_only
):
    rows = fill_outbox(database)
    kinds = ("tags_customer", "meta_customer", "note")
    expected = [
        (row["due_at"], row["target_id"])
        for row in due_rows(rows)
        if row["kind"] in kinds and (row["approved"] or not approved_only)
    ]
    claimed = []
    with database.transaction() as tx:
        while batch := outbox.claim(tx, "shop", kinds, NOW, 7, "me", approved_only=approved_only):
            claimed.append([(stamp(entry.due_at), entry.target_id) for entry in batch])

    assert sorted(expected) == [each for batch in claimed for each in sorted(batch)]
    assert {7} == {len(batch) for batch in claimed[:-1]}


def test_waiting_entries_are_counted_by_approval(database):
    rows = due_rows(fill_outbox(database, stores=("shop", "other")))
    approved = sum(row["approved"] for row in rows)
    with database.reading() as tx:
        assert (len(rows) - approved, approved) == outbox.count_waiting(tx, "shop", NOW)
        assert (0, 0) == outbox.count_waiting(tx, "shop", NOW - timedelta(days=1))


@pytest.mark.parametrize("stores", [("shop",), ("shop", "other")])
def test_only_the_rows_of_one_store_are_counted(database, stores):
    rows = fill_outbox(database, stores)
    expected = Counter(row["state"] for row in rows if row["store"] == "shop")
    with database.reading() as tx:
        assert dict(expected) == outbox.count_by_state(tx, "shop")
        assert expected.total() == count_rows(tx, table_of(OutboxRow), "shop")
        assert ({}, 0) == (
            outbox.count_by_state(tx, "no"),
            count_rows(tx, table_of(OutboxRow), "no"),
        )


def add_messages(database, *messages):
    """Queue messages (priority, urgent, seconds until due); their target is their number."""
    rows = [
        {
            "store": "shop",
            "rule": "workflow welcome",
            "person": number,
            "event": "registered",
            "step": "0",
            "kind": "text",
            "channel": "phone",
            "target_id": number,
            "payload": "{}",
            "due_at": stamp(NOW) + due,
            "queued_at": stamp(NOW),
            "approved": number % 2 == 0,
            "priority": priority,
            "urgent": urgent,
        }
        for number, (priority, urgent, due) in enumerate(messages)
    ]
    with database.transaction() as tx:
        save_store(tx, "shop", url="https://shop.example")
        tx.execute(table_of(OutboxRow).insert(), rows)


def test_messages_are_claimed_by_priority_then_urgent_ones_then_the_older(database):
    queued = ((50, False, -9), (50, True, -5), (90, False, 0), (50, False, -8), (90, False, 60))
    add_messages(database, *queued)
    with database.transaction() as tx:
        claimed = messages.claim_messages(tx, "shop", ["text"], NOW, 3, "me")
        rest = messages.claim_messages(tx, "shop", ["text"], NOW, 3, "me")
    assert [[2, 1, 0], [3]] == [[each.target_id for each in some] for some in (claimed, rest)]


def test_a_deferred_message_is_due_later_and_was_not_tried(database):
    add_messages(database, (50, False, 0))
    with database.transaction() as tx:
        (message,) = messages.claim_messages(tx, "shop", ["text"], NOW, 3, "me")
        messages.defer(tx, [message.id], NOW + timedelta(hours=1), "quiet hours")
        assert [] == messages.claim_messages(tx, "shop", ["text"], NOW, 3, "me")
        (later,) = messages.claim_messages(tx, "shop", ["text"], NOW + timedelta(hours=1), 3, "me")
    assert (1, "quiet hours") == (later.attempts, later.outcome)
