"""Counts of orders that need an admin's decision: split orders, and currencies without a rate."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, func, select

from wcflow.database.sql import dumps, table_of
from wcflow.database.tables import OrderRow

_ORDERS = table_of(OrderRow)
_PARENT = _ORDERS.alias("parent")


class CurrencyCount(NamedTuple):
    """Paid orders in a currency, and how many people placed them."""

    currency: str
    orders: int
    people: int


def count_child_orders(tx: Connection, store: str) -> dict[str, int]:
    """Count the orders that were split from others, by what created them."""
    query = (
        select(_ORDERS.c.created_via, func.count())
        .where(_ORDERS.c.store == store, _ORDERS.c.parent_id != 0)
        .group_by(_ORDERS.c.created_via)
        .order_by(_ORDERS.c.created_via)
    )
    return {row[0]: row[1] for row in tx.execute(query)}


def find_parents_with_less(tx: Connection, store: str, statuses: Collection[str]) -> list[int]:
    """Return the orders whose total is less than that of their paid children.

    Where a plugin takes deposits, the parent's total does not contain the instalments.
    """
    same = (_PARENT.c.store == _ORDERS.c.store) & (_PARENT.c.id == _ORDERS.c.parent_id)
    query = (
        select(_PARENT.c.id)
        .select_from(_ORDERS.join(_PARENT, same))
        .where(_ORDERS.c.store == store, _ORDERS.c.parent_id != 0, _ORDERS.c.status.in_(statuses))
        .group_by(_PARENT.c.id, _PARENT.c.total)
        .having(func.sum(_ORDERS.c.total) > _PARENT.c.total)
        .order_by(_PARENT.c.id)
    )
    return list(tx.scalars(query))


def count_other_currencies(
    tx: Connection,
    store: str,
    statuses: Collection[str],
    known: Collection[str],
    rate_meta: str = "",
) -> list[CurrencyCount]:
    """Count the paid orders in currencies other than the ``known`` ones, most orders first.

    Orders with the meta ``rate_meta`` have a rate of their own and are not counted.
    """
    paid = (_ORDERS.c.store == store) & _ORDERS.c.status.in_(statuses)
    if rate_meta:
        paid &= ~_ORDERS.c.detail.contains(f"{dumps(rate_meta)}:", autoescape=True)
    query = select(_ORDERS.c.currency, func.count()).where(paid).group_by(_ORDERS.c.currency)
    foreign = {
        currency: count
        for currency, count in tx.execute(query)
        if currency and currency.upper() not in known
    }
    return sorted(
        (
            CurrencyCount(
                currency, count, _count_people(tx, paid & (_ORDERS.c.currency == currency))
            )
            for currency, count in foreign.items()
        ),
        key=lambda each: -each.orders,
    )


def _count_people(tx: Connection, matching: ColumnElement[bool]) -> int:
    people = select(_ORDERS.c.customer_id, _ORDERS.c.email).where(matching).distinct()
    return len({email or account for account, email in tx.execute(people)})
