"""Merge two persons into one: the surviving person gets everything that belongs to the other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, RowMapping, Table, and_, delete, select, update

from wcflow.database.campaigns import go_back_to_merged
from wcflow.database.companies import merge_members
from wcflow.database.companion import mark_cards_outdated, merge_requests
from wcflow.database.edits import merge_edits
from wcflow.database.notes import merge_notes
from wcflow.database.pools import merge_codes, move_codes_of_run
from wcflow.database.search_text import merge_search_texts
from wcflow.database.sql import dumps, loads, table_of, upsert
from wcflow.database.standings import merge_standings
from wcflow.database.tables import (
    PERSON_LIST_COLUMNS,
    EventRow,
    IdentityRow,
    MembershipRow,
    OutboxRow,
    PersonRow,
    RunRow,
    TransitionRow,
)

_PERSONS, _IDENTITIES = table_of(PersonRow), table_of(IdentityRow)
_MEMBERSHIPS, _TRANSITIONS = table_of(MembershipRow), table_of(TransitionRow)
_RUNS, _OUTBOX, _EVENTS = table_of(RunRow), table_of(OutboxRow), table_of(EventRow)


def merge_persons(tx: Connection, store: str, old: int, new: int) -> None:
    """Move everything from the person ``old`` to the person ``new``."""
    mark_cards_outdated(tx, store, [old, new])
    _merge_person_rows(tx, old, new)
    _merge_memberships(tx, store, old, new)
    _merge_runs(tx, store, old, new)
    _drop_second_attempts(tx, store, old, new)
    _merge_rows(tx, _OUTBOX, store, old, new, ("rule", "event", "step"))
    _merge_rows(tx, _EVENTS, store, old, new, ("key",))
    merge_standings(tx, store, old, new)
    merge_codes(tx, store, old, new)
    merge_members(tx, store, old, new)
    merge_edits(tx, store, old, new)
    merge_notes(tx, store, old, new)
    merge_requests(tx, store, old, new)
    merge_search_texts(tx, store, old, new)
    go_back_to_merged(tx, store, old, new)
    for table in (_TRANSITIONS, _IDENTITIES):
        of_old = and_(table.c.store == store, table.c.person == old)
        tx.execute(update(table).where(of_old).values(person=new))


def _merge_person_rows(tx: Connection, old: int, new: int) -> None:
    query = select(_PERSONS).where(_PERSONS.c.id.in_([old, new]))
    rows = {row["id"]: dict(row) for row in tx.execute(query).mappings()}
    merged = _merged_row(rows[old], rows[new])
    tx.execute(delete(_PERSONS).where(_PERSONS.c.id == old))
    tx.execute(update(_PERSONS).where(_PERSONS.c.id == new).values(**merged))


def _merged_row(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """Unite the tags of both rows; keep the totals of ``new`` until the next evaluation."""
    newer = old if old["written_order_id"] > new["written_order_id"] else new
    # A person without an evaluation has no rules digest: all rules would seem to have changed.
    latest = max((new, old), key=lambda row: row["evaluated_at"] or 0)
    kept = _united(loads(old["kept_forever"]), loads(new["kept_forever"]))
    return {
        **new,
        **{
            name: dumps(sorted({*loads(old[name]), *loads(new[name])}))
            for name in PERSON_LIST_COLUMNS
        },
        "kept_forever": dumps(kept),
        "written_to_order": newer["written_to_order"],
        "written_order_id": newer["written_order_id"],
        "evaluated_at": latest["evaluated_at"],
        "rules_digest": latest["rules_digest"],
        "consent": _stricter(old["consent"], new["consent"]),
        "inactive": old["inactive"] or new["inactive"],
        "dirty": 1,
    }


def _stricter(one: bool | None, other: bool | None) -> bool | None:
    """Return no if one of the two said no, until the next evaluation reads what both say."""
    return False if False in (one, other) else one if other is None else other


def _united(one: Mapping[str, list[str]], other: Mapping[str, list[str]]) -> dict[str, list[str]]:
    rules = {**one, **other}
    return {rule: sorted({*one.get(rule, ()), *other.get(rule, ())}) for rule in rules}


def _merge_memberships(tx: Connection, store: str, old: int, new: int) -> None:
    of_both = and_(_MEMBERSHIPS.c.store == store, _MEMBERSHIPS.c.person.in_([old, new]))
    since: dict[str, int] = {}
    for row in tx.execute(select(_MEMBERSHIPS).where(of_both)):
        since[row.segment] = min(row.since, since.get(row.segment, row.since))
    tx.execute(delete(_MEMBERSHIPS).where(of_both))
    rows = [
        {"store": store, "person": new, "segment": segment, "since": at}
        for segment, at in sorted(since.items())
    ]
    upsert(tx, MembershipRow, rows)


class _Duplicate(NamedTuple):
    """Two rows that would have the same key."""

    kept_id: int
    removed_id: int


def _merge_runs(tx: Connection, store: str, old: int, new: int) -> None:
    key = ("workflow", "event")
    for duplicate in _find_duplicates(tx, _RUNS, store, old, new, key):
        queued = _OUTBOX.c.run_id == duplicate.removed_id
        tx.execute(update(_OUTBOX).where(queued).values(run_id=duplicate.kept_id))
        move_codes_of_run(tx, duplicate.removed_id, duplicate.kept_id)
    _merge_rows(tx, _RUNS, store, old, new, key)


_PROGRESS = {"done": 2, "claimed": 1}


def _drop_second_attempts(tx: Connection, store: str, old: int, new: int) -> None:
    """Of a run that both have, keep the changes of the one that is further.

    Otherwise a note of one could contain the coupon's code of the other, which is never created.
    """
    of_runs = and_(_OUTBOX.c.store == store, _OUTBOX.c.run_id.is_not(None))
    found: dict[tuple[str, str], dict[int, dict[str, int]]] = {}
    query = select(_OUTBOX).where(of_runs, _OUTBOX.c.person.in_([old, new]))
    for row in tx.execute(query):
        steps = found.setdefault((row.rule, row.event), {old: {}, new: {}})[row.person]
        steps[row.step] = _PROGRESS.get(row.state, 0)
    for (rule, event), steps_of in found.items():
        reached = {person: max(steps.values(), default=0) for person, steps in steps_of.items()}
        lost = new if reached[old] > reached[new] else old
        # What was done or tried stays, and what the other one does not have.
        if reached[lost] or not steps_of[old].keys() & steps_of[new].keys():
            continue
        same = (_OUTBOX.c.rule == rule, _OUTBOX.c.event == event, _OUTBOX.c.person == lost)
        tx.execute(delete(_OUTBOX).where(of_runs, *same))


def _merge_rows(
    tx: Connection, table: Table, store: str, old: int, new: int, key: Sequence[str]
) -> None:
    for duplicate in _find_duplicates(tx, table, store, old, new, key):
        tx.execute(delete(table).where(table.c.id == duplicate.removed_id))
    of_old = and_(table.c.store == store, table.c.person == old)
    tx.execute(update(table).where(of_old).values(person=new))


def _find_duplicates(
    tx: Connection, table: Table, store: str, old: int, new: int, key: Sequence[str]
) -> Iterator[_Duplicate]:
    """Pair rows with the same key. The row of ``new`` is kept unless only the other is done."""
    of_both = and_(table.c.store == store, table.c.person.in_([old, new]))
    rows: dict[int, dict[tuple[Any, ...], RowMapping]] = {old: {}, new: {}}
    for row in tx.execute(select(table).where(of_both)).mappings().all():
        rows[row["person"]][tuple(row[name] for name in key)] = row
    for values, first in rows[old].items():
        second = rows[new].get(values)
        if second is not None:
            done = first.get("state") == "done" and second.get("state") != "done"
            kept, removed = (first, second) if done else (second, first)
            yield _Duplicate(kept["id"], removed["id"])
