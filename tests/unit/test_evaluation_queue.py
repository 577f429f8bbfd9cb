"""The order of evaluation: changed people come before a full evaluation."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import event, select, update

from wcflow.database.evaluation_queue import (
    count_due_people,
    postpone_evaluation,
    start_full_evaluation,
    take_due_people,
)
from wcflow.database.identity import mark_dirty, mark_persons_dirty
from wcflow.database.people import EvaluationRecord, save_evaluation_records
from wcflow.database.sql import stamp, table_of
from wcflow.database.tables import PersonRow

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
EVERYONE = [1, 2, 3, 4, 5]


_P = table_of(PersonRow)
_SAVED = ("email", "evaluated_at", "rules_digest", "dirty", "due_at")


def evaluation_columns(tx, person):
    """Return the columns of a person's row that an evaluation saves."""
    query = select(*(_P.c[name] for name in _SAVED))
    return tuple(tx.execute(query.where(_P.c.store == "shop", _P.c.id == person)).one())


def evaluated(person, due_at):
    return EvaluationRecord(person, "", NOW, "rules", dirty=False, due_at=due_at)


def evaluate_in_batches(tx, size, now=NOW):
    """Evaluate everyone who is due, and return the batches."""
    batches = []
    while (batch := take_due_people(tx, "shop", now, size)).persons:
        save_evaluation_records(tx, "shop", [evaluated(each, None) for each in batch.persons])
        batches.append(batch)
        assert len(batches) < 20
    return batches


@pytest.fixture
def tx(database):
    """Five evaluated people; each is due in four days or more."""
    with database.transaction() as tx:
        for days, person in enumerate(EVERYONE):
            assert {f"c{person}": person} == mark_dirty(tx, "shop", {f"c{person}": ""})
            save_evaluation_records(tx, "shop", [evaluated(person, NOW + timedelta(days=9 - days))])
        yield tx


def test_people_become_due_at_their_time(tx):
    assert ([], False) == take_due_people(tx, "shop", NOW, 9)
    assert 1 == count_due_people(tx, "shop", NOW + timedelta(days=5))
    assert ([5], False) == take_due_people(tx, "shop", NOW + timedelta(days=5), 9)


@pytest.mark.parametrize("size", [1, 2, 3, 5, 9])
def test_a_full_evaluation_covers_everyone_once(tx, size):
    start_full_evaluation(tx, "shop")
    assert 5 == count_due_people(tx, "shop", NOW)
    batches = evaluate_in_batches(tx, size)
    assert sorted(EVERYONE) == sorted(each for batch in batches for each in batch.persons)
    assert 0 == count_due_people(tx, "shop", NOW)


@pytest.mark.parametrize("size", [1, 2, 3, 5, 9])
def test_every_batch_but_the_last_reports_that_more_people_are_due(tx, size):
    """The last batch can report more too; the next one is then empty."""
    mark_persons_dirty(tx, "shop", [3])
    start_full_evaluation(tx, "shop")
    assert all(batch.more for batch in evaluate_in_batches(tx, size)[:-1])


def test_changed_people_come_before_a_full_evaluation(tx):
    """New orders do not wait until changed rules are applied to everyone."""
    mark_persons_dirty(tx, "shop", [4])
    start_full_evaluation(tx, "shop")
    mark_persons_dirty(tx, "shop", [5])
    due = take_due_people(tx, "shop", NOW, 9).persons
    assert {4, 5} == set(due[:2])
    assert sorted(EVERYONE) == sorted(due)


def test_people_due_by_time_come_before_a_full_evaluation_and_count_once(tx):
    start_full_evaluation(tx, "shop")
    later = NOW + timedelta(days=5)
    assert 5 == count_due_people(tx, "shop", later)
    assert [5] == take_due_people(tx, "shop", later, 1).persons


