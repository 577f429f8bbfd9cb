"""What is done with a store besides the pass: the nightly check, a resync, approving changes."""

from __future__ import annotations

from datetime import timedelta

from wcflow.database import companion, tags
from wcflow.database.stores import load_store_row
from wcflow.errors import StoreError
from wcflow.evaluate.figures import save_daily_figures
from wcflow.evaluate.percentiles import rank_customers
from wcflow.outbox import limits
from wcflow.poll.binding import require_row, save_failure
from wcflow.poll.context import PollResult
from wcflow.poll.pull import run_reconcile, run_resync
from wcflow.sync import SyncContext, compare_clocks, hold_lease, poll_context

TAG_ENTRY_LIFETIME = timedelta(days=90)
REQUEST_LIFETIME = timedelta(days=90)


def nightly(context: SyncContext) -> PollResult:
    """Compare the whole database with the store, rank customers, save figures, and delete old entries."""
    with hold_lease(context) as leased:
        with leased.db.reading() as tx:
            poll = poll_context(tx, leased)
        result = run_reconcile(poll)
        rank_customers(leased.db, leased.config, leased.settings)
        save_daily_figures(leased.db, leased.config, leased.settings, leased.clock())
        with leased.db.transaction() as tx:
            tags.delete_old_tag_entries(tx, leased.name, leased.clock() - TAG_ENTRY_LIFETIME)
            companion.delete_old_requests(tx, leased.name, leased.clock() - REQUEST_LIFETIME)
            companion.answer_all_again(tx, leased.name, leased.clock() - companion.PLUGIN_KEEPS)
    return result


def resync(context: SyncContext, *, orders: bool = True, customers: bool = True) -> PollResult:
    """Read everything from the store again; nothing is evaluated or written to the store."""
    with hold_lease(context) as leased:
        with leased.db.reading() as tx:
            poll = poll_context(tx, leased)
        return run_resync(poll, orders=orders, customers=customers)


def approve(context: SyncContext) -> int:
    """Approve the changes that are waiting now; return how many."""
    with context.db.transaction() as tx:
        return limits.approve_everything(tx, require_row(tx, context.name))


def record_failure(context: SyncContext, error: StoreError) -> None:
    """Save why polls or writes fail, since when, and whether the clocks disagree."""
    save_failure(context.db, context.name, error, context.clock())
    with context.db.reading() as tx:
        known = load_store_row(tx, context.name) is not None
    if known and error.status and context.store.store_now is not None:
        compare_clocks(context)
