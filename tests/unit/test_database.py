"""The database: opening, upgrades, errors and transactions."""

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


def test_migrations_create_the_tables_of_the_code(empty_url):
    """An upgraded database has the same tables as a new one."""
    schema.run_migrations(empty_url)
    settings = {"compare_type": True, "version_table": schema.VERSION_TABLE}
    only_here = (None, empty_url.dialect.name)
    settings["include_object"] = lambda item, *_: item.info.get("only") in only_here
    context = MigrationContext.configure(empty_url, opts=settings)
    assert [] == compare_metadata(context, schema.METADATA)
    assert schema.HEAD == schema.load_revision(empty_url)


def test_the_newest_migration_is_the_revision_in_the_code():
    scripts = ScriptDirectory(str(schema._MIGRATIONS))

    assert [schema.HEAD] == scripts.get_heads()


def test_data_is_still_there_when_a_database_is_opened_again(database, database_url):
    with database.transaction() as tx:
        save_store(tx, "shop", url="https://shop.example", time_zone="Europe/Berlin")

    with open_database(database_url) as again, again.reading() as tx:
        assert "Europe/Berlin" == load_store_row(tx, "shop").time_zone


def test_a_failed_transaction_saves_nothing(database):
    with pytest.raises(ZeroDivisionError), database.transaction() as tx:
        save_store(tx, "shop", url="https://shop.example")
        _ = 1 / 0

    with database.reading() as tx:
        assert load_store_row(tx, "shop") is None


@pytest.mark.parametrize("open_reader", [Database.reading, Database.counting])
def test_a_reader_sees_one_state_while_others_write(database, open_reader):
    with database.transaction() as tx:
        save_store(tx, "shop", title="before")

    with open_reader(database) as reader:
        first = load_store_row(reader, "shop").title
        with database.transaction() as tx:
            save_store(tx, "shop", title="after")
        second = load_store_row(reader, "shop").title

    assert ("before", "before") == (first, second)


def test_counting_restores_the_size_of_the_page_cache(database):
    cache_size = "PRAGMA cache_size" if database.dialect == "sqlite" else "SHOW shared_buffers"
    with database.reading() as tx:
        before = tx.scalar(text(cache_size))
    with pytest.raises(ZeroDivisionError), database.counting():
        _ = 1 / 0
    with database.reading() as tx:
        assert before == tx.scalar(text(cache_size))


def test_a_new_database_can_be_opened_twice_at_the_same_time(tmp_path, postgres):
    with postgres.database(pattern="template1") as url:
        assert [] == _open_twice_in_parallel(url)
    assert [] == _open_twice_in_parallel(f"sqlite:///{tmp_path / 'new.sqlite'}")


def _open_twice_in_parallel(url):
    errors = []

    def open_and_close():
        try:
            open_database(url).close()
        except Exception as error:  # noqa: BLE001  every error is a failure
            errors.append(error)

    threads = [threading.Thread(target=open_and_close) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return errors


class TestErrors:
    """Each error has advice, and its exit code shows whether a later try can help."""

    def test_a_newer_database_is_rejected(self, database, database_url):
        with database.transaction() as tx:
            tx.execute(text(f"UPDATE {schema.VERSION_TABLE} SET version_num = '9999'"))

        with pytest.raises(
            SetupError, match=r"was made by a newer wcflow \(revision 9999"
        ) as caught:
            open_database(database_url)
        assert 78 == caught.value.exit_code
        assert caught.value.advice

    def test_a_database_of_another_program_is_rejected(self, tmp_path):
        file = tmp_path / "other.sqlite"
        _execute(file, "CREATE TABLE orders (id INTEGER)")

        with pytest.raises(SetupError, match="contains tables of another program"):
            open_database(f"sqlite:///{file}")

    def test_a_file_that_is_not_a_database_is_rejected(self, tmp_path):
        file = tmp_path / "notes.txt"
        file.write_text("not a database, and longer than a hundred bytes: " * 10)

        with pytest.raises(SetupError, match="is not a database"):
            open_database(f"sqlite:///{file}")

    def test_a_missing_directory_is_an_error(self, tmp_path):
        with pytest.raises(SetupError, match="cannot be opened: No such file or directory"):
            open_database(f"sqlite:///{tmp_path}/missing/wcflow.sqlite")

    def test_a_directory_is_not_a_database(self, tmp_path):
        with pytest.raises(SetupError, match="cannot be opened"):
            open_database(f"sqlite:///{tmp_path}")

    def test_a_locked_database_is_busy(self, tmp_path, monkeypatch):
        monkeypatch.setattr("wcflow.database.connection._BUSY_MILLISECONDS", 50)
        file = tmp_path / "wcflow.sqlite"
        with open_database(f"sqlite:///{file}") as db, open_database(f"sqlite:///{file}") as other:
            with (
                other.transaction(),
                pytest.raises(BusyError, match="in use by another process") as caught,
                db.transaction(),
            ):
                pass
            assert 75 == caught.value.exit_code

    def test_a_full_disk_is_an_error_and_loses_nothing(self, tmp_path):
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

    def test_a_read_only_file_is_an_error(self, tmp_path):
        file = tmp_path / "wcflow.sqlite"
        with (
            open_database(f"sqlite:///{file}") as db,
            pytest.raises(SetupError, match="cannot be written"),
            db.transaction() as tx,
        ):
            tx.execute(text("PRAGMA query_only = ON"))
            save_store(tx, "shop", title="lost")

    def test_a_damaged_file_is_an_error(self, tmp_path):
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

    def test_a_stopped_postgresql_can_be_retried_and_its_password_is_not_shown(self, tmp_path):
        with pytest.raises(BusyError, match="cannot be reached") as caught:
            open_database(f"postgresql://wcflow:secret@/name?host={tmp_path}")
        assert "secret" not in str(caught.value)

    def test_a_missing_postgresql_database_is_a_setup_error(self, postgres):
        with pytest.raises(SetupError, match=r'does not exist: .*"nowhere" does not exist'):
            open_database(postgres.url("nowhere"))

    def test_an_unknown_postgresql_user_is_a_setup_error(self, postgres):
        with pytest.raises(SetupError, match="rejects the user"):
            open_database(postgres.url("pattern").replace("wcflow@", "stranger@"))

    def test_a_locked_table_can_be_used_after_the_lock_ends(self, postgres, monkeypatch):
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

    def test_a_lost_postgresql_connection_is_opened_again(self, postgres):
        with postgres.database() as url, open_database(url) as db:
            with (
                pytest.raises(BusyError, match="cannot be reached"),
                db.transaction() as tx,
            ):
                tx.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))
            with db.transaction() as tx:
                assert 1 == tx.execute(text("SELECT 1")).scalar_one()

    @pytest.mark.parametrize("url", ["", "wcflow.sqlite", "oracle://x/y", "mysql://x/y"])
    def test_an_unsupported_database_address_is_an_error(self, url):
        with pytest.raises(SetupError) as caught:
            open_database(url)
        assert caught.value.advice

    def test_the_error_for_a_missing_driver_shows_how_to_install_it(self, monkeypatch):
        monkeypatch.setitem(__import__("sys").modules, "psycopg", None)

        with pytest.raises(SetupError, match="needs the Python module psycopg") as caught:
            open_database("postgresql://wcflow@/name")
        python = __import__("sys").executable
        assert f"Run: {python} -m pip install 'psycopg[binary]'" == caught.value.advice

    def test_a_wrong_statement_is_raised_as_it_is_without_customer_data(self, database):
        with pytest.raises(DBAPIError, match="nonsense") as caught, database.transaction() as tx:
            tx.execute(text("SELECT nonsense, :email"), {"email": "anna@example.com"})
        assert "anna" not in str(caught.value)


