"""Add tables for the quarantine, unconfirmed records and written tags, and replace indexes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "aside",
        sa.Column("store", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("first_seen", sa.BigInteger(), nullable=False),
        sa.Column("last_seen", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("store", "kind", "id"),
    )
    op.create_table(
        "doubt",
        sa.Column("store", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("store", "kind", "id"),
    )
    op.create_table(
        "written",
        sa.Column("store", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("tags", sa.Text(), nullable=False),
        sa.Column("dropped", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("store", "kind", "id"),
    )
    op.add_column("orders", sa.Column("country", sa.String(), nullable=True))
    op.drop_index("orders_by_email", table_name="orders")
    op.drop_index("orders_by_customer", table_name="orders")
    op.create_index("orders_by_customer", "orders", ["store", "customer_id", "email"], unique=False)
    op.create_index("orders_by_status", "orders", ["store", "status"], unique=False)
    op.drop_index("outbox_by_subject", table_name="outbox")
    op.create_index("outbox_by_subject", "outbox", ["store", "subject", "state"], unique=False)
    op.drop_index("person_due", table_name="person")
    op.drop_index("person_touched", table_name="person")
    op.create_index("person_touched", "person", ["store", "touched", "due_at"], unique=False)
    op.drop_index("outbox_due", table_name="outbox")
    due = ["store", "state", "released", "kind", "due_at"]
    op.create_index("outbox_due", "outbox", due, unique=False)
