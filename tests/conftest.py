"""Databases for tests: an SQLite file, and a private PostgreSQL server.

The server starts from Debian's binaries, once per session and worker, on a socket in its own
directory. Without the binaries its tests are skipped, or fail with WCFLOW_REQUIRE_POSTGRES=1.
"""

from __future__ import annotations

import itertools
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
import structlog
from hypothesis import HealthCheck, settings
from sqlalchemy import create_engine, text

from wcflow.cli import options
from wcflow.database import schema
from wcflow.database.connection import open_database

# A busy machine can take long over an example: only a wrong result is a failure.
settings.register_profile("wcflow", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("wcflow")

_FAST_SETTINGS = {
    "listen_addresses": "",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "16MB",
    "max_connections": "20",
    "autovacuum": "off",
}
_TERMINATE_OTHERS = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
)
_numbers = itertools.count(1)


@pytest.fixture(autouse=True)
def _reset_log():
    """Undo the log settings of commands that a test runs in this process."""
    structlog.reset_defaults()
    yield
    structlog.reset_defaults()


@pytest.fixture(autouse=True)
def _no_system_configuration(monkeypatch):
    """Never read the configuration of the machine that runs the tests."""
    monkeypatch.setattr(options, "SYSTEM_INI", Path("/nonexistent/wcflow.ini"))


class Postgres:
    """A running PostgreSQL with one database for tests in turn, and others on demand."""

    def __init__(self, folder):
        self._folder = folder
        with self._control() as control:
            control.execute(text("CREATE DATABASE pattern"))
            open_database(self.url("pattern")).close()
            control.execute(text("CREATE DATABASE shared TEMPLATE pattern"))

    def url(self, name):
        return f"postgresql://wcflow@/{name}?host={self._folder}"

    @contextmanager
    def database(self, pattern="pattern"):
        """Create a database for one test and return its URL."""
        name = f"test{next(_numbers)}"
        with self._control() as control:
            control.execute(text(f"CREATE DATABASE {name} TEMPLATE {pattern}"))
        yield self.url(name)
        with self._control() as control:
            control.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))

    @contextmanager
    def empty_database(self):
        """Return the shared database, emptied: ten times faster than a new one."""
        yield self.url("shared")
        tables = ", ".join(table.name for table in schema.METADATA.sorted_tables)
        version = f"UPDATE {schema.VERSION_TABLE} SET version_num = '{schema.HEAD}'"
        with self._control("shared") as control:
            control.execute(text(_TERMINATE_OTHERS))
            control.execute(text(f"TRUNCATE {tables} RESTART IDENTITY"))
            control.execute(text(version))

    @contextmanager
    def _control(self, name="postgres"):
        url = self.url(name).replace("postgresql:", "postgresql+psycopg:")
        engine = create_engine(url, isolation_level="AUTOCOMMIT")
        with engine.connect() as control:
            yield control
        engine.dispose()


@pytest.fixture(scope="session")
def postgres():
    """A PostgreSQL server for this session."""
    binaries = _binaries()
    # Not pytest's own directory: the path of a socket can have at most 107 bytes.
    folder = Path(tempfile.mkdtemp(prefix="wcflow-pg-"))
    run_as = _postgres_user(folder)
    data = folder / "data"
    subprocess.run(
        [binaries / "initdb", "-D", data, "-A", "trust", "-U", "wcflow", "-E", "UTF8", "--no-sync"],
        check=True,
        capture_output=True,
        cwd="/",
        **run_as,
    )
    options = [f"-c{name}={value}" for name, value in _FAST_SETTINGS.items()]
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(
            [binaries / "postgres", "-D", data, "-k", folder, *options],
            stdout=log,
            stderr=log,
            cwd="/",
            **run_as,
        )
    try:
        _wait_for(binaries, folder, server)
        yield Postgres(folder)
    finally:
        server.send_signal(signal.SIGINT)
        server.wait(30)
        shutil.rmtree(folder)


def _binaries():
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not found:
        _skip_or_fail("no PostgreSQL: install Debian's package postgresql")
    return found[-1].parent


def _postgres_user(folder):
    """Return the user for PostgreSQL, which does not run as root, and make the folder theirs."""
    if os.geteuid() != 0:
        return {}
    try:
        user = pwd.getpwnam("postgres")
    except KeyError:
        _skip_or_fail("no user postgres, and PostgreSQL does not run as root")
    os.chown(folder, user.pw_uid, user.pw_gid)
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def _skip_or_fail(reason):
    if os.environ.get("WCFLOW_REQUIRE_POSTGRES") == "1":
        pytest.fail(f"{reason} (WCFLOW_REQUIRE_POSTGRES=1)")
    pytest.skip(reason)


def _wait_for(binaries, folder, server):
    for _ in range(300):
        ready = [binaries / "pg_isready", "-h", folder, "-d", "postgres", "-U", "wcflow", "-q"]
        if subprocess.run(ready, check=False).returncode == 0:
            return
        if server.poll() is not None:
            break
        time.sleep(0.1)
    pytest.fail((folder / "log").read_text())


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request, tmp_path):
    """The URL of a database with all tables, for SQLite and for PostgreSQL."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'wcflow.sqlite'}"
        return
    with request.getfixturevalue("postgres").empty_database() as url:
        yield url


@pytest.fixture
def database(database_url):
    """An open database, SQLite and PostgreSQL."""
    with open_database(database_url) as db:
        yield db


@pytest.fixture
def sqlite(tmp_path):
    """An open SQLite database."""
    with open_database(f"sqlite:///{tmp_path / 'wcflow.sqlite'}") as db:
        yield db
