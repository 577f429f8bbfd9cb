"""``wcflow demo --serve``: the made-up store and the daemon keep running."""

from __future__ import annotations

import os
import shlex
import sys
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

from wcflow.cli import output
from wcflow.cli.options import lease_holder, utcnow
from wcflow.cli.sandbox import shoppers_at_work
from wcflow.daemon import supervisor
from wcflow.sandbox.server import Server
from wcflow.sandbox.store import SandboxStore

ACTS_PER_HOUR = 600.0
"""How many events per hour happen: one every six seconds."""


def serve_until_stopped(
    stack: ExitStack, store: SandboxStore, server: Server, config: Path, email: str
) -> int:
    """Let customers act and the daemon run until Ctrl-C; return the exit code.

    ``email`` is a customer whom the admin can look at.
    """
    _print_live_commands(server, shlex.quote(str(config)), shlex.quote(email))
    stack.enter_context(shoppers_at_work(store, server, utcnow, _print_act, ACTS_PER_HOUR))
    return supervisor.run(config, os.environ, os.getpid(), lease_holder())


def _print_live_commands(server: Server, config: str, customer: str) -> None:
    output.print_heading(
        "The store and the daemon keep running; Ctrl-C stops both. To look at them:"
    )
    for command, does in {
        server.url: "in a browser: customers with their tags, orders with their notes",
        f"wcflow status --config {config}": "shows the state of the daemon",
        f"wcflow explain {customer} --config {config}": "explains why a customer has these segments and tags",
        f"wcflow outbox list --config {config}": "lists what was written, and what is waiting",
    }.items():
        output.print_command(command, does)
    output.print_heading("What happens in the store, and the daemon's log (times are UTC)")
    sys.stdout.flush()


def _print_act(at: datetime, words: str) -> None:
    # The log has UTC as well.
    output.print_line(f"{at.astimezone(UTC):%H:%M:%S}  {words}", indent=2)
    sys.stdout.flush()
