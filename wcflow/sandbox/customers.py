"""The customers endpoints: users of the site, with any role.

There is no filter by modification date and no trash. Only administrators' keys see meta data.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from wcflow.sandbox import meta, order_changes, subscriptions
from wcflow.sandbox.companion_tables import record_change
from wcflow.sandbox.coupons import EMAIL
from wcflow.sandbox.params import (
    InvalidParam,
    filter_ids,
    invalid_params,
    missing_params,
    one_of,
    paginate,
    paging_readers,
    pick_fields,
    read_params,
    requested_fields,
)
from wcflow.sandbox.rest import Created, ListPage, Request, RestError
from wcflow.sandbox.state import BILLING, SHIPPING, ApiKey, Customer, Meta, State
from wcflow.sandbox.zone import gmt

ROLES = (
    "all",
    "administrator",
    "editor",
    "author",
    "contributor",
    "subscriber",
    "customer",
    "shop_manager",
)


def customer_row(state: State, customer: Customer, *, with_meta: bool) -> dict[str, Any]:
    """Return a customer as the REST API shows it; only administrators' keys see meta data."""
    local = state.zone.local
    row = {
        "id": customer.id,
        "date_created": local(customer.created),
        "date_created_gmt": gmt(customer.created),
        "date_modified": local(customer.modified),
        "date_modified_gmt": gmt(customer.modified),
        "email": customer.email,
        "first_name": customer.first_name,
        "last_name": customer.last_name,
        "role": customer.role,
        "username": customer.username,
        "billing": dict(customer.billing),
        "shipping": dict(customer.shipping),
        "is_paying_customer": customer.is_paying,
        "avatar_url": f"https://secure.gravatar.com/avatar/{customer.id:032x}?s=96&d=mm&r=g",
    }
    if not with_meta:
        return row
    public = [each for each in customer.meta if not each.key.startswith("_")]
    return {**row, "meta_data": meta.meta_rows(public)}


def list_page(state: State, request: Request, key: ApiKey) -> ListPage:
    """Return a page of customers."""
    readers = {
        **paging_readers(),
        "role": one_of(*ROLES),
        "email": _email,
        "orderby": one_of("id", "include", "name", "registered_date"),
    }
    requested = read_params(request.params, readers)
    rows = [state.customers[number] for number in filter_ids(list(state.customers), requested)]
    rows = [customer for customer in rows if _matches(customer, requested)]
    _sort(rows, requested)
    fields = requested_fields(request.params)
    return paginate(rows, requested, lambda customer: _customer_text(state, customer, key, fields))


def _email(_name: str, value: Any) -> str:
    """Parse the address to search for; WordPress refuses what it takes for no address."""
    if not EMAIL.fullmatch(str(value)):
        raise InvalidParam("rest_invalid_email", "Invalid email address.")
    return str(value)


def view(state: State, key: ApiKey, customer_id: int) -> dict[str, Any]:
    """Return one customer."""
    return customer_row(state, _get(state, customer_id), with_meta=key.is_administrator)


def check_new(requested: Mapping[str, Any]) -> None:
    """Validate a single create request."""
    if not requested.get("email"):
        raise missing_params("email")
    check(requested)


def check(requested: Mapping[str, Any]) -> None:
    """Validate a single request; WooCommerce does not validate the items of a batch."""
    if requested.get("email") and not EMAIL.fullmatch(str(requested["email"])):
        bad = InvalidParam("rest_invalid_email", "Invalid email address.")
        raise invalid_params({"email": bad})


def create(state: State, key: ApiKey, requested: Mapping[str, Any], now: datetime) -> Created:
    """Create the requested account."""
    email = str(requested.get("email", "")).strip()
    username = str(requested.get("username") or _free_username(state, email))
    _check_account(state, email, username)
    stamp = state.zone.stamp(now)
    customer = Customer(state.numbers.take("user"), email, username, stamp, stamp)
    state.customers[customer.id] = customer
    # WordPress generated the password and records that in a meta row.
    nag = Meta(state.numbers.take("usermeta"), "default_password_nag", "1")
    customer.meta += [nag] if not requested.get("password") else []
    _apply(state, customer, {**requested, "username": username}, now)
    row = customer_row(state, customer, with_meta=key.is_administrator)
    return Created(row, f"/wc/v3/customers/{customer.id}")


def update(
    state: State, key: ApiKey, customer_id: int, requested: Mapping[str, Any], now: datetime
) -> dict[str, Any]:
    """Change a customer; every save updates `date_modified`."""
    customer = _get(state, customer_id)
    if customer.role != "customer" and not key.is_administrator:
        message = "Sorry, you are not allowed to edit this resource."
        raise RestError("woocommerce_rest_cannot_edit", message, 403)
    _check_email(state, customer, requested)
    if requested.get("username", customer.username) != customer.username:
        message = "Username isn't editable."
        raise RestError("woocommerce_rest_customer_invalid_argument", message, 400)
    _apply(state, customer, requested, now)
    return customer_row(state, customer, with_meta=key.is_administrator)


