"""Check the file and the structure of a database, and whether its rows can be read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Inspector, inspect, select, text
from sqlmodel import SQLModel

from wcflow.database.mapping import customer_from_row, order_from_row, product_from_row
from wcflow.database.schema import METADATA
from wcflow.database.sql import loads, table_of
from wcflow.database.subscriptions import subscription_from_row
from wcflow.database.tables import (
    PERSON_LIST_COLUMNS,
    CustomerRow,
    EventRow,
    OrderRow,
    OutboxRow,
    PersonRow,
    ProductRow,
    RunRow,
    SubscriptionRow,
)

_BACKUP_ADVICE = (
    "Stop wcflow and restore a backup. Without one, move the database away: wcflow then imports"
    " the store again, and earlier events don't start workflows."
)
_MAX_LINES = 3


@dataclass(frozen=True, slots=True)
class IntegrityProblem:
    """A problem of the database. ``store`` is empty if it concerns no single store.

    ``count`` is the number of rows; ``examples`` are keys of some, never their content.
    """

    name: str
    message: str
    advice: str
    store: str = ""
    count: int = 1
    examples: tuple[str, ...] = ()


def check_file(tx: Connection) -> Iterator[IntegrityProblem]:
    """Check every page and index of an SQLite file; PostgreSQL has its own checks."""
    if tx.dialect.name != "sqlite":
        return
    found = [str(row[0]) for row in tx.execute(text("PRAGMA integrity_check(100)"))]
    if found == ["ok"]:
        return
    details = "; ".join(line.replace("\n", " ") for line in found[:_MAX_LINES])
    yield IntegrityProblem(
        "file", f"the file is damaged: {details}", _BACKUP_ADVICE, count=len(found)
    )


def check_structure(tx: Connection) -> Iterator[IntegrityProblem]:
    """Check that tables, columns, keys and indexes are those of the current revision."""
    found = inspect(tx)
    present = set(found.get_table_names())
    for table in METADATA.sorted_tables:
        if table.name not in present:
            yield IntegrityProblem(
                "structure", f"the table {table.name} is missing", _BACKUP_ADVICE
            )
            continue
        missing_columns = {column.name for column in table.columns} - {
            column["name"] for column in found.get_columns(table.name)
        }
        if missing_columns:
            problem = f"the table {table.name} has no column {', '.join(sorted(missing_columns))}"
            yield IntegrityProblem("structure", problem, _BACKUP_ADVICE)
        elif missing := _expected_names(tx, table.name) - _existing_names(found, table.name):
            problem = f"the table {table.name} has no index {', '.join(sorted(missing))}"
            yield IntegrityProblem("structure", problem, _BACKUP_ADVICE)


def _expected_names(tx: Connection, table: str) -> set[str]:
    expected, dialect = METADATA.tables[table], tx.dialect.name
    indexes = {
        str(index.name) for index in expected.indexes if index.info.get("only", dialect) == dialect
    }
    return indexes | {str(each.name) for each in expected.constraints if each.name}


def _existing_names(found: Inspector, table: str) -> set[str]:
    indexes = {str(each["name"]) for each in found.get_indexes(table)}
    unique = {str(each["name"]) for each in found.get_unique_constraints(table)}
    return indexes | unique


# Rows that cannot be read: their JSON is invalid or incomplete.

RowReader = Callable[[Any], object]

_READ_ERRORS = (ValueError, TypeError, KeyError, AttributeError, OverflowError)
"""The errors of reading a row that wcflow did not write this way."""


def _json_reader(columns: Mapping[str, type]) -> RowReader:
    """Return a reader that checks the types of JSON columns; null is valid."""

    def read(row: Any) -> None:
        for name, kind in columns.items():
            text = getattr(row, name)
            if text is not None and not isinstance(loads(text), kind):
                raise TypeError(f"{name} is not a {kind.__name__}")

    return read


_DICT_COLUMNS = ("kept_forever", "written_to_customer", "written_to_order")
_PERSON_COLUMNS = {**dict.fromkeys(PERSON_LIST_COLUMNS, list), **dict.fromkeys(_DICT_COLUMNS, dict)}
ROW_READERS: Mapping[type[SQLModel], RowReader] = {
    OrderRow: order_from_row,
    CustomerRow: customer_from_row,
    ProductRow: product_from_row,
    PersonRow: _json_reader(_PERSON_COLUMNS),
    EventRow: _json_reader({"data": dict}),
    SubscriptionRow: subscription_from_row,
    RunRow: _json_reader({"steps": list, "variables": dict, "progress": dict}),
    OutboxRow: _json_reader({"payload": dict, "needs": list}),
}
"""How to read a row, for each table with JSON."""


def find_unreadable_keys(tx: Connection, store: str, model: type[SQLModel]) -> Iterator[int]:
    """Return the ids of rows that cannot be read. Reads every row of the store."""
    read = ROW_READERS[model]
    table = table_of(model)
    query = select(table).where(table.c.store == store).execution_options(yield_per=1000)
    for row in tx.execute(query):
        try:
            read(row)
        except _READ_ERRORS:
            yield row.id
