"""Subscriptions of the plugin WooCommerce Subscriptions, as its documentation describes them.

Source: https://woocommerce.github.io/subscriptions-rest-api-docs/, and the source of its public part
(Automattic/woocommerce-subscriptions-core 7.6). Its endpoints extend those of orders and of their
notes. There is no recording of it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from wcflow.sandbox import notes
from wcflow.sandbox.params import (
    Reader,
    date_readers,
    filter_ids,
    integer,
    one_of,
    paginate,
    paging_readers,
    pick_fields,
    read_params,
    requested_fields,
    some_of,
    within_dates,
)
from wcflow.sandbox.rest import Created, ListPage, Request, RestError
from wcflow.sandbox.state import BILLING, SHIPPING, State
from wcflow.sandbox.zone import gmt

STATUSES = ("pending", "active", "on-hold", "pending-cancel", "cancelled", "expired", "switched")
_TEXTS = ("customer_note", "transaction_id")


@dataclass(slots=True)
class Subscription:
    """A subscription."""

    id: int
    created: datetime
    modified: datetime
    status: str = "active"
    customer_id: int = 0
    email: str = ""
    parent_id: int = 0
    product: str = "Coffee of the month"
    total: str = "20.00"
    next_payment: datetime | None = None
    cancelled: datetime | None = None
    ended: datetime | None = None
    billing: dict[str, str] = field(default_factory=dict)
    shipping: dict[str, str] = field(default_factory=dict)
    customer_note: str = ""
    transaction_id: str = ""


def list_page(state: State, request: Request) -> ListPage:
    """Return a page of subscriptions."""
    _require_plugin(state)
    requested = read_params(request.params, _readers(state))
    wanted = set(requested.get("status", ["any"]))
    dated = within_dates(state.zone, requested)
    rows = [
        each
        for each in state.subscriptions.values()
        if dated(each)
        and (wanted & {"any", each.status})
        and requested.get("customer") in (None, each.customer_id)
    ]
    kept = set(filter_ids([each.id for each in rows], requested))
    rows = [each for each in rows if each.id in kept]
    keys: dict[str, Callable[[Subscription], Any]] = {
        "modified": lambda each: (each.modified, each.id),
        "date": lambda each: (each.created, each.id),
    }
    by = keys.get(requested.get("orderby", "date"), lambda each: each.id)
    rows.sort(key=by, reverse=requested.get("order", "desc") == "desc")
    fields = requested_fields(request.params)

    def text(each: Subscription) -> str:
        row = _row(state, each)
        return json.dumps(pick_fields(row, fields) if fields else row)

    return paginate(rows, requested, text)


def view(state: State, number: int) -> Mapping[str, Any]:
    """Return one subscription."""
    return _row(state, _get(state, number))


def update(
    state: State, number: int, requested: Mapping[str, Any], now: datetime
) -> Mapping[str, Any]:
    """Change a subscription; every save moves `date_modified`."""
    each = _get(state, number, 400)
    if requested.get("customer_id") is not None:
        each.customer_id = int(requested["customer_id"])
    for name in _TEXTS:
        if requested.get(name) is not None:
            setattr(each, name, str(requested[name]))
    billing = dict(requested.get("billing") or {})
    each.email = str(billing.pop("email", each.email))
    each.billing = each.billing | {name: str(billing[name]) for name in BILLING if name in billing}
    shipping = requested.get("shipping") or {}
    each.shipping = each.shipping | {
        name: str(shipping[name]) for name in SHIPPING if name in shipping
    }
    each.status = str(requested.get("status") or each.status)
    each.modified = now
    return _row(state, each)


def delete(state: State, number: int, *, force: bool) -> Mapping[str, Any]:
    """Delete a subscription and its notes permanently; the sandbox has no trash for them."""
    row = _row(state, _get(state, number))
    if not force:
        message = "Subscriptions do not support trashing."
        raise RestError("woocommerce_rest_trash_not_supported", message, 501)
    _drop(state, number)
    return row


def delete_of_customer(state: State, customer_id: int, now: datetime) -> None:
    """Delete the subscriptions of a deleted account, running ones too, as the plugin does."""
    if "subscriptions" not in state.settings.plugins:
        return
    for each in [*state.subscriptions.values()]:
        if each.customer_id == customer_id:
            parent = state.orders.get(each.parent_id)
            if parent is not None:
                text = f"The related subscription #{each.id} has been deleted after the customer was deleted."
                notes.add(state, parent, text, now)
            _drop(state, each.id)


def _drop(state: State, number: int) -> None:
    del state.subscriptions[number]
    state.notes.pop(number, None)


def _get(state: State, number: int, status: int = 404) -> Subscription:
    _require_plugin(state)
    if number not in state.subscriptions:
        raise RestError("woocommerce_rest_shop_subscription_invalid_id", "Invalid ID.", status)
    found: Subscription = state.subscriptions[number]
    return found


# Notes: the same endpoints as those of orders.


def list_notes(state: State, number: int) -> list[dict[str, Any]]:
    """Return all notes of a subscription."""
    _get(state, number)
    return notes.rows(state, number)


def create_note(state: State, number: int, requested: Mapping[str, Any], now: datetime) -> Created:
    """Add the requested note."""
    _get(state, number)
    row = notes.row_of(state, notes.write(state, number, str(requested["note"]), now))
    return Created(row, f"/wc/v3/subscriptions/{number}/notes/{row['id']}")


def delete_note(state: State, number: int, note_id: int) -> dict[str, Any]:
    """Delete a note permanently."""
    _get(state, number)
    return notes.remove(state, number, note_id)


def _require_plugin(state: State) -> None:
    if "subscriptions" not in state.settings.plugins:
        message = "No route was found matching the URL and request method."
        raise RestError("rest_no_route", message, 404)


def _readers(state: State) -> dict[str, Reader]:
    return {
        **paging_readers(),
        **date_readers(state.zone),
        "status": some_of("any", "trash", *STATUSES),
        "orderby": one_of("date", "id", "include", "title", "slug", "modified"),
        "customer": integer(0),
    }


def _row(state: State, each: Subscription) -> dict[str, Any]:
    def date(at: datetime | None) -> str:
        return "" if at is None else str(gmt(at))

    return {
        "id": each.id,
        "parent_id": each.parent_id,
        "status": each.status,
        "number": str(each.id),
        "currency": state.settings.currency,
        "date_created_gmt": gmt(each.created),
        "date_modified_gmt": gmt(each.modified),
        "customer_id": each.customer_id,
        "billing": dict.fromkeys(BILLING, "") | each.billing | {"email": each.email},
        "shipping": dict.fromkeys(SHIPPING, "") | each.shipping,
        "customer_note": each.customer_note,
        "transaction_id": each.transaction_id,
        "meta_data": [],
        "total": each.total,
        "line_items": [{"id": 1, "name": each.product, "quantity": 1, "total": each.total}],
        "billing_period": "month",
        "billing_interval": "1",
        "start_date_gmt": date(each.created),
        "next_payment_date_gmt": date(each.next_payment),
        "cancelled_date_gmt": date(each.cancelled),
        "end_date_gmt": date(each.ended),
    }


def begin(state: State, *, now: datetime, **fields: Any) -> int:
    """Begin a subscription and return its id."""
    number = state.numbers.take("post")
    state.subscriptions[number] = Subscription(number, now, now, **fields)
    return number


def change(state: State, number: int, *, now: datetime, **fields: Any) -> None:
    """Change fields of a subscription, such as its status."""
    subscription = state.subscriptions[number]
    for name, value in fields.items():
        setattr(subscription, name, value)
    subscription.modified = now
