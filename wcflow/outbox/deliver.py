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
from wcflow.database import outbox, waiting
from wcflow.database.connection import Database
from wcflow.database.outbox import OutboxEntry
from wcflow.database.sql import stamp
from wcflow.database.stores import load_channel_errors, load_store_row, save_channel_error
from wcflow.errors import CancelledError, DeliveryError, WcflowError
from wcflow.outbox.delivery import Delivery, DeliveryResult, channel_is_down
from wcflow.outbox.gate import Gate, LoadProfiles, deliver_messages
from wcflow.outbox.limits import update_hold
from wcflow.outbox.meta import deliver_meta
from wcflow.redact import error_text
from wcflow.units import parse_zone

log = structlog.get_logger()


def deliver(
    db: Database,
    deliverers: WaysOut,
    config: Config,
    load_profiles: LoadProfiles,
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
        row = load_store_row(tx, store)
        assert row is not None, "the store is known before anything is delivered to it"
    gate = Gate(
        store,
        parse_zone(row.time_zone),
        config.contact,
        load_profiles,
        frozenset(deliverers.others),
        all_evaluated,
    )
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
        done = result.done
        try:
            _deliver_channel(delivery, gate, stopping)
            if _is_reachable_again(delivery, answered=result.done > done):
                _deliver_channel(delivery, gate, stopping)
            result.pause = max(result.pause, _pause_of_due(delivery))
        except DeliveryError as error:
            if channel == STORE:
                store_error = error
            else:
                result.down[channel] = str(error)
                _note_outage(delivery, error)
    if store_error is not None:
        raise store_error
    result.interrupted = stopping()
    return result


def _note_outage(delivery: Delivery, error: DeliveryError) -> None:
    """Save why nothing gets through; it is logged when it changes."""
    store, channel = delivery.store_name, delivery.channel
    reason = f"{error}. {error.advice}" if error.advice else str(error)
    with delivery.db.transaction() as tx:
        known = load_channel_errors(tx, store).get(channel)
        since = known[1] if known else stamp(delivery.now())
        save_channel_error(tx, store, channel, reason, since)
    if known is None or known[0] != reason:
        log.warning("channel out of reach", store=store, channel=channel, why=reason)


def _pause_of_due(delivery: Delivery) -> float:
    """Return for how many seconds a rate limit holds up what is due now; 0 if there is nothing."""
    seconds = delivery.pause()
    if not seconds:
        return 0.0
    with delivery.db.reading() as tx:
        due = waiting.has_due(tx, delivery.store_name, delivery.channel, delivery.now())
    return seconds if due else 0.0


def _is_reachable_again(delivery: Delivery, *, answered: bool) -> bool:
    """Return whether an outage is over; what waited because of it is due now."""
    store, channel = delivery.store_name, delivery.channel
    with delivery.db.transaction() as tx:
        if channel not in load_channel_errors(tx, store):
            return False
        if not answered and waiting.has_due(tx, store, channel):
            return False
        save_channel_error(tx, store, channel, "", None)
        released = waiting.end_outage(tx, store, channel, delivery.now())
    if answered:
        log.info("channel works again", store=store, channel=channel)
    return released > 0


def _deliver_channel(delivery: Delivery, gate: Gate, stopping: Callable[[], bool]) -> None:
    """Deliver what is urgent, then the rest; what a run does next can become due meanwhile."""
    try:
        for urgent_only in (True, False):
            part = replace(delivery, urgent_only=urgent_only)
            while _deliver_each_kind(part, gate, stopping):
                continue
    finally:
        with delivery.db.transaction() as tx:
            outbox.release_claims(tx, delivery.store_name, delivery.holder, delivery.tried)


def _deliver_each_kind(delivery: Delivery, gate: Gate, stopping: Callable[[], bool]) -> bool:
    """Deliver meta first, because people read what follows; return whether anything was due.

    Messages have an order of their own, in which urgent ones do not always come first.
    """
    deliveries: list[Callable[[], bool]] = [
        partial(deliver_meta, delivery, "customer"),
        partial(deliver_meta, delivery, "order"),
        partial(_deliver_one, delivery),
    ]
    if not delivery.urgent_only:
        send = partial(_perform, delivery)
        deliveries.append(partial(deliver_messages, delivery, gate, send, stopping))
    some = False
    for deliver_next in deliveries:
        while not stopping() and deliver_next():
            some = True
    return some


def _deliver_one(delivery: Delivery) -> bool:
    """Deliver a single entry; return whether there was any, and the channel takes it now."""
    if delivery.pause():
        return False
    entries = delivery.claim(lambda kind: kind.deliver is not None and not kind.message, 1)
    for entry in entries:
        _perform(delivery, entry)
    return bool(entries)


def _perform(delivery: Delivery, entry: OutboxEntry) -> bool:
    """Deliver an entry and record its outcome; return whether it was delivered.

    Raises DeliveryError if nothing else gets through either.
    """
    delivery.tried.add(entry.id)
    deleted, outcome, error = None, "", None
    try:
        deleted = delivery.without_result(entry)
        outcome = "" if deleted else _send(delivery, entry)
    except (CancelledError, DeliveryError) as failure:
        error = failure
    with delivery.db.transaction() as tx:
        if isinstance(error, CancelledError):
            delivery.cancel(tx, entry, str(error))
        elif error is not None:
            delivery.refused(tx, entry, error)
        elif deleted:
            delivery.deleted(tx, deleted)
        else:
            delivery.done(tx, entry, outcome)
    delivery.tried.discard(entry.id)
    if isinstance(error, DeliveryError) and channel_is_down(error):
        raise error
    return error is None and not deleted


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
