"""How Alembic runs a migration: over the connection, and in the transaction, that it is given."""

from __future__ import annotations

from alembic import context

from wcflow.database.schema import METADATA, VERSION_TABLE

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    version_table=VERSION_TABLE,
    # SQLite undoes DDL as well as rows, now that wcflow begins its transactions itself.
    transactional_ddl=True,
    # SQLite cannot alter a column: Alembic then copies the table.
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
