"""Endpoints about the store itself: index, system status, settings, currency, reports."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from wcflow.sandbox.money import CURRENCY_NAMES, CURRENCY_SYMBOLS, ZERO, php_number
from wcflow.sandbox.params import paginate, paging_readers, read_params
from wcflow.sandbox.rest import ListPage, Request, RestError
from wcflow.sandbox.state import Customer, State
from wcflow.sandbox.zone import gmt

_NAMESPACES = "oembed/1.0 wc/v3 wc/v1 wc-admin wc-analytics wc/store wc/store/v1 wc/v2 wp/v2"
PLUGIN_NAMESPACES = {"companion": "wc-wcflow/v1"}
PLUGIN_ROUTES = {"subscriptions": "/wc/v3/subscriptions"}
_ENTITIES = {"$": "&#36;", "€": "&euro;", "£": "&pound;", "¥": "&yen;", "zł": "&#122;&#322;"}
_HPOS = r"Automattic\WooCommerce\Internal\DataStores\Orders\OrdersTableDataStore"
_VISIBILITY = [
    *("exclude-from-catalog", "exclude-from-search", "featured", "outofstock"),
    *(f"rated-{stars}" for stars in range(1, 6)),
]
_FEATURES = [
    *("analytics", "marketplace", "order_attribution", "site_visibility_badge"),
    *("remote_logging", "blueprint", "point_of_sale"),
]


def index(state: State, request: Request, now: datetime) -> dict[str, Any]:
    """Return the index of the API; it needs no key."""
    return {
        "name": state.settings.name,
        "description": "",
        "url": request.base,
        "home": request.base,
        "gmt_offset": state.zone.hours(now),
        "timezone_string": state.zone.name,
        "namespaces": [*_NAMESPACES.split(), *_of_plugins(state, PLUGIN_NAMESPACES)],
        "authentication": [],
        "routes": {path: {} for path in _of_plugins(state, PLUGIN_ROUTES)},
    }


def _of_plugins(state: State, named: Mapping[str, str]) -> list[str]:
    return [name for plugin, name in named.items() if plugin in state.settings.plugins]


def system_status(state: State, request: Request) -> dict[str, Any]:
    """Return versions, and how orders are stored."""
    environment = {
        "home_url": request.base,
        "site_url": request.base,
        "store_id": state.settings.store_id,
        "version": state.settings.version,
        "wp_version": "6.8.8",
        "wp_multisite": False,
        "php_version": "8.2.36",
        "mysql_version": "10.11.19",
        "default_timezone": "UTC",
        "external_object_cache": None,
        "language": "en_US",
    }
    security = {"secure_connection": request.secure, "hide_errors": True}
    return {
        "environment": environment,
        "active_plugins": [],
        "settings": _settings(state),
        "security": security,
    }


def general_settings(state: State) -> list[dict[str, Any]]:
    """Return the general settings."""
    return _general_rows(state)


def general_setting(state: State, request: Request) -> dict[str, Any]:
    """Return one general setting, named by the last part of the path."""
    name = request.path.rpartition("/")[2]
    for row in _general_rows(state):
        if row["id"] == name:
            return row
    raise RestError("rest_setting_setting_invalid", "Invalid setting.", 404)


def change_general_setting(
    state: State, request: Request, requested: Mapping[str, Any]
) -> dict[str, Any]:
    """Enable or disable coupons; the sandbox can change no other setting."""
    if request.path.endswith("/woocommerce_enable_coupons"):
        enabled = requested.get("value") == "yes"
        state.settings = replace(state.settings, coupons_enabled=enabled)
    return general_setting(state, request)


def currency(state: State) -> dict[str, Any]:
    """Return the store's currency."""
    code = state.settings.currency
    return {"code": code, "name": CURRENCY_NAMES.get(code, code), "symbol": _symbol(code)}


def order_totals(state: State) -> list[dict[str, Any]]:
    """Return the number of orders in each status."""
    counts = Counter(order.status for order in state.orders.values())
    known = state.settings.statuses.items()
    return [{"slug": slug, "name": name, "total": counts[slug]} for slug, name in known]


def analytics_customers(state: State, request: Request) -> ListPage:
    """Return the customers report, newest first."""
    requested = read_params(request.params, paging_readers())
    rows = sorted(state.customers.values(), key=lambda each: (each.created, each.id), reverse=True)
    return paginate(rows, requested, lambda customer: json.dumps(_customer_report(state, customer)))


def _customer_report(state: State, customer: Customer) -> dict[str, Any]:
    orders = [order for order in state.orders.values() if order.customer_id == customer.id]
    counted = [order for order in orders if order.status in {"processing", "completed"}]
    spent = sum((order.remaining for order in counted), ZERO)
    last = max((order.created for order in orders), default=None)
    address = customer.billing
    return {
        "id": customer.id,
        "user_id": customer.id,
        "username": customer.username,
        "name": f"{customer.first_name} {customer.last_name}".strip(),
        "email": customer.email,
        **{name: address[name] for name in ("country", "city", "state", "postcode")},
        "date_registered": state.zone.local(customer.created),
        "date_last_active": None,
        "date_last_order": state.zone.local(last),
        "orders_count": len(counted),
        "total_spend": php_number(float(spent)),
        "avg_order_value": php_number(float(spent / len(counted) if counted else Decimal(0))),
        "date_registered_gmt": gmt(customer.created),
        "date_last_active_gmt": None,
    }


def _settings(state: State) -> dict[str, Any]:
    hpos = state.settings.hpos
    return {
        "api_enabled": False,
        "force_ssl": False,
        "currency": state.settings.currency,
        "currency_symbol": _symbol(state.settings.currency),
        "currency_position": "left",
        "thousand_separator": ",",
        "decimal_separator": ".",
        "number_of_decimals": 2,
        "geolocation_enabled": False,
        "taxonomies": {kind: kind for kind in ("external", "grouped", "simple", "variable")},
        "product_visibility_terms": {term: term for term in _VISIBILITY},
        "woocommerce_com_connected": "no",
        "enforce_approved_download_dirs": True,
        "order_datastore": _HPOS if hpos else "WC_Order_Data_Store_CPT",
        "HPOS_enabled": hpos,
        "HPOS_sync_enabled": False,
        "enabled_features": [*_FEATURES, *(["custom_order_tables"] if hpos else [])],
    }


def _general_rows(state: State) -> list[dict[str, Any]]:
    values = {
        "woocommerce_default_country": "US:CA",
        "woocommerce_enable_coupons": "yes" if state.settings.coupons_enabled else "no",
        "woocommerce_currency": state.settings.currency,
        "woocommerce_currency_pos": "left",
        "woocommerce_price_thousand_sep": ",",
        "woocommerce_price_decimal_sep": ".",
        "woocommerce_price_num_decimals": "2",
    }
    return [
        {
            "id": name,
            "label": name,
            "description": "",
            "type": "text",
            "default": "",
            "value": value,
        }
        for name, value in values.items()
    ]


def _symbol(code: str) -> str:
    symbol = CURRENCY_SYMBOLS.get(code, code)
    return _ENTITIES.get(symbol, symbol)
