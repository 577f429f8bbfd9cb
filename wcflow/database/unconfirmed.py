"""Records that a resync has not found in the store yet. They are saved, so that it can continue."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import Connection, delete, insert, literal, select, update
from sqlmodel import SQLModel

from wcflow.database.integrity import find_unreadable_keys
from wcflow.database.sql import chunks, stamp, table_of
from wcflow.database.tables import CustomerRow, MembershipRow, OrderRow, PersonRow, UnconfirmedRow
from wcflow.records import Order

ORDER, CUSTOMER = "order", "customer"
_UNCONFIRMED, _ORDERS = table_of(UnconfirmedRow), table_of(OrderRow)
_MEMBERSHIPS, _PERSONS = table_of(MembershipRow), table_of(PersonRow)
_MODELS: Mapping[str, type[SQLModel]] = {ORDER: OrderRow, CUSTOMER: CustomerRow}


def load_unreadable_ids(tx: Connection, store: str, kind: str) -> list[int]:
    """Return the ids of rows that cannot be read: a resync deletes them and reads them again."""
    return list(find_unreadable_keys(tx, store, _MODELS[kind]))


def mark_unconfirmed(tx: Connection, store: str, kind: str, unreadable: Iterable[int]) -> None:
    """Mark all records of a kind as unconfirmed; delete the unreadable ones."""
    table = table_of(_MODELS[kind])
    for part in chunks(unreadable):
        tx.execute(delete(table).where(table.c.store == store, table.c.id.in_(part)))
    clear_unconfirmed(tx, store, kind)
    rows = select(table.c.store, literal(kind), table.c.id).where(table.c.store == store)
    tx.execute(insert(_UNCONFIRMED).from_select(["store", "kind", "id"], rows))


def confirm(tx: Connection, store: str, kind: str, ids: Iterable[int]) -> None:
    """Confirm records that the store returned, or that were requested by id."""
    of_kind = (_UNCONFIRMED.c.store == store) & (_UNCONFIRMED.c.kind == kind)
    for part in chunks(ids):
        tx.execute(delete(_UNCONFIRMED).where(of_kind, _UNCONFIRMED.c.id.in_(part)))


def find_wrong_statuses(tx: Connection, store: str, orders: Sequence[Order]) -> dict[int, str]:
    """Return the histories of unconfirmed orders whose saved status was wrong.

    WooCommerce changes the modification time with every change of status. If that time is the same
    and the status is not, the database was wrong: the correction is no event and starts no workflow.
    """
    received = {order.id: (order.status, stamp(order.modified)) for order in orders}
    unconfirmed = (
        (_UNCONFIRMED.c.store == _ORDERS.c.store)
        & (_UNCONFIRMED.c.id == _ORDERS.c.id)
        & (_UNCONFIRMED.c.kind == ORDER)
    )
    query = (
        select(_ORDERS.c.id, _ORDERS.c.status, _ORDERS.c.modified, _ORDERS.c.history)
        .join(_UNCONFIRMED, unconfirmed)
        .where(_ORDERS.c.store == store, _ORDERS.c.id.in_(list(received)))
    )
    return {
        row.id: row.history
        for row in tx.execute(query)
        if row.status != received[row.id][0] and row.modified == received[row.id][1]
    }


def has_unconfirmed(tx: Connection, store: str, kind: str) -> bool:
    of_kind = (_UNCONFIRMED.c.store == store) & (_UNCONFIRMED.c.kind == kind)
    return tx.scalar(select(_UNCONFIRMED.c.id).where(of_kind).limit(1)) is not None


def restore_histories(tx: Connection, store: str, histories: Mapping[int, str]) -> None:
    """Replace the histories of orders by earlier ones."""
    for order_id, history in histories.items():
        matching = (_ORDERS.c.store == store) & (_ORDERS.c.id == order_id)
        tx.execute(update(_ORDERS).where(matching).values(history=history))


def load_unconfirmed(tx: Connection, store: str, kind: str) -> list[int]:
    """Return the ids of unconfirmed records, lowest first."""
    of_kind = (_UNCONFIRMED.c.store == store) & (_UNCONFIRMED.c.kind == kind)
    return list(tx.scalars(select(_UNCONFIRMED.c.id).where(of_kind).order_by(_UNCONFIRMED.c.id)))


def clear_unconfirmed(tx: Connection, store: str, kind: str) -> None:
    """Remove all marks of a kind."""
    of_kind = (_UNCONFIRMED.c.store == store) & (_UNCONFIRMED.c.kind == kind)
    tx.execute(delete(_UNCONFIRMED).where(of_kind))


def delete_orphan_memberships(tx: Connection, store: str) -> None:
    """Delete the segment memberships of people who do not exist."""
    existing = select(_PERSONS.c.id).where(_PERSONS.c.store == store, _PERSONS.c.present)
    orphans = (_MEMBERSHIPS.c.store == store, _MEMBERSHIPS.c.person.not_in(existing))
    tx.execute(delete(_MEMBERSHIPS).where(*orphans))
