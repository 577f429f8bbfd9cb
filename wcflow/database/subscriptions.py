"""Load and save subscriptions, which belong to the person who owns their orders."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, delete, func, select, update

from wcflow.database.identity import Owner
from wcflow.database.sql import (
    chunks,
    dumps,
    fetch_in,
    instant,
    loads,
    select_in,
    stamp,
    table_of,
    upsert,
)
from wcflow.database.tables import SubscriptionRow
from wcflow.records import StatusChange, Subscription
from wcflow.units import ANONYMOUS_EMAIL

_SUBSCRIPTIONS = table_of(SubscriptionRow)
_BY_ID = select_in(_SUBSCRIPTIONS, "id")
_BY_CUSTOMER = select_in(_SUBSCRIPTIONS, "customer_id")
_BY_EMAIL = select_in(_SUBSCRIPTIONS, "email").where(_SUBSCRIPTIONS.c.customer_id == 0)
_DATES = ("started", "next_payment", "cancelled", "ended")


def save_subscriptions(tx: Connection, store: str, received: Iterable[Subscription]) -> set[Owner]:
    """Save subscriptions with their former statuses; return the owners of those that changed."""
    rows = {each.id: _to_row(store, each) for each in received}
    known = {row.id: row for row in fetch_in(tx, _BY_ID, store, rows)}
    changed: dict[int, dict[str, Any]] = {}
    owners: set[Owner] = set()
    for number, row in rows.items():
        old = known.get(number)
        row["history"] = _history(old, row)
        if old is None or any(getattr(old, name) != value for name, value in row.items()):
            changed[number] = row
            owners.add(Owner(row["customer_id"], "" if row["customer_id"] else row["email"]))
        if old is not None and number in changed:
            owners.add(Owner(old.customer_id, "" if old.customer_id else old.email))
    upsert(tx, SubscriptionRow, list(changed.values()))
    return owners


def _history(old: Any, row: Mapping[str, Any]) -> str:
    if old is None:
        return dumps([["", row["status"], row["created"]]])
    if old.status == row["status"]:
        return str(old.history)
    return dumps([*loads(old.history), [old.status, row["status"], row["modified"]]])


def _to_row(store: str, each: Subscription) -> dict[str, Any]:
    dates = {name: getattr(each, name) for name in _DATES}
    return {
        "store": store,
        "id": each.id,
        "customer_id": each.customer_id,
        "email": each.email,
        "status": each.status,
        "parent_id": each.parent_id,
        "created": stamp(each.created),
        "modified": stamp(each.modified),
        **{name: None if at is None else stamp(at) for name, at in dates.items()},
        "data": dumps(
            {
                "number": each.number,
                "currency": each.currency,
                "total": each.total,
                "products": list(each.products),
            }
        ),
    }


def load_subscriptions_of_people(
    tx: Connection, store: str, customer_ids: Iterable[int], emails: Iterable[str]
) -> list[Subscription]:
    """Return the subscriptions of these accounts and of guests with these addresses, oldest first."""
    rows = [*fetch_in(tx, _BY_CUSTOMER, store, customer_ids)]
    rows += fetch_in(tx, _BY_EMAIL, store, emails)
    return sorted(map(subscription_from_row, rows), key=lambda each: (each.created, each.id))


def subscription_from_row(row: Any) -> Subscription:
    data = loads(row.data)
    stamps = {name: getattr(row, name) for name in _DATES}
    return Subscription(
        id=row.id,
        status=row.status,
        customer_id=row.customer_id,
        email=row.email,
        parent_id=row.parent_id,
        created=instant(row.created),
        modified=instant(row.modified),
        **{name: None if at is None else instant(at) for name, at in stamps.items()},
        number=data.get("number", ""),
        currency=data.get("currency", ""),
        total=data.get("total", 0),
        products=tuple(data.get("products", ())),
        history=tuple(StatusChange(a, b, instant(at)) for a, b, at in loads(row.history)),
    )


def load_subscription_ids(tx: Connection, store: str) -> set[int]:
    """Return the ids of all subscriptions of a store."""
    return set(tx.scalars(select(_SUBSCRIPTIONS.c.id).where(_SUBSCRIPTIONS.c.store == store)))


def count_subscriptions(tx: Connection, store: str) -> int:
    of_store = _SUBSCRIPTIONS.c.store == store
    return tx.scalar(select(func.count()).select_from(_SUBSCRIPTIONS).where(of_store)) or 0


def load_guest_subscriptions(tx: Connection, store: str) -> list[tuple[int, str]]:
    """Return the ids of the subscriptions without an account, with their addresses."""
    columns = (_SUBSCRIPTIONS.c.id, _SUBSCRIPTIONS.c.email)
    of_guests = (_SUBSCRIPTIONS.c.store == store, _SUBSCRIPTIONS.c.customer_id == 0)
    found = tx.execute(select(*columns).where(*of_guests, _SUBSCRIPTIONS.c.email != ""))
    return [(row.id, row.email) for row in found]


def anonymize_subscriptions(tx: Connection, store: str, ids: Collection[int]) -> None:
    """Take the account and the address out of these subscriptions."""
    nobody = {"customer_id": 0, "email": ANONYMOUS_EMAIL}
    for part in chunks(sorted(ids)):
        matching = (_SUBSCRIPTIONS.c.store == store, _SUBSCRIPTIONS.c.id.in_(part))
        tx.execute(update(_SUBSCRIPTIONS).where(*matching).values(**nobody))


def delete_subscriptions(tx: Connection, store: str, ids: Collection[int]) -> set[Owner]:
    """Delete subscriptions; return their owners."""
    found = [*fetch_in(tx, _BY_ID, store, ids)]
    for part in chunks(sorted(ids)):
        matching = (_SUBSCRIPTIONS.c.store == store, _SUBSCRIPTIONS.c.id.in_(part))
        tx.execute(delete(_SUBSCRIPTIONS).where(*matching))
    return {Owner(row.customer_id, "" if row.customer_id else row.email) for row in found}
