"""Persons and their identities: the person of an order, and guests, accounts and merges."""

import pytest

from tests.persons import person as person_of
from wcflow.database.customers import save_customers
from wcflow.database.identity import Owner, find_keys, load_person_keys, mark_dirty, move_identity
from wcflow.database.same_person import follow_deleted, join
from wcflow.database.sql import loads, table_of, upsert
from wcflow.database.tables import (
    EventRow,
    IdentityRow,
    MembershipRow,
    OutboxRow,
    PersonRow,
    RunRow,
    TransitionRow,
)
from wcflow.records import Address, Customer

OLD, NEW = "g:anna@example.com", "c5"
ANNA = "anna@example.com"


@pytest.fixture
def tx(database):
    with database.transaction() as tx:
        yield tx


@pytest.fixture
def old(tx):
    return mark_dirty(tx, "shop", {OLD: ANNA})[OLD]


@pytest.fixture
def new(tx, old):
    return mark_dirty(tx, "shop", {NEW: ANNA})[NEW]


def insert(tx, row):
    values = row.model_dump(exclude={"id"} if getattr(row, "id", 0) is None else set())
    tx.execute(table_of(type(row)).insert(), [values])


def set_person(tx, person, **columns):
    upsert(tx, PersonRow, [{"id": person, "store": "shop", **columns}])


def entry(person, **columns):
    fields = {"rule": "segment VIP", "event": "order 1 paid", "step": "0", "kind": "note"}
    times = {"due_at": 1, "queued_at": 1, "payload": "{}"}
    return OutboxRow(store="shop", person=person, **{**fields, **times, **columns})


def run(person, **columns):
    fields = {"workflow": "welcome", "event": "order 1 paid", "event_at": 1, "started_at": 1}
    return RunRow(
        store="shop", person=person, **{**fields, "steps": "[]", "state": "waiting", **columns}
    )


def rows(tx, model, *columns):
    found = tx.execute(table_of(model).select()).all()
    return sorted(tuple(getattr(row, name) for name in columns) for row in found)


def only_person(tx):
    (row,) = tx.execute(table_of(PersonRow).select()).mappings()
    return dict(row)


def identities(tx):
    return {
        (kind, value): person
        for kind, value, person in rows(tx, IdentityRow, "kind", "value", "person")
    }


class TestOwners:
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
        ("owner", "key"),
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
    def test_an_order_belongs_to_its_account_else_to_the_person_with_its_address(
        self, tx, owner, key
    ):
        shared = frozenset({"till@example.com"})

        assert {owner: key} == find_keys(tx, "shop", [owner], shared, "by_email")

    def test_with_guests_ignored_an_account_still_owns_guest_orders_with_its_address(self, tx):
        guest, anna = Owner(0, "bob@example.com"), Owner(0, "anna@example.com")

        assert {guest: None, anna: "c5"} == find_keys(
            tx, "shop", [guest, anna], frozenset(), "ignore"
        )

    def test_accounts_of_another_store_own_nothing(self, tx):
        owner = Owner(0, "anna@example.com")

        assert {owner: OLD} == find_keys(tx, "other", [owner], frozenset(), "by_email")


def test_marking_creates_persons_and_keeps_their_saved_state(tx):
    (anna,) = mark_dirty(tx, "shop", {NEW: ANNA}).values()
    set_person(tx, anna, dirty=0, current_tags='["VIP"]', due_at=7)
    both = mark_dirty(tx, "shop", {NEW: "new@example.com", "c6": "b@example.com"})

    assert [
        (anna, "new@example.com", 1, '["VIP"]', 7),
        (both["c6"], "b@example.com", 1, "[]", None),
    ] == rows(tx, PersonRow, "id", "email", "dirty", "current_tags", "due_at")


def test_many_new_persons_get_the_identities_they_were_created_for(tx):
    people = {f"c{number}": f"{number}@example.com" for number in range(1, 1500)}
    created = mark_dirty(tx, "shop", people)

    assert {created[key]: key for key in people} == load_person_keys(tx, "shop", created.values())
    emails = dict(rows(tx, PersonRow, "id", "email"))
    assert people == {key: emails[person] for key, person in created.items()}


class TestGuestRegisters:
    def test_the_person_stays_the_same_and_their_account_has_no_written_tags_yet(self, tx, old):
        set_person(
            tx,
            old,
            dirty=0,
            current_tags='["VIP"]',
            written_to_customer="{}",
            written_to_order="{}",
        )
        before = only_person(tx)
        move_identity(tx, "shop", OLD, NEW, ANNA)

        assert {**before, "dirty": 1, "written_to_customer": None} == only_person(tx)
        assert {("account", "5"): old, ("email", ANNA): old} == identities(tx)

    def test_a_registration_without_a_known_guest_creates_a_person(self, tx):
        move_identity(tx, "shop", OLD, NEW, ANNA)

        assert {("account", "5"): only_person(tx)["id"]} == identities(tx)

    def test_a_later_guest_with_the_address_is_a_new_person(self, tx, old):
        """Runs that began with the account are skipped for them; runs of an order are not copied."""
        insert(tx, run(old, event="order 1 paid", state="done"))
        insert(tx, run(old, event="first order", state="done"))
        move_identity(tx, "shop", OLD, NEW, ANNA)
        again = mark_dirty(tx, "shop", {OLD: ANNA})[OLD]

        assert {("account", "5"): old, ("email", ANNA): again} == identities(tx)
        assert [
            (old, "first order", "done"),
            (old, "order 1 paid", "done"),
            (again, "first order", "skipped"),
        ] == rows(tx, RunRow, "person", "event", "state")