class TestUpgrade:
    def test_an_older_sqlite_file_is_copied_before_its_upgrade(self, tmp_path, monkeypatch):
        file = tmp_path / "wcflow.sqlite"
        with open_database(f"sqlite:///{file}") as db, db.transaction() as tx:
            save_store(tx, "shop", title="before")
        monkeypatch.setattr(schema, "HEAD", "the next")
        monkeypatch.setattr(schema, "upgrade", lambda tx: save_store(tx, "shop", title="after"))

        open_database(f"sqlite:///{file}").close()

        (copy,) = tmp_path.glob(f"wcflow.sqlite.{NEWEST}.*.bak")
        assert ("before", "after") == (_title(copy), _title(file))

    def test_a_failed_upgrade_does_not_change_the_database(self, tmp_path, monkeypatch):
        file = tmp_path / "wcflow.sqlite"
        with open_database(f"sqlite:///{file}") as db, db.transaction() as tx:
            save_store(tx, "shop", title="before")

        def fail_halfway(tx):
            tx.execute(text("CREATE TABLE half (id INTEGER)"))
            save_store(tx, "shop", title="half")
            raise ZeroDivisionError

        monkeypatch.setattr(schema, "HEAD", "the next")
        monkeypatch.setattr(schema, "upgrade", fail_halfway)
        with pytest.raises(ZeroDivisionError):
            open_database(f"sqlite:///{file}")

        assert "before" == _title(file)
        assert [] == _execute(file, "SELECT name FROM sqlite_master WHERE name = 'half'")

    def test_only_the_owner_can_read_a_new_file_and_its_copy(self, tmp_path, monkeypatch):
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
    def test_columns_that_are_not_given_get_defaults_in_new_rows_and_stay_in_old_ones(
        self, database
    ):
        person = {"store": "shop", "id": 1, "email": "a@example.com"}
        with database.transaction() as tx:
            upsert(tx, PersonRow, [{**person, "current_tags": '["VIP"]', "dirty": 0}])
            upsert(tx, PersonRow, [{**person, "dirty": 1}, {**person, "id": 2, "dirty": 1}])
            found = {row["id"]: row for row in rows(tx, PersonRow)}

        assert (1, '["VIP"]') == (found[1]["dirty"], found[1]["current_tags"])
        assert PersonRow(**person | {"id": 2}).model_dump() == found[2]

    def test_columns_to_keep_are_set_in_new_rows_only(self, database):
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

    def test_an_upsert_without_rows_writes_nothing(self, database):
        with database.transaction() as tx:
            upsert(tx, PersonRow, [])

            assert [] == rows(tx, PersonRow)

    def test_more_rows_than_fit_one_statement_are_written(self, database):
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
                "billing_email": "",
                "odd_fields": "",
            }
            for number in range(1, 1201)
        ]
        with database.transaction() as tx:
            upsert(tx, CustomerRow, many)

            assert many == rows(tx, CustomerRow)


def test_chunks_contain_everything_in_order():
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
