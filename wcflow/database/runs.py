"""Load and save runs of workflows, and when each workflow was enabled."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from operator import attrgetter
from typing import Any, NamedTuple

from sqlalchemy import Connection, insert, select, update

from wcflow.database.sql import (
    chunks,
    dumps,
    fetch_in,
    instant,
    loads,
    select_in,
    stamp,
    table_of,
    upsert,
)
from wcflow.database.tables import RunRow, WorkflowRow
from wcflow.rules.workflow_run import Activation, Run

_RUNS, _WORKFLOWS = table_of(RunRow), table_of(WorkflowRow)
RUN_COLUMNS = tuple(_RUNS.c[name] for name in Run.__struct_fields__)
_BY_PERSON = select_in(_RUNS, "person", *RUN_COLUMNS)
_BY_PURCHASE = select_in(
    _RUNS,
    "purchase_id",
    _RUNS.c.purchase_id,
    _RUNS.c.order_id,
    _RUNS.c.workflow,
    _RUNS.c.event,
    _RUNS.c.person,
)


def load_runs(tx: Connection, store: str, persons: Sequence[int]) -> dict[int, list[Run]]:
    """Return the runs of each person, oldest first."""
    found: dict[int, list[Run]] = {}
    for run in map(run_from_row, fetch_in(tx, _BY_PERSON, store, persons)):
        found.setdefault(run.person, []).append(run)
    for runs in found.values():
        runs.sort(key=attrgetter("id"))
    return found


class SeenEvent(NamedTuple):
    """An event that a workflow has seen for a person; ``has_order`` says that an order started it."""

    workflow: str
    event: str
    person: int
    has_order: bool


def load_seen_events(
    tx: Connection, store: str, purchase_ids: Sequence[int]
) -> dict[int, list[SeenEvent]]:
    """Return the events that workflows have seen of these orders and subscriptions, for any person."""
    found: dict[int, list[SeenEvent]] = {}
    rows = fetch_in(tx, _BY_PURCHASE, store, purchase_ids)
    for purchase_id, order_id, workflow, event, person in rows:
        seen = SeenEvent(workflow, event, person, bool(order_id))
        found.setdefault(purchase_id, []).append(seen)
    return found


def save_run(tx: Connection, store: str, run: Run) -> int:
    """Save a run and return its id; 0 if it was ended meanwhile, because nothing continues then."""
    row = _run_to_row(store, run)
    if run.id is not None:
        unless_ended = (_RUNS.c.id == run.id, _RUNS.c.state != "ended")
        saved = tx.execute(update(_RUNS).where(*unless_ended).values(**row))
        return run.id if saved.rowcount else 0
    return int(tx.execute(insert(_RUNS).returning(_RUNS.c.id), row).scalar_one())


def add_runs(tx: Connection, store: str, runs: Iterable[Run]) -> dict[int, int]:
    """Save new runs, one for each person; return their ids by person."""
    rows = [_run_to_row(store, run) for run in runs]
    if not rows:
        return {}
    # Asked for in the order of the rows, SQLite would insert them one by one.
    added = insert(_RUNS).returning(_RUNS.c.person, _RUNS.c.id)
    return {row.person: row.id for row in tx.execute(added, rows)}


def save_skipped(tx: Connection, store: str, skipped: Sequence[Run]) -> None:
    """Save events that workflows have just skipped: one statement, as there can be many at first."""
    if skipped:
        tx.execute(insert(_RUNS), [_run_to_row(store, run) for run in skipped])


def load_run_states(tx: Connection, ids: Sequence[int]) -> dict[int, str]:
    """Return the states of these runs; those that do not exist are missing."""
    query = select(_RUNS.c.id, _RUNS.c.state)
    rows = (tx.execute(query.where(_RUNS.c.id.in_(part))) for part in chunks(ids))
    return {row.id: row.state for some in rows for row in some}


def run_from_row(row: Any) -> Run:
    """Return the run in a row of RUN_COLUMNS."""
    # Unpacked: a row's names are slow, and a full evaluation reads several runs of each person.
    workflow, person, event, event_at, started_at, steps, state, path, due_at, *rest = row
    order_id, line_item_id, purchase_id, mode, reason, digest, variables, progress, number = rest
    return Run(
        workflow,
        person,
        event,
        instant(event_at),
        instant(started_at),
        tuple(loads(steps)),
        state,
        tuple(loads(path)),
        None if due_at is None else instant(due_at),
        order_id,
        line_item_id,
        purchase_id,
        mode,
        reason,
        digest,
        loads(variables),
        loads(progress),
        number,
    )


def _run_to_row(store: str, run: Run) -> dict[str, Any]:
    return {
        "store": store,
        "workflow": run.workflow,
        "person": run.person,
        "event": run.event,
        "event_at": stamp(run.event_at),
        "started_at": stamp(run.started_at),
        "steps": dumps(list(run.steps)),
        "state": run.state,
        "path": dumps(list(run.path)),
        "due_at": None if run.due_at is None else stamp(run.due_at),
        "order_id": run.order_id,
        "line_item_id": run.line_item_id,
        "purchase_id": run.purchase_id,
        "mode": run.mode,
        "reason": run.reason,
        "rules_digest": run.rules_digest,
        "variables": dumps(dict(run.variables)),
        "progress": dumps(dict(run.progress)),
    }


def load_activations(tx: Connection, store: str) -> dict[str, tuple[Activation, str]]:
    """Return when each workflow was enabled, and the digest of its rules then."""
    rows = tx.execute(select(_WORKFLOWS).where(_WORKFLOWS.c.store == store))
    return {
        row.name: (
            Activation(instant(row.active_since), row.mode, row.paused_at is not None),
            row.rules_digest,
        )
        for row in rows
    }


def save_activations(
    tx: Connection, store: str, activations: Mapping[str, tuple[Activation, str]]
) -> None:
    rows = [
        {
            "store": store,
            "name": name,
            "mode": activation.mode,
            "active_since": stamp(activation.since),
            "rules_digest": digest,
        }
        for name, (activation, digest) in activations.items()
    ]
    upsert(tx, WorkflowRow, rows)
