"""The rolling sweep: every known customer is looked at again within a day, a hundred at a time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import NamedTuple

from wcflow.mirror.customers import count_customers, customer_ids_after
from wcflow.mirror.stores import save_store
from wcflow.mirror.tables import StoreRow
from wcflow.mirror.upserts import instant, stamp
from wcflow.poll.brake import FULL, hold, release
from wcflow.poll.customers import HUNDRED, found_after_all, missing_from, read
from wcflow.poll.people import drop_customers, keep_customers
from wcflow.poll.singly import keep_singly
from wcflow.poll.visit import Visit

MOST_AT_ONCE = 20
"""How many requests one poll spends on the sweep, also where it is late."""


class Sweep(NamedTuple):
    """A round of the sweep: when it began, and how many of its batches are done, of how many."""

    started: datetime
    done: int
    batches: int


def sweep_share(now: datetime, sweep: Sweep, every: timedelta) -> int:
    """Give how many batches are due now, so that all are done before ``every`` has passed."""
    passed = max(0.0, (now - sweep.started) / every)
    due = min(sweep.batches, int(passed * (sweep.batches + 1)))
    return min(MOST_AT_ONCE, max(0, due - sweep.done))


def sweep_customers(visit: Visit) -> None:
    """Look again at the share of customers whose turn it is."""
    every = timedelta(seconds=visit.settings.sweep_every_seconds)
    row = visit.row()
    sweep = _sweep(visit, row)
    if row.sweep_started is None or _is_over(visit.now, sweep, every):
        sweep = _next_round(visit, sweep, every)
    for _ in range(sweep_share(visit.now, sweep, every)):
        if not _batch(visit):
            return
        visit.alive()


def _is_over(now: datetime, sweep: Sweep, every: timedelta) -> bool:
    return sweep.done >= sweep.batches and now - sweep.started >= every


def accept_gone(visit: Visit) -> None:
    """Let those customers go whom an admin has seen to be gone: up to a batch that is all there."""
    gone = -1
    while visit.tally.deleted > gone:
        gone = visit.tally.deleted
        if not _batch(visit):
            return


def _sweep(visit: Visit, row: StoreRow) -> Sweep:
    started = visit.now if row.sweep_started is None else instant(row.sweep_started)
    with visit.db.reading() as tx:
        passed = count_customers(tx, visit.store, row.sweep_position)
        everybody = count_customers(tx, visit.store)
    done = -(-passed // HUNDRED)
    return Sweep(started, done, done + -(-(everybody - passed) // HUNDRED))


def _next_round(visit: Visit, sweep: Sweep, every: timedelta) -> Sweep:
    # It begins when the last one should have ended; after a rest, all of it is due at once.
    begins = min(visit.now, max(sweep.started + every, visit.now - every))
    with visit.db.transaction() as tx:
        save_store(tx, visit.store, sweep_position=0, sweep_started=stamp(begins))
    return _sweep(visit, visit.row())


def _batch(visit: Visit) -> bool:
    """Look at the next hundred; False where nothing more is to be done now."""
    position = visit.row().sweep_position
    with visit.db.reading() as tx:
        ids = customer_ids_after(tx, visit.store, position, HUNDRED)
    if not ids:
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
            tx, visit, told, partial(keep_customers, tx, visit.settings)
        )
        release(tx, visit, "customers")
        visit.keep_notes(tx)
        save_store(tx, visit.store, sweep_position=ids[-1])
    return True


def _words(ids: Sequence[int]) -> str:
    return f"none of the {len(ids)} known with ids {ids[0]} to {ids[-1]} came back"
