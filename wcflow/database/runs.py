"""Runs of workflows as rows, and since when each workflow watches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from operator import attrgetter
from typing import Any

from sqlalchemy import Connection, bindparam, select, update

from wcflow.database.prepared import Prepared, among, rows_among, those
from wcflow.database.sql import dumps, instant, loads, stamp, table_of, upsert
from wcflow.database.tables import RunRow, WorkflowRow
from wcflow.rules.workflow_run import Activation, Run

_R, _W = table_of(RunRow), table_of(WorkflowRow)
_OF_PEOPLE = those(_R, "person")
_OF_ORDERS = those(_R, "order_id", _R.c.order_id, _R.c.workflow, _R.c.occurrence)
_NAMES = [column.name for column in _R.columns if column.name not in ("id", "ended_at")]
_NEW = Prepared(_R.insert().values({n: bindparam(f"to_{n}") for n in _NAMES}).returning(_R.c.id))
_WATCHES = Prepared(select(_W).where(_W.c.store == bindparam("store")))


def runs_of(tx: Connection, store: str, persons: Sequence[int]) -> dict[int, list[Run]]:
    """Give the runs of each of these people, oldest first."""
    found: dict[int, list[Run]] = {}
    for row in sorted(rows_among(tx, _OF_PEOPLE, store, persons), key=attrgetter("id")):
        found.setdefault(row.person, []).append(_run(row))
    return found


def seen_of_orders(
    tx: Connection, store: str, order_ids: Sequence[int]
) -> dict[int, set[tuple[str, str]]]:
    """Give (workflow, occurrence) that was seen of each order, under whatever person."""
    found: dict[int, set[tuple[str, str]]] = {}
    for order_id, workflow, occurrence in among(tx, _OF_ORDERS, store, order_ids):
        if occurrence.startswith("order "):
            found.setdefault(order_id, set()).add((workflow, occurrence))
    return found


def save_run(tx: Connection, store: str, run: Run) -> int:
    """Keep a run and give its id."""
    row = _columns(store, run)
    if run.id is not None:
        tx.execute(update(_R).where(_R.c.id == run.id).values(**row))
        return run.id
    (made,) = _NEW.rows(tx, **{f"to_{name}": value for name, value in row.items()})
    return int(made.id)


def _run(row: Any) -> Run:
    return Run(
        workflow=row.workflow,
        person=row.person,
        event=row.occurrence,
        at=instant(row.at),
        started_at=instant(row.started_at),
        steps=tuple(loads(row.steps)),
        state=row.state,
        path=tuple(loads(row.path)),
        due_at=None if row.due_at is None else instant(row.due_at),
        order_id=row.order_id,
        item_id=row.item_id,
        mode=row.mode,
        reason=row.reason,
        digest=row.digest,
        memory=loads(row.memory),
        id=row.id,
    )


def _columns(store: str, run: Run) -> dict[str, Any]:
    return {
        "store": store,
        "workflow": run.workflow,
        "person": run.person,
        "occurrence": run.event,
        "at": stamp(run.at),
        "started_at": stamp(run.started_at),
        "steps": dumps(list(run.steps)),
        "state": run.state,
        "path": dumps(list(run.path)),
        "due_at": None if run.due_at is None else stamp(run.due_at),
        "order_id": run.order_id,
        "item_id": run.item_id,
        "mode": run.mode,
        "reason": run.reason,
        "digest": run.digest,
        "memory": dumps(dict(run.memory)),
    }


def watches(tx: Connection, store: str) -> dict[str, tuple[Activation, str]]:
    """Give since when each workflow watches, and the digest of what it watches."""
    rows = _WATCHES.rows(tx, store=store)
    return {row.name: (Activation(instant(row.since), row.mode), row.digest) for row in rows}


def save_watches(tx: Connection, store: str, kept: Mapping[str, tuple[Activation, str]]) -> None:
    """Keep since when workflows watch."""
    upsert(
        tx,
        WorkflowRow,
        [
            {
                "store": store,
                "name": name,
                "mode": watch.mode,
                "since": stamp(watch.since),
                "digest": digest,
            }
            for name, (watch, digest) in kept.items()
        ],
    )
