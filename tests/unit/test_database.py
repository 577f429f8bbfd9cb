"""The database: opened, upgraded, refused in words; transactions that hold."""

import sqlite3
import threading
from contextlib import ExitStack

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError

from wcflow.database import schema
from wcflow.database.connection import Database, open_database
from wcflow.database.evaluation_queue import load_full_evaluation_position, start_full_evaluation
from wcflow.database.sql import chunks, table_of, upsert
from wcflow.database.stores import (
    Rescan,
    load_rescan,
    load_setting,
    load_store_row,
    save_rescan,
    save_setting,
    save_store,
)
from wcflow.database.tables import CustomerRow, PersonRow
from wcflow.errors import BusyError, SetupError

NEWEST = schema.HEAD


def rows(tx, model):
    return [dict(row) for row in tx.execute(table_of(model).select()).mappings()]


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request, tmp_path):
    """A connection to a database without any table."""
    with ExitStack() as stack:
        url = f"sqlite:///{tmp_path / 'bare.sqlite'}"
        if request.param == "postgresql":
            bare = request.getfixturevalue("postgres").database("template1")
            url = stack.enter_context(bare).replace("postgresql:", "postgresql+psycopg:")
        engine = create_engine(url)
        stack.callback(engine.dispose)
        yield stack.enter_context(engine.begin())


def test_migrations_make_the_tables_that_the_code_knows(empty_url):
    """A database that was upgraded all the way is the same as one that is made today."""
    schema.run_migrations(empty_url)
    settings = {"compare_type": True, "version_table": schema.VERSION_TABLE}
    context = MigrationContext.configure(empty_url, opts=settings)
    assert [] == compare_metadata(context, schema.METADATA)
    assert schema.HEAD == schema.load_revision(empty_url)


def test_the_newest_revision_is_the_one_named_in_the_code():
    scripts = ScriptDirectory(str(schema._MIGRATIONS))

    assert [schema.HEAD] == scripts.get_heads()


def test_an_opened_database_is_found_again_with_all_it_held(database, database_url):
    with database.transaction() as tx:
        save_store(tx, "shop", url="https://shop.example", time_zone="Europe/Berlin")

    with open_database(database_url) as again, again.reading() as tx:
        assert "Europe/Berlin" == load_store_row(tx, "shop").time_zone


def test_a_transaction_that_fails_leaves_nothing(database):
    with pytest.raises(ZeroDivisionError), database.transaction() as tx:
        save_store(tx, "shop", url="https://shop.example")
        _ = 1 / 0

    with database.reading() as tx:
        assert load_store_row(tx, "shop") is None


@pytest.mark.parametrize("look", [Database.reading, Database.counting])
def test_a_look_sees_one_state_whatever_is_written_meanwhile(database, look):
    with database.transaction() as tx:
        save_store(tx, "shop", title="before")

    with look(database) as looking:
        first = load_store_row(looking, "shop").title
        with database.transaction() as tx:
            save_store(tx, "shop", title="after")
        second = load_store_row(looking, "shop").title

    assert ("before", "before") == (first, second)


def test_who_has_counted_leaves_as_much_room_for_pages_as_before(database):
    room = "PRAGMA cache_size" if database.dialect == "sqlite" else "SHOW shared_buffers"
    with database.reading() as tx:
        before = tx.scalar(text(room))
    with pytest.raises(ZeroDivisionError), database.counting():
        _ = 1 / 0
    with database.reading() as tx:
        assert before == tx.scalar(text(room))


def test_two_who_open_a_new_database_at_once_both_get_it(tmp_path, postgres):
    with postgres.database(pattern="template1") as url:
        failed = _open_twice_at_once(url)

        assert [] == failed
    assert [] == _open_twice_at_once(f"sqlite:///{tmp_path / 'new.sqlite'}")


