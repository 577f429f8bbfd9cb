"""Runs wcflow's commands as an admin does, in this process or in a new one."""

import codecs
import os
import pty
import select
import subprocess
import sys
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import structlog
from typer.testing import CliRunner

from tests.sandbox_http import mount_sandbox
from tests.simulation import Simulation
from wcflow.cli import app
from wcflow.customers import edits
from wcflow.database.edits import EditedBy, find_edit


class CommandResult(NamedTuple):
    """Exit code and output of a command."""

    code: int
    out: str
    err: str

    @property
    def lines(self):
        return self.out.splitlines()


def run_wcflow(*words, typed=None):
    """Run a command without a terminal; unexpected exceptions are raised."""
    try:
        result = CliRunner().invoke(app, [str(word) for word in words], input=typed)
    finally:
        structlog.reset_defaults()
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return CommandResult(result.exit_code, result.stdout, result.stderr)


ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}


def run_process(*words, **more):
    """Run wcflow in a new process."""
    command = [sys.executable, "-m", "wcflow", *map(str, words)]
    common = {"capture_output": True, "text": True, "timeout": 60, "env": ENVIRONMENT}
    return subprocess.run(command, check=False, **common | more)


def run_on_terminal(*words, answers=(), **env):
    """Run a command on a terminal and return what it shows.

    ``answers`` are pairs of question and typed answer, in order.
    """
    parent, child = pty.openpty()
    command = [sys.executable, "-m", "wcflow", *map(str, words)]
    running = subprocess.Popen(
        command,
        stdin=child,
        stdout=child,
        stderr=child,
        env={**ENVIRONMENT, "TERM": "xterm-256color", **env},
        start_new_session=True,
    )
    os.close(child)
    shown = _answer_prompts(parent, list(answers))
    os.close(parent)
    running.wait(30)
    return shown


def _answer_prompts(terminal, answers):
    shown = unanswered = ""
    decoder = codecs.getincrementaldecoder("utf-8")()  # a sign can be in two pieces
    while piece := _read(terminal):
        text = decoder.decode(piece)
        shown += text
        unanswered += text
        if answers and answers[0][0] in unanswered:
            os.write(terminal, answers.pop(0)[1].encode() + b"\n")
            unanswered = ""
    assert [] == answers, f"unused answers: {answers}"
    return shown


def _read(terminal):
    ready, _, _ = select.select([terminal], [], [], 30)
    assert ready, "the command shows nothing"
    try:
        return os.read(terminal, 65536)
    except OSError:
        # Linux reports the end of a terminal as an error.
        return b""


class CommandLine:
    """A simulation for commands of an admin; both use the real clock."""

    def __init__(self, folder, rules="", **more):
        self.sim = Simulation(folder, rules, now=datetime.now(UTC).replace(microsecond=0), **more)
        self.sandbox, self.faults, self.config = (
            self.sim.sandbox,
            self.sim.faults,
            folder / "wcflow.ini",
        )
        self.calls, self.writes, self.clock_error = [], [], timedelta()

    def run(self, *words, typed=None, mounted_at="https://shop.example"):
        """Run a command with this configuration; the store answers at ``mounted_at``."""
        http = mount_sandbox(
            self.faults, lambda: datetime.now(UTC) - self.clock_error, url=mounted_at
        )
        with http if mounted_at else nullcontext() as opened:
            result = run_wcflow(*words, "--config", self.config, typed=typed)
        self.calls = list(opened.calls) if opened else []
        # doctor sends an empty batch to see whether the key is allowed to write.
        self.writes = [call for call in opened.writes if call.json] if opened else []
        return result

    def edit_config(self, old, new):
        """Replace a text in the INI."""
        text = self.config.read_text()
        assert old in text
        self.config.write_text(text.replace(old, new))

    def undo(self, number):
        """Undo an edit, as the dashboard and ``wcflow customer undo`` do."""
        by = EditedBy("admin", datetime.now(UTC))
        with self.sim.db.transaction() as tx:
            return edits.undo(tx, find_edit(tx, number), by).words
