"""Finds the route of a request, checks its key and permission, and answers it."""

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
from wcflow.sandbox.params import select_fields
from wcflow.sandbox.rest import (
    MALFORMED,
    Created,
    ListPage,
    Request,
    RequestContext,
    Response,
    RestError,
    Route,
    error_response,
    text_response,
)
from wcflow.sandbox.state import ApiKey, State


def dispatch(state: State, request: Request, now: datetime) -> Response:
    """Answer a request below /wp-json."""
    try:
        return _build_response(_answer(state, request, now), request, now)
    except RestError as refusal:
        return error_response(refusal, now)


def _answer(state: State, request: Request, now: datetime) -> Any:
    if request.path in {"/", ""}:
        return site.index(state, request, now)
    key = auth.authenticate(state, request, now)
    route, ids = _find_route(request)
    if request.json is MALFORMED:
        raise RestError("rest_invalid_json", "Invalid JSON body passed.", 400)
    auth.authorize(key, route.permission, administrators_only=route.administrators_only)
    return route.answer(RequestContext(state, request, _require_key(key), now, ids))


def _require_key(key: ApiKey | None) -> ApiKey:
    # `authorize` accepts no missing key; this is for the type checker.
    assert key is not None
    return key


def _find_route(request: Request) -> tuple[Route, tuple[int, ...]]:
    method = "PUT" if request.method == "PATCH" else request.method
    for route in ROUTES:
        found = route.path.fullmatch(request.path.rstrip("/"))
        if found and method in route.method.split():
            return route, tuple(int(part) for part in found.groups() if part.isdigit())
    message = "No route was found matching the URL and request method."
    raise RestError("rest_no_route", message, 404)


def _build_response(found: Any, request: Request, now: datetime) -> Response:
    match found:
        case ListPage():
            counts = {"X-WP-Total": str(found.total), "X-WP-TotalPages": str(found.pages)}
            return text_response(f"[{','.join(found.rows)}]", now, headers=counts)
        case Created():
            body = json.dumps(select_fields(found.body, request.params))
            location = f"{request.base}/wp-json{found.location}"
            return text_response(body, now, status=201, headers={"Location": location})
        case _:
            return text_response(json.dumps(select_fields(found, request.params)), now)


# The routes.


def _order_batch(request_context: RequestContext) -> Any:
    return batch.answer_batch(
        request_context.request.json,
        create=lambda requested: orders.create(
            request_context.state, requested, request_context.now
        ),
        update=lambda number, requested: orders.update(
            request_context.state, number, requested, request_context.now
        ),
        delete=lambda number: orders.delete(
            request_context.state, number, request_context.now, force=True
        ),
    )


def _customer_batch(request_context: RequestContext) -> Any:
    return batch.answer_batch(
        request_context.request.json,
        create=lambda requested: customers.create(
            request_context.state, request_context.key, requested, request_context.now
        ),
        update=lambda number, requested: customers.update(
            request_context.state, request_context.key, number, requested, request_context.now
        ),
        delete=lambda number: customers.delete(
            request_context.state, request_context.key, number, request_context.now, force=True
        ),
    )


def _coupon_batch(request_context: RequestContext) -> Any:
    return batch.answer_batch(
        request_context.request.json,
        create=lambda requested: coupons.create(
            request_context.state, requested, request_context.now
        ),
        update=lambda number, requested: coupons.update(
            request_context.state, number, requested, request_context.now
        ),
        delete=lambda number: coupons.delete(request_context.state, number, force=True),
    )


def _create_order(request_context: RequestContext) -> Any:
    orders.check(request_context.state, request_context.requested)
    return orders.create(request_context.state, request_context.requested, request_context.now)


def _update_order(request_context: RequestContext) -> Any:
    orders.check(request_context.state, request_context.requested)
    return orders.update(
        request_context.state, request_context.id, request_context.requested, request_context.now
    )


def _create_customer(request_context: RequestContext) -> Any:
    customers.check_new(request_context.requested)
    return customers.create(
        request_context.state, request_context.key, request_context.requested, request_context.now
    )


def _update_customer(request_context: RequestContext) -> Any:
    customers.check(request_context.requested)
    return customers.update(
        request_context.state,
        request_context.key,
        request_context.id,
        request_context.requested,
        request_context.now,
    )


_EDIT = "POST PUT"

# WooCommerce requires the right to promote and delete users here; shop managers have neither.
_FOR_ADMINISTRATORS = {(_EDIT, "customers/batch"), ("DELETE", "customers/<id>")}


def _at(method: str, path: str, permission: str, answer: Callable[[RequestContext], Any]) -> Route:
    whole = path if path.startswith("/") else f"/wc/v3/{path}"
    pattern = re.compile(whole.replace("<id>", r"(\d+)"))
    return Route(method, pattern, permission, answer, (method, path) in _FOR_ADMINISTRATORS)


