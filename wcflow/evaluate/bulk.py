"""Run a workflow for people because an admin says so, not because something happened.

``muster`` decides for whom, and writes nothing; ``begin`` begins the runs, all of them or none.
What they put into effect waits in the outbox like any other, before the same brake.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from msgspec.structs import replace
from sqlalchemy import Connection

from wcflow.database import outbox, people
from wcflow.database.identity import mark_persons_dirty
from wcflow.evaluate.context import EvaluationContext
from wcflow.evaluate.load import load_inputs
from wcflow.evaluate.save import save_run_steps
from wcflow.profile import Profile
from wcflow.rules.conditions import Condition
from wcflow.rules.context import Context
from wcflow.rules.evaluation_input import EvaluationInput
from wcflow.rules.events import Event, TriggerContext
from wcflow.rules.model import Workflow
from wcflow.rules.run_steps import RunSetup, run_steps
from wcflow.rules.steps import AddTag, RemoveTag
from wcflow.rules.tags import Memory
from wcflow.rules.workflow_run import Run, rule_place, start_run
from wcflow.rules.workflows import RunSteps, changed_tags, workflow_tags

BATCH = 500
NEVER_TRIGGERED = "nothing that sets it off has ever happened to them"


@dataclass(frozen=True, slots=True)
class BulkRun:
    """A bulk run: which workflow, for whom (None: everyone), under which name, when."""

    workflow: Workflow
    where: Condition | None
    now: datetime

    @property
    def name(self) -> str:
        """Name the occurrence, to the millisecond: two drives of one second are two."""
        return f"bulk {self.now:%Y-%m-%dT%H:%M:%S}.{self.now.microsecond // 1000:03}Z"


@dataclass(frozen=True, slots=True)
class PlannedRun:
    """A person whose run begins, without their orders: there may be very many of them."""

    profile: Profile
    memory: Memory
    steps_taken: RunSteps


@dataclass(slots=True)
class BulkPlan:
    """For whom a drive runs, and why it does not for the others, counted by reason."""

    planned_runs: list[PlannedRun] = field(default_factory=list)
    matched: int = 0
    checked: int = 0
    skip_reasons: Counter[str] = field(default_factory=Counter)


def plan_bulk(tx: Connection, evaluation_context: EvaluationContext, bulk_run: BulkRun) -> BulkPlan:
    """Ask everyone of a store; people should have been evaluated just before."""
    found, policy = BulkPlan(), evaluation_context.policy
    setup = RunSetup(
        evaluation_context.rules, rule_place(bulk_run.workflow), policy.store, policy.secret
    )
    for persons in _batches(people.persons(tx, evaluation_context.settings.name)):
        for evaluation_input in load_inputs(tx, evaluation_context, persons):
            found.checked += 1
            context = context_of(evaluation_input, bulk_run.now)
            if bulk_run.where is not None and not bulk_run.where.answer(context).holds:
                continue
            found.matched += 1
            steps_taken = start_manual_run(evaluation_input, context, bulk_run, setup)
            if isinstance(steps_taken, str):
                found.skip_reasons[steps_taken] += 1
            else:
                profile = replace(evaluation_input.profile, orders=(), products={})
                found.planned_runs.append(
                    PlannedRun(
                        profile, updated_memory(evaluation_input.memory, steps_taken), steps_taken
                    )
                )
    return found


def start_bulk(tx: Connection, evaluation_context: EvaluationContext, plan: BulkPlan) -> int:
    """Keep the runs and queue what they do; say how many effects wait. Those people are touched."""
    store = evaluation_context.settings.name
    rows = [
        row
        for each in plan.planned_runs
        for row in save_run_steps(tx, evaluation_context, each.steps_taken)
    ]
    outbox.add_entries(tx, rows)
    people.save_memories(tx, store, [each.memory for each in plan.planned_runs])
    mark_persons_dirty(tx, store, [each.memory.person for each in plan.planned_runs])
    return sum(row["state"] == "due" for row in rows)


def _batches(persons: Sequence[int]) -> Iterator[Sequence[int]]:
    for first in range(0, len(persons), BATCH):
        yield persons[first : first + BATCH]


# What is decided, purely.


def context_of(evaluation_input: EvaluationInput, now: datetime) -> Context:
    """Give a person as the last evaluation left them."""
    memory = evaluation_input.memory
    return Context(
        evaluation_input.profile, now, current_tags=memory.current_tags, segments=memory.segments
    )


def start_manual_run(
    evaluation_input: EvaluationInput, context: Context, bulk_run: BulkRun, setup: RunSetup
) -> RunSteps | str:
    """Begin a person's run as far as it goes now, or say in few words why it does not begin.

    A workflow whose trigger has an order is given the latest that could have set it off.
    """
    workflow = bulk_run.workflow
    latest = latest_event(workflow, context)
    if workflow.trigger.has_order and latest is None:
        return NEVER_TRIGGERED
    at = replace(latest, name=bulk_run.name, at=bulk_run.now) if latest else None
    event = at or Event(bulk_run.name, bulk_run.now)
    context = context.about(event.order, event.item)
    earlier_runs = [run for run in evaluation_input.runs if run.workflow == workflow.name]
    run = start_run(workflow, event, context, earlier_runs, setup.rules.digest)
    if not run.counts:
        return short_reason(run)
    return run_steps(run, context, setup)


def latest_event(workflow: Workflow, context: Context) -> Event | None:
    """Give the latest occurrence of a workflow's trigger, whether or not it was looked at."""
    trigger_context = TriggerContext(context.profile, context.now, dict(context.segments))
    found = workflow.trigger.events(trigger_context)
    return max(found, key=lambda each: (each.at, each.name), default=None)


def short_reason(run: Run) -> str:
    """Give why a run was skipped without what was found, so that reasons can be counted."""
    return run.reason.partition(":")[0]


def updated_memory(memory: Memory, steps_taken: RunSteps) -> Memory:
    """Give a person's memory with the tags that a run's steps put on or took off."""
    return replace(
        memory,
        added_by_workflows=workflow_tags(memory.added_by_workflows, [steps_taken]),
        added_by_hand=memory.added_by_hand - changed_tags([steps_taken], RemoveTag),
        removed_by_hand=memory.removed_by_hand - changed_tags([steps_taken], AddTag),
    )
