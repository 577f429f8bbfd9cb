"""People as rows: whom to look at, what is remembered of them, where they stand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, delete, func, or_, select, update

from wcflow.mirror.tables import MembershipRow, MoveRow, PersonRow
from wcflow.mirror.upserts import chunks, dumps, instant, loads, stamp, table_of, upsert
from wcflow.rules.memory import Memory, Written
from wcflow.segments import Move

_P, _M, _V = table_of(PersonRow), table_of(MembershipRow), table_of(MoveRow)


def people_due(tx: Connection, store: str, now: datetime, limit: int) -> list[str]:
    """Give the subjects that were touched or whose time has come, touched ones first."""
    touched = select(_P.c.subject).where(_P.c.store == store, _P.c.touched == 1).limit(limit)
    found = list(tx.scalars(touched))
    if len(found) < limit:
        ripe = (_P.c.store == store, _P.c.touched == 0, _P.c.due_at <= stamp(now))
        found += tx.scalars(select(_P.c.subject).where(*ripe).limit(limit - len(found)))
    return found


def people_left(tx: Connection, store: str, now: datetime) -> int:
    """Count those who are touched or due."""
    waiting = or_(_P.c.touched == 1, _P.c.due_at <= stamp(now))
    return tx.scalar(select(func.count()).where(_P.c.store == store, waiting)) or 0


def memories(tx: Connection, store: str, subjects: Sequence[str]) -> dict[str, Memory]:
    """Give what is remembered of each of these people."""
    entered = _memberships(tx, store, subjects)
    found = {}
    for some in chunks(subjects):
        rows = tx.execute(select(_P).where(_P.c.store == store, _P.c.subject.in_(some)))
        for row in rows.mappings():
            found[row["subject"]] = _memory(row, entered.get(row["subject"], {}))
    return found


def _memberships(
    tx: Connection, store: str, subjects: Sequence[str]
) -> dict[str, dict[str, datetime]]:
    found: dict[str, dict[str, datetime]] = {}
    for some in chunks(subjects):
        wanted = (_M.c.store == store, _M.c.subject.in_(some))
        for row in tx.execute(select(_M.c.subject, _M.c.segment, _M.c.since).where(*wanted)):
            found.setdefault(row.subject, {})[row.segment] = instant(row.since)
    return found


def _memory(row: RowMapping, segments: Mapping[str, datetime]) -> Memory:
    return Memory(
        subject=row["subject"],
        email=row["email"],
        evaluated_at=None if row["evaluated_at"] is None else instant(row["evaluated_at"]),
        digest=row["digest"],
        segments=segments,
        by_hand=frozenset(loads(row["by_hand"])),
        refused=frozenset(loads(row["refused"])),
        granted=frozenset(loads(row["granted"])),
        kept={rule: frozenset(tags) for rule, tags in loads(row["kept"]).items()},
        worn=frozenset(loads(row["worn"])),
        matched=frozenset(loads(row["matched"])),
        written_customer=_written(row["written_customer"]),
        written_order=_written(row["written_order"]),
        written_order_id=row["written_order_id"],
        spend_percentile=row["spend_percentile"],
        orders_percentile=row["orders_percentile"],
    )


def _written(text: str | None) -> Written | None:
    if text is None:
        return None
    value = loads(text)
    return Written(frozenset(value["tags"]), value["segment"])


def _written_text(written: Written | None) -> str | None:
    if written is None:
        return None
    return dumps({"tags": sorted(written.tags), "segment": written.segment})


def person_row(store: str, memory: Memory) -> dict[str, Any]:
    """Give a memory as columns; those of due times and totals are not among them."""
    return {
        "store": store,
        "subject": memory.subject,
        "email": memory.email,
        "evaluated_at": None if memory.evaluated_at is None else stamp(memory.evaluated_at),
        "digest": memory.digest,
        "by_hand": dumps(sorted(memory.by_hand)),
        "refused": dumps(sorted(memory.refused)),
        "granted": dumps(sorted(memory.granted)),
        "kept": dumps({rule: sorted(tags) for rule, tags in memory.kept.items()}),
        "worn": dumps(sorted(memory.worn)),
        "matched": dumps(sorted(memory.matched)),
        "written_customer": _written_text(memory.written_customer),
        "written_order": _written_text(memory.written_order),
        "written_order_id": memory.written_order_id,
    }


def save_people(tx: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Keep people whole: :func:`person_row` with touched, due_at, spent and orders_count."""
    upsert(tx, PersonRow, rows)


