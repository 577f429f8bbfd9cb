"""Records that cannot be read or stored are kept aside with a reason, and the rest goes on."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from datetime import datetime
from threading import Lock
from typing import TypeVar

import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import DataError, OperationalError

from wcflow.database.mapping import PreparedOrder
from wcflow.database.quarantine import (
    RecordKey,
    load_quarantine,
    quarantine,
    remove_from_quarantine,
)
from wcflow.records import Customer, Order, Product
from wcflow.store.listing import UnreadableRow

log = structlog.get_logger()
T = TypeVar("T", Customer, Order | PreparedOrder, Order, Product)

_TOO_LARGE = "54000"
"""PostgreSQL's SQLSTATE for a value that is too large for an index."""


class QuarantineChanges:
    """Records to quarantine or release, noted by several threads since the last save.

    They are saved in the transaction that passes these records, so that none is lost.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._known: dict[RecordKey, str] = {}
        self._new: dict[RecordKey, str] = {}
        self._released: set[RecordKey] = set()

    def load(self, tx: Connection, store: str) -> None:
        """Load what is in quarantine already."""
        self._known = {
            RecordKey(row.kind, row.id): row.reason for row in load_quarantine(tx, store)
        }

    def ids(self, kind: str) -> set[int]:
        """Return the ids of a kind that are in quarantine; only the nightly check reads them again."""
        with self._lock:
            return {key.id for key in (*self._known, *self._new) if key.kind == kind}

    def record(
        self, kind: str, readable: Iterable[int], unreadable: Iterable[UnreadableRow]
    ) -> None:
        """Note which records of an answer could be read; the latest answer counts."""
        with self._lock:
            if self._known or self._new:
                self._release({RecordKey(kind, each) for each in readable})
            for row in unreadable:
                self._new[RecordKey(kind, row.id)] = row.why
                self._released.discard(RecordKey(kind, row.id))

    def discard(self, keys: Iterable[RecordKey]) -> None:
        """Note that these records no longer exist."""
        with self._lock:
            self._release(set(keys))

    def _release(self, keys: set[RecordKey]) -> None:
        self._released |= keys & (self._known.keys() | self._new.keys())
        for key in keys & self._new.keys():
            del self._new[key]

    def save(self, tx: Connection, store: str, now: datetime) -> None:
        """Save what was noted, and log what has changed."""
        with self._lock:
            new, self._new = self._new, {}
            released, self._released = self._released, set()
        if not new and not released:
            return
        remove_from_quarantine(tx, store, released)
        quarantine(tx, store, new.items(), now)
        for key in sorted(released & self._known.keys()):
            log.info("record can be read again", store=store, kind=key.kind, id=key.id)
            del self._known[key]
        for key, why in sorted(new.items()):
            if self._known.get(key) != why:
                log.warning("record quarantined", store=store, kind=key.kind, id=key.id, why=why)
        self._known |= new


def save_or_quarantine(
    tx: Connection,
    changes: QuarantineChanges,
    rows: Collection[T],
    save: Callable[[Collection[T]], int],
) -> int:
    """Save records of one kind; quarantine those that the database refuses.

    ``save`` returns how many have changed. If it fails, the records are saved one by one.
    """
    if not rows:
        return 0
    try:
        with tx.begin_nested():
            return save(rows)
    except (DataError, OperationalError, UnicodeError, OverflowError) as error:
        if not _is_caused_by_a_row(error):
            raise
        if len(rows) > 1:
            return sum(save_or_quarantine(tx, changes, [row], save) for row in rows)
        (row,) = rows
        # The database's own message can repeat personal data.
        why = f"the database rejected it ({type(error).__name__})"
        kind = "order" if isinstance(row, PreparedOrder) else type(row).__name__.lower()
        changes.record(kind, (), [UnreadableRow(row.id, why)])
        return 0


def _is_caused_by_a_row(error: Exception) -> bool:
    if isinstance(error, OperationalError):
        return getattr(error.orig, "sqlstate", None) == _TOO_LARGE
    return True
