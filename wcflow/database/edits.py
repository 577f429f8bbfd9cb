"""Edits: what people of the team changed by hand, who did it, when and why."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, delete, insert, literal_column, select, update

from wcflow.database.companion import mark_cards_of, mark_cards_outdated
from wcflow.database.sql import chunks, dumps, fetch_in, instant, loads, select_in, stamp, table_of
from wcflow.database.tables import EditRow

_EDITS = table_of(EditRow)
_BY_PERSON = select_in(_EDITS, "person", *_EDITS.c)
_BY_ID = select_in(_EDITS, "id", *_EDITS.c)


class EditedBy(NamedTuple):
    """Who changes something, when and why.

    ``bulk`` is the same for all edits of one bulk change. ``key`` is the stable name of a request
    from elsewhere, which is done once.
    """

    name: str
    at: datetime
    reason: str = ""
    bulk: str = ""
    key: str | None = None


class Edit(NamedTuple):
    """A saved edit. ``data`` is what undoes it; ``undoes`` the edit that this one undoes."""

    id: int
    store: str
    person: int
    kind: str
    words: str
    by: EditedBy
    data: Mapping[str, Any]
    undoes: int | None


def save_edit(
    tx: Connection,
    store: str,
    person: int,
    kind: str,
    words: str,
    by: EditedBy,
    data: Mapping[str, Any] | None = None,
    undoes: int | None = None,
) -> int:
    """Save an edit, and return its id. ``words`` say it after a name: ``added the tag Gold``."""
    row = _row(store, person, kind, words, by, data or {}, undoes)
    mark_cards_outdated(tx, store, [person])
    return int(tx.execute(insert(_EDITS).returning(_EDITS.c.id), row).scalar_one())


def save_edits(
    tx: Connection,
    store: str,
    kind: str,
    words: str,
    by: EditedBy,
    data: Mapping[int, Mapping[str, Any]],
) -> None:
    """Save the same edit for many people, with what undoes it for each."""
    rows = [_row(store, person, kind, words, by, each) for person, each in data.items()]
    mark_cards_outdated(tx, store, data)
    if rows:
        tx.execute(insert(_EDITS), rows)


def save_undone(tx: Connection, undone: Sequence[tuple[Edit, str]], by: EditedBy) -> None:
    """Save that edits were undone, each with what was done in words."""
    rows = [
        _row(each.store, each.person, each.kind, words, by, {}, each.id) for each, words in undone
    ]
    if rows:
        tx.execute(insert(_EDITS), rows)
    for store, edits in groupby(undone, key=lambda each: each[0].store):
        mark_cards_outdated(tx, store, [edit.person for edit, _ in edits])


def _row(
    store: str,
    person: int,
    kind: str,
    words: str,
    by: EditedBy,
    data: Mapping[str, Any],
    undoes: int | None = None,
) -> dict[str, Any]:
    return {
        "store": store,
        "person": person,
        "kind": kind,
        "words": words,
        "edited_by": by.name,
        "at": stamp(by.at),
        "reason": by.reason,
        "data": dumps(dict(data)),
        "bulk": by.bulk,
        "key": by.key,
        "undoes": undoes,
    }


def change_edit(tx: Connection, edit_id: int, words: str, data: Mapping[str, Any]) -> None:
    """Complete an edit that was saved when its work began."""
    here = _EDITS.c.id == edit_id
    tx.execute(update(_EDITS).where(here).values(words=words, data=dumps(dict(data))))
    mark_cards_of(tx, select(_EDITS.c.store, _EDITS.c.person).where(here))


def delete_edit(tx: Connection, edit_id: int) -> None:
    """Delete an edit that has changed nothing."""
    tx.execute(delete(_EDITS).where(_EDITS.c.id == edit_id))


def load_edits(tx: Connection, store: str, persons: Sequence[int]) -> list[Edit]:
    """Return the edits of these people, the oldest first."""
    rows = fetch_in(tx, _BY_PERSON, store, persons)
    return sorted((_from_row(row) for row in rows), key=lambda edit: (edit.by.at, edit.id))


def find_edit(tx: Connection, edit_id: int) -> Edit | None:
    """Return the edit with this id."""
    row = tx.execute(select(_EDITS).where(_EDITS.c.id == edit_id)).one_or_none()
    return None if row is None else _from_row(row)


def find_request(tx: Connection, store: str, key: str) -> Edit | None:
    """Return the edit that a request has led to already."""
    of_store = (_EDITS.c.store == store, _EDITS.c.key == key)
    row = tx.execute(select(_EDITS).where(*of_store)).one_or_none()
    return None if row is None else _from_row(row)


def load_bulk(tx: Connection, store: str, bulk: str) -> list[Edit]:
    """Return the edits of a bulk change, the newest first, so that they can be undone in turn."""
    rows = tx.execute(select(_EDITS).where(*_of_bulk(store, bulk)).order_by(_EDITS.c.id.desc()))
    return [_from_row(row) for row in rows]


def load_again(tx: Connection, store: str, edits: Sequence[Edit]) -> list[Edit]:
    """Return these edits as they are now, in the same order."""
    rows = {row.id: row for row in fetch_in(tx, _BY_ID, store, [each.id for each in edits])}
    return [_from_row(rows[each.id]) for each in edits if each.id in rows]


def load_bulk_persons(tx: Connection, store: str, bulk: str) -> set[int]:
    """Return the people that a bulk change has changed so far."""
    return {*tx.scalars(select(_EDITS.c.person).where(*_of_bulk(store, bulk)))}


def _of_bulk(store: str, bulk: str) -> tuple[ColumnElement[bool], ...]:
    # SQLite uses the index only if the query repeats the condition of the index.
    in_index = _EDITS.c.bulk != literal_column("''")
    return (_EDITS.c.store == store, _EDITS.c.bulk == bulk, in_index)


def load_merge_words(
    tx: Connection, store: str, persons: Sequence[int]
) -> dict[int, tuple[datetime, str]]:
    """Return when and by whom people were last merged or parted: ``merged by maria``."""
    kinds = ("merge", "split")
    rows = [row for row in fetch_in(tx, _BY_PERSON, store, persons) if row.kind in kinds]
    return {
        row.person: (
            instant(row.at),
            f"{'merged' if row.kind == 'merge' and row.undoes is None else 'parted'} by {row.edited_by}",
        )
        for row in sorted(rows, key=lambda row: row.id)
    }


def undone_ids(tx: Connection, ids: Collection[int]) -> set[int]:
    """Return which of these edits were undone."""
    return {
        int(each)
        for part in chunks(sorted(ids))
        for each in tx.scalars(select(_EDITS.c.undoes).where(_EDITS.c.undoes.in_(part)))
    }


def merge_edits(tx: Connection, store: str, old: int, new: int) -> None:
    """Give the edits of the person ``old`` to the person ``new``."""
    of_old = (_EDITS.c.store == store, _EDITS.c.person == old)
    tx.execute(update(_EDITS).where(*of_old).values(person=new))


def _from_row(row: Any) -> Edit:
    by = EditedBy(row.edited_by, instant(row.at), row.reason, row.bulk, row.key)
    return Edit(row.id, row.store, row.person, row.kind, row.words, by, loads(row.data), row.undoes)
