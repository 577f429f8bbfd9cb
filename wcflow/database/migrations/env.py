"""Run migrations for Alembic, on the caller's connection and in its transaction."""

from __future__ import annotations

from alembic import context

from wcflow.database.schema import METADATA, VERSION_TABLE

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    version_table=VERSION_TABLE,
    # SQLite can roll back DDL, because wcflow starts its transactions itself.
    transactional_ddl=True,
    # SQLite cannot alter a column: Alembic then copies the table.
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
