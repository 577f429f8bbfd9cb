"""Helpers for queries on SQLite and PostgreSQL: upserts, IN lists, JSON, times and counts.

Queries use SQLAlchemy Core: merging ORM objects one by one takes twenty times as long.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache, lru_cache
from itertools import chain, islice
from operator import itemgetter
from types import MappingProxyType
from typing import Any, NamedTuple, TypeVar, cast

import orjson
from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Dialect,
    Select,
    Table,
    bindparam,
    false,
    func,
    literal,
    literal_column,
    null,
    select,
    true,
)
from sqlalchemy.dialects import sqlite
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.dml import Insert
from sqlalchemy.types import TypeEngine
from sqlmodel import SQLModel

from wcflow.database.tables import CustomerRow, OrderRow, RunRow, StoreRow

T = TypeVar("T")

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY = 86_400

CHUNK_SIZE = 500
"""Values in one IN list: far below SQLite's limit, and few enough to plan quickly."""

_BATCH_SIZES = (400, 80, 16, 4, 1)
"""Numbers of rows in one statement for SQLite; few, so that few statements are compiled."""


def upsert(
    tx: Connection,
    model: type[SQLModel],
    rows: Sequence[Mapping[str, Any]],
    *,
    keep: Collection[str] = (),
    on: Sequence[str] = (),
) -> None:
    """Insert rows, or update existing ones. All rows have the same columns.

    A row exists if its primary key does, or the unique columns ``on``. Existing rows keep the
    columns in ``keep`` and those that the rows omit; new rows get the model's default for these.
    """
    if not rows:
        return
    key = tuple(on) or tuple(column.name for column in table_of(model).primary_key)
    compiled = _compile_upsert(model, tx.dialect, tuple(rows[0]), key, frozenset(keep))
    if compiled.values is None:
        tx.exec_driver_sql(compiled.text, [dict(row) for row in rows])
        return
    start = 0
    for size in _BATCH_SIZES:
        while len(rows) - start >= size:
            part = map(compiled.values, rows[start : start + size])
            tx.exec_driver_sql(compiled.many[size], tuple(chain.from_iterable(part)))
            start += size


class _CompiledUpsert(NamedTuple):
    """An upsert as SQL for one row and, in ``many``, for several rows.

    ``values`` returns the values of a row in the statement's order; None if they have names.
    """

    text: str
    many: Mapping[int, str] = MappingProxyType({})
    values: Callable[[Mapping[str, Any]], tuple[Any, ...]] | None = None


@lru_cache(maxsize=256)
def _compile_upsert(
    model: type[SQLModel],
    dialect: Dialect,
    columns: tuple[str, ...],
    key: tuple[str, ...],
    keep: frozenset[str],
) -> _CompiledUpsert:
    # Compiled once, because SQLAlchemy takes longer to process a value than SQLite to write it.
    # Drivers take the numbers, texts and booleans of the columns without conversion.
    statement = _build_upsert(model, dialect.name, columns, key, keep)
    compiled = statement.compile(dialect=dialect, column_keys=list(columns))
    assert isinstance(compiled, SQLCompiler)
    text, names = str(compiled), compiled.positiontup
    if names is None:
        return _CompiledUpsert(text)
    first, *rest = names
    values = itemgetter(*names) if rest else lambda row: (row[first],)
    # Without statements for several rows, an import takes half as long again: after each statement
    # the thread that writes would wait for those that parse pages.
    head, words, tail = text.partition(" VALUES ")
    one, conflict, then = tail.partition(" ON CONFLICT ")
    many = {n: f"{head}{words}{', '.join([one] * n)}{conflict}{then}" for n in _BATCH_SIZES}
    return _CompiledUpsert(text, many, values)


@cache
def _build_upsert(
    model: type[SQLModel],
    dialect: str,
    columns: tuple[str, ...],
    key: tuple[str, ...],
    keep: frozenset[str],
) -> Insert:
    table = table_of(model)
    changed = [name for name in columns if name not in key and name not in keep]
    # Defaults are literals in the statement: binding them for every row takes too long.
    defaults = {name: each for name, each in _column_defaults(model).items() if name not in columns}
    if dialect == "sqlite":
        insert: Any = sqlite.insert(table).values(defaults)
    else:
        # Imported here, because it is slow and SQLite does not need it.
        from sqlalchemy.dialects import postgresql  # noqa: PLC0415

        insert = postgresql.insert(table).values(defaults)
    updates = {name: insert.excluded[name] for name in changed}
    if not updates:
        return cast(Insert, insert.on_conflict_do_nothing())
    return cast(Insert, insert.on_conflict_do_update(index_elements=key, set_=updates))


def _column_defaults(model: type[SQLModel]) -> Mapping[str, Any]:
    table_columns = table_of(model).columns
    # The database numbers the rows itself, unless the statement sets NULL.
    numbered = {c.name for c in table_of(model).primary_key if c.autoincrement is not False}
    return {
        name: _literal(field.default, table_columns[name].type)
        for name, field in model.model_fields.items()
        if not field.is_required() and name in table_columns and name not in numbered
    }


