"""``wcflow demo`` and ``wcflow sandbox`` as real processes."""

from __future__ import annotations

import re
import resource
import signal
import sqlite3
import subprocess
import sys
import threading
import time
import urllib.request
from email import message_from_bytes
from email.utils import parsedate_to_datetime

import pytest

from tests.daemon_host import STOP_SECONDS, wait_until

pytestmark = pytest.mark.xdist_group("daemon")  # these tests measure real time

MAX_SECONDS = 15.0
"""The most CPU time that the demo can take; other work on the machine does not count."""


def command_line(*args):
    return [sys.executable, "-m", "wcflow", *map(str, args)]


def run_process(*args):
    return subprocess.run(
        command_line(*args), capture_output=True, text=True, timeout=300, check=False
    )


class RunningCommand:
    """A command that keeps running, and its output line by line."""

    def __init__(self, *args):
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
        self.process = subprocess.Popen(command_line(*args), **pipes)
        self.lines = []
        self._reader = threading.Thread(target=self._read)

    def __enter__(self):
        self._reader.start()
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self._reader.join()
        self.process.stdout.close()

    def _read(self):
        for line in self.process.stdout:
            self.lines.append(line.rstrip())

    def wait_for_line(self, pattern, within=60.0):
        """Wait for a line that matches; return the match."""
        return wait_until(
            lambda: next(
                filter(None, (re.search(pattern, line) for line in list(self.lines))), None
            ),
            within,
        )

    def stop(self, number):
        """Send a signal; return the exit code and how many seconds it took."""
        began = time.monotonic()
        self.process.send_signal(number)
        return self.process.wait(15), time.monotonic() - began


@pytest.fixture(scope="module")
def finished_demo(tmp_path_factory):
    """The result of one demo, its seconds of CPU time, and its directory."""
    folder = tmp_path_factory.mktemp("demo") / "wcflow-demo"
    before = _child_seconds()
    ran = run_process("demo", "--dir", folder)
    return ran, _child_seconds() - before, folder


def _child_seconds():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def section_lines(ran, head):
    """Return the lines below a heading, up to the next empty one."""
    lines = ran.stdout.splitlines()
    at = next(number for number, line in enumerate(lines) if line.startswith(head))
    rest = lines[at + 1 :]
    return rest[: rest.index("")]


def test_the_demo_succeeds_in_time(finished_demo):
    ran, seconds, _ = finished_demo

    assert (0, "") == (ran.returncode, ran.stderr)
    assert seconds < MAX_SECONDS


def test_the_demo_shows_the_customers_per_segment(finished_demo):
    """Each of the four default segments has a count and a bar."""
    rows = [
        re.fullmatch(r"  (\D+?) +(\d+) +(\d+) % +(█+)", row)
        for row in section_lines(finished_demo[0], "Segments")
    ]

    assert ["VIP", "At Risk", "New", "Regular"] == [row[1] for row in rows]
    assert all(int(row[2]) > 0 for row in rows)


def test_the_demo_shows_notes_and_coupons_that_were_written(finished_demo):
    """Welcome coupons for new customers, comeback coupons for lost ones."""
    ran, _, folder = finished_demo
    codes = [row.split()[0].rstrip(":") for row in section_lines(ran, "Coupons")[1:]]
    notes = section_lines(ran, "Order notes")
    with sqlite3.connect(folder / "wcflow.sqlite3") as database:
        rows = database.execute(
            "SELECT payload FROM outbox WHERE kind = 'coupon' AND state = 'done'"
        )
        written = "".join(payload for (payload,) in rows).upper()
    database.close()

    assert {"WELCOME", "COMEBACK"} == {code.partition("-")[0] for code in codes}
    assert all(code in written for code in codes)
    assert all(any(code in note for note in notes) for code in codes)


def test_the_demo_explains_one_customer(finished_demo):
    """It is the one with the refund, who gets no comeback coupon."""
    ran, _, _ = finished_demo
    below = ran.stdout.partition("3. One customer explained")[2]

    assert re.search(r"^  At Risk: no$", below, re.MULTILINE)
    assert "COMEBACK" not in below.partition("4. Once more")[0]
    assert re.search(r"^  Refunded Customer +from workflow refunded$", below, re.MULTILINE)


def test_git_ignores_the_directory_that_the_demo_creates(finished_demo):
    """And the demo says where it is, wherever it was started."""
    ran, _, folder = finished_demo
    subprocess.run(["git", "init", "-q", folder.parent], check=True)
    status = ["git", "-C", folder.parent, "status", "--porcelain"]

    assert b"" == subprocess.run(status, capture_output=True, check=True).stdout
    assert f"  the database  {folder / 'wcflow.sqlite3'}" in ran.stdout.splitlines()


def test_time_alone_moves_customers_during_the_week_of_the_demo(finished_demo):
    assert re.search(
        r"- \S+ .* buys nothing, and time alone moves them to At Risk", finished_demo[0].stdout
    )


def test_the_second_sync_of_the_demo_writes_nothing(finished_demo):
    assert re.search(
        r", 0 customers checked, 0 changes written\.$", finished_demo[0].stdout, re.MULTILINE
    )


def test_the_demo_shows_its_seconds_and_requests(finished_demo):
    """The number of requests stays small enough for a real store."""
    found = re.search(r"took ([\d.]+) seconds and (\d+) requests", finished_demo[0].stdout)

    assert float(found[1]) > 0
    assert int(found[2]) < 400


def test_the_command_that_the_demo_suggests_works(finished_demo):
    """Although the store has stopped."""
    ran, _, folder = finished_demo
    command = re.search(r"^  wcflow (explain \S+ --config \S+)$", ran.stdout, re.MULTILINE)[1]
    explained = run_process(*command.split())

    assert str(folder) in command
    assert (0, "") == (explained.returncode, explained.stderr)
    assert "welcome" in explained.stdout


