"""Add persons with ids of their own, events and channels, and rename tables and columns."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

_RENAMES = (
    "ALTER TABLE aside RENAME TO quarantine",
    "ALTER TABLE census_slice RENAME TO import_range",
    "ALTER TABLE doubt RENAME TO unconfirmed",
    "ALTER TABLE written RENAME TO written_tags",
    "ALTER TABLE import_range RENAME COLUMN part TO resource",
    "ALTER TABLE store RENAME COLUMN zone TO time_zone",
    "ALTER TABLE store RENAME COLUMN hpos TO uses_hpos",
    "ALTER TABLE store RENAME COLUMN reads_meta TO can_read_meta",
    "ALTER TABLE store RENAME COLUMN meta_checked TO meta_write_verified",
    "ALTER TABLE store RENAME COLUMN census_started TO initial_sync_started",
    "ALTER TABLE store RENAME COLUMN census_done TO initial_sync_done",
    "ALTER TABLE store RENAME COLUMN newest_customer TO newest_customer_id",
    "ALTER TABLE store RENAME COLUMN sweep_position TO customer_rescan_position",
    "ALTER TABLE store RENAME COLUMN sweep_started TO customer_rescan_started",
    "ALTER TABLE store RENAME COLUMN error TO poll_error",
    "ALTER TABLE store RENAME COLUMN error_since TO poll_error_since",
    "ALTER TABLE store RENAME COLUMN order_gap TO median_order_gap",
    "ALTER TABLE person RENAME COLUMN touched TO dirty",
    "ALTER TABLE person RENAME COLUMN digest TO rules_digest",
    "ALTER TABLE person RENAME COLUMN by_hand TO added_by_hand",
    "ALTER TABLE person RENAME COLUMN refused TO removed_by_hand",
    "ALTER TABLE person RENAME COLUMN granted TO added_by_workflows",
    "ALTER TABLE person RENAME COLUMN kept TO kept_forever",
    "ALTER TABLE person RENAME COLUMN worn TO current_tags",
    "ALTER TABLE person RENAME COLUMN matched TO matching_workflows",
    "ALTER TABLE person RENAME COLUMN written_customer TO written_to_customer",
    "ALTER TABLE person RENAME COLUMN written_order TO written_to_order",
    "ALTER TABLE person RENAME COLUMN spent TO total_spent",
    "ALTER TABLE workflow RENAME COLUMN digest TO rules_digest",
    "ALTER TABLE workflow RENAME COLUMN since TO active_since",
    "ALTER TABLE run RENAME COLUMN occurrence TO event",
    "ALTER TABLE run RENAME COLUMN at TO event_at",
    "ALTER TABLE run RENAME COLUMN item_id TO line_item_id",
    "ALTER TABLE run RENAME COLUMN memory TO variables",
    "ALTER TABLE run RENAME COLUMN digest TO rules_digest",
    "ALTER TABLE outbox RENAME COLUMN occurrence TO event",
    "ALTER TABLE outbox RENAME COLUMN target TO target_id",
    "ALTER TABLE outbox RENAME COLUMN done_at TO finished_at",
    "ALTER TABLE outbox RENAME COLUMN released TO approved",
    "ALTER TABLE outbox RENAME COLUMN digest TO rules_digest",
)
_PRIMARY_KEYS = (
    "ALTER INDEX aside_pkey RENAME TO quarantine_pkey",
    "ALTER INDEX census_slice_pkey RENAME TO import_range_pkey",
    "ALTER INDEX doubt_pkey RENAME TO unconfirmed_pkey",
    "ALTER INDEX written_pkey RENAME TO written_tags_pkey",
    "ALTER INDEX person_pkey1 RENAME TO person_pkey",
    "ALTER INDEX membership_pkey1 RENAME TO membership_pkey",
)
"""PostgreSQL keeps the old names of these indexes when a table is renamed."""

_PERSON_COLUMNS = (
    "email, dirty, due_at, evaluated_at, rules_digest, added_by_hand, removed_by_hand,"
    " added_by_workflows, kept_forever, current_tags, matching_workflows, written_to_customer,"
    " written_to_order, written_order_id, total_spent, orders_count, spend_percentile,"
    " orders_percentile"
)
_COPY_PERSONS = (
    f"INSERT INTO person (id, store, present, {_PERSON_COLUMNS})"  # noqa: S608  a constant
    f" SELECT new.id, new.store, true, {_PERSON_COLUMNS}"
    " FROM person_of_subject AS new JOIN old_person AS old"
    " ON old.store = new.store AND old.subject = new.subject"
)
_PERSON_OF_RUN = (
    "UPDATE run SET person = (SELECT new.id FROM person_of_subject AS new"
    " WHERE new.store = run.store AND new.subject = run.subject)"
)
_PERSON_OF_ENTRY = (
    "UPDATE outbox SET person = (SELECT new.id FROM person_of_subject AS new"
    " WHERE new.store = outbox.store AND new.subject = outbox.subject)"
)


def upgrade() -> None:
    """Rename tables and columns, number all persons, and refer to them by number."""
    for statement in _RENAMES:
        op.execute(statement)
    _number_persons()
    _convert_persons()
    _make_identity()
    _make_event()
    _convert_memberships()
    _convert_transitions()
    _convert_runs()
    _convert_outbox()
    _make_channel()
    _make_rescan()
    _convert_store()
    op.drop_table("person_of_subject")
    # Unused: the country is in the detail.
    op.execute("ALTER TABLE orders DROP COLUMN country")
    if op.get_bind().dialect.name == "postgresql":
        for statement in _PRIMARY_KEYS:
            op.execute(statement)


def _number_persons() -> None:
    """Assign an id to every subject, including those with only runs or outbox entries."""
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


def _convert_persons() -> None:
    op.drop_index("person_touched", table_name="person")
    op.drop_index("person_by_email", table_name="person")
    op.rename_table("person", "old_person")
    op.create_table(
        "person",
        sa.Column("id", _ROW_ID, nullable=False),
        sa.Column("store", sa.String(), nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("present", sa.Boolean(), nullable=False),
        sa.Column("dirty", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=True),
        sa.Column("evaluated_at", sa.BigInteger(), nullable=True),
        sa.Column("rules_digest", sa.String(), nullable=False),
        sa.Column("added_by_hand", sa.Text(), nullable=False),
        sa.Column("removed_by_hand", sa.Text(), nullable=False),
        sa.Column("added_by_workflows", sa.Text(), nullable=False),
        sa.Column("kept_forever", sa.Text(), nullable=False),
        sa.Column("current_tags", sa.Text(), nullable=False),
        sa.Column("matching_workflows", sa.Text(), nullable=False),
        sa.Column("written_to_customer", sa.Text(), nullable=True),
        sa.Column("written_to_order", sa.Text(), nullable=True),
        sa.Column("written_order_id", sa.BigInteger(), nullable=False),
        sa.Column("total_spent", sa.BigInteger(), nullable=False),
        sa.Column("orders_count", sa.Integer(), nullable=False),
        sa.Column("spend_percentile", sa.Integer(), nullable=True),
        sa.Column("orders_percentile", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.execute(_COPY_PERSONS)
    op.execute(
        "INSERT INTO person (id, store, present, email, dirty, rules_digest, added_by_hand,"
        " removed_by_hand, added_by_workflows, kept_forever, current_tags, matching_workflows,"
        " written_order_id, total_spent, orders_count)"
        " SELECT new.id, new.store, false, '', 0, '', '[]', '[]', '[]', '{}', '[]', '[]', 0, 0, 0"
        " FROM person_of_subject AS new WHERE NOT EXISTS (SELECT 1 FROM old_person AS old"
        " WHERE old.store = new.store AND old.subject = new.subject)"
    )
    op.drop_table("old_person")
    op.create_index("person_dirty", "person", ["store", "dirty", "due_at"], unique=False)
    op.create_index("person_by_id", "person", ["store", "id", "present"], unique=False)
    op.create_index("person_by_email", "person", ["store", "email"], unique=False)
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "SELECT setval(pg_get_serial_sequence('person', 'id'),"
            " (SELECT coalesce(max(id), 0) + 1 FROM person), false)"
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


def _convert_memberships() -> None:
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


def _convert_transitions() -> None:
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


def _convert_runs() -> None:
    op.drop_index("run_by_subject", table_name="run")
    op.add_column("run", sa.Column("person", sa.BigInteger(), nullable=True))
    op.execute(_PERSON_OF_RUN)
    op.add_column("run", sa.Column("path", sa.Text(), nullable=True))
    # A list of steps is a valid tree, and the number of the next step is a path into it.
    op.execute("UPDATE run SET path = '[' || step || ']'")
    with op.batch_alter_table("run") as table:
        table.alter_column("person", existing_type=sa.BigInteger(), nullable=False)
        table.alter_column("path", existing_type=sa.Text(), nullable=False)
        table.drop_constraint("run_once", type_="unique")
        table.drop_column("subject")
        table.drop_column("step")
        table.create_unique_constraint("run_once", ["store", "workflow", "person", "event"])
    op.create_index("run_by_person", "run", ["store", "person", "state"], unique=False)


def _convert_outbox() -> None:
    op.drop_index("outbox_by_subject", table_name="outbox")
    op.add_column("outbox", sa.Column("person", sa.BigInteger(), nullable=True))
    op.execute(_PERSON_OF_ENTRY)
    op.add_column("outbox", sa.Column("channel", sa.String(), nullable=True))
    op.execute("UPDATE outbox SET channel = 'store'")
    with op.batch_alter_table("outbox") as table:
        table.alter_column("person", existing_type=sa.BigInteger(), nullable=False)
        table.alter_column("channel", existing_type=sa.String(), nullable=False)
        table.drop_constraint("effect_once", type_="unique")
        table.drop_column("subject")
        key = ["store", "rule", "person", "event", "step"]
        table.create_unique_constraint("outbox_once", key)
    op.create_index("outbox_by_person", "outbox", ["store", "person", "state"], unique=False)


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
        "INSERT INTO channel (store, name, hold_reason, held_since, approved) SELECT name, 'store',"
        " replace(held, 'an empty answer where the mirror is full', 'an empty answer from the store'),"
        " held_since, accepted FROM store"
    )


def _make_rescan() -> None:
    """Create the table, empty: rescans start again, because two stores could share a setting."""
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


_FROM_SETTINGS = (
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
        "UPDATE store SET empty_answer_approved = EXISTS (SELECT 1 FROM setting"
        " WHERE setting.name = 'accept empty ' || store.name AND value = '1')"
    ),
    # A full evaluation starts again: its position was not an id.
    (
        "UPDATE store SET full_evaluation_position = 0 WHERE EXISTS (SELECT 1 FROM setting"
        " WHERE setting.name = 'round ' || store.name AND value NOT LIKE '{%')"
    ),
    "DELETE FROM setting WHERE name <> 'secret'",
)


def _convert_store() -> None:
    with op.batch_alter_table("store") as table:
        for column in ("held", "held_since", "accepted"):
            table.drop_column(column)
        table.add_column(sa.Column("rules_digest", sa.String(), nullable=True))
        table.add_column(sa.Column("full_evaluation_position", sa.BigInteger(), nullable=True))
        table.add_column(sa.Column("applied_settings", sa.Text(), nullable=True))
        table.add_column(sa.Column("meta_keys", sa.Text(), nullable=True))
        table.add_column(sa.Column("resyncing", sa.String(), nullable=True))
        table.add_column(sa.Column("empty_answer_approved", sa.Boolean(), nullable=True))
    for statement in _FROM_SETTINGS:
        op.execute(statement)
    with op.batch_alter_table("store") as table:
        for column in ("rules_digest", "resyncing"):
            table.alter_column(column, existing_type=sa.String(), nullable=False)
        table.alter_column("empty_answer_approved", existing_type=sa.Boolean(), nullable=False)
