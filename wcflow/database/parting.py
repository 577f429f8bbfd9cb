"""Part a person into two again: what each had before a merge goes back to them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, Table, delete, select, update

from wcflow.database.outbox import OutboxEntry, entry_from_row
from wcflow.database.part_standing import take_standing
from wcflow.database.sql import (
    chunks,
    dumps,
    fetch_in,
    loads,
    select_in,
    stamp,
    table_of,
    upsert,
)
from wcflow.database.tables import (
    PERSON_LIST_COLUMNS,
    CustomerNoteRow,
    EditRow,
    EventRow,
    GroupMemberRow,
    MembershipRow,
    OutboxRow,
    PersonRow,
    PointsRow,
    PoolCodeRow,
    RunRow,
    SearchTextRow,
    TaskRow,
    TierRow,
    TransitionRow,
)

Snapshot = Mapping[str, Any]
"""What a person had before a merge: ids of rows by table, lists of names, and keys of points."""

_PERSONS, _GROUPS, _POINTS = table_of(PersonRow), table_of(GroupMemberRow), table_of(PointsRow)
_OUTBOX, _RUNS = table_of(OutboxRow), table_of(RunRow)
_KEYS: Mapping[Table, tuple[str, ...]] = {
    _RUNS: ("workflow", "event"),
    _OUTBOX: ("rule", "event", "step"),
    table_of(EventRow): ("key",),
    _POINTS: ("key",),
    table_of(TaskRow): (),
    table_of(PoolCodeRow): (),
    table_of(TransitionRow): (),
    table_of(CustomerNoteRow): (),
    table_of(EditRow): (),
}
"""Tables whose rows have an id and belong to a person, with what a person has only once."""
_STATE = ("evaluated_at", "rules_digest", "inactive")
_TOTALS = ("last_order", "since", "total_spent", "orders_count")
_LISTED = ("name", "sort_name", "list_key", "phone", "company", *_TOTALS)
"""What lists show until the next evaluation."""
_NAMES = (*PERSON_LIST_COLUMNS, "kept_forever")


def take_snapshot(tx: Connection, store: str, person: int) -> Snapshot:
    """Return what a person has, before they are merged with another.

    It is kept with the merge, so it does not say who they are.
    """
    ids = {
        table.name: [*tx.scalars(select(table.c.id).where(*_of(table, store, person)))]
        for table in _KEYS
    }
    row = tx.execute(select(_PERSONS).where(_PERSONS.c.id == person)).mappings().one()
    points = select(_POINTS.c.id, _POINTS.c.key).where(*_of(_POINTS, store, person))
    return {
        "ids": {str(name): found for name, found in ids.items() if found},
        "names": {name: loads(row[name]) for name in _NAMES},
        "groups": sorted(tx.scalars(select(_GROUPS.c.name).where(*_of(_GROUPS, store, person)))),
        "points": {str(each.id): each.key for each in tx.execute(points)},
        "consent": row["consent"],
        "listed": {name: row[name] for name in _TOTALS},
        "standing": take_standing(tx, store, person),
    }


def load_listed(tx: Connection, person: int) -> Snapshot:
    """Return what lists show of a person."""
    columns = (_PERSONS.c[name] for name in _LISTED)
    return dict(tx.execute(select(*columns).where(_PERSONS.c.id == person)).mappings().one())


def add_listed(tx: Connection, store: str, person: int, sides: Iterable[Snapshot]) -> None:
    """Let lists show both together until the next evaluation."""
    one, other = sides
    found = {name: one[name] or other[name] for name in _LISTED}
    for name, choose in (("last_order", max), ("since", min)):
        found[name] = choose(filter(None, (one[name], other[name])), default=None)
    for name in ("total_spent", "orders_count"):
        found[name] = one[name] + other[name]
    here = (_PERSONS.c.store == store, _PERSONS.c.id == person)
    tx.execute(update(_PERSONS).where(*here).values(**found))


def _of(table: Table, store: str, person: int) -> tuple[Any, ...]:
    return (table.c.store == store, table.c.person == person)


def give_back(
    tx: Connection, store: str, person: int, new: int, mine: Snapshot, orders: Collection[int]
) -> None:
    """Give a person who parts from another what they had, and runs and points of their orders."""
    known = select(_RUNS.c.id, _RUNS.c.order_id).where(*_of(_RUNS, store, person))
    about = {row.id for row in tx.execute(known) if row.order_id in orders}
    runs = about.union(mine["ids"].get("run", ()))
    _drop_copies(tx, store, new, runs)
    for table, key in _KEYS.items():
        ids = runs if table is _RUNS else mine["ids"].get(table.name, ())
        _move(tx, table, store, (person, new), ids, key)
    of_runs = select_in(_OUTBOX, "run_id", _OUTBOX.c.id)
    entries = [row.id for row in fetch_in(tx, of_runs, store, runs)]
    _move(tx, _OUTBOX, store, (person, new), entries, _KEYS[_OUTBOX])
    points = select(_POINTS.c.id, _POINTS.c.order_id).where(*_of(_POINTS, store, person))
    earned = [row.id for row in tx.execute(points) if row.order_id in orders]
    _move(tx, _POINTS, store, (person, new), earned, ("key",))
    for number, name in mine["points"].items():
        moved = (*_of(_POINTS, store, new), _POINTS.c.id == int(number))
        tx.execute(update(_POINTS).where(*moved).values(key=name))


def _drop_copies(tx: Connection, store: str, new: int, runs: Iterable[int]) -> None:
    """Delete the copies of runs that come back themselves."""
    for row in fetch_in(tx, select_in(_RUNS, "id", _RUNS.c.workflow, _RUNS.c.event), store, runs):
        same = (_RUNS.c.workflow == row.workflow, _RUNS.c.event == row.event)
        copies = (*_of(_RUNS, store, new), *same, _RUNS.c.state == "skipped")
        tx.execute(delete(_RUNS).where(*copies))


def _move(
    tx: Connection,
    table: Table,
    store: str,
    who: tuple[int, int],
    ids: Iterable[int],
    key: Sequence[str],
) -> None:
    """Give rows of the first person to the second one, who has each key once."""
    person, new = who
    columns = [table.c[name] for name in key]
    taken = set(tx.execute(select(*columns).where(*_of(table, store, new)))) if key else set()
    for part in chunks(sorted(ids)):
        here = (*_of(table, store, person), table.c.id.in_(part))
        found = tx.execute(select(table.c.id, *columns).where(*here)).all()
        free = [row[0] for row in found if not key or tuple(row[1:]) not in taken]
        tx.execute(update(table).where(table.c.id.in_(free)).values(person=new))


def load_entries_since(
    tx: Connection, store: str, person: int, before: Collection[int]
) -> list[OutboxEntry]:
    """Return what workflows have queued for a person, without the entries from before."""
    query = select(_OUTBOX).where(*_of(_OUTBOX, store, person), _OUTBOX.c.run_id.is_not(None))
    rows = tx.execute(query.order_by(_OUTBOX.c.id)).mappings()
    return [entry_from_row(row) for row in rows if row["id"] not in before]


def end_runs(tx: Connection, ids: Iterable[int], reason: str, now: datetime) -> None:
    """End runs that wait and have results for later steps."""
    ended = {"state": "ended", "ended_at": stamp(now), "due_at": None, "reason": reason}
    waiting = (_RUNS.c.state == "waiting", _RUNS.c.variables != "{}")
    for part in chunks(sorted(ids)):
        tx.execute(update(_RUNS).where(_RUNS.c.id.in_(part), *waiting).values(**ended))


class Sides(NamedTuple):
    """What the two people had before the merge, and whether they accepted marketing just after."""

    mine: Snapshot
    others: Snapshot
    consent: bool | None


def copy_state(tx: Connection, store: str, person: int, new: int, sides: Sides) -> None:
    """Give a new person the state of the one they part from, but not what only the other had.

    So what the two have reached together is not reached again.
    """
    mine, others = sides.mine, sides.others
    row = tx.execute(select(_PERSONS).where(_PERSONS.c.id == person)).mappings().one()
    state = {name: row[name] for name in _STATE}
    for number, before, other in ((new, mine, others), (person, others, mine)):
        names = {
            name: dumps(_without(loads(row[name]), other["names"][name], before["names"][name]))
            for name in _NAMES
        }
        # An answer since the merge is that of both.
        consent = before["consent"] if row["consent"] == sides.consent else row["consent"]
        values = {**state, **names, "consent": consent}
        tx.execute(update(_PERSONS).where(_PERSONS.c.id == number).values(**values))
    for model in (MembershipRow, TierRow, SearchTextRow):
        found = tx.execute(select(table_of(model)).where(*_of(table_of(model), store, person)))
        upsert(tx, model, [{**each, "person": new} for each in found.mappings()])
    _part_groups(tx, store, person, new, mine, others)


def _without(now: Any, other: Any, before: Any) -> Any:
    """Return the names of now, without those that only the other one had before."""
    if isinstance(now, dict):
        parted = {
            rule: _without(names, other.get(rule, []), before.get(rule, []))
            for rule, names in now.items()
        }
        return {rule: names for rule, names in parted.items() if names}
    return sorted({*now} - ({*other} - {*before}))


def _part_groups(
    tx: Connection, store: str, person: int, new: int, mine: Snapshot, others: Snapshot
) -> None:
    only_mine = {*mine["groups"]} - {*others["groups"]}
    only_others = {*others["groups"]} - {*mine["groups"]}
    rows = tx.execute(select(_GROUPS).where(*_of(_GROUPS, store, person))).mappings().all()
    kept = [{**row, "person": new} for row in rows if row["name"] not in only_others]
    upsert(tx, GroupMemberRow, kept)
    here = (*_of(_GROUPS, store, person), _GROUPS.c.name.in_(only_mine))
    tx.execute(delete(_GROUPS).where(*here))


def give_written(
    tx: Connection, store: str, person: int, new: int, orders: Collection[int]
) -> None:
    """Say what was written to the order that shows the tags, if that is now the new person's."""
    columns = (_PERSONS.c.written_to_order, _PERSONS.c.written_order_id)
    here = (_PERSONS.c.store == store, _PERSONS.c.id == person)
    row = tx.execute(select(*columns).where(*here)).one()
    if row.written_order_id in orders:
        written = {"written_to_order": row.written_to_order}
        written |= {"written_order_id": row.written_order_id}
        tx.execute(update(_PERSONS).where(_PERSONS.c.id == new).values(**written))
        nothing = {"written_to_order": None, "written_order_id": 0}
        tx.execute(update(_PERSONS).where(*here).values(**nothing))
