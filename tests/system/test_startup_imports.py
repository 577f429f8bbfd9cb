"""Commands start fast, because they do not import modules that they do not use."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec

import pytest

from tests.command_line import ENVIRONMENT
from wcflow.database.connection import open_database

INI = """
[wcflow]
database = sqlite:///{database}

[store shop]
url = http://127.0.0.1:9
consumer_key = ck_0123456789012345678901234567890123456789
consumer_secret = cs_0123456789012345678901234567890123456789

[tag Buyer]
when = orders_count >= 1
"""

LOADED = """
import atexit, sys
from wcflow.__main__ import main

atexit.register(lambda: sys.stdout.write("\\n" + " ".join(sys.modules)))
sys.argv = ["wcflow", *sys.argv[1:]]
main()
"""

CLIENT = {"requests", "urllib3", "woocommerce", "wcflow.store.client", "wcflow.sync"}
"""The client of the store."""
UPGRADE = {"alembic"}
DAEMON = {"schedule", "structlog"}
TERMINAL = {"rich.console", "rich.table", "wcflow.cli.terminal"}
"""Colours and tables for a terminal; in these tests the output is a pipe."""
POSTGRES = {"psycopg", "sqlalchemy.dialects.postgresql"}
DATABASE = {"sqlmodel", "sqlalchemy.orm", "wcflow.database.tables"}
RECORDS = {
    "wcflow.database.mapping",
    "wcflow.database.orders",
    "wcflow.database.customers",
}
"""Modules that turn rows into records."""
RULES = {"lark", "jinja2", "sqlalchemy", "wcflow.rules.parser"}


@pytest.fixture
def ini(tmp_path):
    file, database = tmp_path / "wcflow.ini", tmp_path / "wcflow.sqlite3"
    file.write_text(INI.format(database=database))
    file.chmod(0o600)
    open_database(f"sqlite:///{database}").close()
    return file


def modules_loaded_by(*args):
    """Return all modules that a process has loaded after a command."""
    argv = [sys.executable, "-c", LOADED, *map(str, args)]
    ran = subprocess.run(argv, capture_output=True, text=True, check=False, env=ENVIRONMENT)
    assert "" == ran.stderr
    return set(ran.stdout.rpartition("\n")[2].split())


def test_every_module_of_these_lists_exists():
    """A misspelled name would never be loaded."""
    names = CLIENT | UPGRADE | DAEMON | TERMINAL | POSTGRES | DATABASE | RECORDS | RULES
    assert [] == [name for name in sorted(names) if find_spec(name) is None]


@pytest.mark.parametrize(
    "args",
    [
        ("status",),
        ("status", "--json"),
        ("explain", "--help"),
        ("outbox", "list"),
    ],
)
def test_a_command_that_only_reads_the_database_does_not_load_the_client(ini, args):
    """Nor the migrations, nor the driver of another database."""
    loaded = modules_loaded_by(*args, "--config", ini)
    assert set() == loaded & (CLIENT | UPGRADE | DAEMON | POSTGRES | TERMINAL)
    assert loaded >= DATABASE


def test_status_does_not_load_the_modules_for_records(ini):
    loaded = modules_loaded_by("status", "--config", ini)
    assert set() == loaded & RECORDS
    assert "wcflow.database.outbox" in loaded


def test_check_does_not_load_a_database_that_does_not_exist_yet(ini):
    ini.write_text(ini.read_text().replace("wcflow.sqlite3", "none.sqlite3"))
    loaded = modules_loaded_by("check", "--config", ini)
    assert set() == loaded & (CLIENT | UPGRADE | DAEMON | POSTGRES | DATABASE)
    assert loaded >= RULES


@pytest.mark.parametrize("option", ["--version", "--help"])
def test_version_and_help_do_not_load_the_rules(option):
    loaded = modules_loaded_by(option)
    assert set() == loaded & (CLIENT | UPGRADE | DAEMON | POSTGRES | DATABASE | RULES)
    assert "wcflow.cli" in loaded
