"""Every error gets one clear sentence, advice and the right exit code, and loses nothing."""

import re
import resource
import socket
import sqlite3
import subprocess
import sys
import time
from datetime import UTC, datetime

import pytest
from sqlalchemy import Engine, event

from tests.command_line import ENVIRONMENT, CommandLine, run_process, run_wcflow
from wcflow.cli.errors import error_boundary
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
    command_line = CommandLine(tmp_path, RULES)
    command_line.sim.place_order(email="anna@example.com", days_ago=30)
    yield command_line
    command_line.sim.db.close()


def error_and_advice(ran, code):
    """Check the form of an error on stderr; return its sentence and its advice."""
    assert (code, "") == (ran.code, ran.out)
    assert "Traceback" not in ran.err
    assert ADMIN.consumer_secret not in ran.err
    error, advice = re.fullmatch(r"wcflow: (.+)\n  What to do: (.+)\n", ran.err).groups()
    return error, advice


# The store


@pytest.mark.parametrize("command", ["plan", "sync"])
def test_a_wrong_key_exits_with_78(cli, command):
    cli.edit_config(ADMIN.consumer_key, "ck_wrong")
    error, advice = error_and_advice(cli.run(command), 78)
    assert error.startswith("the store rejected the API key (")
    assert "Check consumer_key" in advice


def test_a_wrong_secret_exits_with_78(cli):
    cli.edit_config(ADMIN.consumer_secret, "cs_wrong")
    error, advice = error_and_advice(cli.run("plan"), 78)
    assert error.startswith("the consumer secret is wrong (")
    assert "Copy consumer_key and consumer_secret again" in advice


def test_an_address_without_a_server_exits_with_75(cli):
    cli.faults.refuse_connections(times=None)
    error, _advice = error_and_advice(cli.run("plan"), 75)
    assert "GET /wp-json/" in error


def test_an_address_without_woocommerce_exits_with_78(cli):
    cli.faults.fail_with(status=404, html=True, times=None)
    error, advice = error_and_advice(cli.run("plan"), 78)
    assert error.startswith("there is no WooCommerce API at this address (")
    assert "Check url" in advice


def test_a_store_with_plain_permalinks_exits_with_78(cli):
    cli.faults = Faults(SandboxStore(permalinks=False))
    error, advice = error_and_advice(cli.run("plan"), 78)
    assert error.startswith("there is no WooCommerce API at this address (")
    assert "choose any permalink structure but Plain" in advice


def test_an_address_that_redirects_exits_with_78(cli):
    cli.faults.redirect(to="https://www.shop.example", times=None)
    error, advice = error_and_advice(cli.run("plan"), 78)
    assert error.startswith("the store redirects to https://www.shop.example")
    assert advice


def test_a_web_page_instead_of_json_exits_with_75(cli):
    """A challenge page with status 200 can be temporary."""
    cli.faults.fail_with(status=200, html=True, times=None)
    error, advice = error_and_advice(cli.run("plan"), 75)
    assert error.startswith("the store sent a web page")
    assert advice


def test_a_note_that_failed_during_maintenance_is_written_once_by_the_next_sync(cli):
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


def test_an_error_of_one_store_does_not_stop_another(cli, tmp_path):
    """The second store has a wrong key."""
    clock = lambda: datetime.now(UTC)  # noqa: E731
    with serve(cli.sandbox, clock=clock) as first, serve(SandboxStore(), clock=clock) as second:
        cli.edit_config("url = https://shop.example", f"url = {first.url}")
        with cli.config.open("a") as file:
            file.write(f"[store other]\nurl = {second.url}\n")
            file.write("consumer_key = ck_wrong\nconsumer_secret = cs_wrong\n")
        ran = run_process("plan", "--config", cli.config)
        one = run_process("plan", "--store", "shop", "--config", cli.config)
    assert (78, True) == (
        ran.returncode,
        "1 change for 1 customer would be written to the store" in ran.stdout,
    )
    assert "[store other]: the store rejected the API key" in ran.stderr
    assert (0, "") == (one.returncode, one.stderr)


