"""``wcflow backup``, ``check-database`` and ``resync``, and the permissions of database files."""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import pytest
from sqlalchemy import make_url, text

from tests.command_line import CommandLine, run_wcflow
from tests.databases.sample_store import RULES, build_sample_store
from tests.simulation import START
from wcflow.cli.check_database import examine
from wcflow.config.load import load_config
from wcflow.database import lease, schema, sqlite_files
from wcflow.database.connection import open_database, open_without_upgrade
from wcflow.database.stores import load_store_row, save_store

_INI = f"""[wcflow]
database = {{database}}
[store shop]
url = https://shop.example
consumer_key = ck_{"a" * 40}
consumer_secret = cs_{"b" * 40}
"""

WRITER = """
import sqlite3, sys
db = sqlite3.connect(sys.argv[1], timeout=30, isolation_level=None)
db.execute("PRAGMA journal_mode=WAL")
print("writing", flush=True)
number = 0
while True:
    number += 1
    db.execute("BEGIN IMMEDIATE")
    db.execute("INSERT INTO left_side VALUES (?, ?)", (number, "x" * 500))
    db.execute("UPDATE total SET count = count + 1")
    db.execute("INSERT INTO right_side VALUES (?, ?)", (number, "y" * 500))
    db.execute("COMMIT")
"""
"""Two tables and a counter that grow together: in every consistent state they are equal."""


@contextmanager
def busy_writer(file):
    """Run a process that writes in a tight loop."""
    with closing(sqlite3.connect(file)) as db:
        for table in ("left_side", "right_side"):
            db.execute(f"CREATE TABLE {table} (id INTEGER PRIMARY KEY, content TEXT)")
        db.execute("CREATE TABLE total (count INTEGER)")
        db.execute("INSERT INTO total VALUES (0)")
        db.commit()
    command = [sys.executable, "-c", WRITER, str(file)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
        assert "writing\n" == writer.stdout.readline()
        try:
            yield
        finally:
            writer.kill()


@pytest.fixture
def ini(tmp_path):
    """A configuration with its own database."""
    file = tmp_path / "wcflow.ini"
    file.write_text(_INI.format(database=f"sqlite:///{tmp_path}/wcflow.sqlite3"))
    file.chmod(0o600)
    return file


@pytest.fixture
def database(ini):
    """The new database of that configuration."""
    file = ini.with_name("wcflow.sqlite3")
    open_database(f"sqlite:///{file}").close()
    return file


def file_modes(folder, pattern):
    return {path.name: path.stat().st_mode & 0o777 for path in folder.glob(pattern)}


# backup


def test_a_backup_is_consistent_even_if_another_process_writes(ini, database, monkeypatch):
    """It is copied a few pages at a time."""
    monkeypatch.setattr(sqlite_files, "_PAGES", 3)
    counts = []
    with busy_writer(database):
        for number in range(5):
            ran = run_wcflow("backup", ini.with_name(f"copy{number}"), "--config", ini)
            assert (0, "") == (ran.code, ran.err)
    for number in range(5):
        with closing(sqlite3.connect(ini.with_name(f"copy{number}"))) as db:
            (row,) = db.execute(
                "SELECT (SELECT count(*) FROM left_side), (SELECT count(*) FROM right_side),"
                " (SELECT coalesce(max(id), 0) FROM right_side), (SELECT count FROM total)"
            )
            assert [("ok",)] == db.execute("PRAGMA integrity_check").fetchall()
        assert 1 == len(set(row))
        counts.append(row[0])
    assert sorted(set(counts)) == counts, "each backup is of a later state"


def test_a_backup_is_one_complete_file_that_only_the_owner_can_read(ini, database):
    """This holds even if others can read the database."""
    database.chmod(0o644)
    ran = run_wcflow("backup", ini.with_name("copy"), "--config", ini)
    size = ini.with_name("copy").stat().st_size / (1 << 20)

    assert {"copy": 0o600} == file_modes(ini.parent, "copy*")
    assert f"Copied {database} to {ini.parent}/copy: {size:,.1f} MB, checked.\n" == ran.out
    with open_database(f"sqlite:///{ini.parent}/copy") as db, db.reading() as tx:
        assert schema.HEAD == schema.load_revision(tx)


def test_a_backup_never_replaces_a_file_or_a_broken_link(ini, database):
    file, broken_link = ini.with_name("file"), ini.with_name("link")
    file.write_text("mine")
    broken_link.symlink_to("missing")
    for target in (file, broken_link):
        ran = run_wcflow("backup", target, "--config", ini)
        assert (1, "") == (ran.code, ran.out)
        assert f"wcflow: {target} exists already" in ran.err
    assert ("mine", False) == (file.read_text(), broken_link.exists())


def test_a_backup_into_a_missing_directory_exits_with_1(ini, database):
    ran = run_wcflow("backup", ini.parent / "nowhere" / "copy", "--config", ini)
    assert (1, "") == (ran.code, ran.out)
    assert f"{ini.parent}/nowhere/copy cannot be written: no such file or directory\n" in ran.err


def test_a_backup_does_not_upgrade_an_older_database(ini, database):
    """An admin who copies it before an upgrade wants the old one."""
    with closing(sqlite3.connect(database)) as db:
        db.execute(f"UPDATE {schema.VERSION_TABLE} SET version_num = '0001'")
        db.commit()
    assert 0 == run_wcflow("backup", ini.with_name("copy"), "--config", ini).code
    with closing(sqlite3.connect(ini.with_name("copy"))) as db:
        assert [("0001",)] == db.execute(f"SELECT * FROM {schema.VERSION_TABLE}").fetchall()


def test_a_backup_removes_the_incomplete_file_of_a_killed_one_after_a_day(ini, database):
    """A younger one can belong to a backup that is still running."""
    ages = {".wcflow.monday.ab.part": 90_000, ".wcflow.tuesday.ab.part": 3_600, ".my.part": 90_000}
    now = database.stat().st_mtime
    for name, age in ages.items():
        database.with_name(name).write_bytes(b"half")
        os.utime(database.with_name(name), (now - age, now - age))
    assert 0 == run_wcflow("backup", ini.with_name("copy"), "--config", ini).code
    remaining = {each.name for each in database.parent.glob(".*.part")}
    assert {".wcflow.tuesday.ab.part", ".my.part"} == remaining


def test_a_damaged_database_is_not_backed_up(ini, database):
    content = database.read_bytes()
    database.write_bytes(content[:8192] + b"\xff" * 4096 + content[12288:])
    ran = run_wcflow("backup", ini.with_name("copy"), "--config", ini)

    assert (78, "") == (ran.code, ran.out)
    assert "is damaged" in ran.err
    assert {} == file_modes(ini.parent, "*copy*")


def test_a_backup_without_enough_space_exits_with_75(ini, database, monkeypatch):
    """The message shows how much it needs and how much is free."""
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Disk(free=5000))
    ran = run_wcflow("backup", ini.with_name("copy"), "--config", ini)

    assert (75, "", {}) == (ran.code, ran.out, file_modes(ini.parent, "*copy*"))
    assert f"wcflow: there is too little space for a copy of {database} in {ini.parent}:" in ran.err
    assert ": it needs 1 MB, and 0 MB are free\n" in ran.err


