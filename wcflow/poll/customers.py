"""Customers: new ones, missing ones, and the rescan that reads all of them again within a day.

WooCommerce stamps no change of a customer. Changes are found with the customer's orders
(``orders``) and by the rescan. With the companion plugin ``changes`` finds most of them at once, and
the rescan takes a week.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import NamedTuple

from msgspec.structs import replace
from sqlalchemy import Connection

from wcflow.actions.customer_fields import CUSTOMER_FIELDS
from wcflow.database.customers import (
    find_accounts_with,
    find_customer_ids,
    load_next_customer_ids,
)
from wcflow.database.mapping import primary_email
from wcflow.database.orders import find_guest_owners
from wcflow.database.outbox_order import load_finished_targets
from wcflow.database.sql import count_customers, instant, stamp
from wcflow.database.stores import Rescan, load_rescan, save_rescan, save_store
from wcflow.database.tables import StoreRow
from wcflow.errors import StoreError
from wcflow.poll.context import FULL, PollContext, clear_alarm, raise_alarm
from wcflow.poll.ownership import apply_customers, drop_customers
from wcflow.poll.quarantine import save_or_quarantine
from wcflow.records import Customer, Order
from wcflow.store.listing import Listing
from wcflow.units import is_nobody, work_due

HUNDRED = 100
MAX_BATCHES = 20
"""Batches of a rescan that one poll reads at most, even if the rescan is late."""
_FEW = 10
SLOWER = 7
"""How many times longer a rescan takes while the companion plugin names what changed."""
_RESCAN = "customers"
_BAD_REQUEST = 400
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")


class Refetched(NamedTuple):
    """Customers that exist, and ids that do not. UnreadableRow customers are in neither."""

    found: list[Customer]
    gone: frozenset[int]


def refetch(context: PollContext, ids: Collection[int], *, any_role: bool = False) -> Refetched:
    """Request customers by id, and confirm by single requests that the missing ones are gone.

    Raises StoreError if the store's answers contradict each other about many customers.
    """
    listing = context.customers(ids, any_role=any_role)
    found, gone = confirm_missing(context, missing_from(listing, ids))
    return Refetched([*trimmed(context, listing.rows), *found], gone)


def apply_refetched(tx: Connection, context: PollContext, refetched: Refetched) -> None:
    """Save the customers that exist, and drop those that do not."""
    context.tally.deleted += drop_customers(tx, context.settings, refetched.gone)
    save_customers(tx, context, refetched.found)
    context.save_quarantine(tx)


def save_customers(tx: Connection, context: PollContext, customers: Collection[Customer]) -> None:
    """Save customers, and quarantine those that the database refuses."""
    context.tally.customers += save_or_quarantine(
        tx,
        context.quarantine,
        customers,
        partial(apply_customers, tx, context.settings, context.now),
    )


def missing_from(listing: Listing[Customer], ids: Collection[int]) -> list[int]:
    """Return the ids that a list left out; none if it was cut short, which proves nothing."""
    if listing.full:
        return []
    there = {customer.id for customer in listing.rows} | {row.id for row in listing.unreadable}
    return sorted(set(ids) - there)


def confirm_missing(context: PollContext, missing: Collection[int]) -> Refetched:
    """Request each missing customer by id; of more than a few, only the first."""
    if len(missing) <= _FEW:
        answers = {customer_id: context.customer(customer_id) for customer_id in missing}
        found = [each for each in answers.values() if isinstance(each, Customer)]
        gone = frozenset(number for number, each in answers.items() if each is None)
        return Refetched(trimmed(context, found), gone)
    if context.customer(min(missing)) is None:
        return Refetched([], frozenset(missing))
    raise StoreError(
        f"the store left {len(missing)} customers out of a list but returns them one by one",
        "Look for a plugin that hides customers from the REST API. Nothing was deleted.",
        request="GET /customers",
    )


def trimmed(context: PollContext, customers: Collection[Customer]) -> list[Customer]:
    """Remove the meta that no rule uses: plugins store logins and baskets there."""
    keys = context.meta_keys
    return [
        replace(each, meta={k: v for k, v in each.meta.items() if k in keys})
        if each.meta and not each.meta.keys() <= keys
        else each
        for each in customers
    ]


# New customers


def poll_new_customers(context: PollContext) -> None:
    """Read the customers who registered since the last poll: new ids are always higher."""
    known = context.row().newest_customer_id
    newest = max(context.client.newest_customer_ids(1).rows, default=0)
    if newest <= known:
        return
    for ids in _new_ids(context, known, newest):
        new = trimmed(context, context.customers(ids).rows)
        others, gone = displaced(context, new)
        with context.db.transaction() as tx:
            apply_refetched(tx, context, Refetched([*others, *new], gone))
            save_store(tx, context.store, newest_customer_id=max(ids))


def _new_ids(context: PollContext, known: int, newest: int) -> list[list[int]]:
    latest = context.client.newest_customer_ids(HUNDRED)
    new = sorted(each for each in latest.rows if each > known)
    if len(new) < len(latest.rows) or not latest.full:
        return [new] if new else []  # the newest can be deleted between two requests
    # More than a page: request every id in between, a hundred at a time.
    return [
        list(range(at, min(at + HUNDRED, newest + 1)))
        for at in range(known + 1, newest + 1, HUNDRED)
    ]


def displaced(context: PollContext, customers: Collection[Customer]) -> Refetched:
    """Refetch other customers who are known under an address that one of these has now.

    WordPress allows an address for one account only, so the other account was deleted or has a new
    address. Until that is known, one person would count as two and be welcomed twice.
    """
    if not customers:
        return Refetched([], frozenset())
    with context.db.reading() as tx:
        same = find_customer_ids(
            tx, context.store, {primary_email(each) for each in customers} - {""}
        )
    others = sorted(same - {each.id for each in customers})
    return refetch(context, others) if others else Refetched([], frozenset())


def find_accounts_of_guests(
    context: PollContext, orders: Iterable[Order], customers: Collection[Customer]
) -> list[Customer]:
    """Request the accounts with the addresses of these guest orders that are not known yet.

    Only the rescan sees that an account has a new address. Until then, a customer who orders as a
    guest under it would be welcomed as somebody new. Each address is requested once: after that
    there is an order or an account with it.
    """
    absent = context.absent_customers
    emails = {each.email for each in orders if each.customer_id in {0, *absent}}
    emails -= {primary_email(each) for each in customers}
    shared = context.settings.shared_emails
    emails = {each for each in emails if _EMAIL.fullmatch(each) and not is_nobody(each, shared)}
    if not emails:
        return []
    with context.db.reading() as tx:
        emails -= {owner.email for owner in find_guest_owners(tx, context.store, emails)}
        emails -= find_accounts_with(tx, context.store, emails).keys()
    found: list[Customer] = []
    for email in sorted(emails):
        context.checkpoint()
        found += _request_account(context, email)
    known = {each.id for each in customers}
    return trimmed(context, [each for each in found if each.id not in known])


def _request_account(context: PollContext, email: str) -> Sequence[Customer]:
    try:
        return context.customers_with_email(email).rows
    except StoreError as error:
        if error.status == _BAD_REQUEST:  # WordPress does not accept every address as one
            return ()
        raise


# Customers whose names or addresses wcflow has just written


def reread_edited(context: PollContext) -> None:
    """Read the customers again whose edits were finished since the last complete poll.

    The rescan would take a day. Where an edit failed because someone changed the same field, what
    they wrote is read as well. Called after a delivery, and by the next poll in case that was
    interrupted.
    """
    polled_at = context.row().polled_at
    if polled_at is None:
        return
    with context.db.reading() as tx:
        since = instant(polled_at)
        ids = sorted(load_finished_targets(tx, context.store, [CUSTOMER_FIELDS], since))
    for first in range(0, len(ids), HUNDRED):
        found, gone = refetch(context, ids[first : first + HUNDRED])
        others, also_gone = displaced(context, found)
        with context.db.transaction() as tx:
            apply_refetched(tx, context, Refetched([*others, *found], gone | also_gone))
        context.checkpoint()


# The rescan: a hundred customers at a time, spread evenly over the polls of a day. If there are
# too many accounts for that, the nightly check reads the rest.


class CustomerRescan(NamedTuple):
    """A rescan under way: when it began, and how many of its batches are done."""

    started: datetime
    done: int
    batches: int


def rescan_customers(context: PollContext, most: int = MAX_BATCHES) -> int:
    """Read the customers again that are due, and return how many batches that took."""
    return _rescan(context, min(most, MAX_BATCHES))


def catch_up_customers(context: PollContext) -> None:
    """Read all customers again that the polls had no room for; for the nightly check."""
    row = context.row()
    if row.customer_rescan_started is None:
        return
    late = due_batches(context.now, _load(context, row), _period(context))
    if late > MAX_BATCHES:
        _rescan(context, late)


def drop_approved_customers(context: PollContext) -> None:
    """Drop customers whose deletion an admin confirmed, up to the first batch that is complete_page."""
    deleted = -1
    while context.tally.deleted > deleted:
        deleted = context.tally.deleted
        if not _read_batch(context, _load(context, context.row())):
            return


def due_batches(now: datetime, rescan: CustomerRescan, period: timedelta) -> int:
    """Return how many batches are due now, so that all are done within ``period``."""
    due = work_due((now - rescan.started) / period, rescan.done, rescan.batches)
    return min(due, rescan.batches - rescan.done)


def _rescan(context: PollContext, most: int) -> int:
    row, period = context.row(), _period(context)
    rescan = _load(context, row)
    over = rescan.done >= rescan.batches and context.now - rescan.started >= period
    if row.customer_rescan_started is None or over:
        rescan = _begin_next(context, rescan, period)
    read = 0
    while read < most and due_batches(context.now, rescan, period):
        if not _read_batch(context, rescan):
            break
        read += 1
        context.checkpoint()
        rescan = _load(context, context.row())
    return read


def _period(context: PollContext) -> timedelta:
    """Return how long a rescan takes: longer while the companion plugin names what changed."""
    period = timedelta(seconds=context.settings.rescan_every.seconds)
    return SLOWER * period if context.follows_changes(2 * period) else period


def _load(context: PollContext, row: StoreRow) -> CustomerRescan:
    """Load the rescan's progress; customers who registered meanwhile belong to it too."""
    with context.db.reading() as tx:
        saved = load_rescan(tx, context.store, _RESCAN)
        done, batches = (saved.done, saved.pages) if saved else (0, 0)
        more = done >= batches and load_next_customer_ids(
            tx, context.store, row.customer_rescan_position, 1
        )
    if saved is None or saved.started != row.customer_rescan_started or more:
        return _count(context, row)
    return CustomerRescan(instant(saved.started), done, batches)


