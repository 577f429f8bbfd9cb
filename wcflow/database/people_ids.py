"""Sets of people by their ids: read them, intersect them, and page through them in an order.

Each set is read from the index that answers it. With tens of thousands in several sets, one query for
all takes up to four times as long: it looks up each person, and the database guesses where to start.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from itertools import islice
from typing import Any, NamedTuple

import orjson
from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Connection,
    Select,
    Text,
    any_,
    bindparam,
    cast,
    func,
    select,
)

from wcflow.database.sql import table_of
from wcflow.database.tables import PersonRow

_PERSONS = table_of(PersonRow)
_ID = _PERSONS.c.id
FEW = 20_000
"""Up to so many people are looked up one by one; reading a whole index is faster for more."""
_MOST_READ = 80_000
"""So many people are read in their order to find a page of a set: 0.1 s on PostgreSQL."""

Ids = Select[Any]
"""A query for the ids of people."""


def load_ids(tx: Connection, query: Ids) -> set[int]:
    """Return the ids as one text from the database: in half the time of as many rows."""
    (column,) = query.subquery().c
    join = func.group_concat if tx.dialect.name == "sqlite" else func.string_agg
    text = tx.scalar(select(join(cast(column, Text), ",")))
    return set(orjson.loads(f"[{text or ''}]"))


def among(tx: Connection, column: ColumnElement[int], ids: Collection[int]) -> ColumnElement[bool]:
    """Return the condition that a column is one of any number of ids, which are one parameter."""
    if tx.dialect.name == "sqlite":
        values = func.json_each(orjson.dumps([*ids]).decode()).table_valued("value")
        return column.in_(select(values.c.value))
    return column == any_(bindparam(None, [*ids], ARRAY(BigInteger)))


def narrow(tx: Connection, found: set[int] | None, query: Ids) -> set[int]:
    """Return those of the people found so far, or of everyone, whose ids the query yields."""
    if found is None:
        return load_ids(tx, query)
    if not found:
        return found
    return found & load_ids(tx, _of_few(tx, query, found))


def without(tx: Connection, found: set[int], query: Ids) -> set[int]:
    """Return the people found so far whose ids the query does not yield."""
    return found - load_ids(tx, _of_few(tx, query, found)) if found else found


def _of_few(tx: Connection, query: Ids, found: set[int]) -> Ids:
    (column,) = query.selected_columns
    return query.where(among(tx, column, found)) if len(found) <= FEW else query


class Order(NamedTuple):
    """An order of people: by a column, and then by id."""

    column: ColumnElement[Any]
    descending: bool

    def columns(self, *, by_index: bool = True) -> list[ColumnElement[Any]]:
        """Return what to order by.

        Without ``by_index`` no value is the lowest, as SQLite sorts by itself. PostgreSQL then sorts
        all people instead of reading an index.
        """
        column, id_ = self.column.asc(), _ID.asc()
        if self.descending:
            column, id_ = self.column.desc(), _ID.desc()
        if not by_index:
            column = column.nulls_last() if self.descending else column.nulls_first()
        return [column, id_]


def page_of(
    tx: Connection, store: str, found: set[int], order: Order, limit: int | None, offset: int
) -> list[int]:
    """Return the ids of a page of these people, in an order."""
    end = len(found) if limit is None else min(offset + limit, len(found))
    if offset >= end:
        return []
    if len(found) > FEW:
        page = _read_page(tx, store, found, order, slice(offset, end))
        if len(page) == end - offset:
            return page
    query = select(_ID).where(_PERSONS.c.store == store, among(tx, _ID, found))
    query = query.order_by(*order.columns(by_index=False))
    return [*tx.scalars(query.limit(end - offset).offset(offset or None))]


def _read_page(tx: Connection, store: str, found: set[int], order: Order, page: slice) -> list[int]:
    """Return a page, or its start or nothing if too many others come before it in the order."""
    everyone = tx.scalar(select(func.max(_ID)).where(_PERSONS.c.store == store)) or 0
    expected = page.stop * everyone // len(found)
    if expected > _MOST_READ:
        return []
    return [*islice(_in_order(tx, store, found, order, 2 * expected + 1000), page.start, page.stop)]


def _in_order(
    tx: Connection, store: str, found: set[int], order: Order, most: int
) -> Iterator[int]:
    """Yield these people, those without a value as the lowest; stop after reading many others."""
    if not order.descending:
        yield from _without_value(tx, store, found, order)
    here = [_PERSONS.c.store == store, order.column.is_not(None)]
    if tx.dialect.name != "sqlite":  # only SQLite has the ids in each index and reads no row here
        here.append(_PERSONS.c.present)
    query = select(_ID).where(*here).order_by(*order.columns())
    with tx.execute(query, execution_options={"yield_per": 1000}) as rows:
        for read, person in enumerate(rows.scalars()):
            if read == most:
                return
            if person in found:
                yield person
    if order.descending:
        yield from _without_value(tx, store, found, order)


def _without_value(tx: Connection, store: str, found: set[int], order: Order) -> list[int]:
    if not order.column.nullable:
        return []
    return sorted(
        found & load_ids(tx, select(_ID).where(_PERSONS.c.store == store, order.column.is_(None)))
    )
