"""Write many rows at once, alike on SQLite and PostgreSQL; and the forms in which values are stored.

Core, not the ORM: merging objects one by one costs twenty times as much.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache, lru_cache
from itertools import chain, islice
from operator import itemgetter
from types import MappingProxyType
from typing import Any, NamedTuple, TypeVar

import orjson
from sqlalchemy import (
    ColumnElement,
    Connection,
    Dialect,
    Table,
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
"""How many values an IN list is given: far below SQLite's limit, and few enough to plan quickly."""

_BATCH_SIZES = (400, 80, 16, 4, 1)
"""How many rows SQLite is given in one statement: as many as there are left, in few kinds of it."""


def upsert(
    tx: Connection,
    model: type[SQLModel],
    rows: Sequence[Mapping[str, Any]],
    *,
    keep: Collection[str] = (),
    on: Sequence[str] = (),
) -> None:
    """Insert rows, or update those whose key is there. All rows have the same keys.

    The key is the primary key, or the unique columns ``on``. A column that the rows do not name
    takes the model's default in a new row and stays as it is in an old one; so do the columns to
    ``keep``, which new rows must still be given.
    """
    if not rows:
        return
    key = tuple(on) or tuple(column.name for column in table_of(model).primary_key)
    compiled = _compile_upsert(model, tx.dialect, tuple(rows[0]), key, frozenset(keep))
    if compiled.values is None:
        tx.exec_driver_sql(compiled.text, [dict(row) for row in rows])
        return
    at = 0
    for size in _BATCH_SIZES:
        while len(rows) - at >= size:
            part = map(compiled.values, rows[at : at + size])
            tx.exec_driver_sql(compiled.many[size], tuple(chain.from_iterable(part)))
            at += size


class _CompiledUpsert(NamedTuple):
    """A statement as the driver takes it, for one row and, ``many``, for so many rows at once.

    ``values`` gives a row's values in their places, where the driver takes them without names.
    """

    text: str
    many: Mapping[int, str] = MappingProxyType({})
    values: Callable[[Mapping[str, Any]], tuple[Any, ...]] | None = None


@lru_cache(maxsize=256)
def _compile_upsert(
    model: type[SQLModel],
    dialect: Dialect,
    named: tuple[str, ...],
    key: tuple[str, ...],
    keep: frozenset[str],
) -> _CompiledUpsert:
    # Compiled once: to have SQLAlchemy look at every value anew takes longer than SQLite does to
    # write it. The columns hold numbers, texts and booleans, which drivers take as they are.
    statement = _build_upsert(model, dialect.name, named, key, keep)
    compiled = statement.compile(dialect=dialect, column_keys=list(named))
    assert isinstance(compiled, SQLCompiler)
    text, places = str(compiled), compiled.positiontup
    if places is None:
        return _CompiledUpsert(text)
    first, *rest = places
    values = itemgetter(*places) if rest else lambda row: (row[first],)
    # SQLite lets other threads work during a statement, and takes them all up between two.
    head, words, tail = text.partition(" VALUES ")
    one, conflict, then = tail.partition(" ON CONFLICT ")
    many = {n: f"{head}{words}{', '.join([one] * n)}{conflict}{then}" for n in _BATCH_SIZES}
    return _CompiledUpsert(text, many, values)


@cache
def _build_upsert(
    model: type[SQLModel],
    dialect: str,
    named: tuple[str, ...],
    key: tuple[str, ...],
    keep: frozenset[str],
) -> Insert:
    table = table_of(model)
    changed = [name for name in named if name not in key and name not in keep]
    # Defaults stand in the statement: to bind them anew for every row costs more than the rest.
    rest = {name: value for name, value in _column_defaults(model).items() if name not in named}
    if dialect == "sqlite":
        to_lite = sqlite.insert(table).values(rest)
        updates = {name: to_lite.excluded[name] for name in changed}
        return (
            to_lite.on_conflict_do_update(index_elements=key, set_=updates)
            if updates
            else to_lite.on_conflict_do_nothing()
        )
    # What PostgreSQL needs takes its time to import; who has SQLite does without.
    from sqlalchemy.dialects import postgresql  # noqa: PLC0415

    to_post = postgresql.insert(table).values(rest)
    updates = {name: to_post.excluded[name] for name in changed}
    return (
        to_post.on_conflict_do_update(index_elements=key, set_=updates)
        if updates
        else to_post.on_conflict_do_nothing()
    )


