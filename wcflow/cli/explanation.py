"""Why a person is what they are: every rule asked of them, as values. Nothing is printed or kept.

The judgement is the daemon's own, taken as of now.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from sqlalchemy import Connection

from wcflow.cli import describe
from wcflow.cli.contacts import Contact, contact_of
from wcflow.config.load import Config
from wcflow.config.stores import StoreSettings
from wcflow.config.summary import trigger_words
from wcflow.database import outbox, people
from wcflow.database.sql import instant
from wcflow.evaluate.bulk import latest_occurrence
from wcflow.evaluate.context import EvaluationContext, read_context
from wcflow.evaluate.evaluation import evaluate_input
from wcflow.evaluate.load import load_inputs
from wcflow.profile import Profile, net_total, order_date, paid_orders
from wcflow.rules.classify import RuleResult, qualifies, rule_results
from wcflow.rules.conditions import Part
from wcflow.rules.context import Context
from wcflow.rules.evaluate import Evaluation
from wcflow.rules.evaluation_input import EvaluationInput
from wcflow.rules.events import Event
from wcflow.rules.model import Rules, Workflow
from wcflow.rules.workflow_run import Run

LATEST = 50


@dataclass(frozen=True, slots=True)
class RuleSeen:
    """What a segment or tag rule says of a person. ``behind`` is the segment that comes first."""

    kind: str
    name: str
    holds: bool | None
    counts: bool
    behind: str
    tags: Sequence[str]
    parts: Sequence[Part]


@dataclass(frozen=True, slots=True)
class WorkflowSeen:
    """How a workflow stands to a person.

    ``about`` is the occurrence or order of which ``when`` was asked, ``standing`` says in words
    what came or comes of it.
    """

    name: str
    trigger: str
    mode: str
    since: datetime | None
    about: str
    holds: bool | None
    parts: Sequence[Part]
    stops: bool | None
    stop_parts: Sequence[Part]
    standing: str
    runs: Sequence[Run]


@dataclass(frozen=True, slots=True)
class TransitionSeen:
    at: datetime
    segment: str
    entered: bool
    reason: str


@dataclass(frozen=True, slots=True)
class EntrySeen:
    id: int
    queued_at: datetime
    state: str
    deed: str
    content: str
    rule: str
    outcome: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """A person, and why they are what they are. ``tags`` and ``refused`` say where each is from."""

    store: str
    subject: str
    contact: Contact
    orders: int
    spent: Decimal
    currency: str
    without_rate: int
    last_order: datetime | None
    evaluated_at: datetime | None
    changes_at: datetime | None
    segments: Mapping[str, datetime]
    tags: Mapping[str, Sequence[str]]
    refused: Sequence[str]
    shown_at: Mapping[str, bool]
    rules: Sequence[RuleSeen]
    workflows: Sequence[WorkflowSeen]
    moves: Sequence[TransitionSeen]
    effects: Sequence[EntrySeen]


def explain_person(
    tx: Connection, config: Config, settings: StoreSettings, subject: str, now: datetime
) -> Explanation:
    """Judge a person as of now, and say why."""
    bench = read_context(tx, config, settings, now)
    (case,) = load_inputs(tx, bench, [subject])
    judged = evaluate_input(case, bench)
    paid = paid_orders(judged.profile)
    return Explanation(
        store=settings.name,
        subject=subject,
        contact=contact_of(case.profile),
        orders=len(paid),
        spent=_spent(judged.profile),
        currency=bench.shop.currency,
        without_rate=sum(net_total(order, bench.shop) is None for order in paid),
        last_order=order_date(paid[-1]) if paid else None,
        evaluated_at=case.memory.evaluated_at,
        changes_at=judged.due.at,
        segments=dict(judged.decision.segments),
        tags={tag: _sources(tag, case, judged, bench.rules) for tag in sorted(_worn(judged))},
        refused=sorted(judged.memory.refused),
        shown_at={f"{each.kind} {each.id}": not each.differs for each in judged.targets},
        # Asked anew: the words of a decision that has lasted are those of the day it was made.
        rules=[_rule(each) for each in rule_results(judged.profile, bench.rules, now)],
        workflows=[_workflow(each, case, judged, bench) for each in bench.rules.workflows],
        moves=_moves(tx, settings.name, subject),
        effects=_effects(tx, bench, subject),
    )


def _spent(profile: Profile) -> Decimal:
    totals = (net_total(order, profile.shop) for order in paid_orders(profile))
    return sum((total for total in totals if total is not None), Decimal(0))


def _rule(verdict: RuleResult) -> RuleSeen:
    return RuleSeen(
        kind=verdict.kind,
        name=verdict.name,
        holds=verdict.answer.value,
        counts=verdict.won,
        behind=verdict.behind,
        tags=sorted(verdict.tags),
        parts=verdict.answer.parts,
    )


# Where tags come from.


def _worn(judged: Evaluation) -> frozenset[str]:
    memory = judged.memory
    wanted = judged.decision.tags | memory.granted
    return (wanted - memory.refused) | memory.by_hand


def _sources(tag: str, case: EvaluationInput, judged: Evaluation, rules: Rules) -> list[str]:
    scope = judged.decision.scope
    from_rules = [
        f"{each.kind} {each.name}" + ("" if each.answer.holds else ", for good")
        for each in rule_results(scope.profile, rules, scope.now)
        if tag in each.tags
    ]
    if tag in judged.memory.granted:
        from_rules += _granters(tag, case) or ["a workflow"]
    return from_rules + (["by hand"] if tag in judged.memory.by_hand else [])


def _granters(tag: str, case: EvaluationInput) -> list[str]:
    """Name the workflows that put a tag on, as far as their steps say it without a template."""
    runs = [run for run in case.runs if run.mode == "live" and f"add_tag {tag}" in run.steps]
    return sorted({f"workflow {run.workflow}" for run in runs})


# How workflows stand.


def _workflow(
    workflow: Workflow, case: EvaluationInput, judged: Evaluation, bench: EvaluationContext
) -> WorkflowSeen:
    scope = Context(
        judged.profile, bench.now, worn=judged.memory.worn, segments=judged.decision.segments
    )
    occurrence = latest_occurrence(workflow, scope)
    asked, about = _asked_of(workflow, scope, occurrence)
    when = qualifies(workflow.when, asked)
    stop = workflow.stop_when.ask(asked) if workflow.stop_when else None
    return WorkflowSeen(
        name=workflow.name,
        trigger=trigger_words(workflow.trigger),
        mode=workflow.mode,
        since=bench.watches[workflow.name].since,
        about=about,
        holds=when.value,
        parts=when.parts,
        stops=stop.value if stop else None,
        stop_parts=stop.parts if stop else (),
        standing=_standing(workflow, occurrence, case, judged, bench),
        runs=[run for run in case.runs if run.workflow == workflow.name],
    )


def _asked_of(workflow: Workflow, scope: Context, occurrence: Event | None) -> tuple[Context, str]:
    """Give of what ``when`` is asked: the latest occurrence, else the person's latest order."""
    if occurrence is not None:
        asked = replace(scope, order=occurrence.order, item=occurrence.item)
        return asked, occurrence.name
    if workflow.trigger.has_order and scope.profile.orders:
        order = max(scope.profile.orders, key=lambda each: (each.created, each.id))
        item = order.items[-1] if workflow.trigger.has_item and order.items else None
        return replace(scope, order=order, item=item), f"their latest order {order.number}"
    return scope, ""


