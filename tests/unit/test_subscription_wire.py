"""Subscriptions are read leniently: versions of the plugin differ."""

from datetime import UTC, datetime

import pytest

from wcflow.store.fields import WireError
from wcflow.store.subscriptions import parse_subscription

ROW = {
    "id": 7,
    "status": "active",
    "number": "S-7",
    "currency": "USD",
    "total": "20.00",
    "customer_id": 12,
    "parent_id": 5,
    "billing": {"email": "Anna@Example.com"},
    "line_items": [{"name": "Coffee &amp; Cake"}],
    "date_created_gmt": "2026-01-01T10:00:00",
    "date_modified_gmt": "2026-02-01T10:00:00",
    "start_date_gmt": "2026-01-02T10:00:00",
    "next_payment_date_gmt": "2026-03-02T10:00:00",
    "cancelled_date_gmt": "",
    "end_date_gmt": "",
}


def at(month, day):
    return datetime(2026, month, day, 10, tzinfo=UTC)


def test_a_subscription_has_its_dates_and_products():
    found = parse_subscription(ROW)

    assert (7, "active", "S-7", 12, 5) == (
        found.id,
        found.status,
        found.number,
        found.customer_id,
        found.parent_id,
    )
    assert ("anna@example.com", ("Coffee & Cake",), 2000) == (
        found.email,
        found.products,
        found.total,
    )
    assert (at(1, 1), at(2, 1), at(1, 2), at(3, 2)) == (
        found.created,
        found.modified,
        found.started,
        found.next_payment,
    )
    assert (None, None) == (found.cancelled, found.ended)


@pytest.mark.parametrize("nothing", ["", "0", 0, False, None, []])
def test_a_date_that_is_not_there_is_none(nothing):
    assert parse_subscription(ROW | {"next_payment_date_gmt": nothing}).next_payment is None


def test_dates_of_version_1_are_read():
    old = {key: value for key, value in ROW.items() if key != "next_payment_date_gmt"}

    found = parse_subscription(old | {"next_payment_date": "2026-03-02 10:00:00"})
    assert at(3, 2) == found.next_payment


def test_almost_everything_can_be_missing():
    found = parse_subscription({"id": 7, "status": "wc-on-hold"})

    assert ("on-hold", 0, "", None) == (
        found.status,
        found.customer_id,
        found.email,
        found.next_payment,
    )


@pytest.mark.parametrize("row", [{"status": "active"}, {"id": 7}])
def test_without_an_id_or_a_status_it_cannot_be_read(row):
    with pytest.raises(WireError):
        parse_subscription(row)
