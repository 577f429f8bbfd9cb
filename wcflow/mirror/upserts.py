"""Write many rows at once, alike on SQLite and PostgreSQL; and the forms in which values are stored.

Core, not the ORM: merging objects one by one costs twenty times as much.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from itertools import islice
from typing import Any, TypeVar

import orjson
from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.dml import Insert
from sqlmodel import SQLModel

T = TypeVar("T")

CHUNK = 500
"""How many values an IN list is given: far below SQLite's limit, and few enough to plan quickly."""


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
    table = table_of(model)
    named = tuple(rows[0])
    key = tuple(on) or tuple(column.name for column in table.primary_key)
    statement = _statement(table, tx.dialect.name, named, key, frozenset(keep))
    defaults = _defaults(model)
    tx.execute(statement, [{**defaults, **row} for row in rows])


@cache
def _statement(
    table: Table, dialect: str, named: tuple[str, ...], key: tuple[str, ...], keep: frozenset[str]
) -> Insert:
    changed = [name for name in named if name not in key and name not in keep]
    if dialect == "sqlite":
        to_lite = sqlite.insert(table)
        updates = {name: to_lite.excluded[name] for name in changed}
        return (
            to_lite.on_conflict_do_update(index_elements=key, set_=updates)
            if updates
            else to_lite.on_conflict_do_nothing()
        )
    to_post = postgresql.insert(table)
    updates = {name: to_post.excluded[name] for name in changed}
    return (
        to_post.on_conflict_do_update(index_elements=key, set_=updates)
        if updates
        else to_post.on_conflict_do_nothing()
    )


@cache
def _defaults(model: type[SQLModel]) -> Mapping[str, Any]:
    # A number that the database gives must not be given as NULL.
    numbered = {c.name for c in table_of(model).primary_key if c.autoincrement is not False}
    return {
        name: field.default
        for name, field in model.model_fields.items()
        if not field.is_required() and name in table_of(model).columns and name not in numbered
    }


def table_of(model: type[SQLModel]) -> Table:
    """Give the Core table of a model."""
    table = model.__table__  # type: ignore[attr-defined]  # SQLModel sets it for table=True
    assert isinstance(table, Table)
    return table


def chunks(values: Iterable[T], size: int = CHUNK) -> Iterator[list[T]]:
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
    return int(instant.timestamp())


def instant(stamp: int) -> datetime:
    """Give whole seconds since 1970 as an aware instant in UTC."""
    return datetime.fromtimestamp(stamp, UTC)