class Disk(NamedTuple):
    free: int


@pytest.mark.parametrize(
    ("address", "command"),
    [
        (
            "postgresql://wcflow:se%40cret@db.example:5433/wcflow",
            "--dbname=postgresql://db.example:5433/wcflow --username=wcflow",
        ),
        (
            "postgresql://wcflow@/wcflow?host=/run/pg&password=se%40cret",
            "'--dbname=postgresql:///wcflow?host=%2Frun%2Fpg' --username=wcflow",
        ),
    ],
)
def test_backup_shows_the_pg_dump_command_for_postgresql(ini, address, command):
    """Without the password."""
    ini.write_text(_INI.format(database=address))
    ran = run_wcflow("backup", "/b/x", "--config", ini)

    assert (78, "") == (ran.code, ran.out)
    complete = f"umask 077 && pg_dump --format=custom --file=/b/x {command}"
    assert f"What to do: Run: {complete}\n" in ran.err
    assert "cret" not in ran.err


def test_a_backup_without_a_database_exits_with_78(ini):
    ran = run_wcflow("backup", ini.with_name("copy"), "--config", ini)
    assert (78, {}) == (ran.code, file_modes(ini.parent, "*copy*"))
    assert "there is no database" in ran.err


# permissions


def test_only_the_owner_can_read_the_files_of_a_database(tmp_path):
    """This includes the -wal and -shm files, and holds for every umask."""
    before = os.umask(0)
    try:
        with open_database(f"sqlite:///{tmp_path}/w.sqlite3") as db, db.transaction() as tx:
            save_store(tx, "shop", url="https://shop.example")
            found = file_modes(tmp_path, "w.sqlite3*")
    finally:
        os.umask(before)
    assert dict.fromkeys(("w.sqlite3", "w.sqlite3-wal", "w.sqlite3-shm"), 0o600) == found


