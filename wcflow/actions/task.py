"""Tasks for the team: the steps create_task and notify_agent."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import TYPE_CHECKING

from wcflow.actions.base import WCFLOW, ActionModule, EntryKind, Payload, Recorded
from wcflow.rules.errors import RuleError, RuleErrors
from wcflow.rules.likely_values import duration_hint
from wcflow.rules.steps import (
    Action,
    Argument,
    Send,
    Step,
    StepContext,
    StepResult,
    StepScope,
    parse_text,
)
from wcflow.units import DURATION_FORM, Duration, add_duration, parse_duration

if TYPE_CHECKING:
    # Only names of types: commands that record nothing start without them.
    from sqlalchemy import Connection

_DUE = re.compile(r"(?P<rest>.*\S)\s+due\s+(?P<due>\d+\s*\S*)", re.IGNORECASE | re.DOTALL)
_ASSIGN = re.compile(r"(?P<rest>.*\S)\s+assign\s+to\s+(?P<whom>\S.*)", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Assignment:
    """Who gets a task (empty: not assigned), and how long they have (None: no date)."""

    whom: str = ""
    due: Duration | None = None


def _parse_task(rest: str, scope: StepScope) -> Argument:
    """Parse from the right, so that the text can contain "due" and "assign to" as well."""
    whom, due = "", None
    if found := _DUE.fullmatch(rest):
        rest, due = found["rest"], _parse_due(found["due"])
    if found := _ASSIGN.fullmatch(rest):
        rest, whom = found["rest"], found["whom"].strip()
        if "{{" in whom:
            raise RuleErrors(RuleError("a name or e-mail address after 'assign to'", repr(whom)))
    if not rest or re.match(r"(assign\s+to|due\s+\d)", rest, re.IGNORECASE):
        raise RuleErrors(RuleError("a text after the step", "none"))
    return scope.template(rest), Assignment(whom, due)


def _parse_due(text: str) -> Duration:
    found = parse_duration(text)
    if found is None or found.count == 0:
        raise RuleErrors(RuleError(f"{DURATION_FORM} after 'due'", repr(text), duration_hint(text)))
    return found


def _create(step: Step, context: StepContext) -> StepResult:
    assignment: Assignment = step.argument
    payload: dict[str, object] = {"text": step.render(context), "assignee": assignment.whom}
    if assignment.due is not None:
        zone = context.profile.store.zone
        due = add_duration(context.facts.now, assignment.due, zone)
        payload["due_at"] = due.isoformat()
    return Send("new_task", payload | _order(context))


def _notify(step: Step, context: StepContext) -> StepResult:
    return Send("agent_notice", {"text": step.render(context)} | _order(context))


def _order(context: StepContext) -> dict[str, int]:
    return {"order": context.facts.order.id} if context.facts.order else {}


CREATE_TASK = Action(
    "create_task TEXT [assign to NAME] [due DURATION]",
    "Create a task for your team. Once due, it is mailed each morning to NAME, or else to the agent.",
    "create_task Call {{ first_name }} assign to sam@shop.example due 2d",
    _parse_task,
    _create,
)
NOTIFY_AGENT = Action(
    "notify_agent TEXT",
    "Tell the agent something: the agent in [wcflow] gets it by e-mail.",
    "notify_agent {{ email }} ordered for {{ order.total }}",
    parse_text,
    _notify,
)


def _task_content(payload: Payload, zone: tzinfo) -> str:
    whom = f", for {payload['assignee']}" if payload["assignee"] else ""
    due = payload.get("due_at")
    until = f", due {datetime.fromisoformat(due).astimezone(zone):%Y-%m-%d %H:%M}" if due else ""
    return f"{payload['text']}{whom}{until}"


def _notice_content(payload: Payload, _zone: tzinfo) -> str:
    return str(payload["text"])


def _record_task(tx: Connection, entry: Recorded) -> str:
    return f"task {_add(tx, entry, 'task')}"


def _record_notice(tx: Connection, entry: Recorded) -> str:
    return f"notice {_add(tx, entry, 'notice')}"


def _add(tx: Connection, entry: Recorded, kind: str) -> int:
    # Imported here, because commands that record nothing start without the database.
    from wcflow.database.tasks import NewTask, add_task  # noqa: PLC0415

    payload, due = entry.payload, entry.payload.get("due_at")
    task = NewTask(
        f"{entry.key}, person {entry.person}",
        entry.person,
        payload["text"],
        entry.rule,
        kind,
        payload.get("order", 0),
        payload.get("assignee", ""),
        datetime.fromisoformat(due) if due else None,
        entry.run_id,
    )
    return add_task(tx, entry.store, task, entry.at)


_TASK = EntryKind(
    "new_task",
    "task",
    "tasks",
    _task_content,
    record=_record_task,
    channel=WCFLOW,
)
_NOTICE = EntryKind(
    "agent_notice",
    "notice to the agent",
    "notices to the agent",
    _notice_content,
    record=_record_notice,
    channel=WCFLOW,
)
TASK = ActionModule((CREATE_TASK, NOTIFY_AGENT), (_TASK, _NOTICE))
