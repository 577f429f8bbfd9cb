"""Queries about messages in the outbox: claim them by priority, defer them, and what people got."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import product

from sqlalchemy import ColumnElement, Connection, func, select, update

from wcflow.database.outbox import OutboxEntry, claim_ids, ready
from wcflow.database.sql import chunks, dumps, instant, loads, stamp, table_of
from wcflow.database.tables import OutboxRow
from wcflow.rules.contact import deferral

_OUTBOX = table_of(OutboxRow)
HANDED_OVER = "handed to"
"""The outcome of a message between handing over and its confirmation begins with this."""


def claim_messages(
    tx: Connection,
    store: str,
    kinds: Sequence[str],
    now: datetime,
    limit: int,
    holder: str,
    *,
    approved_only: bool = False,
) -> list[OutboxEntry]:
    """Claim messages that are due: the higher priority first, then the urgent, then the older."""
    found: list[tuple[int, bool, int, int]] = []
    conditions = ready(tx, store, now)
    for kind, approved in product(kinds, (True,) if approved_only else (True, False)):
        left = limit
        # One query for each priority: the index then returns the oldest without reading the others.
        for priority in _priorities(tx, store, kind, approved=approved):
            for urgent in (True, False):
                here = (
                    _OUTBOX.c.kind == kind,
                    _OUTBOX.c.approved.is_(approved),
                    _OUTBOX.c.priority == priority,
                    _OUTBOX.c.urgent.is_(urgent),
                )
                oldest = select(_OUTBOX.c.due_at, _OUTBOX.c.id).where(*here, *conditions)
                oldest = oldest.order_by(_OUTBOX.c.due_at, _OUTBOX.c.id).limit(left)
                rows = tx.execute(oldest).all()
                found += [(-priority, not urgent, row.due_at, row.id) for row in rows]
                left -= len(rows)
            if left <= 0:
                break
    order = [number for *_, number in sorted(found)[:limit]]
    claimed = {entry.id: entry for entry in claim_ids(tx, order, now, holder)}
    return [claimed[number] for number in order if number in claimed]


def _priorities(tx: Connection, store: str, kind: str, *, approved: bool) -> Iterator[int]:
    """Yield the priorities of waiting messages, the highest first."""
    here = (
        _OUTBOX.c.store == store,
        _OUTBOX.c.state == "due",
        _OUTBOX.c.kind == kind,
        _OUTBOX.c.approved.is_(approved),
    )
    highest = select(func.max(_OUTBOX.c.priority)).where(*here)
    priority = tx.scalar(highest)
    while priority is not None:
        yield priority
        priority = tx.scalar(highest.where(_OUTBOX.c.priority < priority))


def defer(tx: Connection, ids: Iterable[int], until: datetime, reason: str) -> None:
    """Make claimed messages due again at ``until``, unless their run was stopped meanwhile.

    It was not tried, so it does not count as an attempt. It has passed the write limit, so it counts
    as approved: what waited for the morning must not be too many changes at once then.
    """
    values = {"state": "due", "due_at": stamp(until), "outcome": reason, "approved": True}
    for part in chunks(ids):
        claimed = (_OUTBOX.c.id.in_(part), _OUTBOX.c.state == "claimed")
        deferred = update(_OUTBOX).where(*claimed)
        tx.execute(deferred.values(attempts=_OUTBOX.c.attempts - 1, **values))


@dataclass(frozen=True, slots=True)
class DeferredMessages:
    """How many messages wait for message_cap or quiet_hours, by reason, and until when the first."""

    count: int
    reasons: Mapping[str, int]
    first_at: datetime | None


def load_deferred(tx: Connection, store: str, now: datetime) -> DeferredMessages:
    """Count the messages that wait because of message_cap or quiet_hours."""
    waiting = (_OUTBOX.c.store == store, _OUTBOX.c.state == "due", _OUTBOX.c.due_at > stamp(now))
    query = select(_OUTBOX.c.outcome, func.count(), func.min(_OUTBOX.c.due_at)).where(*waiting)
    reasons, first = Counter[str](), list[int]()
    for outcome, number, due_at in tx.execute(query.group_by(_OUTBOX.c.outcome)):
        if reason := deferral(outcome):
            reasons[reason] += number
            first.append(due_at)
    first_at = instant(min(first)) if first else None
    return DeferredMessages(reasons.total(), dict(reasons.most_common()), first_at)


def save_payload(tx: Connection, entry: OutboxEntry) -> None:
    """Save the payload of a claimed message."""
    here = (_OUTBOX.c.id == entry.id, _OUTBOX.c.state == "claimed")
    tx.execute(update(_OUTBOX).where(*here).values(payload=dumps(dict(entry.payload))))


def load_sent(
    tx: Connection, store: str, persons: Iterable[int], since: datetime
) -> dict[int, list[datetime]]:
    """Return when people were sent messages that count for message_cap, since a moment."""
    found: dict[int, list[datetime]] = {}
    query = select(_OUTBOX.c.person, _OUTBOX.c.finished_at)
    for part in chunks(sorted(set(persons))):
        done = (*_of_people(store, part, "done"), _OUTBOX.c.finished_at >= stamp(since))
        for person, at in tx.execute(query.where(*done)):
            found.setdefault(person, []).append(instant(at))
    return found


def load_addresses(tx: Connection, store: str, person: int, channel: str) -> list[str]:
    """Return the addresses at which a person got or is to get messages through [channel NAME]."""
    query = select(_OUTBOX.c.payload).where(
        _OUTBOX.c.store == store,
        _OUTBOX.c.person == person,
        _OUTBOX.c.state.in_(["due", "done"]),
        _OUTBOX.c.kind == "message",
    )
    payloads = map(loads, tx.scalars(query.distinct()))
    return sorted({str(each["to"]) for each in payloads if each.get("channel") == channel})


@dataclass(frozen=True, slots=True)
class WaitingMessage:
    """A message that could be sent now; the lower its ``rank``, the earlier its turn."""

    id: int
    channel: str
    approved: bool
    rank: tuple[int, int]


def rank(entry: OutboxEntry) -> tuple[int, int]:
    """Return what sorts the messages of a person: by priority, then the older first."""
    return -entry.priority, entry.id


def load_waiting(
    tx: Connection, store: str, persons: Iterable[int], now: datetime
) -> dict[int, list[WaitingMessage]]:
    """Return the messages of people that are due, need consent and wait for no other entry."""
    found: dict[int, list[WaitingMessage]] = {}
    columns = ("person", "id", "channel", "approved", "priority")
    query = select(*(_OUTBOX.c[name] for name in columns)).where(*ready(tx, store, now))
    for part in chunks(sorted(set(persons))):
        for row in tx.execute(query.where(*_of_people(store, part, "due"))):
            message = WaitingMessage(row.id, row.channel, row.approved, (-row.priority, row.id))
            found.setdefault(row.person, []).append(message)
    return found


def _of_people(store: str, persons: Sequence[int], state: str) -> tuple[ColumnElement[bool], ...]:
    return (
        _OUTBOX.c.store == store,
        _OUTBOX.c.person.in_(persons),
        _OUTBOX.c.state == state,
        _OUTBOX.c.marketing.is_(True),
    )
