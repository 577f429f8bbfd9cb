"""``wcflow restore``: a backup takes the place of the database, or nothing changes."""

import errno
import os
import shutil
import sqlite3
import stat
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.command_line import CommandLine, run_wcflow
from tests.simulation import Simulation
from wcflow.database import pools, schema
from wcflow.database.connection import open_database
from wcflow.database.sqlite_files import single_instance
from wcflow.database.stores import load_store_row

DATABASES = Path(__file__).parents[1] / "databases"
RULES = """
[tag Buyer]
when = orders_count >= 1

[workflow thanks]
trigger = order_paid
do =
    create_coupon thanks
    add_note Thank you: {{ coupon.code }}

[coupon thanks]
type = percent
amount = 10
"""


@pytest.fixture
def cli(tmp_path):
    command_line = CommandLine(tmp_path, RULES)
    command_line.sim.place_order(email="anna@example.com", days_ago=30)
    assert 0 == command_line.run("sync", "--approve").code
    command_line.sim.db.close()
    assert 0 == command_line.run("backup", tmp_path / "copy", mounted_at=None).code
    yield command_line
    command_line.sim.db.close()


@pytest.fixture
def database(tmp_path):
    return tmp_path / "wcflow.sqlite3"


def count_orders(path):
    with closing(sqlite3.connect(path)) as db:
        return db.execute("SELECT count(*) FROM orders").fetchone()[0]


def restore(cli, file, *more):
    cli.sim.db.close()
    return cli.run("restore", file, "--yes", *more, mounted_at=None)


def order_now(cli):
    cli.sim.now = datetime.now(UTC)
    number = cli.sim.place_order(email="anna@example.com")
    assert 0 == cli.run("sync", "--approve").code
    return number


def kept_files(folder):
    return sorted(folder.glob("wcflow.sqlite3.before-restore.*.bak"))


def test_a_backup_takes_the_place_of_the_database_and_the_old_one_is_kept(cli, database, tmp_path):
    order_now(cli)
    ran = restore(cli, tmp_path / "copy")

    assert (0, "") == (ran.code, ran.err)
    (kept,) = kept_files(tmp_path)
    assert (1, 2) == (count_orders(database), count_orders(kept))
    assert f"The old database is kept as {kept}." in ran.lines
    assert "systemctl start wcflow" in ran.lines[-1]
    assert [0o600, 0o600] == [stat.S_IMODE(each.stat().st_mode) for each in (database, kept)]
    assert [] == [*tmp_path.glob("*.bak-*"), *tmp_path.glob(".wcflow.*")]


def test_what_was_written_after_the_backup_is_not_written_again(cli, tmp_path):
    """The store has the note and the coupon, and the restored database knows of neither."""
    number = order_now(cli)
    before = (cli.sim.notes(number), cli.sim.coupons())
    assert 1 == len(before[0])

    restore(cli, tmp_path / "copy")
    held = cli.run("sync")
    assert (1, True) == (held.code, "wait for your approval" in held.out)
    assert 0 == cli.run("sync", "--approve").code
    assert before == (cli.sim.notes(number), cli.sim.coupons())


def test_a_database_that_was_put_back_by_hand_repeats_nothing_either(tmp_path):
    """As with cp or pg_restore: the last poll is long ago."""
    sim = Simulation(tmp_path, RULES)
    sim.place_order(email="anna@example.com", days_ago=30)
    sim.settle()
    sim.db.close()
    shutil.copy(tmp_path / "wcflow.sqlite3", tmp_path / "copy")
    sim.advance(hours=1)
    sim.reopen_database()
    number = sim.place_order(email="anna@example.com")
    sim.settle()
    before = (sim.notes(number), sim.coupons())
    assert 1 == len(before[0])

    sim.db.close()
    shutil.copy(tmp_path / "copy", tmp_path / "wcflow.sqlite3")
    sim.reopen_database()
    sim.settle()
    assert before == (sim.notes(number), sim.coupons())
    sim.db.close()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_root_gives_the_database_and_its_lock_to_the_owner_of_the_old_one(cli, database, tmp_path):
    os.chown(database, 61234, 61234)
    assert 0 == restore(cli, tmp_path / "copy").code
    files = (database, tmp_path / "wcflow.sqlite3.lock")
    assert [61234, 61234] == [each.stat().st_uid for each in files]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_without_a_database_the_backup_gets_the_owner_of_the_directory(cli, database, tmp_path):
    (tmp_path / "copy").rename(tmp_path.parent / f"{tmp_path.name}.copy")
    database.unlink()
    os.chown(tmp_path, 61234, 61234)
    assert 0 == restore(cli, tmp_path.parent / f"{tmp_path.name}.copy").code
    assert (61234, []) == (database.stat().st_uid, kept_files(tmp_path))


