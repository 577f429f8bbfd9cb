"""Outbox entries that wait: after an error, until the store allows their kind, or for approval."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, Update, exists, func, select, update

from wcflow.database.outbox import OutboxEntry, not_paused
from wcflow.database.sql import stamp, table_of
from wcflow.database.tables import OutboxRow

_OUTBOX = table_of(OutboxRow)

EARLIER_STEP = "waits for an earlier step: "
OUT_OF_REACH = "nothing gets through: "
"""The outcome of what waits for a channel that is out of reach begins with this."""


def postpone(tx: Connection, ids: Sequence[int], until: datetime, reason: str) -> None:
    """Make claimed entries due again at ``until``, unless their run was stopped meanwhile."""
    values = {"state": "due", "due_at": stamp(until), "outcome": reason}
    claimed = (_OUTBOX.c.id.in_(ids), _OUTBOX.c.state == "claimed")
    tx.execute(update(_OUTBOX).where(*claimed).values(**values))


def postpone_untried(tx: Connection, entry: OutboxEntry, until: datetime, reason: str) -> None:
    """Make an entry due again at ``until``; it does not count as an attempt."""
    values = {"state": "due", "due_at": stamp(until), "outcome": f"{EARLIER_STEP}{reason}"}
    tx.execute(_claimed(entry).values(attempts=entry.attempts - 1, **values))


def wait_for_channel(tx: Connection, entry: OutboxEntry, until: datetime, reason: str) -> None:
    """Make an entry due again at ``until``; an outage of its channel does not count as an attempt."""
    values = {"state": "due", "due_at": stamp(until), "outcome": f"{OUT_OF_REACH}{reason}"}
    tx.execute(_claimed(entry).values(attempts=entry.attempts - 1, **values))


def end_outage(tx: Connection, store: str, channel: str, now: datetime) -> int:
    """Make due now what waits because a channel was out of reach; return how many."""
    waiting = _OUTBOX.c.outcome.startswith(OUT_OF_REACH, autoescape=True)
    here = (*_due(store, channel), _OUTBOX.c.due_at > stamp(now), waiting)
    return tx.execute(update(_OUTBOX).where(*here).values(due_at=stamp(now))).rowcount


def has_due(tx: Connection, store: str, channel: str, now: datetime | None = None) -> bool:
    """Return whether anything waits for a channel; with ``now``, only what can be delivered now."""
    here = select(_OUTBOX.c.id).where(*_due(store, channel))
    if now is not None:
        here = here.where(_OUTBOX.c.due_at <= stamp(now), not_paused(tx, store))
    return tx.scalar(here.limit(1)) is not None


def _due(store: str, channel: str) -> tuple[ColumnElement[bool], ...]:
    return (_OUTBOX.c.store == store, _OUTBOX.c.channel == channel, _OUTBOX.c.state == "due")


def _claimed(entry: OutboxEntry) -> Update:
    """Return the update of an entry, unless its run was stopped meanwhile."""
    return update(_OUTBOX).where(_OUTBOX.c.id == entry.id, _OUTBOX.c.state == "claimed")


def postpone_kind(
    tx: Connection, store: str, entry: OutboxEntry, now: datetime, until: datetime, reason: str
) -> None:
    """Make an entry due again at ``until``, with all of its kind that are due now.

    What follows them in their runs waits too.
    """
    again = {"state": "due", "attempts": entry.attempts - 1, "due_at": stamp(now)}
    tx.execute(_claimed(entry).values(**again))
    waiting = {"due_at": stamp(until), "outcome": reason}
    due = (_OUTBOX.c.store == store, _OUTBOX.c.state == "due", _OUTBOX.c.due_at <= stamp(now))
    tx.execute(update(_OUTBOX).where(*due, _OUTBOX.c.kind == entry.kind).values(**waiting))
    earlier = _OUTBOX.alias()
    follows = exists().where(
        earlier.c.run_id == _OUTBOX.c.run_id,
        earlier.c.id < _OUTBOX.c.id,
        earlier.c.kind == entry.kind,
        earlier.c.state == "due",
        earlier.c.due_at == stamp(until),
    )
    waiting = {"due_at": stamp(until), "outcome": f"{EARLIER_STEP}{reason}"}
    tx.execute(
        update(_OUTBOX).where(*due, _OUTBOX.c.run_id.is_not(None), follows).values(**waiting)
    )


def count_by_outcome(
    tx: Connection, store: str, kind: str, outcomes: Collection[str]
) -> dict[str, int]:
    """Count the entries of a kind that are due, by what they wait for."""
    matching = (_OUTBOX.c.store == store, _OUTBOX.c.state == "due", _OUTBOX.c.kind == kind)
    query = select(_OUTBOX.c.outcome, func.count()).where(
        *matching, _OUTBOX.c.outcome.in_(outcomes)
    )
    return {row[0]: row[1] for row in tx.execute(query.group_by(_OUTBOX.c.outcome))}


# Until an admin approves them.


def approve_entries(tx: Connection, store: str, kinds: Sequence[str]) -> int:
    """Approve all entries of these kinds that are due and not paused; return how many."""
    matching = (
        _OUTBOX.c.store == store,
        _OUTBOX.c.state == "due",
        _OUTBOX.c.approved.is_(False),
        _OUTBOX.c.kind.in_(kinds),
        not_paused(tx, store),
    )
    return tx.execute(update(_OUTBOX).where(*matching).values(approved=True)).rowcount


def has_unapproved(tx: Connection, store: str, kinds: Sequence[str]) -> bool:
    """Return whether an entry of these kinds waits and is not approved, also of paused workflows."""
    matching = (
        _OUTBOX.c.store == store,
        _OUTBOX.c.state == "due",
        _OUTBOX.c.approved.is_(False),
        _OUTBOX.c.kind.in_(kinds),
    )
    return tx.scalar(select(_OUTBOX.c.id).where(*matching).limit(1)) is not None
