"""A database of an earlier wcflow is upgraded without loss, and no action is repeated."""

import json
import re
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import create_engine, inspect, text
from sqlalchemy.pool import NullPool

from tests.databases.sample_store import build_interrupted_store, build_sample_store
from wcflow.database import schema
from wcflow.database.connection import open_database
from wcflow.database.stores import EMPTY_ANSWER_REASON
from wcflow.errors import BusyError, SetupError

DUMPS = Path(__file__).parents[1] / "databases"
REVISIONS = sorted({file.name.partition(".")[0] for file in DUMPS.glob("*.sql")})


@pytest.fixture(params=REVISIONS)
def revision(request):
    return request.param


@pytest.fixture(params=["sqlite", "postgresql"])
def old_url(request, revision, tmp_path):
    """The URL of a database of an earlier revision."""
    if request.param == "sqlite":
        file = tmp_path / "old.sqlite"
        with closing(sqlite3.connect(file)) as db:
            db.executescript((DUMPS / f"{revision}.lite.sql").read_text())
        yield f"sqlite:///{file}"
        return
    with request.getfixturevalue("postgres").database("template1") as url:
        with _bare(url).begin() as tx:
            script = (DUMPS / f"{revision}.postgres.sql").read_text()
            tx.connection.driver_connection.execute(script)
        yield url


def _bare(url):
    """Return an engine that does not upgrade the database and keeps no connection."""
    return create_engine(url.replace("postgresql:", "postgresql+psycopg:"), poolclass=NullPool)


def _contents(url):
    """Return the rows of every table as dictionaries."""
    with _bare(url).connect() as tx:
        tables = set(inspect(tx).get_table_names()) - {schema.VERSION_TABLE}
        return {
            name: sorted(
                (dict(row) for row in tx.execute(text(f"SELECT * FROM {name}")).mappings()), key=str
            )
            for name in tables
        }


def _structure(url):
    """Return the columns, keys and indexes of every table."""
    with _bare(url).connect() as tx:
        inspector = inspect(tx)
        return {
            name: {
                "columns": [
                    (each["name"], str(each["type"]), each["nullable"], each["default"])
                    for each in sorted(inspector.get_columns(name), key=lambda each: each["name"])
                ],
                "key": inspector.get_pk_constraint(name),
                "unique": sorted(
                    (each["name"], each["column_names"])
                    for each in inspector.get_unique_constraints(name)
                ),
                "indexes": sorted(
                    (each["name"], each["column_names"], bool(each["unique"]))
                    for each in inspector.get_indexes(name)
                ),
            }
            for name in inspector.get_table_names()
        }


@pytest.fixture
def new_url(old_url, request, tmp_path):
    """The URL of a new database of the same kind."""
    if old_url.startswith("postgresql"):
        return request.getfixturevalue("postgres").url("pattern")
    url = f"sqlite:///{tmp_path / 'new.sqlite'}"
    open_database(url).close()
    return url


def test_an_upgraded_database_has_the_structure_of_a_new_one(old_url, new_url):
    open_database(old_url).close()

    assert _structure(new_url) == _structure(old_url)


def test_people_are_found_by_their_address_right_after_an_upgrade(old_url):
    open_database(old_url).close()
    found = _contents(old_url)
    texts = {row["person"]: row["words"] for row in found["search_text"]}
    emails = {row["id"]: row["email"] for row in found["person"] if row["present"]}
    assert emails.keys() == texts.keys() != set()
    assert all(f"\n{email}\n" in texts[person] for person, email in emails.items())


RENAMED_TABLES = {
    "aside": "quarantine",
    "census_slice": "import_range",
    "doubt": "unconfirmed",
    "move": "transition",
    "written": "written_tags",
}
RENAMED_COLUMNS = {
    "census_slice": {"part": "resource"},
    "store": {
        "zone": "time_zone",
        "hpos": "uses_hpos",
        "reads_meta": "can_read_meta",
        "meta_checked": "meta_write_verified",
        "census_started": "initial_sync_started",
        "census_done": "initial_sync_done",
        "newest_customer": "newest_customer_id",
        "sweep_position": "customer_rescan_position",
        "sweep_started": "customer_rescan_started",
        "error": "poll_error",
        "error_since": "poll_error_since",
        "order_gap": "median_order_gap",
    },
    "person": {
        "touched": "dirty",
        "digest": "rules_digest",
        "by_hand": "added_by_hand",
        "refused": "removed_by_hand",
        "granted": "added_by_workflows",
        "kept": "kept_forever",
        "worn": "current_tags",
        "matched": "matching_workflows",
        "written_customer": "written_to_customer",
        "written_order": "written_to_order",
        "spent": "total_spent",
    },
    "workflow": {"digest": "rules_digest", "since": "active_since"},
    "run": {
        "occurrence": "event",
        "at": "event_at",
        "item_id": "line_item_id",
        "memory": "variables",
        "digest": "rules_digest",
    },
    "outbox": {
        "occurrence": "event",
        "target": "target_id",
        "done_at": "finished_at",
        "released": "approved",
        "digest": "rules_digest",
    },
}
"""New names of tables and columns, by their names in earlier revisions."""

