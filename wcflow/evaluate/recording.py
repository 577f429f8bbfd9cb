"""Record steps that change wcflow's own tables, in the transaction that saves their runs.

Such a step is done as soon as it is decided, so it cannot be lost, and a crash cannot do it twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from wcflow.actions.base import Recorded
from wcflow.actions.registry import entry_kind
from wcflow.database.outbox import find_existing
from wcflow.database.sql import loads, stamp

Row = dict[str, Any]


def record_entries(tx: Connection, rows: Sequence[Row], now: datetime) -> list[Row]:
    """Record the entries that are due and need no delivery, and return the rows to save.

    Those that were recorded before are left out. In a dry run nothing is recorded.
    """
    recorded = [row for row in rows if row["state"] == "due" and entry_kind(row["kind"]).record]
    if not recorded:
        return list(rows)
    known = find_existing(tx, recorded[0]["store"], recorded)
    found: list[Row] = []
    for row in rows:
        record = entry_kind(row["kind"]).record if row["state"] == "due" else None
        if record is None:
            found.append(row)
        elif (row["rule"], row["person"], row["event"], row["step"]) not in known:
            outcome = record(tx, _recorded(row, now))
            done = {"state": "done", "outcome": outcome, "finished_at": stamp(now)}
            found.append(row | done)
    return found


def _recorded(row: Row, now: datetime) -> Recorded:
    return Recorded(
        row["store"],
        row["person"],
        row["rule"],
        row["event"],
        row["step"],
        loads(row["payload"]),
        row["run_id"],
        now,
    )
