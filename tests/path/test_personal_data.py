"""What is kept about a person is found by their data: none is left after a deletion, all is exported.

Two people were merged by mistake, and part again: then each one's data is their own.
"""

import json

import pytest
from sqlalchemy import select

from tests.persons import person
from tests.simulation import Simulation
from wcflow.cli.check_database import examine
from wcflow.customers import duplicates, edits, erasure, merge, notes
from wcflow.customers.export import load_export
from wcflow.database.edits import EditedBy, find_edit
from wcflow.database.schema import METADATA
from wcflow.errors import UsageError
from wcflow.evaluate.context import read_context

RULES = """
[tag Known]
when = orders_count >= 1

[coupon welcome]
type = percent
amount = 10

[workflow hello]
trigger = first_order
do =
    create_coupon welcome
    add_note Code {{ coupon.code }} for {{ first_name }} {{ email }}
    wait 30d
    add_note Later, {{ email }}

[workflow paid]
trigger = order_paid
do =
    create_coupon welcome
    create_task Call {{ first_name }}, {{ phone }}
"""
PLANTED = {
    "anna": ("annaq@example.com", "Annaq", "Annaqson", "+49 111 7777", "Annaqville"),
    "ben": ("benz@example.com", "Benz", "Benzson", "+49 222 8888", "Benzburg"),
    "cleo": ("cleox@example.com", "Cleox", "Cleoxson", "+49 333 9999", "Cleoxtown"),
}
WORDS = {"anna": ("annaq", "1117777"), "ben": ("benz", "2228888"), "cleo": ("cleox", "3339999")}
BY = "maria"


def billing(name):
    _, first, last, phone, city = PLANTED[name]
    return {"first_name": first, "last_name": last, "phone": phone, "city": city}


def email(name):
    return PLANTED[name][0]


class People:
    """Anna has an account, Ben and Cleo are guests."""

    def __init__(self, folder, database=None):
        self.sim = Simulation(folder, RULES, database=database)
        self.sim.register(email("anna"), days_ago=90, first_name="Annaq", billing=billing("anna"))
        self.sim.settle()
        for name in PLANTED:
            self.order(name)
        self.sim.settle()

    def order(self, name):
        fields = {"billing": billing(name), "email": email(name), "status": "processing"}
        self.sim.place_order(customer=1 if name == "anna" else 0, **fields)

    def do(self, operation, *args):
        self.sim.advance(seconds=7)
        with self.sim.db.transaction() as tx:
            return operation(tx, *args, EditedBy(BY, self.sim.now))

    def who(self, tx, name):
        return person(tx, "c1" if name == "anna" else f"g:{email(name)}")

    def merge(self, one, other):
        (settings,) = self.sim.config.stores

        def run(tx, by):
            context = read_context(tx, self.sim.config, settings, self.sim.now)
            return merge.merge(tx, context, self.who(tx, one), self.who(tx, other), by)

        return self.do(run).edit

    def undo(self, number):
        return self.do(lambda tx, by: edits.undo(tx, find_edit(tx, number), by))

    def write_note(self, name):
        self.do(lambda tx, by: notes.add_note(tx, "shop", self.who(tx, name), name, by))

    def dismiss(self, one, other):
        who = self.who
        self.do(lambda tx, by: duplicates.dismiss(tx, "shop", who(tx, one), who(tx, other), by))

    def erase(self, name):
        (settings,) = self.sim.config.stores
        self.do(lambda tx, by: erasure.erase(tx, settings, self.who(tx, name), by))

    def export(self, name):
        (settings,) = self.sim.config.stores
        with self.sim.db.reading() as tx:
            who = self.who(tx, name)
            _, facts = load_export(tx, self.sim.config, settings, who, self.sim.now)
        return facts

    def finish(self):
        for _ in range(3):
            self.sim.advance(minutes=4)
            self.sim.run_pass()

    def found(self, name):
        """Return where the database has something of a person: table, column and value."""
        with self.sim.db.reading() as tx:
            return [
                (table.name, column, value)
                for table in METADATA.sorted_tables
                for row in tx.execute(select(table)).mappings()
                for column, value in row.items()
                if isinstance(value, str) and any(each in value.lower() for each in WORDS[name])
            ]

    def check(self, *erased):
        for name in erased:
            assert [] == self.found(name), name
        assert [] == examine(self.sim.db, self.sim.config, self.sim.now).problems


