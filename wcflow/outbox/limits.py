"""The write limit: too many changes at once are held until an admin approves them.

Every channel of a store has its own queue and its own hold.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from wcflow.actions.registry import ENTRY_KINDS, channel_kinds, channels
from wcflow.database import campaigns, outbox, people
from wcflow.database.connection import Database
from wcflow.database.sql import stamp
from wcflow.database.stores import (
    EMPTY_ANSWER_REASON,
    Hold,
    load_hold,
    load_store_row,
    save_hold,
    save_store,
)
from wcflow.database.tables import StoreRow
from wcflow.database.waiting import approve_entries, count_by_outcome, has_unapproved

MIN_LIMIT, PEOPLE_SHARE = 100, 5
"""Without ``max_writes``, more than 100 changes and more than a fifth of the people are held."""


@dataclass(frozen=True, slots=True)
class WriteLoad:
    """What is about to be written: changes not approved yet, people, whether any was ever approved.

    ``alarm`` is what the poll found wrong with the store's answers, if anything.
    """

    waiting: int
    people: int
    accepted: bool
    alarm: str = ""


def hold_reason(load: WriteLoad, max_writes: int | None) -> str:
    """Return why changes are held, or nothing."""
    if load.alarm:
        return load.alarm
    if load.waiting and not load.accepted:
        if load.waiting == 1:
            return "the first change waits for your approval"
        return f"the first {load.waiting:,} changes wait for your approval"
    limit = write_limit(load.people, max_writes)
    if load.waiting > limit:
        return f"more than {limit:,} changes at once (max_writes): {load.waiting:,}"
    return ""


def write_limit(people_count: int, max_writes: int | None) -> int:
    """Return how many changes at once are written without another approval."""
    return max(MIN_LIMIT, people_count // PEOPLE_SHARE) if max_writes is None else max_writes


@dataclass(frozen=True, slots=True)
class CurrentHold(Hold):
    """A hold with the number of changes that wait for approval.

    ``changed`` says that the reason is not the saved one.
    """

    waiting: int = 0
    changed: bool = False


def current_hold(
    tx: Connection, row: StoreRow, channel: str, max_writes: int | None, now: datetime
) -> CurrentHold:
    """Return whether a channel would be held now; people are counted only where it matters."""
    saved = load_hold(tx, row.name, channel)
    waiting, _ = outbox.count_waiting(tx, row.name, now, channel_kinds(channel))
    people_count = people.count_people(tx, row.name) if waiting > MIN_LIMIT else 0
    alarm = load_hold(tx, row.name).reason
    alarm = alarm if alarm.startswith(EMPTY_ANSWER_REASON) else ""
    reason = hold_reason(WriteLoad(waiting, people_count, saved.approved, alarm), max_writes)
    return CurrentHold(reason, saved.since, saved.approved, waiting)


def any_hold(tx: Connection, row: StoreRow, max_writes: int | None, now: datetime) -> str:
    """Return why any channel of a store would be held now, or nothing."""
    holds = (current_hold(tx, row, channel, max_writes, now) for channel in channels())
    return next((hold.reason for hold in holds if hold.reason), "")


def waiting_sentences(tx: Connection, store: str) -> tuple[str, ...]:
    """Return what waits until the store allows it: ``2 coupons wait: coupons are disabled …``."""
    return tuple(
        f"{kind.count(count)} {'waits' if count == 1 else 'wait'}: {reason}"
        for kind in ENTRY_KINDS.values()
        if kind.waits_for
        for reason, count in count_by_outcome(
            tx, store, kind.name, [*kind.waits_for.values()]
        ).items()
    )


def update_hold(
    db: Database,
    store: str,
    channel: str,
    max_writes: int | None,
    now: datetime,
    *,
    all_evaluated: bool,
) -> CurrentHold:
    """Set or lift the hold of a channel; it is lifted only when everything is queued."""
    with db.transaction() as tx:
        row = load_store_row(tx, store)
        assert row is not None, "the store is known before anything is delivered to it"
        before, hold = (
            load_hold(tx, row.name, channel),
            current_hold(tx, row, channel, max_writes, now),
        )
        if not hold.reason and not all_evaluated:
            return CurrentHold(before.reason, before.since, before.approved, hold.waiting)
        approved = hold.approved or (
            not hold.reason
            and row.initial_sync_done is not None
            # What a pause leaves waiting has not been approved by the pause.
            and not has_unapproved(tx, store, channel_kinds(channel))
        )
        since = (before.since if before.reason else stamp(now)) if hold.reason else None
        changed = hold.reason != before.reason
        after = CurrentHold(hold.reason, since, approved, hold.waiting, changed)
        if changed or after.approved != before.approved:
            save_hold(tx, store, after, channel)
    return after


def approve_everything(tx: Connection, row: StoreRow) -> int:
    """Approve all that waits: changes, campaigns, an unexpected empty answer; return how many changes."""
    if load_hold(tx, row.name).reason.startswith(EMPTY_ANSWER_REASON):
        save_store(tx, row.name, empty_answer_approved=True)
    campaigns.approve(tx, row.name)
    return approve(tx, row)


def approve(tx: Connection, row: StoreRow, channel: str = "") -> int:
    """Approve the changes that wait now, in all channels or in one; return how many."""
    count = 0
    for each in channels():
        if channel not in ("", each):
            continue
        approved = load_hold(tx, row.name, each).approved or row.initial_sync_done is not None
        save_hold(tx, row.name, Hold(approved=approved), each)
        count += approve_entries(tx, row.name, channel_kinds(each))
    return count
