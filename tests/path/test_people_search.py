"""Searches and lists of people give the same on SQLite and on PostgreSQL."""

from random import Random

import pytest
from sqlalchemy import insert, update

from tests.persons import keys
from tests.simulation import Simulation
from wcflow.database.groups import add_member
from wcflow.database.outbox_batches import load_batches
from wcflow.database.people_filter import PeopleFilter, PeopleQuery
from wcflow.database.people_search import Belonging, find_by_order
from wcflow.database.search_text import find_texts, likely_names
from wcflow.database.sql import dumps, table_of
from wcflow.database.tables import CompanyMemberRow, CompanyRow, PersonRow, SearchTextRow
from wcflow.evaluate.context import read_context
from wcflow.evaluate.listing import Selection, list_people
from wcflow.outbox.planned import load_plans
from wcflow.rules.context import RulePlace
from wcflow.rules.parser import parse_condition

RULES = "[segment Buyer]\nwhen = orders_count >= 1\n\n[tag Big]\nwhen = total_spent > 150\n"
_PERSONS, _TEXTS = table_of(PersonRow), table_of(SearchTextRow)
BELONGING = Belonging(frozenset(), "by_email")


@pytest.fixture
def sim(tmp_path, database_url):
    simulation = Simulation(tmp_path, RULES, database=database_url)
    for first, last in (("Élodie", "D'Angelo"), ("Bob", "50%_Off"), ("Marie", "Müller")):
        email = f"{first[0].lower().replace('é', 'e')}@example.com"
        number = simulation.register(email, days_ago=90, first_name=first, last_name=last)
        simulation.place_order(
            customer=number, days_ago=30, total=f"{number}00.00", number=f"A-{number}"
        )
    guest = {"first_name": "Zoë", "last_name": "Guest", "email": "zoe@example.com"}
    simulation.place_order(email="zoe@example.com", days_ago=20, billing=guest)
    simulation.run_pass(approve=False, write=False)
    yield simulation
    simulation.db.close()


def search(sim, find, text):
    with sim.db.reading() as tx:
        key_of = keys(tx, "shop")
        return {key_of[person] for person in find(tx, "shop", text, BELONGING)}


def search_texts(sim, text):
    with sim.db.reading() as tx:
        key_of = keys(tx, "shop")
        return {key_of[person] for person in find_texts(tx, "shop", text, 201)}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("élodie", {"c1"}),
        ("ÉLODIE d'angelo", {"c1"}),
        ("elodie", {"c1"}),
        ("50%_off", {"c2"}),
        ("%", {"c2"}),
        ("müller", {"c3"}),
        ("ZOË", {"g:zoe@example.com"}),
        ("E@EXAMPLE.C", {"c1", "g:zoe@example.com"}),
        ("_", {"c2"}),
    ],
)
def test_people_are_found_by_name_and_address(sim, text, expected):
    assert expected == search_texts(sim, text)


def test_a_text_of_many_words_is_searched(sim):
    assert set() == search_texts(sim, "word " * 5000)
    assert {"c3"} == search_texts(sim, "marie " * 5000)


def test_people_are_found_by_the_number_and_the_id_of_an_order(sim):
    assert {"c2"} == search(sim, find_by_order, "a-2")
    first, *_rest = sim.sandbox.order_ids()
    assert {"c1"} == search(sim, find_by_order, str(first))
    assert set() == search(sim, find_by_order, "9" * 30)


def test_likely_names_begin_with_the_same_letter(sim):
    with sim.db.reading() as tx:
        assert ["Marie Müller"] == likely_names(tx, "shop", "marie muller")
        assert ["Zoë Guest"] == likely_names(tx, "shop", "zoë guset")
        assert ["zoe@example.com"] == likely_names(tx, "shop", "zoé@example.com")
        assert [] == likely_names(tx, "shop", "")


