"""Persons by their keys: whose an order is, and what moves when a key changes."""

import pytest

from wcflow.database.customers import save_customers
from wcflow.database.identity import mark_dirty, rename_subject, subjects_of
from wcflow.database.orders import Owner
from wcflow.database.sql import loads, table_of
from wcflow.database.tables import MembershipRow, OutboxRow, PersonRow, RunRow, TransitionRow
from wcflow.records import Address, Customer

OLD, NEW = "g:anna@example.com", "c5"


@pytest.fixture
def tx(database):
    with database.transaction() as tx:
        yield tx


def put(tx, row):
    values = row.model_dump(exclude={"id"} if getattr(row, "id", 0) is None else set())
    tx.execute(table_of(type(row)).insert(), [values])


def person(subject, **columns):
    return PersonRow(store="shop", subject=subject, email="anna@example.com", **columns)


def effect(subject, **columns):
    fields = {"rule": "segment VIP", "occurrence": "order 1 paid", "step": "0", "kind": "note"}
    times = {"due_at": 1, "queued_at": 1, "payload": "{}"}
    return OutboxRow(store="shop", subject=subject, **{**fields, **times, **columns})


def run(subject, **columns):
    fields = {"workflow": "welcome", "occurrence": "order 1 paid", "at": 1, "started_at": 1}
    return RunRow(
        store="shop", subject=subject, **{**fields, "steps": "[]", "state": "waiting", **columns}
    )


def rows(tx, model, *columns):
    found = tx.execute(table_of(model).select()).all()
    return sorted(tuple(getattr(row, name) for name in columns) for row in found)


def the_person(tx):
    (row,) = tx.execute(table_of(PersonRow).select()).mappings()
    return dict(row)


class TestSubjects:
    @pytest.fixture(autouse=True)
    def accounts(self, tx):
        billing = Address(email="Both@example.com")
        save_customers(
            tx,
            "shop",
            [
                Customer(5, "anna@example.com"),
                Customer(7, "", billing=billing),
                Customer(6, "both@example.com"),
            ],
        )

    @pytest.mark.parametrize(
        ("owner", "subject"),
        [
            (Owner(9, "anna@example.com"), "c9"),
            (Owner(0, "anna@example.com"), "c5"),
            (Owner(0, "both@example.com"), "c6"),
            (Owner(0, "bob@example.com"), "g:bob@example.com"),
            (Owner(0, ""), None),
            (Owner(0, "till@example.com"), None),
            (Owner(8, "till@example.com"), "c8"),
        ],
    )
    def test_the_person_of_an_order(self, tx, owner, subject):
        shared = frozenset({"till@example.com"})

        assert {owner: subject} == subjects_of(tx, "shop", [owner], shared, "by_email")

    def test_where_guests_are_nobody_accounts_still_have_their_guest_orders(self, tx):
        guest, anna = Owner(0, "bob@example.com"), Owner(0, "anna@example.com")

        assert {guest: None, anna: "c5"} == subjects_of(
            tx, "shop", [guest, anna], frozenset(), "ignore"
        )

    def test_another_shop_is_another_world(self, tx):
        owner = Owner(0, "anna@example.com")

        assert {owner: OLD} == subjects_of(tx, "other", [owner], frozenset(), "by_email")


def test_touching_makes_persons_and_keeps_what_is_remembered_of_them(tx):
    put(tx, person(NEW, touched=0, worn='["VIP"]', due_at=7))
    mark_dirty(tx, "shop", {NEW: "new@example.com", "c6": "b@example.com"})

    assert [
        ("c5", "new@example.com", 1, '["VIP"]', 7),
        ("c6", "b@example.com", 1, "[]", None),
    ] == rows(tx, PersonRow, "subject", "email", "touched", "worn", "due_at")


