"""The customers endpoints: users of the site, whatever their role.

There is no filter by modification, meta data is shown to administrators' keys alone, and there
is no trash.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from wcflow.sandbox import meta, order_changes
from wcflow.sandbox.coupons import EMAIL
from wcflow.sandbox.params import (
    Invalid,
    chosen,
    cut,
    fields_of,
    invalid_params,
    missing_params,
    one_of,
    only,
    paging,
    read,
    text,
)
from wcflow.sandbox.rest import Made, Page, Refusal, Request
from wcflow.sandbox.state import BILLING, SHIPPING, Customer, Key, Meta, State
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
    """Write a customer as the REST API shows it to an administrator's key, or to another's."""
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
    return {**row, "meta_data": meta.shown(public)}


def list_page(state: State, request: Request, key: Key) -> Page:
    """Answer with a page of customers."""
    readers = {
        **paging(),
        "role": one_of(*ROLES),
        "email": text,
        "orderby": one_of("id", "include", "name", "registered_date"),
    }
    asked = read(request.params, readers)
    rows = [state.customers[number] for number in chosen(list(state.customers), asked)]
    rows = [customer for customer in rows if _fits(customer, asked)]
    _arrange(rows, asked)
    fields = fields_of(request.params)
    return cut(rows, asked, lambda customer: _text(state, customer, key, fields))


def view(state: State, key: Key, customer_id: int) -> dict[str, Any]:
    """Answer with one customer."""
    return customer_row(state, _found(state, customer_id), with_meta=key.is_administrator)


def check_new(asked: Mapping[str, Any]) -> None:
    """Check what a single request to create asks for."""
    if not asked.get("email"):
        raise missing_params("email")
    check(asked)


def check(asked: Mapping[str, Any]) -> None:
    """Check what a single request asks for; the items of a batch pass unchecked."""
    if asked.get("email") and not EMAIL.fullmatch(str(asked["email"])):
        bad = Invalid("rest_invalid_email", "Invalid email address.")
        raise invalid_params({"email": bad})


def create(state: State, key: Key, asked: Mapping[str, Any], now: datetime) -> Made:
    """Create the account that was asked for."""
    email = str(asked.get("email", "")).strip()
    username = str(asked.get("username") or _free_username(state, email))
    _check_account(state, email, username)
    stamp = state.zone.stamp(now)
    customer = Customer(state.numbers.take("user"), email, username, stamp, stamp)
    state.customers[customer.id] = customer
    # The password was made up by WordPress, which nags about it in a meta row.
    nag = Meta(state.numbers.take("usermeta"), "default_password_nag", "1")
    customer.meta += [nag] if not asked.get("password") else []
    _take(state, customer, {**asked, "username": username}, now)
    row = customer_row(state, customer, with_meta=key.is_administrator)
    return Made(row, f"/wc/v3/customers/{customer.id}")


def update(
    state: State, key: Key, customer_id: int, asked: Mapping[str, Any], now: datetime
) -> dict[str, Any]:
    """Change a customer; every save moves the stamp."""
    customer = _found(state, customer_id)
    if customer.role != "customer" and not key.is_administrator:
        message = "Sorry, you are not allowed to edit this resource."
        raise Refusal("woocommerce_rest_cannot_edit", message, 403)
    _check_email(state, customer, asked)
    if asked.get("username", customer.username) != customer.username:
        message = "Username isn't editable."
        raise Refusal("woocommerce_rest_customer_invalid_argument", message, 400)
    _take(state, customer, asked, now)
    return customer_row(state, customer, with_meta=key.is_administrator)


def delete(
    state: State, key: Key, customer_id: int, now: datetime, *, force: bool
) -> dict[str, Any]:
    """Delete an account for good; its orders become guests' orders at once."""
    customer = _found(state, customer_id)
    if not force:
        message = "Customers do not support trashing."
        raise Refusal("woocommerce_rest_trash_not_supported", message, 501)
    row = customer_row(state, customer, with_meta=key.is_administrator)
    del state.customers[customer_id]
    order_changes.leave_to_nobody(state, customer_id, now)
    return row


