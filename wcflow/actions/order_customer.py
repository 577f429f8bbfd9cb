"""Give an order to another customer account, after a merge by hand. There is no step for it.

Before it is written, the order is read again: it must still belong to whom the admin saw.
"""

from __future__ import annotations

from datetime import tzinfo
from typing import TYPE_CHECKING

from wcflow.actions.base import ActionModule, EntryKind, Payload, WaysOut
from wcflow.errors import CancelledError, DeliveryError, StoreError

if TYPE_CHECKING:
    # Only names of types: commands that deliver nothing start without them.
    from wcflow.database.outbox import OutboxEntry

ORDER_CUSTOMER = "order_customer"


def account_words(customer_id: int) -> str:
    """Return a customer id in words; 0 is a guest."""
    return f"customer {customer_id}" if customer_id else "a guest"


def _content(payload: Payload, _zone: tzinfo) -> str:
    return f"from {account_words(payload['from'])} to {account_words(payload['to'])}"


def _deliver(entry: OutboxEntry, ways: WaysOut) -> str:
    number, wanted = entry.target_id, int(entry.payload["to"])
    order = ways.store.order(number)
    if order is None:
        raise CancelledError(f"order {number} was deleted from the store")
    if order.customer_id == wanted:
        return f"order {number} belongs to {account_words(wanted)}, by an earlier attempt"
    if order.customer_id != entry.payload["from"]:
        raise CancelledError(f"order {number} belongs to another customer meanwhile")
    if wanted and ways.store.customer(wanted) is None:
        raise CancelledError(f"customer {wanted} was deleted from the store")
    try:
        saved = ways.store.assign_order(number, wanted)
    except StoreError as error:
        if error.record_is_missing:
            raise CancelledError(f"order {number} was deleted from the store") from None
        raise
    if saved.customer_id != wanted:
        raise DeliveryError(
            f"the store did not give order {number} to {account_words(wanted)}",
            "Look for a plugin that changes the customer of orders.",
            permanent=True,
        )
    return f"order {number} belongs to {account_words(wanted)}"


_ENTRY = EntryKind(
    ORDER_CUSTOMER,
    "customer of an order",
    "customers of orders",
    _content,
    resource="order",
    phrase="customer of",
    deliver=_deliver,
)
ORDER_CUSTOMERS = ActionModule((), (_ENTRY,))
