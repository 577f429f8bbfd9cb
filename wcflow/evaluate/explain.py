"""Explain a person's segments, tags and workflows: the result of every rule, as values.

It is the daemon's own evaluation, as of now. Nothing is saved.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from sqlalchemy import Connection

from wcflow.actions.registry import content_words, entry_words
from wcflow.config.load import Config
from wcflow.config.stores import StoreSettings
from wcflow.database import outbox, people
from wcflow.database.contacts import Contact, contact_of_profile
from wcflow.database.sql import instant
from wcflow.evaluate.bulk import latest_event
from wcflow.evaluate.context import EvaluationContext, read_context
from wcflow.evaluate.evaluation import evaluate_input
from wcflow.evaluate.explain_campaigns import CampaignExplanation, explain_campaigns
from wcflow.evaluate.load import load_inputs
from wcflow.profile import (
    HIDDEN_STATUSES,
    Profile,
    net_total,
    order_date,
    paid_orders,
    why_not_paid,
)
from wcflow.rules.classify import RuleResult, answer_when, rule_results
from wcflow.rules.conditions import ComparisonResult
from wcflow.rules.context import Context
from wcflow.rules.evaluate import Evaluation
from wcflow.rules.evaluation_input import EvaluationInput
from wcflow.rules.events import Event
from wcflow.rules.literals import fold
from wcflow.rules.model import Rules, Workflow
from wcflow.rules.step_tree import texts
from wcflow.rules.steps import adds_tag
from wcflow.rules.triggers.needs import unmet_needs
from wcflow.rules.workflow_run import NOTHING_HANDLED, Run

LATEST_ENTRIES = 50
BY_HAND = "added by hand"


@dataclass(frozen=True, slots=True)
class RuleExplanation:
    """The result of a segment or tag rule.

    ``applies`` is whether it puts the person into its segment, or adds its tags. ``blocked_by`` is
    the segment of its group that comes first.
    """

    kind: str
    name: str
    matches: bool | None
    applies: bool
    blocked_by: str
    tags: Sequence[str]
    comparisons: Sequence[ComparisonResult]


@dataclass(frozen=True, slots=True)
class WorkflowExplanation:
    """What a workflow does for a person.

    ``evaluated_for`` is the event or order for which ``when`` was evaluated. ``status`` is what
    happened or will happen, in words.
    """

    name: str
    trigger: str
    mode: str
    enabled_since: datetime | None
    evaluated_for: str
    when_matches: bool | None
    when_comparisons: Sequence[ComparisonResult]
    stop_when_matches: bool | None
    stop_when_comparisons: Sequence[ComparisonResult]
    status: str
    runs: Sequence[Run]


@dataclass(frozen=True, slots=True)
class PastTransition:
    at: datetime
    segment: str
    entered: bool
    reason: str


@dataclass(frozen=True, slots=True)
class QueuedChange:
    id: int
    queued_at: datetime
    state: str
    change: str
    content: str
    rule: str
    outcome: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """A person, and the reasons for their segments, tags and runs.

    ``tags`` maps each tag to its sources. ``saved_in_store`` maps each customer and order to whether
    the store has the present tags and segment. ``orders_count`` counts paid orders.
    """

    store: str
    person: int
    customer: Contact
    orders_count: int
    total_spent: Decimal
    currency: str
    orders_without_rate: int
    last_order_at: datetime | None
    not_counted: Mapping[int, str]
    evaluated_at: datetime | None
    next_change_at: datetime | None
    segments: Mapping[str, datetime]
    tags: Mapping[str, Sequence[str]]
    tags_removed_by_hand: Sequence[str]
    groups: Sequence[str]
    tier: str | None
    points: int | None
    saved_in_store: Mapping[str, bool]
    rules: Sequence[RuleExplanation]
    workflows: Sequence[WorkflowExplanation]
    campaigns: Sequence[CampaignExplanation]
    transitions: Sequence[PastTransition]
    changes: Sequence[QueuedChange]


def explain_person(
    tx: Connection, config: Config, settings: StoreSettings, person: int, now: datetime
) -> Explanation:
    """Evaluate a person as of now and explain the result."""
    evaluation_context = read_context(tx, config, settings, now)
    (evaluation_input,) = load_inputs(tx, evaluation_context, [person])
    evaluation = evaluate_input(evaluation_input, evaluation_context)
    paid, standing = paid_orders(evaluation.profile), evaluation.memory.standing
    return Explanation(
        store=settings.name,
        person=person,
        customer=contact_of_profile(evaluation_input.profile),
        orders_count=len(paid),
        total_spent=_total_spent(evaluation.profile),
        currency=evaluation_context.store.currency,
        orders_without_rate=sum(
            net_total(order, evaluation_context.store) is None for order in paid
        ),
        last_order_at=order_date(paid[-1]) if paid else None,
        not_counted=_not_counted(evaluation_input.profile, now),
        evaluated_at=evaluation_input.memory.evaluated_at,
        next_change_at=evaluation.due.at,
        segments=dict(evaluation.classification.segments),
        tags={
            tag: _tag_sources(tag, evaluation_input, evaluation, evaluation_context.rules)
            for tag in sorted(_current_tags(evaluation))
        },
        tags_removed_by_hand=sorted(evaluation.memory.removed_by_hand),
        groups=sorted(standing.groups, key=str.casefold),
        tier=standing.tier.tier or None if standing.tier else None,
        points=standing.balance,
        saved_in_store={f"{each.kind} {each.id}": not each.differs for each in evaluation.targets},
        # Evaluated here: a classification that is still valid has the values of an earlier day.
        rules=[
            _explain_rule(each)
            for each in rule_results(evaluation.profile, evaluation_context.rules, now)
        ],
        workflows=[
            _explain_workflow(each, evaluation_input, evaluation, evaluation_context)
            for each in evaluation_context.rules.workflows
        ],
        campaigns=list(explain_campaigns(tx, evaluation_context, evaluation_input)),
        transitions=_load_transitions(tx, settings.name, person),
        changes=_load_entries(tx, evaluation_context, person),
    )


def _not_counted(profile: Profile, now: datetime) -> dict[int, str]:
    """Return why orders do not count as paid orders, newest first; drafts are left out."""
    reasons = {
        order.id: "dated in the future" if order_date(order) > now else why_not_paid(order, profile)
        for order in reversed(profile.orders)
        if order.status not in HIDDEN_STATUSES
    }
    return {key: why for key, why in reasons.items() if why}


def _total_spent(profile: Profile) -> Decimal:
    totals = (net_total(order, profile.store) for order in paid_orders(profile))
    return sum((total for total in totals if total is not None), Decimal(0))


def _explain_rule(result: RuleResult) -> RuleExplanation:
    return RuleExplanation(
        kind=result.kind,
        name=result.name,
        matches=result.answer.value,
        applies=result.won,
        blocked_by=result.blocked_by,
        tags=sorted(result.tags),
        comparisons=result.answer.parts,
    )


def _current_tags(evaluation: Evaluation) -> frozenset[str]:
    memory = evaluation.memory
    computed = evaluation.classification.tags | memory.added_by_workflows
    return (computed - memory.removed_by_hand) | memory.added_by_hand


def _tag_sources(
    tag: str, evaluation_input: EvaluationInput, evaluation: Evaluation, rules: Rules
) -> list[str]:
    context = evaluation.classification.context
    from_rules = [
        f"{each.kind} {each.name}" + ("" if each.answer.holds else ", kept forever")
        for each in rule_results(context.profile, rules, context.now)
        if tag in each.tags
    ]
    if tag in evaluation.memory.added_by_workflows:
        from_rules += _adding_workflows(tag, evaluation_input, rules) or ["a workflow"]
    return from_rules + ([BY_HAND] if tag in evaluation.memory.added_by_hand else [])


def _adding_workflows(tag: str, evaluation_input: EvaluationInput, rules: Rules) -> list[str]:
    """Return the workflows that added a tag, unless the tag in the step is a template."""
    runs = [
        run
        for run in evaluation_input.runs
        if run.mode == "live"
        and any(adds_tag(step, tag, rules.actions) for step in texts(run.steps, run.sides))
    ]
    return sorted({f"workflow {run.workflow}" for run in runs})


def _explain_workflow(
    workflow: Workflow,
    evaluation_input: EvaluationInput,
    evaluation: Evaluation,
    evaluation_context: EvaluationContext,
) -> WorkflowExplanation:
    context = Context(
        evaluation.profile,
        evaluation_context.now,
        current_tags=evaluation.memory.current_tags,
        segments=evaluation.classification.segments,
    )
    event = latest_event(workflow, context)
    when_context, evaluated_for = context_for_when(workflow, context, event)
    when = answer_when(workflow.when, when_context)
    stop = workflow.stop_when.answer(when_context) if workflow.stop_when else None
    return WorkflowExplanation(
        name=workflow.name,
        trigger=workflow.trigger.text,
        mode=workflow.mode,
        enabled_since=evaluation_context.activations[workflow.name].since,
        evaluated_for=evaluated_for,
        when_matches=when.value,
        when_comparisons=when.parts,
        stop_when_matches=stop.value if stop else None,
        stop_when_comparisons=stop.parts if stop else (),
        status=_workflow_status(workflow, event, evaluation_input, evaluation, evaluation_context),
        runs=[run for run in evaluation_input.runs if run.workflow == workflow.name],
    )


def context_for_when(
    workflow: Workflow, context: Context, event: Event | None
) -> tuple[Context, str]:
    """Return the context of ``when``: the latest event, or else the person's latest order."""
    if event is not None:
        return replace(context, order=event.order, item=event.item), event.name
    if workflow.trigger.has_order and context.profile.orders:
        order = max(context.profile.orders, key=lambda each: (each.created, each.id))
        item = order.items[-1] if workflow.trigger.has_item and order.items else None
        return replace(context, order=order, item=item), f"their latest order {order.number}"
    return context, ""