# v: the visit; its id is the first in the path.
ROUTES = (
    _at(
        "GET",
        "orders",
        "list",
        lambda request_context: order_list.list_page(
            request_context.state, request_context.request
        ),
    ),
    _at("POST", "orders", "create", _create_order),
    _at(_EDIT, "orders/batch", "batch", _order_batch),
    _at(
        "GET",
        "orders/<id>",
        "view",
        lambda request_context: orders.view(request_context.state, request_context.id),
    ),
    _at(_EDIT, "orders/<id>", "edit", _update_order),
    _at(
        "DELETE",
        "orders/<id>",
        "delete",
        lambda request_context: orders.delete(
            request_context.state,
            request_context.id,
            request_context.now,
            force=request_context.force,
        ),
    ),
    _at(
        "GET",
        "orders/<id>/notes",
        "list",
        lambda request_context: notes.list_all(
            request_context.state, request_context.request, request_context.id
        ),
    ),
    _at(
        "POST",
        "orders/<id>/notes",
        "create",
        lambda request_context: notes.create(
            request_context.state,
            request_context.id,
            request_context.requested,
            request_context.now,
        ),
    ),
    _at(
        "GET",
        "orders/<id>/notes/<id>",
        "view",
        lambda request_context: notes.view(request_context.state, *request_context.ids),
    ),
    _at(
        "DELETE",
        "orders/<id>/notes/<id>",
        "delete",
        lambda request_context: notes.delete(
            request_context.state, *request_context.ids, force=request_context.force
        ),
    ),
    _at(
        "GET",
        "refunds",
        "list",
        lambda request_context: refunds.list_all(request_context.state, request_context.request),
    ),
    _at(
        "GET",
        "orders/<id>/refunds",
        "list",
        lambda request_context: refunds.list_of_order(
            request_context.state, request_context.request, request_context.id
        ),
    ),
    _at(
        "POST",
        "orders/<id>/refunds",
        "create",
        lambda request_context: refunds.create(
            request_context.state,
            request_context.id,
            request_context.requested,
            request_context.now,
        ),
    ),
    _at(
        "GET",
        "orders/<id>/refunds/<id>",
        "view",
        lambda request_context: refunds.view(request_context.state, *request_context.ids),
    ),
    _at(
        "DELETE",
        "orders/<id>/refunds/<id>",
        "delete",
        lambda request_context: refunds.delete(
            request_context.state, *request_context.ids, force=request_context.force
        ),
    ),
    _at(
        "GET",
        "customers",
        "list",
        lambda request_context: customers.list_page(
            request_context.state, request_context.request, request_context.key
        ),
    ),
    _at("POST", "customers", "create", _create_customer),
    _at(_EDIT, "customers/batch", "batch", _customer_batch),
    _at(
        "GET",
        "customers/<id>",
        "view",
        lambda request_context: customers.view(
            request_context.state, request_context.key, request_context.id
        ),
    ),
    _at(_EDIT, "customers/<id>", "edit", _update_customer),
    _at(
        "DELETE",
        "customers/<id>",
        "delete",
        lambda request_context: customers.delete(
            request_context.state,
            request_context.key,
            request_context.id,
            request_context.now,
            force=request_context.force,
        ),
    ),
    _at(
        "GET",
        "coupons",
        "list",
        lambda request_context: coupons.list_page(request_context.state, request_context.request),
    ),
    _at(
        "POST",
        "coupons",
        "create",
        lambda request_context: coupons.create(
            request_context.state, request_context.requested, request_context.now
        ),
    ),
    _at(_EDIT, "coupons/batch", "batch", _coupon_batch),
    _at(
        "GET",
        "coupons/<id>",
        "view",
        lambda request_context: coupons.view(request_context.state, request_context.id),
    ),
    _at(
        _EDIT,
        "coupons/<id>",
        "edit",
        lambda request_context: coupons.update(
            request_context.state,
            request_context.id,
            request_context.requested,
            request_context.now,
        ),
    ),
    _at(
        "DELETE",
        "coupons/<id>",
        "delete",
        lambda request_context: coupons.delete(
            request_context.state, request_context.id, force=request_context.force
        ),
    ),
    _at(
        "GET",
        "products",
        "list",
        lambda request_context: products.list_page(request_context.state, request_context.request),
    ),
    _at(
        "POST",
        "products",
        "create",
        lambda request_context: products.create(
            request_context.state,
            request_context.request,
            request_context.requested,
            request_context.now,
        ),
    ),
    _at(
        "DELETE",
        "products/<id>",
        "delete",
        lambda request_context: products.delete_or_trash(
            request_context.state,
            request_context.request,
            request_context.id,
            force=request_context.force,
        ),
    ),
    _at(
        "GET",
        "products/<id>",
        "view",
        lambda request_context: products.view(
            request_context.state, request_context.request, request_context.id
        ),
    ),
    _at(
        "GET",
        "products/categories",
        "list",
        lambda request_context: products.terms_page(
            request_context.state, request_context.request, "categories"
        ),
    ),
    _at(
        "GET",
        "products/tags",
        "list",
        lambda request_context: products.terms_page(
            request_context.state, request_context.request, "tags"
        ),
    ),
    _at(
        "GET",
        "system_status",
        "list",
        lambda request_context: site.system_status(request_context.state, request_context.request),
    ),
    _at(
        "GET",
        "settings/general",
        "list",
        lambda request_context: site.general_settings(request_context.state),
    ),
    _at(
        "GET",
        r"settings/general/([a-z_]+)",
        "view",
        lambda request_context: site.general_setting(
            request_context.state, request_context.request
        ),
    ),
    _at(
        "GET",
        "data/currencies/current",
        "list",
        lambda request_context: site.currency(request_context.state),
    ),
    _at(
        "GET",
        "reports/orders/totals",
        "list",
        lambda request_context: site.order_totals(request_context.state),
    ),
    _at(
        "GET",
        "/wc-analytics/reports/customers",
        "list",
        lambda request_context: site.analytics_customers(
            request_context.state, request_context.request
        ),
    ),
)