# The database


@pytest.fixture
def short_lock_timeout(monkeypatch):
    """Wait only 0.02 seconds for a locked database."""
    monkeypatch.setattr(database, "_BUSY_MILLISECONDS", 20)


def test_a_locked_database_exits_with_75_until_the_lock_is_released(
    cli, short_lock_timeout, tmp_path
):
    assert 0 == cli.run("plan").code
    other = sqlite3.connect(tmp_path / "wcflow.sqlite3", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    error, advice = error_and_advice(cli.run("sync"), 75)
    assert "is in use by another process" in error
    assert "Try again" in advice
    other.execute("ROLLBACK")
    other.close()
    assert 0 == cli.run("sync", "--approve").code


def test_commands_that_only_read_work_while_the_database_is_locked(
    cli, short_lock_timeout, tmp_path
):
    """They do not wait for the daemon."""
    assert 0 == cli.run("sync", "--approve").code
    other = sqlite3.connect(tmp_path / "wcflow.sqlite3", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    assert 0 == cli.run("status", mounted_at=None).code
    assert 0 == cli.run("explain", "anna@example.com", mounted_at=None).code
    assert 0 == cli.run("outbox", "list", mounted_at=None).code
    other.close()


def test_the_database_of_a_newer_wcflow_exits_with_78(cli, tmp_path):
    assert 0 == cli.run("plan").code
    with sqlite3.connect(tmp_path / "wcflow.sqlite3") as other:
        other.execute("UPDATE wcflow_version SET version_num = '9999'")
    other.close()
    error, advice = error_and_advice(cli.run("sync"), 78)
    assert "was made by a newer wcflow" in error
    assert "Install the newer wcflow again" in advice
    assert 1 == cli.run("doctor").code


def test_a_file_that_is_not_a_database_exits_with_78_and_stays_unchanged(cli, tmp_path):
    (tmp_path / "notes.txt").write_text("these are my notes\n" * 100)
    cli.edit_config("wcflow.sqlite3", "notes.txt")
    error, _advice = error_and_advice(cli.run("plan"), 78)
    assert "is not a database" in error
    assert "these are my notes\n" * 100 == (tmp_path / "notes.txt").read_text()


def test_a_full_disk_exits_with_75_until_there_is_space(cli):
    cli.sim.db.close()
    for number in range(300):
        cli.sim.place_order(email=f"guest{number}@example.com", days_ago=30)

    def limit_size(connection, _record):
        connection.execute("PRAGMA max_page_count = 60").close()

    event.listen(Engine, "connect", limit_size)
    try:
        error, advice = error_and_advice(cli.run("plan"), 75)
    finally:
        event.remove(Engine, "connect", limit_size)
    assert "is full" in error
    assert "Free some space" in advice
    assert 0 == cli.run("plan").code


def test_a_database_file_that_cannot_grow_exits_with_75(cli, tmp_path):
    """The operating system limits its size."""
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


def test_a_database_in_a_missing_directory_exits_with_78(cli):
    cli.edit_config("wcflow.sqlite3", "none/wcflow.sqlite3")
    error, advice = error_and_advice(cli.run("plan"), 78)
    assert "cannot be opened" in error
    assert "directory must exist" in advice


# The configuration


def test_a_missing_configuration_exits_with_78(tmp_path):
    ran = run_wcflow("plan", "--config", tmp_path / "none.ini")
    assert (78, "") == (ran.code, ran.out)
    assert "none.ini: cannot be read" in ran.err
    assert "Traceback" not in ran.err


@pytest.mark.parametrize("command", ["check", "doctor", "plan", "sync", "approve", "status"])
def test_every_command_shows_configuration_problems_and_exits_with_78(cli, command):
    cli.edit_config("[segment Regular]", "[segmnt Regular]\nthis is no line")
    ran = cli.run(command, mounted_at=None)
    assert (78, "") == (ran.code, ran.out)
    assert re.search(rf"{re.escape(str(cli.config))}:\d+: ", ran.err)
    assert "problem" in ran.err.splitlines()[-1]
    assert "Traceback" not in ran.err


def test_a_binary_configuration_exits_with_78(cli):
    cli.config.write_bytes(b"\xff\xfe\x00\x01")
    ran = cli.run("check", mounted_at=None)
    assert (78, "") == (ran.code, ran.out)
    assert "Traceback" not in ran.err


@pytest.mark.parametrize("secret", ["none", ".", "empty", "/proc/self/mem"])
def test_an_unreadable_key_file_exits_with_78_and_its_path(cli, tmp_path, secret):
    """It is missing, a directory, empty or not readable."""
    (tmp_path / "empty").touch()
    cli.edit_config(
        f"consumer_secret = {ADMIN.consumer_secret}", f"consumer_secret_file = {secret}"
    )
    ran = cli.run("plan", mounted_at=None)
    assert (78, "") == (ran.code, ran.out)
    assert str(tmp_path / secret) in ran.err
    assert "1 problem in the configuration" in ran.err


# Other processes, and signals


def test_a_sync_exits_with_75_while_another_wcflow_works(cli):
    """The other one has the lease of the store."""
    assert 0 == cli.run("plan").code
    with cli.sim.db.transaction() as tx:
        assert lease.acquire(tx, "shop", "another:1:ab", datetime.now(UTC))
    error, advice = error_and_advice(cli.run("sync"), 75)
    assert "another wcflow (process 1 on another) is working on [store shop]" == error
    assert "Try again when it has finished." in advice


def test_a_killed_wcflow_is_named_with_the_time_until_which_a_sync_has_to_wait(cli):
    assert 0 == cli.run("plan").code
    ended = subprocess.Popen(["true"])
    ended.wait()
    at = datetime.now(UTC).replace(microsecond=0)
    with cli.sim.db.transaction() as tx:
        holder = f"{socket.gethostname()}:{ended.pid}:ab"
        assert lease.acquire(tx, "shop", holder, at)
    error, advice = error_and_advice(cli.run("sync"), 75)
    assert f"was working on [store shop] until {at:%H:%M:%S} UTC" in error
    assert "seems to have been killed" in error
    assert f"Try again after {at + lease.DURATION:%H:%M:%S} UTC." in advice


@pytest.mark.parametrize(("number", "code"), [(2, 130), (15, 143)])
def test_a_signal_ends_a_command_with_a_sentence_within_seconds(cli, number, code):
    """Ctrl-C and SIGTERM, while the store is slow."""
    cli.faults.delay_response(20, times=None)
    with serve(cli.sandbox, cli.faults, clock=lambda: datetime.now(UTC)) as server:
        cli.edit_config("url = https://shop.example", f"url = {server.url}")
        running = _start_process("plan", "--config", cli.config)
        _wait_until(lambda: server.calls)
        sent_at = time.monotonic()
        running.send_signal(number)
        _out, err = running.communicate(timeout=20)
    assert (code, True) == (running.returncode, time.monotonic() - sent_at < 5)
    assert err.startswith("wcflow: ")
    assert "Traceback" not in err


def test_ctrl_c_during_a_write_loses_and_repeats_nothing(cli):
    """The outcome of the current write is saved; the next sync writes the rest."""
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


def test_a_bug_keeps_its_traceback():
    with pytest.raises(ZeroDivisionError), error_boundary():
        1 / 0  # noqa: B018


def test_every_error_class_has_a_documented_exit_code():
    def with_subclasses(error):
        yield error
        for each in error.__subclasses__():
            yield from with_subclasses(each)

    assert set() == {each.exit_code for each in with_subclasses(WcflowError)} - {1, 2, 75, 78}


def _start_process(*args):
    command = [sys.executable, "-m", "wcflow", *map(str, args)]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=ENVIRONMENT
    )


def _wait_until(condition, seconds=20):
    for _ in range(seconds * 20):
        if condition():
            return
        time.sleep(0.05)
    pytest.fail(f"the condition is still false after {seconds} seconds")
