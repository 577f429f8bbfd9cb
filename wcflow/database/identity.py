"""Persons by their keys: whose an order is, who is to be looked at again, and what moves to another key.

What is remembered of a person, and what follows from it, is decided by those who evaluate.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from sqlalchemy import Connection, Table, delete, select, update

from wcflow.database.customers import customer_ids_by_email
from wcflow.database.orders import Owner
from wcflow.database.sql import dumps, loads, table_of, upsert
from wcflow.database.tables import MembershipRow, OutboxRow, PersonRow, RunRow, TransitionRow
from wcflow.profile import account_key, guest_key

_PERSONS, _MEMBERSHIPS = table_of(PersonRow), table_of(MembershipRow)
_MOVES, _RUNS, _OUTBOX = table_of(TransitionRow), table_of(RunRow), table_of(OutboxRow)


def subjects_of(
    tx: Connection, store: str, owners: Iterable[Owner], shared: frozenset[str], guests: str
) -> dict[Owner, str | None]:
    """Give the person whose an order is: its account, else who is known by its address, else a guest.

    None where there is no address, where it is a shared one, or where guests are nobody.
    """
    asked = set(owners)
    emails = {owner.email for owner in asked if not owner.customer_id} - shared - {""}
    known = customer_ids_by_email(tx, store, sorted(emails))
    return {owner: _subject(owner, emails, known, guests) for owner in asked}


def _subject(owner: Owner, emails: set[str], known: Mapping[str, int], guests: str) -> str | None:
    if owner.customer_id:
        return account_key(owner.customer_id)
    if owner.email not in emails:
        return None
    if owner.email in known:
        return account_key(known[owner.email])
    return None if guests == "ignore" else guest_key(owner.email)


def mark_dirty(tx: Connection, store: str, people: Mapping[str, str]) -> None:
    """Have these persons (subject to address) looked at again, making those that are new."""
    upsert(
        tx,
        PersonRow,
        [
            {"store": store, "subject": subject, "email": people[subject], "touched": 1}
            # In one order for all: two writers in PostgreSQL would else wait for each other.
            for subject in sorted(people)
        ],
    )


def known_subjects(tx: Connection, store: str, subjects: Iterable[str]) -> set[str]:
    """Pick the persons of whom something is remembered."""
    here = (_PERSONS.c.store == store) & _PERSONS.c.subject.in_(list(subjects))
    return set(tx.execute(select(_PERSONS.c.subject).where(here)).scalars())


def rename_subject(tx: Connection, store: str, old: str, new: str, email: str) -> None:
    """Move all that is remembered of a person to another key, merging it with what stands there."""
    if old != new:
        _move_person(tx, store, old, new)
        _move_memberships(tx, store, old, new)
        _move_runs(tx, store, old, new)
        _move_outbox(tx, store, old, new)
        here = (_MOVES.c.store == store) & (_MOVES.c.subject == old)
        tx.execute(update(_MOVES).where(here).values(subject=new))
    mark_dirty(tx, store, {new: email})


def _move_person(tx: Connection, store: str, old: str, new: str) -> None:
    here = (_PERSONS.c.store == store) & _PERSONS.c.subject.in_([old, new])
    rows = {
        row["subject"]: dict(row) for row in tx.execute(select(_PERSONS).where(here)).mappings()
    }
    if old not in rows:
        return
    tx.execute(delete(_PERSONS).where(_PERSONS.c.store == store, _PERSONS.c.subject == old))
    if new in rows:
        merged = merged_person(rows[old], rows[new])
    else:
        # What was written to one account was not written to another, nor to none.
        merged = {**rows[old], "subject": new, "written_customer": None}
    upsert(tx, PersonRow, [merged])


def merged_person(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """Give one person's row from two: every memory is kept, of two writings the newer.

    Memories are tags and what they are for; figures are those of the person that stays, until
    they are computed again.
    """
    lists = ("by_hand", "refused", "granted", "worn", "matched")
    newer = old if old["written_order_id"] > new["written_order_id"] else new
    # One who was never evaluated knows of no rules: the other's would seem to have changed.
    latest = max((new, old), key=lambda row: row["evaluated_at"] or 0)
    return {
        **new,
        **{name: dumps(sorted({*loads(old[name]), *loads(new[name])})) for name in lists},
        "kept": dumps(_union(loads(old["kept"]), loads(new["kept"]))),
        "written_order": newer["written_order"],
        "written_order_id": newer["written_order_id"],
        "evaluated_at": latest["evaluated_at"],
        "digest": latest["digest"],
        "touched": 1,
    }


def _union(one: Mapping[str, list[str]], other: Mapping[str, list[str]]) -> dict[str, list[str]]:
    rules = {**one, **other}
    return {rule: sorted({*one.get(rule, ()), *other.get(rule, ())}) for rule in rules}


def _move_memberships(tx: Connection, store: str, old: str, new: str) -> None:
    here = (_MEMBERSHIPS.c.store == store) & _MEMBERSHIPS.c.subject.in_([old, new])
    since: dict[str, int] = {}
    for row in tx.execute(select(_MEMBERSHIPS).where(here)):
        since[row.segment] = min(row.since, since.get(row.segment, row.since))
    theirs = (_MEMBERSHIPS.c.store == store) & (_MEMBERSHIPS.c.subject == old)
    tx.execute(delete(_MEMBERSHIPS).where(theirs))
    rows = [
        {"store": store, "subject": new, "segment": segment, "since": at}
        for segment, at in sorted(since.items())
    ]
    upsert(tx, MembershipRow, rows)


class _Double(NamedTuple):
    """Two rows for one key: the id of the one that stays, and of the one that goes."""

    stays: int
    goes: int


def _move_runs(tx: Connection, store: str, old: str, new: str) -> None:
    doubles = _doubles(tx, _RUNS, store, (old, new), ("workflow", "occurrence"))
    for double in doubles:
        # What the run that goes has queued is the work of the one that stays.
        theirs = _OUTBOX.c.run_id == double.goes
        tx.execute(update(_OUTBOX).where(theirs).values(run_id=double.stays))
    words = _words_left(tx, store, old, new)
    _keep_one(tx, _RUNS, store, (old, new), doubles)
    if words:
        tx.execute(_RUNS.insert(), words)


def _words_left(tx: Connection, store: str, old: str, new: str) -> list[dict[str, Any]]:
    """Give what stays under a guest's key: the address may be a guest's again one day.

    What their workflows saw is seen then. What is of one order is known by it, under any key.
    """
    if not old.startswith(guest_key("")):
        return []
    here = (_RUNS.c.store == store) & (_RUNS.c.subject == old)
    theirs = select(_RUNS).where(here, ~_RUNS.c.occurrence.startswith("order "))
    word = {"state": "skipped", "reason": f"this guest became {new}", "due_at": None}
    rows = tx.execute(theirs).mappings().all()
    return [{**{k: v for k, v in row.items() if k != "id"}, **word} for row in rows]


def _move_outbox(tx: Connection, store: str, old: str, new: str) -> None:
    key = ("rule", "occurrence", "step")
    _keep_one(tx, _OUTBOX, store, (old, new), _doubles(tx, _OUTBOX, store, (old, new), key))


def _doubles(
    tx: Connection, table: Table, store: str, people: tuple[str, str], key: tuple[str, ...]
) -> list[_Double]:
    """Pair the rows that would have one key: the survivor's stays, unless only the other's is done."""
    old, new = people
    here = (table.c.store == store) & table.c.subject.in_([old, new])
    by_person: dict[str, dict[tuple[Any, ...], Any]] = {old: {}, new: {}}
    for row in tx.execute(select(table).where(here)):
        by_person[row.subject][tuple(getattr(row, name) for name in key)] = row
    pairs = [(row, by_person[new].get(its)) for its, row in by_person[old].items()]
    return [
        _Double(theirs.id, own.id)
        if theirs.state == "done" and own.state != "done"
        else _Double(own.id, theirs.id)
        for theirs, own in pairs
        if own is not None
    ]


def _keep_one(
    tx: Connection, table: Table, store: str, people: tuple[str, str], doubles: list[_Double]
) -> None:
    for double in doubles:
        tx.execute(delete(table).where(table.c.id == double.goes))
    theirs = (table.c.store == store) & (table.c.subject == people[0])
    tx.execute(update(table).where(theirs).values(subject=people[1]))
