"""Load and save customers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from sqlalchemy import Connection, delete, func, select, update

from wcflow.database.mapping import customer_from_columns, customer_to_row
from wcflow.database.orders import merge_meta
from wcflow.database.sql import chunks, dumps, fetch_in, loads, select_in, table_of, upsert
from wcflow.database.tables import CustomerRow, OrderRow
from wcflow.records import Customer

_CUSTOMERS = table_of(CustomerRow)
_ORDERS = table_of(OrderRow)
_BY_ID = select_in(_CUSTOMERS, "id")
_EMAIL_BY_ID = select_in(_CUSTOMERS, "id", _CUSTOMERS.c.id, _CUSTOMERS.c.email)
_BY_EMAIL = select_in(_CUSTOMERS, "email", _CUSTOMERS.c.id, _CUSTOMERS.c.email)
_BY_BILLING = select_in(_CUSTOMERS, "billing_email", _CUSTOMERS.c.id, _CUSTOMERS.c.billing_email)


class CustomerChange(NamedTuple):
    """A customer whose content changed, with their addresses: the account's and the billing address.

    ``before`` is None if they are new. ``email`` is the address of the account. ``enabled`` says that
    it had no role in WordPress and has one now.
    """

    id: int
    before: frozenset[str] | None
    after: frozenset[str]
    email: str
    enabled: bool = False


def load_customers(tx: Connection, store: str, ids: Iterable[int]) -> dict[int, Customer]:
    """Return the customers with these ids; unknown ones are missing."""
    return {row.id: customer_from_columns(row[1:]) for row in fetch_in(tx, _BY_ID, store, ids)}


def find_customer_ids(tx: Connection, store: str, emails: Iterable[str]) -> set[int]:
    """Return the ids of all customers with one of these addresses."""
    return {number for number, _ in fetch_in(tx, _BY_EMAIL, store, emails)}


def find_accounts_with(tx: Connection, store: str, emails: Iterable[str]) -> dict[str, set[int]]:
    """Return the customers by each of these addresses that is theirs or their billing address."""
    wanted = sorted({*emails} - {""})
    found: dict[str, set[int]] = {}
    for query in (_BY_EMAIL, _BY_BILLING):
        for number, email in fetch_in(tx, query, store, wanted):
            found.setdefault(email, set()).add(number)
    return found


def load_billing_emails(tx: Connection, store: str, ids: Iterable[int]) -> set[str]:
    """Return the billing addresses of these customers that differ from those of their accounts."""
    return {row.billing_email for row in _load_rows(tx, store, ids).values()} - {""}


def load_customer_emails(tx: Connection, store: str, ids: Iterable[int]) -> dict[int, str]:
    """Return the addresses of these customers; unknown ones are missing."""
    return {row.id: row.email for row in fetch_in(tx, _EMAIL_BY_ID, store, ids)}


def save_customers(
    tx: Connection, store: str, customers: Iterable[Customer]
) -> list[CustomerChange]:
    """Save customers as the store returned them; return those whose content changed."""
    new_rows = {customer.id: customer_to_row(store, customer) for customer in customers}
    known = _load_rows(tx, store, new_rows)
    rows, changes = [], []
    for customer_id, new in new_rows.items():
        old = known.get(customer_id)
        if old is not None and all(getattr(old, name) == value for name, value in new.items()):
            continue
        rows.append(new)
        before = None if old is None else _addresses(old.email, old.billing_email)
        after = _addresses(new["email"], new["billing_email"])
        enabled = old is not None and not old.role and bool(new["role"])
        changes.append(CustomerChange(customer_id, before, after, new["email"], enabled))
    upsert(tx, CustomerRow, rows)
    return changes


def _addresses(*emails: str) -> frozenset[str]:
    return frozenset(filter(None, emails))


def delete_customers(tx: Connection, store: str, ids: Iterable[int]) -> dict[int, str]:
    """Delete customers and return their addresses; their orders become guest orders.

    WooCommerce does the same with the orders of a deleted user (FACTS, Customers).
    """
    deleted = load_customer_emails(tx, store, ids)
    for part in chunks(deleted):
        customers = (_CUSTOMERS.c.store == store) & _CUSTOMERS.c.id.in_(part)
        tx.execute(delete(_CUSTOMERS).where(customers))
        orders = (_ORDERS.c.store == store) & _ORDERS.c.customer_id.in_(part)
        tx.execute(update(_ORDERS).where(orders).values(customer_id=0))
    return deleted


def set_customer_meta(
    tx: Connection, store: str, values: Mapping[int, Mapping[str, str | None]]
) -> None:
    """Save meta that was just written to the store (None: deleted), which is then no news for a poll.

    Customers whose meta the API key cannot read stay without meta.
    """
    for customer_id, row in _load_rows(tx, store, values).items():
        detail = loads(row.detail)
        if detail["meta"] is None:
            continue
        detail["meta"] = merge_meta(detail["meta"], values[customer_id])
        matching = (_CUSTOMERS.c.store == store) & (_CUSTOMERS.c.id == customer_id)
        tx.execute(update(_CUSTOMERS).where(matching).values(detail=dumps(detail)))


def load_next_customer_ids(tx: Connection, store: str, after: int, count: int) -> list[int]:
    """Return the next ids above ``after``, lowest first."""
    above = (_CUSTOMERS.c.store == store) & (_CUSTOMERS.c.id > after)
    ids = select(_CUSTOMERS.c.id).where(above).order_by(_CUSTOMERS.c.id).limit(count)
    return list(tx.scalars(ids))


def load_customer_ids(tx: Connection, store: str) -> set[int]:
    return set(tx.scalars(select(_CUSTOMERS.c.id).where(_CUSTOMERS.c.store == store)))


def count_names_by_guest_address(tx: Connection, store: str, least: int) -> dict[str, int]:
    """Return guests' addresses with at least so many different billing names, and how many."""
    guests = (_ORDERS.c.store == store) & (_ORDERS.c.customer_id == 0)
    often = select(_ORDERS.c.email).where(guests).group_by(_ORDERS.c.email)
    often = often.having(func.count() >= least)
    names: dict[str, set[str]] = {}
    query = select(_ORDERS.c.email, _ORDERS.c.detail).where(guests, _ORDERS.c.email.in_(often))
    for email, detail in tx.execute(query.execution_options(yield_per=1000)):
        billing = loads(detail)["billing"]
        name = f"{billing.get('first_name', '')} {billing.get('last_name', '')}".strip()
        names.setdefault(email, set()).add(" ".join(name.casefold().split()))
    counts = {email: len(known - {""}) for email, known in names.items()}
    return {email: count for email, count in counts.items() if count >= least}


def _load_rows(tx: Connection, store: str, ids: Iterable[int]) -> dict[int, Any]:
    return {row.id: row for row in fetch_in(tx, _BY_ID, store, ids)}
