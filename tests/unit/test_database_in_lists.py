"""A query for a list of values finds the rows of any number of values, on both databases."""

import pytest

from wcflow.database.identity import mark_dirty
from wcflow.database.sql import fetch_in, select_in, table_of
from wcflow.database.tables import PersonRow

PERSONS = table_of(PersonRow)
PEOPLE = {f"c{number}": f"o'neil%s{number}@example.com" for number in range(1, 1203)}
BY_EMAIL = select_in(PERSONS, "email", PERSONS.c.store, PERSONS.c.email)


@pytest.fixture
def people(database):
    """A database with more people than fit into one statement, and one person of another store."""
    with database.transaction() as tx:
        mark_dirty(tx, "shop", PEOPLE)
        mark_dirty(tx, "other", {"c1": PEOPLE["c1"]})
    return database


@pytest.mark.parametrize("count", [0, 1, 2, 499, 500, 501, 1202])
def test_each_row_of_the_store_is_found_once_for_any_number_of_values(people, count):
    known = list(PEOPLE.values())[:count]
    with people.reading() as tx:
        rows = [tuple(row) for row in fetch_in(tx, BY_EMAIL, "shop", [*known, "no@example.com"])]
    assert sorted(("shop", email) for email in known) == sorted(rows)


def test_values_that_look_like_sql_are_not_executed(people):
    values = ["') OR 1=1 --", "%s", "?", ":store", PEOPLE["c7"]]
    with people.reading() as tx:
        rows = [tuple(row) for row in fetch_in(tx, BY_EMAIL, "shop", values)]
    assert rows == [("shop", PEOPLE["c7"])]


def test_a_query_can_have_further_conditions(people):
    query = BY_EMAIL.where(PERSONS.c.email == PEOPLE["c3"])
    with people.reading() as tx:
        assert [*fetch_in(tx, query, "shop", PEOPLE.values())] == [("shop", PEOPLE["c3"])]
