"""Read the outbox person by person, because there can be hundreds of thousands of entries.

All entries of a person are in one batch: what is found out at one place holds for the others.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlalchemy import ColumnElement, Connection, select

from wcflow.database.outbox import OutboxEntry, entry_from_row, not_paused
from wcflow.database.sql import chunks, select_in, table_of
from wcflow.database.tables import OutboxRow

_OUTBOX = table_of(OutboxRow)
_BY_PERSON = select_in(_OUTBOX, "person")
PEOPLE = 500
"""People in one batch."""


def load_batches(
    tx: Connection, store: str, state: str, people: int = PEOPLE
) -> Iterator[list[OutboxEntry]]:
    """Yield the entries in a state, in batches with all entries of some people.

    Those of paused workflows are left out.
    """
    matching = (_OUTBOX.c.store == store, _OUTBOX.c.state == state)
    last = 0
    while persons := _next_persons(tx, matching, last, people):
        last = persons[-1]
        batch = (
            select(_OUTBOX)
            .where(*matching, _OUTBOX.c.person.between(persons[0], last), not_paused(tx, store))
            .order_by(_OUTBOX.c.person, _OUTBOX.c.id)
        )
        yield [entry_from_row(row) for row in tx.execute(batch).mappings()]


def _next_persons(
    tx: Connection, matching: tuple[ColumnElement[bool], ...], last: int, limit: int
) -> list[int]:
    """Return the next people with entries. The index by person alone answers this."""
    later = select(_OUTBOX.c.person).where(*matching, _OUTBOX.c.person > last)
    return list(tx.scalars(later.distinct().order_by(_OUTBOX.c.person).limit(limit)))


def load_entries_of_people(
    tx: Connection, store: str, persons: Sequence[int]
) -> dict[int, list[OutboxEntry]]:
    """Return all entries of these people, newest first."""
    found: dict[int, list[OutboxEntry]] = {}
    for part in chunks(persons):
        rows = tx.execute(_BY_PERSON, {"store": store, "values": part}).mappings()
        for row in sorted(rows, key=lambda each: int(each["id"]), reverse=True):
            found.setdefault(row["person"], []).append(entry_from_row(row))
    return found


def load_latest_done(tx: Connection, store: str, limit: int) -> list[OutboxEntry]:
    """Return the latest entries that were delivered, the newest first."""
    # With an index of the store, SQLite would sort all entries to return the first few.
    of_store = _OUTBOX.c.store.concat("") == store
    query = select(_OUTBOX).where(of_store, _OUTBOX.c.state.concat("") == "done")
    rows = tx.execute(query.order_by(_OUTBOX.c.id.desc()).limit(limit)).mappings()
    return [entry_from_row(row) for row in rows]
