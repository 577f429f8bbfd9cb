"""The list of orders: which rows a request asks for, and in what order they come.

Its traps are WooCommerce's own: bounds are exclusive, `any` hides the trash, and rows that are
equal in what they are sorted by come in any order, another one with each request.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from wcflow.sandbox import values
from wcflow.sandbox.params import (
    Reader,
    between,
    bounds,
    cut,
    fields_of,
    integer,
    one_of,
    only,
    paging,
    read,
    some_of,
)
from wcflow.sandbox.rest import Page, Request
from wcflow.sandbox.state import Order, State
from wcflow.sandbox.zone import gmt

_Test = Callable[[Order], bool]


def readers(state: State) -> dict[str, Reader]:
    """Return how each parameter of the list is read."""
    return {
        **paging(),
        **bounds(state.zone),
        "status": some_of("any", "trash", "auto-draft", *state.settings.statuses),
        "orderby": one_of("date", "id", "include", "title", "slug", "modified"),
        "customer": integer(0),
        "product": integer(0),
    }


def list_page(state: State, request: Request) -> Page:
    """Answer with a page of orders."""
    asked = read(request.params, readers(state))
    tests = list(_tests(state, asked))
    rows = [order for order in _candidates(state, asked) if all(test(order) for test in tests)]
    state.lists_asked += 1
    _arrange(rows, asked, state.lists_asked)
    fields = fields_of(request.params)
    return cut(
        rows, asked, lambda order: _text(state, order, fields), forgetful=state.settings.hpos
    )


def _candidates(state: State, asked: Mapping[str, Any]) -> Iterable[Order]:
    if not asked.get("include"):
        return state.orders.values()
    wanted = dict.fromkeys(asked["include"])
    return [state.orders[number] for number in wanted if number in state.orders]


def _tests(state: State, asked: Mapping[str, Any]) -> Iterable[_Test]:
    statuses = _statuses(state, asked.get("status", ["any"]))
    yield lambda order: order.status in statuses
    # WordPress heeds no exclusion beside an inclusion; WooCommerce's own tables heed both.
    if asked.get("exclude") and (state.settings.hpos or not asked.get("include")):
        unwanted = set(asked["exclude"])
        yield lambda order: order.id not in unwanted
    if "customer" in asked:
        yield lambda order: order.customer_id == asked["customer"]
    if asked.get("product"):
        yield lambda order: any(line.product_id == asked["product"] for line in order.items)
    if asked.get("search"):
        yield lambda order: asked["search"].lower() in " ".join(order.billing.values()).lower()
    yield between(state.zone, asked)


def _statuses(state: State, asked: list[str]) -> set[str]:
    if "any" not in asked:
        return set(asked)
    drafts = set() if state.settings.any_holds_drafts else {"checkout-draft"}
    return set(state.settings.statuses) - drafts


def _arrange(rows: list[Order], asked: Mapping[str, Any], turn: int) -> None:
    by = asked.get("orderby", "date")
    if by == "include":
        places = {number: place for place, number in enumerate(asked.get("include", ()))}
        rows.sort(key=lambda order: places.get(order.id, order.id))
        return
    # No tie-breaker (FACTS: Orders): equal rows come in an order that changes with each request.
    keys: dict[str, Callable[[Order], Any]] = {
        "id": lambda order: order.id,
        "date": lambda order: (order.created, _shuffled(order.id, turn)),
        "modified": lambda order: (order.modified, _shuffled(order.id, turn)),
    }
    rows.sort(key=keys.get(by, keys["id"]), reverse=asked.get("order", "desc") == "desc")


def _shuffled(number: int, turn: int) -> int:
    return (number * 40503 + turn * 9973) * 2654435761 & 0xFFFFFFFF


def _text(state: State, order: Order, fields: list[str]) -> str:
    if not fields:
        return values.order_text(state, order)
    quick = {name: _QUICK[name](order) for name in fields if name in _QUICK}
    if len(quick) == len(fields):
        return json.dumps(quick)
    return json.dumps(only(json.loads(values.order_text(state, order)), fields))


# Fields that are had without writing the whole order, as WooCommerce honours `_fields` early.
_QUICK: dict[str, Callable[[Order], Any]] = {
    "id": lambda order: order.id,
    "status": lambda order: order.status,
    "customer_id": lambda order: order.customer_id,
    "number": lambda order: order.number,
    "date_created_gmt": lambda order: gmt(order.created),
    "date_modified_gmt": lambda order: gmt(order.modified),
}