def _open_twice_at_once(url):
    failed = []

    def opening():
        try:
            open_database(url).close()
        except Exception as error:  # noqa: BLE001  any would be a breach
            failed.append(error)

    threads = [threading.Thread(target=opening) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return failed


class TestRefusals:
    """Each says what was hit and what to do, and whether trying later may help."""

    def test_a_newer_database_is_refused(self, database, database_url):
        with database.transaction() as tx:
            tx.execute(text(f"UPDATE {schema.VERSION_TABLE} SET version_num = '9999'"))

        with pytest.raises(SetupError, match=r"was made by a newer wcflow \(revision 9999") as told:
            open_database(database_url)
        assert 78 == told.value.exit_code
        assert told.value.advice

    def test_a_database_of_another_program_is_refused(self, tmp_path):
        file = tmp_path / "other.sqlite"
        _execute(file, "CREATE TABLE orders (id INTEGER)")

        with pytest.raises(SetupError, match="contains tables of another program"):
            open_database(f"sqlite:///{file}")

    def test_a_file_that_is_no_database_is_refused(self, tmp_path):
        file = tmp_path / "notes.txt"
        file.write_text("not a database, and longer than a hundred bytes: " * 10)

        with pytest.raises(SetupError, match="is not a database"):
            open_database(f"sqlite:///{file}")

    def test_a_missing_directory_is_refused(self, tmp_path):
        with pytest.raises(SetupError, match="cannot be opened: No such file or directory"):
            open_database(f"sqlite:///{tmp_path}/missing/wcflow.sqlite")

    def test_a_directory_is_refused(self, tmp_path):
        with pytest.raises(SetupError, match="cannot be opened"):
            open_database(f"sqlite:///{tmp_path}")

    def test_a_locked_database_is_busy(self, tmp_path, monkeypatch):
        monkeypatch.setattr("wcflow.database.connection._BUSY_MILLISECONDS", 50)
        file = tmp_path / "wcflow.sqlite"
        with open_database(f"sqlite:///{file}") as db, open_database(f"sqlite:///{file}") as other:
            with (
                other.transaction(),
                pytest.raises(BusyError, match="in use by another process") as told,
                db.transaction(),
            ):
                pass
            assert 75 == told.value.exit_code

    def test_a_full_disk_is_told_and_loses_nothing(self, tmp_path):
        file = tmp_path / "wcflow.sqlite"
        with open_database(f"sqlite:///{file}") as db:
            with db.transaction() as tx:
                save_store(tx, "shop", title="kept")
            with pytest.raises(BusyError, match="is full"), db.transaction() as tx:
                pages = tx.execute(text("PRAGMA page_count")).scalar_one()
                tx.execute(text(f"PRAGMA max_page_count = {pages}"))
                save_store(tx, "shop", title="lost", poll_error="x" * 1_000_000)
            with db.reading() as tx:
                assert "kept" == load_store_row(tx, "shop").title

    def test_a_read_only_file_is_told(self, tmp_path):
        file = tmp_path / "wcflow.sqlite"
        with (
            open_database(f"sqlite:///{file}") as db,
            pytest.raises(SetupError, match="cannot be written"),
            db.transaction() as tx,
        ):
            tx.execute(text("PRAGMA query_only = ON"))
            save_store(tx, "shop", title="lost")

    def test_a_damaged_file_is_told(self, tmp_path):
        file = tmp_path / "wcflow.sqlite"
        open_database(f"sqlite:///{file}").close()
        whole = file.read_bytes()
        file.write_bytes(whole[:4096] + b"\xff" * 8192 + whole[12288:])

        with (
            pytest.raises(SetupError, match="is damaged"),
            open_database(f"sqlite:///{file}") as db,
            db.transaction() as tx,
        ):
            tx.execute(text("PRAGMA integrity_check"))
            for table in schema.METADATA.sorted_tables:
                tx.execute(table.select()).all()

    def test_a_postgresql_that_does_not_run_is_busy_and_no_password_is_told(self, tmp_path):
        with pytest.raises(BusyError, match="cannot be reached") as told:
            open_database(f"postgresql://wcflow:secret@/name?host={tmp_path}")
        assert "secret" not in str(told.value)

    def test_a_database_that_postgresql_does_not_have_is_a_matter_of_setup(self, postgres):
        with pytest.raises(SetupError, match=r'does not exist: .*"nowhere" does not exist'):
            open_database(postgres.url("nowhere"))

    def test_a_user_whom_postgresql_does_not_know_is_a_matter_of_setup(self, postgres):
        with pytest.raises(SetupError, match="rejects the user"):
            open_database(postgres.url("pattern").replace("wcflow@", "stranger@"))

    def test_a_table_that_somebody_holds_is_busy_and_found_again(self, postgres, monkeypatch):
        monkeypatch.setattr("wcflow.database.connection._LOCK_MILLISECONDS", 50)
        with postgres.database() as url, open_database(url) as db, open_database(url) as other:
            with db.transaction() as holder:
                holder.execute(text("LOCK TABLE setting IN ACCESS EXCLUSIVE MODE"))
                with (
                    pytest.raises(BusyError, match="in use by another process"),
                    other.transaction() as tx,
                ):
                    save_setting(tx, "x", "1")
            with other.transaction() as tx:
                save_setting(tx, "x", "2")
                assert "2" == load_setting(tx, "x")

    def test_a_postgresql_that_goes_away_is_busy_and_found_again(self, postgres):
        with postgres.database() as url, open_database(url) as db:
            with (
                pytest.raises(BusyError, match="cannot be reached"),
                db.transaction() as tx,
            ):
                tx.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))
            with db.transaction() as tx:
                assert 1 == tx.execute(text("SELECT 1")).scalar_one()

    @pytest.mark.parametrize("url", ["", "wcflow.sqlite", "oracle://x/y", "mysql://x/y"])
    def test_what_is_no_url_of_a_known_database_is_told(self, url):
        with pytest.raises(SetupError) as told:
            open_database(url)
        assert told.value.advice

    def test_a_missing_driver_is_told_with_how_to_install_it(self, monkeypatch):
        monkeypatch.setitem(__import__("sys").modules, "psycopg", None)

        with pytest.raises(SetupError, match="needs the Python module psycopg") as told:
            open_database("postgresql://wcflow@/name")
        assert "wcflow[postgres]" in told.value.advice

    def test_a_wrong_statement_is_not_worded_and_tells_nothing_of_customers(self, database):
        with pytest.raises(DBAPIError, match="nonsense") as told, database.transaction() as tx:
            tx.execute(text("SELECT nonsense, :email"), {"email": "anna@example.com"})
        assert "anna" not in str(told.value)