class TestRenaming:
    def test_a_person_moves_as_they_are_less_what_another_account_was_given(self, tx):
        before = person(OLD, touched=0, worn='["VIP"]', written_customer="{}", written_order="{}")
        put(tx, before)
        rename_subject(tx, "shop", OLD, NEW, "anna@example.com")

        expected = before.model_dump() | {"subject": NEW, "touched": 1, "written_customer": None}
        assert expected == the_person(tx)

    def test_nobody_who_becomes_somebody_is_touched(self, tx):
        rename_subject(tx, "shop", OLD, NEW, "anna@example.com")

        assert person(NEW).model_dump() == the_person(tx)

    def test_two_memories_become_one(self, tx):
        put(
            tx,
            person(
                OLD,
                by_hand='["a"]',
                refused='["r"]',
                granted='["g"]',
                worn='["a","g"]',
                kept='{"x":["k1"],"y":["k2"]}',
                matched='["m"]',
                written_order='{"of": "old"}',
                written_order_id=9,
                evaluated_at=50,
                spent=900,
                digest="of the last evaluation",
            ),
        )
        put(
            tx,
            person(
                NEW,
                by_hand='["b"]',
                worn='["a","b"]',
                kept='{"x":["k3"]}',
                written_customer='{"of": "new"}',
                written_order='{"of": "new"}',
                written_order_id=4,
                evaluated_at=40,
                touched=0,
                spent=100,
                digest="d",
            ),
        )
        rename_subject(tx, "shop", OLD, NEW, "anna@example.com")
        found = the_person(tx)

        lists = {
            name: loads(found[name])
            for name in ("by_hand", "refused", "granted", "worn", "matched")
        }
        assert {
            "by_hand": ["a", "b"],
            "refused": ["r"],
            "granted": ["g"],
            "worn": ["a", "b", "g"],
            "matched": ["m"],
        } == lists
        assert {"x": ["k1", "k3"], "y": ["k2"]} == loads(found["kept"])
        assert ('{"of": "new"}', '{"of": "old"}', 9) == (
            found["written_customer"],
            found["written_order"],
            found["written_order_id"],
        )
        assert (1, 50, 100, "of the last evaluation") == (
            found["touched"],
            found["evaluated_at"],
            found["spent"],
            found["digest"],
        )

    def test_memberships_are_joined_and_the_earlier_entry_counts(self, tx):
        for subject, segment, since in [
            (OLD, "VIP", 5),
            (OLD, "New", 9),
            (NEW, "VIP", 7),
            ("c9", "VIP", 1),
        ]:
            put(tx, MembershipRow(store="shop", subject=subject, segment=segment, since=since))
        rename_subject(tx, "shop", OLD, NEW, "anna@example.com")

        expected = [(NEW, "New", 9), (NEW, "VIP", 5), ("c9", "VIP", 1)]
        assert expected == rows(tx, MembershipRow, "subject", "segment", "since")

    def test_the_timeline_moves_along(self, tx):
        for subject in (OLD, NEW, "c9"):
            put(
                tx,
                TransitionRow(
                    store="shop", subject=subject, segment="VIP", entered=True, at=1, reason=""
                ),
            )
        rename_subject(tx, "shop", OLD, NEW, "anna@example.com")

        assert [(NEW,), (NEW,), ("c9",)] == rows(tx, TransitionRow, "subject")

    def test_effects_that_do_not_clash_move(self, tx):
        put(tx, effect(OLD, step="1", state="done"))
        put(tx, effect(NEW, step="2"))
        rename_subject(tx, "shop", OLD, NEW, "anna@example.com")

        assert [(NEW, "1", "done"), (NEW, "2", "due")] == rows(
            tx, OutboxRow, "subject", "step", "state"
        )

    @pytest.mark.parametrize(
        ("old", "new", "stays"),
        [
            ("done", "due", "old"),
            ("done", "claimed", "old"),
            ("done", "failed", "old"),
            ("done", "done", "new"),
            ("due", "done", "new"),
            ("due", "due", "new"),
            ("failed", "due", "new"),
        ],
    )
    def test_of_two_records_of_one_effect_the_one_that_is_done_stays(self, tx, old, new, stays):
        put(tx, effect(OLD, state=old, outcome="old"))
        put(tx, effect(NEW, state=new, outcome="new"))
        rename_subject(tx, "shop", OLD, NEW, "anna@example.com")

        assert [(NEW, stays)] == rows(tx, OutboxRow, "subject", "outcome")

    def test_of_two_runs_of_one_occurrence_one_stays_with_the_effects_of_both(self, tx):
        put(tx, run(OLD, state="done"))
        put(tx, run(NEW, state="waiting"))
        (old, _), (new, _) = sorted(
            rows(tx, RunRow, "id", "subject"), key=lambda row: row[1] == NEW
        )
        put(tx, effect(OLD, step="0", run_id=old))
        put(tx, effect(NEW, step="1", run_id=new))
        rename_subject(tx, "shop", OLD, NEW, "anna@example.com")

        assert [(old, NEW, "done")] == rows(tx, RunRow, "id", "subject", "state")
        assert [("0", old), ("1", old)] == rows(tx, OutboxRow, "step", "run_id")

    def test_the_other_shop_is_left_alone(self, tx):
        put(tx, PersonRow(store="other", subject=OLD))
        rename_subject(tx, "shop", OLD, NEW, "anna@example.com")

        assert [("other", OLD), ("shop", NEW)] == rows(tx, PersonRow, "store", "subject")

    def test_to_keep_ones_key_is_to_be_touched(self, tx):
        put(tx, person(OLD, touched=0, written_customer="{}", worn='["VIP"]'))
        rename_subject(tx, "shop", OLD, OLD, "anna@example.com")

        assert person(
            OLD, touched=1, written_customer="{}", worn='["VIP"]'
        ).model_dump() == the_person(tx)
