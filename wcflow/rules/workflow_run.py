"""Which workflows a person sets off, and what their runs do next. Pure.

A run is pinned to the steps that it started with. Each occurrence is looked at once: whether it
set the workflow off or not, a run with its reason remains of it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, tzinfo

import msgspec
from msgspec.structs import replace

from wcflow.profile import Profile
from wcflow.records import LineItem, Order
from wcflow.rules.classify import qualifies
from wcflow.rules.codes import work_key
from wcflow.rules.context import Context, Place
from wcflow.rules.errors import RuleErrors
from wcflow.rules.events import Event, TriggerContext
from wcflow.rules.model import Once, Rules, Workflow
from wcflow.rules.steps import (
    Actions,
    AddTag,
    RemoveTag,
    Send,
    Step,
    StepContext,
    StepRefused,
    StepScope,
    Stop,
    Wait,
    parse_step,
)
from wcflow.rules.templates import TemplateError
from wcflow.units import after

SETTLING_SECONDS = 120


class Run(msgspec.Struct, frozen=True):
    """A workflow at work for one person, or what remains of an occurrence it saw.

    ``state`` is waiting, done, ended or skipped. ``memory`` holds what its steps made, for the
    templates of later ones. ``id`` is None until the mirror has kept it.
    """

    workflow: str
    subject: str
    occurrence: str
    at: datetime
    started_at: datetime
    steps: tuple[str, ...]
    state: str = "waiting"
    step: int = 0
    due_at: datetime | None = None
    order_id: int = 0
    item_id: int = 0
    mode: str = "live"
    reason: str = ""
    digest: str = ""
    memory: Mapping[str, object] = msgspec.field(default_factory=dict)
    id: int | None = None

    @property
    def counts(self) -> bool:
        """Say whether the workflow acted on it, as against one that was only considered."""
        return self.state != "skipped"


@dataclass(frozen=True, slots=True)
class Activation:
    """Since when a workflow is watching; what happened before is history."""

    since: datetime
    mode: str


def new_events(
    workflow: Workflow, watch: Activation, sight: TriggerContext, seen: Collection[str]
) -> Iterator[Event]:
    """Give the occurrences that this workflow has not looked at yet, oldest first."""
    found = [*workflow.trigger.occurrences(sight)]
    if len(found) > 1:
        found.sort(key=lambda each: (each.at, each.name))
    for each in found:
        if each.name in seen or not (workflow.include_existing or each.at >= watch.since):
            continue
        if not _unsettled(each.order, sight.now):
            yield each


def _unsettled(order: Order | None, now: datetime) -> bool:
    """Say whether an order's lines may still be on their way.

    WooCommerce commits an order before it saves its lines; a young one without any is read again
    before anything is set off by it (FACTS: Orders).
    """
    if order is None or order.items:
        return False
    return (now - order.modified).total_seconds() < SETTLING_SECONDS


def start(
    workflow: Workflow, occurrence: Event, scope: Context, runs: Collection[Run], digest: str
) -> Run:
    """Begin a run, or say why the occurrence sets nothing off."""
    run = Run(
        workflow=workflow.name,
        subject=scope.profile.subject,
        occurrence=occurrence.name,
        at=occurrence.at,
        started_at=scope.now,
        steps=tuple(step.text for step in workflow.do),
        order_id=occurrence.order.id if occurrence.order else 0,
        item_id=occurrence.item.id if occurrence.item else 0,
        mode=workflow.mode,
        digest=digest,
        due_at=scope.now,
    )
    reason = _why_not(workflow, occurrence, scope, runs)
    return _over(run, "skipped", reason) if reason else run


def _why_not(workflow: Workflow, occurrence: Event, scope: Context, runs: Collection[Run]) -> str:
    if workflow.only and scope.profile.email not in workflow.only:
        return "only the addresses of 'only' are tried"
    spent = _spent(workflow.once, occurrence, scope, runs)
    if spent:
        return f"once {spent}: it already ran"
    return stop_reason(workflow, scope)


def _spent(once: Once, occurrence: Event, scope: Context, runs: Collection[Run]) -> str:
    mine = [run for run in runs if run.counts]
    if once.per == "customer" and mine:
        return "per customer"
    if once.per == "order" and occurrence.order is not None:
        same = any(run.order_id == occurrence.order.id for run in mine)
        return "per order" if same else ""
    if once.every is not None and _within(once, mine, scope.now, scope.profile.shop.zone):
        return f"every {once.every}"
    return ""


def _within(once: Once, runs: Iterable[Run], now: datetime, zone: tzinfo) -> bool:
    assert once.every is not None
    return any(after(run.started_at, once.every, zone) > now for run in runs)


def stop_reason(workflow: Workflow, scope: Context) -> str:
    """Say why a person does not, or no longer, qualify; nothing if they do."""
    answer = qualifies(workflow.when, scope)
    if not answer.holds:
        return f"when does not hold: {answer.in_words()}"
    if workflow.stop_when is not None:
        stop = workflow.stop_when.ask(scope)
        if stop.holds:
            return f"stop_when holds: {stop.in_words()}"
    return ""


@dataclass(frozen=True, slots=True)
class Taken:
    """A step that was taken: its number in the run from 0, its action, and what follows."""

    number: int
    action: str
    result: AddTag | RemoveTag | Send


@dataclass(frozen=True, slots=True)
class RunSetup:
    """What the steps of a run need besides the person: the rules, the place, and the store's secret."""

    rules: Rules
    place: Place
    store: str = ""
    secret: str = field(default="", repr=False)

    def key(self, run: Run, number: int) -> str:
        """Return the key of a step, from which codes and marks derive."""
        return work_key(self.secret, self.store, run.workflow, run.subject, run.occurrence, number)