@pytest.fixture
def world_readable(database):
    """The warning and advice for a database and a backup that other users can read."""
    old = database.with_name("wcflow.sqlite3.0001.2026-01-31.bak")
    old.write_bytes(b"")
    for file in (database, old):
        file.chmod(0o640)
    warning = f"{database}, {old} contain customers' addresses and can be read by other users"
    return warning, f"Run: chmod 600 {database} {old}"


def test_check_warns_of_files_that_others_can_read(ini, world_readable):
    warning, advice = world_readable
    assert (
        f"warning: {warning}\n  What to do: {advice}\n" == run_wcflow("check", "--config", ini).err
    )


def test_check_database_warns_of_files_that_others_can_read(ini, world_readable):
    """The exit code stays 0."""
    warning, advice = world_readable
    ran = run_wcflow("check-database", "--config", ini)
    assert 0 == ran.code
    assert [f"  warning  {warning}", f"           What to do: {advice}"] == ran.lines[1:3]


def test_the_daemon_logs_files_that_others_can_read(ini, world_readable):
    warning, advice = world_readable
    ini.write_text(ini.read_text().replace("[store", "log_format = json\n[store"))
    text = ini.read_text().replace("https://shop.example", "https://127.0.0.1:1")
    ini.write_text(text)
    running = subprocess.Popen(
        [sys.executable, "-m", "wcflow", "run", "--config", str(ini)],
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        entry = json.loads(next(line for line in running.stderr if "database file" in line))
    finally:
        running.kill()
        running.communicate()
    assert ("warning", warning, advice) == (entry["level"], entry["why"], entry["advice"])


# check-database


@pytest.fixture(scope="module")
def past_folder(tmp_path_factory):
    """The folder of a database that has been in use for a while."""
    folder = tmp_path_factory.mktemp("past")
    build_sample_store(folder).db.close()
    return folder


@pytest.fixture(scope="module")
def past_postgres(postgres, tmp_path_factory):
    """The name of such a database on PostgreSQL."""
    with postgres.database() as url:
        build_sample_store(tmp_path_factory.mktemp("postgres"), url).db.close()
        yield make_url(url).database


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request, past_folder, tmp_path):
    """The URL of such a database, on SQLite and on PostgreSQL."""
    if request.param == "sqlite":
        shutil.copy(past_folder / "wcflow.sqlite3", tmp_path)
        yield f"sqlite:///{tmp_path}/wcflow.sqlite3"
        return
    pattern = request.getfixturevalue("past_postgres")
    with request.getfixturevalue("postgres").database(pattern) as url:
        yield url


def find_problems(url, past_folder):
    """Check a database; return name, sentence, count and examples of each problem."""
    config = replace(load_config(past_folder / "wcflow.ini", {}), database=url)
    with open_without_upgrade(url) as db:
        report = examine(db, config, START + timedelta(days=1))
    return [(each.name, each.message, each.count, each.examples) for each in report.problems]


def test_a_database_in_normal_use_has_no_problems(url, past_folder):
    assert [] == find_problems(url, past_folder)


