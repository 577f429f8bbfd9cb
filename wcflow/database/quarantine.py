"""Rows of the shop that could not be understood, and why. The last good version stays in the mirror.

A row is known by its kind and id alone: what stands in it may be personal, and is not kept.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

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
"""Kinds of rows that could be read, and whose person could not be judged all the same."""


class QuarantinedRecord(NamedTuple):
    """A row that was put aside; ``id`` is 0 where not even that could be read."""

    kind: str
    id: int
    reason: str
    first_seen: datetime
    last_seen: datetime


class RecordKey(NamedTuple):
    """Which row: an order, a customer, a product or a refund, and its id."""

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
    """Give all rows that are put aside, those that were seen last first."""
    newest = (_QUARANTINE.c.last_seen.desc(), _QUARANTINE.c.kind, _QUARANTINE.c.id)
    rows = tx.execute(select(_QUARANTINE).where(_QUARANTINE.c.store == store).order_by(*newest))
    return [_record_from_row(row) for row in rows]


def _record_from_row(row: Any) -> QuarantinedRecord:
    return QuarantinedRecord(
        row.kind, row.id, row.reason, instant(row.first_seen), instant(row.last_seen)
    )


def quarantine(
    tx: Connection, store: str, reasons: Iterable[tuple[RecordKey, str]], now: datetime
) -> None:
    """Note rows that were not understood now; since when stays as it was."""
    at = stamp(now)
    records = [{"store": store, **key._asdict(), "reason": reason} for key, reason in reasons]
    rows = [{**row, "first_seen": at, "last_seen": at} for row in records]
    upsert(tx, QuarantineRow, rows, keep=["first_seen"])


def remove_from_quarantine(tx: Connection, store: str, keys: Iterable[RecordKey]) -> None:
    """Forget that these were put aside: they were understood, or are no more."""
    by_kind: dict[str, set[int]] = {}
    for key in keys:
        by_kind.setdefault(key.kind, set()).add(key.id)
    for kind, ids in by_kind.items():
        for part in chunks(sorted(ids)):
            here = (
                (_QUARANTINE.c.store == store)
                & (_QUARANTINE.c.kind == kind)
                & _QUARANTINE.c.id.in_(part)
            )
            tx.execute(delete(_QUARANTINE).where(here))


def drop_stale_without_id(tx: Connection, store: str, before: datetime) -> None:
    """Forget rows without an id that were not met again since then."""
    nameless = (_QUARANTINE.c.store == store) & (_QUARANTINE.c.id == 0)
    tx.execute(delete(_QUARANTINE).where(nameless, _QUARANTINE.c.last_seen < stamp(before)))


# Which rows of the mirror a resync has not met at the shop yet. Kept, so that it may die and go on.
