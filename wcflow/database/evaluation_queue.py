"""Whom to judge next: who was touched, whose time has come, and then everybody, if it must be.

To have everybody judged anew nobody's row is written: a round goes from one to the next in the
order in which they are stored, and how far it has come is kept with what it did.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, bindparam, func, select, update

from wcflow.database.prepared import Prepared
from wcflow.database.sql import chunks, stamp, table_of
from wcflow.database.stores import drop_setting, save_setting, setting
from wcflow.database.tables import PersonRow

_P = table_of(PersonRow)
_MINE = select(_P.c.subject).where(_P.c.store == bindparam("store")).limit(bindparam("limit"))
_TOUCHED = Prepared(_MINE.where(_P.c.touched == 1).order_by(_P.c.due_at))
_RIPE = Prepared(_MINE.where(_P.c.touched == 0, _P.c.due_at <= bindparam("now")))
_NEXT = Prepared(_MINE.where(_P.c.subject > bindparam("last")).order_by(_P.c.subject))


class Due(NamedTuple):
    """The subjects of those to be judged next, and whether there are more."""

    subjects: list[str]
    more: bool


def take_due(tx: Connection, store: str, now: datetime, limit: int) -> Due:
    """Give those to be judged next. Those of a round count as judged when the transaction ends."""
    found = [subject for (subject,) in _TOUCHED.tuples(tx, store=store, limit=limit)]
    if len(found) < limit:
        room = limit - len(found)
        ripe = _RIPE.tuples(tx, store=store, now=stamp(now), limit=room)
        found += [subject for (subject,) in ripe]
    if len(found) == limit:
        return Due(found, more=True)
    others = _of_round(tx, store, limit - len(found))
    return Due([*dict.fromkeys([*found, *others.subjects])], others.more)


def _of_round(tx: Connection, store: str, limit: int) -> Due:
    last = round_at(tx, store)
    if last is None:
        return Due([], more=False)
    rows = _NEXT.tuples(tx, store=store, last=last, limit=limit)
    found = [subject for (subject,) in rows]
    if len(found) < limit:
        drop_setting(tx, _round(store))
    else:
        save_setting(tx, _round(store), found[-1])
    return Due(found, len(found) == limit)


def round_at(tx: Connection, store: str) -> str | None:
    """Give how far a round over everybody has come: the last subject judged, "" at first; or None."""
    return setting(tx, _round(store))


def _round(store: str) -> str:
    return f"round {store}"


def evaluate_everyone(tx: Connection, store: str) -> None:
    """Have everybody judged anew, after those of whom something changes meanwhile."""
    save_setting(tx, _round(store), "")


def people_left(tx: Connection, store: str, now: datetime) -> int:
    """Count those who are to be judged: touched, due, or ahead of a round over everybody."""
    # Each by an index of its own: joined by "or", they would read every person.
    mine = select(func.count()).where(_P.c.store == store)
    asked = [
        mine.where(_P.c.touched == 1),
        mine.where(_P.c.touched == 0, _P.c.due_at <= stamp(now)),
    ]
    last = round_at(tx, store)
    if last is None:
        return sum(tx.scalar(each) or 0 for each in asked)
    ahead, behind = _P.c.subject > last, _P.c.subject <= last
    return sum(tx.scalar(each.where(behind)) or 0 for each in asked) + (
        tx.scalar(mine.where(ahead)) or 0
    )


def put_off(tx: Connection, store: str, subjects: Sequence[str], until: datetime) -> None:
    """Have these people judged no sooner, unless they are touched again."""
    for some in chunks(subjects):
        mine = (_P.c.store == store, _P.c.subject.in_(some))
        tx.execute(update(_P).where(*mine).values(touched=0, due_at=stamp(until)))


def accounts_touched(tx: Connection, store: str) -> set[int]:
    """Give the ids of the registered customers who are touched."""
    marked = select(_P.c.subject).where(_P.c.store == store, _P.c.touched == 1)
    found = tx.execute(marked.where(_P.c.subject.startswith("c")))
    return {int(subject[1:]) for (subject,) in found}