class TestAccountIsDeleted:
    def test_the_person_becomes_the_guest_with_their_address_again(self, tx, old):
        move_identity(tx, "shop", OLD, NEW, ANNA)
        move_identity(tx, "shop", NEW, OLD, ANNA)

        assert {("email", ANNA): old} == identities(tx)

    def test_the_person_keeps_only_their_last_address(self, tx, old):
        move_identity(tx, "shop", OLD, NEW, ANNA)
        move_identity(tx, "shop", NEW, "g:new@example.com", "new@example.com")

        assert old == person_of(tx, "g:new@example.com")
        assert old != person_of(tx, OLD)
        assert [(old, True), (person_of(tx, OLD), False)] == rows(tx, PersonRow, "id", "present")

    def test_the_person_is_merged_with_the_guest_who_has_the_address(self, tx, old, new):
        insert(tx, run(new, state="done"))
        move_identity(tx, "shop", NEW, OLD, ANNA)

        assert {("email", ANNA): old} == identities(tx)
        assert [(old, "done")] == rows(tx, RunRow, "person", "state")


class TestMerging:
    def test_the_saved_states_of_both_are_combined(self, tx, old, new):
        set_person(
            tx,
            old,
            added_by_hand='["a"]',
            removed_by_hand='["r"]',
            added_by_workflows='["g"]',
            current_tags='["a","g"]',
            kept_forever='{"x":["k1"],"y":["k2"]}',
            matching_workflows='["m"]',
            written_to_order='{"of": "old"}',
            written_order_id=9,
            evaluated_at=50,
            total_spent=900,
            rules_digest="of the last evaluation",
        )
        set_person(
            tx,
            new,
            added_by_hand='["b"]',
            current_tags='["a","b"]',
            kept_forever='{"x":["k3"]}',
            written_to_customer='{"of": "new"}',
            written_to_order='{"of": "new"}',
            written_order_id=4,
            evaluated_at=40,
            dirty=0,
            total_spent=100,
            rules_digest="d",
        )
        move_identity(tx, "shop", OLD, NEW, "anna@example.com")
        found = only_person(tx)

        lists = {
            name: loads(found[name])
            for name in (
                "added_by_hand",
                "removed_by_hand",
                "added_by_workflows",
                "current_tags",
                "matching_workflows",
            )
        }
        assert {
            "added_by_hand": ["a", "b"],
            "removed_by_hand": ["r"],
            "added_by_workflows": ["g"],
            "current_tags": ["a", "b", "g"],
            "matching_workflows": ["m"],
        } == lists
        assert {"x": ["k1", "k3"], "y": ["k2"]} == loads(found["kept_forever"])
        assert ('{"of": "new"}', '{"of": "old"}', 9) == (
            found["written_to_customer"],
            found["written_to_order"],
            found["written_order_id"],
        )
        assert (1, 50, 100, "of the last evaluation") == (
            found["dirty"],
            found["evaluated_at"],
            found["total_spent"],
            found["rules_digest"],
        )

    def test_memberships_of_both_are_kept_with_the_earlier_date(self, tx, old, new):
        for person, segment, since in [
            (old, "VIP", 5),
            (old, "New", 9),
            (new, "VIP", 7),
            (99, "VIP", 1),
        ]:
            insert(tx, MembershipRow(store="shop", person=person, segment=segment, since=since))
        move_identity(tx, "shop", OLD, NEW, "anna@example.com")

        expected = [(new, "New", 9), (new, "VIP", 5), (99, "VIP", 1)]
        assert expected == rows(tx, MembershipRow, "person", "segment", "since")

    def test_segment_changes_move_to_the_person_who_stays(self, tx, old, new):
        for person in (old, new, 99):
            insert(
                tx,
                TransitionRow(
                    store="shop", person=person, segment="VIP", entered=True, at=1, reason=""
                ),
            )
        move_identity(tx, "shop", OLD, NEW, "anna@example.com")

        assert [(new,), (new,), (99,)] == rows(tx, TransitionRow, "person")

    def test_outbox_entries_of_different_actions_move(self, tx, old, new):
        insert(tx, entry(old, step="1", state="done"))
        insert(tx, entry(new, step="2"))
        move_identity(tx, "shop", OLD, NEW, "anna@example.com")

        assert [(new, "1", "done"), (new, "2", "due")] == rows(
            tx, OutboxRow, "person", "step", "state"
        )

    @pytest.mark.parametrize(
        ("old_state", "new_state", "kept"),
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
    def test_of_two_entries_of_one_action_the_delivered_one_stays(
        self, tx, old, new, old_state, new_state, kept
    ):
        insert(tx, entry(old, state=old_state, outcome="old"))
        insert(tx, entry(new, state=new_state, outcome="new"))
        move_identity(tx, "shop", OLD, NEW, ANNA)

        assert [(new, kept)] == rows(tx, OutboxRow, "person", "outcome")

    def test_of_two_runs_of_one_event_one_stays_and_has_the_entries_of_both(self, tx, old, new):
        insert(tx, run(old, state="done"))
        insert(tx, run(new, state="waiting"))
        ids = {person: id for id, person in rows(tx, RunRow, "id", "person")}
        insert(tx, entry(old, step="0", run_id=ids[old]))
        insert(tx, entry(new, step="1", run_id=ids[new]))
        move_identity(tx, "shop", OLD, NEW, ANNA)

        assert [(ids[old], new, "done")] == rows(tx, RunRow, "id", "person", "state")
        assert [("0", ids[old]), ("1", ids[old])] == rows(tx, OutboxRow, "step", "run_id")

    def test_a_person_of_another_store_is_not_merged(self, tx, old, new):
        other = mark_dirty(tx, "other", {OLD: ANNA})[OLD]
        move_identity(tx, "shop", OLD, NEW, ANNA)

        assert [(new, "shop"), (other, "other")] == rows(tx, PersonRow, "id", "store")

    def test_events_move_and_each_is_kept_once(self, tx, old, new):
        for person, key in [(old, "a"), (old, "b"), (new, "b")]:
            insert(tx, EventRow(store="shop", person=person, kind="k", key=key, at=1))
        move_identity(tx, "shop", OLD, NEW, ANNA)

        assert [(new, "a"), (new, "b")] == rows(tx, EventRow, "person", "key")


def test_a_move_to_the_same_key_only_marks_the_person(tx, new):
    set_person(tx, new, dirty=0, written_to_customer="{}", current_tags='["VIP"]')
    move_identity(tx, "shop", NEW, NEW, ANNA)

    assert new == person_of(tx, NEW)
    assert (1, "{}", '["VIP"]') in {
        (row.dirty, row.written_to_customer, row.current_tags)
        for row in tx.execute(table_of(PersonRow).select())
    }


class TestJoinedByHand:
    """Addresses that someone joined with others lead to one person."""

    ANN, OTHER = "ann@example.com", "other@example.com"

    def key(self, tx, email, guests="by_email", shared=frozenset()):
        (found,) = find_keys(tx, "shop", [Owner(0, email)], shared, guests).values()
        return found

    def test_an_address_leads_to_the_other_one_through_several_steps(self, tx):
        join(tx, "shop", self.OTHER, f"g:{self.ANN}")
        join(tx, "shop", self.ANN, OLD)
        assert [OLD] * 3 == [self.key(tx, each) for each in (ANNA, self.ANN, self.OTHER)]
        assert f"g:{self.ANN}" == find_keys(
            tx, "other", [Owner(0, self.ANN)], frozenset(), "by_email"
        ).get(Owner(0, self.ANN))

    def test_an_account_with_one_of_the_addresses_has_all_of_them(self, tx):
        join(tx, "shop", self.ANN, OLD)
        save_customers(tx, "shop", [Customer(7, self.ANN), Customer(9, self.OTHER)])
        assert ["c7", "c7"] == [self.key(tx, each) for each in (ANNA, self.ANN)]
        assert "c7" == self.key(tx, ANNA, guests="ignore")

    def test_the_account_they_were_joined_with_comes_before_others(self, tx):
        join(tx, "shop", self.OTHER, "c9")
        join(tx, "shop", ANNA, f"g:{self.OTHER}")
        assert f"g:{self.OTHER}" != self.key(tx, ANNA)  # customer 9 is not known yet
        save_customers(tx, "shop", [Customer(9, "nine@example.com"), Customer(7, self.OTHER)])
        assert ["c9", "c7"] == [self.key(tx, each) for each in (ANNA, self.OTHER)]

    def test_a_shared_address_joins_no_one(self, tx):
        join(tx, "shop", self.ANN, OLD)
        shared = frozenset({ANNA})
        assert [None, f"g:{self.ANN}"] == [
            self.key(tx, each, shared=shared) for each in (ANNA, self.ANN)
        ]

    def test_addresses_in_a_circle_still_lead_somewhere(self, tx):
        join(tx, "shop", self.ANN, OLD)
        join(tx, "shop", ANNA, f"g:{self.ANN}")
        assert {self.key(tx, ANNA), self.key(tx, self.ANN)} <= {OLD, f"g:{self.ANN}"}

    def test_what_was_joined_with_a_deleted_account_stays_joined_under_its_address(self, tx):
        join(tx, "shop", self.ANN, "c5")
        join(tx, "shop", self.OTHER, f"g:{self.ANN}")
        follow_deleted(tx, "shop", {5: self.OTHER})
        assert [f"g:{self.OTHER}"] * 2 == [self.key(tx, each) for each in (self.ANN, self.OTHER)]
