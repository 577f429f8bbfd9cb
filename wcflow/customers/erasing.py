"""Carry on with the deletion of customers after each delivery: orders first, then the account.

Every step looks at what the database and the outbox say now, so that it can be repeated.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

import structlog
from sqlalchemy import ColumnElement, Connection, select

from wcflow.actions.erase import DELETE_ACCOUNT
from wcflow.customers.erasure import (
    ERASED,
    ORDER_KINDS,
    SUBSCRIPTION_KINDS,
    Orders,
    queue_account,
    queue_orders,
    queue_subscriptions,
)
from wcflow.database.edits import EditedBy
from wcflow.database.erase_person import empty_changes
from wcflow.database.erasures import (
    Erasure,
    OpenIdentities,
    Place,
    finish_erasure,
    load_erasures,
    load_open_identities,
    load_places,
)
from wcflow.database.identity import Owner
from wcflow.database.orders import load_orders, load_orders_of_people
from wcflow.database.sql import stamp, table_of
from wcflow.database.subscriptions import (
    anonymize_subscriptions,
    delete_subscriptions,
    load_guest_subscriptions,
    load_subscriptions_of_people,
)
from wcflow.database.tables import OrderRow
from wcflow.poll.compare import confirm_missing_orders, refetch_orders
from wcflow.poll.context import PollContext
from wcflow.poll.customers import reread_edited
from wcflow.poll.orders import hidden_statuses
from wcflow.poll.ownership import drop_customers, mark_owners_dirty
from wcflow.profile import guest_key
from wcflow.units import is_anonymous

log = structlog.get_logger()
_ORDERS = table_of(OrderRow)
_LATE = timedelta(days=7)
"""Orders of guests that were placed so long before a deletion are looked for if they arrive later."""


def follow_deliveries(context: PollContext) -> None:
    """Read again what was just written by hand, and carry on with the deletion of customers."""
    reread_edited(context)
    with context.db.reading() as tx:
        unfinished = load_erasures(tx, context.store, unfinished=True)
    for erasure in unfinished:
        _advance(context, erasure)
        context.checkpoint()


def _advance(context: PollContext, erasure: Erasure) -> None:
    with context.db.reading() as tx:
        places = load_places(tx, erasure)
        changed = _changed_orders(tx, erasure, places)
    if erasure.mode == Orders.ANONYMIZE:
        changed -= refetch_orders(context, "any", changed)
        changed -= refetch_orders(context, hidden_statuses(context), changed)
    confirm_missing_orders(context, changed)
    with context.db.transaction() as tx:
        _take_next_step(tx, context, erasure)


def _changed_orders(tx: Connection, erasure: Erasure, places: Iterable[Place]) -> set[int]:
    """Return the orders that the store has anonymized or deleted, and the local copy not yet."""
    done = [
        each.target_id
        for each in places
        if each.kind in ORDER_KINDS.values() and each.state == "done"
    ]
    known = load_orders(tx, erasure.store, done)
    deleted = erasure.mode == Orders.DELETE
    return {
        number
        for number, order in known.items()
        if deleted or order.customer_id or (order.email and not is_anonymous(order.email))
    }


def _take_next_step(tx: Connection, context: PollContext, erasure: Erasure) -> None:
    store, places = erasure.store, load_places(tx, erasure)
    by = EditedBy(erasure.erased_by, context.now)
    orders = {each.target_id for each in places if each.kind in ORDER_KINDS.values()}
    late = _find_late_orders(tx, erasure, orders)
    queue_orders(tx, erasure, late, by)
    late += (subscriptions := _find_late_subscriptions(tx, erasure, places))
    queue_subscriptions(tx, erasure, subscriptions, by)
    _forget_subscriptions(tx, erasure, places)
    if late or any(each.state != "done" for each in places):
        return
    if erasure.account and all(each.kind != DELETE_ACCOUNT for each in places):
        queue_account(tx, erasure, by)
        return
    if erasure.account:
        drop_customers(tx, context.settings, [erasure.account])
        # The plugin deletes with an account what it still has.
        left = load_subscriptions_of_people(tx, store, [erasure.account], [])
        delete_subscriptions(tx, store, [each.id for each in left])
    # What was being delivered at the moment of the deletion has left its outcome.
    empty_changes(tx, store, erasure.person, ERASED, context.now)
    later = _find_later_owners(tx, erasure)
    finish_erasure(tx, erasure.id, context.now)
    mark_owners_dirty(tx, context.settings, later)
    log.info("customer deleted", store=store, erasure=erasure.id)


def _find_late_orders(tx: Connection, erasure: Erasure, known: Collection[int]) -> list[int]:
    """Return orders of the person that were placed before the deletion, and read after it.

    Those that were placed later belong to whoever placed them.
    """
    erased = load_open_identities(tx, erasure.store, erasure.id)
    numbers = [erasure.account] if erasure.account else []
    found = {
        each.id
        for each in load_orders_of_people(tx, erasure.store, numbers, [])
        if each.created <= erasure.at
    }
    found |= _find_guest_orders(tx, erasure, erased)
    return sorted(found - {*known})


def _find_guest_orders(tx: Connection, erasure: Erasure, erased: OpenIdentities) -> set[int]:
    recent = (
        *_guest_orders_since(erasure, erasure.at - _LATE),
        _ORDERS.c.created <= stamp(erasure.at),
    )
    rows = tx.execute(select(_ORDERS.c.id, _ORDERS.c.email).where(*recent))
    return {row.id for row in rows if guest_key(row.email) in erased}


def _find_late_subscriptions(
    tx: Connection, erasure: Erasure, places: Iterable[Place]
) -> list[int]:
    """Return subscriptions of the person that began before the deletion, and were read after it."""
    known = {each.target_id for each in places if each.kind in SUBSCRIPTION_KINDS.values()}
    numbers = [erasure.account] if erasure.account else []
    erased = load_open_identities(tx, erasure.store, erasure.id)
    guests = load_guest_subscriptions(tx, erasure.store)
    emails = {email for _, email in guests if guest_key(email) in erased}
    found = load_subscriptions_of_people(tx, erasure.store, numbers, emails)
    return sorted({each.id for each in found if each.created <= erasure.at} - known)


def _forget_subscriptions(tx: Connection, erasure: Erasure, places: Iterable[Place]) -> None:
    """Do here what the store has done; its own answer can come late, or from a cache."""
    kind = SUBSCRIPTION_KINDS[erasure.mode]
    done = [each.target_id for each in places if each.kind == kind and each.state == "done"]
    if erasure.mode == Orders.DELETE:
        delete_subscriptions(tx, erasure.store, done)
    else:
        anonymize_subscriptions(tx, erasure.store, done)


def _guest_orders_since(erasure: Erasure, start: datetime) -> tuple[ColumnElement[bool], ...]:
    return (
        _ORDERS.c.store == erasure.store,
        _ORDERS.c.created >= stamp(start),
        _ORDERS.c.customer_id == 0,
    )


def _find_later_owners(tx: Connection, erasure: Erasure) -> set[Owner]:
    """Return the addresses under which there were orders since the deletion was asked for."""
    erased = load_open_identities(tx, erasure.store, erasure.id)
    since = _guest_orders_since(erasure, erasure.at)
    emails = tx.scalars(select(_ORDERS.c.email).where(*since).distinct())
    return {Owner(0, email) for email in emails if guest_key(email) in erased}