def test_a_person_who_changes_during_a_full_evaluation_is_due_again(tx):
    start_full_evaluation(tx, "shop")
    first = take_due_people(tx, "shop", NOW, 2).persons
    mark_persons_dirty(tx, "shop", [first[0]])
    assert 4 == count_due_people(tx, "shop", NOW)
    assert first[0] == take_due_people(tx, "shop", NOW, 9).persons[0]


def test_a_full_evaluation_that_restarts_covers_everyone(tx):
    start_full_evaluation(tx, "shop")
    take_due_people(tx, "shop", NOW, 3)
    start_full_evaluation(tx, "shop")
    assert sorted(EVERYONE) == sorted(take_due_people(tx, "shop", NOW, 9).persons)


def test_a_full_evaluation_covers_one_store(tx):
    (other,) = mark_dirty(tx, "other", {"c1": ""}).values()
    save_evaluation_records(tx, "other", [evaluated(other, None)])
    start_full_evaluation(tx, "shop")
    assert [] == take_due_people(tx, "other", NOW, 9).persons
    assert 5 == len(take_due_people(tx, "shop", NOW, 9).persons)


def test_a_full_evaluation_skips_people_without_records(tx):
    tx.execute(update(_P).where(_P.c.id == 3).values(present=False))
    start_full_evaluation(tx, "shop")
    assert 4 == count_due_people(tx, "shop", NOW)
    assert [1, 2, 4, 5] == sorted(take_due_people(tx, "shop", NOW, 9).persons)


def test_a_postponed_evaluation_is_due_at_its_new_time(tx):
    mark_persons_dirty(tx, "shop", [4])
    postpone_evaluation(tx, "shop", [4], NOW + timedelta(hours=1))
    assert 0 == count_due_people(tx, "shop", NOW)
    assert [4] == take_due_people(tx, "shop", NOW + timedelta(hours=2), 9).persons


@pytest.mark.parametrize("due_at", [None, NOW, NOW + timedelta(days=1)], ids=str)
@pytest.mark.parametrize("email", ["", "new@example.com"])
@pytest.mark.parametrize("dirty", [True, False])
def test_saving_an_evaluation_changes_one_person(tx, due_at, email, dirty):
    """Whether or not an indexed column changes."""
    before = {each: evaluation_columns(tx, each) for each in EVERYONE}
    record = EvaluationRecord(5, email, NOW + timedelta(1), "other rules", dirty, due_at)
    save_evaluation_records(tx, "shop", [record])
    due = None if due_at is None else stamp(due_at)
    saved = (email, stamp(NOW + timedelta(1)), "other rules", int(dirty), due)
    assert {**before, 5: saved} == {each: evaluation_columns(tx, each) for each in EVERYONE}


@pytest.mark.parametrize("due_at", [None, NOW], ids=str)
def test_an_evaluation_is_saved_if_only_the_rules_changed(tx, due_at):
    save_evaluation_records(tx, "shop", [evaluated(5, due_at)])
    save_evaluation_records(tx, "shop", [evaluated(5, due_at)._replace(rules_digest="other rules")])
    due = None if due_at is None else stamp(due_at)
    assert ("", stamp(NOW), "other rules", 0, due) == evaluation_columns(tx, 5)


def test_the_next_people_are_found_by_an_index_without_reading_everyone(tx):
    """Otherwise a full evaluation takes four times as long for twice as many people."""
    if tx.dialect.name != "sqlite":
        pytest.skip("PostgreSQL plans by the size of the table")
    statements = []

    def record(_connection, _cursor, statement, parameters, *_):
        statements.append((statement, parameters))

    start_full_evaluation(tx, "shop")
    event.listen(tx, "before_cursor_execute", record)
    assert EVERYONE[:3] == take_due_people(tx, "shop", NOW, 3).persons
    event.remove(tx, "before_cursor_execute", record)
    queries = [each for each in statements if each[0].startswith("SELECT person.")]
    plans = [
        row[-1]
        for statement, parameters in queries
        for row in tx.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
    ]
    assert len(queries) == len(plans) == 3
    assert all(plan.startswith("SEARCH person USING COVERING INDEX") for plan in plans)
