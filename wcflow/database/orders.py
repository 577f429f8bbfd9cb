"""Load, compare and save orders.

Nothing here marks people for evaluation: the functions return the owners of orders, and poll/
decides.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Collection, Container, Iterable, Mapping
from operator import itemgetter
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Row, Select, delete, func, select, update

from wcflow.database.identity import Owner
from wcflow.database.mapping import (
    NON_CONTENT_COLUMNS,
    PreparedOrder,
    first_date,
    merge_order_row,
    order_from_columns,
    order_from_row,
    order_to_row,
    parse_refunds,
    with_refund_dates,
)
from wcflow.database.sql import (
    chunks,
    dumps,
    fetch_in,
    loads,
    select_in,
    stamp,
    table_of,
    upsert,
)
from wcflow.database.tables import OrderRow
from wcflow.records import Order

_ORDERS = table_of(OrderRow)
_BY_ID = select_in(_ORDERS, "id")
_COLUMNS = [column for column in _ORDERS.columns if column.name != "store"]
_BY_ACCOUNT = select_in(_ORDERS, "customer_id", *_COLUMNS)
_GUEST_ORDERS_BY_EMAIL = select_in(_ORDERS, "email", *_COLUMNS).where(_ORDERS.c.customer_id == 0)
_by_creation = itemgetter(
    *([column.name for column in _COLUMNS].index(n) for n in ("created", "id"))
)

_CONTENT_COLUMNS = [name for name in _ORDERS.columns.keys() if name not in NON_CONTENT_COLUMNS]  # noqa: SIM118  names, not columns
_saved_content = itemgetter(*(_ORDERS.columns.keys().index(name) for name in _CONTENT_COLUMNS))
_new_content = itemgetter(*_CONTENT_COLUMNS)

_PRODUCT_ID = re.compile(r'"product_id":(\d+)')
_HAS_REFUNDS = _ORDERS.c.detail.like('%"refunds":[{%')


class OrderChange(NamedTuple):
    """An order whose content changed, and its owners; ``before`` is None if the order is new."""

    id: int
    before: Owner | None
    after: Owner


class PageComparison(NamedTuple):
    """Orders of a page that differ from the database.

    ``changed`` are those whose content changed; their refunds have the dates that the database
    knows. Of ``restamped`` only the modification time changed. ``accounts`` are the former and
    current customer ids of the changed orders.
    """

    changed: list[Order]
    restamped: list[Order]
    accounts: set[int]


def load_orders(tx: Connection, store: str, ids: Iterable[int]) -> dict[int, Order]:
    """Return the orders with these ids; unknown ones are missing."""
    return {key: order_from_row(row) for key, row in _load_rows(tx, store, ids).items()}


def load_orders_of_people(
    tx: Connection, store: str, customer_ids: Iterable[int], emails: Iterable[str]
) -> list[Order]:
    """Return the orders of these accounts and the guest orders of these addresses, oldest first."""
    rows = [*fetch_in(tx, _BY_ACCOUNT, store, customer_ids)]
    rows += fetch_in(tx, _GUEST_ORDERS_BY_EMAIL, store, emails)
    return [order_from_columns(row) for row in sorted(rows, key=_by_creation)]


def compare_orders(tx: Connection, store: str, orders: Iterable[Order]) -> PageComparison:
    """Compare orders from the store with the database."""
    received = list(orders)
    known = _load_rows(tx, store, [order.id for order in received])
    found = PageComparison([], [], set())
    for order in received:
        old = known.get(order.id)
        dated_order = with_refund_dates(order, old)
        if old is None or _differs(old, _row_to_compare(store, dated_order, old)):
            found.changed.append(dated_order)
            found.accounts.add(order.customer_id)
            if old is not None:
                found.accounts.add(old.customer_id)
        elif old.modified != stamp(order.modified):
            found.restamped.append(dated_order)
    found.accounts.discard(0)
    return found


def save_orders(
    tx: Connection, store: str, orders: Iterable[Order | PreparedOrder]
) -> list[OrderChange]:
    """Save orders as the store returned them, with their former statuses; return those that changed.

    The modification time is not content: wcflow's own writes move it, and nobody is evaluated for
    them.
    """
    received = {order.id: order for order in orders}
    known = _load_rows(tx, store, received)
    rows, changes = [], []
    for order in received.values():
        old = known.get(order.id)
        new = merge_order_row(store, order, old)
        if old is None or _differs(old, new):
            before = None if old is None else Owner(old.customer_id, old.email)
            after = Owner(new["customer_id"], new["email"])
            changes.append(OrderChange(order.id, before, after))
        elif old.modified == new["modified"]:
            continue
        rows.append(new)
    upsert(tx, OrderRow, rows)
    return changes


def _row_to_compare(store: str, order: Order, old: Row[Any]) -> Mapping[str, Any]:
    row = order_to_row(store, order)
    return {**row, **first_date(old, row)} if old.undated else row


def _differs(old: Row[Any], new: Mapping[str, Any]) -> bool:
    return bool(_saved_content(old) != _new_content(new))


def delete_orders(tx: Connection, store: str, ids: Iterable[int]) -> list[Owner]:
    """Delete orders; return their owners."""
    deleted = _load_rows(tx, store, ids)
    for part in chunks(deleted):
        tx.execute(delete(_ORDERS).where(_ORDERS.c.store == store, _ORDERS.c.id.in_(part)))
    return [Owner(row.customer_id, row.email) for row in deleted.values()]


def set_order_meta(
    tx: Connection, store: str, values: Mapping[int, Mapping[str, str | None]]
) -> None:
    """Save meta that was just written to the store (None: deleted), which is then no news for a poll."""
    for order_id, row in _load_rows(tx, store, values).items():
        detail = loads(row.detail)
        detail["meta"] = merge_meta(detail["meta"], values[order_id])
        matching = (_ORDERS.c.store == store) & (_ORDERS.c.id == order_id)
        tx.execute(update(_ORDERS).where(matching).values(detail=dumps(detail)))


def merge_meta(meta: Mapping[str, str], changes: Mapping[str, str | None]) -> dict[str, str]:
    """Return the meta after the changes; None deletes a key."""
    merged: dict[str, str | None] = {**meta, **changes}
    return {key: value for key, value in merged.items() if value is not None}


def load_order_emails(tx: Connection, store: str, customer_ids: Iterable[int]) -> set[str]:
    """Return the billing addresses in the orders of these accounts."""
    found: set[str] = set()
    for part in chunks(customer_ids):
        matching = (_ORDERS.c.store == store) & _ORDERS.c.customer_id.in_(part)
        found.update(tx.scalars(select(_ORDERS.c.email).where(matching).distinct()))
    return found


def find_order_ids(tx: Connection, store: str, customer_ids: Iterable[int]) -> list[int]:
    """Return the ids of the orders of these accounts."""
    found: list[int] = []
    for part in chunks(customer_ids):
        matching = (_ORDERS.c.store == store) & _ORDERS.c.customer_id.in_(part)
        found += tx.scalars(select(_ORDERS.c.id).where(matching))
    return sorted(found)


def find_guest_owners(tx: Connection, store: str, emails: Iterable[str]) -> set[Owner]:
    """Return the owners of guest orders with these addresses."""
    found: set[Owner] = set()
    for part in chunks(emails):
        matching = _ORDERS.c.email.in_(part) & (_ORDERS.c.customer_id == 0)
        query = select(_ORDERS.c.email).where(_ORDERS.c.store == store, matching).distinct()
        found.update(Owner(0, email) for email in tx.scalars(query))
    return found


def load_owners(tx: Connection, store: str) -> set[Owner]:
    """Return the owners of all orders."""
    query = select(_ORDERS.c.customer_id, _ORDERS.c.email).where(_ORDERS.c.store == store)
    return {Owner(row.customer_id, row.email) for row in tx.execute(query.distinct())}


def find_owners_by_product(tx: Connection, store: str, product_ids: Container[int]) -> set[Owner]:
    """Return the owners of orders that contain one of these products. Reads every order."""
    columns = select(_ORDERS.c.customer_id, _ORDERS.c.email, _ORDERS.c.detail)
    return {
        Owner(row.customer_id, row.email)
        for row in _stream(tx, columns.where(_ORDERS.c.store == store))
        if any(int(found) in product_ids for found in _PRODUCT_ID.findall(row.detail))
    }


def load_order_stamps(
    tx: Connection, store: str, statuses: Collection[str], start: int, end: int, *, others: bool
) -> dict[int, int]:
    """Return the modification times, by id, of orders created in [start, end).

    Only those with one of the statuses, or if ``others``, only those with none of them.
    """
    with_status = _ORDERS.c.status.not_in(statuses) if others else _ORDERS.c.status.in_(statuses)
    query = select(_ORDERS.c.id, _ORDERS.c.modified).where(
        _created_between(store, start, end), with_status
    )
    return {row.id: row.modified for row in tx.execute(query)}


def load_undated_ids(tx: Connection, store: str) -> list[int]:
    """Return the ids of the orders without a creation date."""
    query = select(_ORDERS.c.id).where(_ORDERS.c.store == store, _ORDERS.c.undated)
    return sorted(tx.scalars(query))


def load_creation_times(
    tx: Connection, store: str, statuses: Collection[str], start: int, end: int
) -> tuple[array[int], array[int]]:
    """Return when the orders in [start, end) were created, ascending.

    First those with none of the statuses, then those with one. An array takes eight bytes for each
    order, so that a million fit into memory.
    """
    query = select(_ORDERS.c.created, _ORDERS.c.status).where(_created_between(store, start, end))
    others, matching = array("q"), array("q")
    for created, status in _stream(tx, query.order_by(_ORDERS.c.created)):
        (matching if status in statuses else others).append(created)
    return others, matching


def load_refund_times(tx: Connection, store: str) -> list[tuple[int, int]]:
    """Return when each refund was created (0: unknown) and the id of its order, ascending.

    Reads every order with a refund.
    """
    query = select(_ORDERS.c.id, _ORDERS.c.detail).where(_ORDERS.c.store == store, _HAS_REFUNDS)
    return sorted(
        (0 if refund.date is None else stamp(refund.date), order_id)
        for order_id, detail in _stream(tx, query)
        for refund in parse_refunds(loads(detail))
    )


def count_orders_created(tx: Connection, store: str, start: int, end: int) -> int:
    """Count the orders created in [start, end)."""
    return tx.scalar(select(func.count()).where(_created_between(store, start, end))) or 0


def find_creation_time(tx: Connection, store: str, start: int, offset: int) -> int | None:
    """Return when the order was created that comes ``offset`` orders after the first since ``start``."""
    query = select(_ORDERS.c.created).where(
        _ORDERS.c.store == store, ~_ORDERS.c.undated, _ORDERS.c.created >= start
    )
    found: int | None = tx.scalar(query.order_by(_ORDERS.c.created).offset(offset).limit(1))
    return found


def find_newest_order_id(tx: Connection, store: str, status: str | None = None) -> int | None:
    """Return the highest id of an order, or of an order with this status."""
    query = select(func.max(_ORDERS.c.id)).where(_ORDERS.c.store == store)
    found: int | None = tx.scalar(
        query if status is None else query.where(_ORDERS.c.status == status)
    )
    return found


def load_orders_with_undated_refunds(
    tx: Connection, store: str, refunds: Container[int]
) -> list[Order]:
    """Return the orders of those refunds whose date is unknown. Reads every order with such refunds."""
    undated = _HAS_REFUNDS & _ORDERS.c.detail.like('%{"date":null,%')
    query = select(_ORDERS).where(_ORDERS.c.store == store, undated)
    return [
        order
        for order in map(order_from_row, _stream(tx, query))
        if any(each.id in refunds and each.date is None for each in order.refunds)
    ]


def _created_between(store: str, start: int, end: int) -> ColumnElement[bool]:
    """Select orders by date as the store does: an order without a date is in no range."""
    since = (_ORDERS.c.store == store) & ~_ORDERS.c.undated & (_ORDERS.c.created >= start)
    return since & (_ORDERS.c.created < end)


def _stream(tx: Connection, query: Select[Any]) -> Iterable[Any]:
    """Yield rows in portions, because there can be a million."""
    return tx.execute(query.execution_options(yield_per=1000))


def _load_rows(tx: Connection, store: str, ids: Iterable[int]) -> dict[int, Any]:
    return {row.id: row for row in fetch_in(tx, _BY_ID, store, ids)}