class TestUpgrade:
    def test_an_older_sqlite_file_is_copied_before_it_is_upgraded(self, tmp_path, monkeypatch):
        file = tmp_path / "wcflow.sqlite"
        with open_database(f"sqlite:///{file}") as db, db.transaction() as tx:
            save_store(tx, "shop", title="before")
        monkeypatch.setattr(schema, "HEAD", "the next")
        monkeypatch.setattr(schema, "upgrade", lambda tx: save_store(tx, "shop", title="after"))

        open_database(f"sqlite:///{file}").close()

        (copy,) = tmp_path.glob(f"wcflow.sqlite.{NEWEST}.*.bak")
        assert ("before", "after") == (_title(copy), _title(file))

    def test_an_upgrade_that_fails_leaves_the_database_as_it_was(self, tmp_path, monkeypatch):
        file = tmp_path / "wcflow.sqlite"
        with open_database(f"sqlite:///{file}") as db, db.transaction() as tx:
            save_store(tx, "shop", title="before")

        def breaks_off(tx):
            tx.execute(text("CREATE TABLE half (id INTEGER)"))
            save_store(tx, "shop", title="half")
            raise ZeroDivisionError

        monkeypatch.setattr(schema, "HEAD", "the next")
        monkeypatch.setattr(schema, "upgrade", breaks_off)
        with pytest.raises(ZeroDivisionError):
            open_database(f"sqlite:///{file}")

        assert "before" == _title(file)
        assert [] == _execute(file, "SELECT name FROM sqlite_master WHERE name = 'half'")

    def test_a_new_file_and_its_copy_are_for_their_owner_alone(self, tmp_path, monkeypatch):
        file = tmp_path / "wcflow.sqlite"
        open_database(f"sqlite:///{file}").close()
        monkeypatch.setattr(schema, "HEAD", "the next")
        monkeypatch.setattr(schema, "upgrade", lambda tx: None)
        open_database(f"sqlite:///{file}").close()

        (copy,) = tmp_path.glob(f"wcflow.sqlite.{NEWEST}.*.bak")
        assert [0o600, 0o600] == [each.stat().st_mode & 0o777 for each in (file, copy)]