@pytest.fixture
def people(tmp_path):
    found = People(tmp_path)
    yield found
    found.sim.db.close()


@pytest.mark.parametrize("synced", [False, True])
@pytest.mark.parametrize("first", ["anna", "ben"])
def test_nothing_is_left_of_someone_who_was_merged_and_parted(people, first, synced):
    """Whichever of the two is deleted, before or after the next sync; then the other one."""
    number = people.merge("anna", "ben")
    people.write_note("anna")
    if synced:
        people.order("ben")
        people.finish()
    people.undo(number)
    if synced:
        people.finish()
    second = "ben" if first == "anna" else "anna"
    people.erase(first)
    people.finish()
    people.check(first)
    assert people.found(second)
    people.erase(second)
    people.finish()
    people.check(first, second)


def test_nothing_is_left_on_either_kind_of_database(tmp_path, database_url):
    people = People(tmp_path, database_url)
    number = people.merge("anna", "ben")
    people.order("ben")
    people.finish()
    people.undo(number)
    people.erase("anna")
    people.finish()
    people.check("anna")
    found = [each for coupon in people.sim.coupons() for each in coupon["email_restrictions"]]
    assert email("anna") not in found
    people.sim.db.close()


@pytest.mark.parametrize("order", [("cleo", "ben", "anna"), ("anna", "ben", "cleo")])
def test_nothing_is_left_after_a_chain_of_merges_in_any_order_of_deletions(people, order):
    """Cleo joins Ben, both join Anna, and the two merges are undone."""
    inner = people.merge("ben", "cleo")
    outer = people.merge("anna", "ben")
    people.finish()
    people.undo(inner)
    people.undo(outer)
    people.finish()
    for at, name in enumerate(order):
        people.erase(name)
        people.finish()
        people.check(*order[: at + 1])


def test_a_merge_that_still_holds_can_be_undone_after_another_customer_was_deleted(people):
    inner = people.merge("ben", "cleo")
    outer = people.merge("anna", "ben")
    people.undo(inner)
    people.erase("cleo")
    people.finish()
    people.check("cleo")
    people.undo(outer)
    people.finish()
    with people.sim.db.reading() as tx:
        assert None not in (people.who(tx, "anna"), people.who(tx, "ben"))
    people.check("cleo")


def test_merged_people_are_deleted_together(people):
    people.merge("anna", "ben")
    people.erase("anna")
    people.finish()
    people.check("anna", "ben")
    assert people.found("cleo")


@pytest.mark.parametrize("name", ["ben", "cleo"])
def test_that_two_are_different_people_is_forgotten_with_either(people, name):
    people.dismiss("ben", "cleo")
    people.erase(name)
    people.finish()
    people.check(name)


def test_what_a_deleted_customer_was_merged_with_says_so_and_cannot_be_undone(people):
    number = people.merge("anna", "ben")
    people.undo(number)
    people.erase("ben")
    with people.sim.db.reading() as tx:
        found = find_edit(tx, number)
    assert ("erased", {}) == (found.kind, found.data)
    with pytest.raises(UsageError):
        people.undo(number)


def test_the_export_has_edits_that_are_filed_under_the_other_one_without_their_data(people):
    number = people.merge("anna", "ben")
    people.undo(number)
    people.finish()
    for name, other in (("ben", "anna"), ("anna", "ben")):
        facts = people.export(name)
        text = json.dumps(facts, default=str).lower()
        assert not [each for each in WORDS[other] if each in text]
        (made,) = [each for each in facts["tables"]["edit"] if each["id"] == number]
        key = "c1" if name == "anna" else f"g:{email(name)}"
        assert [key] == [*made["data"]["sides"]]


def test_the_export_of_merged_people_has_the_addresses_of_both(people):
    people.merge("anna", "ben")
    people.finish()
    made = [each for each in people.export("anna")["timeline"] if "merged" in each["words"]]
    assert email("ben") in json.dumps(made, default=str)
