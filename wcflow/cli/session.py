"""Open what a command needs that works with the shops: the database, and a line to each store."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from wcflow import log
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
from wcflow.errors import ClockError
from wcflow.poll.binding import build_client
from wcflow.rules.clocks import CLOCK_ADVICE
from wcflow.sync import Clock, SyncContext, SyncResult, refresh_store_info, sync_once


@dataclass(slots=True)
class Session:
    """One command at work: its configuration, database, and lines to the stores."""

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
        """Give the line to a store; nothing is asked yet."""
        if settings.name not in self._contexts:
            self._contexts[settings.name] = SyncContext(
                db=self.db,
                store=self.resources.enter_context(build_client(settings, self.interrupt.sleep)),
                config=self.config,
                settings=settings,
                clock=self.clock,
                holder=self.holder,
                stopping=self.interrupt.stopping,
                progress=self.progress_display.update,
            )
        return self._contexts[settings.name]

    def sync(self, context: SyncContext, *, write: bool) -> SyncResult:
        """Read what the store is and sync once; raises ClockError if the clocks disagree."""
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
        session = Session(config, db, interrupt)
        with session.resources:
            yield session
