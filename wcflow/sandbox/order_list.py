"""The list of orders: filters and sorting.

As in WooCommerce, bounds are exclusive, `any` hides the trash, and rows with equal sort keys
come in an order that changes with each request.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from wcflow.sandbox import values
from wcflow.sandbox.params import (
    Reader,
    date_readers,
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
from wcflow.sandbox.rest import ListPage, Request
from wcflow.sandbox.state import Order, State
from wcflow.sandbox.zone import gmt

_Filter = Callable[[Order], bool]


def list_readers(state: State) -> dict[str, Reader]:
    """Return the reader of each list parameter."""
    return {
        **paging_readers(),
        **date_readers(state.zone),
        "status": some_of("any", "trash", "auto-draft", *state.settings.statuses),
        "orderby": one_of("date", "id", "include", "title", "slug", "modified"),
        "customer": integer(0),
        "product": integer(0),
    }


def list_page(state: State, request: Request) -> ListPage:
    """Return a page of orders."""
    requested = read_params(request.params, list_readers(state))
    tests = list(_filters(state, requested))
    rows = [order for order in _candidates(state, requested) if all(test(order) for test in tests)]
    state.lists_requested += 1
    _sort(rows, requested, state.lists_requested)
    fields = requested_fields(request.params)
    return paginate(
        rows,
        requested,
        lambda order: _order_text(state, order, fields),
        empty_past_end=state.settings.hpos,
    )


def _candidates(state: State, requested: Mapping[str, Any]) -> Iterable[Order]:
    if not requested.get("include"):
        return state.orders.values()
    wanted = dict.fromkeys(requested["include"])
    return [state.orders[number] for number in wanted if number in state.orders]


def _filters(state: State, requested: Mapping[str, Any]) -> Iterable[_Filter]:
    statuses = _statuses(state, requested.get("status", ["any"]))
    yield lambda order: order.status in statuses
    # With both given, WordPress ignores `exclude`; WooCommerce's own tables use both.
    if requested.get("exclude") and (state.settings.hpos or not requested.get("include")):
        unwanted = set(requested["exclude"])
        yield lambda order: order.id not in unwanted
    if "customer" in requested:
        yield lambda order: order.customer_id == requested["customer"]
    if requested.get("product"):
        yield lambda order: any(line.product_id == requested["product"] for line in order.items)
    if requested.get("search"):
        yield lambda order: requested["search"].lower() in " ".join(order.billing.values()).lower()
    if requested.get("parent_exclude"):
        parents = set(requested["parent_exclude"])
        yield lambda order: order.parent_id not in parents
    yield from _date_filters(state, requested)


def _date_filters(state: State, requested: Mapping[str, Any]) -> Iterable[_Filter]:
    if requested.get("after") or requested.get("before"):
        # Posts storage dates an undated order 0000-00-00, which is before every bound.
        always_before = not (state.settings.hpos or requested.get("after"))
        dated = within_dates(state.zone, requested)
        by_change = within_dates(state.zone, {**requested, "before": "", "after": ""})
        yield (
            lambda order: dated(order) if not order.undated else always_before and by_change(order)
        )
    else:
        yield within_dates(state.zone, requested)


def _statuses(state: State, requested: list[str]) -> set[str]:
    if "any" not in requested:
        return set(requested)
    drafts = set() if state.settings.any_holds_drafts else {"checkout-draft"}
    return set(state.settings.statuses) - drafts


def _sort(rows: list[Order], requested: Mapping[str, Any], turn: int) -> None:
    by = requested.get("orderby", "date")
    if by == "include":
        places = {number: place for place, number in enumerate(requested.get("include", ()))}
        rows.sort(key=lambda order: places.get(order.id, order.id))
        return
    # No tie-breaker (FACTS: Orders): the order of equal rows changes with each request.
    keys: dict[str, Callable[[Order], Any]] = {
        "id": lambda order: order.id,
        # MySQL sorts a missing date before all others.
        "date": lambda order: (not order.undated, order.created, _shuffle_key(order.id, turn)),
        "modified": lambda order: (order.modified, _shuffle_key(order.id, turn)),
    }
    rows.sort(key=keys.get(by, keys["id"]), reverse=requested.get("order", "desc") == "desc")


def _shuffle_key(number: int, turn: int) -> int:
    return (number * 40503 + turn * 9973) * 2654435761 & 0xFFFFFFFF


def _order_text(state: State, order: Order, fields: list[str]) -> str:
    if not fields:
        return values.order_text(state, order)
    quick = {name: _FAST_FIELDS[name](order) for name in fields if name in _FAST_FIELDS}
    if len(quick) == len(fields):
        return json.dumps(quick)
    return json.dumps(pick_fields(json.loads(values.order_text(state, order)), fields))


# Fields that need no full order row; WooCommerce applies `_fields` early too.
_FAST_FIELDS: dict[str, Callable[[Order], Any]] = {
    "id": lambda order: order.id,
    "status": lambda order: order.status,
    "customer_id": lambda order: order.customer_id,
    "number": lambda order: order.number,
    "date_created_gmt": lambda order: None if order.undated else gmt(order.created),
    "date_modified_gmt": lambda order: gmt(order.modified),
}
