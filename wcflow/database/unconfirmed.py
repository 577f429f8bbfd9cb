"""Which rows of the mirror a resync has not met at the shop yet. Kept, so that it may die and go on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import Connection, delete, insert, literal, select, update
from sqlmodel import SQLModel

from wcflow.database.integrity import find_unreadable_keys
from wcflow.database.sql import chunks, stamp, table_of
from wcflow.database.tables import CustomerRow, MembershipRow, OrderRow, PersonRow, UnconfirmedRow
from wcflow.records import Order

ORDER, CUSTOMER = "order", "customer"
_UNCONFIRMED, _MEMBERSHIPS, _PERSONS = (
    table_of(UnconfirmedRow),
    table_of(MembershipRow),
    table_of(PersonRow),
)
_ORDERS = table_of(OrderRow)
_MODELS: Mapping[str, type[SQLModel]] = {ORDER: OrderRow, CUSTOMER: CustomerRow}


def load_unreadable_ids(tx: Connection, store: str, kind: str) -> list[int]:
    """Give the rows of a kind that cannot be read: they would hinder their own mending."""
    return list(find_unreadable_keys(tx, store, _MODELS[kind]))


def mark_unconfirmed(tx: Connection, store: str, kind: str, excluded: Iterable[int]) -> None:
    """Doubt every row of a kind, ``but`` for those that are dropped at once: the torn ones."""
    table = table_of(_MODELS[kind])
    for part in chunks(excluded):
        tx.execute(delete(table).where(table.c.store == store, table.c.id.in_(part)))
    clear_unconfirmed(tx, store, kind)
    rows = select(table.c.store, literal(kind), table.c.id).where(table.c.store == store)
    tx.execute(insert(_UNCONFIRMED).from_select(["store", "kind", "id"], rows))


def confirm(tx: Connection, store: str, kind: str, ids: Iterable[int]) -> None:
    """Take the doubt from rows that the shop has told of, or that were asked for by name."""
    for part in chunks(ids):
        here = (
            (_UNCONFIRMED.c.store == store)
            & (_UNCONFIRMED.c.kind == kind)
            & _UNCONFIRMED.c.id.in_(part)
        )
        tx.execute(delete(_UNCONFIRMED).where(here))


def find_wrong_statuses(tx: Connection, store: str, orders: Sequence[Order]) -> dict[int, str]:
    """Give the history of doubted orders whose status is wrong here, and was not changed at the shop.

    WooCommerce stamps each change of status. Where the stamp is known and the status is not, the
    mirror was wrong; that it is put right is no event, and must set no workflow off.
    """
    stamps = {order.id: (order.status, stamp(order.modified)) for order in orders}
    same = (
        (_UNCONFIRMED.c.store == _ORDERS.c.store)
        & (_UNCONFIRMED.c.id == _ORDERS.c.id)
        & (_UNCONFIRMED.c.kind == ORDER)
    )
    columns = select(_ORDERS.c.id, _ORDERS.c.status, _ORDERS.c.modified, _ORDERS.c.history).join(
        _UNCONFIRMED, same
    )
    rows = tx.execute(columns.where(_ORDERS.c.store == store, _ORDERS.c.id.in_(list(stamps)))).all()
    return {
        row.id: row.history
        for row in rows
        if (row.status, row.modified) != stamps[row.id] and row.modified == stamps[row.id][1]
    }


def has_unconfirmed(tx: Connection, store: str, kind: str) -> bool:
    """Say whether anything of a kind is doubted at all: mostly nothing is."""
    first = (
        select(_UNCONFIRMED.c.id)
        .where(_UNCONFIRMED.c.store == store, _UNCONFIRMED.c.kind == kind)
        .limit(1)
    )
    return tx.scalar(first) is not None


def restore_histories(tx: Connection, store: str, histories: Mapping[int, str]) -> None:
    """Put histories back as they were."""
    for order_id, history in histories.items():
        here = (_ORDERS.c.store == store) & (_ORDERS.c.id == order_id)
        tx.execute(update(_ORDERS).where(here).values(history=history))


def load_unconfirmed(tx: Connection, store: str, kind: str) -> list[int]:
    """Give what is doubted still, lowest id first."""
    query = (
        select(_UNCONFIRMED.c.id)
        .where(_UNCONFIRMED.c.store == store, _UNCONFIRMED.c.kind == kind)
        .order_by(_UNCONFIRMED.c.id)
    )
    return list(tx.scalars(query))


def clear_unconfirmed(tx: Connection, store: str, kind: str) -> None:
    """Doubt no row of a kind any more."""
    tx.execute(
        delete(_UNCONFIRMED).where(_UNCONFIRMED.c.store == store, _UNCONFIRMED.c.kind == kind)
    )


def delete_orphan_memberships(tx: Connection, store: str) -> None:
    """Forget that people are in a segment of whom nothing else is known."""
    person = select(_PERSONS.c.id).where(_PERSONS.c.store == store, _PERSONS.c.present)
    tx.execute(
        delete(_MEMBERSHIPS).where(
            _MEMBERSHIPS.c.store == store, _MEMBERSHIPS.c.person.not_in(person)
        )
    )