FAULTS = [
    (
        "UPDATE outbox SET run_id = 999 WHERE id IN (6, 7)",
        ("runs", "changes belong to a workflow run that does not exist", 2, ("6", "7")),
    ),
    (
        "UPDATE outbox SET state = 'claimed', claimed_by = '' WHERE id = 12",
        ("claims", "changes are claimed, but not by a process", 1, ("12",)),
    ),
    (
        "UPDATE outbox SET state = 'lost' WHERE id = 12",
        ("states", "changes have an unknown state", 1, ("12",)),
    ),
    (
        "UPDATE run SET state = 'lost' WHERE id = 2",
        ("states", "workflow runs have an unknown state", 1, ("2",)),
    ),
    (
        "DELETE FROM membership; DELETE FROM identity WHERE value = 'ben@example.com'",
        ("people", "orders have no person", 1, ("a guest",)),
    ),
    (
        "DELETE FROM orders; DELETE FROM membership; DELETE FROM identity WHERE value = '2'",
        ("people", "customers have no person", 1, ("2",)),
    ),
    (
        "INSERT INTO membership VALUES ('shop', 99, 'VIP', 1)",
        ("memberships", "people who do not exist are in a segment", 1, ("99",)),
    ),
    (
        "INSERT INTO membership VALUES ('shop', 1, 'Gone', 1)",
        (
            "segments",
            "people are in a segment that the configuration does not have",
            1,
            ("1",),
        ),
    ),
    (
        "INSERT INTO membership VALUES ('shop', 1, 'Regular', 1)",
        ("segments", "people are in two segments of the group lifecycle", 1, ("1",)),
    ),
    (
        "UPDATE orders SET detail = '{\"billing\":' WHERE id = 4",
        ("rows", "rows of orders cannot be read", 1, ("4",)),
    ),
    (
        "UPDATE orders SET detail = '{}' WHERE id = 4",
        ("rows", "rows of orders cannot be read", 1, ("4",)),
    ),
    (
        "UPDATE person SET current_tags = '{}' WHERE email = 'ben@example.com'",
        ("rows", "rows of person cannot be read", 1, ("2",)),
    ),
    (
        "UPDATE outbox SET payload = 'x' WHERE id = 12",
        ("rows", "rows of outbox cannot be read", 1, ("12",)),
    ),
    (
        "UPDATE run SET steps = 'null' WHERE id = 4",
        ("rows", "rows of run cannot be read", 1, ("4",)),
    ),
    (
        "UPDATE orders SET paid = -5 WHERE id = 4",
        ("times", "rows of orders have an impossible time in paid", 1, ("4",)),
    ),
    (
        "UPDATE person SET last_order = -5 WHERE email = 'ben@example.com'",
        ("times", "rows of person have an impossible time in last_order", 1, ("2",)),
    ),
    (
        "UPDATE outbox SET queued_at = 32503680000 WHERE id = 12",
        ("times", "rows of outbox have an impossible time in queued_at", 1, ("12",)),
    ),
    (
        "UPDATE import_range SET done = FALSE WHERE resource = 'trash'",
        ("import", "the initial import is marked as done, but parts of it are not", 1, ("trash",)),
    ),
    (
        "UPDATE store SET order_cursor = NULL",
        ("cursor", "the time up to which orders are imported is missing", 1, ("shop",)),
    ),
    (
        "UPDATE store SET order_cursor = 32503680000",
        (
            "cursor",
            "the time of a poll or nightly check is in the future, or before 1970",
            1,
            ("shop",),
        ),
    ),
    (
        "UPDATE store SET lease_until = 32503680000",
        ("lease", "a process has reserved the store for more than a day", 1, ("shop",)),
    ),
    (
        "INSERT INTO product VALUES ('other', 1, '', '', '[]', '[]', NULL, '')",
        (
            "store",
            "rows of product belong to a store that is not in the database",
            1,
            ("other",),
        ),
    ),
    (
        "INSERT INTO points VALUES (1, 'shop', 99, 'k', 5, '', '', 0, '', 1, NULL, NULL, NULL)",
        ("people", "points belong to people who do not exist", 1, ("1",)),
    ),
    (
        "INSERT INTO points VALUES (1, 'shop', 1, 'k', 5, '', '', 0, '', 1, NULL, 7, NULL)",
        ("points", "points undo a change that does not exist", 1, ("1",)),
    ),
    (
        "INSERT INTO tier VALUES ('shop', 99, 'Gold', '', 1, NULL, '', '')",
        ("people", "tiers belong to people who do not exist", 1, ("99",)),
    ),
    (
        "INSERT INTO tier VALUES ('shop', 1, 'Gold', '', 1, -5, '', '')",
        ("times", "rows of tier have an impossible time in below_since", 1, ("1",)),
    ),
    (
        "INSERT INTO search_text VALUES ('shop', 99, '', '')",
        ("people", "texts for searches belong to people who do not exist", 1, ("99",)),
    ),
    (
        "DELETE FROM search_text WHERE person = 1",
        ("searches", "people cannot be found by their names", 1, ("1",)),
    ),
    (
        "INSERT INTO group_member VALUES ('shop', 99, 'Press', 1, '')",
        ("people", "members of groups belong to people who do not exist", 1, ("99",)),
    ),
    (
        (
            "INSERT INTO task (id, store, key, kind, person, order_id, text, assignee, state, made_by,"
            " made_at, done_by) VALUES (1, 'shop', 'k', 'task', 1, 0, '', '', 'lost', '', 1, '')"
        ),
        ("states", "tasks have an unknown state", 1, ("1",)),
    ),
    (
        (
            "INSERT INTO pool_code (id, store, pool, code, shown, state, reason, step, changed_at)"
            " VALUES (1, 'shop', 'gift', 'a', 'a', 'assigned', '', '', 1)"
        ),
        (
            "pools",
            "codes of coupon pools are reserved or assigned, but for no customer",
            1,
            ("1",),
        ),
    ),
    (
        (
            "INSERT INTO pool_code (id, store, pool, code, shown, state, reason, person, step, changed_at)"
            " VALUES (1, 'shop', 'gift', 'a', 'a', 'free', '', 1, '', 1)"
        ),
        ("pools", "codes of coupon pools are free, although a customer has them", 1, ("1",)),
    ),
    (
        (
            "INSERT INTO pool_code (id, store, pool, code, shown, state, reason, step, changed_at)"
            " VALUES (1, 'shop', 'gift', 'a', 'a', 'lost', '', '', 1)"
        ),
        ("states", "codes of coupon pools have an unknown state", 1, ("1",)),
    ),
    (
        "INSERT INTO suppression VALUES ('shop', 'email', 'a@example.com', 'lost', '', 1, '')",
        ("states", "suppressed addresses have an unknown state", 1, ("email",)),
    ),
    (
        (
            "INSERT INTO campaign (store, name, state, started_at, started_by, audience_at, position,"
            " audience, rules_digest) VALUES ('shop', 'news', 'lost', 1, '', 1, 0, 0, '')"
        ),
        ("states", "campaigns have an unknown state", 1, ("news",)),
    ),
    (
        (
            "INSERT INTO campaign (store, name, state, started_at, started_by, audience_at, position,"
            " audience, rules_digest) VALUES ('shop', 'news', 'done', -5, '', 1, 0, 0, '')"
        ),
        ("times", "rows of campaign have an impossible time in started_at", 1, ("news",)),
    ),
    (
        (
            "INSERT INTO subscription VALUES ('shop', 3, 1, '', 'active', 0, 1, NULL, NULL, NULL,"
            " NULL, 1, 'x', '{}')"
        ),
        ("rows", "rows of subscription cannot be read", 1, ("3",)),
    ),
]


