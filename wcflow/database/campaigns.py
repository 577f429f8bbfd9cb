"""Campaigns in the database: their state, who gets one, and what is left to send."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, and_, delete, exists, func, or_, select, update

from wcflow.database.sql import (
    chunks,
    fetch_in,
    instant,
    select_in,
    stamp,
    table_of,
    upsert,
)
from wcflow.database.tables import (
    CampaignRow,
    MembershipRow,
    OutboxRow,
    PersonRow,
    RunRow,
    TransitionRow,
)
from wcflow.rules.campaigns import (
    CANCELLED,
    CHANGED_TO_THE_PAST,
    DONE,
    DRY_RUN,
    MISSED,
    PAUSED,
    SENDING,
    TOO_LONG_AGO,
    SavedCampaign,
)
from wcflow.rules.model import CAMPAIGN_PREFIX, Campaign

_CAMPAIGNS, _OUTBOX, _RUNS = table_of(CampaignRow), table_of(OutboxRow), table_of(RunRow)
_PERSONS, _MEMBERSHIPS = table_of(PersonRow), table_of(MembershipRow)
_TRANSITIONS = table_of(TransitionRow)
_OPEN = ("due", "claimed")
_RECIPIENTS = select_in(_PERSONS, "id", _PERSONS.c.id, _PERSONS.c.email, _PERSONS.c.consent)


# The state of each campaign.


def load_campaigns(tx: Connection, store: str) -> dict[str, SavedCampaign]:
    """Return what is known of each campaign of a store, by name."""
    query = select(_CAMPAIGNS).where(_CAMPAIGNS.c.store == store).order_by(_CAMPAIGNS.c.started_at)
    return {row.name: _from_row(row) for row in tx.execute(query)}


def load_unapproved(tx: Connection, store: str) -> list[SavedCampaign]:
    """Return the campaigns that an approval would let go, also those not queued yet."""
    return [
        each
        for each in load_campaigns(tx, store).values()
        if each.state in (SENDING, PAUSED) and each.mode != DRY_RUN and not each.approved
    ]


def _from_row(row: Any) -> SavedCampaign:
    return SavedCampaign(
        row.name,
        row.state,
        instant(row.started_at),
        instant(row.audience_at),
        row.mode,
        row.started_by,
        row.position,
        row.queued,
        row.audience,
        None if row.finished_at is None else instant(row.finished_at),
        row.approved,
        None if row.changed_at is None else instant(row.changed_at),
        row.reason,
        row.rules_digest,
    )


def save_campaign(tx: Connection, store: str, saved: SavedCampaign) -> None:
    row = {
        "store": store,
        "name": saved.name,
        "state": saved.state,
        "mode": saved.mode,
        "started_at": stamp(saved.started_at),
        "started_by": saved.started_by,
        "audience_at": stamp(saved.audience_at),
        "position": saved.position,
        "queued": saved.queued,
        "audience": saved.audience,
        "finished_at": None if saved.finished_at is None else stamp(saved.finished_at),
        "approved": saved.approved,
        "changed_at": None if saved.changed_at is None else stamp(saved.changed_at),
        "reason": saved.reason,
        "rules_digest": saved.digest,
    }
    upsert(tx, CampaignRow, [row])


def save_progress(tx: Connection, store: str, saved: SavedCampaign) -> bool:
    """Save how far a campaign is queued; False if it was paused or cancelled meanwhile."""
    here = (_CAMPAIGNS.c.store == store, _CAMPAIGNS.c.name == saved.name)
    finished = None if saved.finished_at is None else stamp(saved.finished_at)
    values = {"position": saved.position, "queued": saved.queued, "finished_at": finished}
    sending = update(_CAMPAIGNS).where(*here, _CAMPAIGNS.c.state == SENDING)
    return tx.execute(sending.values(**values)).rowcount == 1


def go_back_to_merged(tx: Connection, store: str, old: int, new: int) -> None:
    """Move campaigns that are being queued back to ``new``, if ``old`` or ``new`` is still to come.

    ``old`` was merged into ``new``. If a campaign skipped one of them, the other decides. People
    behind them who have a run are not queued again.
    """
    of_store = (_CAMPAIGNS.c.store == store, _CAMPAIGNS.c.state.in_((SENDING, PAUSED)))
    to_come = (_CAMPAIGNS.c.finished_at.is_(None), _CAMPAIGNS.c.position < max(old, new))
    here = and_(*of_store, *to_come)
    rules = [
        f"{CAMPAIGN_PREFIX}{name}" for name in tx.scalars(select(_CAMPAIGNS.c.name).where(here))
    ]
    if not rules:
        return
    of_new = (_RUNS.c.store == store, _RUNS.c.person == new, _RUNS.c.state == "skipped")
    tx.execute(delete(_RUNS).where(*of_new, _RUNS.c.workflow.in_(rules)))
    passed = update(_CAMPAIGNS).where(here, _CAMPAIGNS.c.position >= new)
    tx.execute(passed.values(position=new - 1))


def change_state(
    tx: Connection,
    store: str,
    name: str,
    state: str,
    now: datetime,
    *,
    before: Collection[str],
    reason: str = "",
) -> bool:
    """Change the state of a campaign; return whether it was in one of the states ``before``."""
    here = (_CAMPAIGNS.c.store == store, _CAMPAIGNS.c.name == name)
    changed = update(_CAMPAIGNS).where(*here, _CAMPAIGNS.c.state.in_(before))
    values = {"state": state, "changed_at": stamp(now), "reason": reason}
    return tx.execute(changed.values(**values)).rowcount == 1


def approve(tx: Connection, store: str) -> list[SavedCampaign]:
    """Approve the campaigns that are being queued; return those that were not approved before."""
    here = (_CAMPAIGNS.c.store == store, _CAMPAIGNS.c.state.in_((SENDING, PAUSED)))
    query = select(_CAMPAIGNS).where(*here, _CAMPAIGNS.c.approved.is_(False))
    found = [_from_row(row) for row in tx.execute(query)]
    tx.execute(update(_CAMPAIGNS).where(*here).values(approved=True))
    return found


def cancel(tx: Connection, store: str, campaign: str, reason: str, now: datetime) -> int:
    """Cancel a campaign and what it has not sent; return how many changes were cancelled."""
    states = (SENDING, PAUSED)
    change_state(tx, store, campaign, CANCELLED, now, before=states, reason=reason)
    here = (_OUTBOX.c.store == store, _OUTBOX.c.rule == f"campaign {campaign}")
    values = {"state": "cancelled", "outcome": reason, "finished_at": stamp(now)}
    due = update(_OUTBOX).where(*here, _OUTBOX.c.state.in_(("due", "failed")))
    return tx.execute(due.values(**values, cancelled_by=None)).rowcount


def finish_delivered(tx: Connection, store: str, saved: SavedCampaign, now: datetime) -> bool:
    """Mark a campaign as done once everyone is queued and nothing is left to send."""
    if saved.finished_at is None or _has_open_entries(tx, store, saved.name):
        return False
    return change_state(tx, store, saved.name, DONE, now, before=(SENDING,))


def _has_open_entries(tx: Connection, store: str, campaign: str) -> bool:
    open_ones = (_OUTBOX.c.store == store, _OUTBOX.c.state.in_(_OPEN))
    query = select(_OUTBOX.c.id).where(*open_ones, _OUTBOX.c.rule == f"campaign {campaign}")
    return tx.scalar(query.limit(1)) is not None


# Who gets it.


def audience(store: str, campaign: Campaign, at: datetime) -> Select[Any]:
    """Return the query for who was in the segment at a moment, before ``when`` is asked.

    Memberships say who is in it now; whoever left it since then has a transition.
    """
    query = select(_PERSONS.c.id).where(_PERSONS.c.store == store, _PERSONS.c.present)
    if campaign.segment:
        query = query.where(or_(_is_member(campaign, at), _has_left(campaign, at)))
    if campaign.only:
        query = query.where(_PERSONS.c.email.in_(sorted(campaign.only)))
    return query


def _is_member(campaign: Campaign, at: datetime) -> Any:
    of_person = and_(
        _MEMBERSHIPS.c.store == _PERSONS.c.store, _MEMBERSHIPS.c.person == _PERSONS.c.id
    )
    since_then = (_MEMBERSHIPS.c.segment == campaign.segment, _MEMBERSHIPS.c.since <= stamp(at))
    return exists().where(of_person, *since_then)


def _has_left(campaign: Campaign, at: datetime) -> Any:
    """Return whether the first change since then was that they left."""
    later = _TRANSITIONS.alias()
    of_person = and_(later.c.store == _PERSONS.c.store, later.c.person == _PERSONS.c.id)
    since_then = (later.c.segment == campaign.segment, later.c.at > stamp(at))
    first = select(func.min(later.c.id)).where(of_person, *since_then).correlate(_PERSONS)
    left = (_TRANSITIONS.c.id == first.scalar_subquery(), _TRANSITIONS.c.entered.is_(False))
    return exists().where(*left).correlate(_PERSONS)


def count_audience(tx: Connection, store: str, campaign: Campaign, at: datetime) -> int:
    people = audience(store, campaign, at).subquery()
    return tx.scalar(select(func.count()).select_from(people)) or 0


def audience_pages(
    tx: Connection, store: str, campaign: Campaign, at: datetime, size: int
) -> Iterator[list[int]]:
    """Yield the audience by id in lists of at most ``size``, before ``when`` is asked."""
    query, last = audience(store, campaign, at).order_by(_PERSONS.c.id).limit(size), 0
    while page := list(tx.scalars(query.where(_PERSONS.c.id > last))):
        yield page
        last = page[-1]


def load_recipients(
    tx: Connection, store: str, persons: Sequence[int]
) -> dict[int, tuple[str, bool | None]]:
    """Return the address and the consent of each of these people, as of their last evaluation."""
    rows = fetch_in(tx, _RECIPIENTS, store, persons)
    return {row.id: (row.email, row.consent) for row in rows}


def next_people(
    tx: Connection, store: str, campaign: Campaign, saved: SavedCampaign, limit: int
) -> list[int]:
    """Return the next people of the audience by id, without those who have a run already."""
    query = audience(store, campaign, saved.audience_at).where(
        _PERSONS.c.id > saved.position, ~exists().where(_has_run(campaign, saved))
    )
    return list(tx.scalars(query.order_by(_PERSONS.c.id).limit(limit)))


def _has_run(campaign: Campaign, saved: SavedCampaign) -> Any:
    return and_(
        _RUNS.c.store == _PERSONS.c.store,
        _RUNS.c.workflow == campaign.rule,
        _RUNS.c.person == _PERSONS.c.id,
        _RUNS.c.event == saved.event,
    )


def is_in_segment(
    tx: Connection, store: str, campaign: Campaign, at: datetime, person: int
) -> bool:
    """Return whether a person was in the segment of a campaign at a moment."""
    query = audience(store, campaign, at).where(_PERSONS.c.id == person)
    return tx.scalar(query) is not None


class CampaignCounts(NamedTuple):
    """How many of a campaign's changes are in each state, and when the last one is due."""

    states: dict[str, int]
    last_due_at: datetime | None


