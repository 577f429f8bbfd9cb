"""What commands that contact the stores need: the database, and a client for each store."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from wcflow import log
from wcflow.cli.errors import report_error
from wcflow.cli.options import (
    Interrupt,
    interruptible,
    lease_holder,
    read_config,
    select_stores,
    utcnow,
)
from wcflow.cli.progress import ProgressBars, ProgressLines, progress_display
from wcflow.config.load import Config
from wcflow.config.stores import StoreSettings
from wcflow.database.connection import Database, open_database
from wcflow.errors import DONE, ClockError, StoreError, WcflowError
from wcflow.maintenance import record_failure
from wcflow.outbox.ways import close_channels, open_channels
from wcflow.poll.binding import build_client
from wcflow.rules.clocks import CLOCK_ADVICE
from wcflow.sync import Clock, SyncContext, SyncResult, refresh_store_info, sync_once


@dataclass(slots=True)
class Session:
    """A running command: its configuration, its database, and a context for each store."""

    config: Config
    db: Database
    interrupt: Interrupt
    clock: Clock = utcnow
    holder: str = field(default_factory=lease_holder)
    progress_display: ProgressBars | ProgressLines = field(default_factory=progress_display)
    resources: ExitStack = field(default_factory=ExitStack)
    _contexts: dict[str, SyncContext] = field(default_factory=dict)

    def stores(self, name: str | None = None) -> tuple[StoreSettings, ...]:
        """Return all stores, or the one with that name; raises UsageError if there is none."""
        return select_stores(self.config, name)

    def context(self, settings: StoreSettings) -> SyncContext:
        """Return the context of a store; no request is sent yet."""
        if settings.name not in self._contexts:
            channels = open_channels(self.config, settings, self.db, self.clock)
            self.resources.callback(close_channels, channels)
            self._contexts[settings.name] = SyncContext(
                db=self.db,
                store=self.resources.enter_context(build_client(settings, self.interrupt.sleep)),
                config=self.config,
                settings=settings,
                clock=self.clock,
                holder=self.holder,
                stopping=self.interrupt.stopping,
                progress=self.progress_display.update,
                channels=channels,
            )
        return self._contexts[settings.name]

    def sync(self, context: SyncContext, *, write: bool) -> SyncResult:
        """Read the store's settings and sync once; raises ClockError if the clocks disagree."""
        try:
            refresh_store_info(context)
            result = sync_once(context, write=write)
        finally:
            self.progress_display.clear()
        if result.clock_gap is not None:
            raise ClockError(str(result.clock_gap), CLOCK_ADVICE)
        return result


@contextmanager
def open_session(config_file: Path | None, *, verbose: bool = False) -> Iterator[Session]:
    """Open what a command needs, and close it at the end."""
    config = read_config(config_file)
    level = config.log_level if verbose else "error"
    log.log_to_stderr(level, config.log_format)
    with interruptible() as interrupt, open_database(config.database) as db:
        db.read_only = config.read_only
        session = Session(config, db, interrupt)
        with session.resources:
            yield session


def for_each_store(session: Session, name: str | None, task: Callable[[SyncContext], int]) -> int:
    """Run a task for each store, or the one with that name; return the worst exit code.

    An error in one store does not stop the others.
    """
    stores = session.stores(name)
    codes = [DONE]
    for settings in stores:
        context = session.context(settings)
        where = f"[store {settings.name}]: " if len(stores) > 1 else ""
        try:
            codes.append(task(context))
        except WcflowError as error:
            codes.append(report_error(error, where))
            if isinstance(error, StoreError):
                record_failure(context, error)
        session.interrupt.stop_if_requested()
    return max(codes)
