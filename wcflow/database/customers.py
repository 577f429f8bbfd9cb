"""The mirror's customers: what others ask of them, and how what the shop told is kept."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from sqlalchemy import Connection, delete, select, update

from wcflow.database.mapping import customer_from_columns, customer_to_row
from wcflow.database.orders import merge_meta
from wcflow.database.prepared import fetch_rows, fetch_tuples, select_in
from wcflow.database.sql import chunks, dumps, loads, table_of, upsert
from wcflow.database.tables import CustomerRow, OrderRow
from wcflow.records import Customer

_CUSTOMERS = table_of(CustomerRow)
_ORDERS = table_of(OrderRow)
_BY_ID = select_in(_CUSTOMERS, "id")
_EMAIL_BY_ID = select_in(_CUSTOMERS, "id", _CUSTOMERS.c.id, _CUSTOMERS.c.email)
_BY_EMAIL = select_in(_CUSTOMERS, "email", _CUSTOMERS.c.id, _CUSTOMERS.c.email)


class CustomerChange(NamedTuple):
    """A customer whose content changed, with the address they are known by.

    ``before`` is None when they are new to the mirror.
    """

    id: int
    before: str | None
    after: str


def load_customers(tx: Connection, store: str, ids: Iterable[int]) -> dict[int, Customer]:
    """Give the customers with these ids, as far as the mirror has them."""
    return {row[1]: customer_from_columns(row[1:]) for row in fetch_tuples(tx, _BY_ID, store, ids)}


def find_customer_ids(tx: Connection, store: str, emails: Iterable[str]) -> set[int]:
    """Give all who are known by one of these addresses."""
    return {number for number, _ in fetch_tuples(tx, _BY_EMAIL, store, emails)}


def load_customer_emails(tx: Connection, store: str, ids: Iterable[int]) -> dict[int, str]:
    """Give the address that each of these is known by, as far as the mirror has them."""
    return {key: email for key, email in fetch_tuples(tx, _EMAIL_BY_ID, store, ids)}  # noqa: C416  rows, not pairs


def save_customers(
    tx: Connection, store: str, customers: Iterable[Customer]
) -> list[CustomerChange]:
    """Keep customers as the shop told them; tell whose content changed."""
    new_rows = {customer.id: customer_to_row(store, customer) for customer in customers}
    known = _load_rows(tx, store, new_rows)
    rows, changes = [], []
    for customer_id, new in new_rows.items():
        old = known.get(customer_id)
        if old is not None and all(getattr(old, name) == value for name, value in new.items()):
            continue
        rows.append(new)
        before = None if old is None else old.email
        changes.append(CustomerChange(customer_id, before, new["email"]))
    upsert(tx, CustomerRow, rows)
    return changes


def delete_customers(tx: Connection, store: str, ids: Iterable[int]) -> dict[int, str]:
    """Forget customers; their orders become those of guests, as the shop does. Tell their addresses."""
    deleted = load_customer_emails(tx, store, ids)
    for part in chunks(deleted):
        here = (_CUSTOMERS.c.store == store) & _CUSTOMERS.c.id.in_(part)
        tx.execute(delete(_CUSTOMERS).where(here))
        matching = (_ORDERS.c.store == store) & _ORDERS.c.customer_id.in_(part)
        tx.execute(update(_ORDERS).where(matching).values(customer_id=0))
    return deleted


def set_customer_meta(
    tx: Connection, store: str, values: Mapping[int, Mapping[str, str | None]]
) -> None:
    """Keep what was just written to the shop (None: the key was deleted), so that its echo is no news.

    Where the key may not read customers' meta, the mirror keeps none either.
    """
    for key, row in _load_rows(tx, store, values).items():
        detail = loads(row.detail)
        if detail["meta"] is None:
            continue
        detail["meta"] = merge_meta(detail["meta"], values[key])
        here = (_CUSTOMERS.c.store == store) & (_CUSTOMERS.c.id == key)
        tx.execute(update(_CUSTOMERS).where(here).values(detail=dumps(detail)))


def load_next_customer_ids(tx: Connection, store: str, after: int, count: int) -> list[int]:
    """Give the next known ids above ``after``, lowest first."""
    above = (_CUSTOMERS.c.store == store) & (_CUSTOMERS.c.id > after)
    ids = select(_CUSTOMERS.c.id).where(above).order_by(_CUSTOMERS.c.id).limit(count)
    return list(tx.execute(ids).scalars())


def load_customer_ids(tx: Connection, store: str) -> set[int]:
    """Give all known ids."""
    return set(tx.scalars(select(_CUSTOMERS.c.id).where(_CUSTOMERS.c.store == store)))


def _load_rows(tx: Connection, store: str, ids: Iterable[int]) -> dict[int, Any]:
    return {row.id: row for row in fetch_rows(tx, _BY_ID, store, ids)}
