"""What a delivery works with, and how the fate of an effect is put on record."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import structlog
from sqlalchemy import Connection

from wcflow.errors import StoreError
from wcflow.mirror import queue
from wcflow.mirror.database import Database
from wcflow.mirror.queue import Entry
from wcflow.outbox.retry import gives_up, next_try
from wcflow.store.client import Store
from wcflow.store.refusals import concerns_store

log = structlog.get_logger()


@dataclass(slots=True)
class Delivered:
    """What a delivery came to: effects done, given up, put off; why the rest is held."""

    done: int = 0
    failed: int = 0
    put_off: int = 0
    held: str = ""
    waiting: int = 0


@dataclass(frozen=True, slots=True)
class Desk:
    """The store, the mirror, and the tally; ``now`` is asked anew for each batch.

    ``tried`` are the effects that may have reached the shop: whatever interrupts the delivery,
    the next one looks for them before it writes them again.
    """

    db: Database
    store: Store
    holder: str
    now: Callable[[], datetime]
    ours: frozenset[str]
    respect: bool
    tally: Delivered
    tried: set[int] = field(default_factory=set)

    def claim(self, kinds: Sequence[str], limit: int, *, released_only: bool) -> list[Entry]:
        with self.db.transaction() as tx:
            return queue.claim(
                tx,
                self.store.name,
                kinds,
                self.now(),
                limit,
                self.holder,
                released_only=released_only,
            )

    def done(self, tx: Connection, entry: Entry, outcome: str) -> None:
        """Record that an effect is at the shop."""
        queue.close(tx, entry.id, "done", outcome, self.now())
        self.tally.done += 1
        log.info("written", store=self.store.name, kind=entry.kind, row=entry.id)

    def called_off(self, tx: Connection, entry: Entry, reason: str) -> None:
        """Record that an effect is no longer called for."""
        queue.close(tx, entry.id, "cancelled", reason, self.now())
        log.info("called off", store=self.store.name, row=entry.id, why=reason)

    def refused(self, tx: Connection, entry: Entry, error: StoreError) -> None:
        """Put an effect off, or give it up; what concerns the whole store is raised afterwards."""
        if not concerns_store(error) and gives_up(error, entry.attempts):
            self.failed(tx, entry, str(error))
            return
        until = next_try(entry.attempts, self.now(), error.retry_after)
        queue.put_off(tx, [entry.id], until, str(error))
        self.tally.put_off += 1
        log.warning("put off", store=self.store.name, row=entry.id, until=until, why=str(error))

    def failed(self, tx: Connection, entry: Entry, reason: str) -> None:
        """Give an effect up, and with it what its run would have done after it."""
        queue.close(tx, entry.id, "failed", reason, self.now())
        queue.cancel_after(tx, entry, f"step {entry.step} before it was given up")
        self.tally.failed += 1
        log.error("given up", store=self.store.name, row=entry.id, why=reason)
