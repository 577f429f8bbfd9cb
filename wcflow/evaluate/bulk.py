"""Run a workflow for many people by hand, without a trigger: ``wcflow workflow run``.

``plan_bulk`` selects the people and writes nothing; ``start_bulk`` starts all runs or none. Their
changes go through the outbox and the write limit like all others.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from msgspec.structs import replace
from sqlalchemy import Connection

from wcflow.database import outbox, people
from wcflow.database.identity import mark_persons_dirty
from wcflow.evaluate.codes import AnswerCode, placeholder, run_with_codes
from wcflow.evaluate.context import EvaluationContext
from wcflow.evaluate.load import load_inputs
from wcflow.evaluate.recording import record_entries
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
NEVER_TRIGGERED = "the trigger has never happened for this customer"


@dataclass(frozen=True, slots=True)
class BulkRun:
    """A workflow to run now for everyone who matches ``where`` (None: everyone).

    With ``persons``, only for these.
    """

    workflow: Workflow
    where: Condition | None
    now: datetime
    persons: Sequence[int] | None = None

    @property
    def name(self) -> str:
        """Return the name of its event, with milliseconds so that two bulk runs differ."""
        return f"bulk {self.now:%Y-%m-%dT%H:%M:%S}.{self.now.microsecond // 1000:03}Z"


@dataclass(frozen=True, slots=True)
class PlannedRun:
    """A run to start. The profile has no orders, because there can be many people."""

    profile: Profile
    memory: Memory
    steps_taken: RunSteps


@dataclass(slots=True)
class BulkPlan:
    """The runs to start, and how many people are skipped for which reason."""

    planned_runs: list[PlannedRun] = field(default_factory=list)
    matched: int = 0
    checked: int = 0
    skip_reasons: Counter[str] = field(default_factory=Counter)


def plan_bulk(
    tx: Connection,
    evaluation_context: EvaluationContext,
    bulk_run: BulkRun,
    answer: AnswerCode = placeholder,
) -> BulkPlan:
    """Decide for everyone in a store; they should have been evaluated just before.

    Before the runs are saved, ``answer`` has to reserve the codes of coupon pools.
    """
    found, policy = BulkPlan(), evaluation_context.policy
    setup = RunSetup(
        evaluation_context.rules, rule_place(bulk_run.workflow), policy.store, policy.secret
    )
    wanted = bulk_run.persons
    if wanted is None:
        wanted = people.load_person_ids(tx, evaluation_context.settings.name)
    for persons in _batches(wanted):
        for evaluation_input in load_inputs(tx, evaluation_context, persons):
            found.checked += 1
            context = context_of(evaluation_input, bulk_run.now)
            if bulk_run.where is not None and not bulk_run.where.answer(context).holds:
                continue
            found.matched += 1
            steps_taken = start_manual_run(evaluation_input, context, bulk_run, setup, answer)
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
    """Save the runs, queue their changes, and mark the people dirty; return how many are due."""
    store = evaluation_context.settings.name
    rows = [
        row
        for each in plan.planned_runs
        for row in save_run_steps(tx, evaluation_context, each.steps_taken)
    ]
    rows = record_entries(tx, rows, evaluation_context.now)
    outbox.add_entries(tx, rows)
    people.save_memories(tx, store, [each.memory for each in plan.planned_runs])
    mark_persons_dirty(tx, store, [each.memory.person for each in plan.planned_runs])
    return sum(row["state"] == "due" for row in rows)


def _batches(persons: Sequence[int]) -> Iterator[Sequence[int]]:
    for first in range(0, len(persons), BATCH):
        yield persons[first : first + BATCH]


def context_of(evaluation_input: EvaluationInput, now: datetime) -> Context:
    """Return the context of conditions, with the tags and segments of the last evaluation."""
    memory = evaluation_input.memory
    return Context(
        evaluation_input.profile,
        now,
        current_tags=memory.current_tags,
        segments=memory.segments,
        rule_tags=memory.current_tags - memory.added_by_workflows - memory.added_by_hand,
    )


def start_manual_run(
    evaluation_input: EvaluationInput,
    context: Context,
    bulk_run: BulkRun,
    setup: RunSetup,
    answer: AnswerCode = placeholder,
) -> RunSteps | str:
    """Return a person's run with the steps taken now, or why it does not start.

    If the trigger has an order, the run is about the latest order that could have started it.
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
    return run_with_codes(
        lambda codes: run_steps(run, context, dataclasses.replace(setup, codes=codes)),
        context.profile.person,
        answer,
    )


def latest_event(workflow: Workflow, context: Context) -> Event | None:
    """Return the latest event of a workflow's trigger, whether or not it was handled."""
    trigger_context = TriggerContext(context.profile, context.now, dict(context.segments))
    found = workflow.trigger.events(trigger_context)
    return max(found, key=lambda each: (each.at, each.name), default=None)


def short_reason(run: Run) -> str:
    """Return why a run was skipped, without the values found, so that reasons can be counted."""
    return run.reason.partition(":")[0]


def updated_memory(memory: Memory, steps_taken: RunSteps) -> Memory:
    """Return a person's memory after the tag changes of a run's steps."""
    return replace(
        memory,
        added_by_workflows=workflow_tags(memory.added_by_workflows, [steps_taken]),
        added_by_hand=memory.added_by_hand - changed_tags([steps_taken], RemoveTag),
        removed_by_hand=memory.removed_by_hand - changed_tags([steps_taken], AddTag),
    )