def _column_defaults(model: type[SQLModel]) -> Mapping[str, Any]:
    columns = table_of(model).columns
    # A number that the database gives must not be given as NULL.
    numbered = {c.name for c in table_of(model).primary_key if c.autoincrement is not False}
    return {
        name: _literal(field.default, columns[name].type)
        for name, field in model.model_fields.items()
        if not field.is_required() and name in columns and name not in numbered
    }


def _literal(value: object, kind: TypeEngine[Any]) -> ColumnElement[Any]:
    if value is None:
        return null()
    if isinstance(value, bool):
        return true() if value else false()
    compiled = literal(value, kind).compile(compile_kwargs={"literal_binds": True})
    return literal_column(str(compiled))


def table_of(model: type[SQLModel]) -> Table:
    """Give the Core table of a model."""
    table = model.__table__  # type: ignore[attr-defined]  # SQLModel sets it for table=True
    assert isinstance(table, Table)
    return table


def chunks(values: Iterable[T], size: int = CHUNK_SIZE) -> Iterator[list[T]]:
    """Cut values into lists of at most ``size``."""
    rest = iter(values)
    while part := list(islice(rest, size)):
        yield part


def dumps(value: Any) -> str:
    """Write a JSON column: keys sorted, so that equal content is equal text."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()


def loads(text: str) -> Any:
    """Read a JSON column."""
    return orjson.loads(text)


def stamp(instant: datetime) -> int:
    """Give an aware instant as whole seconds since 1970."""
    # In half the time of timestamp(), by way of a fraction: an order has five of them.
    since = instant - _EPOCH
    return since.days * _DAY + since.seconds


def instant(stamp: int) -> datetime:
    """Give whole seconds since 1970 as an aware instant in UTC."""
    return datetime.fromtimestamp(stamp, UTC)


# Count the rows of a store, as of a million orders: how many there are, and of which kinds. No row is read here: who only counts starts without what makes records of rows.

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
    """Count a store's rows; SQLite counts a whole table much sooner than the rows of a store."""
    counted = select(func.count()).select_from(table)
    if not _is_only_store(tx, store):
        counted = counted.where(table.c["store"] == store)
    return tx.scalar(counted) or 0


def count_by_value(
    tx: Connection, table: Table, store: str, column: str, usual: str = ""
) -> dict[str, int]:
    """Give how many rows have each value of a column of few values that an index holds.

    Value by value takes half as long as GROUP BY; and the ``usual`` one, which most rows have, is
    what the others leave of the whole, where that is soon counted.
    """
    mine, of = table.c["store"] == store, table.c[column]
    values = []
    value = _next_value(tx, of, mine)
    while value is not None:
        values.append(value)
        value = _next_value(tx, of, mine, of > value)
    rest = usual if usual in values and _is_only_store(tx, store) else None
    counted = select(func.count()).where(mine)
    found = {each: tx.scalar(counted.where(of == each)) or 0 for each in values if each != rest}
    if rest is not None:
        found[rest] = count_rows(tx, table, store) - sum(found.values())
    return {each: found[each] for each in values}


def _next_value(tx: Connection, column: ColumnElement[str], *where: ColumnElement[bool]) -> Any:
    return tx.scalar(select(func.min(column)).where(*where))


def _is_only_store(tx: Connection, store: str) -> bool:
    """Say whether a store's rows are all that SQLite would count."""
    if tx.dialect.name != "sqlite":
        return False
    return [store] == list(tx.scalars(select(_STORES.c.name).limit(2)))
