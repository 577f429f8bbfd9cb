"""After a split, nothing that was queued while two were one customer reaches the wrong one."""

import pytest

from tests.persons import person
from tests.simulation import Simulation
from wcflow.customers import edits, merge
from wcflow.customers.parted_changes import NAMES_OTHER
from wcflow.database.edits import EditedBy, find_edit
from wcflow.evaluate.context import read_context

RULES = """
[workflow thanks]
trigger = order_paid
do =
    add_note Thank you, {{ first_name }}
    create_task Call about order {{ order.number }}

[workflow plain]
trigger = order_paid
do = add_note paid in full

[workflow mark]
trigger = order_paid
do = set_meta last_paid {{ order.number }}

[workflow code]
trigger = order_paid
when = order.total >= 300
do =
    create_coupon hello
    wait 5d
    add_note Your code is {{ coupon.code }}

[coupon hello]
type = percent
amount = 10

[segment Big]
when = total_spent >= 450

[workflow big]
trigger = segment_entered Big
do = add_note big spender
"""
ANNA, BEN = "c1", "g:ben@example.com"


class Pair:
    """Anna has an account and Ben is a guest; they were merged by mistake."""

    def __init__(self, folder, **more):
        self.sim = Simulation(folder, RULES, **more)
        self.sim.run_pass()
        self.sim.register("anna@example.com", first_name="Anna", last_name="Meier")
        self.first = [self.order(ANNA), self.order(BEN)]
        self.sim.settle()
        self.sim.advance(hours=1)
        self.merged = self.do(self.merge).edit
        self.sim.settle()
        self.sim.advance(hours=1)

    def order(self, key, **more):
        if key == ANNA:
            return self.sim.place_order(customer=1, email="anna@example.com", **more)
        billing = {"first_name": "Ben", "last_name": "Cohen"}
        return self.sim.place_order(email="ben@example.com", billing=billing, **more)

    def merge(self, tx, by):
        (settings,) = self.sim.config.stores
        context = read_context(tx, self.sim.config, settings, self.sim.now)
        return merge.merge(tx, context, person(tx, ANNA), person(tx, BEN), by)

    def do(self, operation):
        self.sim.advance(seconds=5)
        with self.sim.db.transaction() as tx:
            return operation(tx, EditedBy("maria", self.sim.now))

    def split(self):
        return self.do(lambda tx, by: edits.undo(tx, find_edit(tx, self.merged), by)).words

    def queue(self):
        """Let workflows queue what they have to do, without delivering it."""
        self.sim.advance(minutes=3)
        self.sim.run_pass(write=False)

    def cancelled(self):
        found = self.sim.outbox(states=("cancelled",))
        assert {NAMES_OTHER} >= {each.outcome for each in found}
        return sorted(each.rule for each in found)

    def settle(self):
        self.sim.settle()
        self.sim.settle()


@pytest.fixture
def pair(tmp_path):
    pair = Pair(tmp_path)
    yield pair
    pair.sim.db.close()


def test_what_is_about_the_others_order_and_names_only_them_is_cancelled(pair):
    order = pair.order(BEN)
    pair.queue()
    words = pair.split()
    assert "parted ben@example.com from customer 1, and cancelled 2 changes" in words
    assert ["workflow mark", "workflow thanks"] == pair.cancelled()
    pair.settle()
    assert ["paid in full"] == pair.sim.notes(order)
    meta = {each["key"]: each["value"] for each in pair.sim.sandbox.customer(1)["meta_data"]}
    assert str(pair.first[0]) == meta["last_paid"]


def test_what_is_about_an_order_of_their_own_stays(pair):
    order = pair.order(ANNA)
    pair.queue()
    assert "cancelled" not in pair.split()
    pair.settle()
    assert ["Thank you, Anna", "paid in full"] == sorted(pair.sim.notes(order))
    assert [] == pair.cancelled()


def test_what_is_written_to_the_order_of_the_other_is_cancelled(pair):
    """The workflow is about both together, and its note would be on the newest order of the two."""
    pair.order(BEN, total="290.00")
    pair.queue()
    pair.split()
    assert "workflow big" in pair.cancelled()


def test_a_run_that_has_made_a_coupon_for_the_other_ends(pair):
    order = pair.order(BEN, total="300.00")
    pair.settle()
    assert 1 == len(pair.sim.coupons())
    pair.split()
    pair.sim.advance(days=6)
    pair.settle()
    assert not [each for each in pair.sim.notes(order) if "Your code" in each]
    (run,) = [
        each for each in pair.sim.runs(BEN) if each.workflow == "code" and each.state == "ended"
    ]
    assert NAMES_OTHER == run.reason


def test_it_works_on_both_kinds_of_database(tmp_path, database_url):
    pair = Pair(tmp_path, database=database_url)
    order = pair.order(BEN, total="300.00")
    pair.queue()
    pair.split()
    assert "workflow thanks" in pair.cancelled()
    pair.settle()
    assert "paid in full" in pair.sim.notes(order)
    pair.sim.db.close()
