"""Whether a database is sound as such: its file, and how it is built. What stands in rows is not asked."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Inspector, inspect, select, text
from sqlmodel import SQLModel

from wcflow.database.mapping import customer_from_row, order_from_row, product_from_row
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

_BACKUP_ADVICE = (
    "stop wcflow and put back a backup; without one, move the database away:"
    " wcflow then reads the shop anew and treats all that happened as history"
)
_MAX_LINES = 3


@dataclass(frozen=True, slots=True)
class IntegrityProblem:
    """One thing that is wrong: in which store (empty: in none alone), how often, what to do.

    ``examples`` are keys of rows, never what stands in them.
    """

    name: str
    said: str
    advice: str
    store: str = ""
    count: int = 1
    examples: tuple[str, ...] = ()


def check_file(tx: Connection) -> Iterator[IntegrityProblem]:
    """Have SQLite read every page and every index; PostgreSQL keeps checks of its own."""
    if tx.dialect.name != "sqlite":
        return
    found = [str(row[0]) for row in tx.execute(text("PRAGMA integrity_check(100)"))]
    if found == ["ok"]:
        return
    words = "; ".join(line.replace("\n", " ") for line in found[:_MAX_LINES])
    yield IntegrityProblem(
        "file", f"the file is damaged: {words}", _BACKUP_ADVICE, count=len(found)
    )


def check_structure(tx: Connection) -> Iterator[IntegrityProblem]:
    """Look whether tables, columns, keys and indexes are those of the present revision."""
    found = inspect(tx)
    present = set(found.get_table_names())
    for table in METADATA.sorted_tables:
        if table.name not in present:
            yield IntegrityProblem(
                "structure", f"the table {table.name} is missing", _BACKUP_ADVICE
            )
            continue
        lacking = {column.name for column in table.columns} - {
            column["name"] for column in found.get_columns(table.name)
        }
        if lacking:
            said = f"the table {table.name} lacks {', '.join(sorted(lacking))}"
            yield IntegrityProblem("structure", said, _BACKUP_ADVICE)
        elif missing := _expected_names(table.name) - _existing_names(found, table.name):
            said = f"the table {table.name} lacks its index {', '.join(sorted(missing))}"
            yield IntegrityProblem("structure", said, _BACKUP_ADVICE)


def _expected_names(table: str) -> set[str]:
    here = METADATA.tables[table]
    named = {str(index.name) for index in here.indexes}
    return named | {str(each.name) for each in here.constraints if each.name}


def _existing_names(found: Inspector, table: str) -> set[str]:
    indexes = {str(each["name"]) for each in found.get_indexes(table)}
    unique = {str(each["name"]) for each in found.get_unique_constraints(table)}
    return indexes | unique


# Rows of the mirror that cannot be read back: JSON that is none, or that lacks what belongs to it.

RowReader = Callable[[Any], object]

_READ_ERRORS = (ValueError, TypeError, KeyError, AttributeError, OverflowError)
"""What Python says of a row that is not as wcflow wrote it."""


def _json_reader(columns: Mapping[str, type]) -> RowReader:
    """Give a reader of rows whose JSON columns are of these kinds, or empty where they may be."""

    def read(row: Any) -> None:
        for name, kind in columns.items():
            text = getattr(row, name)
            if text is not None and not isinstance(loads(text), kind):
                raise TypeError(f"{name} is no {kind.__name__}")

    return read


_LIST_COLUMNS = (
    "added_by_hand",
    "removed_by_hand",
    "added_by_workflows",
    "current_tags",
    "matching_workflows",
)
_DICT_COLUMNS = ("kept_forever", "written_to_customer", "written_to_order")
_PERSON_COLUMNS = {**dict.fromkeys(_LIST_COLUMNS, list), **dict.fromkeys(_DICT_COLUMNS, dict)}
ROW_READERS: Mapping[type[SQLModel], RowReader] = {
    OrderRow: order_from_row,
    CustomerRow: customer_from_row,
    ProductRow: product_from_row,
    PersonRow: _json_reader(_PERSON_COLUMNS),
    EventRow: _json_reader({"data": dict}),
    RunRow: _json_reader({"steps": list, "variables": dict}),
    OutboxRow: _json_reader({"payload": dict}),
}
"""How a row is read, for each table with JSON."""


def find_unreadable_keys(tx: Connection, store: str, model: type[SQLModel]) -> Iterator[int]:
    """Return the ids of a store's rows that cannot be read. Reads every row once."""
    read = ROW_READERS[model]
    table = table_of(model)
    query = select(table).where(table.c.store == store).execution_options(yield_per=1000)
    for row in tx.execute(query):
        try:
            read(row)
        except _READ_ERRORS:
            yield row.id
