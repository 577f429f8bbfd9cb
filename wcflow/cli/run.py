"""``wcflow run``: the daemon, in the foreground; systemd or a person ends it."""

from __future__ import annotations

import os
import sys
import threading

import typer

from wcflow.cli.options import ConfigFile, find_config, lease_holder
from wcflow.daemon import supervisor


def register(app: typer.Typer) -> None:
    app.command(
        "run",
        epilog="Exit codes: 0 ended by a signal, 75 not now (a locked database, a full disk), "
        "78 the configuration, the database or every shop is not as it must be.",
    )(run)


def run(config: ConfigFile = None) -> None:
    """Serve the shops until stopped: look for news every minute, decide, write.

    The first census is made if there was none; its writes wait until 'wcflow approve' lets them go.
    A shop that is out of reach is waited for. Ctrl-C or SIGTERM end it at once and safely, SIGHUP
    takes over a changed configuration if it is sound. The log goes to stderr.
    """
    exit_process(supervisor.run(find_config(config), os.environ, os.getpid(), lease_holder()))


def exit_process(code: int) -> None:
    """End the process, also where a thread still waits for a shop's answer: nothing is lost by it."""
    sys.stdout.flush()
    sys.stderr.flush()
    if threading.active_count() > 1:
        # Python would wait for the threads of a census, up to the time-out of their requests.
        os._exit(code)
    raise typer.Exit(code)
