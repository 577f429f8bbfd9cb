"""Open the database, SQLite or PostgreSQL, and start transactions. Queries are elsewhere."""

from __future__ import annotations

import shlex
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError

from wcflow.database import schema
from wcflow.database.errors import translate_error
from wcflow.database.sqlite_files import backup_before_upgrade
from wcflow.errors import SetupError

_BUSY_MILLISECONDS = 5000
_LOCK_MILLISECONDS = 30_000
_CONNECT_SECONDS = 10
"""Without limits, PostgreSQL waits forever for a locked table or a server that does not answer."""
_CACHE_KILOBYTES = 16_000
"""Enough for the indexes of a large store. With the default of 2 MB, an import reads them again for
every page of orders."""
_SCAN_CACHE_KILOBYTES = 500
"""A scan reads each page once, and filling a large cache takes longer than reading."""
_WAL_PAGES = 16_000
"""A checkpoint every 64 MB: a page that many orders change is then copied only once."""


class Database:
    """A database: transactions that write, and snapshots to read."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.dialect = engine.dialect.name
        self.location = _location(engine.url)
        self._writes = engine.execution_options(wcflow_begin="BEGIN IMMEDIATE")
        self._reads = engine
        self.read_only = False
        if self.dialect == "postgresql":
            self._reads = engine.execution_options(
                isolation_level="REPEATABLE READ", postgresql_readonly=True
            )

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Start a transaction that writes: it commits at the end and rolls back on any error.

        Raises SetupError where the configuration only lets people look.
        """
        self.check_writable()
        with _translate_errors(self.location), self._writes.begin() as tx:
            yield tx

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Start a transaction that only reads: all statements see the same state."""
        with _translate_errors(self.location), self._reads.begin() as tx:
            yield tx

    @contextmanager
    def counting(self) -> Iterator[Connection]:
        """Start a transaction that reads whole tables; their pages do not stay in memory."""
        with self.reading() as tx:
            _set_cache_size(tx, _SCAN_CACHE_KILOBYTES)
            try:
                yield tx
            finally:
                _set_cache_size(tx, _CACHE_KILOBYTES)

    def check_writable(self) -> None:
        """Raise SetupError where the configuration only lets people look."""
        if self.read_only:
            raise SetupError(
                "this configuration is only for looking (read_only = yes in [wcflow])",
                "To change something, use the configuration of the service.",
            )

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def open_database(url: str) -> Database:
    """Open the database, and create or upgrade its tables if necessary.

    Raises SetupError or BusyError.
    """
    parsed = _parse_url(url)
    _create_private_file(parsed)
    db = Database(_build_engine(parsed))
    try:
        _upgrade_if_needed(db, parsed)
    except BaseException:
        db.close()
        raise
    return db


def open_without_upgrade(url: str) -> Database:
    """Open an existing database of any revision."""
    return Database(_build_engine(_parse_url(url)))


def _upgrade_if_needed(db: Database, url: URL) -> None:
    with db.reading() as tx:
        revision = schema.load_revision(tx)
    if revision == schema.HEAD:
        return
    schema.check_revision(revision, db.location)
    with db.transaction() as tx:
        # Read again: another process may have upgraded it while this one waited for the lock.
        revision = schema.load_revision(tx)
        if db.dialect == "sqlite" and revision not in (None, schema.HEAD):
            backup_before_upgrade(Path(url.database or ""), str(revision))
        schema.upgrade(tx)


def _parse_url(url: str) -> URL:
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise SetupError(
            "database in [wcflow] is not a valid URL",
            "Write sqlite:////var/lib/wcflow/wcflow.sqlite or postgresql://user@host/name.",
        ) from None
    if parsed.drivername in ("postgres", "postgresql"):
        return parsed.set(drivername="postgresql+psycopg")
    return parsed


def _build_engine(url: URL) -> Engine:
    try:
        remote = url.get_backend_name() != "sqlite"
        timeouts = {"connect_timeout": _CONNECT_SECONDS} if remote else {}
        timeouts = {name: each for name, each in timeouts.items() if name not in url.query}
        # Parameters are customer data, and errors can be logged.
        engine = create_engine(
            url, pool_pre_ping=remote, hide_parameters=True, connect_args=timeouts
        )
    except ModuleNotFoundError as missing:
        raise SetupError(
            f"the database {_location(url)} needs the Python module {missing.name}",
            f"Run: {shlex.quote(sys.executable)} -m pip install 'psycopg[binary]'",
        ) from missing
    except ArgumentError as error:
        raise SetupError(
            f"the kind of the database {_location(url)} is not supported: {error}",
            "Use SQLite (sqlite:///…) or PostgreSQL (postgresql://…).",
        ) from error
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    else:
        event.listen(engine, "connect", _prepare_postgres)
    return engine


def _prepare_postgres(connection: Any, _: Any) -> None:
    connection.execute(f"SET lock_timeout = {_LOCK_MILLISECONDS}")
    connection.commit()


def _prepare_sqlite(connection: sqlite3.Connection, _: Any) -> None:
    # Otherwise the driver starts transactions itself, late and never as IMMEDIATE.
    connection.isolation_level = None
    for pragma in (
        f"busy_timeout={_BUSY_MILLISECONDS}",
        "synchronous=NORMAL",
        "foreign_keys=ON",
        f"cache_size=-{_CACHE_KILOBYTES}",
        f"wal_autocheckpoint={_WAL_PAGES}",
    ):
        connection.execute(f"PRAGMA {pragma}").close()
    _use_wal(connection)


def _set_cache_size(tx: Connection, kilobytes: int) -> None:
    if tx.dialect.name == "sqlite":
        tx.exec_driver_sql(f"PRAGMA cache_size=-{kilobytes}")


def _use_wal(connection: sqlite3.Connection) -> None:
    try:
        connection.execute("PRAGMA journal_mode=WAL").close()
    except sqlite3.OperationalError as error:
        # SQLite does not wait here. Usually another process is setting the same mode on a new file,
        # which keeps it. If the lock has another cause, the next statement waits and fails.
        if "locked" not in str(error):
            raise


def _begin_sqlite(connection: Connection) -> None:
    # Writers lock from the start: after a read, the change to a write lock could fail.
    connection.exec_driver_sql(connection.get_execution_options().get("wcflow_begin", "BEGIN"))


@contextmanager
def _translate_errors(location: str) -> Iterator[None]:
    try:
        yield
    except (DBAPIError, sqlite3.Error) as error:
        translated = translate_error(error, location)
        if translated is None:
            raise
        raise translated from error


def _create_private_file(url: URL) -> None:
    """Create an SQLite file that only its owner can read: it contains customers' addresses."""
    if url.get_backend_name() != "sqlite" or url.database in (None, "", ":memory:"):
        return
    try:
        Path(str(url.database)).touch(mode=0o600)
    except OSError as error:
        raise SetupError(
            f"the database {_location(url)} cannot be opened: {error.strerror}",
            "The directory must exist, and the user that runs wcflow must be able to write to it.",
        ) from error


def _location(url: URL) -> str:
    if url.get_backend_name() == "sqlite":
        return url.database or ":memory:"
    return url.set(drivername=url.get_backend_name()).render_as_string(hide_password=True)
