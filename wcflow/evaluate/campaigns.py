"""Start campaigns whose time has come, and queue their changes in slices.

Each slice is one transaction: runs, outbox entries and the position. After a crash the next pass
continues behind the last slice.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from wcflow.actions.base import STORE
from wcflow.actions.registry import ENTRY_KINDS
from wcflow.config.digest import campaign_digest
from wcflow.config.load import Config
from wcflow.config.stores import StoreSettings
from wcflow.database import campaigns, outbox, people, runs
from wcflow.database.connection import Database
from wcflow.database.identity import mark_persons_dirty
from wcflow.database.sql import stamp
from wcflow.evaluate.bulk import context_of, updated_memory
from wcflow.evaluate.codes import AnswerCode, placeholder, reserving, run_with_codes
from wcflow.evaluate.context import EvaluationContext, read_context
from wcflow.evaluate.evaluation import gc_paused
from wcflow.evaluate.load import load_inputs
from wcflow.evaluate.reach import why_unreachable
from wcflow.evaluate.recording import record_entries
from wcflow.evaluate.save import step_rows
from wcflow.rules.campaigns import (
    CHANGED_TO_THE_PAST,
    DRY_RUN,
    MISSED,
    PAUSED,
    PLACE,
    SENDING,
    TOO_LONG_AGO,
    SavedCampaign,
    allowance,
    campaign_run,
    due_times,
    is_in_audience,
    next_state,
    time_changed,
)
from wcflow.rules.evaluation_input import EvaluationInput
from wcflow.rules.model import Campaign
from wcflow.rules.run_steps import RunSetup, run_steps
from wcflow.rules.steps import CodeAnswers, CodeRequest, NoCode, PoolCode
from wcflow.rules.workflow_run import Run, finished
from wcflow.rules.workflows import RunSteps, changes_for_rules

BATCH = 500
TURN = 1_000
"""How many people of a campaign are queued before what is due is delivered."""
NOT_CONFIGURED = "the campaign is no longer in the configuration"
SWITCHED_OFF = "the campaign is switched off"
PASSED = "its time had passed when it was added"


@dataclass(slots=True)
class CampaignResult:
    """What a pass did with campaigns: those that started or finished, and people queued.

    ``incomplete`` says that not everyone is queued yet, ``unapproved`` that this concerns a campaign
    which the write limit can hold.
    """

    started: list[str] = field(default_factory=list)
    finished: list[str] = field(default_factory=list)
    cancelled: list[str] = field(default_factory=list)
    people: int = 0
    incomplete: bool = False
    unapproved: bool = False

    def followed_by(self, later: CampaignResult) -> CampaignResult:
        """Return the result of this turn and a later one together."""
        return CampaignResult(
            [*self.started, *later.started],
            [*self.finished, *later.finished],
            [*self.cancelled, *later.cancelled],
            self.people + later.people,
            later.incomplete,
            later.unapproved,
        )


def run_campaigns(
    db: Database,
    config: Config,
    settings: StoreSettings,
    now: datetime,
    stopping: Callable[[], bool] = lambda: False,
    *,
    all_evaluated: bool = True,
    turn: int | None = None,
) -> CampaignResult:
    """Start, queue and throttle the campaigns of a store; none starts until everyone is evaluated.

    After ``turn`` people of an approved campaign the rest of it is left for the next turn.
    """
    result = CampaignResult()
    with db.transaction() as tx:
        known = campaigns.load_campaigns(tx, settings.name)
        if not (config.rules.campaigns or known):
            return result
        evaluation_context = read_context(tx, config, settings, now)
        by_name = {each.name: each for each in evaluation_context.rules.campaigns}
        _cancel_removed(tx, evaluation_context, known, by_name, result)
        if all_evaluated:
            for campaign in by_name.values():
                _update_state(tx, evaluation_context, campaign, known.get(campaign.name), result)
    with gc_paused():
        for campaign in by_name.values():
            _queue(db, evaluation_context, campaign, stopping, result, turn)
    with db.transaction() as tx:
        _finish(tx, evaluation_context, by_name, result)
    return result


def _cancel_removed(
    tx: Connection,
    evaluation_context: EvaluationContext,
    known: Mapping[str, SavedCampaign],
    by_name: Mapping[str, Campaign],
    result: CampaignResult,
) -> None:
    """Cancel the campaigns that were removed or switched off while they were sent."""
    for name, saved in known.items():
        campaign = by_name.get(name)
        if saved.state in (SENDING, PAUSED) and (campaign is None or campaign.mode == "off"):
            reason = NOT_CONFIGURED if campaign is None else SWITCHED_OFF
            store, now = evaluation_context.settings.name, evaluation_context.now
            campaigns.cancel(tx, store, name, reason, now)
            result.cancelled.append(name)


def _update_state(
    tx: Connection,
    evaluation_context: EvaluationContext,
    campaign: Campaign,
    saved: SavedCampaign | None,
    result: CampaignResult,
) -> None:
    now, starts = evaluation_context.now, campaign.starts_at(evaluation_context.store.zone)
    state = next_state(campaign, saved, starts, now)
    if state == SENDING:
        start_campaign(tx, evaluation_context, campaign, f"its time ({campaign.at:%Y-%m-%d %H:%M})")
        result.started.append(campaign.name)
    elif state:
        reason = _why_missed(saved, starts or now) if state == MISSED else ""
        new = SavedCampaign(campaign.name, state, now, starts or now, reason=reason)
        campaigns.save_campaign(tx, evaluation_context.settings.name, new)


def _why_missed(saved: SavedCampaign | None, starts: datetime) -> str:
    if saved is None:
        return PASSED
    return CHANGED_TO_THE_PAST if time_changed(saved, starts) else TOO_LONG_AGO


def start_campaign(
    tx: Connection,
    evaluation_context: EvaluationContext,
    campaign: Campaign,
    started_by: str,
    *,
    approved: bool = False,
) -> SavedCampaign:
    """Start a campaign now: whoever is in its segment at this moment gets it."""
    now, store = evaluation_context.now, evaluation_context.settings.name
    saved = SavedCampaign(
        campaign.name,
        SENDING,
        now,
        now,
        campaign.send_mode,
        started_by,
        audience=campaigns.count_audience(tx, store, campaign, now),
        approved=approved,
        digest=campaign_digest(campaign),
    )
    campaigns.save_campaign(tx, store, saved)
    return saved


# Slices.


def _queue(
    db: Database,
    evaluation_context: EvaluationContext,
    campaign: Campaign,
    stopping: Callable[[], bool],
    result: CampaignResult,
    turn: int | None,
) -> None:
    """Queue a campaign's people slice by slice, until ``stopping`` or its turn is over."""
    store, before = evaluation_context.settings.name, result.people
    while True:
        with db.transaction() as tx:
            saved = campaigns.load_campaigns(tx, store).get(campaign.name)
            if saved is None or saved.state != SENDING or saved.finished_at is not None:
                return
            over = turn is not None and saved.approved and result.people - before >= turn
            if over or stopping():
                result.incomplete = True
                result.unapproved = result.unapproved or not saved.approved
                return
            result.people += _queue_slice(tx, evaluation_context, campaign, saved)


