"""The end of a resync: what the census did not meet is asked for by name, and everybody looked at."""

from __future__ import annotations

from sqlalchemy import Connection

from wcflow.errors import StoreError
from wcflow.mirror.counts import count_customers, count_orders
from wcflow.mirror.customers import customer_ids_after
from wcflow.mirror.doubts import (
    CUSTOMER,
    ORDER,
    confirm,
    doubted,
    drop_memberships_of_nobody,
    forget_doubts,
)
from wcflow.mirror.orders import Owner
from wcflow.mirror.stores import save_setting, setting
from wcflow.mirror.upserts import chunks
from wcflow.poll.beginning import resyncing
from wcflow.poll.brake import FULL, hold
from wcflow.poll.compare import look_for
from wcflow.poll.customers import HUNDRED, found_after_all, missing_from, read
from wcflow.poll.people import drop_customers, keep_customers, touch_everyone, touch_owners
from wcflow.poll.visit import Visit


def settle_doubts(visit: Visit) -> None:
    """Drop what the shop no longer has, unless it seems to have lost everything."""
    with visit.db.reading() as tx:
        if not setting(tx, resyncing(visit.store)):
            return
    _settle_customers(visit)
    _settle_orders(visit)
    with visit.db.transaction() as tx:
        touch_everyone(tx, visit.settings)
        everyone = customer_ids_after(tx, visit.store, 0, count_customers(tx, visit.store))
        touch_owners(tx, visit.settings, {Owner(each, "") for each in everyone})
        drop_memberships_of_nobody(tx, visit.store)
        save_setting(tx, resyncing(visit.store), "")


def _settle_customers(visit: Visit) -> None:
    for ids in chunks(_left(visit, CUSTOMER), HUNDRED):
        listing = visit.customers(ids)
        found, gone = found_after_all(visit, missing_from(listing, ids))
        with visit.db.transaction() as tx:
            visit.tally.deleted += drop_customers(tx, visit.settings, gone)
            told = [*read(visit, listing), *found]
            visit.tally.customers += keep_customers(tx, visit.settings, told)
            visit.keep_notes(tx)
            confirm(tx, visit.store, CUSTOMER, ids)
        visit.alive()


def _settle_orders(visit: Visit) -> None:
    for ids in chunks(_left(visit, ORDER), HUNDRED):
        look_for(visit, ids)
        with visit.db.transaction() as tx:
            confirm(tx, visit.store, ORDER, ids)


def _left(visit: Visit, kind: str) -> list[int]:
    """Give what is doubted still: nothing where a full mirror would be emptied, which is held instead."""
    with visit.db.reading() as tx:
        left = doubted(tx, visit.store, kind)
        known = _count(tx, visit.store, kind)
    if visit.accept or known < FULL or len(left) < known:
        return left
    with visit.db.transaction() as tx:
        forget_doubts(tx, visit.store, kind)
    what = f"{kind}s"
    if (visit.order if kind == ORDER else visit.customer)(max(left)) is not None:
        raise StoreError(
            f"the store lists no {what}, and has them when asked by name",
            "look for a plugin or a cache that changes the REST API; nothing was deleted",
            asked=f"GET /{what}",
        )
    hold(visit, what, f"none, where {known} are known")
    return []


def _count(tx: Connection, store: str, kind: str) -> int:
    return sum(count_orders(tx, store).values()) if kind == ORDER else count_customers(tx, store)
