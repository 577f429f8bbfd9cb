"""The routes of the REST API: method, path, required permission, and the function that answers."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from wcflow.sandbox import (
    batch,
    companion,
    coupons,
    customers,
    notes,
    order_list,
    orders,
    products,
    refunds,
    site,
    subscriptions,
)
from wcflow.sandbox.rest import RequestContext, Route


def _order_batch(call: RequestContext) -> Any:
    return batch.answer_batch(
        call.request.json,
        create=lambda requested: orders.create(call.state, requested, call.now),
        update=lambda number, requested: orders.update(call.state, number, requested, call.now),
        delete=lambda number: orders.delete(call.state, number, call.now, force=True),
    )


def _customer_batch(call: RequestContext) -> Any:
    return batch.answer_batch(
        call.request.json,
        create=lambda requested: customers.create(call.state, call.key, requested, call.now),
        update=lambda number, requested: customers.update(
            call.state, call.key, number, requested, call.now
        ),
        delete=lambda number: customers.delete(call.state, call.key, number, call.now, force=True),
    )


def _coupon_batch(call: RequestContext) -> Any:
    return batch.answer_batch(
        call.request.json,
        create=lambda requested: coupons.create(call.state, requested, call.now),
        update=lambda number, requested: coupons.update(call.state, number, requested, call.now),
        delete=lambda number: coupons.delete(call.state, number, force=True),
    )


def _create_order(call: RequestContext) -> Any:
    orders.check(call.state, call.requested)
    return orders.create(call.state, call.requested, call.now)


def _update_order(call: RequestContext) -> Any:
    orders.check(call.state, call.requested)
    return orders.update(call.state, call.id, call.requested, call.now)


def _create_customer(call: RequestContext) -> Any:
    customers.check_new(call.requested)
    return customers.create(call.state, call.key, call.requested, call.now)


def _update_customer(call: RequestContext) -> Any:
    customers.check(call.requested)
    return customers.update(call.state, call.key, call.id, call.requested, call.now)


_EDIT = "POST PUT"

# WooCommerce requires the right to promote and delete users here; shop managers have neither.
_FOR_ADMINISTRATORS = {(_EDIT, "customers/batch"), ("DELETE", "customers/<id>")}


def _at(method: str, path: str, permission: str, answer: Callable[[RequestContext], Any]) -> Route:
    whole = path if path.startswith("/") else f"/wc/v3/{path}"
    pattern = re.compile(whole.replace("<id>", r"(\d+)"))
    return Route(method, pattern, permission, answer, (method, path) in _FOR_ADMINISTRATORS)


ROUTES = (
    _at("GET", "orders", "list", lambda call: order_list.list_page(call.state, call.request)),
    _at("POST", "orders", "create", _create_order),
    _at(_EDIT, "orders/batch", "batch", _order_batch),
    _at("GET", "orders/<id>", "view", lambda call: orders.view(call.state, call.id)),
    _at(_EDIT, "orders/<id>", "edit", _update_order),
    _at(
        "DELETE",
        "orders/<id>",
        "delete",
        lambda call: orders.delete(call.state, call.id, call.now, force=call.force),
    ),
    _at(
        "GET",
        "orders/<id>/notes",
        "list",
        lambda call: notes.list_all(call.state, call.request, call.id),
    ),
    _at(
        "POST",
        "orders/<id>/notes",
        "create",
        lambda call: notes.create(call.state, call.id, call.requested, call.now),
    ),
    _at("GET", "orders/<id>/notes/<id>", "view", lambda call: notes.view(call.state, *call.ids)),
    _at(
        "DELETE",
        "orders/<id>/notes/<id>",
        "delete",
        lambda call: notes.delete(call.state, *call.ids, force=call.force),
    ),
    _at("GET", "refunds", "list", lambda call: refunds.list_all(call.state, call.request)),
    _at(
        "GET",
        "orders/<id>/refunds",
        "list",
        lambda call: refunds.list_of_order(call.state, call.request, call.id),
    ),
    _at(
        "POST",
        "orders/<id>/refunds",
        "create",
        lambda call: refunds.create(call.state, call.id, call.requested, call.now),
    ),
    _at(
        "GET", "orders/<id>/refunds/<id>", "view", lambda call: refunds.view(call.state, *call.ids)
    ),
    _at(
        "DELETE",
        "orders/<id>/refunds/<id>",
        "delete",
        lambda call: refunds.delete(call.state, *call.ids, force=call.force),
    ),
    _at(
        "GET",
        "customers",
        "list",
        lambda call: customers.list_page(call.state, call.request, call.key),
    ),
    _at("POST", "customers", "create", _create_customer),
    _at(_EDIT, "customers/batch", "batch", _customer_batch),
    _at(
        "GET", "customers/<id>", "view", lambda call: customers.view(call.state, call.key, call.id)
    ),
    _at(_EDIT, "customers/<id>", "edit", _update_customer),
    _at(
        "DELETE",
        "customers/<id>",
        "delete",
        lambda call: customers.delete(call.state, call.key, call.id, call.now, force=call.force),
    ),
    _at(
        "GET",
        "subscriptions",
        "list",
        lambda call: subscriptions.list_page(call.state, call.request),
    ),
    _at("GET", "subscriptions/<id>", "view", lambda call: subscriptions.view(call.state, call.id)),
    _at(
        _EDIT,
        "subscriptions/<id>",
        "edit",
        lambda call: subscriptions.update(call.state, call.id, call.requested, call.now),
    ),
    _at(
        "DELETE",
        "subscriptions/<id>",
        "delete",
        lambda call: subscriptions.delete(call.state, call.id, force=call.force),
    ),
    _at(
        "GET",
        "subscriptions/<id>/notes",
        "list",
        lambda call: subscriptions.list_notes(call.state, call.id),
    ),
    _at(
        "POST",
        "subscriptions/<id>/notes",
        "create",
        lambda call: subscriptions.create_note(call.state, call.id, call.requested, call.now),
    ),
    _at(
        "DELETE",
        "subscriptions/<id>/notes/<id>",
        "delete",
        lambda call: subscriptions.delete_note(call.state, *call.ids),
    ),
    _at("GET", "coupons", "list", lambda call: coupons.list_page(call.state, call.request)),
    _at(
        "POST",
        "coupons",
        "create",
        lambda call: coupons.create(call.state, call.requested, call.now),
    ),
    _at(_EDIT, "coupons/batch", "batch", _coupon_batch),
    _at("GET", "coupons/<id>", "view", lambda call: coupons.view(call.state, call.id)),
    _at(
        _EDIT,
        "coupons/<id>",
        "edit",
        lambda call: coupons.update(call.state, call.id, call.requested, call.now),
    ),
    _at(
        "DELETE",
        "coupons/<id>",
        "delete",
        lambda call: coupons.delete(call.state, call.id, force=call.force),
    ),
    _at("GET", "products", "list", lambda call: products.list_page(call.state, call.request)),
    _at(
        "POST",
        "products",
        "create",
        lambda call: products.create(call.state, call.request, call.requested, call.now),
    ),
    _at(
        "DELETE",
        "products/<id>",
        "delete",
        lambda call: products.delete_or_trash(call.state, call.request, call.id, force=call.force),
    ),
    _at(
        "GET",
        "products/<id>",
        "view",
        lambda call: products.view(call.state, call.request, call.id),
    ),
    _at(
        "GET",
        "products/categories",
        "list",
        lambda call: products.terms_page(call.state, call.request, "categories"),
    ),
    _at(
        "GET",
        "products/tags",
        "list",
        lambda call: products.terms_page(call.state, call.request, "tags"),
    ),
    _at("GET", "system_status", "list", lambda call: site.system_status(call.state, call.request)),
    _at("GET", "settings/general", "list", lambda call: site.general_settings(call.state)),
    _at(
        "GET",
        r"settings/general/([a-z_]+)",
        "view",
        lambda call: site.general_setting(call.state, call.request),
    ),
    _at(
        _EDIT,
        r"settings/general/([a-z_]+)",
        "edit",
        lambda call: site.change_general_setting(call.state, call.request, call.requested),
    ),
    _at("GET", "data/currencies/current", "list", lambda call: site.currency(call.state)),
    _at("GET", "reports/orders/totals", "list", lambda call: site.order_totals(call.state)),
    _at(
        "GET",
        "/wc-analytics/reports/customers",
        "list",
        lambda call: site.analytics_customers(call.state, call.request),
    ),
    *(_at(*route) for route in companion.ROUTES),
)
