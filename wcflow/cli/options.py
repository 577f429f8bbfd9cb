"""What commands have in common: options, the configuration, the clock, signals.

The database is opened in context.py, and connections to stores in session.py, so that a command
loads only what it needs.
"""

from __future__ import annotations

import getpass
import os
import secrets
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import Annotated, NoReturn

import typer

from wcflow.cli import output
from wcflow.cli.errors import StoppedBySignal
from wcflow.config.load import Config, load_config
from wcflow.config.stores import StoreSettings
from wcflow.errors import SetupError, UsageError

LOCAL_INI, SYSTEM_INI = Path("wcflow.ini"), Path("/etc/wcflow/wcflow.ini")

ConfigFile = Annotated[
    Path | None,
    typer.Option(
        "--config",
        "-c",
        metavar="FILE",
        help=f"The configuration file. [default: {LOCAL_INI} here, then {SYSTEM_INI}]",
        show_default=False,
        # A file that cannot be read is a problem of the configuration, not of the command line:
        # after exit code 2, systemd would start the service again and again.
        readable=False,
    ),
]
StoreName = Annotated[
    str | None,
    typer.Option("--store", metavar="NAME", help="Only this store.", show_default=False),
]
CustomerText = Annotated[
    list[str],
    typer.Argument(metavar="CUSTOMER", help="Customer id, e-mail address, name, or order '#1001'."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Log every step on stderr.")]
Reason = Annotated[
    str,
    typer.Option("--reason", metavar="TEXT", help="Why, for the timeline.", show_default=False),
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Don't ask for confirmation.")]


def utcnow() -> datetime:
    """Return the current time in UTC."""
    return datetime.now(UTC)


def lease_holder() -> str:
    """Return the name of this process in leases and claims."""
    return f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(3)}"


def admin_name() -> str:
    """Return who types this command, as the system knows them."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # an account without a name, as in some containers
        return "an admin"


def find_config(explicit: Path | None) -> Path:
    """Return the configuration file to read; raises SetupError if there is none."""
    if explicit is not None:
        return explicit
    for path in (LOCAL_INI, SYSTEM_INI):
        if path.exists():
            return path
    raise SetupError(
        f"there is no configuration: neither {LOCAL_INI} here nor {SYSTEM_INI}",
        "Run 'wcflow init' to write one, or name another file with --config.",
    )


def read_config(explicit: Path | None, *, need_store: bool = True) -> Config:
    """Read the configuration; raises ConfigError with every problem in it."""
    return load_config(find_config(explicit), os.environ, need_store=need_store)


def confirm(question: str, *, yes: bool) -> bool:
    """Ask for confirmation; raises UsageError without a terminal and without --yes."""
    if yes:
        return True
    if not sys.stdin.isatty():
        raise UsageError("no terminal to confirm on; add --yes", "")
    return typer.confirm(output.printable(question), err=True)


class Interrupt:
    """Ctrl-C and SIGTERM while a command works.

    While nothing is written to the store, the command ends immediately. Once the sync calls
    :meth:`stopping`, it ends at the next safe point, so that every write is recorded. A second
    signal ends it immediately.
    """

    def __init__(self) -> None:
        self._writing, self._signal = False, 0
        self._stop_requested = threading.Event()

    def stopping(self) -> bool:
        """Return whether to end at this safe point."""
        self._writing = True
        return self._stop_requested.is_set()

    def sleep(self, seconds: float) -> None:
        """Wait, unless the command has to end."""
        if self._stop_requested.wait(seconds):
            self._stop()

    def stop_if_requested(self) -> None:
        """End the command if a signal arrived before this safe point."""
        self._writing = False
        if self._stop_requested.is_set():
            self._stop()

    def handle_signal(self, number: int, _frame: FrameType | None) -> None:
        """Handle a signal."""
        first = not self._stop_requested.is_set()
        self._signal = number
        self._stop_requested.set()
        if not (first and self._writing):
            self._stop()

    def _stop(self) -> NoReturn:
        if self._signal == signal.SIGINT:
            raise KeyboardInterrupt
        raise StoppedBySignal(self._signal)


@contextmanager
def interruptible() -> Iterator[Interrupt]:
    """Handle Ctrl-C and SIGTERM at safe points inside this context."""
    interrupt = Interrupt()
    if threading.current_thread() is not threading.main_thread():
        yield interrupt
        return
    before = {
        each: signal.signal(each, interrupt.handle_signal)
        for each in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield interrupt
    finally:
        for number, previous in before.items():
            signal.signal(number, previous)


def select_stores(config: Config, name: str | None) -> tuple[StoreSettings, ...]:
    """Return all stores of a configuration, or the one with that name."""
    if name is None:
        return config.stores
    for settings in config.stores:
        if settings.name == name:
            return (settings,)
    known = ", ".join(settings.name for settings in config.stores)
    raise UsageError(f"there is no [store {name}] in the configuration", f"Use one of: {known}.")


def select_store(config: Config, name: str | None) -> StoreSettings:
    """Return the selected store; raises UsageError if it is ambiguous."""
    found = select_stores(config, name)
    if len(found) > 1:
        known = ", ".join(settings.name for settings in found)
        raise UsageError("there are several stores", f"Choose one with --store NAME: {known}.")
    return found[0]
