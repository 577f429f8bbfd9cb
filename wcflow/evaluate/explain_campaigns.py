"""Explain which campaigns a person got, will get, or does not get, and why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from wcflow.database import campaigns
from wcflow.evaluate.context import EvaluationContext
from wcflow.rules.campaigns import SENDING, SavedCampaign, is_in_audience
from wcflow.rules.evaluation_input import EvaluationInput
from wcflow.rules.model import Campaign
from wcflow.rules.workflow_run import Run


@dataclass(frozen=True, slots=True)
class CampaignExplanation:
    """What a campaign does for a person, in words; ``at`` is when it was or will be."""

    name: str
    status: str
    at: datetime | None = None


def explain_campaigns(
    tx: Connection, evaluation_context: EvaluationContext, evaluation_input: EvaluationInput
) -> Iterator[CampaignExplanation]:
    """Yield an explanation for each configured campaign, and for those that the person got before."""
    store = evaluation_context.settings.name
    known = campaigns.load_campaigns(tx, store)
    runs = {run.workflow: run for run in evaluation_input.runs if run.of_campaign}
    for campaign in evaluation_context.rules.campaigns:
        saved, run = known.get(campaign.name), runs.pop(campaign.rule, None)
        if run is not None and (saved is None or run.event == saved.event):
            yield _explain_run(campaign.name, run)
        else:
            yield _explain_missing(tx, evaluation_context, campaign, saved, evaluation_input)
    for rule, run in runs.items():
        yield _explain_run(rule.partition(" ")[2], run)


_MODES: Mapping[str, str] = {
    "live": "included; what it changes is listed below",
    "dry_run": "only in a dry run",
}


def _explain_run(name: str, run: Run) -> CampaignExplanation:
    if run.state == "skipped":
        return CampaignExplanation(name, f"passed over: {run.reason}", run.started_at)
    ended = f", but it ended early: {run.reason}" if run.state == "ended" else ""
    words = "in a test" if run.event.startswith("test ") else _MODES.get(run.mode, run.mode)
    return CampaignExplanation(name, f"{words}{ended}", run.started_at)


def _explain_missing(
    tx: Connection,
    evaluation_context: EvaluationContext,
    campaign: Campaign,
    saved: SavedCampaign | None,
    evaluation_input: EvaluationInput,
) -> CampaignExplanation:
    now, zone = evaluation_context.now, evaluation_context.store.zone
    if campaign.mode == "off":
        return CampaignExplanation(campaign.name, "switched off")
    if saved is not None and saved.was_sent and saved.state != SENDING:
        return CampaignExplanation(
            campaign.name, "not in its audience when it started", saved.audience_at
        )
    moment = saved.audience_at if saved is not None and saved.state == SENDING else now
    reason = _why_not(tx, evaluation_context, campaign, evaluation_input, moment)
    starts = campaign.starts_at(zone)
    if saved is not None and saved.state == SENDING:
        return CampaignExplanation(campaign.name, reason or "is about to get it", moment)
    if reason or starts is None:
        by_command = "gets it when 'wcflow campaign send' starts it, as of now"
        return CampaignExplanation(campaign.name, reason or by_command)
    if starts <= now:
        return CampaignExplanation(campaign.name, "not sent: its time has passed", starts)
    return CampaignExplanation(campaign.name, "gets it at its start, as of now", starts)


def _why_not(
    tx: Connection,
    evaluation_context: EvaluationContext,
    campaign: Campaign,
    evaluation_input: EvaluationInput,
    moment: datetime,
) -> str:
    """Return why a person is not in the audience at a moment, or nothing."""
    person = evaluation_input.profile.person
    if campaign.only and evaluation_input.profile.email not in campaign.only:
        return "test mode: the address is not in 'only'"
    if not campaigns.is_in_segment(tx, evaluation_context.settings.name, campaign, moment, person):
        return f"not in the segment {campaign.segment}"
    matches = is_in_audience(campaign, evaluation_input.profile, evaluation_input.memory, moment)
    return "" if matches else "'when' does not match"
