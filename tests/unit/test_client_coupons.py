"""Coupons that WooCommerce would change without an error are rejected or detected."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from wcflow.records import Coupon
from wcflow.store.writes import coupon_differences, coupon_problem

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
WANTED = Coupon(
    code="WELCOME-7Q4MXK",
    type="percent",
    amount="10",
    expires=NOW,
    usage_limit=1,
    minimum_amount="20",
    product_ids=(3, 1),
    emails=("Ann@Example.com",),
    key="welcome/5",
)
CREATED = replace(
    WANTED,
    code="welcome-7q4mxk",
    amount="10.00",
    minimum_amount="20.00",
    product_ids=(1, 3),
    emails=("ann@example.com",),
)


def test_another_notation_is_not_a_difference() -> None:
    """Lower case, other decimals, another order of ids, whole seconds."""
    assert () == coupon_differences(WANTED, CREATED)
    assert () == coupon_differences(
        replace(WANTED, expires=NOW + timedelta(microseconds=5)), CREATED
    )
    assert () == coupon_differences(
        replace(WANTED, amount="12.505"), replace(CREATED, amount="12.51")
    )
    assert () == coupon_differences(
        replace(WANTED, minimum_amount="0"), replace(CREATED, minimum_amount="")
    )


@pytest.mark.parametrize(
    ("change", "difference"),
    [
        ({"expires": None}, "expires is never"),
        ({"expires": NOW + timedelta(hours=1)}, "expires is 2026-11-22 13:00:00+00:00"),
        ({"emails": ()}, "it is restricted to 0 e-mail addresses instead of 1"),
        ({"emails": ("bob@example.com",)}, "it is restricted to 1 e-mail addresses instead of 1"),
        ({"amount": "1.00"}, "amount is 1.00"),
        ({"minimum_amount": ""}, "minimum_amount is nothing"),
        ({"type": "fixed_cart"}, "type is fixed_cart"),
        ({"usage_limit": None}, "usage_limit is None"),
        ({"free_shipping": True}, "free_shipping is True"),
        ({"product_ids": ()}, "product_ids is ()"),
        ({"code": "other"}, "code is 'other'"),
        ({"key": ""}, "its meta was not saved"),
    ],
)
def test_every_difference_is_named(change: dict[str, Any], difference: str) -> None:
    assert (difference,) == coupon_differences(WANTED, replace(CREATED, **change))


@pytest.mark.parametrize(
    "address",
    [
        "ann",
        "ann@",
        "@example.com",
        "ann@example",
        "ann@exa mple.com",
        "ann@-example.com",
        "änn@example.com",
        "ann@example..com",
        "ann@example.com, bob@example.com",
        "a(nn)@example.com",
    ],
)
def test_an_address_that_wordpress_would_drop_is_rejected(address: str) -> None:
    """Anyone could use the coupon."""
    problem = coupon_problem(replace(WANTED, emails=("ok@example.com", address)))
    assert problem == "WordPress does not accept the e-mail address that it is restricted to"


@pytest.mark.parametrize("address", ["ann@example.com", " A.n+n_'x@sub.Example-1.co.uk ", "a@b.de"])
def test_an_address_that_wordpress_accepts_is_accepted(address: str) -> None:
    assert coupon_problem(replace(WANTED, emails=(address,))) == ""


@pytest.mark.parametrize("name", ["amount", "minimum_amount", "maximum_amount"])
@pytest.mark.parametrize("text", ["ten", "1,50", "1 0", "NaN", "Infinity", "10 %"])
def test_an_amount_that_is_not_a_number_is_rejected(name: str, text: str) -> None:
    problem = coupon_problem(replace(WANTED, **{name: text}))
    assert problem == f"{name}: expected a number, got {text!r}"


@given(st.decimals(allow_nan=False, allow_infinity=False))
def test_every_number_is_an_amount(number: Decimal) -> None:
    assert coupon_problem(replace(WANTED, amount=str(number))) == ""


@given(st.text(max_size=5))
def test_any_text_is_an_amount_or_rejected(text: str) -> None:
    problem = coupon_problem(replace(WANTED, amount=text))
    assert problem in ("", f"amount: expected a number, got {text!r}")


def test_an_expiry_without_a_time_zone_is_rejected() -> None:
    assert (
        coupon_problem(replace(WANTED, expires=NOW.replace(tzinfo=None)))
        == "expires: expected a time with a time zone"
    )
