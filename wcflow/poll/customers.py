"""Customers who are new, and whether those that a list leaves out are really gone.

A customer's change has no stamp that could be asked for: who changed is found with their orders
(page.py) and by the sweep (sweep.py).
"""

from __future__ import annotations

from collections.abc import Collection
from functools import partial
from typing import NamedTuple

from msgspec.structs import replace

from wcflow.database.customers import ids_known_by
from wcflow.database.mapping import address_of
from wcflow.database.stores import save_store
from wcflow.errors import StoreError
from wcflow.poll.context import PollContext
from wcflow.poll.ownership import apply_customers, drop_customers
from wcflow.poll.quarantine import save_or_quarantine
from wcflow.records import Customer
from wcflow.store.listing import Listing

BATCH_SIZE = 100
_CONFIRM_EACH_UP_TO = 10


def poll_new_customers(context: PollContext) -> None:
    """Read the customers who registered since the last poll: their ids are higher than all before."""
    known = context.row().newest_customer
    newest = max(context.client.newest_customer_ids(1).rows, default=0)
    if newest <= known:
        return
    for ids in _new_ids(context, known, newest):
        received = kept_customers(context, context.customers(ids))
        present, deleted = find_displaced(context, received)
        with context.db.transaction() as tx:
            context.tally.deleted += drop_customers(tx, context.settings, deleted)
            context.tally.customers += save_or_quarantine(
                tx, context, [*present, *received], partial(apply_customers, tx, context.settings)
            )
            context.save_quarantine(tx)
            save_store(tx, context.store, newest_customer=max(ids))


def find_displaced(
    context: PollContext, received: Collection[Customer]
) -> tuple[list[Customer], frozenset[int]]:
    """Ask anew for those whose address one of ``told`` has now: who is there, and who is gone.

    WordPress gives an address to one account only. Who had it was deleted, or has another one by
    now; until that is known, one person would be two, and would be welcomed twice.
    """
    if not received:
        return [], frozenset()
    with context.db.reading() as tx:
        named = ids_known_by(tx, context.store, {address_of(each) for each in received} - {""})
    asked = sorted(named - {each.id for each in received})
    if not asked:
        return [], frozenset()
    listing = context.customers(asked)
    found, deleted = confirm_missing_customers(context, missing_ids(listing, asked))
    return [*kept_customers(context, listing), *found], deleted


def _new_ids(context: PollContext, known: int, newest: int) -> list[list[int]]:
    latest = context.client.newest_customer_ids(BATCH_SIZE)
    new = sorted(each for each in latest.rows if each > known)
    if len(new) < len(latest.rows) or not latest.full:
        return [new]
    # More than a page of them: every id in between is asked for, a hundred at a time.
    return [
        list(range(at, min(at + BATCH_SIZE, newest + 1)))
        for at in range(known + 1, newest + 1, BATCH_SIZE)
    ]


def kept_customers(context: PollContext, listing: Listing[Customer]) -> list[Customer]:
    """Give a list's customers with the meta that is to be kept."""
    return [trim_meta(customer, context.settings.meta_keys) for customer in listing.rows]


def trim_meta(customer: Customer, keys: frozenset[str]) -> Customer:
    """Leave out the meta that nobody asks for: plugins note logins and baskets there."""
    if not customer.meta or customer.meta.keys() <= keys:
        return customer
    return replace(customer, meta={k: v for k, v in customer.meta.items() if k in keys})


def missing_ids(listing: Listing[Customer], asked: Collection[int]) -> list[int]:
    """Give whom a list left out; nobody where it was cut short, which proves nothing."""
    if listing.full:
        return []
    present = {customer.id for customer in listing.rows} | {row.id for row in listing.unreadable}
    return sorted(set(asked) - present)


class ConfirmedCustomers(NamedTuple):
    """What became of those who were asked for by name; who is there and not understood is in neither."""

    found: list[Customer]
    deleted: frozenset[int]


def confirm_missing_customers(context: PollContext, missing: Collection[int]) -> ConfirmedCustomers:
    """Ask for those by name whom a list left out: each of a few, of many one for all.

    Raises StoreError where the shop contradicts itself about many: nothing may be concluded.
    """
    if len(missing) <= _CONFIRM_EACH_UP_TO:
        received = {customer_id: context.customer(customer_id) for customer_id in missing}
        found = [each for each in received.values() if isinstance(each, Customer)]
        return ConfirmedCustomers(
            [trim_meta(each, context.settings.meta_keys) for each in found],
            frozenset(customer_id for customer_id, each in received.items() if each is None),
        )
    if context.customer(min(missing)) is None:
        return ConfirmedCustomers([], frozenset(missing))
    raise StoreError(
        f"the store left {len(missing)} customers out of a list, and has them when asked by name",
        "look for a plugin that hides customers from the REST API; nothing was deleted",
        request="GET /customers",
    )
