"""Add split and undated orders, odd fields, billing addresses, rule edits and clocks."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

# If any of them is in the future, a clock was wrong, and the next sync repairs it.
_SET_EVALUATED_AT = (
    "UPDATE store SET evaluated_at = (SELECT max(at) FROM ("
    "SELECT store AS name, evaluated_at AS at FROM person"
    " UNION ALL SELECT store, started_at FROM run"
    " UNION ALL SELECT store, queued_at FROM outbox) AS decided WHERE decided.name = store.name)"
)


def upgrade() -> None:
    """Change the tables of revision 0003."""
    _add_odd_fields()
    _add_order_columns()
    _add_billing_email()
    _make_rule()
    _make_alert()
    _change_runs_and_outbox()
    _add_clocks()
    _add_key_and_write_error()
    _add_crowded_seconds()


def _add_odd_fields() -> None:
    for table in ("orders", "customer", "product"):
        column = sa.Column("odd_fields", sa.String(), nullable=False, server_default="")
        op.add_column(table, column)
        few = sa.text("odd_fields <> ''")
        op.create_index(f"{table}_odd", table, ["store", "odd_fields"], sqlite_where=few)


def _add_order_columns() -> None:
    op.add_column("orders", _number_column("parent_id"))
    op.add_column("orders", _false_column("undated"))
    op.add_column("store", _false_column("child_orders_read"))
    op.drop_index("orders_by_status", table_name="orders")
    op.create_index("orders_by_status", "orders", ["store", "status", "currency"])
    split = sa.text("parent_id <> 0")
    op.create_index("orders_by_parent", "orders", ["store", "parent_id"], sqlite_where=split)


def _add_billing_email() -> None:
    column = sa.Column("billing_email", sa.String(), nullable=False, server_default="")
    op.add_column("customer", column)
    op.create_index("customer_by_billing_email", "customer", ["store", "billing_email"])


def _make_rule() -> None:
    op.create_table(
        "rule",
        sa.Column("store", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("store", "kind", "name"),
    )


def _make_alert() -> None:
    op.create_table(
        "alert",
        sa.Column("store", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("way", sa.String(), nullable=False),
        sa.Column("told_at", sa.BigInteger(), nullable=False),
        sa.Column("is_open", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("store", "kind", "way"),
    )


def _change_runs_and_outbox() -> None:
    op.add_column("run", _number_column("purchase_id"))
    op.execute("UPDATE run SET purchase_id = order_id")
    op.drop_index("run_by_order", table_name="run")
    op.create_index("run_by_purchase", "run", ["store", "purchase_id"])
    op.add_column("outbox", _false_column("urgent"))
    op.drop_index("outbox_due", table_name="outbox")
    due = ["store", "state", "approved", "kind", "urgent", "due_at"]
    op.create_index("outbox_due", "outbox", due)
    needs = sa.Column("needs", sa.Text(), nullable=False, server_default=sa.text("'[]'"))
    op.add_column("outbox", needs)
    op.add_column("workflow", sa.Column("paused_at", sa.BigInteger(), nullable=True))
    op.add_column("outbox", sa.Column("cancelled_by", sa.BigInteger(), nullable=True))


def _add_clocks() -> None:
    for name in ("clock_here", "clock_store", "evaluated_at", "evaluated_before"):
        op.add_column("store", sa.Column(name, sa.BigInteger(), nullable=True))
    op.execute(_SET_EVALUATED_AT)


def _add_key_and_write_error() -> None:
    for name, kind in (("key_digest", sa.String()), ("write_error", sa.Text())):
        op.add_column("store", sa.Column(name, kind, nullable=False, server_default=""))
    for name in ("key_read_at", "write_error_since"):
        op.add_column("store", sa.Column(name, sa.BigInteger(), nullable=True))


def _add_crowded_seconds() -> None:
    op.create_table(
        "crowded_second",
        sa.Column("store", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("second", sa.BigInteger(), nullable=False),
        sa.Column("started", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("last_id", sa.BigInteger(), nullable=False),
        sa.Column("done", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("store", "status", "second"),
    )
    column = sa.Column("crowd_position", sa.Integer(), nullable=False, server_default=sa.text("0"))
    op.add_column("import_range", column)
    op.add_column("import_range", _number_column("crowd_last_id"))


def _number_column(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), nullable=False, server_default=sa.text("0"))


def _false_column(name: str) -> sa.Column[bool]:
    return sa.Column(name, sa.Boolean(), nullable=False, server_default=sa.false())