def test_the_next_demo_uses_edited_rules(finished_demo, tmp_path):
    text = (finished_demo[2] / "wcflow.ini").read_text()
    (tmp_path / "wcflow.ini").write_text(text.replace("[segment VIP]", "[segment Darling]"))
    (tmp_path / "wcflow.sqlite3").write_text("of the last demo")
    again = run_process("demo", "--dir", tmp_path)

    assert (0, "") == (again.returncode, again.stderr)
    assert section_lines(again, "Segments")[0].startswith("  Darling ")


@pytest.mark.parametrize("name", ["wcflow.ini", "wcflow.sqlite3"])
def test_the_demo_does_not_overwrite_other_files(tmp_path, name):
    (tmp_path / name).write_text("mine")
    ran = run_process("demo", "--dir", tmp_path)

    assert (78, "") == (ran.returncode, ran.stdout)
    assert "--dir" in ran.stderr
    assert [(name, "mine")] == [(each.name, each.read_text()) for each in tmp_path.iterdir()]


def test_the_demo_keeps_running_with_serve(tmp_path):
    """Orders arrive, the daemon writes, a second demo is refused, and Ctrl-C stops it."""
    with RunningCommand("demo", "--serve", "--dir", tmp_path / "demo") as running:
        address = running.wait_for_line(r"^  (http://127\.0\.0\.1:\d+)$")[1]
        running.wait_for_line(r"^  \d\d:\d\d:\d\d  \S")
        running.wait_for_line(r"sync finished .*delivered=\d")
        second = run_process("demo", "--dir", tmp_path / "demo")
        with urllib.request.urlopen(address) as response:
            page = response.read().decode()
        code, seconds = running.stop(signal.SIGINT)
        running.wait_for_line("^The store has stopped")

    assert (0, True) == (code, seconds < STOP_SECONDS)
    assert (75, True) == (second.returncode, "a demo is running" in second.stderr)
    assert "At Risk" in page


def test_the_sandbox_shows_its_address_and_keys_and_stops_on_sigterm():
    with RunningCommand(
        "sandbox", "--port", 0, "--people", 20, "--orders", 60, "--busy"
    ) as running:
        address = running.wait_for_line(r"is open at (http://\S+)$")[1]
        running.wait_for_line("an administrator's key, to read and write")
        key = running.wait_for_line(r"consumer key +(ck_\w+)")[1]
        command_shown = running.wait_for_line(r"wcflow (init .*)")[1]
        with urllib.request.urlopen(f"{address}/wp-json/") as response:
            index = response.read().decode()
        code, seconds = running.stop(signal.SIGTERM)

    assert key in command_shown
    assert '"name":"Little Things"' in index.replace('": "', '":"')
    assert (0, True) == (code, seconds < STOP_SECONDS)


def test_a_sandbox_whose_port_is_in_use_exits_with_75():
    with RunningCommand("sandbox", "--port", 0, "--people", 1, "--orders", 0) as running:
        port = running.wait_for_line(r"is open at http://127\.0\.0\.1:(\d+)$")[1]
        ran = run_process("sandbox", "--port", port, "--people", 1, "--orders", 0)

    assert (75, "") == (ran.returncode, ran.stdout)
    assert f"port {port} cannot be used" in ran.stderr
    assert "Traceback" not in ran.stderr


def test_only_the_same_seed_makes_the_same_store():
    def page(seed):
        args = ("--port", 0, "--people", 12, "--orders", 30, "--seed", seed)
        with RunningCommand("sandbox", *args) as running:
            address = running.wait_for_line(r"is open at (http://\S+)$")[1]
            with urllib.request.urlopen(address) as response:
                text = response.read().decode()
        return set(re.findall(r"<td>([^<]+@[^<]+)</td>", text))

    first, second, other = page(3), page(3), page(4)

    assert first == second
    assert first != other


@pytest.fixture(scope="module")
def recipes_demo(tmp_path_factory):
    """The result of a demo of three recipes, and its directory."""
    folder = tmp_path_factory.mktemp("demo") / "wcflow-demo-recipes"
    names = "welcome-series,cart-recovery,vip-upgrade"
    return run_process("demo", "--recipes", names, "--dir", folder), folder


def _mails(folder):
    """Return the date, the recipient and the subject of each e-mail, in order."""
    found = [message_from_bytes(each.read_bytes()) for each in sorted(folder.glob("mails/*.eml"))]
    return [(parsedate_to_datetime(m["Date"]), m["To"], m["Subject"]) for m in found]


def test_the_demo_of_recipes_keeps_every_mail_and_lists_it_on_a_page(recipes_demo):
    ran, folder = recipes_demo
    mails = _mails(folder)
    page = (folder / "mails" / "index.html").read_text()

    assert (0, "") == (ran.returncode, ran.stderr)
    assert "Your cart is still here" in {subject for _, _, subject in mails}
    assert len(mails) == page.count("<tr><td>")


def test_in_the_demo_a_series_comes_on_its_days_and_ends_with_consent_or_the_next_order(
    recipes_demo,
):
    series = {}
    for at, to, subject in _mails(recipes_demo[1]):
        series.setdefault(to.partition(" ")[0], []).append((at.date(), subject))
    first, withdrawn, late = series["Olivia"], series["Noah"], series["Marie"]
    days = [(day - first[0][0]).days for day, _ in first]

    assert [0, 3, 7] == days  # they order on day 9
    assert ["Thank you for your first order"] == [subject for _, subject in withdrawn]
    assert 2 == len(late)
