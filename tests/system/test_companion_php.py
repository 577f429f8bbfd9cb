"""The companion plugin's PHP: what PHP, its code sniffer and a real WordPress say of it.

WordPress is Debian's package, unpacked anywhere (WCFLOW_WORDPRESS, else /usr/share/wordpress); its
database a MariaDB of these tests in a temporary folder. What is not installed is skipped, or fails
with WCFLOW_REQUIRE_WORDPRESS=1.
"""

import json
import os
import pwd
import re
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import pytest

import wcflow

ROOT = Path(__file__).parents[2]
PLUGIN = ROOT / "wcflow/companion/wcflow-companion"
TESTS = ROOT / "tests/companion"
FILES = sorted(PLUGIN.rglob("*.php"))
FAST_SETTINGS = (
    "--skip-networking",
    "--skip-log-bin",
    "--skip-grant-tables",
    "--innodb-flush-log-at-trx-commit=0",
    "--innodb-buffer-pool-size=64M",
    "--innodb-log-file-size=8M",
    "--innodb-doublewrite=0",
)


def find_program(*names):
    for name in names:
        found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin")
        if found:
            return found
    return skip_or_fail(f"{names[0]} is not installed")


def skip_or_fail(reason):
    if os.environ.get("WCFLOW_REQUIRE_WORDPRESS") == "1":
        pytest.fail(f"{reason} (WCFLOW_REQUIRE_WORDPRESS=1)")
    pytest.skip(reason)


def run(*command):
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)


def test_the_version_of_the_plugin_is_that_of_the_package():
    main = (PLUGIN / "wcflow-companion.php").read_text()
    header = re.search(r"^ \* Version: +(\S+)$", main, re.MULTILINE)
    constant = re.search(r"'WCFLOW_COMPANION_VERSION', '([^']+)'", main)
    readme = re.search(r"^Stable tag: (\S+)$", (PLUGIN / "readme.txt").read_text(), re.MULTILINE)
    assert header
    assert constant
    assert readme
    assert {header[1], constant[1], readme[1]} == {wcflow.__version__}


def test_no_file_of_the_plugin_can_be_called_by_itself():
    bare = [
        path.name
        for path in FILES
        if not re.search(
            r"defined\( '(ABSPATH|WP_UNINSTALL_PLUGIN)' \) \|\| exit;", path.read_text()
        )
    ]
    assert bare == []


def test_the_code_sniffer_finds_nothing():
    ran = run(find_program("phpcs"), f"--standard={TESTS / 'phpcs.xml'}", "--report=emacs", PLUGIN)
    assert ran.returncode == 0, ran.stdout


@pytest.fixture(scope="module")
def wordpress():
    """Settings of a WordPress whose tables are in a MariaDB of this module."""
    server = find_program("mariadbd", "mysqld")
    install = find_program("mariadb-install-db")
    client = find_program("mariadb", "mysql")
    find_program("php")
    home = Path(os.environ.get("WCFLOW_WORDPRESS", "/usr/share/wordpress"))
    if not (home / "wp-settings.php").exists():
        skip_or_fail(f"no WordPress in {home}")
    # Not pytest's own directory: the path of a socket can have at most 107 bytes.
    folder = Path(tempfile.mkdtemp(prefix="wcflow-wp-"))
    user = pwd.getpwuid(os.geteuid()).pw_name
    data = folder / "data"
    made = run(
        install,
        "--no-defaults",
        f"--datadir={data}",
        f"--user={user}",
        "--auth-root-authentication-method=normal",
        "--skip-test-db",
    )
    assert made.returncode == 0, made.stdout + made.stderr
    socket = folder / "socket"
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [
                server,
                "--no-defaults",
                f"--datadir={data}",
                f"--socket={socket}",
                f"--pid-file={folder / 'pid'}",
                # Another server of this machine that starts removes temporary tables in /tmp.
                f"--tmpdir={folder}",
                f"--user={user}",
                *FAST_SETTINGS,
            ],
            stdout=log,
            stderr=log,
        )
    try:
        for _ in range(300):
            made = run(client, "--no-defaults", "-S", socket, "-u", "root", "-e", "SELECT 1")
            if made.returncode == 0 or process.poll() is not None:
                break
            time.sleep(0.1)
        assert made.returncode == 0, (folder / "log").read_text()
        plugins = folder / "content/plugins"
        plugins.mkdir(parents=True)
        (plugins / "wcflow-companion").symlink_to(PLUGIN)
        yield WordPress(home, folder, socket, client)
    finally:
        process.terminate()
        process.wait(30)
        shutil.rmtree(folder)


class WordPress:
    """A WordPress without a web server."""

    def __init__(self, home, folder, socket, client):
        self._home = home
        self._folder = folder
        self._socket = socket
        self._client = client

    def sql(self, text):
        ran = run(self._client, "--no-defaults", "-S", self._socket, "-u", "root", "-e", text)
        assert ran.returncode == 0, ran.stderr

    def run(self, script, database, **settings):
        """Run a script of tests/companion; return what it printed."""
        path = self._folder / "settings.json"
        settings |= {
            "database": database,
            "user": "root",
            "socket": str(self._socket),
            "wordpress": str(self._home),
            "content": str(self._folder / "content"),
        }
        path.write_text(json.dumps(settings))
        ran = run(find_program("php"), TESTS / "wordpress.php", path, TESTS / script)
        assert ran.returncode == 0, ran.stdout[-3000:] + ran.stderr[-3000:]
        assert "wcflow-companion" not in ran.stderr, ran.stderr
        return ran.stdout


@pytest.mark.xdist_group("wordpress")
def test_a_real_wordpress_agrees(wordpress):
    wordpress.sql("CREATE DATABASE one")
    wordpress.run("nothing.php", "one", install=True)
    lines = wordpress.run("checks.php", "one").splitlines()
    assert not [line for line in lines if not line.startswith("ok ")], "\n".join(lines)
    assert len(lines) > 10


@pytest.mark.xdist_group("wordpress")
def test_a_database_that_refuses_what_does_not_fit_agrees(wordpress):
    wordpress.sql("CREATE DATABASE strict")
    wordpress.run("nothing.php", "strict", install=True)
    lines = wordpress.run("checks.php", "strict", strict=True).splitlines()
    assert not [line for line in lines if not line.startswith("ok ")], "\n".join(lines)
    assert len(lines) > 10


@pytest.mark.xdist_group("wordpress")
def test_every_site_of_a_network_has_its_own_tables(wordpress):
    wordpress.sql("CREATE DATABASE network")
    wordpress.run("nothing.php", "network", install=True)
    wordpress.run("network.php", "network")
    lines = wordpress.run("network_checks.php", "network", network=True).splitlines()
    assert not [line for line in lines if not line.startswith("ok ")], "\n".join(lines)
    assert len(lines) == 3


@pytest.mark.xdist_group("wordpress")
def test_the_dashboard_works_without_woocommerce(wordpress):
    wordpress.sql("CREATE DATABASE bare")
    wordpress.run("nothing.php", "bare", install=True)
    lines = wordpress.run("admin.php", "bare", admin=True).splitlines()
    assert lines == ["ok the list of users", "ok the profile"]


@pytest.mark.xdist_group("wordpress")
def test_uninstall_removes_tags_and_segments_where_the_admin_wants_that(wordpress):
    wordpress.sql("CREATE DATABASE removed")
    wordpress.run("nothing.php", "removed", install=True)
    lines = wordpress.run("uninstall_checks.php", "removed", admin=True).splitlines()
    assert not [line for line in lines if not line.startswith("ok ")], "\n".join(lines)
    assert len(lines) == 8
