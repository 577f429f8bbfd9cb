"""Open the mirror's database, SQLite or PostgreSQL, and hand out transactions. No query stands here."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError

from wcflow.database import schema
from wcflow.database.copy import set_aside
from wcflow.database.errors import worded
from wcflow.errors import SetupError

_BUSY_MILLISECONDS = 5000
_LOCK_MILLISECONDS = 30_000
_CONNECT_SECONDS = 10
"""PostgreSQL would wait without end: for who holds a table, and for a server that does not answer."""
_CACHE_KILOBYTES = 16_000
"""The indexes of a large shop: with the usual 2 MB a census reads them anew for every page."""
_COUNTING_KILOBYTES = 500
"""Who counts needs each page once: to fill new memory with pages takes longer than to read them."""
_WAL_PAGES = 16_000
"""64 MB until the log is carried over: a page that many orders change is then carried over once."""


class Database:
    """The mirror: transactions that write, and looks that are consistent in themselves."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.dialect = engine.dialect.name
        self.place = _place(engine.url)
        self._writes = engine.execution_options(wcflow_begin="BEGIN IMMEDIATE")
        self._reads = engine
        if self.dialect == "postgresql":
            self._reads = engine.execution_options(
                isolation_level="REPEATABLE READ", postgresql_readonly=True
            )

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Write: commit at the end, roll back on any error."""
        with _in_words(self.place), self._writes.begin() as tx:
            yield tx

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Look: every statement sees the same state."""
        with _in_words(self.place), self._reads.begin() as tx:
            yield tx

    @contextmanager
    def counting(self) -> Iterator[Connection]:
        """Look, and go through whole tables: pages are not kept."""
        with self.reading() as tx:
            _keep(tx, _COUNTING_KILOBYTES)
            try:
                yield tx
            finally:
                _keep(tx, _CACHE_KILOBYTES)

    def close(self) -> None:
        """Let go of all connections."""
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
    """Open the database at ``url``; make its tables, or upgrade them, where that is needed.

    Raises SetupError or BusyError in an admin's words.
    """
    parsed = _parsed(url)
    _claim_file(parsed)
    db = Database(_engine(parsed))
    try:
        _bring_up_to_date(db, parsed)
    except BaseException:
        db.close()
        raise
    return db


def open_as_it_is(url: str) -> Database:
    """Open a database that is there, of whatever revision, and change nothing in it."""
    return Database(_engine(_parsed(url)))


def _bring_up_to_date(db: Database, url: URL) -> None:
    with db.reading() as tx:
        version = schema.version_of(tx)
    if version == schema.HEAD:
        return
    schema.check(version, db.place)
    with db.transaction() as tx:
        # Asked once more: another process may have upgraded it while this one waited for its turn.
        version = schema.version_of(tx)
        if db.dialect == "sqlite" and version not in (None, schema.HEAD):
            set_aside(Path(url.database or ""), str(version))
        schema.upgrade(tx)


def _parsed(url: str) -> URL:
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise SetupError(
            "the database is no URL that can be read",
            "Write sqlite:////var/lib/wcflow/wcflow.sqlite or postgresql://user@host/name.",
        ) from None
    if parsed.drivername in ("postgres", "postgresql"):
        return parsed.set(drivername="postgresql+psycopg")
    return parsed


def _engine(url: URL) -> Engine:
    try:
        # Parameters are customers' data: they must not stand in an error that may reach a log.
        remote = url.get_backend_name() != "sqlite"
        patience = {"connect_timeout": _CONNECT_SECONDS} if remote else {}
        patience = {name: each for name, each in patience.items() if name not in url.query}
        engine = create_engine(
            url, pool_pre_ping=remote, hide_parameters=True, connect_args=patience
        )
    except ModuleNotFoundError as missing:
        raise SetupError(
            f"the database {_place(url)} needs the Python module {missing.name}",
            "For PostgreSQL, install wcflow with its extra: pip install 'wcflow[postgres]'.",
        ) from missing
    except ArgumentError as refused:
        raise SetupError(
            f"the database {_place(url)} is of no kind that wcflow knows: {refused}",
            "Use SQLite (sqlite:///…) or PostgreSQL (postgresql://…).",
        ) from refused
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
    # The driver would begin transactions by itself, late and never IMMEDIATE: it is told not to.
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


def _keep(tx: Connection, kilobytes: int) -> None:
    if tx.dialect.name == "sqlite":
        tx.exec_driver_sql(f"PRAGMA cache_size=-{kilobytes}")


def _use_wal(connection: sqlite3.Connection) -> None:
    try:
        connection.execute("PRAGMA journal_mode=WAL").close()
    except sqlite3.OperationalError as error:
        # SQLite does not wait here. Another process is doing the same to a new file, and the file
        # keeps it; were it locked for another reason, the next statement would wait and say so.
        if "locked" not in str(error):
            raise


def _begin_sqlite(connection: Connection) -> None:
    # A writer takes its lock at once: one that first reads and then writes could be refused midway.
    connection.exec_driver_sql(connection.get_execution_options().get("wcflow_begin", "BEGIN"))


@contextmanager
def _in_words(place: str) -> Iterator[None]:
    try:
        yield
    except (DBAPIError, sqlite3.Error) as error:
        told = worded(error, place)
        if told is None:
            raise
        raise told from error


def _claim_file(url: URL) -> None:
    """Make an SQLite file readable by its owner alone: it holds customers' addresses."""
    if url.get_backend_name() != "sqlite" or url.database in (None, "", ":memory:"):
        return
    try:
        Path(str(url.database)).touch(mode=0o600)
    except OSError as refused:
        raise SetupError(
            f"the database {_place(url)} cannot be opened: {refused.strerror}",
            "The directory must exist, and the user that runs wcflow must be able to write in it.",
        ) from refused


def _place(url: URL) -> str:
    if url.get_backend_name() == "sqlite":
        return url.database or ":memory:"
    return url.set(drivername=url.get_backend_name()).render_as_string(hide_password=True)
