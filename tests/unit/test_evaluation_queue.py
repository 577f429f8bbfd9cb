"""Whom an evaluation looks at next: those of whom something changed, before everybody else."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

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
_LEFT = ("email", "evaluated_at", "rules_digest", "dirty", "due_at", "total_spent", "orders_count")


def person_figures(tx, person):
    """Give what the last judgement left in a person's row."""
    asked = select(*(_P.c[name] for name in _LEFT))
    return tuple(tx.execute(asked.where(_P.c.store == "shop", _P.c.id == person)).one())


def mark_evaluated(person, due_at):
    return EvaluationRecord(
        person, "", NOW, "rules", dirty=False, due_at=due_at, total_spent=0, orders_count=0
    )


def evaluate_in_batches(tx, size, now=NOW):
    """Give who is due in each of so many turns as it takes until nobody is left."""
    turns = []
    while (turn := take_due_people(tx, "shop", now, size)).persons:
        save_evaluation_records(tx, "shop", [mark_evaluated(each, None) for each in turn.persons])
        turns.append(turn)
        assert len(turns) < 20
    return turns


@pytest.fixture
def tx(database):
    """People who were judged: none is to be looked at, and each in a day or more."""
    with database.transaction() as tx:
        for days, person in enumerate(EVERYONE):
            assert {f"c{person}": person} == mark_dirty(tx, "shop", {f"c{person}": ""})
            save_evaluation_records(
                tx, "shop", [mark_evaluated(person, NOW + timedelta(days=9 - days))]
            )
        yield tx


def test_nobody_is_due_before_their_time(tx):
    assert ([], False) == take_due_people(tx, "shop", NOW, 9)
    assert 1 == count_due_people(tx, "shop", NOW + timedelta(days=5))
    assert ([5], False) == take_due_people(tx, "shop", NOW + timedelta(days=5), 9)


@pytest.mark.parametrize("size", [1, 2, 3, 5, 9])
def test_all_who_are_touched_at_once_are_due_and_each_once(tx, size):
    start_full_evaluation(tx, "shop")
    assert 5 == count_due_people(tx, "shop", NOW)
    turns = evaluate_in_batches(tx, size)
    assert sorted(EVERYONE) == sorted(each for turn in turns for each in turn.persons)
    assert 0 == count_due_people(tx, "shop", NOW)


@pytest.mark.parametrize("size", [1, 2, 3, 5, 9])
def test_a_turn_tells_of_more_wherever_there_is_more(tx, size):
    """It may tell of more where there is none: who looks again finds nobody."""
    mark_persons_dirty(tx, "shop", [3])
    start_full_evaluation(tx, "shop")
    assert all(turn.more for turn in evaluate_in_batches(tx, size)[:-1])


def test_who_is_touched_for_their_own_sake_comes_before_everybody(tx):
    """Be it before or after everybody was: new orders do not wait for a change of rules."""
    mark_persons_dirty(tx, "shop", [4])
    start_full_evaluation(tx, "shop")
    mark_persons_dirty(tx, "shop", [5])
    due = take_due_people(tx, "shop", NOW, 9).persons
    assert {4, 5} == set(due[:2])
    assert sorted(EVERYONE) == sorted(due)


def test_whose_time_has_come_comes_before_everybody_and_counts_once(tx):
    start_full_evaluation(tx, "shop")
    later = NOW + timedelta(days=5)
    assert 5 == count_due_people(tx, "shop", later)
    assert [5] == take_due_people(tx, "shop", later, 1).persons


def test_who_is_touched_behind_a_round_is_due_again(tx):
    start_full_evaluation(tx, "shop")
    first = take_due_people(tx, "shop", NOW, 2).persons
    mark_persons_dirty(tx, "shop", [first[0]])
    assert 4 == count_due_people(tx, "shop", NOW)
    assert first[0] == take_due_people(tx, "shop", NOW, 9).persons[0]


def test_a_round_that_begins_anew_leaves_nobody_out(tx):
    start_full_evaluation(tx, "shop")
    take_due_people(tx, "shop", NOW, 3)
    start_full_evaluation(tx, "shop")
    assert sorted(EVERYONE) == sorted(take_due_people(tx, "shop", NOW, 9).persons)


def test_a_round_is_of_one_store(tx):
    (other,) = mark_dirty(tx, "other", {"c1": ""}).values()
    save_evaluation_records(tx, "other", [mark_evaluated(other, None)])
    start_full_evaluation(tx, "shop")
    assert [] == take_due_people(tx, "other", NOW, 9).persons
    assert 5 == len(take_due_people(tx, "shop", NOW, 9).persons)


def test_who_is_put_off_is_not_due_until_then(tx):
    mark_persons_dirty(tx, "shop", [4])
    postpone_evaluation(tx, "shop", [4], NOW + timedelta(hours=1))
    assert 0 == count_due_people(tx, "shop", NOW)
    assert [4] == take_due_people(tx, "shop", NOW + timedelta(hours=2), 9).persons


@pytest.mark.parametrize("due_at", [None, NOW, NOW + timedelta(days=1)], ids=str)
@pytest.mark.parametrize("email", ["", "new@example.com"])
@pytest.mark.parametrize("dirty", [True, False])
def test_what_a_judgement_leaves_of_a_person_is_kept_and_of_nobody_else(tx, due_at, email, dirty):
    """Be it that their place among the due or their address changes, or neither."""
    before = {who: person_figures(tx, who) for who in EVERYONE}
    left = EvaluationRecord(5, email, NOW + timedelta(1), "other rules", dirty, due_at, 700, 3)
    save_evaluation_records(tx, "shop", [left])
    due = None if due_at is None else stamp(due_at)
    now = (email, stamp(NOW + timedelta(1)), "other rules", int(dirty), due, 700, 3)
    assert {**before, 5: now} == {who: person_figures(tx, who) for who in EVERYONE}


@pytest.mark.parametrize("due_at", [None, NOW], ids=str)
def test_of_whom_nothing_changes_but_the_rules_that_is_kept(tx, due_at):
    save_evaluation_records(tx, "shop", [mark_evaluated(5, due_at)])
    save_evaluation_records(
        tx, "shop", [mark_evaluated(5, due_at)._replace(rules_digest="other rules")]
    )
    due = None if due_at is None else stamp(due_at)
    assert ("", stamp(NOW), "other rules", 0, due, 0, 0) == person_figures(tx, 5)