def _queue_slice(
    tx: Connection,
    evaluation_context: EvaluationContext,
    campaign: Campaign,
    saved: SavedCampaign,
) -> int:
    """Queue the next people whom the campaign can reach; return how many."""
    store, now = evaluation_context.settings.name, evaluation_context.now
    zone = evaluation_context.store.zone
    persons = campaigns.next_people(tx, store, campaign, saved, BATCH)
    if not persons:
        campaigns.save_progress(tx, store, saved._replace(finished_at=now))
        return 0
    inputs = [
        each
        for each in load_inputs(tx, evaluation_context, persons)
        if is_in_audience(campaign, each.profile, each.memory, saved.audience_at)
    ]
    asked: set[int] = set()

    def answer(person: int, request: CodeRequest) -> PoolCode | NoCode:
        asked.add(person)
        return placeholder(person, request)

    taken = [
        (each, take_steps(evaluation_context, campaign, saved, each, answer)) for each in inputs
    ]
    reasons = why_unreachable(
        tx, store, [(each.profile, steps) for each, steps in taken], now, zone
    )
    reached = [each for each, reason in zip(taken, reasons, strict=True) if not reason]
    after = saved._replace(position=persons[-1], queued=saved.queued + len(reached))
    if campaigns.save_progress(tx, store, after):
        # A code for somebody who is not told about it would be lost.
        skipped = [
            finished(_new_run(evaluation_context, campaign, saved, each), "skipped", reason)
            for each, reason in zip(inputs, reasons, strict=True)
            if reason
        ]
        runs.add_runs(tx, store, skipped)
        _save_runs(tx, evaluation_context, campaign, saved, reached, asked)
    return len(reached)


