"""Rows of the mirror that cannot be read back: JSON that is none, or that lacks what belongs to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from sqlalchemy import Connection, select
from sqlmodel import SQLModel

from wcflow.mirror.rows import customer_of, order_of, product_of
from wcflow.mirror.tables import CustomerRow, OrderRow, OutboxRow, PersonRow, ProductRow, RunRow
from wcflow.mirror.upserts import loads, table_of

Read = Callable[[Any], object]

_REFUSALS = (ValueError, TypeError, KeyError, AttributeError, OverflowError)
"""What Python says of a row that is not as wcflow wrote it."""


def _as(columns: Mapping[str, type]) -> Read:
    """Give a reader of rows whose JSON columns are of these kinds, or empty where they may be."""

    def read(row: Any) -> None:
        for name, kind in columns.items():
            text = getattr(row, name)
            if text is not None and not isinstance(loads(text), kind):
                raise TypeError(f"{name} is no {kind.__name__}")

    return read


_LISTS = ("by_hand", "refused", "granted", "worn", "matched")
_DICTS = ("kept", "written_customer", "written_order")
_PERSON = {**dict.fromkeys(_LISTS, list), **dict.fromkeys(_DICTS, dict)}
READERS: Mapping[type[SQLModel], tuple[str, Read]] = {
    OrderRow: ("id", order_of),
    CustomerRow: ("id", customer_of),
    ProductRow: ("id", product_of),
    PersonRow: ("subject", _as(_PERSON)),
    RunRow: ("id", _as({"steps": list, "memory": dict})),
    OutboxRow: ("id", _as({"payload": dict})),
}
"""For each table with JSON: what its rows are known by, and how one is read."""


def unreadable(tx: Connection, store: str, model: type[SQLModel]) -> Iterator[Any]:
    """Give the keys of a store's rows that cannot be read. Reads every row once."""
    key, read = READERS[model]
    table = table_of(model)
    asked = select(table).where(table.c.store == store).execution_options(yield_per=1000)
    for row in tx.execute(asked):
        try:
            read(row)
        except _REFUSALS:
            yield getattr(row, key)
