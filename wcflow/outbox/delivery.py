"""When to try again, and when to give up. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog
from sqlalchemy import Connection

from wcflow.database import outbox
from wcflow.database.connection import Database
from wcflow.database.outbox import Entry
from wcflow.errors import StoreError
from wcflow.store.client import Store
from wcflow.store.errors import concerns_store

FIRST, LONGEST, TRIES = timedelta(minutes=1), timedelta(hours=6), 16
"""Sixteen tries with these pauses take two days: a weekend's outage of one item is survived."""


def next_try(attempt: int, now: datetime, retry_after: float | None = None) -> datetime:
    """Give when to try again after the ``attempt``-th try (from 1): doubling, at most 6 hours."""
    pause: timedelta = min(FIRST * 2 ** min(attempt - 1, 20), LONGEST)
    return now + max(pause, timedelta(seconds=retry_after or 0))


def is_final(error: StoreError, attempt: int) -> bool:
    """Say whether another try is in vain: the error is permanent, or there were enough."""
    return error.permanent or attempt >= TRIES


# What a delivery works with, and how the fate of an effect is put on record.

log = structlog.get_logger()


@dataclass(slots=True)
class DeliveryResult:
    """What a delivery came to: effects done, given up, put off; why the rest is held."""

    done: int = 0
    failed: int = 0
    put_off: int = 0
    held: str = ""
    waiting: int = 0


@dataclass(frozen=True, slots=True)
class Delivery:
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
    tally: DeliveryResult
    tried: set[int] = field(default_factory=set)

    def claim(self, kinds: Sequence[str], limit: int, *, released_only: bool) -> list[Entry]:
        with self.db.transaction() as tx:
            return outbox.claim(
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
        outbox.close(tx, entry.id, "done", outcome, self.now())
        self.tally.done += 1
        log.info("written", store=self.store.name, kind=entry.kind, row=entry.id)

    def called_off(self, tx: Connection, entry: Entry, reason: str) -> None:
        """Record that an effect is no longer called for."""
        outbox.close(tx, entry.id, "cancelled", reason, self.now())
        log.info("called off", store=self.store.name, row=entry.id, why=reason)

    def refused(self, tx: Connection, entry: Entry, error: StoreError) -> None:
        """Put an effect off, or give it up; what concerns the whole store is raised afterwards."""
        if not concerns_store(error) and is_final(error, entry.attempts):
            self.failed(tx, entry, str(error))
            return
        until = next_try(entry.attempts, self.now(), error.retry_after)
        outbox.put_off(tx, [entry.id], until, str(error))
        self.tally.put_off += 1
        log.warning("put off", store=self.store.name, row=entry.id, until=until, why=str(error))

    def failed(self, tx: Connection, entry: Entry, reason: str) -> None:
        """Give an effect up, and with it what its run would have done after it."""
        outbox.close(tx, entry.id, "failed", reason, self.now())
        outbox.cancel_after(tx, entry, f"step {entry.step} before it was given up")
        self.tally.failed += 1
        log.error("given up", store=self.store.name, row=entry.id, why=reason)
