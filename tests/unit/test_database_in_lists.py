"""A prepared statement says what SQLAlchemy would have it say, on either database."""

import pytest
from sqlalchemy import bindparam, or_, select, update

from wcflow.database.identity import mark_dirty
from wcflow.database.prepared import IN_LIST, Prepared, fetch_tuples, select_in
from wcflow.database.sql import table_of
from wcflow.database.tables import PersonRow

PERSONS = table_of(PersonRow)
PEOPLE = {f"c{number}": f"o'neil%s{number}@example.com" for number in range(1, 1203)}


@pytest.fixture
def people(database):
    """A database of more people than one statement asks for, one of them of another shop."""
    with database.transaction() as tx:
        mark_dirty(tx, "shop", PEOPLE)
        mark_dirty(tx, "other", {"c1": PEOPLE["c1"]})
    return database


@pytest.mark.parametrize("many", [0, 1, 2, 499, 500, 501, 1202])
def test_those_among_any_number_of_values_are_found_once(people, many):
    """Be they more than one statement takes; what is not there, or another shop's, is not found."""
    wanted = [*list(PEOPLE.values())[:many], "nobody@example.com"]
    query = select_in(PERSONS, "email", PERSONS.c.store, PERSONS.c.email)
    with people.reading() as tx:
        found = [tuple(row) for row in fetch_tuples(tx, query, "shop", wanted)]
    assert sorted(("shop", email) for email in wanted[:-1]) == sorted(found)


def test_values_that_look_like_sql_are_values(people):
    asked = Prepared(
        select(PERSONS.c.email).where(
            PERSONS.c.email.in_(IN_LIST), or_(PERSONS.c.dirty == 1, PERSONS.c.dirty == 7)
        )
    )
    texts = ["') OR 1=1 --", "%s", "?", ":store", PEOPLE["c7"]]
    with people.reading() as tx:
        assert [(PEOPLE["c7"],)] == [tuple(row) for row in asked.among(tx, texts)]


def test_a_statement_is_made_for_each_of_many_and_for_nobody_where_there_are_none(people):
    named = Prepared(
        update(PERSONS)
        .where(PERSONS.c.store == bindparam("of"), PERSONS.c.email == bindparam("who"))
        .values(orders_count=bindparam("to"), total_spent=12)
    )
    counted = Prepared(
        select(PERSONS.c.email, PERSONS.c.orders_count).where(PERSONS.c.total_spent > 0)
    )
    with people.transaction() as tx:
        named.execute_many(tx, [])
        assert [] == counted.rows(tx)
        named.execute_many(
            tx, [{"of": "shop", "who": PEOPLE[f"c{number}"], "to": number} for number in (3, 5)]
        )
        assert {(PEOPLE["c3"], 3), (PEOPLE["c5"], 5)} == {tuple(row) for row in counted.rows(tx)}