def count_entries(
    tx: Connection, store: str, campaign: str, kinds: Sequence[str] = ()
) -> CampaignCounts:
    """Count the changes of a campaign by state."""
    here = [_OUTBOX.c.store == store, _OUTBOX.c.rule == f"campaign {campaign}"]
    if kinds:
        here.append(_OUTBOX.c.kind.in_(kinds))
    query = select(_OUTBOX.c.state, func.count(), func.max(_OUTBOX.c.due_at)).where(*here)
    rows = tx.execute(query.group_by(_OUTBOX.c.state)).all()
    due = [last for state, _, last in rows if state == "due"]
    return CampaignCounts({row[0]: row[1] for row in rows}, instant(due[0]) if due else None)


# The throttle.


def has_kinds(tx: Connection, store: str, rule: str, kinds: Sequence[str]) -> bool:
    """Return whether a campaign has any changes of these kinds."""
    here = (_OUTBOX.c.store == store, _OUTBOX.c.rule == rule, _OUTBOX.c.kind.in_(kinds))
    return tx.scalar(select(_OUTBOX.c.id).where(*here).limit(1)) is not None


def load_sent_times(
    tx: Connection, store: str, rule: str, kinds: Sequence[str], since: datetime
) -> list[datetime]:
    """Return when changes of these kinds were delivered since then, oldest first."""
    sent = (_OUTBOX.c.store == store, _OUTBOX.c.rule == rule, _OUTBOX.c.state == "done")
    query = select(_OUTBOX.c.finished_at).where(
        *sent, _OUTBOX.c.kind.in_(kinds), _OUTBOX.c.finished_at > stamp(since)
    )
    return [instant(at) for at in tx.scalars(query.order_by(_OUTBOX.c.finished_at))]