def _save_runs(
    tx: Connection,
    evaluation_context: EvaluationContext,
    campaign: Campaign,
    saved: SavedCampaign,
    reached: Sequence[tuple[EvaluationInput, RunSteps]],
    asked: Collection[int],
) -> None:
    """Save runs with what they did; those who ``asked`` for codes get them now."""
    changed: list[int] = []
    store, now = evaluation_context.settings.name, evaluation_context.now
    due = due_times(saved, campaign.throttle, len(reached), now)
    if saved.mode != DRY_RUN and asked:
        answer = reserving(tx, store, now)
        reached = [
            (each, take_steps(evaluation_context, campaign, saved, each, answer))
            if each.profile.person in asked
            else (each, steps)
            for each, steps in reached
        ]
    ids = runs.add_runs(tx, store, [run for _, (run, _) in reached])
    rows: list[dict[str, Any]] = []
    memories = []
    for (evaluation_input, steps), due_at in zip(reached, due, strict=True):
        more = {
            "due_at": stamp(due_at),
            "approved": saved.approved,
            "urgent": False,
        }
        entries = step_rows(evaluation_context, steps, ids[evaluation_input.profile.person])
        rows += [row | more | {"priority": _priority(campaign, row["kind"])} for row in entries]
        memory = updated_memory(evaluation_input.memory, steps)
        if memory != evaluation_input.memory:
            memories.append(memory)
        if memory != evaluation_input.memory or changes_for_rules([steps]):
            changed.append(memory.person)
    outbox.add_entries(tx, record_entries(tx, rows, now))
    people.save_memories(tx, store, memories)
    mark_persons_dirty(tx, store, changed)


def _priority(campaign: Campaign, kind: str) -> int:
    """Return the priority of an entry. Only messages have one: the others are claimed without it."""
    return campaign.priority if ENTRY_KINDS[kind].message else 0


def take_steps(
    evaluation_context: EvaluationContext,
    campaign: Campaign,
    saved: SavedCampaign,
    evaluation_input: EvaluationInput,
    answer: AnswerCode = placeholder,
) -> RunSteps:
    """Return the run of a person and the steps it takes; ``answer`` gives codes of coupon pools."""
    rules, policy = evaluation_context.rules, evaluation_context.policy
    run = _new_run(evaluation_context, campaign, saved, evaluation_input)
    facts = context_of(evaluation_input, evaluation_context.now)

    def run_it(codes: CodeAnswers) -> RunSteps:
        setup = RunSetup(rules, PLACE, policy.store, policy.secret, codes=codes)
        return run_steps(run, facts, setup)

    return run_with_codes(run_it, run.person, answer)


def _new_run(
    evaluation_context: EvaluationContext,
    campaign: Campaign,
    saved: SavedCampaign,
    evaluation_input: EvaluationInput,
) -> Run:
    person, digest = evaluation_input.profile.person, evaluation_context.rules.digest
    return campaign_run(campaign, saved, person, evaluation_context.now, digest)


# The throttle, and the end.


def _finish(
    tx: Connection,
    evaluation_context: EvaluationContext,
    by_name: Mapping[str, Campaign],
    result: CampaignResult,
) -> None:
    store, now = evaluation_context.settings.name, evaluation_context.now
    for name, saved in campaigns.load_campaigns(tx, store).items():
        if saved.state != SENDING or name not in by_name:
            continue
        if campaigns.finish_delivered(tx, store, saved, now):
            result.finished.append(name)
        else:
            _throttle(tx, store, by_name[name], now)


def _throttle(tx: Connection, store: str, campaign: Campaign, now: datetime) -> None:
    """Postpone what would exceed the throttle now, for example after a pause."""
    if campaign.throttle is None:
        return
    kinds = _throttled_kinds(tx, store, campaign)
    since = now - timedelta(seconds=campaign.throttle.per.seconds)
    sent = campaigns.load_sent_times(tx, store, campaign.rule, kinds, since)
    allowed, until = allowance(campaign.throttle, sent, now)
    campaigns.postpone_excess(tx, store, campaign.rule, kinds, allowed, now, until)


def _throttled_kinds(tx: Connection, store: str, campaign: Campaign) -> list[str]:
    """Return the kinds of its messages, or of all its changes if it sends none."""
    messages = [each.name for each in ENTRY_KINDS.values() if each.channel not in (STORE, "wcflow")]
    return messages if campaigns.has_kinds(tx, store, campaign.rule, messages) else [*ENTRY_KINDS]
