"""Whom an evaluation looks at next: those of whom something changed, before everybody else."""

from datetime import UTC, datetime, timedelta

import pytest

from wcflow.mirror.people import Judged, note_judged, people_due, people_left, put_off, touch_all
from wcflow.mirror.subjects import touch

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
EVERYBODY = [f"c{number}" for number in (31, 4, 15, 9, 26)]


def judged(subject, due_at):
    return Judged(subject, "", NOW, "rules", touched=False, due_at=due_at, spent=0, orders_count=0)


@pytest.fixture
def tx(database):
    """People who were judged: none is to be looked at, and each in a day or more."""
    with database.transaction() as tx:
        for days, subject in enumerate(EVERYBODY):
            touch(tx, "shop", {subject: ""})
            note_judged(tx, "shop", [judged(subject, NOW + timedelta(days=9 - days))])
        yield tx


def test_nobody_is_due_before_their_time(tx):
    assert [] == people_due(tx, "shop", NOW, 9)
    assert ["c26"] == people_due(tx, "shop", NOW + timedelta(days=5), 9)
    assert 1 == people_left(tx, "shop", NOW + timedelta(days=5))


def test_all_who_are_touched_at_once_are_due_and_each_once(tx):
    assert 5 == touch_all(tx, "shop")
    assert sorted(EVERYBODY) == sorted(people_due(tx, "shop", NOW + timedelta(days=30), 9))
    assert 5 == people_left(tx, "shop", NOW + timedelta(days=30))
    assert 0 == touch_all(tx, "shop")


def test_who_is_touched_for_their_own_sake_comes_before_everybody(tx):
    """Be it before or after everybody was: new orders do not wait for a change of rules."""
    touch(tx, "shop", {"c9": ""})
    assert 4 == touch_all(tx, "shop")
    touch(tx, "shop", {"c26": ""})
    due = people_due(tx, "shop", NOW, 9)
    assert {"c9", "c26"} == set(due[:2])
    assert sorted(EVERYBODY) == sorted(due)


def test_who_was_judged_since_is_due_no_more(tx):
    touch_all(tx, "shop")
    note_judged(tx, "shop", [judged("c4", None), judged("c15", NOW + timedelta(days=1))])
    put_off(tx, "shop", ["c9"], NOW + timedelta(days=1))
    assert {"c31", "c26"} == set(people_due(tx, "shop", NOW, 9))
    assert 2 == people_left(tx, "shop", NOW)


def test_those_judged_by_the_same_rules_are_left_alone(tx):
    assert 0 == touch_all(tx, "shop", but_digest="rules")
    assert 5 == touch_all(tx, "shop", but_digest="other rules")