def test_a_damaged_database_and_its_log_are_moved_away_together(cli, database, tmp_path):
    database.write_bytes(b"nothing that SQLite knows")
    log = tmp_path / "wcflow.sqlite3-wal"
    log.write_bytes(b"a log")
    assert 0 == restore(cli, tmp_path / "copy").code
    (kept,) = kept_files(tmp_path)
    assert b"nothing that SQLite knows" == kept.read_bytes()
    assert b"a log" == kept.with_name(f"{kept.name}-wal").read_bytes()
    assert 1 == count_orders(database)


def test_a_file_system_without_hard_links_is_no_obstacle(cli, database, tmp_path, monkeypatch):
    def refuse(*_, **__):
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    order_now(cli)
    assert 0 == restore(cli, tmp_path / "copy").code
    (kept,) = kept_files(tmp_path)
    assert (1, 2) == (count_orders(database), count_orders(kept))


def test_a_symbolic_link_to_the_database_stays(cli, database, tmp_path):
    """The file that it leads to is replaced."""
    (tmp_path / "disk").mkdir()
    database.rename(tmp_path / "disk" / "real.sqlite3")
    database.symlink_to(tmp_path / "disk" / "real.sqlite3")
    order_now(cli)
    assert 0 == restore(cli, tmp_path / "copy").code
    assert (True, 1) == (database.is_symlink(), count_orders(tmp_path / "disk" / "real.sqlite3"))


def test_a_backup_of_an_earlier_revision_is_upgraded(tmp_path, cli, database):
    with closing(sqlite3.connect(tmp_path / "old")) as db:
        db.executescript((DATABASES / "0003.lite.sql").read_text())
    ran = restore(cli, tmp_path / "old")
    with open_database(f"sqlite:///{database}") as db, db.reading() as tx:
        assert (schema.HEAD, ran.code) == (schema.load_revision(tx), 0)


def newer(file):
    with closing(sqlite3.connect(file)) as db:
        db.execute(f"UPDATE {schema.VERSION_TABLE} SET version_num = '9999'")
        db.commit()


def damaged(file):
    content = file.read_bytes()
    file.write_bytes(content[:8192] + b"\xff" * 4096 + content[12288:])


def of_another_program(file):
    file.unlink()
    with closing(sqlite3.connect(file)) as db:
        db.execute("CREATE TABLE recipe (name TEXT)")


@pytest.mark.parametrize(
    ("spoil", "code", "message"),
    [
        (lambda file: file.unlink(), 1, "cannot be read: no such file or directory"),
        (lambda file: file.write_text("text"), 78, "is not an SQLite database"),
        (lambda file: file.write_bytes(b"PGDMP\1"), 78, "is a dump of a PostgreSQL database"),
        (newer, 78, "was made by a newer wcflow"),
        (damaged, 78, "is damaged"),
        (of_another_program, 78, "is not a database of wcflow"),
    ],
)
def test_a_file_that_cannot_be_restored_changes_nothing(
    cli, database, tmp_path, spoil, code, message
):
    spoil(tmp_path / "copy")
    before = {each.name for each in tmp_path.iterdir()} | {"wcflow.sqlite3.lock"}
    content = database.read_bytes()
    ran = restore(cli, tmp_path / "copy")
    assert (code, True) == (ran.code, message in ran.err)
    assert (before, content) == (
        {each.name for each in tmp_path.iterdir()} | {"wcflow.sqlite3.lock"},
        database.read_bytes(),
    )


