"""Order notes: no paging, search or batch; a note does not change the order's `date_modified`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from wcflow.sandbox import values
from wcflow.sandbox.companion_tables import record_change
from wcflow.sandbox.params import missing_params
from wcflow.sandbox.rest import Created, Request, RestError
from wcflow.sandbox.state import Mail, Note, Order, State


def add(
    state: State,
    order: Order,
    text: str,
    now: datetime,
    *,
    customer_note: bool = False,
    author: str = "WooCommerce",
) -> Note:
    """Add a note; a customer note is also e-mailed."""
    # WordPress strips slashes when it stores text, so backslashes disappear.
    stored = text.replace("\\", "")
    stamp = state.zone.stamp(now)
    note = Note(state.numbers.take("comment"), order.id, author, stored, stamp, customer_note)
    state.notes.setdefault(order.id, []).append(note)
    record_change(state, "order", order.id, "note", now)
    if customer_note:
        state.mails.append(Mail(order.billing["email"], f"Note on order {order.number}", stored))
    return note


def newest_first(state: State, order_id: int) -> list[Note]:
    """Return the notes of an order, newest first; by id within a second."""
    return sorted(
        state.notes.get(order_id, []), key=lambda note: (-note.created.timestamp(), note.id)
    )


def list_all(state: State, request: Request, order_id: int) -> list[dict[str, Any]]:
    """Return all notes of an order, or those of one type."""
    if order_id not in state.orders:
        # Reading notes and writing one fail with different codes.
        raise RestError("woocommerce_rest_shop_order_invalid_id", "Invalid order ID.", 404)
    kind = request.params.get("type", "any")
    return [
        values.note_row(state, note)
        for note in newest_first(state, order_id)
        if kind == "any" or note.customer_note == (kind == "customer")
    ]


def view(state: State, order_id: int, note_id: int) -> dict[str, Any]:
    """Return one note."""
    return values.note_row(state, _note(state, order_id, note_id))


def create(state: State, order_id: int, requested: Mapping[str, Any], now: datetime) -> Created:
    """Add the requested note."""
    if "note" not in requested:
        raise missing_params("note")
    order = _order(state, order_id)
    note = add(
        state,
        order,
        str(requested["note"]),
        now,
        customer_note=bool(requested.get("customer_note")),
    )
    return Created(values.note_row(state, note), f"/wc/v3/orders/{order_id}/notes/{note.id}")


def delete(state: State, order_id: int, note_id: int, *, force: bool) -> dict[str, Any]:
    """Delete a note permanently."""
    note = _note(state, order_id, note_id)
    if not force:
        message = "Webhooks do not support trashing."
        raise RestError("woocommerce_rest_trash_not_supported", message, 501)
    state.notes[order_id].remove(note)
    record_change(state, "order", order_id, "note")
    return values.note_row(state, note)


def _order(state: State, order_id: int) -> Order:
    if order_id not in state.orders:
        raise RestError("woocommerce_rest_order_invalid_id", "Invalid order ID.", 404)
    return state.orders[order_id]


def _note(state: State, order_id: int, note_id: int) -> Note:
    _order(state, order_id)
    for note in state.notes.get(order_id, []):
        if note.id == note_id:
            return note
    raise RestError("woocommerce_rest_invalid_id", "Invalid resource ID.", 404)
