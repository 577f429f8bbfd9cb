"""Addresses that get no messages: unsubscribed, bounced, complained, or added by hand."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, RowMapping, delete, func, select

from wcflow.database.sql import chunks, instant, stamp, table_of, upsert
from wcflow.database.tables import SuppressionRow
from wcflow.units import normalize_email

_TABLE = table_of(SuppressionRow)
_UNIQUE_KEY = ("store", "channel", "address")
EMAIL = "email"
KINDS = ("unsubscribed", "bounced", "complained", "manual")
ALL_MESSAGES = ("bounced", "manual")
"""These stop transactional messages too; the others only marketing."""


@dataclass(frozen=True, slots=True)
class Suppression:
    """Why an address gets no messages through a channel, and since when."""

    channel: str
    address: str
    kind: str
    reason: str
    at: datetime
    added_by: str

    def stops(self, *, transactional: bool) -> bool:
        """Return whether it stops such a message."""
        return not transactional or self.kind in ALL_MESSAGES

    @property
    def words(self) -> str:
        """The reason for admins: ``unsubscribed``, ``bounced: 550 no such user``."""
        said = "added by hand" if self.kind == "manual" else self.kind
        return f"{said}: {self.reason}" if self.reason else said


def normalize_address(channel: str, address: str) -> str:
    """Return an address as the table keeps it."""
    return normalize_email(address) if channel == EMAIL or "@" in address else address.strip()


def add(tx: Connection, store: str, suppression: Suppression) -> bool:
    """Add an address; return whether that changed anything.

    What stops only marketing is replaced by what stops all messages, and never the reverse.
    """
    known = load(tx, store, suppression.channel, [suppression.address])
    before = next(iter(known.values()), None)
    if before is not None and (before.kind in ALL_MESSAGES or suppression.kind not in ALL_MESSAGES):
        return False
    row = {
        "store": store,
        "channel": suppression.channel,
        "address": normalize_address(suppression.channel, suppression.address),
        "kind": suppression.kind,
        "reason": suppression.reason,
        "at": stamp(suppression.at),
        "added_by": suppression.added_by,
    }
    upsert(tx, SuppressionRow, [row], on=_UNIQUE_KEY)
    return True


def remove(tx: Connection, store: str, channel: str, address: str) -> bool:
    """Remove an address; return whether it was there."""
    here = (
        _TABLE.c.store == store,
        _TABLE.c.channel == channel,
        _TABLE.c.address == normalize_address(channel, address),
    )
    return tx.execute(delete(_TABLE).where(*here)).rowcount > 0


def load(
    tx: Connection, store: str, channel: str, addresses: Iterable[str]
) -> dict[str, Suppression]:
    """Return which of these addresses are suppressed, by normalized address."""
    found = {}
    wanted = sorted({normalize_address(channel, each) for each in addresses})
    here = select(_TABLE).where(_TABLE.c.store == store, _TABLE.c.channel == channel)
    for part in chunks(wanted):
        for row in tx.execute(here.where(_TABLE.c.address.in_(part))).mappings():
            found[row["address"]] = _from_row(row)
    return found


def load_all(tx: Connection, store: str, limit: int | None = None) -> Sequence[Suppression]:
    """Return all suppressed addresses of a store, the latest first."""
    query = select(_TABLE).where(_TABLE.c.store == store)
    rows = tx.execute(query.order_by(_TABLE.c.at.desc(), _TABLE.c.address).limit(limit)).mappings()
    return [_from_row(row) for row in rows]


def count(tx: Connection, store: str) -> int:
    """Count the suppressed addresses of a store."""
    return tx.scalar(select(func.count()).where(_TABLE.c.store == store)) or 0


def _from_row(row: RowMapping) -> Suppression:
    return Suppression(
        row["channel"],
        row["address"],
        row["kind"],
        row["reason"],
        instant(row["at"]),
        row["added_by"],
    )