def _count(context: PollContext, row: StoreRow) -> CustomerRescan:
    """Count all customers, once per rescan because that is slow."""
    started = (
        context.now if row.customer_rescan_started is None else instant(row.customer_rescan_started)
    )
    with context.db.reading() as tx:
        passed = count_customers(tx, context.store, row.customer_rescan_position)
        total = count_customers(tx, context.store)
    done = -(-passed // HUNDRED)
    rescan = CustomerRescan(started, done, done + -(-(total - passed) // HUNDRED))
    if row.customer_rescan_started is not None:
        with context.db.transaction() as tx:
            _save(tx, context, rescan)
    return rescan


def _save(tx: Connection, context: PollContext, rescan: CustomerRescan) -> None:
    progress = Rescan(stamp(rescan.started), 0, 0, rescan.done, rescan.batches)
    save_rescan(tx, context.store, _RESCAN, progress)


def _begin_next(context: PollContext, rescan: CustomerRescan, period: timedelta) -> CustomerRescan:
    # It begins when the last one should have ended; after a long pause all of it is due.
    begins = min(context.now, max(rescan.started + period, context.now - period))
    with context.db.transaction() as tx:
        save_store(
            tx, context.store, customer_rescan_position=0, customer_rescan_started=stamp(begins)
        )
    return _load(context, context.row())


def _read_batch(context: PollContext, rescan: CustomerRescan) -> bool:
    """Read the next hundred customers; return False if there is nothing left to do now."""
    position = context.row().customer_rescan_position
    with context.db.reading() as tx:
        ids = load_next_customer_ids(tx, context.store, position, HUNDRED)
    if not ids:
        with context.db.transaction() as tx:
            _save(tx, context, rescan._replace(done=rescan.batches))
        return False
    refetched = refetch(context, ids, any_role=True)
    if len(refetched.gone) == len(ids) >= FULL and not context.approved:
        missing = f"none of the {len(ids)} known with ids {ids[0]} to {ids[-1]} came back"
        raise_alarm(context, "customers", missing)
        return False
    with context.db.transaction() as tx:
        apply_refetched(tx, context, refetched)
        clear_alarm(tx, context, "customers")
        save_store(tx, context.store, customer_rescan_position=ids[-1])
        _save(tx, context, rescan._replace(done=rescan.done + 1))
    return True
