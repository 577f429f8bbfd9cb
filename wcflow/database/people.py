"""People as rows: whom to look at, what is remembered of them, where they stand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import Connection, and_, bindparam, delete, func, not_, select, update

from wcflow.database.identity import person_keys, persons_of
from wcflow.database.prepared import AMONG, Prepared, among, those
from wcflow.database.sql import chunks, counts_by, dumps, instant, loads, stamp, table_of, upsert
from wcflow.database.tables import MembershipRow, PersonRow, TransitionRow
from wcflow.profile import Transition, account_in, email_in, guest_key
from wcflow.rules.tags import Memory, TagMeta

_P, _M, _V = table_of(PersonRow), table_of(MembershipRow), table_of(TransitionRow)
_COLUMNS = (
    _P.c.id,
    _P.c.email,
    _P.c.evaluated_at,
    _P.c.digest,
    _P.c.by_hand,
    _P.c.refused,
    _P.c.granted,
    _P.c.kept,
    _P.c.worn,
    _P.c.matched,
    _P.c.written_customer,
    _P.c.written_order,
    _P.c.written_order_id,
    _P.c.spend_percentile,
    _P.c.orders_percentile,
)
_REMEMBERED = Prepared(
    select(*_COLUMNS).where(_P.c.store == bindparam("store"), _P.c.id.in_(AMONG), _P.c.present)
)

_STAND = those(_M, "person", _M.c.person, _M.c.segment, _M.c.since)


def memories(tx: Connection, store: str, persons: Sequence[int]) -> dict[int, Memory]:
    """Give what is remembered of each of these people."""
    entered = _memberships(tx, store, persons)
    rows = among(tx, _REMEMBERED, store, persons)
    return {row[0]: _memory(row, entered.get(row[0]) or {}) for row in rows}


def _memberships(
    tx: Connection, store: str, persons: Sequence[int]
) -> dict[int, dict[str, datetime]]:
    found: dict[int, dict[str, datetime]] = {}
    for person, segment, since in among(tx, _STAND, store, persons):
        found.setdefault(person, {})[segment] = instant(since)
    return found


_remembered = Memory


def _memory(row: Sequence[Any], segments: Mapping[str, datetime]) -> Memory:
    # fmt: off
    (
        person, email, evaluated, digest, by_hand, refused, granted, kept, worn, matched,
        on_customer, on_order, order_id, by_spend, by_orders,
    ) = row
    # fmt: on
    return _remembered(
        person,
        email,
        None if evaluated is None else instant(evaluated),
        digest,
        segments,
        _tags(by_hand),
        _tags(refused),
        _tags(granted),
        {rule: frozenset(tags) for rule, tags in loads(kept).items()} if kept != "{}" else {},
        _tags(worn),
        _tags(matched),
        _written(on_customer),
        _written(on_order),
        order_id,
        by_spend,
        by_orders,
    )


# Many wear the same: what a column says is read once.
@lru_cache(maxsize=8192)
def _tags(text: str) -> frozenset[str]:
    return frozenset(loads(text))


@lru_cache(maxsize=8192)
def _written(text: str | None) -> TagMeta | None:
    if text is None:
        return None
    value = loads(text)
    return TagMeta(frozenset(value["tags"]), value["segment"])


def _written_text(written: TagMeta | None) -> str | None:
    if written is None:
        return None
    return dumps({"tags": sorted(written.tags), "segment": written.segment})


def person_row(store: str, memory: Memory) -> dict[str, Any]:
    """Give a memory as columns; those of due times and totals are not among them."""
    return {
        "id": memory.person,
        "store": store,
        "email": memory.email,
        "evaluated_at": None if memory.evaluated_at is None else stamp(memory.evaluated_at),
        "digest": memory.digest,
        "by_hand": dumps(sorted(memory.added_by_hand)),
        "refused": dumps(sorted(memory.removed_by_hand)),
        "granted": dumps(sorted(memory.added_by_workflows)),
        "kept": dumps({rule: sorted(tags) for rule, tags in memory.kept_forever.items()}),
        "worn": dumps(sorted(memory.current_tags)),
        "matched": dumps(sorted(memory.matched)),
        "written_customer": _written_text(memory.written_customer),
        "written_order": _written_text(memory.written_order),
        "written_order_id": memory.written_order_id,
    }


class Judged(NamedTuple):
    """What every judgement leaves of a person: when they were judged, when to look again, figures."""

    person: int
    email: str
    evaluated_at: datetime
    digest: str
    touched: bool
    due_at: datetime | None
    spent: int
    orders_count: int


def note_judged(tx: Connection, store: str, judged: Iterable[Judged]) -> None:
    """Keep of people whose memory stands what a judgement leaves; their marks are cleared."""
    notes = [_note(store, each) for each in judged]
    _NOTE_IN_PLACE.for_all(tx, notes)
    _NOTE_ELSEWHERE.for_all(tx, notes)


_TO = {
    name: bindparam(f"to_{name}", type_=_P.c[name].type)
    for name in ("email", "evaluated_at", "digest", "touched", "due_at", "spent", "orders_count")
}
# A row whose place in the indexes stays is written in a quarter of the time: the database would
# also take it out and put it in again.
_PLACED = ("email", "touched", "due_at")
_IN_PLACE = and_(
    _P.c.email == _TO["email"],
    _P.c.touched == _TO["touched"],
    _P.c.due_at.is_not_distinct_from(_TO["due_at"]),
)
_NOTE = update(_P).where(_P.c.store == bindparam("of_store"), _P.c.id == bindparam("of_person"))
_NOTE_IN_PLACE = Prepared(
    _NOTE.where(_IN_PLACE).values({name: to for name, to in _TO.items() if name not in _PLACED})
)
_NOTE_ELSEWHERE = Prepared(_NOTE.where(not_(_IN_PLACE)).values(_TO))


def _note(store: str, judged: Judged) -> dict[str, Any]:
    person, email, evaluated_at, digest, touched, due_at, spent, orders_count = judged
    return {
        "of_store": store,
        "of_person": person,
        "to_email": email,
        "to_evaluated_at": stamp(evaluated_at),
        "to_digest": digest,
        "to_touched": int(touched),
        "to_due_at": None if due_at is None else stamp(due_at),
        "to_spent": spent,
        "to_orders_count": orders_count,
    }


def save_memories(tx: Connection, store: str, kept: Iterable[Memory]) -> None:
    """Keep what a delivery has changed of memories; due times stay as they are."""
    upsert(tx, PersonRow, [person_row(store, memory) for memory in kept])


_FORGOTTEN = {
    **PersonRow(store="").model_dump(exclude={"id", "store"}),
    "present": False,
    "touched": 0,
}


def forget(tx: Connection, store: str, persons: Sequence[int]) -> None:
    """Clear people of whom the store has nothing left; their ids, runs and outbox entries stay."""
    for some in chunks(persons):
        here = (_P.c.store == store, _P.c.id.in_(some))
        tx.execute(update(_P).where(*here).values(**_FORGOTTEN))
        tx.execute(delete(_M).where(_M.c.store == store, _M.c.person.in_(some)))


def save_memberships(
    tx: Connection, store: str, segments: Mapping[int, Mapping[str, datetime]]
) -> None:
    """Keep where people stand now, in place of where they stood."""
    for some in chunks(segments):
        tx.execute(delete(_M).where(_M.c.store == store, _M.c.person.in_(some)))
    rows = [
        {"store": store, "person": person, "segment": name, "since": stamp(since)}
        for person, entered in segments.items()
        for name, since in entered.items()
    ]
    upsert(tx, MembershipRow, rows)


def save_transitions(
    tx: Connection, store: str, moves: Sequence[tuple[int, Transition, str]]
) -> None:
    """Write the timeline: (person, move, reason)."""
    rows = [
        {
            "store": store,
            "person": person,
            "segment": move.segment,
            "entered": move.entered,
            "at": stamp(move.at),
            "reason": reason,
        }
        for person, move, reason in moves
    ]
    if rows:
        tx.execute(_V.insert(), rows)


def transitions_of(tx: Connection, store: str, person: int, limit: int = 20) -> list[TransitionRow]:
    """Give a person's timeline, newest first."""
    mine = (_V.c.store == store, _V.c.person == person)
    query = select(_V).where(*mine).order_by(_V.c.id.desc()).limit(limit)
    return [TransitionRow(**row) for row in tx.execute(query).mappings()]