def run_steps(run: Run, facts: Context, setup: RunSetup) -> tuple[Run, tuple[Taken, ...]]:
    """Take all steps that are due, up to a pause or the end."""
    taken: list[Taken] = []
    memory = dict(run.memory)
    for number in range(run.step, len(run.steps)):
        variables = step_variables(memory, setup.rules.actions)
        try:
            step = pinned(run.steps[number], setup, frozenset(variables))
            result = step.plan(
                StepContext(
                    facts,
                    variables,
                    setup.rules.sections,
                    setup.key(run, number),
                    f"{run.workflow}, {run.occurrence}",
                )
            )
        except (RuleErrors, TemplateError, StepRefused) as error:
            return _over(run, "ended", f"step {number + 1}: {error}", memory), tuple(taken)
        if isinstance(result, Stop):
            return _over(run, "ended", result.reason, memory), tuple(taken)
        if isinstance(result, Wait):
            return _paused(run, number + 1, result.until, memory), tuple(taken)
        if isinstance(result, Send):
            memory |= result.remember
        taken.append(Taken(number, step.action.name, result))
    return _over(run, "done", "all steps were taken", memory), tuple(taken)


def step_variables(memory: Mapping[str, object], actions: Actions) -> dict[str, object]:
    """Return what templates can say of earlier steps."""
    if not memory:
        return {}
    return {
        name: value for action in actions.values() for name, value in action.recall(memory).items()
    }


def pinned(text: str, setup: RunSetup, variables: frozenset[str]) -> Step:
    """Parse a step of a run; raises RuleErrors where the section that it names is gone."""
    scope = StepScope(setup.place, setup.rules.section_names, variables)
    return parse_step(text, scope, setup.rules.actions)


def scope_of(run: Run, scope: Context, elsewhere: Order | None = None) -> Context:
    """Give the scope with the order and line that set the run off, as they are now.

    ``elsewhere`` is that order where it is another person's.
    """
    order = _order(scope.profile, run.order_id) or elsewhere
    item = _item(order, run.item_id) if order else None
    return scope.about(order, item)


def _order(profile: Profile, order_id: int) -> Order | None:
    return next((order for order in profile.orders if order.id == order_id), None)


def _item(order: Order, item_id: int) -> LineItem | None:
    return next((item for item in order.items if item.id == item_id), None)


def place_of(workflow: Workflow) -> Place:
    """Give what the conditions and texts of a workflow may ask."""
    trigger = workflow.trigger
    return Place(order=trigger.has_order, item=trigger.has_item, tags=True, segments=True)


def _over(run: Run, state: str, reason: str, memory: Mapping[str, object] | None = None) -> Run:
    return replace(run, state=state, reason=reason, due_at=None, memory=memory or run.memory)


def _paused(run: Run, step: int, until: datetime, memory: Mapping[str, object]) -> Run:
    return replace(run, state="waiting", step=step, due_at=until, memory=memory)


def ended(run: Run, reason: str) -> Run:
    """Give the run as ended."""
    return _over(run, "ended", reason)
