"""Add points, tiers, groups, tasks, coupon pools, campaigns, suppression and subscriptions."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Change the tables of revision 0004."""
    _make_points()
    _make_tier()
    _make_group_member()
    _make_task()
    _make_pool_code()
    _make_suppression()
    _make_campaign()
    _make_subscription()
    _make_daily_figure()
    _add_columns()


def _make_points() -> None:
    op.create_table(
        "points",
        sa.Column("id", _row_id(), nullable=False),
        sa.Column("store", sa.String(), nullable=False),
        sa.Column("person", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("changed_by", sa.String(), nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("terms", sa.String(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=True),
        sa.Column("undoes", sa.BigInteger(), nullable=True),
        sa.Column("run_id", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("store", "person", "key", name="points_once"),
    )
    op.create_index("points_by_expiry", "points", ["store", "expires_at"])


def _make_tier() -> None:
    op.create_table(
        "tier",
        sa.Column("store", sa.String(), nullable=False),
        sa.Column("person", sa.BigInteger(), nullable=False),
        sa.Column("tier", sa.String(), nullable=False),
        sa.Column("before", sa.String(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("below_since", sa.BigInteger(), nullable=True),
        sa.Column("fixed_by", sa.String(), nullable=False),
        sa.Column("fixed", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("store", "person"),
    )
    op.create_index("tier_by_name", "tier", ["store", "tier"])


def _make_group_member() -> None:
    op.create_table(
        "group_member",
        sa.Column("store", sa.String(), nullable=False),
        sa.Column("person", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("added_by", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("store", "person", "name"),
    )
    op.create_index("group_member_by_name", "group_member", ["store", "name"])


def _make_task() -> None:
    op.create_table(
        "task",
        sa.Column("id", _row_id(), nullable=False),
        sa.Column("store", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("person", sa.BigInteger(), nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("assignee", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=True),
        sa.Column("snoozed_until", sa.BigInteger(), nullable=True),
        sa.Column("told_at", sa.BigInteger(), nullable=True),
        sa.Column("made_by", sa.String(), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("done_by", sa.String(), nullable=False),
        sa.Column("done_at", sa.BigInteger(), nullable=True),
        sa.Column("run_id", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("store", "key", name="task_once"),
    )
    op.create_index("task_by_person", "task", ["store", "person"])
    op.create_index("task_by_state", "task", ["store", "state", "due_at"])


def _make_pool_code() -> None:
    op.create_table(
        "pool_code",
        sa.Column("id", _row_id(), nullable=False),
        sa.Column("store", sa.String(), nullable=False),
        sa.Column("pool", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("shown", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("person", sa.BigInteger(), nullable=True),
        sa.Column("run_id", sa.BigInteger(), nullable=True),
        sa.Column("step", sa.String(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.Column("checked_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("store", "pool", "code", name="pool_code_once"),
    )
    given = sa.text("person IS NOT NULL")
    op.create_index(
        "pool_code_by_person",
        "pool_code",
        ["store", "person"],
        sqlite_where=given,
    )
    of_run = sa.text("run_id IS NOT NULL")
    op.create_index("pool_code_by_run", "pool_code", ["run_id"], sqlite_where=of_run)
    op.create_index("pool_code_by_state", "pool_code", ["store", "state", "pool", "id"])
    op.create_table(
        "codes_file",
        sa.Column("store", sa.String(), nullable=False),
        sa.Column("pool", sa.String(), nullable=False),
        sa.Column("stamp", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("imported_at", sa.BigInteger(), nullable=False),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("store", "pool"),
    )


def _make_suppression() -> None:
    op.create_table(
        "suppression",
        sa.Column("store", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("added_by", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("store", "channel", "address"),
    )


def _make_campaign() -> None:
    op.create_table(
        "campaign",
        sa.Column("store", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("mode", sa.String(), nullable=False, server_default=sa.text("'live'")),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("started_by", sa.String(), nullable=False),
        sa.Column("audience_at", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("queued", sa.Integer(), nullable=False, server_default=sa.text("0")),
        sa.Column("audience", sa.Integer(), nullable=False),
        sa.Column("finished_at", sa.BigInteger(), nullable=True),
        sa.Column("approved", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("changed_at", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False, server_default=""),
        sa.Column("rules_digest", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("store", "name"),
    )


def _make_subscription() -> None:
    op.create_table(
        "subscription",
        sa.Column("store", sa.String(), nullable=False),
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("parent_id", sa.BigInteger(), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("started", sa.BigInteger(), nullable=True),
        sa.Column("next_payment", sa.BigInteger(), nullable=True),
        sa.Column("cancelled", sa.BigInteger(), nullable=True),
        sa.Column("ended", sa.BigInteger(), nullable=True),
        sa.Column("modified", sa.BigInteger(), nullable=False),
        sa.Column("history", sa.Text(), nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("store", "id"),
    )
    op.create_index("subscription_by_customer", "subscription", ["store", "customer_id"])
    op.create_index("subscription_by_payment", "subscription", ["store", "next_payment"])


def _make_daily_figure() -> None:
    op.create_table(
        "daily_figure",
        sa.Column("store", sa.String(), nullable=False),
        sa.Column("day", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("figure", sa.String(), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("store", "day", "kind", "name", "figure"),
    )


def _add_columns() -> None:
    op.add_column("person", sa.Column("consent", sa.Boolean(), nullable=True))
    number = sa.Column("priority", sa.Integer(), nullable=False, server_default=sa.text("0"))
    op.add_column("outbox", number)
    progress = sa.Column("progress", sa.Text(), nullable=False, server_default=sa.text("'{}'"))
    op.add_column("run", progress)
    marketing: sa.Column[bool] = sa.Column(
        "marketing", sa.Boolean(), nullable=False, server_default=sa.false()
    )
    op.add_column("outbox", marketing)
    op.drop_index("outbox_due", "outbox")
    due = ["store", "state", "approved", "kind", "priority", "urgent", "due_at"]
    op.create_index("outbox_due", "outbox", due)
    for name in ("has_subscriptions", "has_companion"):
        no: sa.Column[bool] = sa.Column(
            name, sa.Boolean(), nullable=False, server_default=sa.false()
        )
        op.add_column("store", no)
    op.add_column("store", sa.Column("subscription_cursor", sa.BigInteger(), nullable=True))
    error = sa.Column("error", sa.Text(), nullable=False, server_default=sa.text("''"))
    op.add_column("channel", error)
    op.add_column("channel", sa.Column("error_since", sa.BigInteger(), nullable=True))


def _row_id() -> sa.BigInteger:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")
