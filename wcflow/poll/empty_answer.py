"""The brake that poll applies: an empty answer where the mirror is full deletes nothing by itself.

It stands in the store's row, where ``status`` shows it and an admin accepts it. Polls go on.
"""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import Connection

from wcflow.database.sql import stamp
from wcflow.database.stores import EMPTY_ANSWER, save_hold, saved_hold
from wcflow.poll.context import PollContext

ALARM_FROM = 10
"""So many that none of them come back is no everyday thing."""


def hold_writes(context: PollContext, what: str, words: str) -> None:
    """Hold the store's changes unless they are held already; ``what`` is orders or customers."""
    with context.db.transaction() as tx:
        hold = saved_hold(tx, context.store)
        if hold.reason and not _is_own_hold(hold.reason, what):
            return
        since = hold.since if hold.reason else stamp(context.now)
        reason = f"{EMPTY_ANSWER}: {what}: {words}"
        save_hold(tx, context.store, replace(hold, reason=reason, since=since))


def release_hold(tx: Connection, context: PollContext, what: str) -> None:
    """Release the hold that the poll set because of ``what``: the store answers again."""
    hold = saved_hold(tx, context.store)
    if _is_own_hold(hold.reason, what):
        save_hold(tx, context.store, replace(hold, reason="", since=None))


def _is_own_hold(reason: str, what: str) -> bool:
    return reason.startswith(f"{EMPTY_ANSWER}: {what}:")
