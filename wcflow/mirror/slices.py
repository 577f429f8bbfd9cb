"""How far each part of the first census has come."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from sqlalchemy import Connection, delete, select, true

from wcflow.mirror.tables import CensusSlice
from wcflow.mirror.upserts import table_of, upsert

_SLICES = table_of(CensusSlice)


def slices(tx: Connection, store: str, part: str | None = None) -> list[CensusSlice]:
    """Give the slices of one part, or of all, in their order."""
    asked = select(_SLICES).where(_SLICES.c.store == store).order_by(_SLICES.c.number)
    if part is not None:
        asked = asked.where(_SLICES.c.part == part)
    return [CensusSlice(**row) for row in tx.execute(asked).mappings()]


def save_slices(tx: Connection, told: Iterable[CensusSlice]) -> None:
    """Keep slices as they are now."""
    upsert(tx, CensusSlice, [each.model_dump() for each in told])


def drop_slices(tx: Connection, store: str, parts: Collection[str] = ()) -> None:
    """Forget how far the census came, in all parts or in these: the next one begins anew."""
    which = _SLICES.c.part.in_(parts) if parts else true()
    tx.execute(delete(_SLICES).where(_SLICES.c.store == store, which))
