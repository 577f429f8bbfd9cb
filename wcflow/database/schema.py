"""Which version of its tables a database has, and how it becomes the present one. No data stands here."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, inspect, text

from wcflow.database import tables
from wcflow.errors import SetupError

HEAD = "0003"
"""The newest revision in migrations/versions. Written here so that opening needs no Alembic."""

VERSION_TABLE = "wcflow_version"
METADATA = tables.StoreRow.metadata
_MIGRATIONS = Path(__file__).parent / "migrations"
_OTHER_PROGRAM = "?"
_UPGRADE_LOCK = 0x77636677


def load_revision(tx: Connection) -> str | None:
    """Give the revision of the tables; None where there are none, ``?`` where they are not ours."""
    present = set(inspect(tx).get_table_names())
    if VERSION_TABLE in present:
        return str(tx.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar_one())  # noqa: S608  a constant
    return _OTHER_PROGRAM if present & set(METADATA.tables) else None


def check_revision(revision: str | None, location: str) -> None:
    """Refuse a database that this wcflow cannot bring up to date."""
    if revision == _OTHER_PROGRAM:
        raise SetupError(
            f"the database {location} has tables of another program",
            "Give wcflow a database of its own under database in [wcflow].",
        )
    if revision is not None and revision not in load_known_revisions():
        raise SetupError(
            f"the database {location} was made by a newer wcflow (revision {revision}, known is {HEAD})",
            "Install the newer wcflow again, or put back the backup from before the upgrade.",
        )


def load_known_revisions() -> set[str]:
    """Give all revisions that this wcflow knows."""
    # Alembic takes a tenth of a second to import: a database that is up to date does without.
    from alembic.script import ScriptDirectory  # noqa: PLC0415

    scripts = ScriptDirectory(str(_MIGRATIONS))
    return {script.revision for script in scripts.walk_revisions()}


def upgrade(tx: Connection) -> None:
    """Bring the tables to the present revision, within this transaction."""
    if tx.dialect.name == "postgresql":
        # Two daemons that start together: the second waits, then finds nothing left to do.
        tx.execute(text(f"SELECT pg_advisory_xact_lock({_UPGRADE_LOCK})"))
    if load_revision(tx) is None:
        _create_tables(tx)
    else:
        run_migrations(tx)


def _create_tables(tx: Connection) -> None:
    """Make all tables as they are now; a new database needs no Alembic, and its memory is spared."""
    METADATA.create_all(tx)
    column = "version_num VARCHAR(32) NOT NULL"
    key = f"CONSTRAINT {VERSION_TABLE}_pkc PRIMARY KEY (version_num)"
    tx.execute(text(f"CREATE TABLE {VERSION_TABLE} ({column}, {key})"))
    tx.execute(text(f"INSERT INTO {VERSION_TABLE} VALUES (:head)"), {"head": HEAD})  # noqa: S608  constants


def run_migrations(tx: Connection) -> None:
    """Take one revision after the other, up to the present one."""
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = tx
    command.upgrade(config, "head")
