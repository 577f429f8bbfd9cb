"""Evaluate people: their segments, their tags and their workflows.

The same input always gives the same result, whether evaluated alone or with others. Loading the
input and saving the result belong to the package ``wcflow.evaluate``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

import msgspec

from wcflow.profile import (
    Profile,
    StoredEvent,
    Transition,
    transitions,
)
from wcflow.rules.account_fields import consent_change
from wcflow.rules.as_of import as_of, next_order_date, without_later_orders
from wcflow.rules.classify import Classification, classify_all, segment_reason
from wcflow.rules.context import Context
from wcflow.rules.evaluation_input import EvaluationInput, NextEvaluation, Policy, TagTarget
from wcflow.rules.evaluation_state import (
    EvaluationState,
    PreviousState,
    holding,
    matching_answers,
    prepare_evaluation,
    with_workflow_tags,
)
from wcflow.rules.events import TriggerContext
from wcflow.rules.model import Rules
from wcflow.rules.standings import with_standing
from wcflow.rules.tags import Memory
from wcflow.rules.ternary import earliest
from wcflow.rules.workflow_run import Activation, Run
from wcflow.rules.workflows import (
    EnabledWorkflows,
    RunSteps,
    WorkflowInput,
    changes_for_rules,
    enabled_workflows,
    next_due,
    run_workflows,
    withdrawn_runs,
)


class Evaluation(msgspec.Struct, frozen=True):
    """What to save and do for one person; ``known`` is the memory from before.

    ``transitions`` come with their reasons. ``steps_taken`` are the runs that started or continued,
    each with its steps. ``withdrawn`` are runs whose waiting outbox entries must be cancelled.
    ``later_order`` is the date of the next order that is dated in the future. ``events`` are new stored events.
    """

    classification: Classification
    profile: Profile
    known: Memory
    memory: Memory
    transitions: tuple[tuple[Transition, str], ...]
    steps_taken: tuple[RunSteps, ...]
    withdrawn: tuple[Run, ...]
    targets: tuple[TagTarget, ...]
    due: NextEvaluation
    later_order: datetime | None = None
    events: tuple[StoredEvent, ...] = ()


_trigger_context, _work, _due, _evaluation = (
    TriggerContext,
    WorkflowInput,
    NextEvaluation,
    Evaluation,
)


def evaluate(
    evaluation_input: EvaluationInput,
    rules: Rules,
    activations: Mapping[str, Activation],
    policy: Policy,
    now: datetime,
) -> Evaluation:
    """Evaluate one person at ``now``."""
    return evaluate_all([evaluation_input], rules, activations, policy, now)[0]


def evaluate_all(
    inputs: Iterable[EvaluationInput],
    rules: Rules,
    activations: Mapping[str, Activation],
    policy: Policy,
    now: datetime,
) -> list[Evaluation]:
    """Evaluate many people at one instant; orders dated in the future do not exist yet."""
    enabled = enabled_workflows(rules, activations)
    inputs = list(inputs)
    ahead = [next_order_date(each.profile, now) for each in inputs]
    inputs = [
        _up_to(each, now) if later else each for each, later in zip(inputs, ahead, strict=True)
    ]
    if rules.points or rules.tiers:
        inputs = [with_standing(each, rules, policy, now) for each in inputs]
    states = [prepare_evaluation(each, rules, policy) for each in inputs]
    seen = _previous_states(states, rules)
    decisions = _classifications(seen, rules, now)
    evaluations = [
        _evaluate_person(state, before, profile, classification, enabled, now)
        for state, (before, profile), classification in zip(states, seen, decisions, strict=True)
    ]
    return [
        _due_by(each, later) if later else each
        for each, later in zip(evaluations, ahead, strict=True)
    ]


def _up_to(evaluation_input: EvaluationInput, now: datetime) -> EvaluationInput:
    profile = without_later_orders(evaluation_input.profile, now)
    return msgspec.structs.replace(evaluation_input, profile=profile)


def _due_by(evaluation: Evaluation, at: datetime) -> Evaluation:
    due = evaluation.due
    due = msgspec.structs.replace(due, at=earliest((due.at, at)))
    return msgspec.structs.replace(evaluation, due=due, later_order=at)


def _previous_states(
    states: Sequence[EvaluationState], rules: Rules
) -> list[tuple[PreviousState, Profile]]:
    """Return each person's state at the last evaluation, and a profile that contains it."""
    profiles = [state.profile(state.evaluation_input.memory.segments) for state in states]
    changed = [state.changed_rules() for state in states]
    latest = states[0].policy.rule_changes.latest if states else None
    starts = _classified_as_of(profiles, [state.starts_at for state in states], rules)
    at_change = _classified_as_of(profiles, [latest if each else None for each in changed], rules)
    found = []
    for state, profile, names, start, then in zip(
        states, profiles, changed, starts, at_change, strict=True
    ):
        before = state.before(start, profile) if start else state.saved_before()
        if then:
            before = state.with_changed_rules(before, names, then, profile)
        same = before.segments == state.evaluation_input.memory.segments
        found.append((before, profile if same else state.profile(before.segments)))
    return found