def persons(tx: Connection, store: str) -> list[int]:
    """Return everyone the store has something of."""
    here = (_P.c.store == store, _P.c.present)
    return list(tx.scalars(select(_P.c.id).where(*here).order_by(_P.c.id)))


def segment_counts(tx: Connection, store: str) -> dict[str, int]:
    """Count the people of each segment."""
    return counts_by(tx, _M, store, "segment")


def count_people(tx: Connection, store: str) -> int:
    """Count the people the store has something of."""
    here = (_P.c.store == store, _P.c.present)
    return tx.scalar(select(func.count()).select_from(_P).where(*here)) or 0


def find_person(tx: Connection, store: str, name: str) -> int | None:
    """Find a person by key, customer id or e-mail address.

    A registered customer comes before a guest with the same address.
    """
    wanted = name.strip()
    keys = [f"c{wanted}" if wanted.isdecimal() else wanted, guest_key(wanted.lower())]
    named = persons_of(tx, store, [key for key in keys if account_in(key) or email_in(key)])
    # Each by an index of its own: joined by "or", they would read every person.
    here = select(_P.c.id).where(_P.c.store == store, _P.c.present)
    found = {*tx.scalars(here.where(_P.c.email == wanted.lower()))}
    if named:
        found.update(tx.scalars(here.where(_P.c.id.in_(named.values()))))
    return min(found, key=person_keys(tx, store, found).__getitem__, default=None)
