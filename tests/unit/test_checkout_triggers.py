"""Abandoned checkouts, and orders that someone creates in the dashboard."""

from datetime import timedelta

import pytest

from tests.builders import NOW, account, ago, change, item, order, profile
from wcflow.records import StatusChange
from wcflow.rules.events import TriggerContext
from wcflow.rules.triggers import parse_trigger

ABANDONED = "checkout_abandoned after 1h"


def begun(id=1, *, hours=2, status="pending", **more):
    at = NOW - timedelta(hours=hours)
    return order(id, status=status, created=at, **more)


def events(*orders, text=ABANDONED, now=NOW, **more):
    context = TriggerContext(profile(*orders, **more), now)
    return [(each.name, each.order.id) for each in parse_trigger(text).events(context)]


def next_at(*orders):
    return parse_trigger(ABANDONED).next_at(TriggerContext(profile(*orders), NOW))


@pytest.mark.parametrize("status", ["checkout-draft", "pending", "failed"])
def test_checkout_abandoned_happens_when_an_order_was_not_paid_for_that_long(status):
    assert [("checkout of 10 abandoned", 1)] == events(begun(status=status))
    assert [] == events(begun(status=status, hours=0.9))
    assert ago() + timedelta(minutes=6) == next_at(begun(status=status, hours=0.9))


@pytest.mark.parametrize("status", ["processing", "completed", "on-hold", "prepared"])
def test_a_checkout_is_not_abandoned_once_the_person_has_ordered(status):
    assert [] == events(begun(1), begun(2, hours=1.5, status=status))


def test_an_earlier_order_does_not_finish_a_checkout():
    assert [("checkout of 10 abandoned after order 1", 2)] == events(order(1, days=2), begun(2))


def test_several_drafts_of_the_same_products_are_one_cart():
    """The last thing that happened counts, and the event has one name."""
    first, second = begun(1, hours=3, status="checkout-draft"), begun(2, hours=0.5, status="failed")

    assert [("checkout of 10 abandoned", 1)] == events(first)
    assert [] == events(first, second)
    later = NOW + timedelta(hours=1)
    assert [("checkout of 10 abandoned", 2)] == events(first, second, now=later)


def test_another_cart_is_another_event():
    boots = begun(2, items=(item(20, 11), item(21, 10)))

    assert [("checkout of 10 abandoned", 1), ("checkout of 10 11 abandoned", 2)] == events(
        begun(1), boots
    )


def test_a_draft_that_is_still_edited_is_not_abandoned():
    draft = begun(status="checkout-draft", hours=5, modified=NOW - timedelta(minutes=10))

    assert [] == events(draft)


def test_an_unpaid_order_that_woocommerce_cancelled_was_abandoned():
    """WooCommerce cancels unpaid orders after an hour to free the stock."""

    def cancelled(hours):
        history = (StatusChange("pending", "cancelled", NOW - timedelta(hours=hours)),)
        return begun(status="cancelled", hours=3, history=history)

    assert [("checkout of 10 abandoned", 1)] == events(cancelled(1.9))
    assert [] == events(cancelled(2.5))


@pytest.mark.parametrize("via", ["admin", "subscription"])
def test_invoices_and_renewals_are_no_checkouts(via):
    assert [] == events(begun(created_via=via))


def test_a_checkout_without_products_is_nothing_to_remind_of():
    assert [] == events(begun(items=()))
    assert [("checkout of 10 abandoned", 1)] == events(begun(email=""), account=account())


def test_draft_order_created_happens_for_unpaid_orders_of_the_dashboard():
    draft = "draft_order_created"
    ours = order(1, status="pending", created_via="admin")
    paid = order(2, created_via="admin", history=(change("pending", "processing", 1),))
    invoice = order(
        3, status="processing", created_via="admin", history=(change("", "pending", 2),)
    )
    theirs = order(4, status="pending", created_via="checkout")

    unsaved = order(5, status="auto-draft", created_via="")
    assert [
        ("order 1 draft created", 1),
        ("order 3 draft created", 3),
        ("order 5 draft created", 5),
    ] == events(ours, paid, invoice, theirs, unsaved, text=draft)
