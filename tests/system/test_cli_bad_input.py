"""Laws of bad input: one clear sentence, what to do, the right exit code, nothing lost."""

import re
import resource
import sqlite3
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime

import pytest
from sqlalchemy import Engine, event

from tests.command_line import ENVIRONMENT, CommandLine, run_process, run_wcflow
from wcflow.cli.errors import error_boundary as telling
from wcflow.database import connection as database
from wcflow.database import lease
from wcflow.database.stores import save_store
from wcflow.errors import WcflowError
from wcflow.sandbox.auth import ADMIN
from wcflow.sandbox.faults import Faults
from wcflow.sandbox.server import serve
from wcflow.sandbox.store import SandboxStore

RULES = """
[segment Regular]
when = orders_count >= 1

[workflow thanks]
trigger = order_paid
do = add_note Thank you
"""


@pytest.fixture
def cli(tmp_path):
    made = CommandLine(tmp_path, RULES)
    made.sim.place_order(email="anna@example.com", days_ago=30)
    yield made
    made.sim.db.close()


def error_and_advice(ran, code):
    """Hold what a command said to the form of all bad news; give the sentence and the advice."""
    assert (code, "") == (ran.code, ran.out)
    assert "Traceback" not in ran.err
    assert ADMIN.consumer_secret not in ran.err
    said, advice = re.fullmatch(r"wcflow: (.+)\n  What to do: (.+)\n", ran.err).groups()
    return said, advice


# The shop


@pytest.mark.parametrize("command", ["plan", "sync"])
def test_a_wrong_key(cli, command):
    cli.edit_config(ADMIN.consumer_key, "ck_wrong")
    said, advice = error_and_advice(cli.run(command), 78)
    assert said.startswith("the store rejected the API key (")
    assert "Check consumer_key" in advice


def test_a_wrong_secret(cli):
    cli.edit_config(ADMIN.consumer_secret, "cs_wrong")
    said, advice = error_and_advice(cli.run("plan"), 78)
    assert said.startswith("the consumer secret is wrong (")
    assert "Copy consumer_key and consumer_secret again" in advice


def test_an_address_where_nobody_listens(cli):
    cli.faults.refuse_connections(times=None)
    said, _advice = error_and_advice(cli.run("plan"), 75)
    assert "GET /wp-json/" in said


def test_an_address_of_something_else(cli):
    """A site that answers every question with its own page."""
    cli.faults.fail_with(status=404, html=True, times=None)
    said, advice = error_and_advice(cli.run("plan"), 78)
    assert said.startswith("there is no WooCommerce API at this address (")
    assert "Check url" in advice


def test_a_shop_without_permalinks(cli):
    cli.faults = Faults(SandboxStore(permalinks=False))
    said, advice = error_and_advice(cli.run("plan"), 78)
    assert said.startswith("there is no WooCommerce API at this address (")
    assert "choose any permalink structure but Plain" in advice


def test_a_redirecting_address(cli):
    cli.faults.redirect(to="https://www.shop.example", times=None)
    said, advice = error_and_advice(cli.run("plan"), 78)
    assert said.startswith("the store redirects to https://www.shop.example")
    assert advice


def test_html_in_place_of_json(cli):
    """A challenge page with status 200: it may pass, so 75."""
    cli.faults.fail_with(status=200, html=True, times=None)
    said, advice = error_and_advice(cli.run("plan"), 75)
    assert said.startswith("the store sent a web page")
    assert advice


def test_a_shop_that_fails_in_the_middle_loses_nothing(cli):
    """What was written stays known, the rest goes on later: one note, and no second one."""
    assert 0 == cli.run("sync", "--approve").code
    cli.sim.now = datetime.now(UTC)
    order = cli.sim.place_order(email="anna@example.com", status="processing")
    cli.faults.enter_maintenance(times=None, only=f"POST /wc/v3/orders/{order}/notes")
    assert 75 == cli.run("sync").code
    cli.faults.recover()
    assert "1 change will be retried." in _retry_note(cli)
    assert 0 == cli.run("sync").code
    assert ["Thank you"] == cli.sim.notes(order)


def _retry_note(cli):
    (due,) = [each for each in cli.sim.outbox(states=["due"]) if each.kind == "note"]
    return cli.run("outbox", "retry", due.id).lines


