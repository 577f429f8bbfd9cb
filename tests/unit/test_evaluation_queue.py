"""Whom an evaluation looks at next: those of whom something changed, before everybody else."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from wcflow.database.evaluation_queue import evaluate_everyone, people_left, put_off, take_due
from wcflow.database.identity import mark_dirty, mark_persons_dirty
from wcflow.database.people import Judged, note_judged
from wcflow.database.sql import stamp, table_of
from wcflow.database.tables import PersonRow

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
EVERYONE = [1, 2, 3, 4, 5]


_P = table_of(PersonRow)
_LEFT = ("email", "evaluated_at", "digest", "touched", "due_at", "spent", "orders_count")


def person_figures(tx, person):
    """Give what the last judgement left in a person's row."""
    asked = select(*(_P.c[name] for name in _LEFT))
    return tuple(tx.execute(asked.where(_P.c.store == "shop", _P.c.id == person)).one())


def mark_evaluated(person, due_at):
    return Judged(person, "", NOW, "rules", touched=False, due_at=due_at, spent=0, orders_count=0)


def evaluate_in_batches(tx, size, now=NOW):
    """Give who is due in each of so many turns as it takes until nobody is left."""
    turns = []
    while (turn := take_due(tx, "shop", now, size)).persons:
        note_judged(tx, "shop", [mark_evaluated(each, None) for each in turn.persons])
        turns.append(turn)
        assert len(turns) < 20
    return turns


@pytest.fixture
def tx(database):
    """People who were judged: none is to be looked at, and each in a day or more."""
    with database.transaction() as tx:
        for days, person in enumerate(EVERYONE):
            assert {f"c{person}": person} == mark_dirty(tx, "shop", {f"c{person}": ""})
            note_judged(tx, "shop", [mark_evaluated(person, NOW + timedelta(days=9 - days))])
        yield tx


def test_nobody_is_due_before_their_time(tx):
    assert ([], False) == take_due(tx, "shop", NOW, 9)
    assert 1 == people_left(tx, "shop", NOW + timedelta(days=5))
    assert ([5], False) == take_due(tx, "shop", NOW + timedelta(days=5), 9)


@pytest.mark.parametrize("size", [1, 2, 3, 5, 9])
def test_all_who_are_touched_at_once_are_due_and_each_once(tx, size):
    evaluate_everyone(tx, "shop")
    assert 5 == people_left(tx, "shop", NOW)
    turns = evaluate_in_batches(tx, size)
    assert sorted(EVERYONE) == sorted(each for turn in turns for each in turn.persons)
    assert 0 == people_left(tx, "shop", NOW)


@pytest.mark.parametrize("size", [1, 2, 3, 5, 9])
def test_a_turn_tells_of_more_wherever_there_is_more(tx, size):
    """It may tell of more where there is none: who looks again finds nobody."""
    mark_persons_dirty(tx, "shop", [3])
    evaluate_everyone(tx, "shop")
    assert all(turn.more for turn in evaluate_in_batches(tx, size)[:-1])


def test_who_is_touched_for_their_own_sake_comes_before_everybody(tx):
    """Be it before or after everybody was: new orders do not wait for a change of rules."""
    mark_persons_dirty(tx, "shop", [4])
    evaluate_everyone(tx, "shop")
    mark_persons_dirty(tx, "shop", [5])
    due = take_due(tx, "shop", NOW, 9).persons
    assert {4, 5} == set(due[:2])
    assert sorted(EVERYONE) == sorted(due)


def test_whose_time_has_come_comes_before_everybody_and_counts_once(tx):
    evaluate_everyone(tx, "shop")
    later = NOW + timedelta(days=5)
    assert 5 == people_left(tx, "shop", later)
    assert [5] == take_due(tx, "shop", later, 1).persons


def test_who_is_touched_behind_a_round_is_due_again(tx):
    evaluate_everyone(tx, "shop")
    first = take_due(tx, "shop", NOW, 2).persons
    mark_persons_dirty(tx, "shop", [first[0]])
    assert 4 == people_left(tx, "shop", NOW)
    assert first[0] == take_due(tx, "shop", NOW, 9).persons[0]


def test_a_round_that_begins_anew_leaves_nobody_out(tx):
    evaluate_everyone(tx, "shop")
    take_due(tx, "shop", NOW, 3)
    evaluate_everyone(tx, "shop")
    assert sorted(EVERYONE) == sorted(take_due(tx, "shop", NOW, 9).persons)


def test_a_round_is_of_one_store(tx):
    (other,) = mark_dirty(tx, "other", {"c1": ""}).values()
    note_judged(tx, "other", [mark_evaluated(other, None)])
    evaluate_everyone(tx, "shop")
    assert [] == take_due(tx, "other", NOW, 9).persons
    assert 5 == len(take_due(tx, "shop", NOW, 9).persons)


def test_who_is_put_off_is_not_due_until_then(tx):
    mark_persons_dirty(tx, "shop", [4])
    put_off(tx, "shop", [4], NOW + timedelta(hours=1))
    assert 0 == people_left(tx, "shop", NOW)
    assert [4] == take_due(tx, "shop", NOW + timedelta(hours=2), 9).persons


@pytest.mark.parametrize("due_at", [None, NOW, NOW + timedelta(days=1)], ids=str)
@pytest.mark.parametrize("email", ["", "new@example.com"])
@pytest.mark.parametrize("touched", [True, False])
def test_what_a_judgement_leaves_of_a_person_is_kept_and_of_nobody_else(tx, due_at, email, touched):
    """Be it that their place among the due or their address changes, or neither."""
    before = {who: person_figures(tx, who) for who in EVERYONE}
    left = Judged(5, email, NOW + timedelta(1), "other rules", touched, due_at, 700, 3)
    note_judged(tx, "shop", [left])
    due = None if due_at is None else stamp(due_at)
    now = (email, stamp(NOW + timedelta(1)), "other rules", int(touched), due, 700, 3)
    assert {**before, 5: now} == {who: person_figures(tx, who) for who in EVERYONE}


@pytest.mark.parametrize("due_at", [None, NOW], ids=str)
def test_of_whom_nothing_changes_but_the_rules_that_is_kept(tx, due_at):
    note_judged(tx, "shop", [mark_evaluated(5, due_at)])
    note_judged(tx, "shop", [mark_evaluated(5, due_at)._replace(digest="other rules")])
    due = None if due_at is None else stamp(due_at)
    assert ("", stamp(NOW), "other rules", 0, due, 0, 0) == person_figures(tx, 5)
