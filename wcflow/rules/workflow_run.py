"""Which events start a workflow for a person, and why others do not. Pure.

A workflow handles each event once: whether it starts or skips it, a run with the reason remains.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo

import msgspec
from msgspec.structs import replace

from wcflow.profile import Profile, latest_order
from wcflow.records import LineItem, Order
from wcflow.rules.classify import answer_when
from wcflow.rules.context import Context, RulePlace
from wcflow.rules.events import Event, TriggerContext
from wcflow.rules.model import CAMPAIGN_PREFIX, LIVE, Once, Workflow
from wcflow.rules.step_blocks import pinned
from wcflow.rules.step_tree import Node, Path, label, node_at, settled
from wcflow.units import add_duration

SETTLING_SECONDS = 120


class Run(msgspec.Struct, frozen=True):
    """One execution of a workflow for one person, or an event that it skipped.

    ``state`` is waiting, done, ended or skipped. ``steps`` is a tree, ``path`` says where it goes
    on. ``purchase_id`` is the order or subscription that started it, else the person's newest order
    at that time; the store numbers both together.
    ``variables`` holds what steps made, for the templates of later ones. ``progress`` says by label
    which side a branch took, until when a step waits for its condition, and why it went on. ``id``
    is None until the run is saved.
    """

    workflow: str
    person: int
    event: str
    event_at: datetime
    started_at: datetime
    steps: tuple[Node, ...]
    state: str = "waiting"
    path: Path = (0,)
    due_at: datetime | None = None
    order_id: int = 0
    line_item_id: int = 0
    purchase_id: int = 0
    mode: str = "live"
    reason: str = ""
    rules_digest: str = ""
    variables: Mapping[str, object] = msgspec.field(default_factory=dict)
    progress: Mapping[str, Mapping[str, str]] = msgspec.field(default_factory=dict)
    id: int | None = None

    @property
    def counts(self) -> bool:
        """Whether the workflow acted, and did not only skip the event."""
        return self.state != "skipped"

    @property
    def sides(self) -> dict[str, str]:
        """The sides that branches took, by label."""
        return {name: each["side"] for name, each in self.progress.items() if "side" in each}

    @property
    def awaits(self) -> bool:
        """Whether it waits until a condition holds."""
        return bool(self.progress) and "until" in self.progress.get(label(self.path), {})

    @property
    def of_campaign(self) -> bool:
        return self.workflow.startswith(CAMPAIGN_PREFIX)

    @property
    def rule(self) -> str:
        """What its outbox entries name as their rule: ``workflow welcome``, ``campaign sale``."""
        return self.workflow if self.of_campaign else f"workflow {self.workflow}"

    @property
    def next_step(self) -> tuple[str, str]:
        """The label and the text of the next step; empty at the end."""
        path = settled(self.steps, self.path)
        if path is None:
            return "", ""
        node = node_at(self.steps, path)
        return label(path), node if isinstance(node, str) else f"if {node and node['if']}"


@dataclass(frozen=True, slots=True)
class Activation:
    """Since when a workflow is enabled; earlier events do not start it.

    While it is ``paused``, nothing starts or continues.
    """

    since: datetime
    mode: str
    paused: bool = False


SWITCHED_OFF = "the workflow is switched off"
REMOVED = "the workflow is no longer in the configuration"


class Handled(msgspec.Struct, frozen=True):
    """What a workflow has handled for a person: events by name, and the orders that it has seen.

    That includes what it has handled of the person's orders while they were someone else's.
    ``moved_purchase`` is an order that has come from another person since the last evaluation, and
    that was the newest order of theirs when the workflow ran for them.
    """

    events: frozenset[str] = frozenset()
    orders: frozenset[int] = frozenset()
    moved_purchase: int = 0

    def covers(self, workflow: Workflow, event: Event) -> bool:
        """Return whether an event must not start the workflow again.

        The first order of a guest can be the third of the account that it moves to.
        """
        if event.name in self.events or not event.same_as.isdisjoint(self.events):
            return True
        if event.order is None or not workflow.trigger.kind.counts_orders:
            return False
        return event.order.id in self.orders


NOTHING_HANDLED = Handled()


def new_events(
    workflow: Workflow,
    activation: Activation,
    trigger_context: TriggerContext,
    handled: Handled,
) -> list[Event]:
    """Return the events that this workflow has not handled yet, oldest first."""
    found = [
        each
        for each in workflow.trigger.events(trigger_context)
        if (workflow.include_existing or each.at >= activation.since)
        and not handled.covers(workflow, each)
        and not _unsettled(each.order, trigger_context.now)
    ]
    if len(found) > 1:
        found.sort(key=lambda each: (each.at, each.name))
    return found


def _unsettled(order: Order | None, now: datetime) -> bool:
    """Return whether an order's lines can still be missing.

    WooCommerce saves an order before its lines. A young order without any is read again before it
    starts anything (FACTS: Orders).
    """
    if order is None or order.items:
        return False
    return (now - order.modified).total_seconds() < SETTLING_SECONDS


def start_run(
    workflow: Workflow,
    event: Event,
    context: Context,
    runs: Collection[Run],
    digest: str,
    handled: Handled = NOTHING_HANDLED,
) -> Run:
    """Start a run, or skip the event with a reason."""
    run = Run(
        workflow=workflow.name,
        person=context.profile.person,
        event=event.name,
        event_at=event.at,
        started_at=context.now,
        steps=tuple(pinned(workflow.do)),
        order_id=event.order.id if event.order else 0,
        line_item_id=event.item.id if event.item else 0,
        purchase_id=_purchase_id(event, context.profile),
        mode=workflow.mode,
        rules_digest=digest,
        due_at=context.now,
    )
    reason = _skip_reason(workflow, event, context, runs)
    if workflow.trigger.watches_state and handled.moved_purchase:
        reason = f"order {handled.moved_purchase} started it for another customer"
    return finished(run, "skipped", reason) if reason else run


def _purchase_id(event: Event, profile: Profile) -> int:
    if event.order or event.subscription_id:
        return event.order.id if event.order else event.subscription_id
    newest = latest_order(profile)
    return newest.id if newest else 0


def _skip_reason(workflow: Workflow, event: Event, context: Context, runs: Collection[Run]) -> str:
    if workflow.only and context.profile.email not in workflow.only:
        return "test mode: the address is not in 'only'"
    spent = _already_ran(workflow, event, context, runs)
    if spent:
        return f"once {spent}: it already ran"
    return stop_reason(workflow, context)


def _already_ran(workflow: Workflow, event: Event, context: Context, runs: Collection[Run]) -> str:
    """Return the limit of ``once`` that is used up, or nothing. A dry run uses up no live run."""
    once = workflow.once
    counted_runs = [run for run in runs if run.counts and run.mode in (LIVE, workflow.mode)]
    if once.per == "customer" and counted_runs:
        return "per customer"
    if once.per == "order" and event.order is not None:
        same = any(run.order_id == event.order.id for run in counted_runs)
        return "per order" if same else ""
    if once.every is not None and _ran_within(
        once, counted_runs, context.now, context.profile.store.zone
    ):
        return f"every {once.every}"
    return ""


def _ran_within(once: Once, runs: Iterable[Run], now: datetime, zone: tzinfo) -> bool:
    assert once.every is not None
    return any(add_duration(run.started_at, once.every, zone) > now for run in runs)


def stop_reason(workflow: Workflow, context: Context) -> str:
    """Return why a person does not, or no longer, qualify; nothing if they do."""
    answer = answer_when(workflow.when, context)
    if not answer.holds:
        return f"when does not match: {answer.in_words()}"
    if workflow.stop_when is not None:
        stop = workflow.stop_when.answer(context)
        if stop.holds:
            return f"stop_when holds: {stop.in_words()}"
    return ""


def run_context(run: Run, context: Context, elsewhere: Order | None = None) -> Context:
    """Return the context with the order and line that started the run, as they are now.

    ``elsewhere`` is that order if it belongs to another person by now.
    """
    order = _find_order(context.profile, run.order_id) or elsewhere
    item = _find_item(order, run.line_item_id) if order else None
    return context.about(order, item)


def _find_order(profile: Profile, order_id: int) -> Order | None:
    return next((order for order in profile.orders if order.id == order_id), None)


def _find_item(order: Order, item_id: int) -> LineItem | None:
    return next((item for item in order.items if item.id == item_id), None)


def rule_place(workflow: Workflow) -> RulePlace:
    """Return which attributes the conditions and texts of a workflow can use."""
    trigger = workflow.trigger
    return RulePlace(order=trigger.has_order, item=trigger.has_item, tags=True, segments=True)


def progress_words(run: Run, name: str) -> str:
    """Return which side the branch with this label took and why, or how a wait went; else nothing.

    A step of the side that was not taken says so.
    """
    found = run.progress.get(name, {})
    if "side" in found:
        return f"{'yes' if found['side'] == 'then' else 'no'}: {found['why']}"
    if "why" in found:
        return f"went on: {found['why']}"
    if "waits" in found and run.state == "waiting" and name == run.next_step[0]:
        return f"waits: {found['waits']}"
    for branch, each in run.progress.items():
        other = "else" if each.get("side") == "then" else "then"
        if "side" in each and name.startswith(f"{branch}.{other}."):
            return "not taken"
    return ""


def finished(run: Run, state: str, reason: str) -> Run:
    """Return the run in a final state: done, ended or skipped."""
    return replace(run, state=state, reason=reason, due_at=None)