def _workflow_status(
    workflow: Workflow,
    event: Event | None,
    evaluation_input: EvaluationInput,
    evaluation: Evaluation,
    evaluation_context: EvaluationContext,
) -> str:
    activation = evaluation_context.activations[workflow.name]
    if workflow.mode == "off" or activation.paused:
        return "paused" if activation.paused else "switched off"
    started = [
        run for run, _ in evaluation.steps_taken if run.workflow == workflow.name and run.id is None
    ]
    if started:
        words = "is skipped" if started[-1].state == "skipped" else "starts it"
        return f"{started[-1].event} {words} with the next sync"
    if event is None:
        store = evaluation_context.store
        unmet = unmet_needs(
            [workflow],
            has_companion=store.has_companion,
            has_subscriptions=store.has_subscriptions,
        )
        return next((f"never starts: {each.lack}" for each in unmet), "not started yet")
    if evaluation_input.handled.get(workflow.name, NOTHING_HANDLED).covers(workflow, event):
        return "already handled"
    if event.at < activation.since and not workflow.include_existing:
        return "skipped: happened before this workflow was enabled"
    return "will be handled by the next sync"


def _load_transitions(tx: Connection, store: str, person: int) -> list[PastTransition]:
    return [
        PastTransition(instant(each.at), each.segment, each.entered, each.reason)
        for each in people.load_transitions(tx, store, person)
    ]