def _literal(value: object, kind: TypeEngine[Any]) -> ColumnElement[Any]:
    if value is None:
        return null()
    if isinstance(value, bool):
        return true() if value else false()
    compiled = literal(value, kind).compile(compile_kwargs={"literal_binds": True})
    return literal_column(str(compiled))


def table_of(model: type[SQLModel]) -> Table:
    """Return the Core table of a model."""
    table = model.__table__  # type: ignore[attr-defined]  # SQLModel sets it for table=True
    assert isinstance(table, Table)
    return table


def chunks(values: Iterable[T], size: int = CHUNK_SIZE) -> Iterator[list[T]]:
    """Split values into lists of at most ``size``."""
    rest = iter(values)
    while part := list(islice(rest, size)):
        yield part


def select_in(table: Table, column: str, *columns: Column[Any]) -> Select[Any]:
    """Return a query for :func:`fetch_in`: the rows of a store whose ``column`` is in a list."""
    of_store = table.c["store"] == bindparam("store")
    in_list = table.c[column].in_(bindparam("values", expanding=True))
    return select(*(columns or (table,))).where(of_store, in_list)


def fetch_in(
    tx: Connection, query: Select[Any], store: str, values: Iterable[Any]
) -> Iterator[Any]:
    """Return the rows of a query from :func:`select_in` for any number of values."""
    for part in chunks(values):
        yield from tx.execute(query, {"store": store, "values": part}).all()


def dumps(value: Any) -> str:
    """Return a value as JSON; keys are sorted, so that equal content is equal text."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()


def loads(text: str) -> Any:
    return orjson.loads(text)


def stamp(instant: datetime) -> int:
    """Return an aware datetime as whole seconds since 1970."""
    # Integers take half the time of timestamp(), and an order has five times.
    since = instant - _EPOCH
    return since.days * _DAY + since.seconds


def instant(stamp: int) -> datetime:
    """Return whole seconds since 1970 as a datetime in UTC."""
    return datetime.fromtimestamp(stamp, UTC)


# Counts of rows. They are here, because ``status`` then starts without importing the records.

_STORES, _RUNS = table_of(StoreRow), table_of(RunRow)
_ORDERS, _CUSTOMERS = table_of(OrderRow), table_of(CustomerRow)


def count_orders(tx: Connection, store: str) -> dict[str, int]:
    """Count orders by status."""
    return count_by_value(tx, _ORDERS, store, "status", usual="completed")


def count_customers(tx: Connection, store: str, up_to: int | None = None) -> int:
    """Count the customers, or those whose id is at most ``up_to``."""
    if up_to is None:
        return count_rows(tx, _CUSTOMERS, store)
    within = (_CUSTOMERS.c.store == store) & (_CUSTOMERS.c.id <= up_to)
    return int(tx.execute(select(func.count()).where(within)).scalar_one())


def count_runs(tx: Connection, store: str) -> dict[str, dict[str, int]]:
    """Count the runs of each workflow by state."""
    query = select(_RUNS.c.workflow, _RUNS.c.state, func.count()).where(_RUNS.c.store == store)
    found: dict[str, dict[str, int]] = {}
    for workflow, state, count in tx.execute(query.group_by(_RUNS.c.workflow, _RUNS.c.state)):
        found.setdefault(workflow, {})[state] = count
    return found


def count_rows(tx: Connection, table: Table, store: str) -> int:
    """Count the rows of a store; SQLite counts a whole table much faster than the rows of a store."""
    counted = select(func.count()).select_from(table)
    if not _is_only_store(tx, store):
        counted = counted.where(table.c["store"] == store)
    return tx.scalar(counted) or 0


def count_by_value(
    tx: Connection, table: Table, store: str, column: str, usual: str = ""
) -> dict[str, int]:
    """Count the rows of a store by an indexed column with few values.

    One query for each value takes half as long as GROUP BY. ``usual`` is the value of most rows: it
    is not counted, but calculated from the total, which is fast if there is only one store.
    """
    of_store, counted = table.c["store"] == store, table.c[column]
    values: list[str] = []
    next_value = select(func.min(counted)).where(of_store)
    value = tx.scalar(next_value)
    while value is not None:
        values.append(value)
        value = tx.scalar(next_value.where(counted > value))
    rest = usual if usual in values and _is_only_store(tx, store) else None
    count = select(func.count()).where(of_store)
    found = {each: tx.scalar(count.where(counted == each)) or 0 for each in values if each != rest}
    if rest is not None:
        found[rest] = count_rows(tx, table, store) - sum(found.values())
    return {each: found[each] for each in values}


def _is_only_store(tx: Connection, store: str) -> bool:
    """Return whether an SQLite database has only this store."""
    if tx.dialect.name != "sqlite":
        return False
    return [store] == list(tx.scalars(select(_STORES.c.name).limit(2)))