def save_memories(tx: Connection, store: str, kept: Iterable[Memory]) -> None:
    """Keep what a delivery has changed of memories; due times stay as they are."""
    upsert(tx, PersonRow, [person_row(store, memory) for memory in kept])


def forget(tx: Connection, store: str, subjects: Sequence[str]) -> None:
    """Drop people of whom nothing is left at the shop; what was done for them stays on record."""
    for some in chunks(subjects):
        tx.execute(delete(_P).where(_P.c.store == store, _P.c.subject.in_(some)))
        tx.execute(delete(_M).where(_M.c.store == store, _M.c.subject.in_(some)))


def save_memberships(
    tx: Connection, store: str, segments: Mapping[str, Mapping[str, datetime]]
) -> None:
    """Keep where people stand now, in place of where they stood."""
    for some in chunks(segments):
        tx.execute(delete(_M).where(_M.c.store == store, _M.c.subject.in_(some)))
    rows = [
        {"store": store, "subject": subject, "segment": name, "since": stamp(since)}
        for subject, entered in segments.items()
        for name, since in entered.items()
    ]
    upsert(tx, MembershipRow, rows)


def save_moves(tx: Connection, store: str, moves: Sequence[tuple[str, Move, str]]) -> None:
    """Write the timeline: (subject, move, reason)."""
    rows = [
        {
            "store": store,
            "subject": subject,
            "segment": move.segment,
            "entered": move.entered,
            "at": stamp(move.at),
            "reason": reason,
        }
        for subject, move, reason in moves
    ]
    if rows:
        tx.execute(_V.insert(), rows)


def moves_of(tx: Connection, store: str, subject: str, limit: int = 20) -> list[MoveRow]:
    """Give a person's timeline, newest first."""
    mine = (_V.c.store == store, _V.c.subject == subject)
    query = select(_V).where(*mine).order_by(_V.c.id.desc()).limit(limit)
    return [MoveRow(**row) for row in tx.execute(query).mappings()]


def subjects(tx: Connection, store: str) -> list[str]:
    """Give everyone of a store."""
    return list(tx.scalars(select(_P.c.subject).where(_P.c.store == store).order_by(_P.c.subject)))


def touch_all(tx: Connection, store: str, but_digest: str | None = None) -> int:
    """Mark everyone, or everyone who was judged by other rules than ``but_digest``."""
    query = update(_P).where(_P.c.store == store, _P.c.touched == 0)
    if but_digest is not None:
        query = query.where(_P.c.digest != but_digest)
    return tx.execute(query.values(touched=1)).rowcount


def segment_counts(tx: Connection, store: str) -> dict[str, int]:
    """Count the people of each segment."""
    query = select(_M.c.segment, func.count()).where(_M.c.store == store).group_by(_M.c.segment)
    return {row[0]: row[1] for row in tx.execute(query)}


def count_people(tx: Connection, store: str) -> int:
    """Count the people of a store."""
    return tx.scalar(select(func.count()).where(_P.c.store == store)) or 0


def find_person(tx: Connection, store: str, who: str) -> str | None:
    """Find a person's subject by subject key, customer id or e-mail; None where there is none.

    A registered customer comes before a guest with the same address.
    """
    wanted = who.strip()
    names = [wanted, f"c{wanted}" if wanted.isdecimal() else wanted, f"g:{wanted.lower()}"]
    query = (
        select(_P.c.subject)
        .where(_P.c.store == store)
        .where(or_(_P.c.subject.in_(names), _P.c.email == wanted.lower()))
        .order_by(_P.c.subject)
    )
    return tx.scalars(query).first()
