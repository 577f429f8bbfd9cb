"""The rolling sweep: every known customer is looked at again within a day, a hundred at a time.

Polls do what they have room for. Where there are so many accounts that this is not all of them, the
night does the rest.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import NamedTuple

from sqlalchemy import Connection

from wcflow.database.customers import customer_ids_after
from wcflow.database.sql import count_customers, instant, stamp
from wcflow.database.stores import Rescan, load_rescan, save_rescan, save_store
from wcflow.database.tables import StoreRow
from wcflow.poll.context import PollContext
from wcflow.poll.customers import BATCH_SIZE, confirm_missing_customers, kept_customers, missing_ids
from wcflow.poll.empty_answer import ALARM_FROM, hold_writes, release_hold
from wcflow.poll.ownership import apply_customers, drop_customers
from wcflow.poll.quarantine import save_or_quarantine

_NAME = "customers"

MAX_BATCHES = 20
"""How many requests one poll spends on the sweep, also where it is late."""


class CustomerRescan(NamedTuple):
    """A round of the sweep: when it began, and how many of its batches are done, of how many."""

    started: datetime
    done: int
    batches: int


def due_batches(
    now: datetime, rescan: CustomerRescan, every: timedelta, limit: int | None = MAX_BATCHES
) -> int:
    """Give how many batches are due now, so that all are done before ``every`` has passed.

    At ``most`` so many, or all of them.
    """
    passed = max(0.0, (now - rescan.started) / every)
    due = max(0, min(rescan.batches, int(passed * (rescan.batches + 1))) - rescan.done)
    return due if limit is None else min(due, limit)


def rescan_customers(context: PollContext, limit: int = MAX_BATCHES) -> int:
    """Look again at the customers whose turn it is; give how many batches were asked for."""
    return _rescan(context, min(limit, MAX_BATCHES))


def catch_up_customers(context: PollContext) -> None:
    """Look again at all whom the polls had no room for; for the night."""
    row = context.row()
    if row.sweep_started is None:
        return
    late = due_batches(context.now, _load_progress(context, row), _interval(context), None)
    if late > MAX_BATCHES:
        _rescan(context, late)


def _rescan(context: PollContext, limit: int) -> int:
    row, every = context.row(), _interval(context)
    rescan = _load_progress(context, row)
    if row.sweep_started is None or _is_finished(context.now, rescan, every):
        rescan = _start_rescan(context, rescan, every)
    asked = 0
    while asked < limit and due_batches(context.now, rescan, every):
        if not _rescan_batch(context, rescan):
            break
        asked += 1
        context.heartbeat()
        rescan = _load_progress(context, context.row())
    return asked


def _interval(context: PollContext) -> timedelta:
    return timedelta(seconds=context.settings.sweep_every_seconds)


def _is_finished(now: datetime, rescan: CustomerRescan, every: timedelta) -> bool:
    return rescan.done >= rescan.batches and now - rescan.started >= every


def drop_approved_customers(context: PollContext) -> None:
    """Let those customers go whom an admin has seen to be gone: up to a batch that is all there."""
    deleted = -1
    while context.tally.deleted > deleted:
        deleted = context.tally.deleted
        if not _rescan_batch(context, _load_progress(context, context.row())):
            return


def _load_progress(context: PollContext, row: StoreRow) -> CustomerRescan:
    """Give how far the round is; who came while it went belongs to it as well."""
    with context.db.reading() as tx:
        saved = load_rescan(tx, context.store, _NAME)
        done, batches = (saved.done, saved.pages) if saved else (0, 0)
        more = done >= batches and customer_ids_after(tx, context.store, row.sweep_position, 1)
    if saved is None or saved.started != row.sweep_started or more:
        return _count_batches(context, row)
    return CustomerRescan(instant(saved.started), done, batches)


def _count_batches(context: PollContext, row: StoreRow) -> CustomerRescan:
    """Count everybody, which takes its time: once in a round."""
    started = context.now if row.sweep_started is None else instant(row.sweep_started)
    with context.db.reading() as tx:
        passed = count_customers(tx, context.store, row.sweep_position)
        everybody = count_customers(tx, context.store)
    done = -(-passed // BATCH_SIZE)
    rescan = CustomerRescan(started, done, done + -(-(everybody - passed) // BATCH_SIZE))
    if row.sweep_started is not None:
        with context.db.transaction() as tx:
            _save_progress(tx, context, rescan)
    return rescan


def _save_progress(tx: Connection, context: PollContext, rescan: CustomerRescan) -> None:
    started, done, batches = stamp(rescan.started), rescan.done, rescan.batches
    save_rescan(tx, context.store, _NAME, Rescan(started, 0, 0, done, batches))


def _start_rescan(context: PollContext, rescan: CustomerRescan, every: timedelta) -> CustomerRescan:
    # It begins when the last one should have ended; after a rest, all of it is due at once.
    begins = min(context.now, max(rescan.started + every, context.now - every))
    with context.db.transaction() as tx:
        save_store(tx, context.store, sweep_position=0, sweep_started=stamp(begins))
    return _load_progress(context, context.row())


def _rescan_batch(context: PollContext, rescan: CustomerRescan) -> bool:
    """Look at the next hundred; False where nothing more is to be done now."""
    position = context.row().sweep_position
    with context.db.reading() as tx:
        ids = customer_ids_after(tx, context.store, position, BATCH_SIZE)
    if not ids:
        with context.db.transaction() as tx:
            _save_progress(tx, context, rescan._replace(done=rescan.batches))
        return False
    listing = context.customers(ids, any_role=True)
    found, deleted = confirm_missing_customers(context, missing_ids(listing, ids))
    if len(deleted) == len(ids) >= ALARM_FROM and not context.approved:
        hold_writes(context, "customers", _describe_ids(ids))
        return False
    with context.db.transaction() as tx:
        context.tally.deleted += drop_customers(tx, context.settings, sorted(deleted))
        state = [*kept_customers(context, listing), *found]
        context.tally.customers += save_or_quarantine(
            tx, context, state, partial(apply_customers, tx, context.settings)
        )
        release_hold(tx, context, "customers")
        context.save_quarantine(tx)
        save_store(tx, context.store, sweep_position=ids[-1])
        _save_progress(tx, context, rescan._replace(done=rescan.done + 1))
    return True


def _describe_ids(ids: Sequence[int]) -> str:
    return f"none of the {len(ids)} known with ids {ids[0]} to {ids[-1]} came back"
