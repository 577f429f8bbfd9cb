"""People are found by any part of what is known of them, and by nothing once they are deleted."""

import pytest
from sqlalchemy import insert, select

from tests.persons import keys, person
from tests.simulation import Simulation
from wcflow.cli.check_database import examine
from wcflow.customers import edits, erasure, merge
from wcflow.database.edits import EditedBy, find_edit
from wcflow.database.people_filter import PeopleFilter, PeopleQuery
from wcflow.database.people_search import Belonging
from wcflow.database.search_text import find_texts
from wcflow.database.sql import table_of
from wcflow.database.tables import PersonRow, SearchTextRow
from wcflow.evaluate.context import read_context

RULES = "[segment Buyer]\nwhen = orders_count >= 1\n"
BELONGING = Belonging(frozenset(), "by_email")
ZOE, SHOP = "g:zoe@example.com", "shop"
_TEXTS = table_of(SearchTextRow)


@pytest.fixture
def sim(tmp_path, database_url):
    """Élodie, who ordered as Lea from work; Änna and Anna; and the guest Zoë."""
    simulation = Simulation(tmp_path, RULES, database=database_url)
    billing = {"company": "Café Müller GmbH", "phone": "+49 (0)30 / 12-34-567"}
    simulation.register(
        "elodie@example.com",
        days_ago=90,
        first_name="Élodie",
        last_name="D'Angelo",
        billing=billing,
    )
    simulation.register("aenna@example.com", days_ago=80, first_name="Änna", last_name="Lindt")
    simulation.register("anna@example.com", days_ago=80, first_name="Anna", last_name="Lind")
    work = {"first_name": "Lea", "last_name": "Öz", "email": "office@work.example"}
    simulation.place_order(customer=1, days_ago=30, number="A-100", billing=work)
    guest = {"first_name": "Zoë", "last_name": "50%_Off", "phone": "0171 7654321"}
    simulation.place_order(email="zoe@example.com", days_ago=20, billing=guest)
    simulation.run_pass(approve=False, write=False)
    yield simulation
    simulation.db.close()


def found(sim, text):
    """Return the customers in the list of this search, in their order."""
    with sim.db.reading() as tx:
        key_of = keys(tx, SHOP)
        query = PeopleQuery(tx, SHOP, PeopleFilter(search=text), BELONGING)
        assert query.matched == len(query.ids())
        return [key_of[each] for each in query.ids()]


def meant(sim, text):
    """Return the customers that an admin can mean with a text."""
    with sim.db.reading() as tx:
        key_of = keys(tx, SHOP)
        return {key_of[each] for each in find_texts(tx, SHOP, text, 200)}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("elod", ["c1"]),
        ("ÉLODIE d'an", ["c1"]),
        ("angelo", ["c1"]),
        ("lea oz", ["c1"]),
        ("work.ex", ["c1"]),
        ("die@exam", ["c1"]),
        ("CAFE muller", ["c1"]),
        ("a-100", ["c1"]),
        ("#A-100", ["c1"]),
        ("#a-10", []),
        ("lindt", ["c2"]),
        ("anna", ["c2", "c3"]),
        ("50%_", [ZOE]),
        ("5_%", []),
        ("nobody", []),
        ("anna nobody", []),
        ("  ", ["c1", "c2", "c3", ZOE]),
    ],
)
def test_a_list_is_searched_by_parts_of_words_without_case_and_accents(sim, text, expected):
    assert expected == found(sim, text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("+49 30 1234567", ["c1"]),
        ("0049 30 1234567", ["c1"]),
        ("+49 (0)30 12 34 567", ["c1"]),
        ("030/1234567", ["c1"]),
        ("4567", ["c1"]),
        ("456", []),
        ("+49 171 7654321", [ZOE]),
        ("0171-765 43 21", [ZOE]),
        ("+49 172 7654321", []),
        ("#1234567", []),
    ],
)
def test_a_phone_number_is_found_however_it_is_written(sim, text, expected):
    assert expected == found(sim, text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("lind", {"c2", "c3"}),
        ("lind anna", {"c3"}),
        ("änna", {"c2"}),
        ("ÄNNA LINDT", {"c2"}),
        ("elodíe", {"c1"}),
        ("030 1234567", {"c1"}),
        ("nobody", set()),
        (" ", set()),
    ],
)
def test_accents_and_a_whole_name_decide_who_is_meant(sim, text, expected):
    assert expected == meant(sim, text)


