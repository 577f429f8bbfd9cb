"""The lease of a store: several processes can share a database, but only one works on a store.

The lease prevents duplicate work. Duplicate changes are prevented elsewhere: outbox entries are
claimed one by one, and a change that may have been made is looked up before it is made again.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import structlog
from sqlalchemy import Connection, or_, select, update

from wcflow.database.connection import Database
from wcflow.database.sql import instant, stamp, table_of
from wcflow.database.tables import StoreRow
from wcflow.errors import WcflowError
from wcflow.rules.clocks import MAX_CLOCK_GAP

_log = structlog.get_logger()
_STORES = table_of(StoreRow)
DURATION = timedelta(seconds=40)
"""A store is blocked for this long after a process was killed."""
RENEWAL_INTERVAL = timedelta(seconds=10)
_GRACE = timedelta(seconds=5)
"""How late a renewal can be."""
_MAX_DURATION = DURATION + MAX_CLOCK_GAP
"""A lease that ends later than this comes from a wrong clock and is ignored."""


def acquire(tx: Connection, store: str, holder: str, now: datetime) -> bool:
    """Take the lease of a store, or renew one's own; return whether the holder has it now."""
    expired = or_(
        _STORES.c.lease_until < stamp(now), _STORES.c.lease_until > stamp(now + _MAX_DURATION)
    )
    free = or_(expired, _STORES.c.lease_holder.in_((holder, "")))
    values = {"lease_holder": holder, "lease_until": stamp(now + DURATION)}
    acquired = update(_STORES).where(_STORES.c.name == store, free).values(**values)
    return tx.execute(acquired).rowcount == 1


@dataclass(frozen=True, slots=True)
class Lease:
    """Who has the lease of a store, as host:process:nonce, and when it ends unless it is renewed."""

    holder: str
    until: datetime

    @property
    def holder_words(self) -> str:
        """The holder as ``process 812 on web1``; nothing if it is not known."""
        host, process = self._process
        return f"process {process} on {host}" if process else ""

    @property
    def _process(self) -> tuple[str, int]:
        host, _, process = self.holder.rpartition(":")[0].rpartition(":")
        return (host, int(process)) if host and process.isdecimal() else ("", 0)

    @property
    def last_sign(self) -> datetime:
        """When the holder last renewed it."""
        return self.until - DURATION

    def is_silent(self, now: datetime) -> bool:
        """Return whether the holder seems to have been killed."""
        host, process = self._process
        if host == socket.gethostname() and process and not Path(f"/proc/{process}").exists():
            return True
        return now - self.last_sign > RENEWAL_INTERVAL + _GRACE


def load(tx: Connection, store: str) -> Lease:
    """Return the lease of a store as it is saved, also an expired one."""
    columns = (_STORES.c.lease_holder, _STORES.c.lease_until)
    holder, until = tx.execute(select(*columns).where(_STORES.c.name == store)).one()
    return Lease(holder, instant(until))


def renew(tx: Connection, store: str, holder: str, now: datetime) -> bool:
    """Renew one's own lease; return False if another process has taken it."""
    own = (_STORES.c.name == store, _STORES.c.lease_holder == holder)
    renewed = update(_STORES).where(*own).values(lease_until=stamp(now + DURATION))
    return tx.execute(renewed).rowcount == 1


def release(tx: Connection, store: str, holder: str) -> None:
    own = (_STORES.c.name == store, _STORES.c.lease_holder == holder)
    tx.execute(update(_STORES).where(*own).values(lease_holder="", lease_until=0))


@contextmanager
def keep_renewed(
    db: Database,
    store: str,
    holder: str,
    acquired_at: datetime,
    monotonic: Callable[[], float] = time.monotonic,
) -> Iterator[threading.Event]:
    """Renew a lease for as long as the context lasts.

    A thread renews it, because a request can take longer than a lease lasts. The event is set when
    another process has taken the lease.
    """
    stopped, lost, started = threading.Event(), threading.Event(), monotonic()

    def renew_until_stopped() -> None:
        while not stopped.wait(RENEWAL_INTERVAL.total_seconds()):
            now = acquired_at + timedelta(seconds=monotonic() - started)
            if not _try_renew(db, store, holder, now):
                lost.set()
                return

    thread = threading.Thread(target=renew_until_stopped, name=f"lease of {store}", daemon=True)
    thread.start()
    try:
        yield lost
    finally:
        stopped.set()
        thread.join()


def _try_renew(db: Database, store: str, holder: str, now: datetime) -> bool:
    try:
        with db.transaction() as tx:
            return renew(tx, store, holder, now)
    except WcflowError as error:
        # If the database cannot be reached, the pass itself fails and reports it.
        _log.debug("lease not renewed", store=store, why=str(error))
        return True