@pytest.mark.parametrize(("statements", "expected"), FAULTS)
def test_a_contradiction_is_found_with_its_count_and_examples(
    url, past_folder, statements, expected
):
    """Nothing else is reported, and no address of a guest is shown."""
    with open_without_upgrade(url) as db, db.transaction() as tx:
        for statement in statements.split("; "):
            tx.execute(text(statement.replace(":", "\\:")))
    assert [expected] == find_problems(url, past_folder)


def test_the_next_sync_repairs_claims_and_leases_with_impossible_times(tmp_path):
    """As the advice of check-database promises."""
    sim = build_sample_store(tmp_path)
    with sim.db.transaction() as tx:
        claimed = "UPDATE outbox SET state = 'claimed', claimed_by = 'dead', claimed_at = "
        tx.execute(text(f"{claimed} NULL WHERE id = 14"))
        tx.execute(text(f"{claimed} 32503680000 WHERE id = 13"))
        tx.execute(text("UPDATE store SET lease_holder = 'dead', lease_until = 32503680000"))
    sim.run_pass()
    states = {entry.state for entry in sim.outbox(ids=[13, 14])}
    sim.db.close()

    assert {"done"} == states


def test_a_missing_index_is_found(url, past_folder):
    with open_without_upgrade(url) as db, db.transaction() as tx:
        tx.execute(text("DROP INDEX person_dirty"))
    assert [("structure", "the table person has no index person_dirty", 1, ())] == find_problems(
        url, past_folder
    )


@pytest.fixture
def used_ini(past_folder, tmp_path):
    """The configuration of a database that has been in use for a while."""
    shutil.copy(past_folder / "wcflow.sqlite3", tmp_path)
    text = (past_folder / "wcflow.ini").read_text().replace(str(past_folder), str(tmp_path))
    (tmp_path / "wcflow.ini").write_text(text)
    (tmp_path / "wcflow.ini").chmod(0o600)
    return tmp_path / "wcflow.ini"


def test_check_database_shows_the_counts_of_a_database_without_problems(used_ini):
    ran = run_wcflow("check-database", "--config", used_ini)
    assert [
        f"{used_ini.with_name('wcflow.sqlite3')}: revision {schema.HEAD}",
        "  shop: 9 orders, 2 customers, 1 products, 5 people, 5 runs, 18 changes, 0 quarantined",
        "",
        "The database is in order.",
    ] == ran.lines
    assert (0, "") == (ran.code, ran.err)


