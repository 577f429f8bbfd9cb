"""What alerts were sent, so that a restart does not send them again; and what is wrong in a store."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, func, select

from wcflow.database.campaigns import campaign_problems
from wcflow.database.pools import Pool, pool_problems
from wcflow.database.sql import instant, stamp, table_of, upsert
from wcflow.database.stores import load_channel_errors
from wcflow.database.tables import AlertRow, ChannelRow, OutboxRow, QuarantineRow
from wcflow.rules.alerts import Thing, Told

_ALERTS, _CHANNELS = table_of(AlertRow), table_of(ChannelRow)
_OUTBOX, _QUARANTINE = table_of(OutboxRow), table_of(QuarantineRow)


def load_told(tx: Connection) -> dict[tuple[Thing, str], Told]:
    """Return the last message about each thing by each way."""
    return {
        (Thing(row.store, row.kind), row.way): Told(instant(row.told_at), row.is_open)
        for row in tx.execute(select(_ALERTS))
    }


def save_told(tx: Connection, thing: Thing, way: str, told: Told) -> None:
    row = {"store": thing.store, "kind": thing.kind, "way": way}
    upsert(tx, AlertRow, [{**row, "told_at": stamp(told.at), "is_open": told.is_open}])


class StoreTroubles(NamedTuple):
    """Why changes of a store are held, how many failed or are quarantined, and what else is wrong.

    ``pools`` are those that need codes, ``campaigns`` those that are not sent as they should be.
    ``down`` is why nothing gets through channels, such as e-mail.
    """

    holds: Sequence[str]
    down: Sequence[str]
    failed: int
    quarantined: int
    pools: Sequence[str]
    campaigns: Sequence[str]


def load_troubles(
    tx: Connection, store: str, now: datetime, pools: Iterable[Pool] = ()
) -> StoreTroubles:
    """Return what waits for an admin. An index answers each of the counts."""
    held = select(_CHANNELS.c.hold_reason).where(
        _CHANNELS.c.store == store, _CHANNELS.c.hold_reason != ""
    )
    failed = select(func.count()).where(_OUTBOX.c.store == store, _OUTBOX.c.state == "failed")
    quarantined = select(func.count()).where(_QUARANTINE.c.store == store)
    return StoreTroubles(
        list(tx.scalars(held)),
        [reason for reason, _ in load_channel_errors(tx, store).values()],
        tx.scalar(failed) or 0,
        tx.scalar(quarantined) or 0,
        pool_problems(tx, store, pools),
        list(campaign_problems(tx, store, now)),
    )
