"""The tags that wcflow wrote to each customer and order, or was about to write.

They are saved by place and not by person: an order can get another person, and an older order
becomes a person's latest again if the newer one is deleted. Where the store differs from what
wcflow wrote, someone changed the tags by hand.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sqlalchemy import Connection, select

from wcflow.database.sql import chunks, dumps, loads, table_of, upsert
from wcflow.database.tables import WrittenTagsRow
from wcflow.rules.tags import TagChange, TagPlace

_WRITTEN_TAGS = table_of(WrittenTagsRow)
_COLUMNS = (_WRITTEN_TAGS.c.id, _WRITTEN_TAGS.c.tags, _WRITTEN_TAGS.c.dropped)


def load_written_tags(
    tx: Connection, store: str, places: Iterable[TagPlace]
) -> dict[TagPlace, TagChange]:
    """Return what wcflow wrote to these places; a place without writes is missing."""
    by_kind: dict[str, set[int]] = {}
    for kind, number in places:
        by_kind.setdefault(kind, set()).add(number)
    found: dict[TagPlace, TagChange] = {}
    for kind, ids in by_kind.items():
        of_kind = (_WRITTEN_TAGS.c.store == store) & (_WRITTEN_TAGS.c.kind == kind)
        for part in chunks(sorted(ids)):
            query = select(*_COLUMNS).where(of_kind, _WRITTEN_TAGS.c.id.in_(part))
            for number, tags, dropped in tx.execute(query):
                change = TagChange(frozenset(loads(tags)), frozenset(loads(dropped)))
                found[kind, number] = change
    return found


def save_written_tags(tx: Connection, store: str, changes: Mapping[TagPlace, TagChange]) -> None:
    rows = [
        {
            "store": store,
            "kind": kind,
            "id": number,
            "tags": dumps(sorted(change.tags)),
            "dropped": dumps(sorted(change.dropped)),
        }
        for (kind, number), change in sorted(changes.items())
    ]
    upsert(tx, WrittenTagsRow, rows)
