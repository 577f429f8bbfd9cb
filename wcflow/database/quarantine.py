"""Records of the store that cannot be read, and why. The database keeps their last readable version.

Only the kind and id of a record are saved: its content can be personal.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, delete, func, select

from wcflow.database.sql import chunks, instant, stamp, table_of, upsert
from wcflow.database.tables import CustomerRow, OrderRow, ProductRow, QuarantineRow
from wcflow.database.tables.records import HAS_ODD_FIELDS

_QUARANTINE = table_of(QuarantineRow)

_RECORDS = {
    "order": table_of(OrderRow),
    "customer": table_of(CustomerRow),
    "product": table_of(ProductRow),
}

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


@dataclass(frozen=True, slots=True, order=True)
class OddField:
    """A field that could only be read as far as possible, and the newest record with it."""

    kind: str
    field: str
    records: int
    example_id: int


def load_odd_fields(tx: Connection, store: str) -> list[OddField]:
    """Return the odd fields of all records, by kind and name.

    Each record keeps the names of its own odd fields, so none is counted twice, and a record that is
    read well again is no longer counted.
    """
    found: dict[tuple[str, str], OddField] = {}
    for kind, table in _RECORDS.items():
        columns = select(table.c.odd_fields, func.count(), func.max(table.c.id))
        query = columns.where(table.c.store == store, HAS_ODD_FIELDS).group_by(table.c.odd_fields)
        for fields, count, newest in tx.execute(query):
            for name in fields.split(","):
                known = found.get((kind, name), OddField(kind, name, 0, 0))
                records, example = known.records + count, max(known.example_id, newest)
                found[kind, name] = OddField(kind, name, records, example)
    return sorted(found.values())


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
