"""Run a workflow for people because an admin says so, not because something happened.

``muster`` decides for whom, and writes nothing; ``begin`` begins the runs, all of them or none.
What they put into effect waits in the outbox like any other, before the same brake.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy import Connection

from wcflow.customer import Profile
from wcflow.evaluate.bench import Bench
from wcflow.evaluate.cases import cases_of
from wcflow.evaluate.keep import keep_run
from wcflow.mirror import people, queue
from wcflow.mirror.subjects import touch
from wcflow.rules.case import Case
from wcflow.rules.conditions import Condition
from wcflow.rules.memory import Memory
from wcflow.rules.model import Rules, Workflow
from wcflow.rules.occurrences import Occurrence, Sight
from wcflow.rules.runs import Make, Run, advance, place_of, start
from wcflow.rules.scope import Scope
from wcflow.rules.steps import Bounds, Grant, Revoke
from wcflow.rules.works import Took, granted, touched_tags

BATCH = 500
NEVER = "nothing that sets it off has ever happened to them"


@dataclass(frozen=True, slots=True)
class Drive:
    """A bulk run: which workflow, for whom (None: everyone), under which name, when."""

    workflow: Workflow
    where: Condition | None
    now: datetime

    @property
    def name(self) -> str:
        """Name the occurrence, to the millisecond: two drives of one second are two."""
        return f"bulk {self.now:%Y-%m-%dT%H:%M:%S}.{self.now.microsecond // 1000:03}Z"


@dataclass(frozen=True, slots=True)
class Ready:
    """A person whose run begins, without their orders: there may be very many of them."""

    profile: Profile
    memory: Memory
    took: Took


@dataclass(slots=True)
class Mustered:
    """For whom a drive runs, and why it does not for the others, counted by reason."""

    ready: list[Ready] = field(default_factory=list)
    chosen: int = 0
    everyone: int = 0
    reasons: Counter[str] = field(default_factory=Counter)


def muster(tx: Connection, bench: Bench, drive: Drive) -> Mustered:
    """Ask everyone of a store; people should have been evaluated just before."""
    found = Mustered()
    for subjects in _batches(people.subjects(tx, bench.settings.name)):
        for case in cases_of(tx, bench, subjects):
            found.everyone += 1
            scope = scope_of_case(case, drive.now)
            if drive.where is not None and not drive.where.ask(scope).holds:
                continue
            found.chosen += 1
            took = run_for(case, scope, drive, bench.rules, _make(bench, case))
            if isinstance(took, str):
                found.reasons[took] += 1
            else:
                profile = replace(case.profile, orders=(), products={})
                found.ready.append(Ready(profile, remembered(case.memory, took), took))
    return found


def begin(tx: Connection, bench: Bench, mustered: Mustered) -> int:
    """Keep the runs and queue what they do; say how many effects wait. Those people are touched."""
    store = bench.settings.name
    rows = [row for each in mustered.ready for row in keep_run(tx, bench, each.profile, each.took)]
    queue.queue(tx, rows)
    people.save_memories(tx, store, [each.memory for each in mustered.ready])
    touch(tx, store, {each.memory.subject: each.memory.email for each in mustered.ready})
    return sum(row["state"] == "due" for row in rows)


def _batches(subjects: Sequence[str]) -> Iterator[Sequence[str]]:
    for first in range(0, len(subjects), BATCH):
        yield subjects[first : first + BATCH]


def _make(bench: Bench, case: Case) -> Make:
    return lambda run, number, effect: bench.maker.remember(case.profile, run, number, effect)


# What is decided, purely.


def scope_of_case(case: Case, now: datetime) -> Scope:
    """Give a person as the last evaluation left them."""
    memory = case.memory
    return Scope(case.profile, now, worn=memory.worn, segments=memory.segments)


def run_for(case: Case, scope: Scope, drive: Drive, rules: Rules, remember: Make) -> Took | str:
    """Begin a person's run as far as it goes now, or say in few words why it does not begin.

    A workflow whose trigger has an order is given the latest that could have set it off.
    """
    workflow = drive.workflow
    latest = latest_occurrence(workflow, scope)
    if workflow.trigger.has_order and latest is None:
        return NEVER
    at = replace(latest, name=drive.name, at=drive.now) if latest else None
    occurrence = at or Occurrence(drive.name, drive.now)
    scope = scope.about(occurrence.order, occurrence.item)
    mine = [run for run in case.runs if run.workflow == workflow.name]
    run = start(workflow, occurrence, scope, mine, rules.digest)
    if not run.counts:
        return short_reason(run)
    bounds = Bounds(place_of(workflow), frozenset(rules.coupons))
    return advance(run, scope, bounds, remember)


def latest_occurrence(workflow: Workflow, scope: Scope) -> Occurrence | None:
    """Give the latest occurrence of a workflow's trigger, whether or not it was looked at."""
    sight = Sight(scope.profile, scope.now, dict(scope.segments))
    found = workflow.trigger.occurrences(sight)
    return max(found, key=lambda each: (each.at, each.name), default=None)


def short_reason(run: Run) -> str:
    """Give why a run was skipped without what was found, so that reasons can be counted."""
    return run.reason.partition(":")[0]


def remembered(memory: Memory, took: Took) -> Memory:
    """Give a person's memory with the tags that a run's steps put on or took off."""
    return replace(
        memory,
        granted=granted(memory.granted, [took]),
        by_hand=memory.by_hand - touched_tags([took], Revoke),
        refused=memory.refused - touched_tags([took], Grant),
    )
