"""Stored events: what happened to people apart from orders. Triggers read them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import Connection

from wcflow.database.identity import mark_persons_dirty
from wcflow.database.sql import dumps, fetch_in, instant, loads, select_in, stamp, table_of, upsert
from wcflow.database.tables import EventRow
from wcflow.profile import StoredEvent

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


def load_events(
    tx: Connection, store: str, persons: Sequence[int]
) -> dict[int, tuple[StoredEvent, ...]]:
    """Return the events of each person, oldest first."""
    found: dict[int, tuple[StoredEvent, ...]] = {}
    for at, key, person, kind, source, data in sorted(fetch_in(tx, _BY_PERSON, store, persons)):
        event = StoredEvent(kind, key, instant(at), source, loads(data))
        found[person] = (*found.get(person, ()), event)
    return found
