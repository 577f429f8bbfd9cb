"""Notes of the team on customers, in categories. wcflow keeps them; the store does not see them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, insert, select, update

from wcflow.database.sql import fetch_in, instant, select_in, stamp, table_of
from wcflow.database.tables import CustomerNoteRow

_NOTES = table_of(CustomerNoteRow)
_BY_PERSON = select_in(_NOTES, "person", *_NOTES.c)


class CustomerNote(NamedTuple):
    """A note on a customer; ``removed_at`` says that it is no longer shown."""

    id: int
    store: str
    person: int
    category: str
    text: str
    order_id: int
    written_by: str
    written_at: datetime
    removed_at: datetime | None


def add_note(
    tx: Connection,
    store: str,
    person: int,
    category: str,
    text: str,
    order_id: int,
    written_by: str,
    at: datetime,
) -> int:
    """Save a note, and return its id."""
    row = {
        "store": store,
        "person": person,
        "category": category,
        "text": text,
        "order_id": order_id,
        "written_by": written_by,
        "written_at": stamp(at),
    }
    return int(tx.execute(insert(_NOTES).returning(_NOTES.c.id), row).scalar_one())


def load_notes(tx: Connection, store: str, persons: Sequence[int]) -> list[CustomerNote]:
    """Return the notes on these people that were not removed, the newest first."""
    found = (_from_row(row) for row in fetch_in(tx, _BY_PERSON, store, persons))
    shown = (note for note in found if note.removed_at is None)
    return sorted(shown, key=lambda note: (note.written_at, note.id), reverse=True)


def find_note(tx: Connection, note_id: int) -> CustomerNote | None:
    """Return the note with this id, also if it was removed."""
    row = tx.execute(select(_NOTES).where(_NOTES.c.id == note_id)).one_or_none()
    return None if row is None else _from_row(row)


def set_removed(tx: Connection, note_id: int, at: datetime | None) -> None:
    """Remove a note, or show it again."""
    removed = None if at is None else stamp(at)
    tx.execute(update(_NOTES).where(_NOTES.c.id == note_id).values(removed_at=removed))


def merge_notes(tx: Connection, store: str, old: int, new: int) -> None:
    """Give the notes on the person ``old`` to the person ``new``."""
    of_old = (_NOTES.c.store == store, _NOTES.c.person == old)
    tx.execute(update(_NOTES).where(*of_old).values(person=new))


def _from_row(row: Any) -> CustomerNote:
    removed = None if row.removed_at is None else instant(row.removed_at)
    return CustomerNote(
        row.id,
        row.store,
        row.person,
        row.category,
        row.text,
        row.order_id,
        row.written_by,
        instant(row.written_at),
        removed,
    )
