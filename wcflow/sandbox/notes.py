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
    note = write(state, order.id, text, now, customer_note=customer_note, author=author)
    record_change(state, "order", order.id, "note", now)
    if customer_note:
        about = f"Note on order {order.number}"
        state.mails.append(Mail(order.billing["email"], about, note.text))
    return note


def write(
    state: State,
    post_id: int,
    text: str,
    now: datetime,
    *,
    customer_note: bool = False,
    author: str = "WooCommerce",
) -> Note:
    """Store a note on an order or on a subscription."""
    # WordPress strips slashes when it stores text, so backslashes disappear.
    stored, stamp = text.replace("\\", ""), state.zone.stamp(now)
    note = Note(state.numbers.take("comment"), post_id, author, stored, stamp, customer_note)
    state.notes.setdefault(post_id, []).append(note)
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


def rows(state: State, post_id: int) -> list[dict[str, Any]]:
    """Return all notes of an order or of a subscription."""
    return [row_of(state, note) for note in newest_first(state, post_id)]


def row_of(state: State, note: Note) -> dict[str, Any]:
    """Return a note as the API shows it."""
    return values.note_row(state, note)


def remove(state: State, post_id: int, note_id: int) -> dict[str, Any]:
    """Delete a note of an order or of a subscription permanently."""
    note = _find(state, post_id, note_id)
    state.notes[post_id].remove(note)
    return values.note_row(state, note)


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
    _order(state, order_id)
    _find(state, order_id, note_id)
    if not force:
        message = "Webhooks do not support trashing."
        raise RestError("woocommerce_rest_trash_not_supported", message, 501)
    row = remove(state, order_id, note_id)
    record_change(state, "order", order_id, "note")
    return row


def _order(state: State, order_id: int) -> Order:
    if order_id not in state.orders:
        raise RestError("woocommerce_rest_order_invalid_id", "Invalid order ID.", 404)
    return state.orders[order_id]


def _note(state: State, order_id: int, note_id: int) -> Note:
    _order(state, order_id)
    return _find(state, order_id, note_id)


def _find(state: State, post_id: int, note_id: int) -> Note:
    for note in state.notes.get(post_id, []):
        if note.id == note_id:
            return note
    raise RestError("woocommerce_rest_invalid_id", "Invalid resource ID.", 404)
