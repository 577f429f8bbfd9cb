"""What commands have in common: their options, the configuration, the time, the signals.

Clock, chance and signals of one-shot commands come in here and are handed on as arguments. The
database is opened in looking.py, and the lines to the shops in session.py: what a command does not
need it does not wait for.
"""

from __future__ import annotations

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
from wcflow.cli.errors import Stopped
from wcflow.config.load import Config, load
from wcflow.config.stores import StoreSettings
from wcflow.errors import SetupError, UsageError

HERE, SYSTEM = Path("wcflow.ini"), Path("/etc/wcflow/wcflow.ini")

ConfigFile = Annotated[
    Path | None,
    typer.Option(
        "--config",
        "-c",
        metavar="FILE",
        help=f"The configuration. [default: {HERE} here, then {SYSTEM}]",
        show_default=False,
    ),
]
StoreName = Annotated[
    str | None,
    typer.Option(
        "--store", metavar="NAME", help="Only the [store NAME] of that name.", show_default=False
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Log what is done, on stderr.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask; take yes for the answer.")]


def utcnow() -> datetime:
    """Give the instant it is."""
    return datetime.now(UTC)


def holder() -> str:
    """Name this process in leases and claims."""
    return f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(3)}"


def find_config(given: Path | None) -> Path:
    """Give the configuration to read; raises SetupError where there is none."""
    if given is not None:
        return given
    for path in (HERE, SYSTEM):
        if path.exists():
            return path
    raise SetupError(
        f"there is no configuration: neither {HERE} here nor {SYSTEM}",
        "'wcflow init' writes one; --config FILE names another",
    )


def read_config(given: Path | None, *, need_store: bool = True) -> Config:
    """Read the configuration; raises ConfigError with every problem in it."""
    return load(find_config(given), os.environ, need_store=need_store)


def confirmed(question: str, *, yes: bool) -> bool:
    """Ask a person; raises UsageError where there is none to ask and no --yes."""
    if yes:
        return True
    if not sys.stdin.isatty():
        raise UsageError("nobody can be asked here", "--yes says yes beforehand")
    return typer.confirm(output.clean(question), err=True)


class Interrupt:
    """Ctrl-C and SIGTERM while a command works.

    As long as nothing is written to the shop, the command ends at once. From the moment the walk
    asks :meth:`stopping`, it has safe points of its own: it ends at the next one, so that no write
    is left without its record. A second signal ends it at once all the same.
    """

    def __init__(self) -> None:
        self._writing, self._asked = False, 0
        self._told = threading.Event()

    def stopping(self) -> bool:
        """Say whether to end at this safe point."""
        self._writing = True
        return self._told.is_set()

    def sleep(self, seconds: float) -> None:
        """Wait, unless the command is to end."""
        if self._told.wait(seconds):
            self._stop()

    def over(self) -> None:
        """End the command now if a signal asked for it at a safe point."""
        self._writing = False
        if self._told.is_set():
            self._stop()

    def receive(self, number: int, _frame: FrameType | None) -> None:
        """Take a signal."""
        first = not self._told.is_set()
        self._asked = number
        self._told.set()
        if not (first and self._writing):
            self._stop()

    def _stop(self) -> NoReturn:
        if self._asked == signal.SIGINT:
            raise KeyboardInterrupt
        raise Stopped(self._asked)


@contextmanager
def interruptible() -> Iterator[Interrupt]:
    """Take Ctrl-C and SIGTERM at safe points for as long as the context lasts."""
    interrupt = Interrupt()
    if threading.current_thread() is not threading.main_thread():
        yield interrupt
        return
    before = {
        each: signal.signal(each, interrupt.receive) for each in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield interrupt
    finally:
        for number, taken in before.items():
            signal.signal(number, taken)


def stores_of(config: Config, name: str | None) -> tuple[StoreSettings, ...]:
    """Give all stores of a configuration, or the one of that name."""
    if name is None:
        return config.stores
    for settings in config.stores:
        if settings.name == name:
            return (settings,)
    known = ", ".join(settings.name for settings in config.stores)
    raise UsageError(f"there is no [store {name}] in the configuration", f"known: {known}")


def the_store(config: Config, name: str | None) -> StoreSettings:
    """Give the one store that is meant; raises UsageError where that is not clear."""
    found = stores_of(config, name)
    if len(found) > 1:
        known = ", ".join(settings.name for settings in found)
        raise UsageError("there are several stores", f"say which with --store NAME: {known}")
    return found[0]