REMOVED_COLUMNS = {("run", "step"), ("orders", "country")}


def _renamed(table, row):
    names = {"subject": "key"} | RENAMED_COLUMNS.get(table, {})
    return {names.get(column, column): value for column, value in row.items()}


def _as_today(contents):
    """Return the rows of an earlier revision under the current names."""
    return {
        RENAMED_TABLES.get(table, table): [
            _renamed(table, {c: v for c, v in row.items() if (table, c) not in REMOVED_COLUMNS})
            for row in rows
        ]
        for table, rows in contents.items()
        if table not in ("setting", "store")
    }


def _with_keys(contents):
    """Return the rows with the key of each person added."""
    keys = {}
    for row in contents["identity"]:
        account = row["kind"] == "account"
        keys[row["person"]] = f"c{row['value']}" if account else f"g:{row['value']}"
    return {
        name: [
            ({"key": keys.get(row["person"], "")} if "person" in row else {})
            | ({"key": keys.get(row["id"], "")} if name == "person" else {})
            | row
            for row in rows
        ]
        for name, rows in contents.items()
    }


def _sorted(rows):
    return sorted(rows, key=lambda row: sorted(map(str, row.items())))


def test_an_upgrade_keeps_every_row(old_url):
    """New columns are not compared, nor who is evaluated next: everybody, for the lists."""
    before = _as_today(_contents(old_url))
    open_database(old_url).close()
    after = _with_keys(_contents(old_url))

    for name, found in before.items():
        rows = [row for row in found if row.get("present", True)]
        kept = [
            {column: row[column] for column in rows[0]}
            for row in after[name]
            if rows and row.get("present", True)
        ]
        for row in (*rows, *kept) if name == "person" else ():
            row["dirty"] = 1
        assert _sorted(rows) == _sorted(kept), name


@pytest.mark.parametrize("revision", ["0001", "0002"])
def test_an_upgrade_keeps_the_state_of_the_store(old_url):
    """Coupon codes derive from the secret; without the digest everybody is evaluated again."""
    before = _contents(old_url)
    settings = {row["name"]: row["value"] for row in before["setting"]}
    open_database(old_url).close()
    after = _contents(old_url)

    assert [{"name": "secret", "value": settings["secret"]}] == after["setting"]
    (row,), (store,), (channel,) = before["store"], after["store"], after["channel"]
    old = _renamed("store", row)
    kept = old.keys() & store.keys()
    assert {name: old[name] for name in kept} == {name: store[name] for name in kept}
    assert {"held", "held_since", "accepted"} == old.keys() - kept
    assert {
        "store": "shop",
        "name": "store",
        "hold_reason": old["held"],
        "held_since": old["held_since"],
        "approved": old["accepted"],
        "error": "",
        "error_since": None,
    } == channel
    assert (
        settings["digest shop"],
        settings["settings shop"],
        settings["meta_keys shop"],
        settings.get("resync shop", ""),
    ) == (
        store["rules_digest"],
        store["applied_settings"],
        store["meta_keys"],
        store["resyncing"],
    )


@pytest.mark.parametrize("revision", ["0003"])
def test_an_upgrade_keeps_the_state_and_the_holds_of_the_store(old_url):
    before = _contents(old_url)
    open_database(old_url).close()
    after = _contents(old_url)

    works = {"error": "", "error_since": None}
    assert before["setting"] == after["setting"]
    assert [each | works for each in before["channel"]] == after["channel"]
    (old,), (new,) = before["store"], after["store"]
    assert old == {name: new[name] for name in old}