@pytest.mark.parametrize("size", [1, 2, 100])
def test_every_waiting_change_is_in_one_batch_with_the_others_of_its_person(sim, size):
    with sim.db.reading() as tx:
        batches = [
            [(entry.person, entry.id) for entry in batch]
            for batch in load_batches(tx, "shop", "due", size)
        ]
        people = [{person for person, _ in batch} for batch in batches]
    assert 7 == sum(map(len, batches)) == len({each for batch in batches for each in batch})
    assert all(len(each) <= size for each in people)
    assert 4 == sum(map(len, people)), "no person is in two batches"


def test_the_plan_of_a_person_has_the_customer_before_the_order(sim):
    with sim.db.reading() as tx:
        plans = [plan for part in load_plans(tx, "shop", sim.config) for plan in part]
    assert ["c1", "c2", "c3", "g:zoe@example.com"] == [plan.key for plan in plans]
    assert ["tags_customer", "tags_order"] == [each.entry.kind for each in plans[0].previews]


def test_people_are_listed_with_their_figures(sim):
    condition = parse_condition("total_spent < 300", RulePlace())
    selection = Selection(PeopleFilter("Buyer", "big"), condition, limit=5)
    with sim.db.reading() as tx:
        context = read_context(tx, sim.config, sim.config.stores[0], sim.now)
        (bob,) = list_people(tx, context, selection)
    assert ("Bob 50%_Off", 1, "200.00") == (
        bob.contact.name,
        bob.orders_count,
        str(bob.total_spent),
    )
    assert (["Buyer"], ["Big", "Buyer"], 1) == (bob.segments, bob.tags, selection.matched)


def listed(sim, people_filter, sort="", **options):
    with sim.db.reading() as tx:
        key_of = keys(tx, "shop")
        query = PeopleQuery(tx, "shop", people_filter, BELONGING, sort, **options)
        found = query.ids()
        assert [query.matched, found[1:2]] == [len(found), query.ids(1, 1)]
        return [key_of[each] for each in found]


ZOE = "g:zoe@example.com"


@pytest.mark.parametrize(
    ("people_filter", "expected"),
    [
        (PeopleFilter(), ["c1", "c2", "c3", ZOE]),
        (PeopleFilter(segment="Buyer", tag="BIG"), ["c2", "c3"]),
        (PeopleFilter(group="Press"), ["c1", ZOE]),
        (PeopleFilter(group="Press", inactive=False), ["c1"]),
        (PeopleFilter(inactive=True), [ZOE]),
        (PeopleFilter(company="ACME"), ["c1", "c3"]),
        (PeopleFilter(company="other gmbh"), ["c1", ZOE]),
        (PeopleFilter(company="None"), []),
        (PeopleFilter(search="elodie"), ["c1"]),
        (PeopleFilter(search="muller MARIE"), ["c3"]),
        (PeopleFilter(search="50%"), ["c2"]),
        (PeopleFilter(search="a-2"), ["c2"]),
        (PeopleFilter(search="zoe@"), [ZOE]),
        (PeopleFilter(search="030 98 76"), [ZOE]),
        (PeopleFilter(search="98"), []),
        (PeopleFilter(segment="Buyer", tag="big", search="bob"), ["c2"]),
    ],
)
def test_filters_select_the_same_people_on_both_databases(sim, people_filter, expected):
    """Élodie and Zoë are in a group; Élodie by hand and Marie by her address in a company."""
    with sim.db.transaction() as tx:
        person_of = {key: number for number, key in keys(tx, "shop").items()}
        phones = (
            update(_TEXTS).where(_TEXTS.c.person == person_of[ZOE]).values(phones="\n49309876\n")
        )
        tx.execute(phones)
        billing = (("c1", "other gmbh"), ("c3", "acme ltd"), (ZOE, "other gmbh"))
        for key, company in billing:
            this = update(_PERSONS).where(_PERSONS.c.id == person_of[key])
            tx.execute(this.values(company=company))
        tx.execute(update(_PERSONS).where(_PERSONS.c.id == person_of[ZOE]).values(inactive=True))
        for key in ("c1", ZOE):
            add_member(tx, "shop", person_of[key], "Press", "maria", sim.now)
        acme = {"id": 7, "store": "shop", "name": "Acme", "folded": "acme", "made_by": "maria"}
        acme |= {"email": "", "vat_id": "", "billing_company": "acme ltd", "made_at": 1}
        tx.execute(insert(table_of(CompanyRow)), acme)
        member = {"store": "shop", "person": person_of["c1"], "company": 7, "since": 1}
        tx.execute(insert(table_of(CompanyMemberRow)), member | {"added_by": "maria"})
    assert expected == listed(sim, people_filter)


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("spent", ["c4", "c1", ZOE, "c2", "c3"]),
        ("orders", ["c4", "c1", "c2", "c3", ZOE]),
        ("name", ["c2", "c1", "c3", "c4", ZOE]),
        ("email", ["c2", "c1", "c3", "c4", ZOE]),
        ("last-order", ["c4", "c1", "c2", "c3", ZOE]),
        ("since", ["c1", "c2", "c3", ZOE, "c4"]),
    ],
)
def test_lists_are_sorted_the_same_on_both_databases(sim, sort, expected):
    """Those without an order come first, and last from the highest."""
    sim.register("nora@example.com", days_ago=1)
    sim.run_pass(approve=False, write=False)
    assert expected == listed(sim, PeopleFilter(), sort)
    assert expected[::-1] == listed(sim, PeopleFilter(), sort, descending=True)


