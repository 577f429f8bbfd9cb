"""Read the subscriptions that changed, where the store has the plugin WooCommerce Subscriptions."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from datetime import datetime
from http import HTTPStatus

import structlog
from msgspec.structs import replace
from sqlalchemy import Connection

from wcflow.database.erasures import load_erased_at
from wcflow.database.sql import instant, stamp
from wcflow.database.stores import save_store
from wcflow.database.subscriptions import (
    delete_subscriptions,
    load_subscription_ids,
    save_subscriptions,
)
from wcflow.errors import StoreError
from wcflow.poll.context import PollContext
from wcflow.poll.ownership import mark_owners_dirty
from wcflow.poll.paginate import KeysetPager, cursor_margin
from wcflow.poll.products import EARLIEST
from wcflow.profile import account_key, guest_key
from wcflow.records import Subscription
from wcflow.store.errors import is_store_wide
from wcflow.units import ANONYMOUS_EMAIL

log = structlog.get_logger()
_NOT_THERE = {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND}
"""The plugin was switched off since the store's index was read, or the key cannot read them."""


def poll_subscriptions(context: PollContext) -> None:
    """Read the subscriptions that changed since the last poll."""
    row = context.row()
    if row.has_subscriptions:
        since = row.subscription_cursor
        _try(context, lambda: _read(context, EARLIEST if since is None else instant(since)))


def rescan_subscriptions(context: PollContext) -> None:
    """Read all subscriptions again, and drop those that no longer exist.

    An empty answer drops nothing.
    """
    if not context.row().has_subscriptions:
        return
    seen: set[int] = set()
    if not _try(context, lambda: _read(context, EARLIEST, seen)) or not seen:
        return
    with context.db.transaction() as tx:
        gone = load_subscription_ids(tx, context.store) - seen
        gone -= context.quarantine.ids("subscription")
        mark_owners_dirty(tx, context.settings, delete_subscriptions(tx, context.store, gone))


def forget_subscription_cursor(context: PollContext) -> None:
    """Let the next poll read all subscriptions again."""
    with context.db.transaction() as tx:
        save_store(tx, context.store, subscription_cursor=None)


def _try(context: PollContext, work: Callable[[], None]) -> bool:
    """Do the work; if only subscriptions cannot be read, the rest of the poll continues."""
    try:
        work()
    except StoreError as error:
        if error.status not in _NOT_THERE and is_store_wide(error):
            raise
        log.warning("subscriptions cannot be read", store=context.store, why=str(error))
        if error.status in _NOT_THERE:
            with context.db.transaction() as tx:
                save_store(tx, context.store, has_subscriptions=False)
        return False
    return True


def _read(context: PollContext, since: datetime, seen: set[int] | None = None) -> None:
    for step in _pager(context).steps(since):
        latest = min(step.position, step.server_now - cursor_margin(step.server_now, context.zone))
        with context.db.transaction() as tx:
            _apply(tx, context, step.rows)
            save_store(tx, context.store, subscription_cursor=stamp(latest))
        if seen is not None:
            seen.update(each.id for each in step.rows)
        context.checkpoint()


def _apply(tx: Connection, context: PollContext, rows: Collection[Subscription]) -> None:
    owners = save_subscriptions(tx, context.store, _without_erased(tx, context.store, rows))
    mark_owners_dirty(tx, context.settings, owners)
    context.save_quarantine(tx)


def _without_erased(tx: Connection, store: str, rows: Iterable[Subscription]) -> list[Subscription]:
    """Take out whoever was deleted since: an old answer of the store must not bring them back.

    A guest's subscription that began after the deletion belongs to whoever has the address now; the
    number of a deleted account is no one's any more.
    """
    keys = {each.id: _key(each) for each in rows}
    erased = load_erased_at(tx, store, keys.values())
    return [
        replace(each, customer_id=0, email=ANONYMOUS_EMAIL)
        if (at := erased.get(keys[each.id])) and (each.customer_id or each.created <= at)
        else each
        for each in rows
    ]


def _key(each: Subscription) -> str:
    return account_key(each.customer_id) if each.customer_id else guest_key(each.email)


def _pager(context: PollContext) -> KeysetPager[Subscription]:
    return KeysetPager(
        ask=context.subscriptions,
        by="modified",
        stamp=lambda each: each.modified,
        number=lambda each: each.id,
        zone=context.zone,
    )
