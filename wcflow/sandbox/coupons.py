"""The coupons endpoints, and the discount of a coupon on an order.

Like WooCommerce, this ignores `date_expires_gmt` and drops malformed e-mail restrictions
without an error.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from wcflow.sandbox import meta
from wcflow.sandbox.money import ZERO, parse_money
from wcflow.sandbox.params import (
    date_readers,
    filter_ids,
    missing_params,
    one_of,
    paginate,
    paging_readers,
    read_params,
    select_fields,
    text,
    within_dates,
)
from wcflow.sandbox.rest import Created, ListPage, Request, RestError
from wcflow.sandbox.state import Coupon, Item, State
from wcflow.sandbox.zone import gmt

EMAIL = re.compile(r"[^@\s\"(),:;<>\[\]]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")

_KINDS = ("percent", "fixed_cart", "fixed_product")
_LIMITS = ("usage_limit", "usage_limit_per_user", "limit_usage_to_x_items")
_FLAGS = ("individual_use", "free_shipping", "exclude_sale_items")
_LISTS = (
    "product_ids",
    "excluded_product_ids",
    "product_categories",
    "excluded_product_categories",
)


def coupon_row(state: State, coupon: Coupon) -> dict[str, Any]:
    """Return a coupon as the REST API shows it."""
    local = state.zone.local
    return {
        "id": coupon.id,
        "code": coupon.code,
        "amount": str(coupon.amount),
        "status": coupon.status,
        "date_created": local(coupon.created),
        "date_created_gmt": gmt(coupon.created),
        "date_modified": local(coupon.modified),
        "date_modified_gmt": gmt(coupon.modified),
        "discount_type": coupon.kind,
        "description": coupon.description,
        "date_expires": local(coupon.expires),
        "date_expires_gmt": gmt(coupon.expires),
        "usage_count": coupon.usage_count,
        **{name: coupon.limits.get(name) for name in _LIMITS},
        **{name: coupon.switches.get(name, False) for name in _FLAGS},
        **{name: coupon.lists.get(name, []) for name in _LISTS},
        "minimum_amount": str(coupon.minimum),
        "maximum_amount": str(coupon.maximum),
        "email_restrictions": _php_list(coupon.emails),
        "used_by": list(coupon.used_by),
        "meta_data": meta.meta_rows(coupon.meta),
    }


def find_by_code(state: State, code: str) -> Coupon | None:
    """Find a coupon by its code, ignoring case."""
    wanted = code.strip().lower()
    published = (each for each in state.coupons.values() if each.status == "publish")
    return next((coupon for coupon in published if coupon.code == wanted), None)


def list_page(state: State, request: Request) -> ListPage:
    """Return a page of coupons, or the one with the requested code."""
    orders = one_of("date", "id", "include", "title", "slug", "modified")
    readers = {**paging_readers(), **date_readers(state.zone), "code": text, "orderby": orders}
    requested = read_params(request.params, readers)
    found_ids = filter_ids(list(state.coupons), requested)
    rows = [state.coupons[number] for number in found_ids]
    within = within_dates(state.zone, requested)
    rows = [each for each in rows if each.status == "publish" and within(each)]
    if requested.get("code"):
        rows = [each for each in rows if each is find_by_code(state, requested["code"])]
    rows.sort(key=lambda coupon: coupon.id, reverse=requested.get("order", "desc") == "desc")

    def write(coupon: Coupon) -> str:
        row = coupon_row(state, coupon)
        return json.dumps(select_fields(row, request.params))

    return paginate(rows, requested, write)


def view(state: State, coupon_id: int) -> dict[str, Any]:
    """Return one coupon."""
    return coupon_row(state, _get(state, coupon_id, 404))


def create(state: State, requested: Mapping[str, Any], now: datetime) -> Created:
    """Create the requested coupon."""
    if "code" not in requested:
        raise missing_params("code")
    coupon = Coupon(0, "", state.zone.stamp(now), state.zone.stamp(now))
    _apply(state, coupon, requested)
    coupon.id = state.numbers.take("post")
    state.coupons[coupon.id] = coupon
    return Created(coupon_row(state, coupon), f"/wc/v3/coupons/{coupon.id}")


def update(
    state: State, coupon_id: int, requested: Mapping[str, Any], now: datetime
) -> dict[str, Any]:
    """Change a coupon."""
    coupon = _get(state, coupon_id, 400)
    _apply(state, coupon, requested)
    coupon.modified = state.zone.stamp(now)
    return coupon_row(state, coupon)


def delete(state: State, coupon_id: int, *, force: bool) -> dict[str, Any]:
    """Delete a coupon for good, or put it into the trash."""
    coupon = _get(state, coupon_id, 404)
    row = coupon_row(state, coupon)
    if force:
        del state.coupons[coupon_id]
    else:
        coupon.status = "trash"
    return row


def require_usable(state: State, code: str, email: str, spent: Decimal, now: datetime) -> Coupon:
    """Return the coupon with this code; raise RestError where it cannot be used."""
    coupon = find_by_code(state, code)
    if coupon is None:
        raise _unusable(f'Coupon "{code}" cannot be applied because it does not exist.')
    limit = coupon.limits.get("usage_limit")
    if limit and coupon.usage_count >= limit:
        raise _unusable(f'Usage limit for coupon "{code}" has been reached.')
    if coupon.expires and coupon.expires < now:
        raise _unusable(f'Coupon "{code}" has expired.')
    if spent < coupon.minimum or (coupon.maximum and spent > coupon.maximum):
        raise _unusable(f'Coupon "{code}" does not fit the amount of this order.')
    if coupon.emails and not any(_matches(email, pattern) for pattern in coupon.emails.values()):
        raise _unusable(f'Please enter a valid email to use coupon code "{code}".')
    return coupon


def discounts(coupon: Coupon, items: Sequence[Item]) -> list[Decimal]:
    """Return the discount on each line."""
    if coupon.kind == "percent":
        return [parse_money(line.total * coupon.amount / 100) for line in items]
    if coupon.kind == "fixed_product":
        return [min(line.total, coupon.amount * line.quantity) for line in items]
    return _split_amount(min(coupon.amount, sum((line.total for line in items), ZERO)), items)


def count_use(coupon: Coupon, by: str) -> None:
    """Count a use of a coupon."""
    coupon.usage_count += 1
    coupon.used_by.append(by)


def _split_amount(amount: Decimal, items: Sequence[Item]) -> list[Decimal]:
    whole = sum((line.total for line in items), ZERO)
    if not whole:
        return [ZERO for _ in items]
    shares = [parse_money(amount * line.total / whole) for line in items]
    shares[-1] += amount - sum(shares, ZERO)
    return shares


def _apply(state: State, coupon: Coupon, requested: Mapping[str, Any]) -> None:
    code = str(requested.get("code", coupon.code)).strip().lower()
    if not code:
        message = "The coupon code cannot be empty."
        raise RestError("woocommerce_rest_empty_coupon_code", message, 400)
    other = find_by_code(state, code)
    if other and other is not coupon:
        message = "The coupon code already exists"
        raise RestError("woocommerce_rest_coupon_code_already_exists", message, 400)
    kind, amount = _read_amount(coupon, requested)
    coupon.code, coupon.kind, coupon.amount = code, kind, amount
    _apply_rest(state, coupon, requested)


def _read_amount(coupon: Coupon, requested: Mapping[str, Any]) -> tuple[str, Decimal]:
    kind = str(requested.get("discount_type", coupon.kind))
    if kind not in _KINDS:
        raise RestError("coupon_invalid_discount_type", "Invalid discount type.", 400)
    amount = parse_money(requested["amount"]) if "amount" in requested else coupon.amount
    if amount < 0 or (kind == "percent" and amount > 100):
        raise RestError("coupon_invalid_amount", "Invalid discount amount.", 400)
    return kind, amount


def _php_list(values: Mapping[int, str]) -> list[str] | dict[str, str]:
    """Return a list as PHP writes it: with a gap in its keys it becomes an object."""
    if list(values) == list(range(len(values))):
        return list(values.values())
    return {str(at): value for at, value in values.items()}


def _apply_rest(state: State, coupon: Coupon, requested: Mapping[str, Any]) -> None:
    coupon.description = str(requested.get("description", coupon.description))
    if "date_expires" in requested:
        coupon.expires = state.zone.instant(_read_date(requested["date_expires"]))
    if "email_restrictions" in requested:
        emails = [str(email).strip().lower() for email in requested["email_restrictions"]]
        coupon.emails = {at: each for at, each in enumerate(emails) if EMAIL.fullmatch(each)}
    if "minimum_amount" in requested:
        coupon.minimum = parse_money(requested["minimum_amount"])
    if "maximum_amount" in requested:
        coupon.maximum = parse_money(requested["maximum_amount"])
    coupon.limits |= {name: requested[name] or None for name in _LIMITS if name in requested}
    coupon.switches |= {name: bool(requested[name]) for name in _FLAGS if name in requested}
    coupon.lists |= {name: list(requested[name]) for name in _LISTS if name in requested}
    meta.update_meta(coupon.meta, requested.get("meta_data", ()), state.numbers, "postmeta")


def _read_date(value: Any) -> str:
    date = str(value or "")
    return f"{date}T00:00:00" if re.fullmatch(r"\d{4}-\d{2}-\d{2}", date) else date


def _matches(email: str, pattern: str) -> bool:
    regex = re.escape(pattern).replace(r"\*", ".*")
    return bool(re.fullmatch(regex, email.strip().lower()))


def _get(state: State, coupon_id: int, status: int) -> Coupon:
    if coupon_id not in state.coupons:
        raise RestError("woocommerce_rest_shop_coupon_invalid_id", "Invalid ID.", status)
    return state.coupons[coupon_id]


def _unusable(message: str) -> RestError:
    return RestError("woocommerce_rest_invalid_coupon", message, 400)
