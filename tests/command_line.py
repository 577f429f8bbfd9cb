"""wcflow's commands as an admin gives them, and what they answer."""

import os
import pty
import select
import subprocess
import sys
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import structlog
from typer.testing import CliRunner

from tests.sandbox_http import mount_sandbox
from tests.simulation import Simulation
from wcflow.cli import app


class CommandResult(NamedTuple):
    """How a command ended, and what it said where."""

    code: int
    out: str
    err: str

    @property
    def lines(self):
        return self.out.splitlines()


def run_wcflow(*words, typed=None):
    """Give a command, outside of a terminal; a bug comes out as itself."""
    try:
        result = CliRunner().invoke(app, [str(word) for word in words], input=typed)
    finally:
        structlog.reset_defaults()
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return CommandResult(result.exit_code, result.stdout, result.stderr)


ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}


def run_process(*words, **more):
    """Run wcflow as a process of its own."""
    command = [sys.executable, "-m", "wcflow", *map(str, words)]
    common = {"capture_output": True, "text": True, "timeout": 60, "env": ENVIRONMENT}
    return subprocess.run(command, check=False, **common | more)


def run_on_terminal(*words, answers=(), **env):
    """Run a command on a terminal of its own; give what it shows there.

    ``answers`` are (question, what is typed when it stands there), in order.
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
    shown = asked = ""
    while piece := _read(terminal):
        shown += piece.decode()
        asked += piece.decode()
        if answers and answers[0][0] in asked:
            os.write(terminal, answers.pop(0)[1].encode() + b"\n")
            asked = ""
    assert [] == answers, f"never asked: {answers}"
    return shown


def _read(terminal):
    ready, _, _ = select.select([terminal], [], [], 30)
    assert ready, "the command waits for something"
    try:
        return os.read(terminal, 65536)
    except OSError:
        # Linux ends a terminal that nobody writes to any more with an error.
        return b""


class CommandLine:
    """An admin's desk: a shop, a configuration for it, and the commands given there.

    The commands go by the real clock, so the shop does as well.
    """

    def __init__(self, folder, rules="", **more):
        self.sim = Simulation(folder, rules, now=datetime.now(UTC).replace(microsecond=0), **more)
        self.sandbox, self.faults, self.config = (
            self.sim.sandbox,
            self.sim.faults,
            folder / "wcflow.ini",
        )
        self.writes = []

    def run(self, *words, typed=None, mounted_at="https://shop.example"):
        """Give a command with this desk's configuration, the shop within reach."""
        http = mount_sandbox(self.faults, lambda: datetime.now(UTC), url=mounted_at)
        with http if mounted_at else nullcontext() as opened:
            result = run_wcflow(*words, "--config", self.config, typed=typed)
        # A batch of nothing is how wcflow asks whether it may write.
        self.writes = [call for call in opened.writes if call.json] if opened else []
        return result

    def edit_config(self, old, new):
        """Change a text in the INI."""
        text = self.config.read_text()
        assert old in text
        self.config.write_text(text.replace(old, new))
