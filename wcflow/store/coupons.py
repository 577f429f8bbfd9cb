"""What a coupon must be before and after WooCommerce made it, as WooCommerce corrects in silence.

Pure: nothing is asked here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from wcflow.records import Coupon
from wcflow.units import normal_email

# What WordPress' is_email lets pass; other addresses are dropped, and anyone may use the coupon.
_ADDRESS = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]+@(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.)+"
    r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
)
_AMOUNTS = ("amount", "minimum_amount", "maximum_amount")
_PLAIN = (
    "type",
    "usage_limit",
    "usage_limit_per_user",
    "individual_use",
    "exclude_sale_items",
    "free_shipping",
)


def flaw(wanted: Coupon) -> str:
    """Say why WooCommerce would not keep to this coupon; "" where it would."""
    for address in wanted.emails:
        if not _ADDRESS.fullmatch(address.strip()):
            return "WordPress takes the e-mail address of the restriction for malformed"
    for name in _AMOUNTS:
        value = getattr(wanted, name)
        if value and _amount(value) is None:
            return f"{name}: expected a number, got {value!r}"
    if wanted.expires and wanted.expires.tzinfo is None:
        return "expires: expected an aware instant"
    return ""


def differences(wanted: Coupon, made: Coupon) -> tuple[str, ...]:
    """Say in what the coupon that the shop made is not the one that was asked for."""
    return tuple(_differences(wanted, made))


def _differences(wanted: Coupon, made: Coupon) -> Iterator[str]:
    if wanted.code.strip().lower() != made.code.lower():
        yield f"code is {made.code!r}"
    if _second(wanted.expires) != _second(made.expires):
        yield f"expires is {made.expires or 'never'}"
    if _addresses(wanted) != _addresses(made):
        yield f"it is restricted to {len(made.emails)} e-mail addresses instead of {len(wanted.emails)}"
    for name in _AMOUNTS:
        if not _same_amount(getattr(wanted, name), getattr(made, name)):
            yield f"{name} is {getattr(made, name) or 'nothing'}"
    for name in _PLAIN:
        if getattr(wanted, name) != getattr(made, name):
            yield f"{name} is {getattr(made, name)}"
    for name in ("product_ids", "category_ids"):
        if set(getattr(wanted, name)) != set(getattr(made, name)):
            yield f"{name} is {getattr(made, name)}"
    if wanted.key != made.key:
        yield "its meta was not kept"


def _second(instant: datetime | None) -> datetime | None:
    return instant.astimezone(UTC).replace(microsecond=0) if instant else None


def _addresses(coupon: Coupon) -> frozenset[str]:
    return frozenset(normal_email(each) for each in coupon.emails)


def _amount(value: str) -> Decimal | None:
    try:
        found = Decimal(value or "0")
    except InvalidOperation:
        return None
    return found if found.is_finite() else None


def _same_amount(wanted: str, made: str) -> bool:
    asked, kept = _amount(wanted), _amount(made)
    if asked is None or kept is None:
        return False
    # The shop answers with its own number of decimals, and with none where it means zero.
    return asked == kept or (bool(made) and asked.quantize(kept, ROUND_HALF_UP) == kept)