@pytest.mark.parametrize(
    ("tag", "expected"),
    [
        ('GRÖSSE "xl"', ["c2"]),
        ("50% OFF", ["c2"]),
        ("50_ off", []),
        ("off", []),
        ("big", ["c2", "c3"]),
    ],
)
def test_a_tag_is_found_whatever_its_case_and_characters(sim, tag, expected):
    with sim.db.transaction() as tx:
        bob = next(number for number, key in keys(tx, "shop").items() if key == "c2")
        tags = dumps(["50% off", "Big", 'Größe "XL"'])
        tx.execute(update(_PERSONS).where(_PERSONS.c.id == bob).values(current_tags=tags))
    assert expected == listed(sim, PeopleFilter(tag=tag))


def test_common_and_rare_tags_select_as_reading_every_list_of_tags_does(sim, monkeypatch):
    """Rare tags select by ids, and common ones while the list is read in its order."""
    monkeypatch.setattr("wcflow.database.people_ids.FEW", 20)
    random = Random(7)
    lists = {number: random.sample(TAGS, random.randrange(len(TAGS))) for number in range(99, 300)}
    with sim.db.transaction() as tx:
        empty = PersonRow(store="shop").model_dump(exclude={"id"})
        rows = [
            {**empty, "id": each, "list_key": f"2{each}", "total_spent": random.randrange(9)}
            | {"current_tags": dumps(tags), "present": each % 9 != 0, "inactive": each % 3 == 0}
            for each, tags in lists.items()
        ]
        tx.execute(insert(_PERSONS), rows)
        texts = [
            {"store": "shop", "person": each["id"], "phones": "", "words": f"\nno {each['id']}\n"}
            for each in rows
            if each["present"]
        ]
        tx.execute(insert(_TEXTS), texts)
    for wanted in (*TAGS, "GOLD", "größe", "Gol", "gold%"):
        for inactive, search in ((None, ""), (True, ""), (None, "no 1"), (False, "no")):
            expected = [
                row
                for row in rows
                if row["present"]
                and wanted.casefold() in [each.casefold() for each in lists[row["id"]]]
                and inactive in (None, row["inactive"])
                and (search in ("", "no") or "1" in str(row["id"]))
            ]
            expected.sort(key=lambda row: (row["total_spent"], row["id"]), reverse=True)
            with sim.db.reading() as tx:
                people = PeopleFilter(tag=wanted, inactive=inactive, search=search)
                query = PeopleQuery(tx, "shop", people, BELONGING, "spent", descending=True)
                assert [row["id"] for row in expected] == query.ids()
                assert [row["id"] for row in expected[3:8]] == query.ids(5, 3)
                assert len(expected) == query.matched


TAGS = ["Gold", "Silver", "Größe", "GRÖSSE", 'A "B" c', "Gold_", "back\\slash", "VIP 50%", "Ğ", "x"]
