"""All workflows of one person at one instant: runs begun, runs gone on, runs withdrawn. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType

import msgspec
from msgspec.structs import replace

from wcflow.records import Order
from wcflow.rules.context import Context
from wcflow.rules.evaluation_input import EvaluationInput, Policy
from wcflow.rules.events import TriggerContext
from wcflow.rules.model import Rules, Workflow
from wcflow.rules.run_steps import RunSetup, Taken, run_steps
from wcflow.rules.steps import AddTag, RemoveTag
from wcflow.rules.ternary import earliest
from wcflow.rules.workflow_run import (
    SETTLING_SECONDS,
    Activation,
    Run,
    finished,
    new_events,
    place_of,
    scope_of,
    start,
    stop_reason,
)

RunSteps = tuple[Run, tuple[Taken, ...]]
NOWHERE: Mapping[int, Order] = MappingProxyType({})
NOTHING = frozenset[str]()


@dataclass(frozen=True, slots=True)
class Watching:
    """The workflows that are switched on, laid out once for all who are judged.

    ``told_by_orders`` says of each whether nothing but stamps of orders, from its watch on, sets it
    off. ``timed`` may be set off by time alone; ``matching`` when their own ``when`` begins to hold.
    """

    everyone: tuple[tuple[Workflow, Activation, bool], ...]
    timed: tuple[Workflow, ...]
    matching: tuple[Workflow, ...]


def watching(rules: Rules, watches: Mapping[str, Activation]) -> Watching:
    """Lay out the workflows that are switched on."""
    on = [each for each in rules.workflows if each.mode != "off" and each.name in watches]
    return Watching(
        tuple((each, watches[each.name], _told_by_orders(each)) for each in on),
        tuple(each for each in on if each.trigger.kind.next_at),
        tuple(each for each in on if each in rules.matching),
    )


def _told_by_orders(workflow: Workflow) -> bool:
    return workflow.trigger.tells_by_stamps and not workflow.include_existing


class Work(msgspec.Struct, frozen=True):
    """What the workflows of one person have to go by."""

    case: EvaluationInput
    rules: Rules
    watching: Watching
    scope: Context
    sight: TriggerContext
    matched_since: Mapping[str, datetime]
    policy: Policy

    def workflow(self, name: str) -> Workflow | None:
        return next((each for each in self.rules.workflows if each.name == name), None)

    def runs_of(self, workflow: Workflow) -> list[Run]:
        return [run for run in self.case.runs if run.workflow == workflow.name]


def run_workflows(work: Work) -> tuple[RunSteps, ...]:
    """Give the runs that are new or went on, each with the steps it took now."""
    return (*_resumed(work), *_started(work))


def withdrawn_runs(work: Work) -> tuple[Run, ...]:
    """Give the runs whose effects still wait for the shop though their person no longer qualifies.

    A note that was decided on must not go out when, before it could, the reason for it ceased. An
    order that is another person's by now is no such reason: nobody else tells of it again.
    """
    if not work.case.undelivered:
        return ()
    waiting = (run for run in work.case.runs if run.id in work.case.undelivered)
    elsewhere = work.case.elsewhere
    return tuple(filter(None, (_if_disqualified(run, work, elsewhere) for run in waiting)))


def next_due(work: Work, took: Collection[RunSteps]) -> datetime | None:
    """Give when time alone will next have a workflow do something."""
    ahead = [workflow.trigger.next_at(work.sight) for workflow in work.watching.timed]
    matching = [
        workflow.when.judge(work.scope).changes_at
        for workflow in work.watching.matching
        if workflow.when
    ]
    return earliest((*_waits(work, took), *ahead, *_settling(work), *matching))


def _waits(work: Work, took: Collection[RunSteps]) -> list[datetime | None]:
    """Give until when runs wait, as they are after these steps."""
    # By workflow, too: several may be at work on one occurrence.
    if not work.case.runs and not took:
        return []
    runs = {(run.workflow, run.occurrence): run for run in work.case.runs}
    runs |= {(run.workflow, run.occurrence): run for run, _ in took}
    live = {workflow.name for workflow, *_ in work.watching.everyone}
    return [run.due_at for run in runs.values() if run.state == "waiting" and run.workflow in live]


def _settling(work: Work) -> list[datetime]:
    """Give when those orders have settled that were changed just now and have no lines yet."""
    latest, settles = work.case.profile.latest_stamp, timedelta(seconds=SETTLING_SECONDS)
    if latest is None or work.sight.now - latest >= settles:
        return []
    return [
        order.modified + settles
        for order in work.sight.orders
        if not order.items and work.sight.now - order.modified < settles
    ]


def _started(work: Work) -> Iterator[RunSteps]:
    latest = work.case.profile.latest_stamp
    for workflow, watch, told_by_orders in work.watching.everyone:
        if told_by_orders and (latest is None or latest < watch.since):
            continue  # all that it could be told of is history to it
        runs = work.runs_of(workflow)
        seen = work.case.seen.get(workflow.name, frozenset())
        since = work.matched_since.get(workflow.name)
        sight = replace(work.sight, matches_since=since) if since else work.sight
        for occurrence in new_events(workflow, watch, sight, seen):
            scope = work.scope.about(occurrence.order, occurrence.item)
            run = start(workflow, occurrence, scope, runs, work.rules.digest)
            runs.append(run)
            yield (run, ()) if run.state == "skipped" else _go_on(run, workflow, scope, work)


def _resumed(work: Work) -> Iterator[RunSteps]:
    for run in work.case.runs:
        if run.state != "waiting" or run.due_at is None or run.due_at > work.sight.now:
            continue
        workflow = work.workflow(run.workflow)
        if workflow is None:
            yield finished(run, "ended", "the workflow is no longer in the configuration"), ()
        elif workflow.mode != "off":
            over = _if_disqualified(run, work)
            yield (over, ()) if over else _go_on(run, workflow, scope_of(run, work.scope), work)


def _if_disqualified(run: Run, work: Work, elsewhere: Mapping[int, Order] = NOWHERE) -> Run | None:
    workflow = work.workflow(run.workflow)
    if workflow is None:
        return None
    scope = scope_of(run, work.scope, elsewhere.get(run.order_id))
    if run.order_id and scope.order is None:
        why = "another customer's by now" if run.order_id in work.case.elsewhere else "gone"
        return finished(run, "ended", f"order {run.order_id} is {why}")
    reason = stop_reason(workflow, scope)
    return finished(run, "ended", reason) if reason else None


def _go_on(run: Run, workflow: Workflow, scope: Context, work: Work) -> RunSteps:
    setup = RunSetup(work.rules, place_of(workflow), work.policy.store, work.policy.secret)
    return run_steps(run, scope, setup)


def workflow_tags(before: frozenset[str], took: Collection[RunSteps]) -> frozenset[str]:
    """Give the tags that workflows have put on the person, after these steps."""
    if not took:
        return before
    tags = set(before)
    for run, steps in took:
        for each in steps if run.mode == "live" else ():
            if isinstance(each.result, AddTag) and each.result.tag:
                tags.add(each.result.tag)
            elif isinstance(each.result, RemoveTag):
                tags.discard(each.result.tag)
    return frozenset(tags)


def changed_tags(took: Collection[RunSteps], kind: type[AddTag | RemoveTag]) -> frozenset[str]:
    """Give the tags that live runs granted (or revoked) in these steps."""
    if not took:
        return NOTHING
    return frozenset(
        each.result.tag
        for run, steps in took
        for each in steps
        if run.mode == "live" and isinstance(each.result, kind)
    )
