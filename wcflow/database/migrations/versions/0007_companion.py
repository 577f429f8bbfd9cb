"""Add the tables about the companion plugin, the texts of searches, and an index of merges."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Change the tables of revision 0006."""
    _make_companion()
    _make_companion_people()
    _make_companion_request()
    _make_search_text()
    of_two = sa.text("kind IN ('merge', 'split', 'different')")
    op.create_index("edit_of_two", "edit", ["store", "kind"], sqlite_where=of_two)


def _make_companion() -> None:
    op.create_table(
        "companion",
        sa.Column("store", sa.String(), nullable=False),
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("mail_url", sa.String(), nullable=False),
        sa.Column("generation", sa.String(), nullable=False),
        sa.Column("settings", sa.String(), nullable=False),
        sa.Column("queued_up_to", sa.BigInteger(), nullable=True),
        sa.Column("finish_due", sa.Boolean(), nullable=False),
        sa.Column("figures", sa.Text(), nullable=False),
        sa.Column("figures_at", sa.BigInteger(), nullable=True),
        sa.Column("pushed_at", sa.BigInteger(), nullable=True),
        sa.Column("summary_at", sa.BigInteger(), nullable=True),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.Column("problem_since", sa.BigInteger(), nullable=True),
        sa.Column("other_seen_at", sa.BigInteger(), nullable=True),
        sa.Column("dropped_emails", sa.Integer(), nullable=False, server_default=sa.text("0")),
        sa.PrimaryKeyConstraint("store"),
    )
    op.create_table(
        "companion_cursor",
        sa.Column("store", sa.String(), nullable=False),
        sa.Column("stream", sa.String(), nullable=False),
        sa.Column("epoch", sa.String(), nullable=False),
        sa.Column("row_id", sa.BigInteger(), nullable=False),
        sa.Column("row_key", sa.String(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("store", "stream"),
    )


def _make_companion_people() -> None:
    op.create_table(
        "companion_due",
        sa.Column("store", sa.String(), nullable=False),
        sa.Column("person", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("store", "person"),
    )
    op.create_index("companion_due_by_number", "companion_due", ["store", "number"])
    op.create_table(
        "companion_pushed",
        sa.Column("store", sa.String(), nullable=False),
        sa.Column("person", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("refused", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.PrimaryKeyConstraint("store", "person"),
    )


def _make_companion_request() -> None:
    op.create_table(
        "companion_request",
        sa.Column("store", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("person", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("answered", sa.Boolean(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("store", "key"),
    )
    op.create_index(
        "companion_request_open",
        "companion_request",
        ["store", "answered"],
        sqlite_where=sa.text("answered = 0"),
    )


def _make_search_text() -> None:
    op.create_table(
        "search_text",
        sa.Column("store", sa.String(), nullable=False),
        sa.Column("person", sa.BigInteger(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("phones", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("store", "person"),
        sqlite_with_rowid=False,
    )
    # What is known at once. The next evaluation adds the names and numbers of orders.
    op.execute(
        "INSERT INTO search_text (store, person, words, phones)"
        " SELECT store, id, '\n' || sort_name || '\n' || email || '\n', '\n' || phone || '\n'"
        " FROM person WHERE present"
    )
    op.execute("UPDATE person SET dirty = 1 WHERE present")
