"""Whether a database is sound as such: its file, and how it is built. What stands in rows is not asked."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Inspector, inspect, select, text
from sqlmodel import SQLModel

from wcflow.database.mapping import customer_of, order_of, product_of
from wcflow.database.schema import METADATA
from wcflow.database.sql import loads, table_of
from wcflow.database.tables import (
    CustomerRow,
    EventRow,
    OrderRow,
    OutboxRow,
    PersonRow,
    ProductRow,
    RunRow,
)

_BACKUP = (
    "stop wcflow and put back a backup; without one, move the database away:"
    " wcflow then reads the shop anew and treats all that happened as history"
)
_MOST_WORDS = 3


@dataclass(frozen=True, slots=True)
class Unsound:
    """One thing that is wrong: in which store (empty: in none alone), how often, what to do.

    ``examples`` are keys of rows, never what stands in them.
    """

    name: str
    said: str
    advice: str
    store: str = ""
    count: int = 1
    examples: tuple[str, ...] = ()


def of_file(tx: Connection) -> Iterator[Unsound]:
    """Have SQLite read every page and every index; PostgreSQL keeps checks of its own."""
    if tx.dialect.name != "sqlite":
        return
    found = [str(row[0]) for row in tx.execute(text("PRAGMA integrity_check(100)"))]
    if found == ["ok"]:
        return
    words = "; ".join(line.replace("\n", " ") for line in found[:_MOST_WORDS])
    yield Unsound("file", f"the file is damaged: {words}", _BACKUP, count=len(found))


def of_structure(tx: Connection) -> Iterator[Unsound]:
    """Look whether tables, columns, keys and indexes are those of the present revision."""
    found = inspect(tx)
    present = set(found.get_table_names())
    for table in METADATA.sorted_tables:
        if table.name not in present:
            yield Unsound("structure", f"the table {table.name} is missing", _BACKUP)
            continue
        lacking = {column.name for column in table.columns} - {
            column["name"] for column in found.get_columns(table.name)
        }
        if lacking:
            said = f"the table {table.name} lacks {', '.join(sorted(lacking))}"
            yield Unsound("structure", said, _BACKUP)
        elif missing := _names_wanted(table.name) - _names_found(found, table.name):
            said = f"the table {table.name} lacks its index {', '.join(sorted(missing))}"
            yield Unsound("structure", said, _BACKUP)


def _names_wanted(table: str) -> set[str]:
    here = METADATA.tables[table]
    named = {str(index.name) for index in here.indexes}
    return named | {str(each.name) for each in here.constraints if each.name}


def _names_found(found: Inspector, table: str) -> set[str]:
    indexes = {str(each["name"]) for each in found.get_indexes(table)}
    unique = {str(each["name"]) for each in found.get_unique_constraints(table)}
    return indexes | unique


# Rows of the mirror that cannot be read back: JSON that is none, or that lacks what belongs to it.

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
READERS: Mapping[type[SQLModel], Read] = {
    OrderRow: order_of,
    CustomerRow: customer_of,
    ProductRow: product_of,
    PersonRow: _as(_PERSON),
    EventRow: _as({"data": dict}),
    RunRow: _as({"steps": list, "memory": dict}),
    OutboxRow: _as({"payload": dict}),
}
"""How a row is read, for each table with JSON."""


def unreadable(tx: Connection, store: str, model: type[SQLModel]) -> Iterator[int]:
    """Return the ids of a store's rows that cannot be read. Reads every row once."""
    read = READERS[model]
    table = table_of(model)
    asked = select(table).where(table.c.store == store).execution_options(yield_per=1000)
    for row in tx.execute(asked):
        try:
            read(row)
        except _REFUSALS:
            yield row.id
