"""Tasks and reminders that the team adds, assigns, puts off and closes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from wcflow.customers.edits import Outcome, undoes
from wcflow.database import tasks
from wcflow.database.edits import Edit, EditedBy, save_edit
from wcflow.database.tasks import DONE, OPEN, REMINDER, TASK, NewTask, Task
from wcflow.errors import UsageError

_TIMES = ("snoozed_until", "told_at", "done_at")


def add_task(
    tx: Connection,
    store: str,
    person: int,
    text: str,
    by: EditedBy,
    *,
    assignee: str = "",
    due_at: datetime | None = None,
    reminder: bool = False,
) -> Outcome:
    """Add a task, or a reminder, which needs a date. ``person`` 0 means no customer."""
    content, kind = text.strip(), REMINDER if reminder else TASK
    if not content:
        raise UsageError(f"a {kind} needs a text", "")
    if reminder and due_at is None:
        raise UsageError("a reminder needs a date", "Add --due with a day, or with 2d.")
    key = f"by hand {by.key or f'{by.at:%Y-%m-%dT%H:%M:%S.%f}Z'} {person}"
    new = NewTask(key, person, content, by.name, kind, assignee=assignee.strip(), due_at=due_at)
    number = tasks.add_task(tx, store, new, by.at)
    whom = f" for {new.assignee}" if new.assignee else ""
    words = f"added {kind} {number}{whom}: {content}"
    data = {"task": number, "added": True}
    return Outcome(words, save_edit(tx, store, person, "task", words, by, data))


def assign_task(tx: Connection, store: str, task: Task, whom: str, by: EditedBy) -> Outcome:
    """Assign a task to someone; it is mailed to them once it is due."""
    assignee = whom.strip()
    if not assignee:
        raise UsageError("a task needs someone to do it", "Use a name or an e-mail address.")
    _require_open(task)
    if task.assignee == assignee:
        return Outcome(f"{task.kind} {task.id} is for {assignee} already", changed=False)
    words = f"assigned {task.kind} {task.id} to {assignee}"
    return _change(tx, store, task, words, by, assignee=assignee, told_at=None)


def snooze_task(
    tx: Connection, store: str, task: Task, until: datetime, day: str, by: EditedBy
) -> Outcome:
    """Put a task off: it is not mailed before that time. ``day`` is its day in the store's zone."""
    _require_open(task)
    if until <= by.at:
        raise UsageError(f"{day} is not in the future", "Use a later day.")
    words = f"put {task.kind} {task.id} off until {day}"
    return _change(tx, store, task, words, by, snoozed_until=until)


def _require_open(task: Task) -> None:
    if task.state == DONE:
        advice = "'wcflow task add' adds a new one."
        raise UsageError(f"{task.kind} {task.id} is done already", advice)


def close_task(tx: Connection, store: str, task: Task, by: EditedBy) -> Outcome:
    """Close a task."""
    if task.state == DONE:
        return Outcome(f"{task.kind} {task.id} was closed already", changed=False)
    words = f"closed {task.kind} {task.id}: {task.text}"
    return _change(tx, store, task, words, by, state=DONE, done_by=by.name, done_at=by.at)


def _change(
    tx: Connection, store: str, task: Task, words: str, by: EditedBy, **values: Any
) -> Outcome:
    tasks.change_task(tx, task.id, **values)
    was = {name: _plain(getattr(task, name)) for name in values}
    now = {name: _plain(value) for name, value in values.items()}
    data = {"task": task.id, "was": was, "now": now, "done": values.get("state") == DONE}
    return Outcome(words, save_edit(tx, store, task.person, "task", words, by, data))


def _plain(value: Any) -> Any:
    return value.replace(microsecond=0).isoformat() if isinstance(value, datetime) else value


@undoes("task")
def _undo_task(tx: Connection, edit: Edit, by: EditedBy) -> str:  # noqa: ARG001  all undos have it
    found = tasks.load_task(tx, int(edit.data["task"]))
    if found is None:
        raise UsageError("this task does not exist any more", "")
    task = found[1]
    if edit.data.get("added"):
        if task.state != OPEN:
            raise UsageError(f"{task.kind} {task.id} is done already", "")
        tasks.delete_task(tx, task.id)
        return f"deleted {task.kind} {task.id} again"
    _check_unchanged(task, edit.data["now"])
    tasks.change_task(tx, task.id, **{n: _value(n, each) for n, each in edit.data["was"].items()})
    return f"undid for {task.kind} {task.id}: {edit.words}"


def _check_unchanged(task: Task, now: Mapping[str, Any]) -> None:
    """Raise UsageError if someone has changed the same of a task since; its e-mails don't count."""
    for name in now.keys() - {"told_at"}:
        if _plain(getattr(task, name)) != now[name]:
            raise UsageError(
                f"{task.kind} {task.id} was changed since", "'wcflow task show' shows it."
            )


def _value(name: str, plain: Any) -> Any:
    return datetime.fromisoformat(plain) if name in _TIMES and plain else plain
