"""Groups: people are put into them and taken out by workflows or by an admin.

A group exists while someone is in it, or once an admin has created it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, delete, func, select, update

from wcflow.database.sql import chunks, fetch_in, instant, select_in, stamp, table_of, upsert
from wcflow.database.tables import GroupMemberRow, GroupRow

_MEMBERS, _CREATED = table_of(GroupMemberRow), table_of(GroupRow)
_BY_PERSON = select_in(_MEMBERS, "person", _MEMBERS.c.person, _MEMBERS.c.name)


def load_groups(tx: Connection, store: str, persons: Sequence[int]) -> dict[int, frozenset[str]]:
    """Return the groups of these people; those in no group are missing."""
    found: dict[int, set[str]] = {}
    for person, name in fetch_in(tx, _BY_PERSON, store, persons):
        found.setdefault(person, set()).add(name)
    return {person: frozenset(names) for person, names in found.items()}


def load_group_names(tx: Connection, store: str) -> set[str]:
    """Return the names of all groups of a store, also those without members."""
    used = select(_MEMBERS.c.name).where(_MEMBERS.c.store == store)
    created = select(_CREATED.c.name).where(_CREATED.c.store == store)
    return {*tx.scalars(used.distinct()), *tx.scalars(created)}


def find_group(tx: Connection, store: str, name: str) -> str:
    """Return the name as it is written already, whatever its case, or the name itself."""
    names, folded = load_group_names(tx, store), name.casefold()
    return next((each for each in sorted(names) if each.casefold() == folded), name)


def save_group(tx: Connection, store: str, name: str, made_by: str, at: datetime) -> None:
    """Let a group exist even without members."""
    row = {"store": store, "name": name, "made_by": made_by, "made_at": stamp(at)}
    upsert(tx, GroupRow, [row])


def forget_group(tx: Connection, store: str, name: str) -> list[Member]:
    """Delete a group; return who was in it."""
    members = load_group_members(tx, store, name)
    for table in (_MEMBERS, _CREATED):
        tx.execute(delete(table).where(table.c.store == store, table.c.name == name))
    return members


def rename_group(tx: Connection, store: str, old: str, new: str) -> None:
    """Give a group a name that no other group has."""
    for table in (_MEMBERS, _CREATED):
        here = (table.c.store == store, table.c.name == old)
        tx.execute(update(table).where(*here).values(name=new))


def add_member(
    tx: Connection, store: str, person: int, name: str, added_by: str, at: datetime
) -> bool:
    """Put a person into a group; return False if they are in it already."""
    here = (_MEMBERS.c.store == store, _MEMBERS.c.person == person, _MEMBERS.c.name == name)
    if tx.scalar(select(_MEMBERS.c.since).where(*here)) is not None:
        return False
    row = {"store": store, "person": person, "name": name, "since": stamp(at), "added_by": added_by}
    upsert(tx, GroupMemberRow, [row])
    return True


def add_members(
    tx: Connection, store: str, persons: Sequence[int], name: str, added_by: str, at: datetime
) -> list[int]:
    """Put people into a group; return those who were not in it."""
    known = load_groups(tx, store, persons)
    new = [each for each in persons if name not in known.get(each, ())]
    row = {"store": store, "name": name, "since": stamp(at), "added_by": added_by}
    upsert(tx, GroupMemberRow, [row | {"person": each} for each in new])
    return new


def remove_members(tx: Connection, store: str, persons: Sequence[int], name: str) -> list[int]:
    """Take people out of a group; return those who were in it."""
    known = load_groups(tx, store, persons)
    members = [each for each in persons if name in known.get(each, ())]
    here = (_MEMBERS.c.store == store, _MEMBERS.c.name == name)
    for part in chunks(members):
        tx.execute(delete(_MEMBERS).where(*here, _MEMBERS.c.person.in_(part)))
    return members


def remove_member(tx: Connection, store: str, person: int, name: str) -> bool:
    """Take a person out of a group; return False if they are not in it."""
    here = (_MEMBERS.c.store == store, _MEMBERS.c.person == person, _MEMBERS.c.name == name)
    return tx.execute(delete(_MEMBERS).where(*here)).rowcount > 0


def merge_groups(tx: Connection, store: str, old: int, new: int) -> None:
    """Put the person ``new`` into all groups of the person ``old`` as well."""
    own = select(_MEMBERS.c.name).where(_MEMBERS.c.store == store, _MEMBERS.c.person == new)
    of_old = (_MEMBERS.c.store == store, _MEMBERS.c.person == old)
    tx.execute(delete(_MEMBERS).where(*of_old, _MEMBERS.c.name.in_([*tx.scalars(own)])))
    tx.execute(update(_MEMBERS).where(*of_old).values(person=new))


class Member(NamedTuple):
    """A person in a group, since when, and who added them."""

    person: int
    since: datetime
    added_by: str


def load_group_members(tx: Connection, store: str, name: str) -> list[Member]:
    """Return everyone in a group, the latest first."""
    query = select(_MEMBERS.c.person, _MEMBERS.c.since, _MEMBERS.c.added_by)
    rows = tx.execute(
        query.where(_MEMBERS.c.store == store, _MEMBERS.c.name == name).order_by(
            _MEMBERS.c.since.desc(), _MEMBERS.c.person
        )
    )
    return [Member(row.person, instant(row.since), row.added_by) for row in rows]


def count_by_group(tx: Connection, store: str) -> dict[str, int]:
    """Count the people in each group, by name; a group without members counts 0."""
    query = select(_MEMBERS.c.name, func.count()).where(_MEMBERS.c.store == store)
    counts = {row[0]: row[1] for row in tx.execute(query.group_by(_MEMBERS.c.name))}
    names = sorted(load_group_names(tx, store), key=str.casefold)
    return {name: counts.get(name, 0) for name in names}