def test_check_database_shows_each_problem_with_advice(used_ini):
    with closing(sqlite3.connect(used_ini.with_name("wcflow.sqlite3"))) as db:
        db.execute("UPDATE orders SET detail = 'x'")
        db.commit()
    ran = run_wcflow("check-database", "--config", used_ini)
    assert 1 == ran.code
    assert [
        "  problem  [store shop] rows of orders cannot be read (9: 2, 3, 4, 5, 7, …)",
        "           What to do: Run 'wcflow resync': it reads the store again and repairs this.",
        "",
        "The database has 1 problem.",
    ] == ran.lines[2:]


def test_check_database_as_json_has_the_same_problems_and_counts(used_ini):
    with closing(sqlite3.connect(used_ini.with_name("wcflow.sqlite3"))) as db:
        db.execute("UPDATE run SET state = 'x'")
        db.commit()
    ran = run_wcflow("check-database", "--config", used_ini, "--json")
    report = json.loads(ran.out)
    assert (1, False, schema.HEAD) == (ran.code, report["healthy"], report["revision"])
    (found,) = report["problems"]
    assert ("states", "shop", 5) == (found["name"], found["store"], found["count"])
    assert {"orders", "customers", "products", "people", "runs", "changes", "quarantined"} == set(
        report["stores"]["shop"]
    )


def test_a_damaged_file_exits_with_1_and_advice(used_ini):
    file = used_ini.with_name("wcflow.sqlite3")
    content = file.read_bytes()
    file.write_bytes(content[:20480] + b"\xff" * 8192 + content[28672:])
    ran = run_wcflow("check-database", "--config", used_ini)
    assert (1, "") == (ran.code, ran.err)
    assert "damaged" in ran.out
    assert "Restore a backup" in ran.out


def test_check_database_does_not_upgrade_an_older_database(used_ini):
    """It only checks the file, because the tables are those of an older wcflow."""
    file = used_ini.with_name("wcflow.sqlite3")
    with closing(sqlite3.connect(file)) as db:
        db.execute(f"UPDATE {schema.VERSION_TABLE} SET version_num = '0001'")
        db.commit()
    ran = run_wcflow("check-database", "--config", used_ini)
    assert 0 == ran.code
    assert f"  warning  it has revision 0001, and {schema.HEAD} is the present one" in ran.lines
    assert [] == list(file.parent.glob("*.bak"))


def test_a_newer_database_is_refused(used_ini):
    with closing(sqlite3.connect(used_ini.with_name("wcflow.sqlite3"))) as db:
        db.execute(f"UPDATE {schema.VERSION_TABLE} SET version_num = '9999'")
        db.commit()
    ran = run_wcflow("check-database", "--config", used_ini)
    assert (78, "") == (ran.code, ran.out)
    assert "made by a newer wcflow" in ran.err


# resync


@pytest.fixture
def served_store(tmp_path):
    """A command line whose store has been synced until nothing is left to do."""
    command_line = CommandLine(tmp_path, RULES)
    command_line.sim.place_order(email="anna@example.com", days_ago=30, total="700.00")
    assert 0 == command_line.run("sync", "--approve").code
    command_line.sim.now = datetime.now(UTC)
    command_line.sim.place_order(email="ben@example.com")
    assert 0 == command_line.run("sync").code
    yield command_line
    command_line.sim.db.close()


def test_resync_shows_how_many_records_differed_and_causes_no_writes(served_store):
    with served_store.sim.db.transaction() as tx:
        tx.execute(text("UPDATE orders SET total = 1 WHERE email = 'anna@example.com'"))
    ran = served_store.run("resync")
    assert (0, "", []) == (ran.code, ran.err, served_store.writes)
    assert [
        "shop: https://shop.example",
        "  everything was read again: 1 order, 0 customers, 0 products were out of date",
    ] == ran.lines[:2]
    assert (
        "The next 'wcflow sync' evaluates everyone again; the daemon does so automatically."
        == ran.lines[-1]
    )
    synced = served_store.run("sync")
    assert (0, []) == (synced.code, served_store.writes)


def test_resync_exits_with_75_while_another_wcflow_works(served_store):
    """It has not started."""
    with served_store.sim.db.transaction() as tx:
        lease.acquire(tx, "shop", "another", datetime.now(UTC))
    ran = served_store.run("resync")
    assert (75, "") == (ran.code, ran.out)
    assert "another wcflow is working on [store shop]" in ran.err
    with served_store.sim.db.reading() as tx:
        assert "" == load_store_row(tx, "shop").resyncing
