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
from wcflow.poll.ownership import drop_customers, store_customers
from wcflow.poll.quarantine import keep_singly
from wcflow.records import Customer
from wcflow.store.listing import Listing

HUNDRED = 100
_FEW = 10


def poll_new_customers(visit: PollContext) -> None:
    """Read the customers who registered since the last poll: their ids are higher than all before."""
    known = visit.row().newest_customer
    newest = max(visit.shop.newest_customer_ids(1).rows, default=0)
    if newest <= known:
        return
    for ids in _new_ids(visit, known, newest):
        told = read(visit, visit.customers(ids))
        there, gone = displaced(visit, told)
        with visit.db.transaction() as tx:
            visit.tally.deleted += drop_customers(tx, visit.settings, gone)
            visit.tally.customers += keep_singly(
                tx, visit, [*there, *told], partial(store_customers, tx, visit.settings)
            )
            visit.keep_notes(tx)
            save_store(tx, visit.store, newest_customer=max(ids))


def displaced(
    visit: PollContext, told: Collection[Customer]
) -> tuple[list[Customer], frozenset[int]]:
    """Ask anew for those whose address one of ``told`` has now: who is there, and who is gone.

    WordPress gives an address to one account only. Who had it was deleted, or has another one by
    now; until that is known, one person would be two, and would be welcomed twice.
    """
    if not told:
        return [], frozenset()
    with visit.db.reading() as tx:
        named = ids_known_by(tx, visit.store, {address_of(each) for each in told} - {""})
    asked = sorted(named - {each.id for each in told})
    if not asked:
        return [], frozenset()
    listing = visit.customers(asked)
    found, gone = found_after_all(visit, missing_from(listing, asked))
    return [*read(visit, listing), *found], gone


def _new_ids(visit: PollContext, known: int, newest: int) -> list[list[int]]:
    latest = visit.shop.newest_customer_ids(HUNDRED)
    new = sorted(each for each in latest.rows if each > known)
    if len(new) < len(latest.rows) or not latest.full:
        return [new]
    # More than a page of them: every id in between is asked for, a hundred at a time.
    return [
        list(range(at, min(at + HUNDRED, newest + 1)))
        for at in range(known + 1, newest + 1, HUNDRED)
    ]


def read(visit: PollContext, listing: Listing[Customer]) -> list[Customer]:
    """Give a list's customers with the meta that is to be kept."""
    return [trimmed(customer, visit.settings.meta_keys) for customer in listing.rows]


def trimmed(customer: Customer, keys: frozenset[str]) -> Customer:
    """Leave out the meta that nobody asks for: plugins note logins and baskets there."""
    if not customer.meta or customer.meta.keys() <= keys:
        return customer
    return replace(customer, meta={k: v for k, v in customer.meta.items() if k in keys})


def missing_from(listing: Listing[Customer], asked: Collection[int]) -> list[int]:
    """Give whom a list left out; nobody where it was cut short, which proves nothing."""
    if listing.full:
        return []
    there = {customer.id for customer in listing.rows} | {row.id for row in listing.unreadable}
    return sorted(set(asked) - there)


class ByName(NamedTuple):
    """What became of those who were asked for by name; who is there and not understood is in neither."""

    found: list[Customer]
    gone: frozenset[int]


def found_after_all(visit: PollContext, missing: Collection[int]) -> ByName:
    """Ask for those by name whom a list left out: each of a few, of many one for all.

    Raises StoreError where the shop contradicts itself about many: nothing may be concluded.
    """
    if len(missing) <= _FEW:
        told = {customer_id: visit.customer(customer_id) for customer_id in missing}
        found = [each for each in told.values() if isinstance(each, Customer)]
        return ByName(
            [trimmed(each, visit.settings.meta_keys) for each in found],
            frozenset(customer_id for customer_id, each in told.items() if each is None),
        )
    if visit.customer(min(missing)) is None:
        return ByName([], frozenset(missing))
    raise StoreError(
        f"the store left {len(missing)} customers out of a list, and has them when asked by name",
        "look for a plugin that hides customers from the REST API; nothing was deleted",
        asked="GET /customers",
    )
