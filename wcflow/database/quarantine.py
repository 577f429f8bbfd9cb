"""Rows of the shop that could not be understood, and why. The last good version stays in the mirror.

A row is known by its kind and id alone: what stands in it may be personal, and is not kept.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, delete, select

from wcflow.database.sql import chunks, instant, stamp, table_of, upsert
from wcflow.database.tables import QuarantineRow

_ASIDE = table_of(QuarantineRow)

PERSON_OF = ("person of order", "person of customer")
"""Kinds of rows that could be read, and whose person could not be judged all the same."""


class Aside(NamedTuple):
    """A row that was put aside; ``id`` is 0 where not even that could be read."""

    kind: str
    id: int
    reason: str
    first_seen: datetime
    last_seen: datetime


class Key(NamedTuple):
    """Which row: an order, a customer, a product or a refund, and its id."""

    kind: str
    id: int


def quarantined_rows(tx: Connection, store: str) -> list[Aside]:
    """Give all rows that are put aside, those that were seen last first."""
    newest = (_ASIDE.c.last_seen.desc(), _ASIDE.c.kind, _ASIDE.c.id)
    rows = tx.execute(select(_ASIDE).where(_ASIDE.c.store == store).order_by(*newest))
    return [_aside(row) for row in rows]


def _aside(row: Any) -> Aside:
    return Aside(row.kind, row.id, row.reason, instant(row.first_seen), instant(row.last_seen))


def quarantine(
    tx: Connection, store: str, reasons: Iterable[tuple[Key, str]], now: datetime
) -> None:
    """Note rows that were not understood now; since when stays as it was."""
    at = stamp(now)
    told = [{"store": store, **key._asdict(), "reason": why} for key, why in reasons]
    rows = [{**row, "first_seen": at, "last_seen": at} for row in told]
    upsert(tx, QuarantineRow, rows, keep=["first_seen"])


def release_rows(tx: Connection, store: str, keys: Iterable[Key]) -> None:
    """Forget that these were put aside: they were understood, or are no more."""
    by_kind: dict[str, set[int]] = {}
    for key in keys:
        by_kind.setdefault(key.kind, set()).add(key.id)
    for kind, ids in by_kind.items():
        for some in chunks(sorted(ids)):
            here = (_ASIDE.c.store == store) & (_ASIDE.c.kind == kind) & _ASIDE.c.id.in_(some)
            tx.execute(delete(_ASIDE).where(here))


def take_back_nameless(tx: Connection, store: str, before: datetime) -> None:
    """Forget rows without an id that were not met again since then."""
    nameless = (_ASIDE.c.store == store) & (_ASIDE.c.id == 0)
    tx.execute(delete(_ASIDE).where(nameless, _ASIDE.c.last_seen < stamp(before)))


# Which rows of the mirror a resync has not met at the shop yet. Kept, so that it may die and go on.
