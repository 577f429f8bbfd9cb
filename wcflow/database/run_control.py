"""What ends runs early: an admin's command, or another workflow. And what shows them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

from sqlalchemy import Connection, or_, select

from wcflow.database.companion import mark_cards_outdated
from wcflow.database.outbox import OutboxEntry, load_entries
from wcflow.database.outcomes import WAITING, cancel_runs
from wcflow.database.runs import RUN_COLUMNS, run_from_row, save_run
from wcflow.database.sql import table_of
from wcflow.database.tables import OutboxRow, RunRow
from wcflow.rules.workflow_run import Run, finished

_RUNS, _OUTBOX = table_of(RunRow), table_of(OutboxRow)
STOPPED = "stopped by hand"
_BY_WORKFLOW = "cancelled by the "


def load_run_list(
    tx: Connection, store: str, workflow: str | None, states: Sequence[str], limit: int | None
) -> list[Run]:
    """Return runs in these states, the newest first; ``limit`` None returns all."""
    query = select(*RUN_COLUMNS).where(_RUNS.c.store == store, _RUNS.c.state.in_(states))
    if workflow is not None:
        query = query.where(_RUNS.c.workflow == workflow)
    rows = tx.execute(query.order_by(_RUNS.c.id.desc()).limit(limit))
    return [run_from_row(row) for row in rows]


def load_run(tx: Connection, store: str, number: int) -> Run | None:
    row = tx.execute(
        select(*RUN_COLUMNS).where(_RUNS.c.store == store, _RUNS.c.id == number)
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
    mark_cards_outdated(tx, store, [run.person])
    reason, states = f"cancelled, because its run was {STOPPED}", (*WAITING, "claimed")
    cancelled = cancel_runs(tx, store, [run.id], reason, now, states)
    claimed = sum(each.state == "claimed" for each in open_ones)
    return StopResult(stopped=True, cancelled=cancelled - claimed, claimed=claimed)


def load_run_entries(tx: Connection, run: Run) -> list[OutboxEntry]:
    """Return what a run has queued, in the order of its steps."""
    return [] if run.id is None else load_entries(tx, run_ids=[run.id], limit=None)


class Caller(Protocol):
    """The step of a run that cancels other runs of the same person."""

    @property
    def store(self) -> str: ...
    @property
    def person(self) -> int: ...
    @property
    def rule(self) -> str: ...
    @property
    def run_id(self) -> int | None: ...


def end_runs_of(tx: Connection, caller: Caller, workflow: str, now: datetime) -> tuple[int, int]:
    """End a person's other runs of a workflow that wait or have something to write.

    Returns how many runs ended and how many changes were cancelled.
    """
    here = (_RUNS.c.store == caller.store, _RUNS.c.person == caller.person)
    undelivered = select(_OUTBOX.c.run_id).where(
        _OUTBOX.c.store == caller.store,
        _OUTBOX.c.person == caller.person,
        _OUTBOX.c.state == "due",
        _OUTBOX.c.run_id.is_not(None),
    )
    query = select(*RUN_COLUMNS).where(
        *here,
        _RUNS.c.workflow == workflow,
        _RUNS.c.id != caller.run_id,
        or_(_RUNS.c.state == "waiting", _RUNS.c.id.in_(undelivered)),
    )
    reason = f"{_BY_WORKFLOW}{caller.rule}"
    found = [run_from_row(row) for row in tx.execute(query)]
    for run in found:
        save_run(tx, caller.store, finished(run, "ended", reason))
    ids = [run.id for run in found if run.id is not None]
    return len(ids), cancel_runs(tx, caller.store, ids, reason, now)


def cancel_late_entries(
    tx: Connection, store: str, persons: Collection[int], now: datetime
) -> None:
    """Cancel what runs queued in the same evaluation in which another workflow cancelled them."""
    query = select(_RUNS.c.id).where(
        _RUNS.c.store == store,
        _RUNS.c.person.in_(sorted(persons)),
        _RUNS.c.state == "ended",
        _RUNS.c.reason.startswith(_BY_WORKFLOW, autoescape=True),
    )
    if ids := list(tx.scalars(query)):
        cancel_runs(tx, store, ids, "its run was cancelled by another workflow", now)