def delete(
    state: State, key: ApiKey, customer_id: int, now: datetime, *, force: bool
) -> dict[str, Any]:
    """Delete an account permanently; its orders become guest orders."""
    customer = _get(state, customer_id)
    if not force:
        message = "Customers do not support trashing."
        raise RestError("woocommerce_rest_trash_not_supported", message, 501)
    row = customer_row(state, customer, with_meta=key.is_administrator)
    subscriptions.delete_of_customer(state, customer_id, now)
    del state.customers[customer_id]
    record_change(state, "customer", customer_id, "deleted", now)
    order_changes.detach_customer(state, customer_id, now)
    return row


def save(state: State, customer: Customer, now: datetime) -> None:
    """Save a customer."""
    customer.modified = state.zone.stamp(now)
    customer.cached_json.clear()
    record_change(state, "customer", customer.id, "saved", now)


def _apply(state: State, customer: Customer, requested: Mapping[str, Any], now: datetime) -> None:
    for name in ("email", "first_name", "last_name"):
        if requested.get(name) is not None:
            setattr(customer, name, str(requested[name]))
    customer.billing |= _address(requested.get("billing"), BILLING)
    customer.shipping |= _address(requested.get("shipping"), SHIPPING)
    # Keys that begin with _ are dropped without an error (FACTS: Customers).
    public = [
        row for row in requested.get("meta_data", ()) if not str(row.get("key")).startswith("_")
    ]
    meta.update_meta(customer.meta, public, state.numbers, "usermeta")
    save(state, customer, now)


def _address(requested: Mapping[str, Any] | None, names: list[str]) -> dict[str, str]:
    return {name: str(value or "") for name, value in (requested or {}).items() if name in names}


def _matches(customer: Customer, requested: Mapping[str, Any]) -> bool:
    role = requested.get("role", "customer")
    searchable = f"{customer.username} {customer.email}".lower()
    return (
        role in {"all", customer.role}
        and requested.get("email", customer.email).lower() == customer.email.lower()
        and requested.get("search", "").lower() in searchable
    )


def _sort(rows: list[Customer], requested: Mapping[str, Any]) -> None:
    places = {number: place for place, number in enumerate(requested.get("include", ()))}
    keys: dict[str, Callable[[Customer], Any]] = {
        "id": lambda customer: customer.id,
        "include": lambda customer: places.get(customer.id, 0),
        "name": lambda customer: (customer.username.lower(), customer.id),
        "registered_date": lambda customer: (customer.created, customer.id),
    }
    rows.sort(key=keys[requested.get("orderby", "name")], reverse=requested.get("order") == "desc")


def _customer_text(state: State, customer: Customer, key: ApiKey, fields: list[str]) -> str:
    with_meta = key.is_administrator
    if fields:
        return json.dumps(pick_fields(customer_row(state, customer, with_meta=with_meta), fields))
    if with_meta not in customer.cached_json:
        row = customer_row(state, customer, with_meta=with_meta)
        customer.cached_json[with_meta] = json.dumps(row)
    return customer.cached_json[with_meta]


def _check_account(state: State, email: str, username: str) -> None:
    if not EMAIL.fullmatch(email):
        message = "Please provide a valid email address."
        raise RestError("registration-error-invalid-email", message, 400)
    if _find_by_email(state, email):
        message = (
            f"An account is already registered with {email}. "
            "Please log in or use a different email address."
        )
        raise RestError("registration-error-email-exists", message, 400)
    if any(other.username == username for other in state.customers.values()):
        message = "An account is already registered with that username. Please choose another."
        raise RestError("registration-error-username-exists", message, 400)


def _check_email(state: State, customer: Customer, requested: Mapping[str, Any]) -> None:
    email = requested.get("email")
    if email is None:
        return
    other = _find_by_email(state, str(email))
    if not EMAIL.fullmatch(str(email)) or (other and other is not customer):
        message = "Email address is invalid."
        raise RestError("woocommerce_rest_customer_invalid_email", message, 400)


def _find_by_email(state: State, email: str) -> Customer | None:
    wanted = email.lower()
    return next((each for each in state.customers.values() if each.email.lower() == wanted), None)


def _free_username(state: State, email: str) -> str:
    base = email.partition("@")[0].lower()
    taken = {customer.username for customer in state.customers.values()}
    tries = (base, *(f"{base}-{number}" for number in range(2, len(taken) + 3)))
    return next(name for name in tries if name not in taken)


def _get(state: State, customer_id: int) -> Customer:
    if customer_id not in state.customers:
        raise RestError("wc_user_invalid_id", "Invalid user ID.", 404)
    return state.customers[customer_id]
