"""What an admin does with runs by command: list, show, stop."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, select

from wcflow.database.outbox import OutboxEntry, load_entries
from wcflow.database.outcomes import WAITING, cancel_runs
from wcflow.database.runs import run_from_row, save_run
from wcflow.database.sql import table_of
from wcflow.database.tables import RunRow
from wcflow.rules.workflow_run import Run, finished

_RUNS = table_of(RunRow)
STOPPED = "stopped by hand"


def load_run_list(
    tx: Connection, store: str, workflow: str | None, states: Sequence[str], limit: int | None
) -> list[Run]:
    """Return runs in these states, the newest first; ``limit`` None returns all."""
    query = select(_RUNS).where(_RUNS.c.store == store, _RUNS.c.state.in_(states))
    if workflow is not None:
        query = query.where(_RUNS.c.workflow == workflow)
    rows = tx.execute(query.order_by(_RUNS.c.id.desc()).limit(limit))
    return [run_from_row(row) for row in rows]


def load_run(tx: Connection, store: str, number: int) -> Run | None:
    row = tx.execute(
        select(_RUNS).where(_RUNS.c.store == store, _RUNS.c.id == number)
    ).one_or_none()
    return None if row is None else run_from_row(row)


class StopResult(NamedTuple):
    """Whether there was anything to stop, how many changes were cancelled, and those being written.

    What is being written is cancelled too: unless it arrives now, it is not tried again.
    """

    stopped: bool
    cancelled: int
    claimed: int


def stop_run(tx: Connection, store: str, run: Run, now: datetime) -> StopResult:
    """End a run and cancel what it has not written."""
    assert run.id is not None, "the run is saved"
    entries = load_entries(tx, run_ids=[run.id], limit=None)
    open_ones = [each for each in entries if each.state in (*WAITING, "claimed")]
    if run.state != "waiting" and not open_ones:
        return StopResult(stopped=False, cancelled=0, claimed=0)
    save_run(tx, store, finished(run, "ended", STOPPED))
    reason, states = f"cancelled, because its run was {STOPPED}", (*WAITING, "claimed")
    cancelled = cancel_runs(tx, store, [run.id], reason, now, states)
    claimed = sum(each.state == "claimed" for each in open_ones)
    return StopResult(stopped=True, cancelled=cancelled - claimed, claimed=claimed)


def load_run_entries(tx: Connection, run: Run) -> list[OutboxEntry]:
    """Return what a run has queued, in the order of its steps."""
    return [] if run.id is None else load_entries(tx, run_ids=[run.id], limit=None)
