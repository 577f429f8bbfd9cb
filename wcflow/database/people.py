"""Load and save people: their state after the last evaluation, and their segments."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import Connection, and_, bindparam, delete, func, not_, select, update

from wcflow.database.companion import mark_cards_outdated
from wcflow.database.identity import find_persons, load_person_keys
from wcflow.database.same_person import load_joined
from wcflow.database.search_text import delete_search_texts
from wcflow.database.sql import (
    chunks,
    count_by_value,
    dumps,
    fetch_in,
    instant,
    loads,
    select_in,
    stamp,
    table_of,
    upsert,
)
from wcflow.database.tables import MembershipRow, PersonRow, TransitionRow
from wcflow.profile import Transition, account_in, email_in, guest_key
from wcflow.rules.tags import Memory, TagMeta
from wcflow.standing import INACTIVE, NO_STANDING

_PERSONS, _MEMBERSHIPS = table_of(PersonRow), table_of(MembershipRow)
_TRANSITIONS = table_of(TransitionRow)
_SELECT_MEMORIES = select_in(
    _PERSONS,
    "id",
    _PERSONS.c.id,
    _PERSONS.c.email,
    _PERSONS.c.evaluated_at,
    _PERSONS.c.rules_digest,
    _PERSONS.c.added_by_hand,
    _PERSONS.c.removed_by_hand,
    _PERSONS.c.added_by_workflows,
    _PERSONS.c.kept_forever,
    _PERSONS.c.current_tags,
    _PERSONS.c.matching_workflows,
    _PERSONS.c.written_to_customer,
    _PERSONS.c.written_to_order,
    _PERSONS.c.written_order_id,
    _PERSONS.c.spend_percentile,
    _PERSONS.c.orders_percentile,
    _PERSONS.c.consent,
    _PERSONS.c.inactive,
).where(_PERSONS.c.present)
_SELECT_PRESENT = select_in(_PERSONS, "id", _PERSONS.c.id).where(_PERSONS.c.present)
_SELECT_ORDERS_COUNTS = select_in(_PERSONS, "id", _PERSONS.c.id, _PERSONS.c.orders_count)
_SELECT_TRANSITIONS = select_in(_TRANSITIONS, "person")
_SELECT_MEMBERSHIPS = select_in(
    _MEMBERSHIPS, "person", _MEMBERSHIPS.c.person, _MEMBERSHIPS.c.segment, _MEMBERSHIPS.c.since
)


def load_memories(tx: Connection, store: str, persons: Sequence[int]) -> dict[int, Memory]:
    """Return the saved state of each person; those who are not present are missing.

    Of where they stand, only the status is read.
    """
    entered = load_segments(tx, store, persons)
    rows = fetch_in(tx, _SELECT_MEMORIES, store, persons)
    return {row[0]: _memory_from_row(row, entered.get(row[0]) or {}) for row in rows}


def load_segments(
    tx: Connection, store: str, persons: Sequence[int]
) -> dict[int, dict[str, datetime]]:
    """Return the segments of these people, each with since when; those in none are missing."""
    found: dict[int, dict[str, datetime]] = {}
    for person, segment, since in fetch_in(tx, _SELECT_MEMBERSHIPS, store, persons):
        found.setdefault(person, {})[segment] = instant(since)
    return found


def _memory_from_row(row: Sequence[Any], segments: Mapping[str, datetime]) -> Memory:
    # fmt: off
    (
        person, email, evaluated, digest, by_hand, removed, by_workflows, kept, tags, matching,
        to_customer, to_order, order_id, by_spend, by_orders, consent, inactive,
    ) = row
    # fmt: on
    return Memory(
        person,
        email,
        None if evaluated is None else instant(evaluated),
        digest,
        segments,
        _parse_tags(by_hand),
        _parse_tags(removed),
        _parse_tags(by_workflows),
        {rule: frozenset(tags) for rule, tags in loads(kept).items()} if kept != "{}" else {},
        _parse_tags(tags),
        _parse_tags(matching),
        _parse_written(to_customer),
        _parse_written(to_order),
        order_id,
        by_spend,
        by_orders,
        INACTIVE if inactive else NO_STANDING,
        consent=consent,
    )


# Many people have the same tags.
@lru_cache(maxsize=8192)
def _parse_tags(text: str) -> frozenset[str]:
    return frozenset(loads(text))


@lru_cache(maxsize=8192)
def _parse_written(text: str | None) -> TagMeta | None:
    if text is None:
        return None
    value = loads(text)
    more = tuple(value.get("more", {}).items())
    return TagMeta(frozenset(value["tags"]), value["segment"], more)


def _dump_written(written: TagMeta | None) -> str | None:
    if written is None:
        return None
    more = {"more": dict(written.more)} if written.more else {}
    return dumps({"tags": sorted(written.tags), "segment": written.segment, **more})


def memory_to_row(store: str, memory: Memory) -> dict[str, Any]:
    """Return the columns of a memory; due times and totals are not among them."""
    return {
        "id": memory.person,
        "store": store,
        "email": memory.email,
        "evaluated_at": None if memory.evaluated_at is None else stamp(memory.evaluated_at),
        "rules_digest": memory.rules_digest,
        "added_by_hand": dumps(sorted(memory.added_by_hand)),
        "removed_by_hand": dumps(sorted(memory.removed_by_hand)),
        "added_by_workflows": dumps(sorted(memory.added_by_workflows)),
        "kept_forever": dumps({rule: sorted(tags) for rule, tags in memory.kept_forever.items()}),
        "current_tags": dumps(sorted(memory.current_tags)),
        "matching_workflows": dumps(sorted(memory.matching_workflows)),
        "written_to_customer": _dump_written(memory.written_to_customer),
        "written_to_order": _dump_written(memory.written_to_order),
        "written_order_id": memory.written_order_id,
        "consent": memory.consent,
    }


class EvaluationRecord(NamedTuple):
    """What every evaluation saves of a person: when it was, and when the next is due."""

    person: int
    email: str
    evaluated_at: datetime
    rules_digest: str
    dirty: bool
    due_at: datetime | None


def save_evaluation_records(
    tx: Connection, store: str, records: Iterable[EvaluationRecord]
) -> None:
    """Save the evaluations of people whose memory did not change."""
    values = [_record_values(store, record) for record in records]
    if values:
        tx.execute(_UPDATE_UNINDEXED, values)
        tx.execute(_UPDATE_ALL, values)


_NEW_VALUES = {
    name: bindparam(f"to_{name}", type_=_PERSONS.c[name].type)
    for name in ("email", "evaluated_at", "rules_digest", "dirty", "due_at")
}
# Two statements: a row is written in a quarter of the time if no indexed column is set.
_INDEXED_COLUMNS = ("email", "dirty", "due_at")
_INDEXES_UNCHANGED = and_(
    _PERSONS.c.email == _NEW_VALUES["email"],
    _PERSONS.c.dirty == _NEW_VALUES["dirty"],
    _PERSONS.c.due_at.is_not_distinct_from(_NEW_VALUES["due_at"]),
)
_UPDATE = update(_PERSONS).where(
    _PERSONS.c.store == bindparam("of_store"), _PERSONS.c.id == bindparam("of_person")
)
_UPDATE_UNINDEXED = _UPDATE.where(_INDEXES_UNCHANGED).values(
    {name: value for name, value in _NEW_VALUES.items() if name not in _INDEXED_COLUMNS}
)
_UPDATE_ALL = _UPDATE.where(not_(_INDEXES_UNCHANGED)).values(_NEW_VALUES)


def _record_values(store: str, record: EvaluationRecord) -> dict[str, Any]:
    person, email, evaluated_at, digest, dirty, due_at = record
    return {
        "of_store": store,
        "of_person": person,
        "to_email": email,
        "to_evaluated_at": stamp(evaluated_at),
        "to_rules_digest": digest,
        "to_dirty": int(dirty),
        "to_due_at": None if due_at is None else stamp(due_at),
    }


def save_memories(tx: Connection, store: str, memories: Iterable[Memory]) -> None:
    """Save memories; due times and totals stay as they are."""
    upsert(tx, PersonRow, [memory_to_row(store, memory) for memory in memories])


_CLEARED = {
    **PersonRow(store="").model_dump(exclude={"id", "store"}),
    "present": False,
    "dirty": 0,
}


def set_inactive(tx: Connection, store: str, *persons: int, inactive: bool) -> None:
    """Save the status that the team gives people."""
    for part in chunks(persons):
        here = (_PERSONS.c.store == store, _PERSONS.c.id.in_(part))
        tx.execute(update(_PERSONS).where(*here).values(inactive=inactive))


def delete_people(tx: Connection, store: str, persons: Sequence[int]) -> None:
    """Clear people who have neither an account nor orders; their ids, runs and outbox entries stay."""
    for part in chunks(persons):
        matching = (_PERSONS.c.store == store, _PERSONS.c.id.in_(part))
        tx.execute(update(_PERSONS).where(*matching).values(**_CLEARED))
    mark_cards_outdated(tx, store, persons)
    _delete_memberships(tx, store, persons)
    delete_search_texts(tx, store, persons)


def _delete_memberships(tx: Connection, store: str, persons: Iterable[int]) -> None:
    for part in chunks(persons):
        matching = (_MEMBERSHIPS.c.store == store, _MEMBERSHIPS.c.person.in_(part))
        tx.execute(delete(_MEMBERSHIPS).where(*matching))


def save_memberships(
    tx: Connection, store: str, segments: Mapping[int, Mapping[str, datetime]]
) -> None:
    """Replace the segments of these people."""
    _delete_memberships(tx, store, segments)
    rows = [
        {"store": store, "person": person, "segment": name, "since": stamp(since)}
        for person, since_by_segment in segments.items()
        for name, since in since_by_segment.items()
    ]
    upsert(tx, MembershipRow, rows)


def save_transitions(
    tx: Connection, store: str, transitions: Sequence[tuple[int, Transition, str]]
) -> None:
    """Save (person, transition, reason) to the timeline."""
    rows = [
        {
            "store": store,
            "person": person,
            "segment": transition.segment,
            "entered": transition.entered,
            "at": stamp(transition.at),
            "reason": reason,
        }
        for person, transition, reason in transitions
    ]
    if rows:
        tx.execute(_TRANSITIONS.insert(), rows)


def load_transitions(
    tx: Connection, store: str, person: int, limit: int = 20
) -> list[TransitionRow]:
    """Return the newest transitions of a person, newest first."""
    matching = (_TRANSITIONS.c.store == store, _TRANSITIONS.c.person == person)
    query = select(_TRANSITIONS).where(*matching).order_by(_TRANSITIONS.c.id.desc()).limit(limit)
    return [TransitionRow(**row) for row in tx.execute(query).mappings()]


def load_transitions_of_people(
    tx: Connection, store: str, persons: Sequence[int]
) -> dict[int, list[TransitionRow]]:
    """Return all transitions of these people, oldest first."""
    found: dict[int, list[TransitionRow]] = {}
    rows = sorted(fetch_in(tx, _SELECT_TRANSITIONS, store, persons), key=lambda row: row.id)
    for row in rows:
        found.setdefault(row.person, []).append(row)
    return found


def load_person_ids(tx: Connection, store: str) -> list[int]:
    """Return everyone who has an account or an order."""
    present = (_PERSONS.c.store == store, _PERSONS.c.present)
    return list(tx.scalars(select(_PERSONS.c.id).where(*present).order_by(_PERSONS.c.id)))


def load_present(tx: Connection, store: str, persons: Sequence[int]) -> set[int]:
    """Return which of these people still have an account or an order."""
    return {row.id for row in fetch_in(tx, _SELECT_PRESENT, store, persons)}


def load_orders_counts(tx: Connection, store: str, persons: Sequence[int]) -> dict[int, int]:
    """Return how many paid orders these people had at their last evaluation."""
    return {row[0]: row[1] for row in fetch_in(tx, _SELECT_ORDERS_COUNTS, store, persons)}


def load_all_tags(tx: Connection, store: str) -> set[str]:
    """Return every tag that someone has."""
    lists = select(_PERSONS.c.current_tags).where(_PERSONS.c.store == store).distinct()
    return {tag for text in tx.scalars(lists) for tag in _parse_tags(text)}


def load_members(tx: Connection, store: str, segment: str) -> list[int]:
    """Return everyone in a segment."""
    matching = (_MEMBERSHIPS.c.store == store, _MEMBERSHIPS.c.segment == segment)
    return list(tx.scalars(select(_MEMBERSHIPS.c.person).where(*matching)))


def count_by_segment(tx: Connection, store: str) -> dict[str, int]:
    """Count the people in each segment."""
    return count_by_value(tx, _MEMBERSHIPS, store, "segment")


def count_people(tx: Connection, store: str) -> int:
    """Count the people who have an account or an order."""
    present = (_PERSONS.c.store == store, _PERSONS.c.present)
    return tx.scalar(select(func.count()).where(*present)) or 0


def find_person(tx: Connection, store: str, name: str) -> int | None:
    """Find a person by key, customer id or e-mail address, also one that was joined with others.

    A registered customer comes before a guest with the same address.
    """
    wanted = name.strip()
    found = _find_person(tx, store, wanted)
    for group in load_joined(tx, store, [wanted.lower()]) if found is None else ():
        for key in (group.root, *sorted(group.emails)):
            found = found or _find_person(tx, store, key)
    return found


def _find_person(tx: Connection, store: str, wanted: str) -> int | None:
    keys = [f"c{wanted}" if wanted.isdecimal() else wanted, guest_key(wanted.lower())]
    by_key = find_persons(tx, store, [key for key in keys if account_in(key) or email_in(key)])
    # Two queries, one for each index: a query with "or" would read every person.
    present = select(_PERSONS.c.id).where(_PERSONS.c.store == store, _PERSONS.c.present)
    found = {*tx.scalars(present.where(_PERSONS.c.email == wanted.lower()))}
    if by_key:
        found.update(tx.scalars(present.where(_PERSONS.c.id.in_(by_key.values()))))
    return min(found, key=load_person_keys(tx, store, found).__getitem__, default=None)
