"""Count the rows of a store, as of a million orders: how many there are, and of which kinds."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, func, select

from wcflow.mirror.tables import StoreRow
from wcflow.mirror.upserts import table_of

_STORES = table_of(StoreRow)


def count_all(tx: Connection, table: Table, store: str) -> int:
    """Count a store's rows; SQLite counts a whole table much sooner than the rows of a store."""
    counted = select(func.count()).select_from(table)
    if not _is_alone(tx, store):
        counted = counted.where(table.c["store"] == store)
    return tx.scalar(counted) or 0


def counts_by(
    tx: Connection, table: Table, store: str, column: str, usual: str = ""
) -> dict[str, int]:
    """Give how many rows have each value of a column of few values that an index holds.

    Value by value takes half as long as GROUP BY; and the ``usual`` one, which most rows have, is
    what the others leave of the whole, where that is soon counted.
    """
    mine, of = table.c["store"] == store, table.c[column]
    values = []
    value = _next(tx, of, mine)
    while value is not None:
        values.append(value)
        value = _next(tx, of, mine, of > value)
    rest = usual if usual in values and _is_alone(tx, store) else None
    counted = select(func.count()).where(mine)
    found = {each: tx.scalar(counted.where(of == each)) or 0 for each in values if each != rest}
    if rest is not None:
        found[rest] = count_all(tx, table, store) - sum(found.values())
    return {each: found[each] for each in values}


def _next(tx: Connection, column: ColumnElement[str], *where: ColumnElement[bool]) -> Any:
    return tx.scalar(select(func.min(column)).where(*where))


def _is_alone(tx: Connection, store: str) -> bool:
    """Say whether a store's rows are all that SQLite would count."""
    if tx.dialect.name != "sqlite":
        return False
    return [store] == list(tx.scalars(select(_STORES.c.name).limit(2)))