def _classified_as_of(
    profiles: Sequence[Profile], times: Sequence[datetime | None], rules: Rules
) -> list[Classification | None]:
    """Classify people as of a time each; None where there is no time."""
    asked = [(as_of(p, at), at) for p, at in zip(profiles, times, strict=True) if at]
    decided = iter(classify_all(asked, rules))
    return [next(decided) if at else None for at in times]


def _classifications(
    seen: Sequence[tuple[PreviousState, Profile]], rules: Rules, now: datetime
) -> Iterator[Classification]:
    """Classify people at ``now``, reusing the previous classification where it is still valid."""
    still_valid = [before.still_valid(now) for before, _ in seen]
    asked = [
        (person, now) for (_, person), last in zip(seen, still_valid, strict=True) if last is None
    ]
    recomputed = iter(classify_all(asked, rules))
    return (last or next(recomputed) for last in still_valid)


def _evaluate_person(
    state: EvaluationState,
    before: PreviousState,
    profile: Profile,
    classification: Classification,
    enabled: EnabledWorkflows,
    now: datetime,
) -> Evaluation:
    evaluation_input, rules = state.evaluation_input, state.rules
    current_tags = state.merged(
        with_workflow_tags(classification.tags, evaluation_input.memory.added_by_workflows)
    )
    context = classification.context if classification.context.now == now else Context(profile, now)
    context = context.decided(current_tags.target, classification.segments, classification.tags)
    answers = matching_answers(rules, context)
    matched = holding(answers)
    changes = transitions(before.segments, classification.segments.keys(), now)
    new, lost = current_tags.target - before.current_tags, before.current_tags - current_tags.target
    consent, events = consent_change(profile, before.consent, now)
    trigger_context = _trigger_context(
        msgspec.structs.replace(profile, events=(*profile.events, *events)) if events else profile,
        now,
        dict(classification.segments),
        changes,
        new,
        lost,
        evaluated_at=evaluation_input.memory.evaluated_at,
        context=context,
    )
    since = dict.fromkeys(matched - before.matched, now)
    work = _work(
        evaluation_input, rules, enabled, context, trigger_context, since, answers, state.policy
    )
    steps = run_workflows(work)
    memory = state.new_memory(classification, current_tags.target, matched, steps, consent, now)
    at_once = (
        memory.added_by_workflows != evaluation_input.memory.added_by_workflows
        or memory.added_by_hand != current_tags.added_by_hand
        or changes_for_rules(steps)
    )
    return _evaluation(
        classification,
        profile,
        evaluation_input.memory,
        memory,
        tuple(
            [
                (transition, segment_reason(transition.segment, classification, rules))
                for transition in changes
            ]
        ),
        steps,
        withdrawn_runs(work),
        state.targets(classification, memory),
        _due(
            earliest(
                (
                    classification.changes_at,
                    next_due(work, steps),
                    evaluation_input.memory.standing.changes_at,
                )
            ),
            at_once,
        ),
        events=events,
    )
