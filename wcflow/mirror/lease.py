"""Who works on a store. Several processes may share a database; one store is served by one."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, or_, update

from wcflow.mirror.tables import StoreRow
from wcflow.mirror.upserts import stamp, table_of

_S = table_of(StoreRow)
LASTS = timedelta(minutes=5)
"""Longer than a walk goes on without renewing it; a process that died blocks a store so long."""


def take(tx: Connection, store: str, holder: str, now: datetime) -> bool:
    """Take or renew the lease of a store; the UPDATE's row count says who has it."""
    free = or_(_S.c.lease_until < stamp(now), _S.c.lease_holder.in_((holder, "")))
    values = {"lease_holder": holder, "lease_until": stamp(now + LASTS)}
    mine = update(_S).where(_S.c.name == store, free).values(**values)
    return tx.execute(mine).rowcount == 1


def give_back(tx: Connection, store: str, holder: str) -> None:
    """Give the lease back at the end of a walk."""
    mine = (_S.c.name == store, _S.c.lease_holder == holder)
    tx.execute(update(_S).where(*mine).values(lease_holder="", lease_until=0))
