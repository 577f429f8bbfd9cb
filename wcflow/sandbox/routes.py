"""From a request to an answer: whose key, which route, with whose leave."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

from wcflow.sandbox import (
    auth,
    batch,
    coupons,
    customers,
    notes,
    order_list,
    orders,
    products,
    refunds,
    site,
)
from wcflow.sandbox.params import trimmed
from wcflow.sandbox.rest import (
    MALFORMED,
    Made,
    Page,
    Refusal,
    Request,
    Response,
    Route,
    Visit,
    refused,
    told,
)
from wcflow.sandbox.state import Key, State


def answer(state: State, request: Request, now: datetime) -> Response:
    """Answer a request below /wp-json."""
    try:
        return _response(_answered(state, request, now), request, now)
    except Refusal as refusal:
        return refused(refusal, now)


def _answered(state: State, request: Request, now: datetime) -> Any:
    if request.path in {"/", ""}:
        return site.index(state, request, now)
    key = auth.key_of(state, request, now)
    route, ids = _route(request)
    if request.json is MALFORMED:
        raise Refusal("rest_invalid_json", "Invalid JSON body passed.", 400)
    auth.permit(key, route.deed, administrators_only=route.administrators_only)
    return route.answer(Visit(state, request, _known(key), now, ids))


def _known(key: Key | None) -> Key:
    # `permit` lets no stranger pass; this says so to the type checker.
    assert key is not None
    return key


def _route(request: Request) -> tuple[Route, tuple[int, ...]]:
    method = "PUT" if request.method == "PATCH" else request.method
    for route in ROUTES:
        found = route.path.fullmatch(request.path.rstrip("/"))
        if found and method in route.method.split():
            return route, tuple(int(part) for part in found.groups() if part.isdigit())
    message = "No route was found matching the URL and request method."
    raise Refusal("rest_no_route", message, 404)


def _response(found: Any, request: Request, now: datetime) -> Response:
    match found:
        case Page():
            counts = {"X-WP-Total": str(found.total), "X-WP-TotalPages": str(found.pages)}
            return told(f"[{','.join(found.rows)}]", now, headers=counts)
        case Made():
            body = json.dumps(trimmed(found.body, request.params))
            location = f"{request.base}/wp-json{found.location}"
            return told(body, now, status=201, headers={"Location": location})
        case _:
            return told(json.dumps(trimmed(found, request.params)), now)


# Which room answers which request.


def _order_batch(v: Visit) -> Any:
    return batch.answer(
        v.request.json,
        create=lambda asked: orders.create(v.state, asked, v.now),
        update=lambda number, asked: orders.update(v.state, number, asked, v.now),
        delete=lambda number: orders.delete(v.state, number, v.now, force=True),
    )


def _customer_batch(v: Visit) -> Any:
    return batch.answer(
        v.request.json,
        create=lambda asked: customers.create(v.state, v.key, asked, v.now),
        update=lambda number, asked: customers.update(v.state, v.key, number, asked, v.now),
        delete=lambda number: customers.delete(v.state, v.key, number, v.now, force=True),
    )


def _coupon_batch(v: Visit) -> Any:
    return batch.answer(
        v.request.json,
        create=lambda asked: coupons.create(v.state, asked, v.now),
        update=lambda number, asked: coupons.update(v.state, number, asked, v.now),
        delete=lambda number: coupons.delete(v.state, number, force=True),
    )


def _create_order(v: Visit) -> Any:
    orders.check(v.state, v.asked)
    return orders.create(v.state, v.asked, v.now)


def _update_order(v: Visit) -> Any:
    orders.check(v.state, v.asked)
    return orders.update(v.state, v.id, v.asked, v.now)


def _create_customer(v: Visit) -> Any:
    customers.check_new(v.asked)
    return customers.create(v.state, v.key, v.asked, v.now)


def _update_customer(v: Visit) -> Any:
    customers.check(v.asked)
    return customers.update(v.state, v.key, v.id, v.asked, v.now)


_EDIT = "POST PUT"

# Shop managers may neither promote nor delete users, and WooCommerce asks for both here.
_FOR_ADMINISTRATORS = {(_EDIT, "customers/batch"), ("DELETE", "customers/<id>")}


def _at(method: str, path: str, deed: str, answered: Callable[[Visit], Any]) -> Route:
    whole = path if path.startswith("/") else f"/wc/v3/{path}"
    pattern = re.compile(whole.replace("<id>", r"(\d+)"))
    return Route(method, pattern, deed, answered, (method, path) in _FOR_ADMINISTRATORS)


# v: the visit; its id is the first in the path.
ROUTES = (
    _at("GET", "orders", "list", lambda v: order_list.list_page(v.state, v.request)),
    _at("POST", "orders", "create", _create_order),
    _at(_EDIT, "orders/batch", "batch", _order_batch),
    _at("GET", "orders/<id>", "view", lambda v: orders.view(v.state, v.id)),
    _at(_EDIT, "orders/<id>", "edit", _update_order),
    _at(
        "DELETE",
        "orders/<id>",
        "delete",
        lambda v: orders.delete(v.state, v.id, v.now, force=v.force),
    ),
    _at("GET", "orders/<id>/notes", "list", lambda v: notes.list_all(v.state, v.request, v.id)),
    _at(
        "POST", "orders/<id>/notes", "create", lambda v: notes.create(v.state, v.id, v.asked, v.now)
    ),
    _at("GET", "orders/<id>/notes/<id>", "view", lambda v: notes.view(v.state, *v.ids)),
    _at(
        "DELETE",
        "orders/<id>/notes/<id>",
        "delete",
        lambda v: notes.delete(v.state, *v.ids, force=v.force),
    ),
    _at("GET", "refunds", "list", lambda v: refunds.list_all(v.state, v.request)),
    _at("GET", "orders/<id>/refunds", "list", lambda v: refunds.of(v.state, v.request, v.id)),
    _at(
        "POST",
        "orders/<id>/refunds",
        "create",
        lambda v: refunds.create(v.state, v.id, v.asked, v.now),
    ),
    _at("GET", "orders/<id>/refunds/<id>", "view", lambda v: refunds.view(v.state, *v.ids)),
    _at(
        "DELETE",
        "orders/<id>/refunds/<id>",
        "delete",
        lambda v: refunds.delete(v.state, *v.ids, force=v.force),
    ),
    _at("GET", "customers", "list", lambda v: customers.list_page(v.state, v.request, v.key)),
    _at("POST", "customers", "create", _create_customer),
    _at(_EDIT, "customers/batch", "batch", _customer_batch),
    _at("GET", "customers/<id>", "view", lambda v: customers.view(v.state, v.key, v.id)),
    _at(_EDIT, "customers/<id>", "edit", _update_customer),
    _at(
        "DELETE",
        "customers/<id>",
        "delete",
        lambda v: customers.delete(v.state, v.key, v.id, v.now, force=v.force),
    ),
    _at("GET", "coupons", "list", lambda v: coupons.list_page(v.state, v.request)),
    _at("POST", "coupons", "create", lambda v: coupons.create(v.state, v.asked, v.now)),
    _at(_EDIT, "coupons/batch", "batch", _coupon_batch),
    _at("GET", "coupons/<id>", "view", lambda v: coupons.view(v.state, v.id)),
    _at(_EDIT, "coupons/<id>", "edit", lambda v: coupons.update(v.state, v.id, v.asked, v.now)),
    _at(
        "DELETE",
        "coupons/<id>",
        "delete",
        lambda v: coupons.delete(v.state, v.id, force=v.force),
    ),
    _at("GET", "products", "list", lambda v: products.list_page(v.state, v.request)),
    _at(
        "POST",
        "products",
        "create",
        lambda v: products.create(v.state, v.request, v.asked, v.now),
    ),
    _at(
        "DELETE",
        "products/<id>",
        "delete",
        lambda v: products.remove(v.state, v.request, v.id, force=v.force),
    ),
    _at("GET", "products/<id>", "view", lambda v: products.view(v.state, v.request, v.id)),
    _at(
        "GET",
        "products/categories",
        "list",
        lambda v: products.terms_page(v.state, v.request, "categories"),
    ),
    _at("GET", "products/tags", "list", lambda v: products.terms_page(v.state, v.request, "tags")),
    _at("GET", "system_status", "list", lambda v: site.system_status(v.state, v.request)),
    _at("GET", "settings/general", "list", lambda v: site.general(v.state)),
    _at(
        "GET",
        r"settings/general/([a-z_]+)",
        "view",
        lambda v: site.one_general(v.state, v.request),
    ),
    _at("GET", "data/currencies/current", "list", lambda v: site.currency(v.state)),
    _at("GET", "reports/orders/totals", "list", lambda v: site.order_totals(v.state)),
    _at(
        "GET",
        "/wc-analytics/reports/customers",
        "list",
        lambda v: site.analytics_customers(v.state, v.request),
    ),
)
