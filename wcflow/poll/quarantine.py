"""Keep rows together, or one by one where the database refuses one of them: then that one is put aside."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import DataError, OperationalError

from wcflow.database.mapping import ReadyOrder
from wcflow.poll.context import PollContext
from wcflow.records import Customer, Order, Product
from wcflow.store.listing import UnreadableRow

T = TypeVar("T", Customer, Order | ReadyOrder, Order, Product)

_TOO_LARGE = "54000"
"""PostgreSQL's word for a value that its indexes cannot hold."""


def save_or_quarantine(
    tx: Connection,
    context: PollContext,
    rows: Collection[T],
    save: Callable[[Collection[T]], int],
) -> int:
    """Keep rows of one kind by ``keep``, which tells how many are news; note those that are refused."""
    if not rows:
        return 0
    try:
        with tx.begin_nested():
            return save(rows)
    except (DataError, OperationalError, UnicodeError, OverflowError) as error:
        if not _is_row_error(error):
            raise
    return sum(_save_one(tx, context, row, save) for row in rows)


def _save_one(
    tx: Connection, context: PollContext, row: T, save: Callable[[Collection[T]], int]
) -> int:
    try:
        with tx.begin_nested():
            return save([row])
    except (DataError, OperationalError, UnicodeError, OverflowError) as error:
        if not _is_row_error(error):
            raise
        # The database's own words may repeat what stands in the row.
        why = f"the database does not take it ({type(error).__name__})"
        kind = "order" if isinstance(row, ReadyOrder) else type(row).__name__.lower()
        context.quarantine.record(kind, (), [UnreadableRow(row.id, why)])
        return 0


def _is_row_error(error: Exception) -> bool:
    if isinstance(error, OperationalError):
        return getattr(error.orig, "sqlstate", None) == _TOO_LARGE
    return True
