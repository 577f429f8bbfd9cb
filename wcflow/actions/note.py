"""Notes on orders: the steps add_note and add_customer_note."""

from __future__ import annotations

import html
from datetime import tzinfo
from typing import TYPE_CHECKING

from wcflow.actions.base import ActionModule, EntryKind, Payload, WaysOut
from wcflow.errors import CancelledError, StoreError
from wcflow.rules.codes import note_mark
from wcflow.rules.steps import Action, Send, Step, StepContext, StepResult, parse_text

if TYPE_CHECKING:
    # Only names of types: commands that deliver nothing start without them.
    from wcflow.database.outbox import OutboxEntry

NO_ORDER = "the customer has no order for it"


def note(order_id: int, text: str, key: str, *, for_customer: bool = False) -> Send:
    """Return a note for the outbox. It ends with a mark, by which a retry finds it again."""
    payload = {"text": text, "for_customer": for_customer, "mark": note_mark(key)}
    return Send("note", payload, order_id, impossible="" if order_id else NO_ORDER)


def _private(step: Step, context: StepContext) -> StepResult:
    return _on_order(step, context, for_customer=False)


def _to_customer(step: Step, context: StepContext) -> StepResult:
    return _on_order(step, context, for_customer=True)


def _on_order(step: Step, context: StepContext, *, for_customer: bool) -> StepResult:
    order = context.note_order()
    text = step.render(context)
    return note(order.id if order else 0, text, context.key, for_customer=for_customer)


ADD_NOTE = Action(
    "add_note TEXT",
    "Write a private note on the trigger's order, or on the customer's latest order.",
    "add_note Welcome, {{ first_name }}",
    parse_text,
    _private,
)
ADD_CUSTOMER_NOTE = Action(
    "add_customer_note TEXT",
    "Write a note on the same order. WooCommerce e-mails it to the customer.",
    "add_customer_note Thank you, {{ first_name }}!",
    parse_text,
    _to_customer,
    warning="WooCommerce e-mails it",
)


def _content(payload: Payload, _zone: tzinfo) -> str:
    kind = "e-mailed to the customer: " if payload["for_customer"] else ""
    return f"{kind}{payload['text']} {payload['mark']}"


def _deliver(entry: OutboxEntry, ways: WaysOut) -> str:
    try:
        return _write(entry, ways)
    except StoreError as error:
        if error.record_is_missing:
            raise CancelledError(f"order {entry.target_id} was deleted from the store") from None
        raise


def _write(entry: OutboxEntry, ways: WaysOut) -> str:
    mark, where = entry.payload["mark"], f"order {entry.target_id}"
    if entry.attempts > 1 and any(mark in each.text for each in ways.store.notes(entry.target_id)):
        return f"note on {where}, written by an earlier attempt"
    # WooCommerce keeps markup as it is sent (FACTS: Notes), so what people typed is escaped.
    text = f"{html.escape(entry.payload['text'], quote=False)} {mark}"
    ways.store.add_note(entry.target_id, text, for_customer=entry.payload["for_customer"])
    return f"note on {where}"


_KIND = EntryKind(
    "note",
    "order note",
    "order notes",
    _content,
    resource="order",
    phrase="note on",
    deliver=_deliver,
)
NOTE = ActionModule((ADD_NOTE, ADD_CUSTOMER_NOTE), (_KIND,))
