"""Read what the companion plugin says has changed: orders and customers without a newer stamp.

The plugin only says where to look. The records are read from the store, and one that is missing is
deleted only if the store itself answers that it does not exist. A change that wcflow made itself is
told as well: the record is the same as in the database, so nothing follows.

While the stream is read without a gap, most of the rescan is not needed (``follows_changes``). It goes
on more slowly, for what plugins and imports change without WordPress's hooks.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, NamedTuple

import structlog

from wcflow.database.companion import (
    Cursor,
    load_cursor,
    load_followed_since,
    save_followed_since,
)
from wcflow.database.customers import load_customer_emails
from wcflow.database.orders import find_order_ids, load_orders
from wcflow.database.sql import chunks, instant, stamp
from wcflow.database.stores import save_store
from wcflow.errors import StoreError
from wcflow.poll.companion_stream import follow_stream
from wcflow.poll.compare import confirm_missing_orders, refetch_orders
from wcflow.poll.context import CHANGES, FULL, PollContext, raise_alarm
from wcflow.poll.customers import HUNDRED, Refetched, apply_refetched, displaced, refetch
from wcflow.poll.orders import hidden_statuses
from wcflow.store.odd_values import odd_id, odd_time
from wcflow.store.store_info import fetch_index

log = structlog.get_logger()

MOST_PAGES = 50
"""Pages of 200 rows that one poll reads at most."""
_ORDER, _CUSTOMER = "order", "customer"
_DELETED, _NOTE = "deleted", "note"
_LATER = timedelta(seconds=2)
_UNKNOWN = datetime(9000, 1, 1, tzinfo=UTC)
"""The time of a change that has none: its record is read in any case."""
_KEPT = timedelta(days=13)
"""How long the plugin keeps rows, less a day."""


class Change(NamedTuple):
    """An order or a customer that was saved, trashed or deleted at a time by the store's clock."""

    kind: str
    number: int
    what: str
    at: datetime


def poll_changes(context: PollContext) -> bool:
    """Read the records that the plugin names; return False if the store has none or it fails.

    A plugin that fails stops no poll: what it would say is found by the rescan.
    """
    row = context.row()
    with context.db.reading() as tx:
        before = load_cursor(tx, context.store, CHANGES)
        since = load_followed_since(tx, context.store, CHANGES)
    if not row.has_companion:
        _save_since(context, since, None)
        return False
    pages = iter(range(MOST_PAGES))
    try:
        follow_stream(
            context.db,
            context.client,
            context.store,
            CHANGES,
            partial(_read_changed, context),
            stopping=lambda: next(pages, None) is None,
        )
    except StoreError as error:
        if since is not None:
            log.warning("changes cannot be read", store=context.store, error=str(error))
        _save_since(context, since, None)
        return False
    with context.db.reading() as tx:
        after = load_cursor(tx, context.store, CHANGES)
    late = row.polled_at is None or context.now - instant(row.polled_at) > _KEPT
    has_gap = since is None or late or _starts_anew(before, after)
    _save_since(context, since, stamp(context.now) if has_gap else since)
    return True


def notice_companion(context: PollContext) -> int:
    """Look whether the store has the plugin now, if it did not; return how many requests that took."""
    if context.row().has_companion:
        return 0
    if fetch_index(context.client).has_companion:
        with context.db.transaction() as tx:
            save_store(tx, context.store, has_companion=True)
        log.info("companion plugin found", store=context.store)
    return 1


def _starts_anew(before: Cursor, after: Cursor) -> bool:
    return before.epoch != after.epoch or after.row_id < before.row_id


def _save_since(context: PollContext, before: int | None, since: int | None) -> None:
    if before != since:
        with context.db.transaction() as tx:
            save_followed_since(tx, context.store, CHANGES, since)


def _read_changed(context: PollContext, rows: Sequence[Mapping[str, Any]]) -> int:
    """Read the records that these rows name, except those that were read after they had changed."""
    row = context.row()
    latest = {(each.kind, each.number): each for each in _parse(rows)}
    imported = instant(row.initial_sync_started or 0)
    changes = [each for each in latest.values() if not _was_read(context, each, imported)]
    customers = [each for each in changes if each.kind == _CUSTOMER]
    gone = _read_customers(context, customers)
    orders = {each.number: each.what for each in changes if each.kind == _ORDER}
    if gone and not row.uses_hpos:  # there, its orders have a new stamp
        with context.db.reading() as tx:
            orders |= dict.fromkeys(find_order_ids(tx, context.store, gone), "saved")
    for part in chunks(sorted(orders)):
        _read_orders(context, {number: orders[number] for number in part})
    context.checkpoint()
    return len(rows)


def _parse(rows: Sequence[Mapping[str, Any]]) -> Iterator[Change]:
    """Return what the rows name; notes of orders are of no interest."""
    for row in rows:
        number, what = odd_id(row.get("object_id")), row.get("what")
        if row.get("kind") in (_ORDER, _CUSTOMER) and number and what != _NOTE:
            yield Change(row["kind"], number, str(what), odd_time(row.get("at")) or _UNKNOWN)


def _was_read(context: PollContext, change: Change, imported: datetime) -> bool:
    """Return whether the record was read since it changed; the initial sync read everything."""
    read_at = context.read_at.get((change.kind, change.number), imported)
    return read_at >= change.at + _LATER


def _read_customers(context: PollContext, changes: Collection[Change]) -> frozenset[int]:
    """Read these customers; return those that were dropped because they no longer exist."""
    with context.db.reading() as tx:
        ids = [each.number for each in changes]
        known = load_customer_emails(tx, context.store, ids).keys()
    wanted = [each.number for each in changes if each.what != _DELETED or each.number in known]
    dropped = frozenset[int]()
    for part in chunks(sorted(wanted), HUNDRED):
        found, gone = refetch(context, part)
        others, also_gone = displaced(context, found)
        gone |= also_gone
        if len(gone) >= FULL and not context.approved and not _has_customers(context):
            raise_alarm(context, "customers", f"none, where {len(known)} are known")
            return dropped
        with context.db.transaction() as tx:
            apply_refetched(tx, context, Refetched([*others, *found], gone))
        dropped |= gone
    return dropped


def _has_customers(context: PollContext) -> bool:
    return bool(context.client.newest_customer_ids(1).total)


def _read_orders(context: PollContext, changes: Mapping[int, str]) -> None:
    """Read these orders, and drop those that the store no longer has."""
    with context.db.reading() as tx:
        known = load_orders(tx, context.store, changes).keys()
    there = {number for number, what in changes.items() if what != _DELETED}
    found = refetch_orders(context, "any", there)
    found |= refetch_orders(context, hidden_statuses(context), there - found)
    missing = known - found
    if len(missing) >= FULL and not context.approved and not _has_orders(context):
        return  # the nightly check decides about such a store
    confirm_missing_orders(context, missing)


def _has_orders(context: PollContext) -> bool:
    return bool(context.client.count_orders(status="any"))
