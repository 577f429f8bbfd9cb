"""The tags that wcflow put in each place of the shop, or was about to when it was interrupted.

It is kept by place and not by person: orders change hands, and an older order is the latest again
once a newer one is gone. What a place shows of these was not added by hand.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sqlalchemy import Connection, select

from wcflow.mirror.tables import WrittenRow
from wcflow.mirror.upserts import chunks, dumps, loads, table_of, upsert
from wcflow.rules.memory import Place

_W = table_of(WrittenRow)


def written_in(tx: Connection, store: str, places: Iterable[Place]) -> dict[Place, frozenset[str]]:
    """Give what was written in these places, as far as anything was."""
    asked, found = sorted(set(places)), {}
    for kind in sorted({kind for kind, _ in asked}):
        for ids in chunks([number for each, number in asked if each == kind]):
            mine = (_W.c.store == store, _W.c.kind == kind, _W.c.id.in_(ids))
            for row in tx.execute(select(_W.c.id, _W.c.tags).where(*mine)):
                found[kind, row.id] = frozenset(loads(row.tags))
    return found


def save_written(tx: Connection, store: str, tags: Mapping[Place, frozenset[str]]) -> None:
    """Keep what is written in these places."""
    rows = [
        {"store": store, "kind": kind, "id": number, "tags": dumps(sorted(some))}
        for (kind, number), some in sorted(tags.items())
    ]
    upsert(tx, WrittenRow, rows)
