"""Open what a command needs that works with the shops: the database, and a line to each store."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from wcflow import log, sync
from wcflow.cli.options import Interrupt, holder, interruptible, read_config, stores_of, utcnow
from wcflow.cli.progress import Bars, Lines, progress
from wcflow.config.load import Config
from wcflow.config.stores import StoreSettings
from wcflow.database.connection import Database, open_database
from wcflow.sync import (
    Clock,
    SyncContext,
    SyncResult,
    refresh_store_info,
    sync_once,
)


@dataclass(slots=True)
class Session:
    """One command at work: its configuration, database, and lines to the stores."""

    config: Config
    db: Database
    interrupt: Interrupt
    clock: Clock = utcnow
    holder: str = field(default_factory=holder)
    bars: Bars | Lines = field(default_factory=progress)
    open: ExitStack = field(default_factory=ExitStack)
    _lines: dict[str, SyncContext] = field(default_factory=dict)

    def stores(self, name: str | None = None) -> tuple[StoreSettings, ...]:
        """Give all stores, or the one of that name; raises UsageError where there is none."""
        return stores_of(self.config, name)

    def line(self, settings: StoreSettings) -> SyncContext:
        """Give the line to a store; nothing is asked yet."""
        if settings.name not in self._lines:
            self._lines[settings.name] = SyncContext(
                db=self.db,
                store=self.open.enter_context(sync.client(settings, self.interrupt.sleep)),
                config=self.config,
                settings=settings,
                clock=self.clock,
                holder=self.holder,
                stopping=self.interrupt.stopping,
                progress=self.bars.tell,
            )
        return self._lines[settings.name]

    def walk(self, line: SyncContext, *, write: bool) -> SyncResult:
        """Get to know a shop and walk once, its progress told."""
        try:
            refresh_store_info(line)
            return sync_once(line, write=write)
        finally:
            self.bars.clear()


@contextmanager
def session(given: Path | None, *, verbose: bool = False) -> Iterator[Session]:
    """Open what a command needs, and close it at the end."""
    config = read_config(given)
    level = config.log_level if verbose else "error"
    log.set_up(level, config.log_format, terminal=sys.stderr.isatty())
    with interruptible() as interrupt, open_database(config.database) as db:
        opened = Session(config, db, interrupt)
        with opened.open:
            yield opened
