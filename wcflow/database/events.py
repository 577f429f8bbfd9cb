"""Stored events: what happened to persons and no order shows. Triggers read them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import Connection

from wcflow.database.identity import mark_persons_dirty
from wcflow.database.prepared import fetch_tuples, select_in
from wcflow.database.sql import dumps, instant, loads, stamp, table_of, upsert
from wcflow.database.tables import EventRow
from wcflow.profile import StoredEvent

_E = table_of(EventRow)
_KEY = ("store", "person", "key")
_OF_PERSONS = select_in(
    _E, "person", _E.c.at, _E.c.key, _E.c.person, _E.c.kind, _E.c.source, _E.c.data
)


def save_events(tx: Connection, store: str, events: Mapping[int, Iterable[StoredEvent]]) -> None:
    """Save events by person, and have these evaluated; a known event stays as it is."""
    rows = [
        {
            "store": store,
            "person": person,
            "kind": each.kind,
            "key": each.key,
            "at": stamp(each.at),
            "source": each.source,
            "data": dumps(dict(each.data)),
        }
        for person, happened in events.items()
        for each in happened
    ]
    mark_persons_dirty(tx, store, events)
    upsert(tx, EventRow, rows, on=_KEY, keep=[column.name for column in _E.columns])


def events_of(
    tx: Connection, store: str, persons: Sequence[int]
) -> dict[int, tuple[StoredEvent, ...]]:
    """Return the events of each person, oldest first."""
    found: dict[int, tuple[StoredEvent, ...]] = {}
    for at, key, person, kind, source, data in sorted(
        fetch_tuples(tx, _OF_PERSONS, store, persons)
    ):
        event = StoredEvent(kind, key, instant(at), source, loads(data))
        found[person] = (*found.get(person, ()), event)
    return found
