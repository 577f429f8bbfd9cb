"""Records of the store that cannot be read, and why. The database keeps their last readable version.

Only the kind and id of a record are saved: its content can be personal.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, delete, select

from wcflow.database.sql import chunks, instant, stamp, table_of, upsert
from wcflow.database.tables import QuarantineRow

_QUARANTINE = table_of(QuarantineRow)

PERSON_KINDS = ("person of order", "person of customer")
"""Kinds of records that can be read, but whose person cannot be evaluated."""


class QuarantinedRecord(NamedTuple):
    """A record in quarantine; ``id`` is 0 if its id cannot be read either."""

    kind: str
    id: int
    reason: str
    first_seen: datetime
    last_seen: datetime


class RecordKey(NamedTuple):
    """The kind and id of a record: order, customer, product or refund."""

    kind: str
    id: int


def load_quarantine(tx: Connection, store: str) -> list[QuarantinedRecord]:
    """Return all records in quarantine, those that were seen last first."""
    newest_first = (_QUARANTINE.c.last_seen.desc(), _QUARANTINE.c.kind, _QUARANTINE.c.id)
    query = select(_QUARANTINE).where(_QUARANTINE.c.store == store).order_by(*newest_first)
    return [
        QuarantinedRecord(
            row.kind, row.id, row.reason, instant(row.first_seen), instant(row.last_seen)
        )
        for row in tx.execute(query)
    ]


def quarantine(
    tx: Connection, store: str, reasons: Iterable[tuple[RecordKey, str]], now: datetime
) -> None:
    """Save which records cannot be read now; ``first_seen`` of known ones stays."""
    at = stamp(now)
    records = [{"store": store, **key._asdict(), "reason": reason} for key, reason in reasons]
    rows = [{**record, "first_seen": at, "last_seen": at} for record in records]
    upsert(tx, QuarantineRow, rows, keep=["first_seen"])


def remove_from_quarantine(tx: Connection, store: str, keys: Iterable[RecordKey]) -> None:
    """Remove records that can be read again or no longer exist."""
    by_kind: dict[str, set[int]] = {}
    for key in keys:
        by_kind.setdefault(key.kind, set()).add(key.id)
    for kind, ids in by_kind.items():
        of_kind = (_QUARANTINE.c.store == store) & (_QUARANTINE.c.kind == kind)
        for part in chunks(sorted(ids)):
            tx.execute(delete(_QUARANTINE).where(of_kind, _QUARANTINE.c.id.in_(part)))


def drop_stale_without_id(tx: Connection, store: str, before: datetime) -> None:
    """Remove records without an id that were last seen before this time."""
    without_id = (_QUARANTINE.c.store == store) & (_QUARANTINE.c.id == 0)
    tx.execute(delete(_QUARANTINE).where(without_id, _QUARANTINE.c.last_seen < stamp(before)))