def test_a_former_address_and_a_new_name_are_found_after_the_next_evaluation(sim):
    sim.register("zoe@example.com", days_ago=0, first_name="Zora", last_name="New")
    sim.advance(minutes=5)
    sim.run_pass(approve=False, write=False)
    sim.sandbox.edit_customer(4, now=sim.now, email="zora@example.com")
    sim.advance(days=1)
    sim.run_pass(approve=False, write=False)
    assert [["c4"]] * 3 == [found(sim, each) for each in ("zoe@", "zora@", "zora new")]


def test_many_are_counted_sorted_and_paged_as_few_are(sim):
    """With thousands of people, other queries are used."""
    with sim.db.transaction() as tx:
        rows = [
            {**PersonRow(store=SHOP).model_dump(exclude={"id"}), "id": 1000 + number, "dirty": 0}
            | {"email": f"p{number}@example.net", "list_key": f"2{number:04}"}
            for number in range(2500)
        ]
        tx.execute(insert(table_of(PersonRow)), rows)
        texts = [
            {"store": SHOP, "person": row["id"], "words": f"\n{row['email']}\n", "phones": ""}
            for row in rows
        ]
        tx.execute(insert(_TEXTS), texts)
    with sim.db.reading() as tx:
        query = PeopleQuery(tx, SHOP, PeopleFilter(search="@example.net"), BELONGING)
        assert (2500, [*range(1000, 3500)]) == (query.matched, query.ids())
        assert [3000, 3001] == query.ids(2, 2000)
        both = PeopleFilter(search="example", segment="Buyer")
        query = PeopleQuery(tx, SHOP, both, BELONGING, "spent", descending=True)
        assert (2, {person(tx, "c1"), person(tx, ZOE)}) == (query.matched, {*query.ids()})


def texts(sim):
    with sim.db.reading() as tx:
        return "".join(row.words + row.phones for row in tx.execute(select(_TEXTS)))


def test_someone_deleted_is_no_longer_found(sim):
    assert "dangelo" in texts(sim).replace("'", "")
    with sim.db.transaction() as tx:
        by = EditedBy("maria", sim.now)
        erasure.erase(tx, sim.config.stores[0], person(tx, "c1"), by)
    assert [] == found(sim, "elodie")
    assert [] == [each for each in ("elodie", "lea", "work", "1234567") if each in texts(sim)]


def merge_zoe(sim):
    with sim.db.transaction() as tx:
        context = read_context(tx, sim.config, sim.config.stores[0], sim.now)
        pair = person(tx, "c3"), person(tx, ZOE)
        return merge.merge(tx, context, *pair, EditedBy("maria", sim.now)).edit


def test_merged_people_are_found_by_what_both_were_found_by(sim):
    merge_zoe(sim)
    assert [["c3"]] * 3 == [found(sim, each) for each in ("zoe", "anna@", "0171 7654321")]
    sim.run_pass(approve=False, write=False)
    assert [["c3"]] * 3 == [found(sim, each) for each in ("zoe", "anna@", "0171 7654321")]


def test_people_who_part_are_found_at_once_and_then_by_their_own_names_only(sim):
    edit = merge_zoe(sim)
    with sim.db.transaction() as tx:
        edits.undo(tx, find_edit(tx, edit), EditedBy("otto", sim.now))
    assert ZOE in found(sim, "zoe")
    assert "c3" in found(sim, "anna@")
    sim.run_pass(approve=False, write=False)
    assert [[ZOE], ["c3"]] == [found(sim, each) for each in ("zoe", "anna@")]
    assert [] == [*examine(sim.db, sim.config, sim.now).problems]
