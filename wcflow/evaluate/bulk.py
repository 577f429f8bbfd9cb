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
from wcflow.database.identity import mark_dirty
from wcflow.evaluate.context import EvaluationContext
from wcflow.evaluate.load import load_inputs
from wcflow.evaluate.save import save_run_steps
from wcflow.profile import Profile
from wcflow.rules.conditions import Condition
from wcflow.rules.context import Context
from wcflow.rules.evaluation_input import EvaluationInput
from wcflow.rules.events import Event, TriggerContext
from wcflow.rules.memory import Memory
from wcflow.rules.model import Workflow
from wcflow.rules.run_steps import RunSetup, run_steps
from wcflow.rules.steps import AddTag, RemoveTag
from wcflow.rules.workflow_run import Run, place_of, start
from wcflow.rules.workflows import RunSteps, changed_tags, workflow_tags

BATCH = 500
NEVER = "nothing that sets it off has ever happened to them"


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
    took: RunSteps


@dataclass(slots=True)
class BulkPlan:
    """For whom a drive runs, and why it does not for the others, counted by reason."""

    ready: list[PlannedRun] = field(default_factory=list)
    chosen: int = 0
    everyone: int = 0
    reasons: Counter[str] = field(default_factory=Counter)


def plan_bulk(tx: Connection, bench: EvaluationContext, drive: BulkRun) -> BulkPlan:
    """Ask everyone of a store; people should have been evaluated just before."""
    found, policy = BulkPlan(), bench.policy
    setup = RunSetup(bench.rules, place_of(drive.workflow), policy.store, policy.secret)
    for subjects in _batches(people.subjects(tx, bench.settings.name)):
        for case in load_inputs(tx, bench, subjects):
            found.everyone += 1
            scope = scope_of_case(case, drive.now)
            if drive.where is not None and not drive.where.ask(scope).holds:
                continue
            found.chosen += 1
            took = run_for(case, scope, drive, setup)
            if isinstance(took, str):
                found.reasons[took] += 1
            else:
                profile = replace(case.profile, orders=(), products={})
                found.ready.append(PlannedRun(profile, remembered(case.memory, took), took))
    return found


def start_bulk(tx: Connection, bench: EvaluationContext, mustered: BulkPlan) -> int:
    """Keep the runs and queue what they do; say how many effects wait. Those people are touched."""
    store = bench.settings.name
    rows = [row for each in mustered.ready for row in save_run_steps(tx, bench, each.took)]
    outbox.add_entries(tx, rows)
    people.save_memories(tx, store, [each.memory for each in mustered.ready])
    mark_dirty(tx, store, {each.memory.subject: each.memory.email for each in mustered.ready})
    return sum(row["state"] == "due" for row in rows)


def _batches(subjects: Sequence[str]) -> Iterator[Sequence[str]]:
    for first in range(0, len(subjects), BATCH):
        yield subjects[first : first + BATCH]


# What is decided, purely.


def scope_of_case(case: EvaluationInput, now: datetime) -> Context:
    """Give a person as the last evaluation left them."""
    memory = case.memory
    return Context(case.profile, now, worn=memory.worn, segments=memory.segments)


def run_for(
    case: EvaluationInput, scope: Context, drive: BulkRun, setup: RunSetup
) -> RunSteps | str:
    """Begin a person's run as far as it goes now, or say in few words why it does not begin.

    A workflow whose trigger has an order is given the latest that could have set it off.
    """
    workflow = drive.workflow
    latest = latest_occurrence(workflow, scope)
    if workflow.trigger.has_order and latest is None:
        return NEVER
    at = replace(latest, name=drive.name, at=drive.now) if latest else None
    occurrence = at or Event(drive.name, drive.now)
    scope = scope.about(occurrence.order, occurrence.item)
    mine = [run for run in case.runs if run.workflow == workflow.name]
    run = start(workflow, occurrence, scope, mine, setup.rules.digest)
    if not run.counts:
        return short_reason(run)
    return run_steps(run, scope, setup)


def latest_occurrence(workflow: Workflow, scope: Context) -> Event | None:
    """Give the latest occurrence of a workflow's trigger, whether or not it was looked at."""
    sight = TriggerContext(scope.profile, scope.now, dict(scope.segments))
    found = workflow.trigger.occurrences(sight)
    return max(found, key=lambda each: (each.at, each.name), default=None)


def short_reason(run: Run) -> str:
    """Give why a run was skipped without what was found, so that reasons can be counted."""
    return run.reason.partition(":")[0]


def remembered(memory: Memory, took: RunSteps) -> Memory:
    """Give a person's memory with the tags that a run's steps put on or took off."""
    return replace(
        memory,
        granted=workflow_tags(memory.granted, [took]),
        by_hand=memory.by_hand - changed_tags([took], RemoveTag),
        refused=memory.refused - changed_tags([took], AddTag),
    )