def touch(state: State, customer: Customer, now: datetime) -> None:
    """Save a customer."""
    customer.modified = state.zone.stamp(now)
    customer.written.clear()


def _take(state: State, customer: Customer, asked: Mapping[str, Any], now: datetime) -> None:
    for name in ("email", "first_name", "last_name"):
        if asked.get(name) is not None:
            setattr(customer, name, str(asked[name]))
    customer.billing |= _address(asked.get("billing"), BILLING)
    customer.shipping |= _address(asked.get("shipping"), SHIPPING)
    # Keys beginning with _ are dropped in silence (FACTS: Customers).
    public = [row for row in asked.get("meta_data", ()) if not str(row.get("key")).startswith("_")]
    meta.change(customer.meta, public, state.numbers, "usermeta")
    touch(state, customer, now)


def _address(asked: Mapping[str, Any] | None, names: list[str]) -> dict[str, str]:
    return {name: str(value or "") for name, value in (asked or {}).items() if name in names}


def _fits(customer: Customer, asked: Mapping[str, Any]) -> bool:
    role = asked.get("role", "customer")
    told = f"{customer.username} {customer.email}".lower()
    return (
        role in {"all", customer.role}
        and asked.get("email", customer.email).lower() == customer.email.lower()
        and asked.get("search", "").lower() in told
    )


def _arrange(rows: list[Customer], asked: Mapping[str, Any]) -> None:
    places = {number: place for place, number in enumerate(asked.get("include", ()))}
    keys: dict[str, Callable[[Customer], Any]] = {
        "id": lambda customer: customer.id,
        "include": lambda customer: places.get(customer.id, 0),
        "name": lambda customer: (customer.username.lower(), customer.id),
        "registered_date": lambda customer: (customer.created, customer.id),
    }
    rows.sort(key=keys[asked.get("orderby", "name")], reverse=asked.get("order") == "desc")


def _text(state: State, customer: Customer, key: Key, fields: list[str]) -> str:
    with_meta = key.is_administrator
    if fields:
        return json.dumps(only(customer_row(state, customer, with_meta=with_meta), fields))
    if with_meta not in customer.written:
        row = customer_row(state, customer, with_meta=with_meta)
        customer.written[with_meta] = json.dumps(row)
    return customer.written[with_meta]


def _check_account(state: State, email: str, username: str) -> None:
    if not EMAIL.fullmatch(email):
        message = "Please provide a valid email address."
        raise Refusal("registration-error-invalid-email", message, 400)
    if _by_email(state, email):
        message = (
            f"An account is already registered with {email}. "
            "Please log in or use a different email address."
        )
        raise Refusal("registration-error-email-exists", message, 400)
    if any(other.username == username for other in state.customers.values()):
        message = "An account is already registered with that username. Please choose another."
        raise Refusal("registration-error-username-exists", message, 400)


def _check_email(state: State, customer: Customer, asked: Mapping[str, Any]) -> None:
    email = asked.get("email")
    if email is None:
        return
    other = _by_email(state, str(email))
    if not EMAIL.fullmatch(str(email)) or (other and other is not customer):
        message = "Email address is invalid."
        raise Refusal("woocommerce_rest_customer_invalid_email", message, 400)


def _by_email(state: State, email: str) -> Customer | None:
    wanted = email.lower()
    return next((each for each in state.customers.values() if each.email.lower() == wanted), None)


def _free_username(state: State, email: str) -> str:
    base = email.partition("@")[0].lower()
    taken = {customer.username for customer in state.customers.values()}
    tries = (base, *(f"{base}-{number}" for number in range(2, len(taken) + 3)))
    return next(name for name in tries if name not in taken)


def _found(state: State, customer_id: int) -> Customer:
    if customer_id not in state.customers:
        raise Refusal("wc_user_invalid_id", "Invalid user ID.", 404)
    return state.customers[customer_id]
