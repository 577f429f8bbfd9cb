"""What a workflow would do for one customer, step by step and day by day. Nothing is saved or sent.

The rules of the daemon decide, with a clock that is moved from wait to wait. What is not known yet,
such as later orders, counts as not happening.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from msgspec.structs import replace
from sqlalchemy import Connection

from wcflow.actions.registry import ENTRY_KINDS, is_marketing
from wcflow.actions.tag import tag_change
from wcflow.config.load import Config
from wcflow.config.stores import StoreSettings
from wcflow.database import messages, suppression
from wcflow.evaluate.bulk import latest_event
from wcflow.evaluate.codes import looking, run_with_codes
from wcflow.evaluate.context import EvaluationContext, read_context
from wcflow.evaluate.evaluation import evaluate_input
from wcflow.evaluate.explain import context_for_when
from wcflow.evaluate.load import load_inputs
from wcflow.rules.attributes.registry import Kind
from wcflow.rules.classify import answer_when, classify
from wcflow.rules.contact import ContactRules, Deferred, Recipient, Refused, decide
from wcflow.rules.context import Context, RulePlace
from wcflow.rules.evaluation_input import EvaluationInput
from wcflow.rules.events import Event
from wcflow.rules.model import Workflow
from wcflow.rules.parser import parse_attribute
from wcflow.rules.run_steps import RunSetup, StepTaken, Taken, after_step, run_steps
from wcflow.rules.step_tree import label, outline
from wcflow.rules.steps import AddTag, RemoveTag, Send
from wcflow.rules.workflow_run import (
    NOTHING_HANDLED,
    Run,
    progress_words,
    rule_place,
    run_context,
    start_run,
    stop_reason,
)

MOST_LOOKS = 100
"""How often a wait for a condition is looked at before its end is taken."""
_ACCEPTS = parse_attribute("accepts_marketing", RulePlace(), frozenset({Kind.YESNO}))


@dataclass(frozen=True, slots=True)
class PreviewedChange:
    """Something that a step would write or send; ``remark`` says why it would not, or later."""

    what: str
    content: str
    payload: Mapping[str, object]
    remark: str = ""


@dataclass(frozen=True, slots=True)
class PreviewedRow:
    """A row of ``do``: when its turn comes (None: never), how it goes on, and what it would change.

    ``label`` is "" for else and end. ``text`` is indented by its branches.
    """

    label: str
    text: str
    at: datetime | None = None
    result: str = ""
    changes: Sequence[PreviewedChange] = ()


@dataclass(frozen=True, slots=True)
class Check:
    """Whether ``when`` and ``stop_when`` let a run go on after a wait; ``why_not`` is empty if so."""

    at: datetime
    step: str
    why_not: str


@dataclass(frozen=True, slots=True)
class WorkflowPreview:
    """What a workflow would do for a customer, and why it would not start (empty: it would).

    ``about`` is the event or order that the preview is about. ``when`` and ``stop_when`` are their
    answers now, in words. ``ends`` and ``outcome`` say when and how the run ends; later rows are
    there all the same.
    """

    workflow: str
    mode: str
    about: str
    starts_not: str
    when: str
    stop_when: str
    rows: Sequence[PreviewedRow]
    checks: Sequence[Check]
    ends: datetime
    outcome: str


def preview_workflow(
    tx: Connection,
    config: Config,
    settings: StoreSettings,
    workflow: Workflow,
    person: int,
    now: datetime,
) -> WorkflowPreview:
    """Return what a workflow would do for a person if it started now."""
    evaluation_context = read_context(tx, config, settings, now)
    (found,) = load_inputs(tx, evaluation_context, [person])
    walk = _Walk(tx, evaluation_context, config.contact, found, workflow)
    run, about, starts_not = walk.start(now)
    walk.finish(run, now)
    context = run_context(run, walk.context_at(now))
    when = answer_when(workflow.when, context)
    stop = workflow.stop_when.answer(context) if workflow.stop_when else None
    over = next((each for each in walk.checks if each.why_not), None)
    return WorkflowPreview(
        workflow.name,
        workflow.mode,
        about,
        starts_not,
        _answer_words(when.value, when.in_words()),
        _answer_words(stop.value, stop.in_words()) if stop else "",
        list(walk.rows()),
        walk.checks,
        over.at if over else walk.now,
        over.why_not if over else walk.run.reason,
    )


def _answer_words(value: bool | None, reasons: str) -> str:
    word = {True: "yes", False: "no", None: "not known"}[value]
    return word if reasons == "no condition" else f"{word}: {reasons}"


@dataclass(slots=True)
class _Walk:
    """The way of one run through its steps, with the time of each."""

    tx: Connection
    evaluation_context: EvaluationContext
    contact: ContactRules
    found: EvaluationInput
    workflow: Workflow
    now: datetime = field(init=False)
    run: Run = field(init=False)
    taken: list[StepTaken] = field(default_factory=list)
    times: dict[str, datetime] = field(default_factory=dict)
    results: dict[str, str] = field(default_factory=dict)
    changes: dict[str, list[PreviewedChange]] = field(default_factory=dict)
    checks: list[Check] = field(default_factory=list)
    sent: list[datetime] = field(default_factory=list)

    def context_at(self, at: datetime) -> Context:
        """Return what rules would see at a time, as far as it is known now."""
        memory, rules = self.found.memory, self.evaluation_context.rules
        decided = classify(self.found.profile, rules, at)
        tags = decided.tags | memory.added_by_workflows
        shown = (tags - memory.removed_by_hand) | memory.added_by_hand
        context = decided.context.decided(frozenset(shown), decided.segments, decided.tags)
        for result in self.taken:
            context = after_step(result, context)
        return context

    def start(self, now: datetime) -> tuple[Run, str, str]:
        """Return the run as it would start, what it is about, and why it would not start."""
        evaluation = evaluate_input(self.found, self.evaluation_context)
        context = Context(
            evaluation.profile,
            now,
            current_tags=evaluation.memory.current_tags,
            segments=evaluation.classification.segments,
        )
        latest = latest_event(self.workflow, context)
        context, about = context_for_when(self.workflow, context, latest)
        event = latest or Event("preview", now, context.order, context.item)
        runs = [run for run in self.found.runs if run.workflow == self.workflow.name]
        run = start_run(self.workflow, event, context, runs, "")
        why = run.reason or self._not_running(latest)
        if self.workflow.trigger.has_order and context.order is None:
            why = "the customer has no order, and the trigger is about one"
        return replace(run, state="waiting", reason="", mode="live"), about, why

    def _not_running(self, event: Event | None) -> str:
        handled = self.found.handled.get(self.workflow.name, NOTHING_HANDLED)
        if event is not None and handled.covers(self.workflow, event):
            return f"it has run for this already: {event.name}"
        activation = self.evaluation_context.activations[self.workflow.name]
        if self.workflow.mode == "off":
            return "the workflow is switched off"
        return "the workflow is paused" if activation.paused else ""

    def finish(self, run: Run, now: datetime) -> None:
        """Take all steps up to the end, from wait to wait."""
        self.run, self.now = run, now
        looks = 0
        while True:
            before = self.run
            context = run_context(before, self.context_at(self.now))
            if self.checks or before is not run:
                self._check(before, context)
            self._take(before, context)
            if self.run.state != "waiting" or self.run.due_at is None:
                return
            looks = looks + 1 if self.run.path == before.path else 0
            self._note_wait()
            self.now = self._wait_end() if looks > MOST_LOOKS else self.run.due_at

    def _check(self, run: Run, context: Context) -> None:
        why_not = stop_reason(self.workflow, context)
        if not self.checks or self.checks[-1].why_not != why_not or not run.awaits:
            self.checks.append(Check(self.now, run.next_step[0], why_not))

    def _take(self, run: Run, context: Context) -> None:
        policy = self.evaluation_context.policy
        place = rule_place(self.workflow)
        setup = RunSetup(self.evaluation_context.rules, place, policy.store, policy.secret)
        answer = looking(self.tx, self.evaluation_context.settings.name, self.now)
        self.run, taken = run_with_codes(
            lambda codes: run_steps(run, context, dataclasses.replace(setup, codes=codes)),
            run.person,
            answer,
        )
        self._note_progress(run)
        for each in taken:
            self.taken.append(each.result)
            self.times.setdefault(each.label, self.now)
            self.changes.setdefault(each.label, []).append(self._change(each, context))

    def _note_progress(self, before: Run) -> None:
        for name in self.run.progress:
            if self.run.progress[name] != before.progress.get(name):
                self.times.setdefault(name, self.now)
                if words := progress_words(self.run, name):
                    self.results[name] = words
        if self.run.state == "ended":
            name = label(self.run.path)
            self.times.setdefault(name, self.now)
            self.results[name] = f"the run ends: {self.run.reason}"

    def _note_wait(self) -> None:
        if self.run.awaits:
            self.results[label(self.run.path)] = "waits"
            return
        *outer, last = self.run.path
        assert isinstance(last, int), "a path ends with an index"
        name = label((*outer, last - 1))
        self.times.setdefault(name, self.now)
        self.results[name] = "waits"

    def _wait_end(self) -> datetime:
        return datetime.fromisoformat(self.run.progress[label(self.run.path)]["until"])

    def _change(self, taken: Taken, context: Context) -> PreviewedChange:
        result = taken.result
        assert isinstance(result, AddTag | RemoveTag | Send), "all codes are answered"
        send = result if isinstance(result, Send) else tag_change(result)
        kind = ENTRY_KINDS[send.kind]
        content = kind.content(send.payload, self.evaluation_context.store.zone)
        remark = f"cancelled: {send.impossible}" if send.impossible else ""
        if kind.message and not send.impossible:
            remark = self._message_remark(send, context)
        place = f"{kind.phrase} {kind.resource} {send.target}"
        what = place if kind.resource and send.target else kind.one
        return PreviewedChange(what.strip(), content, dict(send.payload), remark)

    def _message_remark(self, send: Send, context: Context) -> str:
        """Return why a message would not be sent then; nothing if it would be."""
        store, zone = self.evaluation_context.settings.name, self.evaluation_context.store.zone
        kind, marketing = ENTRY_KINDS[send.kind], is_marketing(send.kind, send.payload)
        address = suppression.normalize_address(kind.channel, str(send.payload["to"]))
        known = suppression.load(self.tx, store, kind.channel, [address]).get(address)
        stopped = known is not None and known.stops(transactional=not marketing)
        since = self.contact.counted_from(self.now, zone)
        person = self.run.person
        earlier = messages.load_sent(self.tx, store, [person], since).get(person, [])
        verdict = decide(
            Recipient(
                _accepts(context),
                f"the address gets no messages: {known.words}" if known and stopped else "",
                [*earlier, *self.sent],
            ),
            self.contact,
            self.now,
            zone,
            transactional=not marketing,
        )
        if isinstance(verdict, Refused):
            return f"not sent: {verdict.reason}"
        if marketing:
            self.sent.append(verdict.until if verdict else self.now)
        return verdict.reason if isinstance(verdict, Deferred) else ""

    def rows(self) -> Iterator[PreviewedRow]:
        """Return all rows of ``do`` in their order."""
        for name, text in outline(self.run.steps):
            skipped = bool(name) and name not in self.times
            result = "not taken" if skipped else self.results.get(name, "")
            yield PreviewedRow(name, text, self.times.get(name), result, self.changes.get(name, []))


def _accepts(context: Context) -> bool | None:
    value = _ACCEPTS.found(context).value
    return value if isinstance(value, bool) else None
