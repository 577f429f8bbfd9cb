"""Persons with ids of their own, known by accounts and addresses; stored events."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Give every person an id, and move all that belongs to them to it."""
    _map_subjects()
    _make_person()
    _make_identity()
    _make_event()
    _move_memberships()
    _move_transitions()
    _move_runs()
    _move_outbox()
    _make_channel()
    _make_rescan()
    _make_store_columns()
    op.drop_table("person_of_subject")


def _map_subjects() -> None:
    """Number all subjects, also those of whom only runs or outbox entries are left."""
    op.create_table(
        "person_of_subject",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("store", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("store", "subject"),
    )
    op.execute(
        "INSERT INTO person_of_subject (id, store, subject)"
        " SELECT row_number() OVER (ORDER BY store, subject), store, subject FROM ("
        "SELECT store, subject FROM person UNION SELECT store, subject FROM membership"
        " UNION SELECT store, subject FROM move UNION SELECT store, subject FROM run"
        " UNION SELECT store, subject FROM outbox) AS everyone"
    )


def _make_person() -> None:
    op.drop_index("person_touched", table_name="person")
    op.drop_index("person_by_email", table_name="person")
    op.rename_table("person", "old_person")
    op.create_table(
        "person",
        sa.Column("id", _ROW_ID, nullable=False),
        sa.Column("store", sa.String(), nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("present", sa.Boolean(), nullable=False),
        sa.Column("touched", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=True),
        sa.Column("evaluated_at", sa.BigInteger(), nullable=True),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("by_hand", sa.Text(), nullable=False),
        sa.Column("refused", sa.Text(), nullable=False),
        sa.Column("granted", sa.Text(), nullable=False),
        sa.Column("kept", sa.Text(), nullable=False),
        sa.Column("worn", sa.Text(), nullable=False),
        sa.Column("matched", sa.Text(), nullable=False),
        sa.Column("written_customer", sa.Text(), nullable=True),
        sa.Column("written_order", sa.Text(), nullable=True),
        sa.Column("written_order_id", sa.BigInteger(), nullable=False),
        sa.Column("spent", sa.BigInteger(), nullable=False),
        sa.Column("orders_count", sa.Integer(), nullable=False),
        sa.Column("spend_percentile", sa.Integer(), nullable=True),
        sa.Column("orders_percentile", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.execute(
        "INSERT INTO person (id, store, present, email, touched, due_at, evaluated_at, digest, by_hand, refused, granted, kept,"
        " worn, matched, written_customer, written_order, written_order_id, spent,"
        " orders_count, spend_percentile, orders_percentile)"
        " SELECT new.id, new.store, true, old.email, old.touched, old.due_at, old.evaluated_at, old.digest, old.by_hand,"
        " old.refused, old.granted, old.kept, old.worn, old.matched, old.written_customer,"
        " old.written_order, old.written_order_id, old.spent, old.orders_count,"
        " old.spend_percentile, old.orders_percentile"
        " FROM person_of_subject AS new JOIN old_person AS old"
        " ON old.store = new.store AND old.subject = new.subject"
    )
    op.execute(
        "INSERT INTO person (id, store, present, email, touched, digest, by_hand, refused, granted,"
        " kept, worn, matched, written_order_id, spent, orders_count)"
        " SELECT new.id, new.store, false, '', 0, '', '[]', '[]', '[]', '{}', '[]', '[]', 0, 0, 0 FROM person_of_subject AS new"
        " WHERE NOT EXISTS (SELECT 1 FROM old_person AS old WHERE old.store = new.store AND old.subject = new.subject)"
    )
    op.drop_table("old_person")
    op.create_index("person_touched", "person", ["store", "touched", "due_at"], unique=False)
    op.create_index("person_by_email", "person", ["store", "email"], unique=False)
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "SELECT setval(pg_get_serial_sequence('person', 'id'), (SELECT coalesce(max(id), 0) + 1 FROM person), false)"
        )


def _make_identity() -> None:
    op.create_table(
        "identity",
        sa.Column("store", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.Column("person", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("store", "kind", "value"),
    )
    op.execute(
        "INSERT INTO identity (store, kind, value, person)"
        " SELECT store, CASE WHEN subject LIKE 'g:%' THEN 'email' ELSE 'account' END,"
        " CASE WHEN subject LIKE 'g:%' THEN substr(subject, 3) ELSE substr(subject, 2) END, id"
        " FROM person_of_subject"
    )
    op.create_index("identity_by_person", "identity", ["store", "person"], unique=False)


def _make_event() -> None:
    op.create_table(
        "event",
        sa.Column("id", _ROW_ID, nullable=False),
        sa.Column("store", sa.String(), nullable=False),
        sa.Column("person", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("store", "person", "key", name="event_once"),
    )


def _move_memberships() -> None:
    op.drop_index("membership_by_segment", table_name="membership")
    op.rename_table("membership", "old_membership")
    op.create_table(
        "membership",
        sa.Column("store", sa.String(), nullable=False),
        sa.Column("person", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("segment", sa.String(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("store", "person", "segment"),
    )
    op.execute(
        "INSERT INTO membership (store, person, segment, since)"
        " SELECT old.store, new.id, old.segment, old.since FROM old_membership AS old"
        " JOIN person_of_subject AS new ON new.store = old.store AND new.subject = old.subject"
    )
    op.drop_table("old_membership")
    op.create_index("membership_by_segment", "membership", ["store", "segment"], unique=False)


def _move_transitions() -> None:
    op.drop_index("move_by_subject", table_name="move")
    op.create_table(
        "transition",
        sa.Column("id", _ROW_ID, nullable=False),
        sa.Column("store", sa.String(), nullable=False),
        sa.Column("person", sa.BigInteger(), nullable=False),
        sa.Column("segment", sa.String(), nullable=False),
        sa.Column("entered", sa.Boolean(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.execute(
        "INSERT INTO transition (store, person, segment, entered, at, reason)"
        " SELECT old.store, new.id, old.segment, old.entered, old.at, old.reason FROM move AS old"
        " JOIN person_of_subject AS new ON new.store = old.store AND new.subject = old.subject"
        " ORDER BY old.id"
    )
    op.drop_table("move")
    op.create_index("transition_by_person", "transition", ["store", "person"], unique=False)


def _move_runs() -> None:
    op.drop_index("run_by_subject", table_name="run")
    op.add_column("run", sa.Column("person", sa.BigInteger(), nullable=True))
    op.add_column("run", sa.Column("path", sa.Text(), nullable=True))
    op.execute(_PERSON_OF_RUN)
    # A list of steps is a tree already; the next step, a number, is a path into it.
    op.execute("UPDATE run SET path = '[' || step || ']'")
    with op.batch_alter_table("run") as table:
        table.alter_column("person", existing_type=sa.BigInteger(), nullable=False)
        table.alter_column("path", existing_type=sa.Text(), nullable=False)
        table.drop_constraint("run_once", type_="unique")
        table.drop_column("subject")
        table.drop_column("step")
        table.create_unique_constraint("run_once", ["store", "workflow", "person", "occurrence"])
    op.create_index("run_by_person", "run", ["store", "person", "state"], unique=False)


def _move_outbox() -> None:
    op.drop_index("outbox_by_subject", table_name="outbox")
    op.add_column("outbox", sa.Column("person", sa.BigInteger(), nullable=True))
    op.execute(_PERSON_OF_ENTRY)
    op.add_column("outbox", sa.Column("channel", sa.String(), nullable=True))
    op.execute("UPDATE outbox SET channel = 'store'")
    key = ["store", "rule", "person", "occurrence", "step"]
    with op.batch_alter_table("outbox") as table:
        table.alter_column("person", existing_type=sa.BigInteger(), nullable=False)
        table.alter_column("channel", existing_type=sa.String(), nullable=False)
        table.drop_constraint("effect_once", type_="unique")
        table.drop_column("subject")
        table.create_unique_constraint("outbox_once", key)
    op.create_index("outbox_by_person", "outbox", ["store", "person", "state"], unique=False)


_PERSON_OF_RUN = (
    "UPDATE run SET person = (SELECT new.id FROM person_of_subject AS new"
    " WHERE new.store = run.store AND new.subject = run.subject)"
)
_PERSON_OF_ENTRY = (
    "UPDATE outbox SET person = (SELECT new.id FROM person_of_subject AS new"
    " WHERE new.store = outbox.store AND new.subject = outbox.subject)"
)


def _make_channel() -> None:
    op.create_table(
        "channel",
        sa.Column("store", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("hold_reason", sa.Text(), nullable=False),
        sa.Column("held_since", sa.BigInteger(), nullable=True),
        sa.Column("approved", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("store", "name"),
    )
    op.execute(
        "INSERT INTO channel (store, name, hold_reason, held_since, approved)"
        " SELECT name, 'store', held, held_since, accepted FROM store"
    )


def _make_rescan() -> None:
    """Make the table. Rescans begin again: those of two stores could stand under one name."""
    op.create_table(
        "rescan",
        sa.Column("store", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("started", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("end", sa.BigInteger(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("pages", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("store", "name"),
    )


_OF_SETTINGS = (
    (
        "UPDATE store SET rules_digest = coalesce("
        "(SELECT value FROM setting WHERE setting.name = 'digest ' || store.name), '')"
    ),
    (
        "UPDATE store SET applied_settings ="
        " (SELECT value FROM setting WHERE setting.name = 'settings ' || store.name)"
    ),
    (
        "UPDATE store SET meta_keys ="
        " (SELECT value FROM setting WHERE setting.name = 'meta_keys ' || store.name)"
    ),
    (
        "UPDATE store SET resyncing = coalesce("
        "(SELECT value FROM setting WHERE setting.name = 'resync ' || store.name), '')"
    ),
    (
        "UPDATE store SET accept_empty = EXISTS (SELECT 1 FROM setting"
        " WHERE setting.name = 'accept empty ' || store.name AND value = '1')"
    ),
    # An evaluation of everyone begins again: its position was no id.
    (
        "UPDATE store SET evaluate_after = 0 WHERE EXISTS (SELECT 1 FROM setting"
        " WHERE setting.name = 'round ' || store.name AND value NOT LIKE '{%')"
    ),
    "DELETE FROM setting WHERE name <> 'secret'",
)


def _make_store_columns() -> None:
    with op.batch_alter_table("store") as table:
        for column in ("held", "held_since", "accepted"):
            table.drop_column(column)
        table.add_column(sa.Column("rules_digest", sa.String(), nullable=True))
        table.add_column(sa.Column("evaluate_after", sa.BigInteger(), nullable=True))
        table.add_column(sa.Column("applied_settings", sa.Text(), nullable=True))
        table.add_column(sa.Column("meta_keys", sa.Text(), nullable=True))
        table.add_column(sa.Column("resyncing", sa.String(), nullable=True))
        table.add_column(sa.Column("accept_empty", sa.Boolean(), nullable=True))
    for statement in _OF_SETTINGS:
        op.execute(statement)
    with op.batch_alter_table("store") as table:
        for column in ("rules_digest", "resyncing"):
            table.alter_column(column, existing_type=sa.String(), nullable=False)
        table.alter_column("accept_empty", existing_type=sa.Boolean(), nullable=False)
