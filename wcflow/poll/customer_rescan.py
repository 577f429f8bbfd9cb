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
from wcflow.database.sql import count_customers, dumps, instant, loads, stamp
from wcflow.database.stores import save_setting, save_store, setting
from wcflow.database.tables import StoreRow
from wcflow.poll.context import PollContext
from wcflow.poll.customers import HUNDRED, found_after_all, missing_from, read
from wcflow.poll.empty_answer import FULL, hold, release
from wcflow.poll.ownership import drop_customers, store_customers
from wcflow.poll.quarantine import keep_singly

MOST_AT_ONCE = 20
"""How many requests one poll spends on the sweep, also where it is late."""


class Sweep(NamedTuple):
    """A round of the sweep: when it began, and how many of its batches are done, of how many."""

    started: datetime
    done: int
    batches: int


def sweep_share(
    now: datetime, sweep: Sweep, every: timedelta, most: int | None = MOST_AT_ONCE
) -> int:
    """Give how many batches are due now, so that all are done before ``every`` has passed.

    At ``most`` so many, or all of them.
    """
    passed = max(0.0, (now - sweep.started) / every)
    due = max(0, min(sweep.batches, int(passed * (sweep.batches + 1))) - sweep.done)
    return due if most is None else min(due, most)


def sweep_customers(visit: PollContext, most: int = MOST_AT_ONCE) -> int:
    """Look again at the customers whose turn it is; give how many batches were asked for."""
    return _swept(visit, min(most, MOST_AT_ONCE))


def catch_up(visit: PollContext) -> None:
    """Look again at all whom the polls had no room for; for the night."""
    row = visit.row()
    if row.sweep_started is None:
        return
    late = sweep_share(visit.now, _sweep(visit, row), _every(visit), None)
    if late > MOST_AT_ONCE:
        _swept(visit, late)


def _swept(visit: PollContext, most: int) -> int:
    row, every = visit.row(), _every(visit)
    sweep = _sweep(visit, row)
    if row.sweep_started is None or _is_over(visit.now, sweep, every):
        sweep = _next_round(visit, sweep, every)
    asked = 0
    while asked < most and sweep_share(visit.now, sweep, every):
        if not _batch(visit, sweep):
            break
        asked += 1
        visit.alive()
        sweep = _sweep(visit, visit.row())
    return asked


def _every(visit: PollContext) -> timedelta:
    return timedelta(seconds=visit.settings.sweep_every_seconds)


def _is_over(now: datetime, sweep: Sweep, every: timedelta) -> bool:
    return sweep.done >= sweep.batches and now - sweep.started >= every


def accept_gone(visit: PollContext) -> None:
    """Let those customers go whom an admin has seen to be gone: up to a batch that is all there."""
    gone = -1
    while visit.tally.deleted > gone:
        gone = visit.tally.deleted
        if not _batch(visit, _sweep(visit, visit.row())):
            return


def _sweep(visit: PollContext, row: StoreRow) -> Sweep:
    """Give how far the round is; who came while it went belongs to it as well."""
    with visit.db.reading() as tx:
        kept = setting(tx, _name(visit))
        started, done, batches = loads(kept) if kept else (None, 0, 0)
        more = done >= batches and customer_ids_after(tx, visit.store, row.sweep_position, 1)
    if row.sweep_started is None or started != row.sweep_started or more:
        return _counted(visit, row)
    return Sweep(instant(started), done, batches)


def _counted(visit: PollContext, row: StoreRow) -> Sweep:
    """Count everybody, which takes its time: once in a round."""
    started = visit.now if row.sweep_started is None else instant(row.sweep_started)
    with visit.db.reading() as tx:
        passed = count_customers(tx, visit.store, row.sweep_position)
        everybody = count_customers(tx, visit.store)
    done = -(-passed // HUNDRED)
    sweep = Sweep(started, done, done + -(-(everybody - passed) // HUNDRED))
    if row.sweep_started is not None:
        with visit.db.transaction() as tx:
            _keep(tx, visit, sweep)
    return sweep


def _keep(tx: Connection, visit: PollContext, sweep: Sweep) -> None:
    told = (stamp(sweep.started), sweep.done, sweep.batches)
    save_setting(tx, _name(visit), dumps(told))


def _name(visit: PollContext) -> str:
    return f"sweep {visit.store}"


def _next_round(visit: PollContext, sweep: Sweep, every: timedelta) -> Sweep:
    # It begins when the last one should have ended; after a rest, all of it is due at once.
    begins = min(visit.now, max(sweep.started + every, visit.now - every))
    with visit.db.transaction() as tx:
        save_store(tx, visit.store, sweep_position=0, sweep_started=stamp(begins))
    return _sweep(visit, visit.row())


def _batch(visit: PollContext, sweep: Sweep) -> bool:
    """Look at the next hundred; False where nothing more is to be done now."""
    position = visit.row().sweep_position
    with visit.db.reading() as tx:
        ids = customer_ids_after(tx, visit.store, position, HUNDRED)
    if not ids:
        with visit.db.transaction() as tx:
            _keep(tx, visit, sweep._replace(done=sweep.batches))
        return False
    listing = visit.customers(ids, whoever=True)
    found, gone = found_after_all(visit, missing_from(listing, ids))
    if len(gone) == len(ids) >= FULL and not visit.accept:
        hold(visit, "customers", _words(ids))
        return False
    with visit.db.transaction() as tx:
        visit.tally.deleted += drop_customers(tx, visit.settings, sorted(gone))
        told = [*read(visit, listing), *found]
        visit.tally.customers += keep_singly(
            tx, visit, told, partial(store_customers, tx, visit.settings)
        )
        release(tx, visit, "customers")
        visit.keep_notes(tx)
        save_store(tx, visit.store, sweep_position=ids[-1])
        _keep(tx, visit, sweep._replace(done=sweep.done + 1))
    return True


def _words(ids: Sequence[int]) -> str:
    return f"none of the {len(ids)} known with ids {ids[0]} to {ids[-1]} came back"