def _execute(file, statement):
    connection = sqlite3.connect(file)
    try:
        return connection.execute(statement).fetchall()
    finally:
        connection.close()


def _title(file):
    return _execute(file, "SELECT title FROM store")[0][0]


class TestUpsert:
    def test_new_rows_take_defaults_and_old_ones_keep_what_is_not_named(self, database):
        person = {"store": "shop", "id": 1, "email": "a@example.com"}
        with database.transaction() as tx:
            upsert(tx, PersonRow, [{**person, "current_tags": '["VIP"]', "dirty": 0}])
            upsert(tx, PersonRow, [{**person, "dirty": 1}, {**person, "id": 2, "dirty": 1}])
            found = {row["id"]: row for row in rows(tx, PersonRow)}

        assert (1, '["VIP"]') == (found[1]["dirty"], found[1]["current_tags"])
        assert PersonRow(**person | {"id": 2}).model_dump() == found[2]

    def test_columns_to_keep_are_given_to_new_rows_and_left_in_old_ones(self, database):
        person = {"store": "shop", "id": 1, "email": "old@example.com"}
        with database.transaction() as tx:
            upsert(tx, PersonRow, [person])
            upsert(
                tx,
                PersonRow,
                [{**person, "email": "new@example.com", "dirty": 1}],
                keep={"email"},
            )
            upsert(tx, PersonRow, [{"id": 1, "store": "shop"}])

            assert ["old@example.com"] == [row["email"] for row in rows(tx, PersonRow)]

    def test_nothing_is_written_of_nothing(self, database):
        with database.transaction() as tx:
            upsert(tx, PersonRow, [])

            assert [] == rows(tx, PersonRow)

    def test_many_rows_go_in_at_once(self, database):
        many = [
            {
                "store": "shop",
                "id": number,
                "email": "",
                "first_name": "",
                "last_name": "",
                "username": "",
                "role": "",
                "created": None,
                "detail": "{}",
                "odd_fields": "",
            }
            for number in range(1, 1201)
        ]
        with database.transaction() as tx:
            upsert(tx, CustomerRow, many)

            assert many == rows(tx, CustomerRow)


def test_chunks_hold_everything_in_order():
    assert [[0, 1, 2], [3, 4, 5], [6]] == list(chunks(range(7), 3))


def test_rescans_of_stores_with_similar_names_do_not_collide(database):
    """``[store x]`` and ``[store ids x]`` once shared a key."""
    rescan, other = Rescan(1, 2, 3, 4, 5), Rescan(6, 7, 8, 9, 10)
    with database.transaction() as tx:
        save_rescan(tx, "x", "ids x", rescan)
        save_rescan(tx, "ids x", "x", other)
        start_full_evaluation(tx, "ids x")
        assert (rescan, other) == (load_rescan(tx, "x", "ids x"), load_rescan(tx, "ids x", "x"))
        assert (None, 0) == (
            load_full_evaluation_position(tx, "x"),
            load_full_evaluation_position(tx, "ids x"),
        )