@pytest.mark.parametrize("revision", ["0001", "0002"])
def test_an_upgrade_rewrites_the_reason_of_an_empty_answer(old_url):
    """The next poll compares it with the current words to find out whether the hold can end."""
    with _bare(old_url).begin() as tx:
        reason = "an empty answer where the mirror is full: orders: none, where 12 are known"
        tx.execute(text("UPDATE store SET held = :reason"), {"reason": reason})
    open_database(old_url).close()

    (channel,) = _contents(old_url)["channel"]
    assert f"{EMPTY_ANSWER_REASON}: orders: none, where 12 are known" == channel["hold_reason"]


@pytest.mark.parametrize("revision", ["0001", "0002"])
def test_an_upgrade_turns_the_next_step_into_a_path(old_url):
    before = {row["id"]: [row["step"]] for row in _contents(old_url)["run"]}
    open_database(old_url).close()

    assert before == {row["id"]: json.loads(row["path"]) for row in _contents(old_url)["run"]}


@pytest.mark.parametrize("revision", [each for each in REVISIONS if each < "0004"])
@pytest.mark.parametrize(
    "change",
    [
        "UPDATE person SET evaluated_at = 1900000000",
        "UPDATE run SET started_at = 1900000000",
        "UPDATE outbox SET queued_at = 1900000000",
    ],
)
def test_an_upgrade_notices_what_was_decided_in_the_future(old_url, change):
    """A clock was wrong once; the next sync repairs it."""
    with _bare(old_url).begin() as tx:
        tx.execute(text(change))
    open_database(old_url).close()

    (store,) = _contents(old_url)["store"]
    assert 1_900_000_000 == store["evaluated_at"]


@pytest.mark.parametrize("revision", ["0001"])
def test_after_an_upgrade_waiting_writes_and_runs_are_finished_and_nothing_is_repeated(
    old_url, tmp_path
):
    folder = tmp_path / "today"
    folder.mkdir()
    sim = build_sample_store(folder)
    sim.db.close()
    sim.db = open_database(old_url)

    written = _sync_and_list_writes(sim)
    again = _sync_and_list_writes(sim)
    sim.advance(days=3)
    later = _sync_and_list_writes(sim)
    last = _sync_and_list_writes(sim)
    sim.db.close()

    assert (["coupon", "note", "note", "note", "tags"], []) == (written, again)
    # Both new customers get the note that was delayed by three days.
    assert (["note", "note"], []) == (later, last)
    assert {
        "dora@example.com": ["Welcome", "Your code is", "Three days on"],
        "emil@example.com": ["segment VIP", "Welcome", "Your code is", "Three days on"],
    } == {
        email: [_shorten(note) for note in sim.notes(order)]
        for order, email in [(9, "dora@example.com"), (12, "emil@example.com")]
    }


@pytest.mark.parametrize("revision", ["0002", "0003"])
def test_an_upgraded_interrupted_database_continues_like_a_new_one(old_url, tmp_path):
    """Queued, held and claimed changes are delivered once each, and waiting runs continue.

    Codes and marks are not compared: an earlier wcflow derived them without the order.
    """
    new, upgraded = (_build_interrupted(tmp_path / name) for name in ("new", "upgraded"))
    upgraded.db.close()
    upgraded.db = open_database(old_url)
    expected, found = _finish(new), _finish(upgraded)

    passes, notes, codes, shown = found
    assert (expected[0], [*map(_without_codes, expected[1])], expected[3]) == (
        passes,
        [*map(_without_codes, notes)],
        shown,
    )
    assert ([], []) == (passes[-1], [note for note in notes if notes.count(note) > 1])
    assert 7 == len(codes) == len(set(codes))


@pytest.mark.parametrize("revision", ["0002"])
def test_the_interrupted_database_has_entries_and_runs_in_every_state(old_url):
    contents = _contents(old_url)

    assert {"due", "claimed", "done", "dry_run"} == {row["state"] for row in contents["outbox"]}
    assert contents["store"][0]["held"]
    assert {"waiting", "done", "skipped"} == {row["state"] for row in contents["run"]}
    people = {row["subject"] for row in contents["person"]}
    assert {"g:gil@example.com", "g:emil@example.com"} == {
        row["subject"] for row in contents["run"]
    } - people


def _build_interrupted(folder):
    folder.mkdir()
    return build_interrupted_store(folder)


def _without_codes(note):
    order, text = note
    return order, re.sub(r"\(ref \w+\)|THANKS-\w+", "…", text)


