"""Stored events: what happened to people apart from orders. Triggers read them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection, delete, select

from wcflow.database.identity import mark_persons_dirty
from wcflow.database.sql import (
    chunks,
    dumps,
    fetch_in,
    instant,
    loads,
    select_in,
    stamp,
    table_of,
    upsert,
)
from wcflow.database.tables import EventRow
from wcflow.profile import StoredEvent
from wcflow.rules.event_kinds import BEHAVIOUR

_EVENTS = table_of(EventRow)
_UNIQUE_KEY = ("store", "person", "key")
_BY_PERSON = select_in(
    _EVENTS,
    "person",
    _EVENTS.c.at,
    _EVENTS.c.key,
    _EVENTS.c.person,
    _EVENTS.c.kind,
    _EVENTS.c.source,
    _EVENTS.c.data,
)


def save_events(tx: Connection, store: str, events: Mapping[int, Iterable[StoredEvent]]) -> None:
    """Save events by person and mark these persons dirty; known events stay as they are."""
    rows = [
        {
            "store": store,
            "person": person,
            "kind": event.kind,
            "key": event.key,
            "at": stamp(event.at),
            "source": event.source,
            "data": dumps(dict(event.data)),
        }
        for person, new in events.items()
        for event in new
    ]
    mark_persons_dirty(tx, store, events)
    upsert(tx, EventRow, rows, on=_UNIQUE_KEY, keep=[column.name for column in _EVENTS.columns])


def load_known_keys(
    tx: Connection, store: str, keys: Mapping[int, Collection[str]]
) -> set[tuple[int, str]]:
    """Return which of these events, by person and key, are saved already."""
    columns = (_EVENTS.c.person, _EVENTS.c.key)
    found: set[tuple[int, str]] = set()
    for person, some in keys.items():
        for part in chunks(some):
            here = (_EVENTS.c.store == store, _EVENTS.c.person == person, _EVENTS.c.key.in_(part))
            found.update((row.person, row.key) for row in tx.execute(select(*columns).where(*here)))
    return found


def delete_behaviour(tx: Connection, store: str, persons: Iterable[int]) -> None:
    """Delete what these people did in the store, apart from what they did with e-mails."""
    for part in chunks(sorted(persons)):
        here = (_EVENTS.c.store == store, _EVENTS.c.person.in_(part))
        tx.execute(delete(_EVENTS).where(*here, _EVENTS.c.kind.in_(BEHAVIOUR)))


def delete_old_behaviour(tx: Connection, store: str, before: datetime) -> int:
    """Delete what people did in the store before a time; return how many events that were."""
    here = (_EVENTS.c.store == store, _EVENTS.c.at < stamp(before), _EVENTS.c.kind.in_(BEHAVIOUR))
    return tx.execute(delete(_EVENTS).where(*here)).rowcount


def load_events(
    tx: Connection, store: str, persons: Sequence[int]
) -> dict[int, tuple[StoredEvent, ...]]:
    """Return the events of each person, oldest first."""
    found: dict[int, tuple[StoredEvent, ...]] = {}
    for at, key, person, kind, source, data in sorted(fetch_in(tx, _BY_PERSON, store, persons)):
        event = StoredEvent(kind, key, instant(at), source, loads(data))
        found[person] = (*found.get(person, ()), event)
    return found
