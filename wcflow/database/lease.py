"""Who works on a store. Several processes may share a database; one store is served by one.

The lease keeps two from doing the same work. That nothing happens twice does not hang on it: what
reaches a shop is claimed row by row, and looked for before it is written again.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

import structlog
from sqlalchemy import Connection, or_, update

from wcflow.database.connection import Database
from wcflow.database.sql import stamp, table_of
from wcflow.database.tables import StoreRow
from wcflow.errors import WcflowError
from wcflow.rules.clocks import MAX_CLOCK_GAP

_log = structlog.get_logger()
_STORES = table_of(StoreRow)
DURATION = timedelta(seconds=40)
"""A process that died blocks a store so long."""
RENEWAL_INTERVAL = timedelta(seconds=10)
"""Who is alive renews it so often, also while a shop takes its time to answer."""
_MAX_DURATION = DURATION + MAX_CLOCK_GAP
"""A lease that ends later was taken by a clock that was wrong; it is ignored."""


def acquire(tx: Connection, store: str, holder: str, now: datetime) -> bool:
    """Take the lease of a store, or renew one's own; the UPDATE's row count says who has it."""
    lapsed = or_(
        _STORES.c.lease_until < stamp(now), _STORES.c.lease_until > stamp(now + _MAX_DURATION)
    )
    free = or_(lapsed, _STORES.c.lease_holder.in_((holder, "")))
    values = {"lease_holder": holder, "lease_until": stamp(now + DURATION)}
    mine = update(_STORES).where(_STORES.c.name == store, free).values(**values)
    return tx.execute(mine).rowcount == 1


def renew(tx: Connection, store: str, holder: str, now: datetime) -> bool:
    """Renew one's own lease; say whether it was still one's own."""
    mine = (_STORES.c.name == store, _STORES.c.lease_holder == holder)
    renewed = update(_STORES).where(*mine).values(lease_until=stamp(now + DURATION))
    return tx.execute(renewed).rowcount == 1


def release(tx: Connection, store: str, holder: str) -> None:
    """Give the lease back at the end of a walk."""
    mine = (_STORES.c.name == store, _STORES.c.lease_holder == holder)
    tx.execute(update(_STORES).where(*mine).values(lease_holder="", lease_until=0))


@contextmanager
def keep_renewed(
    db: Database,
    store: str,
    holder: str,
    taken: datetime,
    steady: Callable[[], float] = time.monotonic,
) -> Iterator[threading.Event]:
    """Renew a lease that was taken at ``taken`` for as long as the context lasts.

    A thread renews it, because a request can take longer than a lease lasts. The event is set when
    another process has taken the lease.
    """
    stopped, lost, started = threading.Event(), threading.Event(), steady()

    def renew_until_stopped() -> None:
        while not stopped.wait(RENEWAL_INTERVAL.total_seconds()):
            now = taken + timedelta(seconds=steady() - started)
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
        # It is the work's business to tell of a database that is out of reach.
        _log.debug("lease not renewed", store=store, why=str(error))
        return True
