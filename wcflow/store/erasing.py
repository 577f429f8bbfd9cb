"""Anonymize and delete orders and accounts, as WooCommerce's own eraser of personal data does it.

WooCommerce lets no other program change the IP address and the browser of an order, or meta whose
key begins with ``_``. Subscriptions are orders of their own: the eraser of WooCommerce Subscriptions
empties the same fields (Automattic/woocommerce-subscriptions-core 7.6, class-wcs-privacy-erasers),
and its endpoints extend those of orders.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from wcflow.errors import StoreError
from wcflow.records import ENDED_SUBSCRIPTION
from wcflow.store import wire
from wcflow.store.errors import NO_ROUTE
from wcflow.store.fields import Json
from wcflow.store.http import HttpClient, Params
from wcflow.store.listing import build_listing, require_all_rows
from wcflow.store.writes import coupons_required

EMAIL, TEXT, NOTE = "deleted@site.invalid", "[deleted]", "Personal data removed."
"""What WooCommerce puts in the place of an address and of a text, and the note that it writes."""
_FIELDS = "id,customer_id,billing,shipping,customer_note,transaction_id,meta_data"
_COUPON_FIELDS = "id,code,email_restrictions"
_TEXTS = frozenset(
    {"first_name", "last_name", "company", "address_1", "address_2", "city", "postcode"}
)
_OUR_META = "wcflow_"


def anonymized(order: Json) -> dict[str, Any]:
    """Return the changes that take all personal data out of an order; none if there is none left."""
    changes: dict[str, Any] = {}
    for group in ("billing", "shipping"):
        known = order.get(group)
        parts = _anonymized_parts(known) if isinstance(known, dict) else {}
        if parts:
            changes[group] = parts
    if order.get("customer_id"):
        changes["customer_id"] = 0
    if order.get("customer_note") not in (None, "", TEXT):
        changes["customer_note"] = TEXT
    if order.get("transaction_id") not in (None, "", "0"):
        changes["transaction_id"] = "0"
    if meta := [key for key in _meta_keys(order) if key.startswith(_OUR_META)]:
        changes["meta_data"] = [{"key": key, "value": None} for key in meta]
    return changes


def _anonymized_parts(address: Mapping[str, Any]) -> dict[str, str]:
    found = {}
    for name, value in address.items():
        if isinstance(value, str) and value:
            new = _anonymized_part(name, value)
            if new != value:
                found[name] = new
    return found


def _anonymized_part(name: str, value: str) -> str:
    if name == "email":
        return EMAIL
    if name == "phone":
        return re.sub(r"\d", "0", value)
    if name in ("state", "country"):
        return ""
    return TEXT if name in _TEXTS else value


def _meta_keys(order: Json) -> list[str]:
    rows = order.get("meta_data")
    found = [row.get("key") for row in rows if type(row) is dict] if type(rows) is list else []
    return sorted({key for key in found if isinstance(key, str)})


def anonymize_order(store: HttpClient, order_id: int, kind: str = "order") -> str:
    """Take all personal data out of an order or subscription and its notes; return what was done."""
    path = f"{kind}s/{order_id}"
    order = _get(store, path, _FIELDS)
    if order is None:
        return f"{kind} {order_id} no longer exists"
    changes = anonymized(order)
    if changes:
        saved = store.request("PUT", path, {"_fields": _FIELDS}, json=changes, shape=dict).body
        _check_saved(path, kind, anonymized(saved))
    removed = _replace_notes(store, path)
    done = "anonymized" if changes or removed else "was anonymous already"
    return f"{kind} {order_id} {done}"


def _check_saved(path: str, kind: str, left: Json) -> None:
    names = [
        f"{group} {name.replace('_', ' ')}" if isinstance(parts, dict) else group.replace("_", " ")
        for group, parts in left.items()
        for name in (parts if isinstance(parts, dict) else [""])
    ]
    if names:
        raise StoreError(
            f"the store did not save the {kind} without personal data: {', '.join(names)}",
            f"Look for a plugin that changes {kind}s.",
            request=f"PUT /{path}",
            status=200,
            permanent=True,
        )


def _replace_notes(store: HttpClient, path: str) -> int:
    """Delete the notes of an order, which can contain personal data; return how many there were."""
    answer = store.request("GET", f"{path}/notes", {"_fields": "id,note,customer_note"})
    notes = require_all_rows(f"GET /{path}/notes", build_listing(answer, wire.parse_note))
    others = [each for each in notes if each.text.strip() != NOTE]
    for each in others:
        _delete(store, f"{path}/notes/{each.id}")
    if len(others) == len(notes):
        body = {"note": NOTE, "customer_note": False}
        store.request("POST", f"{path}/notes", {"_fields": "id"}, json=body, shape=dict)
    return len(others)


def delete_order(store: HttpClient, order_id: int, kind: str = "order") -> str:
    """Delete an order or a subscription for good; return what was done, in words."""
    done = _delete(store, f"{kind}s/{order_id}")
    return f"{kind} {order_id} {'deleted' if done else 'no longer exists'}"


def subscription_status(store: HttpClient, number: int) -> str | None:
    """Return the status of a subscription, "" if it does not exist, None without the plugin."""
    try:
        known = _get(store, f"subscriptions/{number}", "id,status")
    except StoreError as error:
        if error.code != NO_ROUTE:
            raise
        return None
    return "" if known is None else str(known.get("status", "")).removeprefix("wc-")


def running_subscriptions(store: HttpClient, customer_id: int) -> list[int]:
    """Return the subscriptions of an account that can still renew; none without the plugin."""
    params: Params = {
        "customer": customer_id,
        "status": "any",
        "per_page": 100,
        "_fields": "id,status",
    }
    try:
        rows = store.request("GET", "subscriptions", params).body
    except StoreError as error:
        if error.code == NO_ROUTE:
            return []
        raise
    statuses = {each["id"]: str(each["status"]).removeprefix("wc-") for each in rows}
    return sorted(each for each in statuses if statuses[each] not in ENDED_SUBSCRIPTION)


def anonymize_coupon(store: HttpClient, code: str) -> str:
    """Take the addresses out of a coupon, so that no one can use it; return what was done."""
    with coupons_required(store):
        answer = store.request("GET", "coupons", {"code": code.lower(), "_fields": _COUPON_FIELDS})
    found = [each for each in answer.body if str(each.get("code")).lower() == code.lower()]
    for each in found:
        if each.get("email_restrictions") not in (None, [], [EMAIL]):
            body = {"email_restrictions": [EMAIL]}
            path = f"coupons/{each['id']}"
            store.request("PUT", path, {"_fields": "id"}, json=body, shape=dict)
    return "coupon anonymized" if found else "the coupon no longer exists"


def delete_customer(store: HttpClient, customer_id: int) -> bool:
    """Delete an account for good; return False if there is none."""
    return _delete(store, f"customers/{customer_id}")


def _get(store: HttpClient, path: str, fields: str) -> Json | None:
    try:
        body: Json = store.request("GET", path, {"_fields": fields}, shape=dict).body
    except StoreError as error:
        if error.record_is_missing:
            return None
        raise
    return body


def _delete(store: HttpClient, path: str) -> bool:
    try:
        store.request("DELETE", path, {"force": "true", "_fields": "id"}, shape=dict)
    except StoreError as error:
        if error.record_is_missing or error.status == HTTPStatus.GONE:
            return False
        raise
    return True
