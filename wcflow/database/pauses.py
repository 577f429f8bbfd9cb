"""Pause and resume workflows. It is saved, so that it survives restarts and edits of the INI file."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, func, select, update

from wcflow.database.sql import instant, stamp, table_of, upsert
from wcflow.database.tables import OutboxRow, PersonRow, RunRow, WorkflowRow

_RUNS, _WORKFLOWS, _OUTBOX = table_of(RunRow), table_of(WorkflowRow), table_of(OutboxRow)
_PERSONS = table_of(PersonRow)
RESUMED = "resumed"
"""The mode of a workflow after a pause, until it is loaded again."""


class PauseState(NamedTuple):
    """Since when a workflow is paused, and how many runs and changes wait because of it."""

    since: datetime
    runs: int
    changes: int


def load_pauses(tx: Connection, store: str) -> dict[str, PauseState]:
    """Return the paused workflows by name."""
    paused = select(_WORKFLOWS.c.name, _WORKFLOWS.c.paused_at).where(
        _WORKFLOWS.c.store == store, _WORKFLOWS.c.paused_at.is_not(None)
    )
    return {
        name: PauseState(instant(at), *_count_waiting(tx, store, name))
        for name, at in tx.execute(paused.order_by(_WORKFLOWS.c.name))
    }


def _count_waiting(tx: Connection, store: str, name: str) -> tuple[int, int]:
    runs = select(func.count()).where(
        _RUNS.c.store == store, _RUNS.c.workflow == name, _RUNS.c.state == "waiting"
    )
    changes = select(func.count()).where(
        _OUTBOX.c.store == store, _OUTBOX.c.rule == f"workflow {name}", _OUTBOX.c.state == "due"
    )
    return tx.scalar(runs) or 0, tx.scalar(changes) or 0


def pause(tx: Connection, store: str, name: str, now: datetime) -> bool:
    """Pause a workflow; return False if it is paused already."""
    here = (_WORKFLOWS.c.store == store, _WORKFLOWS.c.name == name)
    before = tx.execute(select(_WORKFLOWS.c.paused_at).where(*here)).one_or_none()
    if before is None:  # not evaluated yet
        row = {"store": store, "name": name, "mode": RESUMED, "active_since": stamp(now)}
        upsert(tx, WorkflowRow, [row])
    elif before.paused_at is not None:
        return False
    tx.execute(update(_WORKFLOWS).where(*here).values(paused_at=stamp(now)))
    return True


def resume(tx: Connection, store: str, name: str, now: datetime) -> bool:
    """Resume a workflow and its waiting runs from now on; return False if it is not paused."""
    here = (_WORKFLOWS.c.store == store, _WORKFLOWS.c.name == name)
    paused = update(_WORKFLOWS).where(*here, _WORKFLOWS.c.paused_at.is_not(None))
    values = {"paused_at": None, "mode": RESUMED, "active_since": stamp(now)}
    if not tx.execute(paused.values(**values)).rowcount:
        return False
    waiting = select(_RUNS.c.person).where(
        _RUNS.c.store == store, _RUNS.c.workflow == name, _RUNS.c.state == "waiting"
    )
    queued = select(_OUTBOX.c.person).where(
        _OUTBOX.c.store == store, _OUTBOX.c.rule == f"workflow {name}", _OUTBOX.c.state == "due"
    )
    again = update(_PERSONS).where(_PERSONS.c.id.in_(waiting.union(queued)))
    tx.execute(again.values(dirty=1))
    return True
