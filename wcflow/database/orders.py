"""The mirror's orders: what others ask of them, and how what the shop told is kept.

Nobody is touched here: who an order belongs to is told as an Owner, and poll decides.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Collection, Container, Iterable, Mapping
from operator import itemgetter
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, bindparam, delete, func, select, update

from wcflow.database.identity import Owner
from wcflow.database.mapping import (
    NOT_CONTENT,
    ReadyOrder,
    dated,
    order_from,
    order_of,
    order_row,
    refunds_in,
    row_beside,
)
from wcflow.database.prepared import AMONG, Prepared, rows_among, those
from wcflow.database.sql import chunks, dumps, loads, stamp, table_of, upsert
from wcflow.database.tables import OrderRow
from wcflow.records import Order

_ORDERS = table_of(OrderRow)
_THOSE = those(_ORDERS, "id")
_TOLD = [column for column in _ORDERS.columns if column.name != "store"]
_OF_ACCOUNTS = those(_ORDERS, "customer_id", *_TOLD)
_OF_GUESTS = Prepared(
    select(*_TOLD).where(
        _ORDERS.c.store == bindparam("store"),
        _ORDERS.c.customer_id == 0,
        _ORDERS.c.email.in_(AMONG),
    )
)
_CONTENT = [name for name in _ORDERS.columns.keys() if name not in NOT_CONTENT]  # noqa: SIM118  names, not columns
# What a row says, as the mirror holds it and as the shop told it.
_held = itemgetter(*(_ORDERS.columns.keys().index(name) for name in _CONTENT))
_told = itemgetter(*_CONTENT)
_oldest_first = itemgetter(*([each.name for each in _TOLD].index(n) for n in ("created", "id")))


_PRODUCT_ID = re.compile(r'"product_id":(\d+)')


class OrderChange(NamedTuple):
    """An order whose content changed; ``before`` is None when it is new to the mirror."""

    id: int
    before: Owner | None
    after: Owner


class Compared(NamedTuple):
    """What of a page is to be kept: ``news``, and ``echoes`` that differ in nothing but their stamp.

    The news know the dates of refunds that the mirror knows. ``accounts`` are those that news
    belong to, and those that they belonged to.
    """

    news: list[Order]
    echoes: list[Order]
    accounts: set[int]


def order_records(tx: Connection, store: str, ids: Iterable[int]) -> dict[int, Order]:
    """Give the orders with these ids, as far as the mirror has them."""
    return {key: order_of(row) for key, row in _rows(tx, store, ids).items()}


def orders_of_people(
    tx: Connection, store: str, customer_ids: Iterable[int], emails: Iterable[str]
) -> list[Order]:
    """Give the orders of these accounts, and the guest orders under these addresses, oldest first."""
    rows = [*_OF_ACCOUNTS.among(tx, customer_ids, store=store)]
    rows += _OF_GUESTS.among(tx, emails, store=store)
    rows.sort(key=_oldest_first)
    return [*map(order_from, rows)]


def compared(tx: Connection, store: str, orders: Iterable[Order]) -> Compared:
    """Hold what the shop told against what the mirror has."""
    told = list(orders)
    known = _rows(tx, store, [order.id for order in told])
    found = Compared([], [], set())
    for order in told:
        old = known.get(order.id)
        whole = dated(order, old)
        if old is None or _differs(old, order_row(store, whole)):
            found.news.append(whole)
            found.accounts.update(owner.customer_id for owner in (whole, old) if owner is not None)
        elif old.modified != stamp(order.modified):
            found.echoes.append(whole)
    found.accounts.discard(0)
    return found


def save_orders(
    tx: Connection, store: str, orders: Iterable[Order | ReadyOrder]
) -> list[OrderChange]:
    """Keep orders as the shop told them, and what their status was before; tell whose content changed.

    The stamp ``modified`` is no content: our own writes move it, and touch nobody.
    """
    told = {order.id: order for order in orders}
    known = _rows(tx, store, told)
    rows, changes = [], []
    for order in told.values():
        old = known.get(order.id)
        new = row_beside(store, order, old)
        if _differs(old, new):
            after = Owner(new["customer_id"], new["email"])
            changes.append(OrderChange(order.id, _owner(old), after))
        elif old is not None and old.modified == new["modified"]:
            continue
        rows.append(new)
    upsert(tx, OrderRow, rows)
    return changes


def _owner(row: Any) -> Owner | None:
    return None if row is None else Owner(row.customer_id, row.email)


def _differs(old: Any, new: Mapping[str, Any]) -> bool:
    return old is None or bool(_held(old) != _told(new))


def delete_orders(tx: Connection, store: str, ids: Iterable[int]) -> list[Owner]:
    """Forget orders; tell whose they were."""
    gone = _rows(tx, store, ids)
    for part in chunks(gone):
        tx.execute(delete(_ORDERS).where(_ORDERS.c.store == store, _ORDERS.c.id.in_(part)))
    return [Owner(row.customer_id, row.email) for row in gone.values()]


def set_order_meta(
    tx: Connection, store: str, values: Mapping[int, Mapping[str, str | None]]
) -> None:
    """Keep what was just written to the shop (None: the key was deleted), so that its echo is no news."""
    for key, row in _rows(tx, store, values).items():
        detail = loads(row.detail)
        detail["meta"] = merged_meta(detail["meta"], values[key])
        here = (_ORDERS.c.store == store) & (_ORDERS.c.id == key)
        tx.execute(update(_ORDERS).where(here).values(detail=dumps(detail)))


def merged_meta(meta: Mapping[str, str], changes: Mapping[str, str | None]) -> dict[str, str]:
    """Give the meta after the changes; None deletes a key."""
    merged: dict[str, str | None] = {**meta, **changes}
    return {key: value for key, value in merged.items() if value is not None}


def addresses_of_accounts(tx: Connection, store: str, customer_ids: Iterable[int]) -> set[str]:
    """Give the addresses that the orders of these accounts were placed under."""
    found: set[str] = set()
    for part in chunks(customer_ids):
        theirs = (_ORDERS.c.store == store) & _ORDERS.c.customer_id.in_(part)
        found.update(tx.execute(select(_ORDERS.c.email).where(theirs).distinct()).scalars())
    return found


def guests_under(tx: Connection, store: str, emails: Iterable[str]) -> set[Owner]:
    """Pick the addresses under which there are guest orders."""
    found: set[Owner] = set()
    for part in chunks(emails):
        theirs = _ORDERS.c.email.in_(part) & (_ORDERS.c.customer_id == 0)
        asked = select(_ORDERS.c.email).where(_ORDERS.c.store == store, theirs).distinct()
        found.update(Owner(0, email) for email in tx.execute(asked).scalars())
    return found


def owners_of_orders(tx: Connection, store: str) -> set[Owner]:
    """Give whose orders there are at all."""
    asked = select(_ORDERS.c.customer_id, _ORDERS.c.email).where(_ORDERS.c.store == store)
    return {Owner(row.customer_id, row.email) for row in tx.execute(asked.distinct())}


def owners_of_buyers(tx: Connection, store: str, product_ids: Container[int]) -> set[Owner]:
    """Give whose the orders are that name one of these products: reads every order once."""
    columns = select(_ORDERS.c.customer_id, _ORDERS.c.email, _ORDERS.c.detail)
    rows = tx.execute(columns.where(_ORDERS.c.store == store).execution_options(yield_per=1000))
    return {
        Owner(row.customer_id, row.email)
        for row in rows
        if any(int(found) in product_ids for found in _PRODUCT_ID.findall(row.detail))
    }


def stamps_of_orders(
    tx: Connection, store: str, statuses: Collection[str], start: int, end: int, *, others: bool
) -> dict[int, int]:
    """Give id and stamp of the orders created in [start, end) with one of the statuses.

    ``others``: with none of them.
    """
    within = (_ORDERS.c.created >= start) & (_ORDERS.c.created < end)
    fits = _ORDERS.c.status.not_in(statuses) if others else _ORDERS.c.status.in_(statuses)
    asked = select(_ORDERS.c.id, _ORDERS.c.modified).where(_ORDERS.c.store == store, within, fits)
    return {row.id: row.modified for row in tx.execute(asked)}


def created_of_orders(
    tx: Connection, store: str, statuses: Collection[str], start: int, end: int
) -> tuple[array[int], array[int]]:
    """Give when the orders created in [start, end) were made, ascending.

    First those with none of the statuses, then those with one: eight bytes each, also of a million.
    """
    within = (_ORDERS.c.created >= start) & (_ORDERS.c.created < end)
    asked = select(_ORDERS.c.created, _ORDERS.c.status).where(_ORDERS.c.store == store, within)
    others, these = array("q"), array("q")
    for created, status in _many(tx, asked.order_by(_ORDERS.c.created)):
        (these if status in statuses else others).append(created)
    return others, these


def refunds_of_orders(tx: Connection, store: str) -> list[tuple[int, int]]:
    """Give when each refund was made, ascending, and of which order it is: reads every order once."""
    asked = select(_ORDERS.c.id, _ORDERS.c.detail).where(
        _ORDERS.c.store == store, _ORDERS.c.detail.like('%"refunds":[{%')
    )
    return sorted(
        (0 if refund.date is None else stamp(refund.date), key)
        for key, detail in _many(tx, asked)
        for refund in refunds_in(loads(detail))
    )


def count_created(tx: Connection, store: str, start: int, end: int) -> int:
    """Count the orders made in [start, end)."""
    within = (_ORDERS.c.created >= start) & (_ORDERS.c.created < end)
    asked = select(func.count()).select_from(_ORDERS).where(_ORDERS.c.store == store, within)
    return int(tx.execute(asked).scalar_one())


def created_next(tx: Connection, store: str, start: int, places: int) -> int | None:
    """Give when the order was made that comes so many places after the first one from ``start`` on."""
    asked = select(_ORDERS.c.created).where(_ORDERS.c.store == store, _ORDERS.c.created >= start)
    one = asked.order_by(_ORDERS.c.created).offset(places).limit(1)
    found: int | None = tx.execute(one).scalar_one_or_none()
    return found


def newest_with(tx: Connection, store: str, status: str | None = None) -> int | None:
    """Give the highest id of an order, or of one with this status."""
    asked = select(func.max(_ORDERS.c.id)).where(_ORDERS.c.store == store)
    asked = asked if status is None else asked.where(_ORDERS.c.status == status)
    found: int | None = tx.execute(asked).scalar_one()
    return found


def _many(tx: Connection, asked: Select[Any]) -> Iterable[Any]:
    """Give rows of which there may be a million, without holding them all."""
    return tx.execute(asked.execution_options(yield_per=1000))


def orders_of_refunds(tx: Connection, store: str, refunds: Container[int]) -> list[Order]:
    """Give the orders of these refunds, as far as their dates are not known: reads every refunded order."""
    undated = _ORDERS.c.detail.like('%"refunds":[{%') & _ORDERS.c.detail.like('%{"date":null,%')
    asked = select(_ORDERS).where(_ORDERS.c.store == store, undated)
    found = map(order_of, tx.execute(asked.execution_options(yield_per=1000)))
    return [
        order
        for order in found
        if any(each.id in refunds and each.date is None for each in order.refunds)
    ]


def _rows(tx: Connection, store: str, ids: Iterable[int]) -> dict[int, Any]:
    return {row.id: row for row in rows_among(tx, _THOSE, store, ids)}
