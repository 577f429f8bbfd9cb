"""Deliver what is due, unless the brake holds: claim, write, record, until nothing is left.

It does not decide what to write; that stands in the outbox.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial

import structlog

from wcflow.config.load import Config
from wcflow.database import outbox
from wcflow.database.connection import Database
from wcflow.database.sql import stamp
from wcflow.database.stores import save_store, store_row
from wcflow.outbox.delivery import Delivery, DeliveryResult
from wcflow.outbox.limits import hold_reason, write_load
from wcflow.outbox.meta import deliver_meta
from wcflow.outbox.singles import deliver_single
from wcflow.store.client import Store

log = structlog.get_logger()


def deliver(
    db: Database,
    store: Store,
    config: Config,
    clock: Callable[[], datetime],
    holder: str,
    stopping: Callable[[], bool] = lambda: False,
    *,
    whole: bool = True,
) -> DeliveryResult:
    """Deliver all that is due to one store. Raises StoreError when the store is out of reach.

    As long as more is about to be queued (not the ``whole``), only what an admin has let go: the
    brake cannot judge the rest yet.
    What was claimed and not tried goes back untried; what was tried has its outcome on record
    before anything is raised.
    """
    tally = DeliveryResult()
    tally.held = _brake(db, store.name, config, clock(), tally, whole=whole)
    respect = config.manual_tags == "respect"
    desk = Delivery(db, store, holder, clock, config.rules.static_tags, respect, tally)
    with db.transaction() as tx:
        outbox.reclaim(tx, store.name, clock(), holder)
    try:
        while _round(desk, stopping, released_only=bool(tally.held) or not whole):
            continue
    finally:
        with db.transaction() as tx:
            outbox.unclaim(tx, store.name, holder, desk.tried)
    return tally


def _round(desk: Delivery, stopping: Callable[[], bool], *, released_only: bool) -> bool:
    """Deliver each kind until none is due: tags first, for notes and coupons are for people to read.

    Say whether there was anything: what a run does after it may be due only now.
    """
    ways = (
        partial(deliver_meta, desk, "customers"),
        partial(deliver_meta, desk, "orders"),
        partial(deliver_single, desk),
    )
    some = False
    for way in ways:
        while not stopping() and way(released_only=released_only):
            some = True
    return some


def _brake(
    db: Database, store: str, config: Config, now: datetime, tally: DeliveryResult, *, whole: bool
) -> str:
    """Set or loosen the brake, and say why it holds; it is loosened only in view of the whole."""
    with db.transaction() as tx:
        row = store_row(tx, store)
        assert row is not None, "the store is known before anything is delivered to it"
        waiting, _ = outbox.waiting(tx, store, now)
        load = write_load(tx, row, waiting)
        tally.waiting = load.waiting
        reason = hold_reason(load, config.max_writes)
        if not reason and not whole:
            return row.held
        if not reason and row.census_done is not None and not row.accepted:
            save_store(tx, store, accepted=True)
        if reason != row.held:
            since = row.held_since if row.held and reason else stamp(now) if reason else None
            save_store(tx, store, held=reason, held_since=since)
            log.warning("writes held" if reason else "writes go on", store=store, why=reason)
    return reason
