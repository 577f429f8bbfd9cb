"""Campaigns in words: what an admin should know about each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, tzinfo
from typing import Any

from sqlalchemy import Connection

from wcflow.cli import output
from wcflow.config.digest import campaign_digest
from wcflow.config.load import Config
from wcflow.database.campaigns import count_entries, load_campaigns
from wcflow.database.connection import open_without_upgrade
from wcflow.database.schema import HEAD, load_revision
from wcflow.database.stores import load_store_row
from wcflow.errors import WcflowError
from wcflow.rules.campaigns import (
    MISSED,
    PAUSED,
    SENDING,
    WAITING,
    SavedCampaign,
    time_changed,
)
from wcflow.rules.model import CAMPAIGN_PREFIX, LIVE, Campaign
from wcflow.units import parse_zone


def audience_words(campaign: Campaign) -> str:
    """Return who gets it: ``segment VIP, when``."""
    parts = [f"segment {campaign.segment}"] if campaign.segment else []
    if campaign.when is not None:
        parts.append("when" if parts else "everyone who matches 'when'")
    if campaign.only:
        parts.append("only")
    return ", ".join(parts)


def state_words(campaign: Campaign | None, saved: SavedCampaign | None) -> str:
    """Return the state of a campaign: ``starts 2026-12-01 09:00``, ``sending``."""
    if saved is None or (saved.state == WAITING and campaign and campaign.at is None):
        return "off" if campaign and campaign.mode == "off" else "not sent yet"
    if saved.state == WAITING and campaign and campaign.at is not None:
        return f"starts {campaign.at:%Y-%m-%d %H:%M}"
    if saved.state == SENDING and saved.finished_at is None:
        return "is being queued"
    return saved.state


def advice(campaign: Campaign | None, saved: SavedCampaign | None) -> str:
    """Return what an admin should know or do about a campaign, or nothing."""
    if campaign is None or saved is None:
        return ""
    if saved.state == MISSED:
        return f"not sent: {saved.reason}. 'wcflow campaign send {campaign.name}' sends it now."
    if saved.state == SENDING and not saved.approved and saved.mode == LIVE:
        return (
            f"if it is held, 'wcflow approve' lets it go to all {saved.audience:,} customers of"
            " its segment."
        )
    return ""


def running_campaigns(tx: Connection, store: str) -> dict[str, dict[str, object]]:
    """Return the campaigns that are being sent or paused, with their progress."""
    found: dict[str, dict[str, object]] = {}
    for name, saved in load_campaigns(tx, store).items():
        if saved.state in (SENDING, PAUSED):
            counts = count_entries(tx, store, name)
            found[name] = {
                "state": state_words(None, saved),
                "started_at": saved.started_at,
                "queued": saved.queued,
                "audience": saved.audience,
                "changes": counts.states,
                "last_due_at": counts.last_due_at,
            }
    return found


def rule_rows(
    runs: Mapping[str, Mapping[str, int]], running: Mapping[str, Mapping[str, Any]], zone: tzinfo
) -> Iterator[tuple[str, str]]:
    """Return the rows of ``wcflow status``: the runs of each rule, and the campaigns that are sent."""
    for name, states in runs.items():
        rule = name if name.startswith(CAMPAIGN_PREFIX) else f"workflow {name}"
        yield rule, ", ".join(f"{state} {count:,}" for state, count in states.items())
    for name, each in running.items():
        yield f"campaign {name}", progress_words(each, zone)


def progress_words(campaign: Mapping[str, Any], zone: tzinfo) -> str:
    """Return the progress in words: ``sending: 120 of 300 customers queued, done 80, due 40``."""
    counts = ", ".join(f"{state} {count:,}" for state, count in sorted(campaign["changes"].items()))
    last = campaign["last_due_at"]
    until = f", the last on {output.format_time(last, zone)}" if last else ""
    queued = f"{campaign['queued']:,} of {campaign['audience']:,} customers queued"
    return f"{campaign['state']}: {queued}{f', {counts}' if counts else ''}{until}"


def campaign_warnings(config: Config, now: datetime) -> Iterator[tuple[str, str]]:
    """Return what an edit of a campaign does not do, from the database if it can be read."""
    if not config.rules.campaigns:
        return
    try:
        with open_without_upgrade(config.database) as db, db.reading() as tx:
            if load_revision(tx) != HEAD:
                return
            for settings in config.stores:
                row = load_store_row(tx, settings.name)
                if row is not None:
                    known = load_campaigns(tx, settings.name)
                    zone = parse_zone(row.time_zone)
                    yield from _warnings(config, known, settings.name, zone, now)
    except WcflowError:
        return  # 'wcflow doctor' reports it; the configuration is right all the same


def _warnings(
    config: Config, known: Mapping[str, SavedCampaign], store: str, zone: tzinfo, now: datetime
) -> Iterator[tuple[str, str]]:
    names = {each.name for each in config.rules.campaigns}
    former = {each.digest: each for each in known.values() if each.name not in names}
    for campaign in config.rules.campaigns:
        saved, digest = known.get(campaign.name), campaign_digest(campaign)
        head = f"[campaign {campaign.name}]"
        where = f" in {store}" if len(config.stores) > 1 else ""
        if saved is not None and saved.was_sent and saved.digest != digest:
            at = output.format_time(saved.started_at, zone)
            text = f"{head}: it was started{where} on {at}; the changes since then have no effect"
            yield text, "Give it a new name to send it again."
        elif saved is None and (other := former.get(digest)) is not None and other.was_sent:
            at = output.format_time(other.started_at, zone)
            text = f"{head}: the same was sent{where} as [campaign {other.name}] on {at}"
            yield text, "Under another name it is sent again."
        else:
            yield from _time_warning(campaign, saved, head, zone, now)


def _time_warning(
    campaign: Campaign, saved: SavedCampaign | None, head: str, zone: tzinfo, now: datetime
) -> Iterator[tuple[str, str]]:
    """Warn of a time that has passed: the campaign does not start automatically."""
    starts = campaign.starts_at(zone)
    if starts is None or starts > now:
        return
    missed = saved is None or saved.state == MISSED
    if missed or time_changed(saved, starts):
        text = (
            f"{head}: its time, {campaign.at:%Y-%m-%d %H:%M}, has passed; it is not sent by itself"
        )
        yield text, f"'wcflow campaign send {campaign.name}' sends it."
