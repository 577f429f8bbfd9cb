"""The brake that poll applies: an empty answer where the mirror is full deletes nothing by itself.

It stands in the store's row, where ``status`` shows it and an admin accepts it. Polls go on.
"""

from __future__ import annotations

from sqlalchemy import Connection

from wcflow.database.sql import stamp
from wcflow.database.stores import EMPTY_ANSWER, save_store, store_row
from wcflow.poll.context import PollContext

ALARM_FROM = 10
"""So many that none of them come back is no everyday thing."""


def hold_writes(context: PollContext, what: str, words: str) -> None:
    """Hold, unless something else does already; ``what`` is orders or customers."""
    with context.db.transaction() as tx:
        row = store_row(tx, context.store)
        if row is None or (row.held and not _is_own_hold(row.held, what)):
            return
        since = row.held_since if row.held else stamp(context.now)
        held = f"{EMPTY_ANSWER}: {what}: {words}"
        save_store(tx, context.store, held=held, held_since=since)


def release_hold(tx: Connection, context: PollContext, what: str) -> None:
    """Let go of what poll itself held because of ``what``: the shop answers soundly again."""
    row = store_row(tx, context.store)
    if row is not None and _is_own_hold(row.held, what):
        save_store(tx, context.store, held="", held_since=None)


def _is_own_hold(held: str, what: str) -> bool:
    return held.startswith(f"{EMPTY_ANSWER}: {what}:")