def _standing(
    workflow: Workflow,
    occurrence: Event | None,
    case: EvaluationInput,
    judged: Evaluation,
    bench: EvaluationContext,
) -> str:
    watch = bench.watches[workflow.name]
    if workflow.mode == "off":
        return "it is switched off"
    begun = [run for run, _ in judged.took if run.workflow == workflow.name and run.id is None]
    if begun:
        words = "is passed over" if begun[-1].state == "skipped" else "sets it off"
        return f"{begun[-1].occurrence} {words} with the next walk"
    if occurrence is None:
        return "nothing has set it off yet"
    if occurrence.name in case.seen.get(workflow.name, ()):
        return "it has looked at that"
    if occurrence.at < watch.since and not workflow.include_existing:
        return "that was before it was switched on"
    return "it will look at that with the next walk"


def _moves(tx: Connection, store: str, subject: str) -> list[TransitionSeen]:
    return [
        TransitionSeen(instant(each.at), each.segment, each.entered, each.reason)
        for each in people.transitions_of(tx, store, subject)
    ]


def _effects(tx: Connection, bench: EvaluationContext, subject: str) -> list[EntrySeen]:
    entries = outbox.entries_of(tx, bench.settings.name, subject, LATEST)
    return [
        EntrySeen(
            each.id,
            each.queued_at,
            each.state,
            describe.deed(each),
            describe.wanted(each, bench.shop.zone),
            each.rule,
            each.outcome,
        )
        for each in entries
    ]


def rules_named(found: Explanation, name: str) -> Iterator[str]:
    """Give the rules that ``name`` may mean: ``VIP``, or ``segment VIP``."""
    for kind, known in all_rules(found):
        if name in (known, f"{kind} {known}"):
            yield f"{kind} {known}"


def all_rules(found: Explanation) -> Iterator[tuple[str, str]]:
    """Give kind and name of every rule."""
    yield from ((each.kind, each.name) for each in found.rules)
    yield from (("workflow", each.name) for each in found.workflows)


def only(found: Explanation, rules: Sequence[str]) -> Explanation:
    """Give what concerns these rules alone."""
    segments = {rule.partition(" ")[2] for rule in rules if rule.startswith("segment ")}
    return replace(
        found,
        rules=[each for each in found.rules if f"{each.kind} {each.name}" in rules],
        workflows=[each for each in found.workflows if f"workflow {each.name}" in rules],
        moves=[each for each in found.moves if each.segment in segments],
        effects=[each for each in found.effects if each.rule in rules],
    )
