"""Tasks for the team: what to do about a customer, for whom, and until when."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, Select, delete, func, insert, or_, select, update

from wcflow.database.companion import mark_cards_of
from wcflow.database.sql import chunks, instant, select_in, stamp, table_of
from wcflow.database.tables import TaskRow

_TASKS = table_of(TaskRow)
_BY_PERSON = select_in(_TASKS, "person")
TASK, REMINDER, NOTICE = "task", "reminder", "notice"
OPEN, DONE = "open", "done"


@dataclass(frozen=True, slots=True)
class Task:
    """One task or reminder, or a notice that is only to be read; ``due_at`` None means no date."""

    id: int
    key: str
    kind: str
    person: int
    order_id: int
    text: str
    assignee: str
    state: str
    due_at: datetime | None
    snoozed_until: datetime | None
    told_at: datetime | None
    made_by: str
    made_at: datetime
    done_by: str
    done_at: datetime | None
    run_id: int | None

    @property
    def shows_at(self) -> datetime | None:
        """When it is due, or comes back after it was put off; None without a date."""
        times = [each for each in (self.due_at, self.snoozed_until) if each is not None]
        return max(times, default=None)


@dataclass(frozen=True, slots=True)
class NewTask:
    """A task to add; ``key`` is unique in a store."""

    key: str
    person: int
    text: str
    made_by: str
    kind: str = TASK
    order_id: int = 0
    assignee: str = ""
    due_at: datetime | None = None
    run_id: int | None = None


def add_task(tx: Connection, store: str, task: NewTask, now: datetime) -> int:
    """Add a task and return its id; one with the same key stays as it is."""
    same = (_TASKS.c.store == store, _TASKS.c.key == task.key)
    known = tx.scalar(select(_TASKS.c.id).where(*same))
    if known is not None:
        return int(known)
    row = {
        "store": store,
        "key": task.key,
        "kind": task.kind,
        "person": task.person,
        "order_id": task.order_id,
        "text": task.text,
        "assignee": task.assignee,
        "state": OPEN,
        "due_at": _stamp(task.due_at),
        "made_by": task.made_by,
        "made_at": stamp(now),
        "done_by": "",
        "run_id": task.run_id,
    }
    return int(tx.execute(insert(_TASKS).returning(_TASKS.c.id), row).scalar_one())


def _stamp(at: datetime | None) -> int | None:
    return None if at is None else stamp(at)


def _instant(at: int | None) -> datetime | None:
    return None if at is None else instant(at)


def _task(row: RowMapping) -> Task:
    times = ("due_at", "snoozed_until", "told_at", "done_at")
    plain = ("id", "key", "kind", "person", "order_id", "text", "assignee", "state")
    more = ("made_by", "done_by", "run_id")
    values: dict[str, Any] = {name: row[name] for name in (*plain, *more)}
    values |= {name: _instant(row[name]) for name in times}
    return Task(**values, made_at=instant(row["made_at"]))


def load_tasks(
    tx: Connection,
    store: str,
    *,
    states: Collection[str] = (OPEN,),
    assignee: str = "",
    person: int | None = None,
    limit: int | None = None,
) -> list[Task]:
    """Return tasks, those that are due first, then by age."""
    query = select(_TASKS).where(_TASKS.c.store == store, _TASKS.c.state.in_(states))
    if assignee:
        query = query.where(func.lower(_TASKS.c.assignee) == assignee.lower())
    if person is not None:
        query = query.where(_TASKS.c.person == person)
    order = (_TASKS.c.due_at.is_(None), _TASKS.c.due_at, _TASKS.c.id)
    return [_task(row) for row in tx.execute(query.order_by(*order).limit(limit)).mappings()]


def load_tasks_of_people(
    tx: Connection, store: str, persons: Sequence[int]
) -> dict[int, list[Task]]:
    """Return all tasks of these people, also those that are done, in the order of load_tasks."""
    found: dict[int, list[Task]] = {}
    last = datetime.max.replace(tzinfo=UTC)
    for part in chunks(persons):
        rows = tx.execute(_BY_PERSON, {"store": store, "values": part}).mappings()
        for each in sorted(map(_task, rows), key=lambda task: (task.due_at or last, task.id)):
            found.setdefault(each.person, []).append(each)
    return found


def load_task(tx: Connection, number: int) -> tuple[str, Task] | None:
    """Return the store and the task with this id, or None."""
    row = tx.execute(select(_TASKS).where(_TASKS.c.id == number)).mappings().first()
    return None if row is None else (row["store"], _task(row))


def change_task(tx: Connection, number: int, **values: Any) -> None:
    """Change columns of a task; times are datetimes."""
    plain = {
        name: stamp(value) if isinstance(value, datetime) else value
        for name, value in values.items()
    }
    tx.execute(update(_TASKS).where(_TASKS.c.id == number).values(**plain))


def delete_task(tx: Connection, number: int) -> None:
    """Delete a task."""
    tx.execute(delete(_TASKS).where(_TASKS.c.id == number))


def _due(store: str, now: datetime) -> Select[Any]:
    awake = or_(_TASKS.c.snoozed_until.is_(None), _TASKS.c.snoozed_until <= stamp(now))
    due = or_(_TASKS.c.due_at <= stamp(now), _TASKS.c.kind == NOTICE)
    return select(_TASKS).where(_TASKS.c.store == store, _TASKS.c.state == OPEN, awake, due)


def load_due_tasks(tx: Connection, store: str, now: datetime) -> list[Task]:
    """Return the open tasks that are due, and the notices, the longest overdue first."""
    query = _due(store, now).order_by(_TASKS.c.due_at, _TASKS.c.id)
    return [_task(row) for row in tx.execute(query).mappings()]


def count_due_tasks(tx: Connection, store: str, now: datetime) -> int:
    """Count the open tasks that are due, without notices."""
    due = _due(store, now).where(_TASKS.c.kind != NOTICE).subquery()
    return tx.scalar(select(func.count()).select_from(due)) or 0


def mark_told(tx: Connection, numbers: Sequence[int], now: datetime) -> None:
    """Record that these tasks were mailed to their assignees."""
    here = _TASKS.c.id.in_(list(numbers))
    tx.execute(update(_TASKS).where(here).values(told_at=stamp(now)))


def close_notices(tx: Connection, numbers: Sequence[int], now: datetime) -> None:
    """Close those of these tasks that are only to be read."""
    read = (_TASKS.c.id.in_(list(numbers)), _TASKS.c.kind == NOTICE)
    tx.execute(update(_TASKS).where(*read).values(state=DONE, done_at=stamp(now)))
    mark_cards_of(tx, select(_TASKS.c.store, _TASKS.c.person).where(*read))
