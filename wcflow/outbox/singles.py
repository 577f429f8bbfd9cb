"""Deliver entries one by one: whatever is not written in batches."""

from __future__ import annotations

from wcflow.actions.base import WaysOut
from wcflow.actions.registry import ENTRY_KINDS
from wcflow.database.outbox import Entry
from wcflow.errors import StoreError
from wcflow.outbox.delivery import Delivery
from wcflow.store.errors import concerns_store


def deliver_single(desk: Delivery, *, released_only: bool) -> bool:
    """Deliver one note or coupon; say whether there was any. Raises StoreError for the store."""
    entries = desk.claim(_kinds(), 1, released_only=released_only)
    for entry in entries:
        desk.tried.add(entry.id)
        try:
            outcome = _perform(desk, entry)
        except StoreError as error:
            with desk.db.transaction() as tx:
                desk.refused(tx, entry, error)
            if concerns_store(error):
                raise
        else:
            with desk.db.transaction() as tx:
                desk.done(tx, entry, outcome)
    return bool(entries)


def _kinds() -> list[str]:
    return [kind.name for kind in ENTRY_KINDS.values() if kind.deliver]


def _perform(desk: Delivery, entry: Entry) -> str:
    deliver = ENTRY_KINDS[entry.kind].deliver
    assert deliver is not None, "only kinds that are delivered one by one are claimed"
    return deliver(entry, WaysOut(desk.store))
