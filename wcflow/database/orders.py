"""The mirror's orders: what others ask of them, and how what the shop told is kept.

Nobody is touched here: who an order belongs to is told as an Owner, and poll decides.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Collection, Container, Iterable, Mapping
from operator import itemgetter
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, bindparam, delete, func, select, update

from wcflow.database.identity import Owner
from wcflow.database.mapping import (
    NON_CONTENT_COLUMNS,
    PreparedOrder,
    merge_order_row,
    order_from_columns,
    order_from_row,
    order_to_row,
    parse_refunds,
    with_refund_dates,
)
from wcflow.database.prepared import IN_LIST, Prepared, fetch_rows, select_in
from wcflow.database.sql import chunks, dumps, loads, stamp, table_of, upsert
from wcflow.database.tables import OrderRow
from wcflow.records import Order

_ORDERS = table_of(OrderRow)
_BY_ID = select_in(_ORDERS, "id")
_COLUMNS = [column for column in _ORDERS.columns if column.name != "store"]
_BY_ACCOUNT = select_in(_ORDERS, "customer_id", *_COLUMNS)
_BY_GUEST_EMAIL = Prepared(
    select(*_COLUMNS).where(
        _ORDERS.c.store == bindparam("store"),
        _ORDERS.c.customer_id == 0,
        _ORDERS.c.email.in_(IN_LIST),
    )
)
_CONTENT_COLUMNS = [name for name in _ORDERS.columns.keys() if name not in NON_CONTENT_COLUMNS]  # noqa: SIM118  names, not columns
# What a row says, as the mirror holds it and as the shop told it.
_stored_content = itemgetter(*(_ORDERS.columns.keys().index(name) for name in _CONTENT_COLUMNS))
_new_content = itemgetter(*_CONTENT_COLUMNS)
_oldest_first = itemgetter(*([each.name for each in _COLUMNS].index(n) for n in ("created", "id")))


_PRODUCT_ID = re.compile(r'"product_id":(\d+)')


class OrderChange(NamedTuple):
    """An order whose content changed; ``before`` is None when it is new to the mirror."""

    id: int
    before: Owner | None
    after: Owner


class PageComparison(NamedTuple):
    """What of a page is to be kept: ``news``, and ``echoes`` that differ in nothing but their stamp.

    The news know the dates of refunds that the mirror knows. ``accounts`` are those that news
    belong to, and those that they belonged to.
    """

    changed: list[Order]
    restamped: list[Order]
    accounts: set[int]


def load_orders(tx: Connection, store: str, ids: Iterable[int]) -> dict[int, Order]:
    """Give the orders with these ids, as far as the mirror has them."""
    return {key: order_from_row(row) for key, row in _load_rows(tx, store, ids).items()}


def load_orders_of_people(
    tx: Connection, store: str, customer_ids: Iterable[int], emails: Iterable[str]
) -> list[Order]:
    """Give the orders of these accounts, and the guest orders under these addresses, oldest first."""
    rows = [*_BY_ACCOUNT.among(tx, customer_ids, store=store)]
    rows += _BY_GUEST_EMAIL.among(tx, emails, store=store)
    rows.sort(key=_oldest_first)
    return [*map(order_from_columns, rows)]


def compare_orders(tx: Connection, store: str, orders: Iterable[Order]) -> PageComparison:
    """Hold what the shop told against what the mirror has."""
    received = list(orders)
    known = _load_rows(tx, store, [order.id for order in received])
    found = PageComparison([], [], set())
    for order in received:
        old = known.get(order.id)
        dated_order = with_refund_dates(order, old)
        if old is None or _differs(old, order_to_row(store, dated_order)):
            found.changed.append(dated_order)
            found.accounts.update(
                owner.customer_id for owner in (dated_order, old) if owner is not None
            )
        elif old.modified != stamp(order.modified):
            found.restamped.append(dated_order)
    found.accounts.discard(0)
    return found


def save_orders(
    tx: Connection, store: str, orders: Iterable[Order | PreparedOrder]
) -> list[OrderChange]:
    """Keep orders as the shop told them, and what their status was before; tell whose content changed.

    The stamp ``modified`` is no content: our own writes move it, and touch nobody.
    """
    received = {order.id: order for order in orders}
    known = _load_rows(tx, store, received)
    rows, changes = [], []
    for order in received.values():
        old = known.get(order.id)
        new = merge_order_row(store, order, old)
        if _differs(old, new):
            after = Owner(new["customer_id"], new["email"])
            changes.append(OrderChange(order.id, _owner_of_row(old), after))
        elif old is not None and old.modified == new["modified"]:
            continue
        rows.append(new)
    upsert(tx, OrderRow, rows)
    return changes


def _owner_of_row(row: Any) -> Owner | None:
    return None if row is None else Owner(row.customer_id, row.email)


def _differs(old: Any, new: Mapping[str, Any]) -> bool:
    return old is None or bool(_stored_content(old) != _new_content(new))


def delete_orders(tx: Connection, store: str, ids: Iterable[int]) -> list[Owner]:
    """Forget orders; tell whose they were."""
    deleted = _load_rows(tx, store, ids)
    for part in chunks(deleted):
        tx.execute(delete(_ORDERS).where(_ORDERS.c.store == store, _ORDERS.c.id.in_(part)))
    return [Owner(row.customer_id, row.email) for row in deleted.values()]


def set_order_meta(
    tx: Connection, store: str, values: Mapping[int, Mapping[str, str | None]]
) -> None:
    """Keep what was just written to the shop (None: the key was deleted), so that its echo is no news."""
    for key, row in _load_rows(tx, store, values).items():
        detail = loads(row.detail)
        detail["meta"] = merge_meta(detail["meta"], values[key])
        here = (_ORDERS.c.store == store) & (_ORDERS.c.id == key)
        tx.execute(update(_ORDERS).where(here).values(detail=dumps(detail)))


def merge_meta(meta: Mapping[str, str], changes: Mapping[str, str | None]) -> dict[str, str]:
    """Give the meta after the changes; None deletes a key."""
    merged: dict[str, str | None] = {**meta, **changes}
    return {key: value for key, value in merged.items() if value is not None}


def load_order_emails(tx: Connection, store: str, customer_ids: Iterable[int]) -> set[str]:
    """Give the addresses that the orders of these accounts were placed under."""
    found: set[str] = set()
    for part in chunks(customer_ids):
        matching = (_ORDERS.c.store == store) & _ORDERS.c.customer_id.in_(part)
        found.update(tx.execute(select(_ORDERS.c.email).where(matching).distinct()).scalars())
    return found


def find_guest_owners(tx: Connection, store: str, emails: Iterable[str]) -> set[Owner]:
    """Pick the addresses under which there are guest orders."""
    found: set[Owner] = set()
    for part in chunks(emails):
        matching = _ORDERS.c.email.in_(part) & (_ORDERS.c.customer_id == 0)
        query = select(_ORDERS.c.email).where(_ORDERS.c.store == store, matching).distinct()
        found.update(Owner(0, email) for email in tx.execute(query).scalars())
    return found


def load_owners(tx: Connection, store: str) -> set[Owner]:
    """Give whose orders there are at all."""
    query = select(_ORDERS.c.customer_id, _ORDERS.c.email).where(_ORDERS.c.store == store)
    return {Owner(row.customer_id, row.email) for row in tx.execute(query.distinct())}


def find_owners_by_product(tx: Connection, store: str, product_ids: Container[int]) -> set[Owner]:
    """Give whose the orders are that name one of these products: reads every order once."""
    columns = select(_ORDERS.c.customer_id, _ORDERS.c.email, _ORDERS.c.detail)
    rows = tx.execute(columns.where(_ORDERS.c.store == store).execution_options(yield_per=1000))
    return {
        Owner(row.customer_id, row.email)
        for row in rows
        if any(int(found) in product_ids for found in _PRODUCT_ID.findall(row.detail))
    }


def load_order_stamps(
    tx: Connection, store: str, statuses: Collection[str], start: int, end: int, *, others: bool
) -> dict[int, int]:
    """Give id and stamp of the orders created in [start, end) with one of the statuses.

    ``others``: with none of them.
    """
    within = _created_within(start, end)
    fits = _ORDERS.c.status.not_in(statuses) if others else _ORDERS.c.status.in_(statuses)
    query = select(_ORDERS.c.id, _ORDERS.c.modified).where(_ORDERS.c.store == store, within, fits)
    return {row.id: row.modified for row in tx.execute(query)}


def _created_within(start: int, end: int | None) -> ColumnElement[bool]:
    """Select orders by date as the store does: an order without a date is in no range."""
    since = ~_ORDERS.c.undated & (_ORDERS.c.created >= start)
    return since if end is None else since & (_ORDERS.c.created < end)


def load_undated_ids(tx: Connection, store: str) -> list[int]:
    """Return the ids of the orders without a creation date."""
    query = select(_ORDERS.c.id).where(_ORDERS.c.store == store, _ORDERS.c.undated)
    return sorted(tx.scalars(query))


def load_creation_times(
    tx: Connection, store: str, statuses: Collection[str], start: int, end: int
) -> tuple[array[int], array[int]]:
    """Give when the orders created in [start, end) were made, ascending.

    First those with none of the statuses, then those with one: eight bytes each, also of a million.
    """
    within = _created_within(start, end)
    query = select(_ORDERS.c.created, _ORDERS.c.status).where(_ORDERS.c.store == store, within)
    others, these = array("q"), array("q")
    for created, status in _stream(tx, query.order_by(_ORDERS.c.created)):
        (these if status in statuses else others).append(created)
    return others, these


def load_refund_times(tx: Connection, store: str) -> list[tuple[int, int]]:
    """Give when each refund was made, ascending, and of which order it is: reads every order once."""
    query = select(_ORDERS.c.id, _ORDERS.c.detail).where(
        _ORDERS.c.store == store, _ORDERS.c.detail.like('%"refunds":[{%')
    )
    return sorted(
        (0 if refund.date is None else stamp(refund.date), key)
        for key, detail in _stream(tx, query)
        for refund in parse_refunds(loads(detail))
    )


def count_orders_created(tx: Connection, store: str, start: int, end: int) -> int:
    """Count the orders made in [start, end)."""
    within = _created_within(start, end)
    query = select(func.count()).select_from(_ORDERS).where(_ORDERS.c.store == store, within)
    return int(tx.execute(query).scalar_one())


def find_creation_time(tx: Connection, store: str, start: int, places: int) -> int | None:
    """Give when the order was made that comes so many places after the first one from ``start`` on."""
    query = select(_ORDERS.c.created).where(_ORDERS.c.store == store, _created_within(start, None))
    one = query.order_by(_ORDERS.c.created).offset(places).limit(1)
    found: int | None = tx.execute(one).scalar_one_or_none()
    return found


def find_newest_order_id(tx: Connection, store: str, status: str | None = None) -> int | None:
    """Give the highest id of an order, or of one with this status."""
    query = select(func.max(_ORDERS.c.id)).where(_ORDERS.c.store == store)
    query = query if status is None else query.where(_ORDERS.c.status == status)
    found: int | None = tx.execute(query).scalar_one()
    return found


def _stream(tx: Connection, query: Select[Any]) -> Iterable[Any]:
    """Give rows of which there may be a million, without holding them all."""
    return tx.execute(query.execution_options(yield_per=1000))


def load_orders_with_undated_refunds(
    tx: Connection, store: str, refunds: Container[int]
) -> list[Order]:
    """Give the orders of these refunds, as far as their dates are not known: reads every refunded order."""
    undated = _ORDERS.c.detail.like('%"refunds":[{%') & _ORDERS.c.detail.like('%{"date":null,%')
    query = select(_ORDERS).where(_ORDERS.c.store == store, undated)
    found = map(order_from_row, tx.execute(query.execution_options(yield_per=1000)))
    return [
        order
        for order in found
        if any(each.id in refunds and each.date is None for each in order.refunds)
    ]


def _load_rows(tx: Connection, store: str, ids: Iterable[int]) -> dict[int, Any]:
    return {row.id: row for row in fetch_rows(tx, _BY_ID, store, ids)}