def _finish(sim):
    """Sync until everything is done; return the writes of each pass and the final state."""
    passes = []
    for days in (0, 0, 0, 1, 0, 2, 0, 1, 0, 0):
        sim.advance(days=days)
        passes.append(_sync_and_list_writes(sim))
    orders = sorted(sim.sandbox.order_ids())
    notes = [(order, each["note"]) for order in orders for each in sim.sandbox.notes(order)]
    shown = [(order, sim.tags(order), sim.segment(order)) for order in orders]
    sim.db.close()
    return passes, notes, sorted(sim.sandbox.coupon_codes()), shown


def _shorten(note):
    parts = ["segment VIP", "Welcome", "Your code is", "Three days on"]
    return next((part for part in parts if part in note), note)


def _sync_and_list_writes(sim):
    """Run a pass; return the kinds of its writes."""
    sim.advance(minutes=3)
    sim.run_pass()
    return sorted(_write_kind(call) for call in sim.writes)


def _write_kind(call):
    if "notes" in call.path:
        return "note"
    return "coupon" if "coupons" in call.path else "tags"


class TestBackupBeforeUpgrade:
    """An SQLite file is copied before it is upgraded; without a copy there is no upgrade."""

    @pytest.fixture
    def file(self, tmp_path):
        path = tmp_path / "old.sqlite"
        with closing(sqlite3.connect(path)) as db:
            db.executescript((DUMPS / "0001.lite.sql").read_text())
        return path

    def test_the_copy_includes_the_write_ahead_log(self, file):
        """After a crash, the last transaction can be in the log alone."""
        with closing(sqlite3.connect(file, isolation_level=None)) as other:
            other.execute("PRAGMA journal_mode=WAL")
            other.execute("PRAGMA wal_autocheckpoint=0")
            other.execute("INSERT INTO setting VALUES ('late', 'yes')")
            open_database(f"sqlite:///{file}").close()

        (copy,) = file.parent.glob("old.sqlite.0001.*.bak")
        with closing(sqlite3.connect(copy)) as db:
            assert [("yes",)] == db.execute(
                "SELECT value FROM setting WHERE name='late'"
            ).fetchall()
            assert [("0001",)] == db.execute(f"SELECT * FROM {schema.VERSION_TABLE}").fetchall()
            assert [("delete",)] == db.execute("PRAGMA journal_mode").fetchall()

    def test_an_upgraded_database_is_not_copied_again(self, file):
        """The copy stays the one of the old revision."""
        open_database(f"sqlite:///{file}").close()
        (copy,) = file.parent.glob("*.bak")
        content = copy.read_bytes()
        open_database(f"sqlite:///{file}").close()

        assert ([copy], content) == (list(file.parent.glob("*.bak")), copy.read_bytes())

    def test_processes_that_start_together_make_one_copy_of_the_old_revision(self, file):
        with ThreadPoolExecutor(4) as threads:
            url = f"sqlite:///{file}"
            list(threads.map(lambda _: open_database(url).close(), range(4)))

        (copy,) = file.parent.glob("*.bak")
        with closing(sqlite3.connect(copy)) as db:
            assert [("0001",)] == db.execute(f"SELECT * FROM {schema.VERSION_TABLE}").fetchall()

    def test_without_space_for_a_copy_the_database_is_not_upgraded(self, file, monkeypatch):
        monkeypatch.setattr("shutil.disk_usage", lambda _: _Disk())
        with pytest.raises(BusyError, match="there is too little space for a copy of") as raised:
            open_database(f"sqlite:///{file}")
        assert 75 == raised.value.exit_code
        with closing(sqlite3.connect(file)) as db:
            assert [("0001",)] == db.execute(f"SELECT * FROM {schema.VERSION_TABLE}").fetchall()
        assert [] == [each for each in file.parent.iterdir() if ".bak" in each.name]

    def test_an_incomplete_copy_of_a_crashed_process_is_removed(self, file):
        day = "2026-01-01"
        incomplete = file.with_name(f".wcflow.{file.name}.0001.{day}.bak.abc.part")
        incomplete.write_bytes(b"half")
        file.touch()
        open_database(f"sqlite:///{file}").close()

        assert [] == list(file.parent.glob(".*.part"))

    def test_the_database_of_a_newer_wcflow_is_refused_and_not_changed(self, file):
        with closing(sqlite3.connect(file)) as db:
            db.execute(f"UPDATE {schema.VERSION_TABLE} SET version_num = '9999'")
            db.commit()
        with pytest.raises(SetupError, match="was made by a newer wcflow") as raised:
            open_database(f"sqlite:///{file}")
        assert 78 == raised.value.exit_code
        assert [] == list(file.parent.glob("*.bak"))


class _Disk:
    free = 1000
