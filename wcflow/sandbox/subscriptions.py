"""Subscriptions of the plugin WooCommerce Subscriptions, as its documentation describes them.

Source: https://woocommerce.github.io/subscriptions-rest-api-docs/. There is no recording of it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from wcflow.sandbox.params import (
    Reader,
    date_readers,
    filter_ids,
    one_of,
    paginate,
    paging_readers,
    pick_fields,
    read_params,
    requested_fields,
    some_of,
    within_dates,
)
from wcflow.sandbox.rest import ListPage, Request, RestError
from wcflow.sandbox.state import State
from wcflow.sandbox.zone import gmt

STATUSES = ("pending", "active", "on-hold", "pending-cancel", "cancelled", "expired", "switched")


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


def list_page(state: State, request: Request) -> ListPage:
    """Return a page of subscriptions."""
    _require_plugin(state)
    requested = read_params(request.params, _readers(state))
    wanted = set(requested.get("status", ["any"]))
    dated = within_dates(state.zone, requested)
    rows = [
        each
        for each in state.subscriptions.values()
        if dated(each) and (wanted & {"any", each.status})
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
    _require_plugin(state)
    if number not in state.subscriptions:
        raise RestError("woocommerce_rest_shop_subscription_invalid_id", "Invalid ID.", 404)
    return _row(state, state.subscriptions[number])


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
        "billing": {"first_name": "", "last_name": "", "email": each.email},
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
