"""What wcflow changed in each place of the shop, or was about to when it was interrupted.

It is kept by place and not by person: orders change hands, and an older order is the latest again
once a newer one is gone. What a place shows or lacks of these, no hand added or took away.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sqlalchemy import Connection, select

from wcflow.database.sql import chunks, dumps, loads, table_of, upsert
from wcflow.database.tables import WrittenTagsRow
from wcflow.rules.tags import TagChange, TagPlace

_WRITTEN_TAGS = table_of(WrittenTagsRow)


def load_written_tags(
    tx: Connection, store: str, places: Iterable[TagPlace]
) -> dict[TagPlace, TagChange]:
    """Give what was changed in these places, as far as anything was."""
    requested, found = sorted(set(places)), {}
    for kind in sorted({kind for kind, _ in requested}):
        for ids in chunks([number for each, number in requested if each == kind]):
            matching = (
                _WRITTEN_TAGS.c.store == store,
                _WRITTEN_TAGS.c.kind == kind,
                _WRITTEN_TAGS.c.id.in_(ids),
            )
            for row in tx.execute(
                select(_WRITTEN_TAGS.c.id, _WRITTEN_TAGS.c.tags, _WRITTEN_TAGS.c.dropped).where(
                    *matching
                )
            ):
                tags, dropped = frozenset(loads(row.tags)), frozenset(loads(row.dropped))
                found[kind, row.id] = TagChange(tags, dropped)
    return found


def save_written_tags(tx: Connection, store: str, put: Mapping[TagPlace, TagChange]) -> None:
    """Keep what is changed in these places."""
    rows = [
        {
            "store": store,
            "kind": kind,
            "id": number,
            "tags": dumps(sorted(each.tags)),
            "dropped": dumps(sorted(each.dropped)),
        }
        for (kind, number), each in sorted(put.items())
    ]
    upsert(tx, WrittenTagsRow, rows)