def postpone_excess(
    tx: Connection,
    store: str,
    rule: str,
    kinds: Sequence[str],
    allowed: int,
    now: datetime,
    until: datetime,
) -> int:
    """Postpone all but the first changes that are due now; return how many."""
    due = (
        _OUTBOX.c.store == store,
        _OUTBOX.c.state == "due",
        _OUTBOX.c.rule == rule,
        _OUTBOX.c.kind.in_(kinds),
        _OUTBOX.c.due_at <= stamp(now),
    )
    query = select(_OUTBOX.c.id).where(*due).order_by(_OUTBOX.c.due_at, _OUTBOX.c.id)
    late = list(tx.scalars(query.offset(allowed)))
    for part in chunks(late):
        changed = update(_OUTBOX).where(_OUTBOX.c.id.in_(part))
        tx.execute(changed.values(due_at=stamp(until)))
    return len(late)


# What is wrong.

_RECENT, _SILENT, _LEAST_FAILED = timedelta(days=3), timedelta(hours=1), 10


def campaign_problems(tx: Connection, store: str, now: datetime) -> Iterator[str]:
    """Yield why campaigns are not sent as they should be: missed lately, failing, or standing still."""
    for name, saved in load_campaigns(tx, store).items():
        if saved.state == MISSED and saved.reason in (TOO_LONG_AGO, CHANGED_TO_THE_PAST):
            if now - saved.started_at < _RECENT:
                yield f"the campaign {name} was not sent: {saved.reason}"
        elif saved.state == SENDING:
            states = count_entries(tx, store, name).states
            failed, done = states.get("failed", 0), states.get("done", 0)
            if failed >= _LEAST_FAILED and failed > done:
                yield f"{failed:,} changes of the campaign {name} failed, {done:,} were delivered"
            elif _stands_still(tx, store, saved, now):
                yield f"the campaign {name} has sent nothing for an hour, although some is due"


def _stands_still(tx: Connection, store: str, saved: SavedCampaign, now: datetime) -> bool:
    """Return whether something approved is due for long, and nothing was delivered meanwhile."""
    here = (_OUTBOX.c.store == store, _OUTBOX.c.rule == f"campaign {saved.name}")
    since = stamp(now - _SILENT)
    late = (_OUTBOX.c.state == "due", _OUTBOX.c.approved, _OUTBOX.c.due_at < since)
    sent = (_OUTBOX.c.state == "done", _OUTBOX.c.finished_at >= since)
    found = [tx.scalar(select(_OUTBOX.c.id).where(*here, *each).limit(1)) for each in (late, sent)]
    return found[0] is not None and found[1] is None