def _load_entries(
    tx: Connection, evaluation_context: EvaluationContext, person: int
) -> list[QueuedChange]:
    entries = outbox.load_person_entries(
        tx, evaluation_context.settings.name, person, LATEST_ENTRIES
    )
    return [
        QueuedChange(
            each.id,
            each.queued_at,
            each.state,
            entry_words(each),
            content_words(each, evaluation_context.store.zone),
            each.rule,
            each.outcome,
        )
        for each in entries
    ]


def rules_named(explanation: Explanation, name: str) -> Iterator[str]:
    """Return the rules with this name, in any case: ``VIP`` or ``segment VIP``."""
    for kind, known in all_rules(explanation):
        if fold(name) in (fold(known), fold(f"{kind} {known}")):
            yield f"{kind} {known}"


def all_rules(explanation: Explanation) -> Iterator[tuple[str, str]]:
    """Return kind and name of every rule."""
    yield from ((each.kind, each.name) for each in explanation.rules)
    yield from (("workflow", each.name) for each in explanation.workflows)
    yield from (("campaign", each.name) for each in explanation.campaigns)


def only_rules(explanation: Explanation, rules: Sequence[str]) -> Explanation:
    """Return the explanation of these rules only."""
    segments = {rule.partition(" ")[2] for rule in rules if rule.startswith("segment ")}
    return replace(
        explanation,
        rules=[each for each in explanation.rules if f"{each.kind} {each.name}" in rules],
        workflows=[each for each in explanation.workflows if f"workflow {each.name}" in rules],
        campaigns=[each for each in explanation.campaigns if f"campaign {each.name}" in rules],
        transitions=[each for each in explanation.transitions if each.segment in segments],
        changes=[each for each in explanation.changes if each.rule in rules],
    )
