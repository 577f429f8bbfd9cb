"""Deliver what is due, channel by channel: claim, send, record, until nothing is left.

What to send was decided before and stands in the outbox. A channel that is held or out of reach
does not stop the others.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from functools import partial

import structlog

from wcflow.actions.base import STORE, WaysOut
from wcflow.actions.registry import ENTRY_KINDS, channels
from wcflow.config.load import Config
from wcflow.database import outbox
from wcflow.database.connection import Database
from wcflow.database.outbox import OutboxEntry
from wcflow.errors import CancelledError, DeliveryError, WcflowError
from wcflow.outbox.delivery import Delivery, DeliveryResult, channel_is_down
from wcflow.outbox.limits import update_hold
from wcflow.outbox.meta import deliver_meta
from wcflow.redact import error_text

log = structlog.get_logger()


def deliver(
    db: Database,
    deliverers: WaysOut,
    config: Config,
    clock: Callable[[], datetime],
    holder: str,
    stopping: Callable[[], bool] = lambda: False,
    *,
    all_evaluated: bool = True,
    with_store: bool = True,
    look_first: bool = False,
) -> DeliveryResult:
    """Deliver all that is due for one store. Raises StoreError if the store is out of reach.

    Until everyone is evaluated (``all_evaluated``) only approved entries are delivered, because
    the write limit looks at all of them together. With ``look_first``, the store can contain changes
    that the database does not know of: each is looked for before it is made. Entries that were claimed but not tried are
    given back; the outcome of those that were tried is recorded before anything is raised.
    """
    result, store = DeliveryResult(), deliverers.store.name
    with db.transaction() as tx:
        outbox.recover_claims(tx, store, clock(), holder)
    store_error: DeliveryError | None = None
    for channel in channels():
        if stopping():
            break
        if not (with_store if channel == STORE else channel in deliverers.others):
            continue
        hold = update_hold(
            db, store, channel, config.max_writes, clock(), all_evaluated=all_evaluated
        )
        if hold.changed:
            event = "changes held" if hold.reason else "changes no longer held"
            log.warning(event, store=store, channel=channel, why=hold.reason)
        result.held, result.waiting = result.held or hold.reason, result.waiting + hold.waiting
        delivery = Delivery(
            db,
            deliverers,
            channel,
            holder,
            clock,
            config.rules.static_tags,
            config.manual_tags == "respect",
            approved_only=bool(hold.reason) or not all_evaluated,
            result=result,
            look_first=look_first,
        )
        try:
            _deliver_channel(delivery, stopping)
        except DeliveryError as error:
            if channel == STORE:
                store_error = error
            else:
                result.down[channel] = str(error)
                log.warning("channel out of reach", store=store, channel=channel, why=str(error))
    if store_error is not None:
        raise store_error
    result.interrupted = stopping()
    return result


def _deliver_channel(delivery: Delivery, stopping: Callable[[], bool]) -> None:
    """Deliver what is urgent, then the rest; what a run does next can become due meanwhile."""
    try:
        for urgent_only in (True, False):
            part = replace(delivery, urgent_only=urgent_only)
            while _deliver_each_kind(part, stopping):
                continue
    finally:
        with delivery.db.transaction() as tx:
            outbox.release_claims(tx, delivery.store_name, delivery.holder, delivery.tried)


def _deliver_each_kind(delivery: Delivery, stopping: Callable[[], bool]) -> bool:
    """Deliver meta first, because people read what follows; return whether anything was due."""
    deliveries = (
        partial(deliver_meta, delivery, "customer"),
        partial(deliver_meta, delivery, "order"),
        partial(_deliver_one, delivery),
    )
    some = False
    for deliver_next in deliveries:
        while not stopping() and deliver_next():
            some = True
    return some


def _deliver_one(delivery: Delivery) -> bool:
    """Deliver a single entry; return whether there was any."""
    entries = delivery.claim(lambda kind: kind.deliver is not None, 1)
    for entry in entries:
        delivery.tried.add(entry.id)
        try:
            deleted = delivery.without_result(entry)
            outcome = "" if deleted else _send(delivery, entry)
        except CancelledError as error:
            with delivery.db.transaction() as tx:
                delivery.cancel(tx, entry, str(error))
        except DeliveryError as error:
            with delivery.db.transaction() as tx:
                delivery.refused(tx, entry, error)
            if channel_is_down(error):
                raise
        else:
            with delivery.db.transaction() as tx:
                if deleted:
                    delivery.deleted(tx, deleted)
                else:
                    delivery.done(tx, entry, outcome)
    return bool(entries)


def _send(delivery: Delivery, entry: OutboxEntry) -> str:
    send = ENTRY_KINDS[entry.kind].deliver
    assert send is not None, "only kinds that are delivered one by one are claimed here"
    try:
        return send(entry, delivery.deliverers)
    except WcflowError:
        raise
    except Exception as error:  # a bug with one entry must not stop all others
        log.exception("internal error", store=delivery.store_name, id=entry.id)
        raise DeliveryError(f"internal error: {error_text(error)}") from error
