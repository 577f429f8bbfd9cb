"""Create the tables of a database, or upgrade them to the current revision."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, inspect, text

from wcflow.database import tables
from wcflow.errors import SetupError

HEAD = "0007"
"""The newest revision in migrations/versions; a constant, so that opening does not import Alembic."""

VERSION_TABLE = "wcflow_version"
METADATA = tables.StoreRow.metadata
_MIGRATIONS = Path(__file__).parent / "migrations"
OTHER_PROGRAM = "?"
_UPGRADE_LOCK = 0x77636677


def load_revision(tx: Connection) -> str | None:
    """Return the revision of the tables: None if there are none, ``?`` if another program made them."""
    present = set(inspect(tx).get_table_names())
    if VERSION_TABLE in present:
        return str(tx.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar_one())  # noqa: S608  a constant
    return OTHER_PROGRAM if present & set(METADATA.tables) else None


def check_revision(revision: str | None, location: str) -> None:
    """Raise SetupError for a database that this wcflow cannot upgrade."""
    if revision == OTHER_PROGRAM:
        raise SetupError(
            f"the database {location} contains tables of another program",
            "Set database in [wcflow] to a database that only wcflow uses.",
        )
    if revision is not None and revision not in load_known_revisions():
        raise SetupError(
            f"the database {location} was made by a newer wcflow"
            f" (revision {revision}; this version supports up to {HEAD})",
            "Install the newer wcflow again, or restore the backup from before the upgrade.",
        )


def load_known_revisions() -> set[str]:
    """Return all revisions that this wcflow supports."""
    # Importing Alembic takes a tenth of a second, and a current database does not need it.
    from alembic.script import ScriptDirectory  # noqa: PLC0415

    scripts = ScriptDirectory(str(_MIGRATIONS))
    return {script.revision for script in scripts.walk_revisions()}


def upgrade(tx: Connection) -> None:
    """Create the tables, or upgrade them to the current revision, in this transaction."""
    if tx.dialect.name == "postgresql":
        # If two daemons start together, the second waits and then has nothing to do.
        tx.execute(text(f"SELECT pg_advisory_xact_lock({_UPGRADE_LOCK})"))
    if load_revision(tx) is None:
        _create_tables(tx)
    else:
        run_migrations(tx)


def _create_tables(tx: Connection) -> None:
    """Create the current tables without Alembic, which would take time and memory."""
    METADATA.create_all(tx)
    column = "version_num VARCHAR(32) NOT NULL"
    key = f"CONSTRAINT {VERSION_TABLE}_pkc PRIMARY KEY (version_num)"
    tx.execute(text(f"CREATE TABLE {VERSION_TABLE} ({column}, {key})"))
    tx.execute(text(f"INSERT INTO {VERSION_TABLE} VALUES (:head)"), {"head": HEAD})  # noqa: S608  constants


def run_migrations(tx: Connection) -> None:
    """Apply all newer migrations."""
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = tx
    command.upgrade(config, "head")
