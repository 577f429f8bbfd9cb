"""Add edits, notes, groups, companies and receipts, and what lists of customers show."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Change the tables of revision 0005."""
    _make_edit()
    _make_customer_note()
    _make_customer_group()
    _make_company()
    _make_company_member()
    _make_erasure()
    _make_same_person()
    _add_columns()


def _make_edit() -> None:
    op.create_table(
        "edit",
        sa.Column("id", _row_id(), nullable=False),
        sa.Column("store", sa.String(), nullable=False),
        sa.Column("person", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("edited_by", sa.String(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sa.Column("bulk", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=True),
        sa.Column("undoes", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("edit_by_bulk", "edit", ["store", "bulk"], sqlite_where=sa.text("bulk <> ''"))
    op.create_index(
        "edit_by_key",
        "edit",
        ["store", "key"],
        unique=True,
        sqlite_where=sa.text("key IS NOT NULL"),
    )
    op.create_index("edit_by_person", "edit", ["store", "person"])
    op.create_index(
        "edit_by_undoes", "edit", ["undoes"], sqlite_where=sa.text("undoes IS NOT NULL")
    )


def _make_customer_note() -> None:
    op.create_table(
        "customer_note",
        sa.Column("id", _row_id(), nullable=False),
        sa.Column("store", sa.String(), nullable=False),
        sa.Column("person", sa.BigInteger(), nullable=False),
        sa.Column("category", sa.String(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("written_by", sa.String(), nullable=False),
        sa.Column("written_at", sa.BigInteger(), nullable=False),
        sa.Column("removed_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("customer_note_by_person", "customer_note", ["store", "person"])


def _make_customer_group() -> None:
    op.create_table(
        "customer_group",
        sa.Column("store", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("made_by", sa.String(), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("store", "name"),
    )


def _make_company() -> None:
    op.create_table(
        "company",
        sa.Column("id", _row_id(), nullable=False),
        sa.Column("store", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("folded", sa.String(), nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("vat_id", sa.String(), nullable=False),
        sa.Column("billing_company", sa.String(), nullable=False),
        sa.Column("made_by", sa.String(), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("store", "folded", name="company_once"),
    )
    op.create_index("company_by_billing", "company", ["store", "billing_company"])


def _make_company_member() -> None:
    op.create_table(
        "company_member",
        sa.Column("store", sa.String(), nullable=False),
        sa.Column("person", sa.BigInteger(), nullable=False),
        sa.Column("company", sa.BigInteger(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("added_by", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("store", "person"),
    )
    op.create_index("company_member_by_company", "company_member", ["store", "company"])


def _make_erasure() -> None:
    op.create_table(
        "erasure",
        sa.Column("id", _row_id(), nullable=False),
        sa.Column("store", sa.String(), nullable=False),
        sa.Column("mode", sa.String(), nullable=False),
        sa.Column("person", sa.BigInteger(), nullable=False),
        sa.Column("account", sa.BigInteger(), nullable=False),
        sa.Column("counts", sa.Text(), nullable=False),
        sa.Column("erased_by", sa.String(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("finished_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "erasure_open",
        "erasure",
        ["store", "finished_at"],
        sqlite_where=sa.text("finished_at IS NULL"),
    )
    op.create_table(
        "erased_identity",
        sa.Column("store", sa.String(), nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.Column("erasure", sa.BigInteger(), nullable=False),
        sa.Column("person", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("store", "hash", "erasure"),
    )


def _make_same_person() -> None:
    op.create_table(
        "same_person",
        sa.Column("store", sa.String(), nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("belongs_to", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("store", "email"),
    )
    op.create_index("same_person_by_other", "same_person", ["store", "belongs_to"])
    op.create_table(
        "not_same_person",
        sa.Column("store", sa.String(), nullable=False),
        sa.Column("one", sa.String(), nullable=False),
        sa.Column("other", sa.String(), nullable=False),
        sa.Column("said_by", sa.String(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("store", "one", "other"),
    )


def _add_columns() -> None:
    for name in ("list_key", "name", "sort_name", "phone", "company"):
        words = sa.Column(name, sa.String(), nullable=False, server_default=sa.text("''"))
        op.add_column("person", words)
    for name in ("last_order", "since"):
        op.add_column("person", sa.Column(name, sa.BigInteger(), nullable=True))
    no: sa.Column[bool] = sa.Column(
        "inactive", sa.Boolean(), nullable=False, server_default=sa.false()
    )
    op.add_column("person", no)
    for index, *columns in (
        ("person_by_list_key", "list_key"),
        ("person_by_name", "sort_name", "phone"),
        ("person_by_spent", "total_spent"),
        ("person_by_orders", "orders_count"),
        ("person_by_last_order", "last_order"),
        ("person_by_since", "since"),
        ("person_by_company", "company"),
    ):
        op.create_index(index, "person", ["store", *columns])
    op.create_index(
        "person_inactive", "person", ["store", "inactive"], sqlite_where=sa.text("inactive = 1")
    )
    if op.get_bind().dialect.name == "sqlite":
        op.create_index("person_by_tags", "person", ["store", "current_tags"])
    op.create_index(
        "orders_by_number",
        "orders",
        ["store", "number"],
        sqlite_where=sa.text("number != CAST(id AS TEXT)"),
    )
    op.drop_index("membership_by_segment", "membership")
    op.create_index("membership_by_segment", "membership", ["store", "segment", "person"])
    # What lists show is saved with an evaluation.
    op.execute("UPDATE person SET dirty = 1 WHERE present")


def _row_id() -> sa.BigInteger:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")
