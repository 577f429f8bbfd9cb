"""Whom to evaluate next: people who are dirty, people whose time has come, and then everyone.

To evaluate everyone, no row is marked: the pass goes through the persons by id, and the store
remembers the last one (``full_evaluation_position``) in the transaction that saves the results.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, bindparam, case, func, select, update

from wcflow.database.prepared import Prepared
from wcflow.database.sql import chunks, stamp, table_of
from wcflow.database.stores import save_store
from wcflow.database.tables import IdentityRow, PersonRow, StoreRow

_PERSONS, _I, _S = table_of(PersonRow), table_of(IdentityRow), table_of(StoreRow)
_IDS = select(_PERSONS.c.id).where(_PERSONS.c.store == bindparam("store")).limit(bindparam("limit"))
_DIRTY = Prepared(_IDS.where(_PERSONS.c.dirty == 1).order_by(_PERSONS.c.due_at))
_DUE = Prepared(_IDS.where(_PERSONS.c.dirty == 0, _PERSONS.c.due_at <= bindparam("now")))
_AFTER = Prepared(
    _IDS.where(_PERSONS.c.id > bindparam("last"), _PERSONS.c.present).order_by(_PERSONS.c.id)
)
_PAUSE = 3600
_POSITION = Prepared(select(_S.c.full_evaluation_position).where(_S.c.name == bindparam("store")))


class DuePeople(NamedTuple):
    """The persons to evaluate next, and whether there are more."""

    persons: list[int]
    more: bool


def take_due_people(tx: Connection, store: str, now: datetime, limit: int) -> DuePeople:
    """Return the persons to evaluate next; the position moves on when the transaction commits."""
    found = [person for (person,) in _DIRTY.tuples(tx, store=store, limit=limit)]
    if len(found) < limit:
        remaining = limit - len(found)
        due = _DUE.tuples(tx, store=store, now=stamp(now), limit=remaining)
        found += [person for (person,) in due]
    if len(found) == limit:
        return DuePeople(found, more=True)
    others = _of_everyone(tx, store, limit - len(found))
    return DuePeople([*dict.fromkeys([*found, *others.persons])], others.more)


def _of_everyone(tx: Connection, store: str, limit: int) -> DuePeople:
    last = load_full_evaluation_position(tx, store)
    if last is None:
        return DuePeople([], more=False)
    found = [person for (person,) in _AFTER.tuples(tx, store=store, last=last, limit=limit)]
    more = len(found) == limit
    save_store(tx, store, full_evaluation_position=found[-1] if more else None)
    return DuePeople(found, more)


def load_full_evaluation_position(tx: Connection, store: str) -> int | None:
    """Return how far the evaluation of everyone has come: the last person, 0 at first, or nothing."""
    rows = _POSITION.tuples(tx, store=store)
    return rows[0][0] if rows else None


def start_full_evaluation(tx: Connection, store: str) -> None:
    """Have everyone evaluated, after those for whom something changes meanwhile."""
    save_store(tx, store, full_evaluation_position=0)


def save_evaluated_at(tx: Connection, store: str, now: datetime) -> None:
    """Save when people were last evaluated; a time in the future shows that a clock was wrong.

    The time before the last pause of an hour is kept too. A clock that jumps ahead makes such a
    pause, so that is the last evaluation on a right clock.
    """
    paused = _S.c.evaluated_at < stamp(now) - _PAUSE
    before = case((paused, _S.c.evaluated_at), else_=_S.c.evaluated_before)
    times = {"evaluated_at": stamp(now), "evaluated_before": before}
    tx.execute(update(_S).where(_S.c.name == store).values(**times))


def is_unfinished(tx: Connection, store: str) -> bool:
    """Return whether anyone waits for evaluation because of a change, not just because time passed."""
    return load_full_evaluation_position(tx, store) is not None or bool(
        _DIRTY.tuples(tx, store=store, limit=1)
    )


def count_due_people(tx: Connection, store: str, now: datetime) -> int:
    """Count the people to evaluate: dirty, due, or not reached yet by an evaluation of everyone."""
    # Each by an index of its own: joined by "or", they would read every person.
    here = select(func.count()).where(_PERSONS.c.store == store)
    waiting = [
        here.where(_PERSONS.c.dirty == 1),
        here.where(_PERSONS.c.dirty == 0, _PERSONS.c.due_at <= stamp(now)),
    ]
    last = load_full_evaluation_position(tx, store)
    if last is None:
        return sum(tx.scalar(each) or 0 for each in waiting)
    ahead, behind = _PERSONS.c.id > last, _PERSONS.c.id <= last
    return sum(tx.scalar(each.where(behind)) or 0 for each in waiting) + (
        tx.scalar(here.where(ahead, _PERSONS.c.present)) or 0
    )


def postpone_evaluation(
    tx: Connection, store: str, persons: Sequence[int], until: datetime
) -> None:
    """Evaluate these people no sooner than this, unless something of theirs changes."""
    for part in chunks(persons):
        here = (_PERSONS.c.store == store, _PERSONS.c.id.in_(part))
        tx.execute(update(_PERSONS).where(*here).values(dirty=0, due_at=stamp(until)))


def load_dirty_accounts(tx: Connection, store: str) -> set[int]:
    """Return the ids of the customers who are dirty."""
    same = (
        (_I.c.store == _PERSONS.c.store) & (_I.c.person == _PERSONS.c.id) & (_I.c.kind == "account")
    )
    query = (
        select(_I.c.value)
        .join(_PERSONS, same)
        .where(_PERSONS.c.store == store, _PERSONS.c.dirty == 1)
    )
    return {int(value) for value in tx.scalars(query)}
