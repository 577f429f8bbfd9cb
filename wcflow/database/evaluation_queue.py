"""Whom to evaluate next: people who are dirty, people whose time has come, and then everyone.

To evaluate everyone, no row is marked: the pass goes through the persons by id, and the store
remembers the last one (``evaluate_after``) in the transaction that saves the results.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, bindparam, func, select, update

from wcflow.database.prepared import Prepared
from wcflow.database.sql import chunks, stamp, table_of
from wcflow.database.stores import save_store
from wcflow.database.tables import IdentityRow, PersonRow, StoreRow

_P, _I, _S = table_of(PersonRow), table_of(IdentityRow), table_of(StoreRow)
_IDS = select(_P.c.id).where(_P.c.store == bindparam("store")).limit(bindparam("limit"))
_DIRTY = Prepared(_IDS.where(_P.c.touched == 1).order_by(_P.c.due_at))
_RIPE = Prepared(_IDS.where(_P.c.touched == 0, _P.c.due_at <= bindparam("now")))
_NEXT = Prepared(_IDS.where(_P.c.id > bindparam("last"), _P.c.present).order_by(_P.c.id))
_POSITION = Prepared(select(_S.c.evaluate_after).where(_S.c.name == bindparam("store")))


class Due(NamedTuple):
    """The persons to evaluate next, and whether there are more."""

    persons: list[int]
    more: bool


def take_due(tx: Connection, store: str, now: datetime, limit: int) -> Due:
    """Return the persons to evaluate next; the position moves on when the transaction commits."""
    found = [person for (person,) in _DIRTY.tuples(tx, store=store, limit=limit)]
    if len(found) < limit:
        room = limit - len(found)
        ripe = _RIPE.tuples(tx, store=store, now=stamp(now), limit=room)
        found += [person for (person,) in ripe]
    if len(found) == limit:
        return Due(found, more=True)
    others = _of_everyone(tx, store, limit - len(found))
    return Due([*dict.fromkeys([*found, *others.persons])], others.more)


def _of_everyone(tx: Connection, store: str, limit: int) -> Due:
    last = everyone_after(tx, store)
    if last is None:
        return Due([], more=False)
    found = [person for (person,) in _NEXT.tuples(tx, store=store, last=last, limit=limit)]
    more = len(found) == limit
    save_store(tx, store, evaluate_after=found[-1] if more else None)
    return Due(found, more)


def everyone_after(tx: Connection, store: str) -> int | None:
    """Return how far the evaluation of everyone has come: the last person, 0 at first, or nothing."""
    rows = _POSITION.tuples(tx, store=store)
    return rows[0][0] if rows else None


def evaluate_everyone(tx: Connection, store: str) -> None:
    """Have everyone evaluated, after those for whom something changes meanwhile."""
    save_store(tx, store, evaluate_after=0)


def people_left(tx: Connection, store: str, now: datetime) -> int:
    """Count the people to evaluate: dirty, due, or not reached yet by an evaluation of everyone."""
    # Each by an index of its own: joined by "or", they would read every person.
    here = select(func.count()).where(_P.c.store == store)
    waiting = [
        here.where(_P.c.touched == 1),
        here.where(_P.c.touched == 0, _P.c.due_at <= stamp(now)),
    ]
    last = everyone_after(tx, store)
    if last is None:
        return sum(tx.scalar(each) or 0 for each in waiting)
    ahead, behind = _P.c.id > last, _P.c.id <= last
    return sum(tx.scalar(each.where(behind)) or 0 for each in waiting) + (
        tx.scalar(here.where(ahead, _P.c.present)) or 0
    )


def put_off(tx: Connection, store: str, persons: Sequence[int], until: datetime) -> None:
    """Evaluate these people no sooner than this, unless something of theirs changes."""
    for some in chunks(persons):
        here = (_P.c.store == store, _P.c.id.in_(some))
        tx.execute(update(_P).where(*here).values(touched=0, due_at=stamp(until)))


def accounts_touched(tx: Connection, store: str) -> set[int]:
    """Return the ids of the customers who are dirty."""
    same = (_I.c.store == _P.c.store) & (_I.c.person == _P.c.id) & (_I.c.kind == "account")
    query = select(_I.c.value).join(_P, same).where(_P.c.store == store, _P.c.touched == 1)
    return {int(value) for value in tx.scalars(query)}
