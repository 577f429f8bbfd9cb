"""Load and save where people stand: their groups, their points and their tier."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, delete, exists, func, select, update

from wcflow.database.groups import load_groups, merge_groups
from wcflow.database.sql import fetch_in, instant, select_in, stamp, table_of, upsert
from wcflow.database.tables import GroupMemberRow, PointsRow, TaskRow, TierRow
from wcflow.standing import NO_STANDING, PointsChange, Standing, TierState

_POINTS, _TIERS, _TASKS = table_of(PointsRow), table_of(TierRow), table_of(TaskRow)
_GROUPS = table_of(GroupMemberRow)
_POINTS_BY_PERSON = select_in(_POINTS, "person")
_TIER_BY_PERSON = select_in(_TIERS, "person")
_POINTS_KEY = ("store", "person", "key")


def load_standings(tx: Connection, store: str, persons: Sequence[int]) -> dict[int, Standing]:
    """Return where these people stand; those without anything are missing."""
    # Most stores have none of these, and then three queries for each batch would be noticed.
    any_of = (exists().where(table.c.store == store) for table in (_GROUPS, _POINTS, _TIERS))
    has_groups, has_points, has_tiers = tuple(tx.execute(select(*any_of)).one())
    groups = load_groups(tx, store, persons) if has_groups else {}
    points = load_points(tx, store, persons) if has_points else {}
    tiers = load_tiers(tx, store, persons) if has_tiers else {}
    return {
        person: Standing(
            groups.get(person, NO_STANDING.groups), tiers.get(person), tuple(points.get(person, ()))
        )
        for person in groups.keys() | points.keys() | tiers.keys()
    }


# Points.


def load_points(
    tx: Connection, store: str, persons: Sequence[int]
) -> dict[int, list[PointsChange]]:
    """Return the changes of people's points, oldest first."""
    found: dict[int, list[PointsChange]] = {}
    rows = sorted(fetch_in(tx, _POINTS_BY_PERSON, store, persons), key=lambda row: row.id)
    for row in rows:
        found.setdefault(row.person, []).append(_points_change(row))
    return found


def _points_change(row: Row[Any]) -> PointsChange:
    return PointsChange(
        row.key,
        row.amount,
        row.reason,
        row.changed_by,
        instant(row.at),
        None if row.expires_at is None else instant(row.expires_at),
        row.order_id,
        row.terms,
        row.undoes,
        row.run_id,
        row.id,
    )


def save_points(tx: Connection, store: str, changes: Iterable[tuple[int, PointsChange]]) -> None:
    """Add changes (person, change); those with a known key stay as they are."""
    rows = [
        {
            "store": store,
            "person": person,
            "key": each.key,
            "amount": each.amount,
            "reason": each.reason,
            "changed_by": each.changed_by,
            "at": stamp(each.at),
            "expires_at": None if each.expires_at is None else stamp(each.expires_at),
            "order_id": each.order_id,
            "terms": each.terms,
            "undoes": each.undoes,
            "run_id": each.run_id,
        }
        for person, each in changes
    ]
    keep = [column.name for column in _POINTS.columns]
    upsert(tx, PointsRow, rows, on=_POINTS_KEY, keep=keep)


def find_points_change(tx: Connection, number: int) -> tuple[str, int, PointsChange] | None:
    """Return the store, the person and the change with this id, or None."""
    row = tx.execute(select(_POINTS).where(_POINTS.c.id == number)).first()
    return None if row is None else (row.store, row.person, _points_change(row))


# Tiers.


def load_tiers(tx: Connection, store: str, persons: Sequence[int]) -> dict[int, TierState]:
    """Return the tiers of these people; those who have none yet are missing."""
    return {
        row.person: TierState(
            row.tier,
            instant(row.since),
            row.before,
            None if row.below_since is None else instant(row.below_since),
            row.fixed_by,
            row.fixed,
        )
        for row in fetch_in(tx, _TIER_BY_PERSON, store, persons)
    }


def save_tiers(tx: Connection, store: str, tiers: Mapping[int, TierState]) -> None:
    """Save the tiers of people."""
    rows = [
        {
            "store": store,
            "person": person,
            "tier": each.tier,
            "before": each.before,
            "since": stamp(each.since),
            "below_since": None if each.below_since is None else stamp(each.below_since),
            "fixed_by": each.fixed_by,
            "fixed": each.fixed,
        }
        for person, each in tiers.items()
    ]
    upsert(tx, TierRow, rows)


def count_by_tier(tx: Connection, store: str) -> dict[str, int]:
    """Count the people in each tier, by name; an empty name is below the lowest."""
    query = select(_TIERS.c.tier, func.count()).where(_TIERS.c.store == store)
    return {row[0]: row[1] for row in tx.execute(query.group_by(_TIERS.c.tier))}


def delete_tiers(tx: Connection, store: str) -> int:
    """Forget all tiers, because [tiers] was removed: put back later, it begins anew."""
    return tx.execute(delete(_TIERS).where(_TIERS.c.store == store)).rowcount


# Two persons become one.


def merge_standings(tx: Connection, store: str, old: int, new: int) -> None:
    """Give the person ``new`` the groups, points and tasks of ``old``, and the newer tier."""
    merge_groups(tx, store, old, new)
    _merge_points(tx, store, old, new)
    of_old = (_TASKS.c.store == store, _TASKS.c.person == old)
    tx.execute(update(_TASKS).where(*of_old).values(person=new))
    _merge_tiers(tx, store, old, new)


def _merge_points(tx: Connection, store: str, old: int, new: int) -> None:
    """Add up the points: changes with the same key are two, and none is lost."""
    mine = select(_POINTS.c.key).where(_POINTS.c.store == store, _POINTS.c.person == new)
    known = {*tx.scalars(mine)}
    of_old = (_POINTS.c.store == store, _POINTS.c.person == old)
    for number, key in tx.execute(select(_POINTS.c.id, _POINTS.c.key).where(*of_old)).all():
        name, count = key, 1
        while name in known:
            count += 1
            name = f"{key} ({count})"
        known.add(name)
        moved = update(_POINTS).where(_POINTS.c.id == number)
        tx.execute(moved.values(person=new, key=name))


def _merge_tiers(tx: Connection, store: str, old: int, new: int) -> None:
    """Keep the tier that was fixed, else that of the person who stays; it is computed again."""
    found = load_tiers(tx, store, [old, new])
    here = (_TIERS.c.store == store, _TIERS.c.person == old)
    tx.execute(delete(_TIERS).where(*here))
    if old in found and (new not in found or (found[old].fixed_by and not found[new].fixed_by)):
        save_tiers(tx, store, {new: found[old]})
