"""``wcflow run``: the daemon in the foreground, until a signal stops it."""

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
        epilog="Exit codes: 0 stopped by a signal, 75 not possible now (locked database, full disk), "
        "78 the configuration, the database or every store needs your attention.",
    )(run)


def run(config: ConfigFile = None) -> None:
    """Run until stopped (used by systemd).

    Keeps reading changes from the stores, applying the rules and writing the results. The
    first run imports everything; its changes wait for 'wcflow approve'. When a store cannot be
    reached, wcflow waits and tries again. Ctrl-C and SIGTERM stop it safely. SIGHUP reloads the
    configuration, unless it has problems. The log goes to stderr.
    """
    exit_process(supervisor.run(find_config(config), os.environ, os.getpid(), lease_holder()))


def exit_process(code: int) -> None:
    """End the process, even if a thread still waits for the store: nothing is lost."""
    sys.stdout.flush()
    sys.stderr.flush()
    if threading.active_count() > 1:
        # Python would wait for the threads of an import, up to the time-out of their requests.
        os._exit(code)
    raise typer.Exit(code)