def test_a_backup_of_another_store_is_refused(cli, tmp_path):
    cli.edit_config("[store shop]", "[store outlet]")
    ran = restore(cli, tmp_path / "copy")
    assert 78 == ran.code
    assert "belongs to the store shop, and the configuration has outlet" in ran.err


def test_nothing_is_restored_while_a_daemon_runs(cli, database, tmp_path):
    with single_instance(f"sqlite:///{database}", 4711):
        ran = restore(cli, tmp_path / "copy")
    assert (75, []) == (ran.code, kept_files(tmp_path))
    assert "another 'wcflow run' (process 4711) uses the database" in ran.err
    assert "What to do: Stop it first, with: systemctl stop wcflow." in ran.err


def test_nothing_is_restored_while_another_command_uses_the_database(cli, database, tmp_path):
    with open_database(f"sqlite:///{database}") as db, db.reading() as tx:
        load_store_row(tx, "shop")
        ran = cli.run("restore", tmp_path / "copy", "--yes", mounted_at=None)
    assert (75, []) == (ran.code, kept_files(tmp_path))
    assert f"another command uses the database {database}" in ran.err


def test_a_restore_asks_first(cli, database, tmp_path):
    ran = cli.run("restore", tmp_path / "copy", mounted_at=None)
    assert (2, []) == (ran.code, kept_files(tmp_path))
    assert "no terminal to confirm on; add --yes" in ran.err


def test_without_enough_space_nothing_is_restored(cli, database, tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: type("Disk", (), {"free": 5000}))
    ran = restore(cli, tmp_path / "copy")
    assert (75, []) == (ran.code, kept_files(tmp_path))
    assert "too little space" in ran.err


@pytest.mark.parametrize(
    ("file", "command"),
    [
        ("b.dump", "pg_restore --clean --if-exists --single-transaction {address} b.dump"),
        ("b.sql", "psql --single-transaction --set=ON_ERROR_STOP=1 --file=b.sql {address}"),
    ],
)
def test_restore_shows_the_command_for_postgresql_without_the_password(tmp_path, file, command):
    ini = tmp_path / "wcflow.ini"
    ini.write_text("[wcflow]\ndatabase = postgresql://wcflow:se%40cret@db.example/wcflow\n")
    ini.chmod(0o600)
    ran = run_wcflow("restore", file, "--config", ini)
    address = "--dbname=postgresql://db.example/wcflow --username=wcflow"
    assert 78 == ran.code
    first = f"Run: systemctl stop wcflow && {command.format(address=address)}"
    assert f"{first} && wcflow restore --after-pg-restore --config {ini}\n" in ran.err
    assert "cret" not in ran.err


def test_after_pg_restore_changes_wait_and_no_code_of_a_pool_is_given_twice(postgres, tmp_path):
    """What was done after the backup is unknown: a message or a code could go out a second time."""
    with postgres.empty_database() as url:
        cli = CommandLine(tmp_path, f"{RULES}\n[coupon_pool gift]\n", database=url)
        cli.sim.place_order(email="anna@example.com", days_ago=30)
        assert 0 == cli.run("sync", "--approve").code
        with cli.sim.db.transaction() as tx:
            pools.add_codes(tx, "shop", "gift", ["a", "b"], cli.sim.now)
        cli.sim.place_order(email="anna@example.com")

        ran = cli.run("restore", "--after-pg-restore", "--yes")
        held = cli.run("sync")

        assert (0, True) == (ran.code, "2 codes of coupon pools may have been given" in ran.out)
        assert (1, True) == (held.code, "wait for your approval" in held.out)
        with cli.sim.db.reading() as tx:
            assert 0 == pools.count_free(tx, "shop", "gift", 9)
        cli.sim.db.close()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "no backup is named"),
        (("--after-pg-restore", "--yes"), "--after-pg-restore is for PostgreSQL"),
    ],
)
def test_a_restore_without_a_file_is_refused(cli, words, message):
    ran = cli.run("restore", *words, mounted_at=None)
    assert (2, True) == (ran.code, message in ran.err)
