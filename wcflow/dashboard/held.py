"""What waits for approval, as the dashboard shows it; an approval is about what was shown."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, func, or_, select

from wcflow.actions.registry import entry_kind
from wcflow.customers.edits import Outcome
from wcflow.database.campaigns import load_unapproved
from wcflow.database.edits import EditedBy, save_edit
from wcflow.database.outbox import not_paused
from wcflow.database.sql import dumps, table_of
from wcflow.database.stores import EMPTY_ANSWER_REASON, load_hold
from wcflow.database.tables import OutboxRow, StoreRow
from wcflow.errors import UsageError
from wcflow.outbox.limits import any_hold, approve_everything
from wcflow.rules.campaigns import SavedCampaign

_OUTBOX = table_of(OutboxRow)


@dataclass(frozen=True, slots=True)
class HeldKind:
    """How many changes of a kind wait: ``words`` name them without the count, ``order notes``."""

    words: str
    count: int


@dataclass(frozen=True, slots=True)
class Held:
    """What waits and why. ``token`` names what waits, so that nothing else is approved."""

    reason: str
    count: int
    kinds: Sequence[HeldKind]
    token: str


def load_held(tx: Connection, row: StoreRow, max_writes: int | None, now: datetime) -> Held | None:
    """Return what waits for approval, if anything is held."""
    reason = load_hold(tx, row.name).reason or any_hold(tx, row, max_writes, now)
    if not reason:
        return None
    query = select(_OUTBOX.c.kind, func.count()).where(*_unapproved(tx, row.name))
    kinds = [
        HeldKind(entry_kind(kind).one if count == 1 else entry_kind(kind).several, count)
        for kind, count in tx.execute(query.group_by(_OUTBOX.c.kind).order_by(_OUTBOX.c.kind))
    ]
    token = ".".join(map(str, (*_newest(tx, row.name), _others(tx, row.name))))
    return Held(reason, sum(each.count for each in kinds), kinds, token)


def approve_shown(
    tx: Connection, row: StoreRow, max_writes: int | None, token: str, by: EditedBy
) -> Outcome:
    """Approve what waits if it is what the token names, or less; raises UsageError otherwise."""
    if load_held(tx, row, max_writes, by.at) is None:
        return Outcome("nothing waits for approval any more", changed=False)
    newest_id, newest_at, others = _read_token(token)
    later = or_(_OUTBOX.c.id > newest_id, _OUTBOX.c.queued_at > newest_at)
    query = select(func.count()).where(*_unapproved(tx, row.name), later)
    more = tx.scalar(query) or 0
    advice = "Look at what waits now, and approve it again."
    if more:
        changes = "1 change waits" if more == 1 else f"{more:,} changes wait"
        raise UsageError(f"{changes} that the page did not show yet", advice)
    if others != _others(tx, row.name):
        raise UsageError("something else waits than the page showed", advice)
    count = approve_everything(tx, row)
    words = f"approved {'1 change' if count == 1 else f'{count:,} changes'}"
    return Outcome(words, save_edit(tx, row.name, 0, "approve", words, by))


def _read_token(token: str) -> tuple[int, int, str]:
    newest_id, _, rest = token.partition(".")
    newest_at, _, others = rest.partition(".")
    if not (newest_id.isdecimal() and newest_at.isdecimal() and len(token) < 100):  # noqa: PLR2004
        raise UsageError("the page is too old to approve from it", "Load it again.")
    return int(newest_id), int(newest_at), others


def _unapproved(tx: Connection, store: str) -> tuple[ColumnElement[bool], ...]:
    """Return what selects the changes that an approval is about."""
    waits = (_OUTBOX.c.state == "due", _OUTBOX.c.approved.is_(False))
    return (_OUTBOX.c.store == store, *waits, not_paused(tx, store))


def _newest(tx: Connection, store: str) -> tuple[int, int]:
    """Return the highest id and the latest time of what waits; an entry that changes gets a new time."""
    query = select(func.max(_OUTBOX.c.id), func.max(_OUTBOX.c.queued_at))
    row = tx.execute(query.where(*_unapproved(tx, store))).one()
    return row[0] or 0, row[1] or 0


def _others(tx: Connection, store: str) -> str:
    """Return a digest of what an approval is about besides changes: campaigns, and an empty answer."""
    reason = load_hold(tx, store).reason
    alarm = reason if reason.startswith(EMPTY_ANSWER_REASON) else ""
    text = dumps([alarm, *map(_campaign_words, load_unapproved(tx, store))])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _campaign_words(campaign: SavedCampaign) -> str:
    return f"{campaign.name} {campaign.audience}"
