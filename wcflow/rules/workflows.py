"""Run the workflows of one person: start, continue and withdraw runs."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
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
from wcflow.rules.run_steps import RunSetup, Taken, code_request, keeps_waiting, run_steps
from wcflow.rules.steps import AddTag, CodeRequest, LostStep, RemoveTag, Send, TakeCode
from wcflow.rules.ternary import Ternary, earliest
from wcflow.rules.workflow_run import (
    NOTHING_HANDLED,
    REMOVED,
    SETTLING_SECONDS,
    SWITCHED_OFF,
    Activation,
    Run,
    finished,
    new_events,
    rule_place,
    run_context,
    start_run,
    stop_reason,
)

RunSteps = tuple[Run, tuple[Taken, ...]]
NO_ORDERS: Mapping[int, Order] = MappingProxyType({})
NO_TAGS = frozenset[str]()
NO_STEPS: Mapping[str, LostStep] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class EnabledWorkflows:
    """The workflows that are switched on, prepared once for all people.

    In ``all_enabled`` the flag says that only timestamps of orders trigger the workflow. ``timed``
    can be triggered by time alone, ``matching`` when their own ``when`` begins to hold, ``for_all``
    happen to everyone who matches. ``paused`` ones are among these, so that it is known when time
    will trigger them again.
    """

    all_enabled: tuple[tuple[Workflow, Activation, bool], ...]
    timed: tuple[Workflow, ...]
    matching: tuple[Workflow, ...]
    for_all: frozenset[str]
    paused: frozenset[str]


def enabled_workflows(rules: Rules, activations: Mapping[str, Activation]) -> EnabledWorkflows:
    """Return the workflows that are switched on."""
    on = [each for each in rules.workflows if each.mode != "off" and each.name in activations]
    paused = frozenset(name for name, activation in activations.items() if activation.paused)
    running = [each for each in on if each.name not in paused]
    return EnabledWorkflows(
        tuple((each, activations[each.name], _follows_order_stamps(each)) for each in running),
        tuple(each for each in on if each.trigger.kind.next_at),
        tuple(each for each in on if each in rules.matching),
        frozenset(each.name for each in on if each.trigger.kind.for_all_matching and each.when),
        paused,
    )


def _follows_order_stamps(workflow: Workflow) -> bool:
    return workflow.trigger.follows_order_stamps and not workflow.include_existing


class WorkflowInput(msgspec.Struct, frozen=True):
    """All that the workflows of one person need.

    ``answers`` are those of the conditions of ``Rules.matching``.
    """

    evaluation_input: EvaluationInput
    rules: Rules
    enabled: EnabledWorkflows
    context: Context
    trigger_context: TriggerContext
    matched_since: Mapping[str, datetime]
    answers: Mapping[str, Ternary]
    policy: Policy

    def workflow(self, name: str) -> Workflow | None:
        return next((each for each in self.rules.workflows if each.name == name), None)

    def is_for(self, workflow: Workflow) -> bool:
        """Return whether a trigger that is for everyone who matches is for this person."""
        name = workflow.name
        return name not in self.enabled.for_all or self.answers[name].value is True

    def runs_of(self, workflow: Workflow) -> list[Run]:
        return [run for run in self.evaluation_input.runs if run.workflow == workflow.name]


def run_workflows(work: WorkflowInput) -> tuple[RunSteps, ...]:
    """Return the runs that started or continued, each with the steps it took."""
    return (*_resume_runs(work), *_start_runs(work))


def withdrawn_runs(work: WorkflowInput) -> tuple[Run, ...]:
    """Return runs with undelivered outbox entries whose person no longer qualifies.

    A note must not be sent if its reason ended before delivery. An order that moved to another
    person does not end a run, because no other run will send the note.
    """
    if not work.evaluation_input.undelivered:
        return ()
    waiting = (
        run
        for run in work.evaluation_input.runs
        if run.id in work.evaluation_input.undelivered
        and run.workflow not in work.enabled.paused
        and not run.of_campaign
    )
    elsewhere = work.evaluation_input.elsewhere
    return tuple(filter(None, (_end_if_stopped(run, work, elsewhere) for run in waiting)))


def next_due(work: WorkflowInput, steps_taken: Collection[RunSteps]) -> datetime | None:
    """Return when time alone will next make a workflow act, or None."""
    ahead = [
        workflow.trigger.next_at(work.trigger_context)
        for workflow in work.enabled.timed
        if work.is_for(workflow)
    ]
    matching = [work.answers[workflow.name].changes_at for workflow in work.enabled.matching]
    return earliest((*_wait_ends(work, steps_taken), *ahead, *_settling_ends(work), *matching))


def _wait_ends(work: WorkflowInput, steps_taken: Collection[RunSteps]) -> list[datetime | None]:
    """Return when waiting runs continue, after these steps."""
    # The key contains the workflow, because several can run for one event.
    if not work.evaluation_input.runs and not steps_taken:
        return []
    runs = {(run.workflow, run.event): run for run in work.evaluation_input.runs}
    runs |= {(run.workflow, run.event): run for run, _ in steps_taken}
    live = {workflow.name for workflow, *_ in work.enabled.all_enabled}
    return [run.due_at for run in runs.values() if run.state == "waiting" and run.workflow in live]


def _settling_ends(work: WorkflowInput) -> list[datetime]:
    """Return when recently changed orders without line items count as settled."""
    latest, settles = (
        work.evaluation_input.profile.latest_stamp,
        timedelta(seconds=SETTLING_SECONDS),
    )
    if latest is None or work.trigger_context.now - latest >= settles:
        return []
    return [
        order.modified + settles
        for order in work.trigger_context.orders
        if not order.items and work.trigger_context.now - order.modified < settles
    ]


def _start_runs(work: WorkflowInput) -> Iterator[RunSteps]:
    latest = work.evaluation_input.profile.latest_stamp
    for workflow, activation, by_order_stamps in work.enabled.all_enabled:
        if by_order_stamps and (latest is None or latest < activation.since):
            continue  # everything happened before it was activated
        if not work.is_for(workflow):
            continue
        handled = work.evaluation_input.handled.get(workflow.name, NOTHING_HANDLED)
        since = work.matched_since.get(workflow.name)
        trigger_context = (
            replace(work.trigger_context, matching_since=since) if since else work.trigger_context
        )
        events = new_events(workflow, activation, trigger_context, handled)
        runs = work.runs_of(workflow) if events else []
        for event in events:
            context = work.context.about(event.order, event.item)
            run = start_run(workflow, event, context, runs, work.rules.digest, handled)
            runs.append(run)
            yield (
                (run, ()) if run.state == "skipped" else _continue_run(run, workflow, context, work)
            )


def _resume_runs(work: WorkflowInput) -> Iterator[RunSteps]:
    for run in work.evaluation_input.runs:
        if run.state != "waiting" or run.workflow in work.enabled.paused:
            continue
        workflow = work.workflow(run.workflow)
        if workflow is not None and workflow.mode == "off":
            yield finished(run, "ended", SWITCHED_OFF), ()
        elif run.awaits and workflow and (waits := _keeps_waiting(run, workflow, work)):
            if waits != run:
                yield waits, ()
        elif not run.awaits and (run.due_at is None or run.due_at > work.trigger_context.now):
            continue
        elif workflow is None:
            yield finished(run, "ended", REMOVED), ()
        else:
            over = _end_if_stopped(run, work)
            yield (
                (over, ())
                if over
                else _continue_run(run, workflow, run_context(run, work.context), work)
            )


def _keeps_waiting(run: Run, workflow: Workflow, work: WorkflowInput) -> Run | None:
    """Return a run whose condition does not hold yet; None if it goes on, or its order is gone."""
    context = run_context(run, work.context)
    if run.order_id and context.order is None:
        return None
    return keeps_waiting(run, context, _setup(run, workflow, work))


def _end_if_stopped(
    run: Run, work: WorkflowInput, elsewhere: Mapping[int, Order] = NO_ORDERS
) -> Run | None:
    workflow = work.workflow(run.workflow)
    if workflow is None:
        return finished(run, "ended", REMOVED)
    if workflow.mode == "off":
        return finished(run, "ended", SWITCHED_OFF)
    context = run_context(run, work.context, elsewhere.get(run.order_id))
    if run.order_id and context.order is None:
        elsewhere_now = run.order_id in work.evaluation_input.elsewhere
        why = "belongs to another customer now" if elsewhere_now else "no longer exists"
        return finished(run, "ended", f"order {run.order_id} {why}")
    reason = stop_reason(workflow, context)
    return finished(run, "ended", reason) if reason else None


def _continue_run(run: Run, workflow: Workflow, context: Context, work: WorkflowInput) -> RunSteps:
    return run_steps(run, context, _setup(run, workflow, work))


def _setup(run: Run, workflow: Workflow, work: WorkflowInput) -> RunSetup:
    lost = work.evaluation_input.lost_steps.get(run.id or 0, NO_STEPS)
    place, policy = rule_place(workflow), work.policy
    codes = work.evaluation_input.codes
    return RunSetup(work.rules, place, policy.store, policy.secret, lost, codes)


def workflow_tags(before: frozenset[str], steps_taken: Collection[RunSteps]) -> frozenset[str]:
    """Return the tags that workflows have added to the person, after these steps."""
    if not steps_taken:
        return before
    tags = set(before)
    for run, steps in steps_taken:
        for each in steps if run.mode == "live" else ():
            if isinstance(each.result, AddTag) and each.result.tag:
                tags.add(each.result.tag)
            elif isinstance(each.result, RemoveTag):
                tags.discard(each.result.tag)
    return frozenset(tags)


def changed_tags(
    steps_taken: Collection[RunSteps], kind: type[AddTag | RemoveTag]
) -> frozenset[str]:
    """Return the tags that live runs added (or removed) in these steps."""
    if not steps_taken:
        return NO_TAGS
    return frozenset(
        each.result.tag
        for run, steps in steps_taken
        for each in steps
        if run.mode == "live" and isinstance(each.result, kind)
    )


def changes_for_rules(steps_taken: Collection[RunSteps]) -> bool:
    """Return whether a live run changed what rules look at, such as a group."""
    return any(
        isinstance(each.result, Send) and each.result.seen_as and not each.result.impossible
        for run, steps in steps_taken
        if run.mode == "live"
        for each in steps
    )


def code_requests(steps_taken: Iterable[RunSteps]) -> list[CodeRequest]:
    """Return the codes of coupon pools that runs ask for."""
    return [
        code_request(each.result, run)
        for run, steps in steps_taken
        for each in steps[-1:]
        if isinstance(each.result, TakeCode)
    ]
