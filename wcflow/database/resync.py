"""Which rows of the mirror a resync has not met at the shop yet. Kept, so that it may die and go on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import Connection, delete, insert, literal, select, update
from sqlmodel import SQLModel

from wcflow.database.integrity import unreadable
from wcflow.database.sql import chunks, stamp, table_of
from wcflow.database.tables import CustomerRow, MembershipRow, OrderRow, PersonRow, ResyncRow
from wcflow.records import Order

ORDER, CUSTOMER = "order", "customer"
_D, _M, _P = table_of(ResyncRow), table_of(MembershipRow), table_of(PersonRow)
_O = table_of(OrderRow)
_MODELS: Mapping[str, type[SQLModel]] = {ORDER: OrderRow, CUSTOMER: CustomerRow}


def torn(tx: Connection, store: str, kind: str) -> list[int]:
    """Give the rows of a kind that cannot be read: they would hinder their own mending."""
    return list(unreadable(tx, store, _MODELS[kind]))


def doubt_all(tx: Connection, store: str, kind: str, but: Iterable[int]) -> None:
    """Doubt every row of a kind, ``but`` for those that are dropped at once: the torn ones."""
    table = table_of(_MODELS[kind])
    for part in chunks(but):
        tx.execute(delete(table).where(table.c.store == store, table.c.id.in_(part)))
    forget_doubts(tx, store, kind)
    rows = select(table.c.store, literal(kind), table.c.id).where(table.c.store == store)
    tx.execute(insert(_D).from_select(["store", "kind", "id"], rows))


def confirm(tx: Connection, store: str, kind: str, ids: Iterable[int]) -> None:
    """Take the doubt from rows that the shop has told of, or that were asked for by name."""
    for part in chunks(ids):
        here = (_D.c.store == store) & (_D.c.kind == kind) & _D.c.id.in_(part)
        tx.execute(delete(_D).where(here))


def mistaken_statuses(tx: Connection, store: str, told: Sequence[Order]) -> dict[int, str]:
    """Give the history of doubted orders whose status is wrong here, and was not changed at the shop.

    WooCommerce stamps each change of status. Where the stamp is known and the status is not, the
    mirror was wrong; that it is put right is no event, and must set no workflow off.
    """
    stamps = {order.id: (order.status, stamp(order.modified)) for order in told}
    same = (_D.c.store == _O.c.store) & (_D.c.id == _O.c.id) & (_D.c.kind == ORDER)
    columns = select(_O.c.id, _O.c.status, _O.c.modified, _O.c.history).join(_D, same)
    rows = tx.execute(columns.where(_O.c.store == store, _O.c.id.in_(list(stamps)))).all()
    return {
        row.id: row.history
        for row in rows
        if (row.status, row.modified) != stamps[row.id] and row.modified == stamps[row.id][1]
    }


def any_doubted(tx: Connection, store: str, kind: str) -> bool:
    """Say whether anything of a kind is doubted at all: mostly nothing is."""
    first = select(_D.c.id).where(_D.c.store == store, _D.c.kind == kind).limit(1)
    return tx.scalar(first) is not None


def keep_histories(tx: Connection, store: str, histories: Mapping[int, str]) -> None:
    """Put histories back as they were."""
    for order_id, history in histories.items():
        here = (_O.c.store == store) & (_O.c.id == order_id)
        tx.execute(update(_O).where(here).values(history=history))


def doubted(tx: Connection, store: str, kind: str) -> list[int]:
    """Give what is doubted still, lowest id first."""
    asked = select(_D.c.id).where(_D.c.store == store, _D.c.kind == kind).order_by(_D.c.id)
    return list(tx.scalars(asked))


def forget_doubts(tx: Connection, store: str, kind: str) -> None:
    """Doubt no row of a kind any more."""
    tx.execute(delete(_D).where(_D.c.store == store, _D.c.kind == kind))


def drop_memberships_of_nobody(tx: Connection, store: str) -> None:
    """Forget that people are in a segment of whom nothing else is known."""
    person = select(_P.c.id).where(_P.c.store == store, _P.c.present)
    tx.execute(delete(_M).where(_M.c.store == store, _M.c.person.not_in(person)))
