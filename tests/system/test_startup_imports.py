"""How soon a command is there: one that asks no shop does not wait for what speaks with shops."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.command_line import ENVIRONMENT
from wcflow.database.connection import open_database

INI = """
[wcflow]
database = sqlite:///{database}

[store shop]
url = http://127.0.0.1:9
consumer_key = ck_0123456789
consumer_secret = cs_0123456789

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
"""What speaks with a shop."""
UPGRADE = {"alembic"}
DAEMON = {"schedule", "structlog"}
TERMINAL = {"rich.console", "rich.table", "wcflow.cli.terminal"}
"""What draws on a terminal; here a pipe reads."""
POSTGRES = {"psycopg", "sqlalchemy.dialects.postgresql"}
DATABASE = {"sqlmodel", "sqlalchemy.orm", "wcflow.database.tables"}
RECORDS = {
    "wcflow.database.mapping",
    "wcflow.database.orders",
    "wcflow.database.customers",
}
"""What makes records of the shop's rows."""
RULES = {"lark", "jinja2", "sqlalchemy", "wcflow.rules.parser"}


@pytest.fixture
def ini(tmp_path):
    file, database = tmp_path / "wcflow.ini", tmp_path / "wcflow.sqlite3"
    file.write_text(INI.format(database=database))
    file.chmod(0o600)
    open_database(f"sqlite:///{database}").close()
    return file


def modules_loaded_by(*words):
    """Give all modules that a process has loaded when it has done a command."""
    argv = [sys.executable, "-c", LOADED, *map(str, words)]
    ran = subprocess.run(argv, capture_output=True, text=True, check=False, env=ENVIRONMENT)
    assert "" == ran.stderr
    return set(ran.stdout.rpartition("\n")[2].split())


@pytest.mark.parametrize(
    "words",
    [
        ("status",),
        ("status", "--json"),
        ("explain", "--help"),
        ("outbox", "list"),
    ],
)
def test_who_only_looks_starts_without_the_client(ini, words):
    """And without what upgrades a database that is up to date, or speaks with another."""
    loaded = modules_loaded_by(*words, "--config", ini)
    assert set() == loaded & (CLIENT | UPGRADE | DAEMON | POSTGRES | TERMINAL)
    assert loaded >= DATABASE


def test_who_only_counts_starts_without_what_reads_records(ini):
    loaded = modules_loaded_by("status", "--config", ini)
    assert set() == loaded & RECORDS
    assert "wcflow.database.outbox" in loaded


def test_who_only_reads_the_configuration_starts_without_a_database(ini):
    loaded = modules_loaded_by("check", "--config", ini)
    assert set() == loaded & (CLIENT | UPGRADE | DAEMON | POSTGRES | DATABASE)
    assert loaded >= RULES


@pytest.mark.parametrize("word", ["--version", "--help"])
def test_the_version_and_the_commands_are_told_without_the_rules(word):
    loaded = modules_loaded_by(word)
    assert set() == loaded & (CLIENT | UPGRADE | DAEMON | POSTGRES | DATABASE | RULES)
    assert "wcflow.cli" in loaded
