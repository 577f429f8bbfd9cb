"""Companies and tiers after a split: each has what they had before the merge."""

import pytest

from tests.persons import person
from tests.simulation import Simulation
from wcflow.customers import companies, edits, merge, standing
from wcflow.database.companies import load_companies_of
from wcflow.database.edits import EditedBy, find_edit
from wcflow.database.standings import load_tiers
from wcflow.evaluate.context import read_context

RULES = """
[tiers]
by = total_spent
grace = 3d
Silver = 100
Gold = 400

[workflow risen]
trigger = tier_upgraded
do = add_note risen to {{ tier }}
"""
ANNA, BEN = "c1", "g:ben@example.com"


class Pair:
    """Anna has an account, Ben is a guest."""

    def __init__(self, folder, spent="500.00"):
        self.sim = Simulation(folder, RULES)
        self.sim.register("anna@example.com", days_ago=90)
        self.order(ANNA, spent, days_ago=9)
        self.order(BEN, "50.00", days_ago=9)
        self.sim.settle()

    def order(self, key, total, **more):
        who = {"customer": 1} if key == ANNA else {"email": "ben@example.com"}
        self.sim.place_order(**who, total=total, **more)

    def do(self, operation, *args, **more):
        self.sim.advance(seconds=5)
        with self.sim.db.transaction() as tx:
            return operation(tx, *args, EditedBy("maria", self.sim.now), **more)

    def merge(self):
        (settings,) = self.sim.config.stores

        def run(tx, by):
            context = read_context(tx, self.sim.config, settings, self.sim.now)
            return merge.merge(tx, context, person(tx, ANNA), person(tx, BEN), by)

        return self.do(run).edit

    def split(self, number):
        self.do(lambda tx, by: edits.undo(tx, find_edit(tx, number), by))

    def found_company(self, name):
        self.do(lambda tx, by: companies.create_company(tx, "shop", name, by))

    def put_into(self, key, name):
        def run(tx, by):
            company = companies.find_company(tx, "shop", name)
            return companies.put_into(tx, company, person(tx, key), by)

        self.do(run)

    def companies(self):
        with self.sim.db.reading() as tx:
            found = load_companies_of(tx, "shop", [person(tx, ANNA), person(tx, BEN)])
            return [found[who].name if (who := person(tx, key)) in found else "" for key in PEOPLE]

    def tiers(self):
        with self.sim.db.reading() as tx:
            who = [person(tx, key) for key in PEOPLE]
            found = load_tiers(tx, "shop", who)
        return [(found[each].tier, found[each].fixed) for each in who]

    def settle(self):
        self.sim.advance(hours=1)
        self.sim.settle()


PEOPLE = (ANNA, BEN)


@pytest.fixture
def pair(tmp_path):
    found = Pair(tmp_path)
    yield found
    found.sim.db.close()


@pytest.mark.parametrize("before", [("", "Acme"), ("Acme", ""), ("Acme", "Bolt")])
def test_each_is_in_the_company_from_before_the_merge(pair, before):
    for name in ("Acme", "Bolt"):
        pair.found_company(name)
    for key, name in zip(PEOPLE, before, strict=True):
        if name:
            pair.put_into(key, name)
    number = pair.merge()
    pair.settle()
    pair.split(number)
    assert list(before) == pair.companies()


def test_a_company_since_the_merge_stays_with_the_one_who_stays(pair):
    for name in ("Acme", "Bolt"):
        pair.found_company(name)
    pair.put_into(BEN, "Acme")
    number = pair.merge()
    pair.put_into(ANNA, "Bolt")
    pair.split(number)
    assert ["Bolt", "Acme"] == pair.companies()


def test_a_company_that_was_deleted_since_does_not_come_back(pair):
    pair.found_company("Acme")
    pair.put_into(BEN, "Acme")
    number = pair.merge()

    def delete(tx, by):
        return companies.delete_company(tx, companies.find_company(tx, "shop", "Acme"), by)

    pair.do(delete)
    pair.split(number)
    assert ["", ""] == pair.companies()


def test_each_has_the_tier_from_before_the_merge(pair):
    number = pair.merge()
    pair.settle()
    pair.split(number)
    assert [("Gold", ""), ("", "")] == pair.tiers()
    pair.settle()
    assert [("Gold", ""), ("", "")] == pair.tiers()


def test_a_tier_that_was_set_by_hand_goes_back_to_whom_it_was_given(pair):
    rules = pair.sim.config.rules.tiers

    def give(tx, by):
        return standing.set_tier(tx, "shop", person(tx, BEN), "Silver", by, rules=rules)

    pair.do(give)
    number = pair.merge()
    pair.settle()
    pair.split(number)
    pair.settle()
    assert [("Gold", ""), ("Silver", "Silver")] == pair.tiers()


def test_a_tier_that_was_set_by_hand_since_stays_with_the_one_who_stays(pair):
    rules = pair.sim.config.rules.tiers
    number = pair.merge()

    def give(tx, by):
        return standing.set_tier(tx, "shop", person(tx, ANNA), "Gold", by, rules=rules)

    pair.do(give)
    pair.split(number)
    assert [("Gold", "Gold"), ("", "")] == pair.tiers()


def test_a_tier_that_was_reached_since_stays_with_whoever_ordered_and_is_not_reached_again(
    tmp_path,
):
    pair = Pair(tmp_path, "50.00")
    assert [("", ""), ("", "")] == pair.tiers()
    number = pair.merge()
    pair.sim.advance(minutes=1)
    pair.order(BEN, "450.00")
    pair.settle()
    pair.split(number)
    assert [("", ""), ("Gold", "")] == pair.tiers()
    pair.settle()
    assert [("", ""), ("Gold", "")] == pair.tiers()
    notes = [each for order in pair.sim.sandbox.order_ids() for each in pair.sim.notes(order)]
    assert ["risen to Gold"] == notes
    pair.sim.db.close()