def test_what_stops_one_store_does_not_stop_another(cli, tmp_path):
    """A second store with a wrong key: 78 and its name; the first is read all the same."""
    clock = lambda: datetime.now(UTC)  # noqa: E731
    with serve(cli.sandbox, clock=clock) as first, serve(SandboxStore(), clock=clock) as second:
        cli.edit_config("url = https://shop.example", f"url = {first.url}")
        with cli.config.open("a") as file:
            file.write(f"[store other]\nurl = {second.url}\n")
            file.write("consumer_key = ck_wrong\nconsumer_secret = cs_wrong\n")
        ran = run_process("plan", "--config", cli.config)
        one = run_process("plan", "--store", "shop", "--config", cli.config)
    assert (78, True) == (ran.returncode, "1 change would be written to the store" in ran.stdout)
    assert "[store other]: the store rejected the API key" in ran.stderr
    assert (0, "") == (one.returncode, one.stderr)


# The database


@pytest.fixture
def short_lock_timeout(monkeypatch):
    """wcflow waits for a locked database, but not in this test."""
    monkeypatch.setattr(database, "_BUSY_MILLISECONDS", 20)


def test_a_locked_database(cli, short_lock_timeout, tmp_path):
    """Another program holds it: 75; as soon as it lets go, the same command works."""
    assert 0 == cli.run("plan").code
    other = sqlite3.connect(tmp_path / "wcflow.sqlite3", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    said, advice = error_and_advice(cli.run("sync"), 75)
    assert "is in use by another process" in said
    assert "Try again" in advice
    other.execute("ROLLBACK")
    other.close()
    assert 0 == cli.run("sync", "--approve").code


def test_looking_works_while_the_database_is_being_written(cli, short_lock_timeout, tmp_path):
    """status and explain do not wait for the daemon."""
    assert 0 == cli.run("sync", "--approve").code
    other = sqlite3.connect(tmp_path / "wcflow.sqlite3", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    assert 0 == cli.run("status", mounted_at=None).code
    assert 0 == cli.run("explain", "anna@example.com", mounted_at=None).code
    assert 0 == cli.run("outbox", "list", mounted_at=None).code
    other.close()


def test_a_newer_database(cli, tmp_path):
    """A database of a later wcflow is left alone: 78."""
    assert 0 == cli.run("plan").code
    with sqlite3.connect(tmp_path / "wcflow.sqlite3") as other:
        other.execute("UPDATE wcflow_version SET version_num = '9999'")
    other.close()
    said, advice = error_and_advice(cli.run("sync"), 78)
    assert "was made by a newer wcflow" in said
    assert "Install the newer wcflow again" in advice
    assert 1 == cli.run("doctor").code


def test_a_file_that_is_no_database(cli, tmp_path):
    (tmp_path / "notes.txt").write_text("these are my notes\n" * 100)
    cli.edit_config("wcflow.sqlite3", "notes.txt")
    said, _advice = error_and_advice(cli.run("plan"), 78)
    assert "is not a database" in said
    assert "these are my notes\n" * 100 == (tmp_path / "notes.txt").read_text()


def test_a_full_disk(cli):
    """No page more fits into the database: 75, and after making room all goes on."""
    cli.sim.db.close()
    for number in range(300):
        cli.sim.place_order(email=f"guest{number}@example.com", days_ago=30)

    def little_room(connection, _record):
        connection.execute("PRAGMA max_page_count = 60").close()

    event.listen(Engine, "connect", little_room)
    try:
        said, advice = error_and_advice(cli.run("plan"), 75)
    finally:
        event.remove(Engine, "connect", little_room)
    assert "is full" in said
    assert "Free some space" in advice
    assert 0 == cli.run("plan").code


def test_a_disk_that_takes_no_more_bytes(cli, tmp_path):
    """The system itself refuses to let the file grow: one sentence, 75."""
    cli.sim.db.close()
    with serve(cli.sandbox, clock=lambda: datetime.now(UTC)) as server:
        cli.edit_config("url = https://shop.example", f"url = {server.url}")
        ran = run_process(
            "plan",
            "--config",
            cli.config,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (150_000, 150_000)),
        )
    assert (75, "") == (ran.returncode, ran.stdout)
    assert "Traceback" not in ran.stderr
    assert "cannot be read or written" in ran.stderr


def test_a_database_without_a_directory(cli):
    cli.edit_config("wcflow.sqlite3", "none/wcflow.sqlite3")
    said, advice = error_and_advice(cli.run("plan"), 78)
    assert "cannot be opened" in said
    assert "directory must exist" in advice


# The configuration


def test_a_missing_configuration(tmp_path):
    ran = run_wcflow("plan", "--config", tmp_path / "none.ini")
    assert (78, "") == (ran.code, ran.out)
    assert "none.ini: expected a file that can be read" in ran.err
    assert "Traceback" not in ran.err


@pytest.mark.parametrize("command", ["check", "doctor", "plan", "sync", "approve", "status"])
def test_a_broken_configuration(cli, command):
    """Every command tells every problem, with its line, and ends with 78."""
    cli.edit_config("[segment Regular]", "[segmnt Regular]\nthis is no line")
    ran = cli.run(command, mounted_at=None)
    assert (78, "") == (ran.code, ran.out)
    assert re.search(rf"{re.escape(str(cli.config))}:\d+: ", ran.err)
    assert "problem" in ran.err.splitlines()[-1]
    assert "Traceback" not in ran.err


def test_a_configuration_that_is_no_text(cli):
    cli.config.write_bytes(b"\xff\xfe\x00\x01")
    ran = cli.run("check", mounted_at=None)
    assert (78, "") == (ran.code, ran.out)
    assert "Traceback" not in ran.err


@pytest.mark.parametrize("secret", ["none", ".", "empty", "/proc/self/mem"])
def test_an_unreadable_key_file(cli, tmp_path, secret):
    """The file of a key is missing, a directory, empty or refuses: told with its path."""
    (tmp_path / "empty").touch()
    cli.edit_config(
        f"consumer_secret = {ADMIN.consumer_secret}", f"consumer_secret_file = {secret}"
    )
    ran = cli.run("plan", mounted_at=None)
    assert (78, "") == (ran.code, ran.out)
    assert str(tmp_path / secret) in ran.err
    assert "1 problem in the configuration" in ran.err


# Other processes, and signals


def test_another_wcflow_at_work(cli):
    """The store is leased: 75, and nothing is read or written."""
    assert 0 == cli.run("plan").code
    with cli.sim.db.transaction() as tx:
        assert lease.acquire(tx, "shop", "another:1:ab", datetime.now(UTC))
    said, advice = error_and_advice(cli.run("sync"), 75)
    assert "another wcflow is working on [store shop]" == said
    assert "stop the daemon" in advice


@pytest.mark.parametrize(("number", "code"), [(2, 130), (15, 143)])
def test_a_signal_ends_a_command_in_words(cli, number, code):
    """Ctrl-C and SIGTERM while the shop is slow: one sentence, at once."""
    cli.faults.delay_response(20, times=None)
    with serve(cli.sandbox, cli.faults, clock=lambda: datetime.now(UTC)) as server:
        cli.edit_config("url = https://shop.example", f"url = {server.url}")
        running = _start_process("plan", "--config", cli.config)
        _wait_until(lambda: server.calls)
        asked = time.monotonic()
        running.send_signal(number)
        _out, err = running.communicate(timeout=20)
    assert (code, True) == (running.returncode, time.monotonic() - asked < 5)
    assert err.startswith("wcflow: ")
    assert "Traceback" not in err


def test_ctrl_c_while_writing_ends_at_a_safe_point(cli):
    """The write under way gets its record; the next sync writes the rest, and nothing twice."""
    assert 0 == cli.run("sync", "--approve").code
    cli.sim.now = datetime.now(UTC)
    guests = [f"guest{number}@example.com" for number in range(3)]
    orders = [cli.sim.place_order(email=guest, status="processing") for guest in guests]
    cli.faults.delay_response(1, only="POST /wc/v3/orders/*/notes", times=None)
    with serve(cli.sandbox, cli.faults, clock=lambda: datetime.now(UTC)) as server:
        _move_store_to(cli, server.url)
        running = _start_process("sync", "--config", cli.config)
        _wait_until(lambda: any("/notes" in call.path for call in server.calls))
        running.send_signal(2)
        _out, err = running.communicate(timeout=20)
        assert (130, 1) == (running.returncode, sum(len(cli.sim.notes(o)) for o in orders))
        assert err.startswith("wcflow: interrupted")
        cli.faults.recover()
        assert 0 == run_process("sync", "--config", cli.config).returncode
    assert [["Thank you"]] * 3 == [cli.sim.notes(order) for order in orders]


def _move_store_to(cli, url):
    cli.edit_config("url = https://shop.example", f"url = {url}")
    with cli.sim.db.transaction() as tx:
        save_store(tx, "shop", url=url)


def test_bugs_keep_their_traceback():
    """What is no error of the outside is not dressed up as one."""

    with pytest.raises(ZeroDivisionError), telling():
        1 / 0  # noqa: B018


def test_every_error_has_an_exit_code_of_the_list():
    """Whatever kind of error is added, its code is one that the help tells."""

    def kinds(kind):
        yield kind
        for each in kind.__subclasses__():
            yield from kinds(each)

    assert set() == {kind.exit_code for kind in kinds(WcflowError)} - {1, 2, 75, 78}


def _start_process(*words):
    command = [sys.executable, "-m", "wcflow", *map(str, words)]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=ENVIRONMENT
    )


def _wait_until(true, seconds=20):
    waited = threading.Event()
    for _ in range(seconds * 20):
        if true():
            return
        waited.wait(0.05)
    pytest.fail("it never came to that")
