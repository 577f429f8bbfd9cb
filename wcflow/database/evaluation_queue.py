"""The queue of people to evaluate: those who are dirty, those who are due, and then everyone.

A full evaluation marks no rows: it goes through the persons by id, and the store's row keeps the
last one (``full_evaluation_position``) in the transaction that saves the results.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, and_, case, func, select, update

from wcflow.database.companion import check_every_card
from wcflow.database.sql import chunks, stamp, table_of
from wcflow.database.stores import save_store
from wcflow.database.tables import IdentityRow, PersonRow, StoreRow

_PERSONS, _IDENTITIES, _STORES = table_of(PersonRow), table_of(IdentityRow), table_of(StoreRow)
_PAUSE = 3600


class DuePeople(NamedTuple):
    """The persons to evaluate next, and whether there are more."""

    persons: list[int]
    more: bool


def take_due_people(tx: Connection, store: str, now: datetime, limit: int) -> DuePeople:
    """Return the persons to evaluate next; the position moves on when the transaction commits."""
    ids = select(_PERSONS.c.id).where(_PERSONS.c.store == store)
    dirty = ids.where(_PERSONS.c.dirty == 1).order_by(_PERSONS.c.due_at)
    found = list(tx.scalars(dirty.limit(limit)))
    due = ids.where(_PERSONS.c.dirty == 0, _PERSONS.c.due_at <= stamp(now))
    found += tx.scalars(due.limit(limit - len(found)))
    if len(found) == limit:
        return DuePeople(found, more=True)
    others = _continue_full_evaluation(tx, store, limit - len(found))
    return DuePeople([*dict.fromkeys([*found, *others.persons])], others.more)


def _continue_full_evaluation(tx: Connection, store: str, limit: int) -> DuePeople:
    last = load_full_evaluation_position(tx, store)
    if last is None:
        return DuePeople([], more=False)
    later = select(_PERSONS.c.id).where(
        _PERSONS.c.store == store, _PERSONS.c.id > last, _PERSONS.c.present
    )
    found = list(tx.scalars(later.order_by(_PERSONS.c.id).limit(limit)))
    more = len(found) == limit
    save_store(tx, store, full_evaluation_position=found[-1] if more else None)
    return DuePeople(found, more)


def load_full_evaluation_position(tx: Connection, store: str) -> int | None:
    """Return the last person of a full evaluation (0 at its start), or None if there is none."""
    position: int | None = tx.scalar(
        select(_STORES.c.full_evaluation_position).where(_STORES.c.name == store)
    )
    return position


def start_full_evaluation(tx: Connection, store: str) -> None:
    """Queue everyone. People who become dirty or due in the meantime come first."""
    save_store(tx, store, full_evaluation_position=0)
    check_every_card(tx, store)


def save_evaluated_at(tx: Connection, store: str, now: datetime) -> None:
    """Save when people were last evaluated; a time in the future shows that a clock was wrong.

    The time before the last pause of an hour is kept too. A clock that jumps ahead makes such a
    pause, so that is the last evaluation on a right clock.
    """
    paused = _STORES.c.evaluated_at < stamp(now) - _PAUSE
    before = case((paused, _STORES.c.evaluated_at), else_=_STORES.c.evaluated_before)
    times = {"evaluated_at": stamp(now), "evaluated_before": before}
    tx.execute(update(_STORES).where(_STORES.c.name == store).values(**times))


def has_unfinished_evaluation(tx: Connection, store: str) -> bool:
    """Return whether people wait because something changed, and not only because time passed."""
    dirty = select(_PERSONS.c.id).where(_PERSONS.c.store == store, _PERSONS.c.dirty == 1)
    return (
        load_full_evaluation_position(tx, store) is not None
        or tx.scalar(dirty.limit(1)) is not None
    )


def count_due_people(tx: Connection, store: str, now: datetime) -> int:
    """Count the people who are dirty, due, or not reached yet by a full evaluation."""
    # Two queries, one for each range of the index: a query with "or" would read every person.
    count = select(func.count()).where(_PERSONS.c.store == store)
    queries = [
        count.where(_PERSONS.c.dirty == 1),
        count.where(_PERSONS.c.dirty == 0, _PERSONS.c.due_at <= stamp(now)),
    ]
    last = load_full_evaluation_position(tx, store)
    if last is not None:
        queries = [each.where(_PERSONS.c.id <= last) for each in queries]
        queries.append(count.where(_PERSONS.c.id > last, _PERSONS.c.present))
    return sum(tx.scalar(each) or 0 for each in queries)


def postpone_evaluation(
    tx: Connection, store: str, persons: Sequence[int], until: datetime
) -> None:
    """Evaluate these people at ``until``, or earlier if something about them changes."""
    for part in chunks(persons):
        matching = (_PERSONS.c.store == store, _PERSONS.c.id.in_(part))
        tx.execute(update(_PERSONS).where(*matching).values(dirty=0, due_at=stamp(until)))


def load_dirty_accounts(tx: Connection, store: str) -> set[int]:
    """Return the customer ids of the people who are dirty."""
    account = and_(
        _IDENTITIES.c.store == _PERSONS.c.store,
        _IDENTITIES.c.person == _PERSONS.c.id,
        _IDENTITIES.c.kind == "account",
    )
    query = (
        select(_IDENTITIES.c.value)
        .join(_PERSONS, account)
        .where(_PERSONS.c.store == store, _PERSONS.c.dirty == 1)
    )
    return {int(value) for value in tx.scalars(query)}
