"""A large SQLite database, copied to PostgreSQL: what lists and records of customers read."""

from __future__ import annotations

import sqlite3
from contextlib import closing

from sqlalchemy import Boolean, Table, text

from tests.bench.large_database import LargeDatabase
from wcflow.database import schema
from wcflow.database.connection import Database

_NOT_READ = {"outbox", "run", "run_step"}


def copy_to_postgres(large: LargeDatabase, db: Database) -> None:
    """Fill the empty tables of a database, and collect what PostgreSQL plans its queries with."""
    with closing(sqlite3.connect(large.path)) as raw, db.transaction() as tx:
        for table in schema.METADATA.sorted_tables:
            if table.name not in _NOT_READ:
                _copy(raw, table, tx.connection.cursor())
    with db._engine.execution_options(isolation_level="AUTOCOMMIT").connect() as control:
        control.execute(text("VACUUM ANALYZE"))


def _copy(raw: sqlite3.Connection, table: Table, cursor) -> None:
    names = ", ".join(f'"{each.name}"' for each in table.columns)
    flags = [isinstance(each.type, Boolean) for each in table.columns]
    with cursor.copy(f"COPY {table.name} ({names}) FROM STDIN") as copy:
        for row in raw.execute(f"SELECT {names} FROM {table.name}"):
            pairs = zip(row, flags, strict=True)
            copy.write_row(
                [bool(value) if flag and value is not None else value for value, flag in pairs]
            )
