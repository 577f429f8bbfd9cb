"""Open the database for a command that does not contact the store.

This module does not import the client, so that ``status``, ``explain`` and ``outbox`` start quickly.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, tzinfo
from pathlib import Path

from sqlalchemy import Connection, make_url

from wcflow.cli.options import admin_name, interruptible, read_config, select_stores, utcnow
from wcflow.config.load import Config
from wcflow.config.stores import StoreSettings
from wcflow.database.connection import Database, open_database
from wcflow.database.edits import EditedBy
from wcflow.database.stores import load_store_row
from wcflow.errors import SetupError
from wcflow.units import parse_zone


@dataclass(frozen=True, slots=True)
class DatabaseSession:
    """What such a command works with: the configuration, the database, the time."""

    config: Config
    db: Database
    clock: Callable[[], datetime] = utcnow

    def stores(self, name: str | None = None) -> tuple[StoreSettings, ...]:
        """Return all stores, or the one with that name; raises UsageError if there is none."""
        return select_stores(self.config, name)


@contextmanager
def open_database_session(config_file: Path | None) -> Iterator[DatabaseSession]:
    """Open the database, and close it at the end. Raises SetupError if it does not exist yet."""
    config = read_config(config_file)
    require_database(config.database)
    with interruptible(), open_database(config.database) as db:
        db.read_only = config.read_only
        yield DatabaseSession(config, db)


def edited_by(session: DatabaseSession, reason: str = "") -> EditedBy:
    """Return who types this command, now, and why."""
    return EditedBy(admin_name(), session.clock(), reason)


def store_zone(tx: Connection, store: str) -> tzinfo:
    """Return the time zone of a store; UTC if it was never read."""
    row = load_store_row(tx, store)
    return parse_zone(row.time_zone if row else "UTC")


def require_database(database: str) -> None:
    """Raise SetupError if the database is a file that does not exist yet."""
    url = make_url(database)
    if url.get_backend_name() == "sqlite" and not Path(str(url.database)).exists():
        raise SetupError(
            f"there is no database {url.database} yet",
            "'wcflow plan' creates it. It reads the store and writes nothing there.",
        )
