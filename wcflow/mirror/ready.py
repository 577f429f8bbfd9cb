"""Orders made into rows before it is known what the mirror has of them.

Who asks a shop does that, not who keeps what came: many ask, one keeps, and rows that wait are small.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from wcflow.mirror.rows import order_row, refunds_in
from wcflow.mirror.upserts import dumps, loads
from wcflow.records import Order


class ReadyOrder(NamedTuple):
    """An order as the row of one that is new to the mirror.

    ``undated`` is the order itself if refunds have no date, which the mirror may know.
    """

    id: int
    row: Mapping[str, Any]
    undated: Order | None


def ready(store: str, orders: Sequence[Order]) -> tuple[Order | ReadyOrder, ...]:
    """Make the rows of orders; where a text among them cannot be written, they stay as they are."""
    try:
        return tuple([_ready(store, order) for order in orders])
    except UnicodeError:
        return tuple(orders)


def _ready(store: str, order: Order) -> ReadyOrder:
    row = order_row(store, order)
    row["history"] = dumps([["", row["status"], row["created"]]])
    return ReadyOrder(order.id, row, None if _is_dated(order) else order)


def row_beside(store: str, order: Order | ReadyOrder, old: Any) -> Mapping[str, Any]:
    """Give the row of an order, beside the row ``old`` that the mirror has of it, or None."""
    new = _ready(store, order) if isinstance(order, Order) else order
    if old is None:
        return new.row
    row = new.row if new.undated is None else order_row(store, dated(new.undated, old))
    return {**row, "history": _history(old, row)}


def dated(order: Order, old: Any) -> Order:
    """Give an order with the dates of refunds that the mirror knows and the shop did not tell."""
    if old is None or _is_dated(order):
        return order
    dates = {refund.id: refund.date for refund in refunds_in(loads(old.detail))}
    refunds = (replace(r, date=r.date or dates.get(r.id)) for r in order.refunds)
    return replace(order, refunds=tuple(refunds))


def _history(old: Any, new: Mapping[str, Any]) -> str:
    if old.status == new["status"]:
        return str(old.history)
    return dumps([*loads(old.history), [old.status, new["status"], new["modified"]]])


def _is_dated(order: Order) -> bool:
    return all(refund.date for refund in order.refunds)
