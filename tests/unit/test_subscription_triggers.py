"""Triggers and attributes from subscriptions."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from tests.builders import BERLIN, NOW, ago, change, order, profile
from wcflow.records import Subscription
from wcflow.rules.attributes import find_attribute
from wcflow.rules.attributes.registry import AttributeQuery
from wcflow.rules.context import Context
from wcflow.rules.events import TriggerContext
from wcflow.rules.triggers import parse_trigger
from wcflow.units import Duration

REMINDER = "subscription_renewal 3d before"


def subscription(id=7, status="active", *, days=40, renews=None, history=None, **more):
    at = NOW + timedelta(days=renews) if renews is not None else None
    history = history or (change("", status, days),)
    return Subscription(id, status, ago(days), ago(1), next_payment=at, history=history, **more)


def someone(*subscriptions, orders=()):
    return replace(profile(*orders), subscriptions=subscriptions)


def events(text, person, now=NOW):
    return [(e.name, e.at) for e in parse_trigger(text).events(TriggerContext(person, now))]


def test_subscription_started_happens_when_it_is_first_active():
    paid = subscription(history=(change("", "pending", 9), change("pending", "active", 8)))

    assert [("subscription 7 started", ago(8))] == events("subscription_started", someone(paid))
    assert [("subscription 7 started", ago(40))] == events(
        "subscription_started", someone(subscription())
    )
    assert [] == events("subscription_started", someone(subscription(status="pending")))


def test_subscription_started_is_not_repeated_after_a_pause():
    history = (
        change("", "active", 9),
        change("active", "on-hold", 5),
        change("on-hold", "active", 4),
    )
    found = events("subscription_started", someone(subscription(history=history)))

    assert ["subscription 7 started"] == [name for name, _ in found]


def test_subscription_renewed_happens_for_each_paid_renewal():
    """Also where counts_when leaves renewals out."""
    orders = (
        order(1, days=40),
        order(2, days=10, created_via="subscription"),
        order(3, days=5, meta={"_subscription_renewal": "7"}),
        order(4, days=1, status="failed", created_via="subscription"),
    )
    person = someone(orders=orders)
    store = replace(person.store, counts_when=lambda each, _: each.created_via != "subscription")

    found = events("subscription_renewed", replace(person, store=store))
    assert ["order 2 renewal", "order 3 renewal"] == [name for name, _ in found]


def test_subscription_cancelled_happens_once_for_each_time():
    history = (
        change("", "active", 30),
        change("active", "pending-cancel", 20),
        change("pending-cancel", "cancelled", 10),
    )
    again = (*history, change("cancelled", "active", 8), change("active", "cancelled", 5))

    assert [("subscription 7 cancelled", ago(20))] == events(
        "subscription_cancelled", someone(subscription(status="cancelled", history=history))
    )
    assert [
        ("subscription 7 cancelled", ago(20)),
        ("subscription 7 cancelled again (2)", ago(5)),
    ] == (
        events("subscription_cancelled", someone(subscription(status="cancelled", history=again)))
    )


def test_subscription_renewal_is_announced_days_before_at_the_same_time_of_day():
    person = someone(subscription(renews=5))
    trigger = parse_trigger(REMINDER)

    assert [] == events(REMINDER, person)
    assert NOW + timedelta(days=2) == trigger.next_at(TriggerContext(person, NOW))
    later = NOW + timedelta(days=2)
    assert [("subscription 7 renewal 1", later)] == events(REMINDER, person, later)
    assert [] == events(REMINDER, person, NOW + timedelta(days=5))


def test_a_renewal_is_announced_at_the_same_local_time_across_a_clock_change():
    october = NOW.replace(month=10, day=26, hour=9)
    person = someone(replace(subscription(), next_payment=october))
    trigger = parse_trigger(REMINDER)

    at = trigger.next_at(TriggerContext(person, NOW)).astimezone(BERLIN)
    assert "10-23 10:00" == at.strftime("%m-%d %H:%M")


def test_another_date_is_not_another_renewal_but_the_next_one_is():
    moved = NOW + timedelta(days=1)
    first = events(REMINDER, someone(subscription(renews=3)))
    second = events(REMINDER, someone(subscription(renews=2)))
    renewed = (order(5, days=1, meta={"_subscription_renewal": "7"}),)
    third = events(REMINDER, someone(subscription(renews=3), orders=renewed), moved)

    assert [first[0][0]] == [second[0][0]] == ["subscription 7 renewal 1"]
    assert ["subscription 7 renewal 2"] == [name for name, _ in third]


@pytest.mark.parametrize("status", ["on-hold", "pending-cancel", "cancelled", "expired"])
def test_only_an_active_subscription_renews(status):
    assert [] == events(REMINDER, someone(subscription(status=status, renews=2)))


def value(name, *subscriptions):
    attribute, key = find_attribute(name)
    return AttributeQuery(attribute, key).found(Context(someone(*subscriptions), NOW)).value


def test_attributes_tell_what_they_are_subscribed_to():
    running = subscription(1, renews=9, products=("Tea",))
    ending = subscription(2, "pending-cancel", renews=3, products=("Coffee",))
    over = subscription(3, "expired", products=("Milk",))

    assert (True, 2, "pending-cancel") == (
        value("has_subscription", running, ending, over),
        value("subscriptions_count", running, ending, over),
        value("subscription_status", running, ending, over),
    )
    assert NOW + timedelta(days=9) == value("next_payment_date", running, ending, over)
    assert ("Tea", "Coffee") == value("subscription_products", running, ending, over)


def test_without_a_subscription_the_status_is_unknown():
    assert (False, None, None) == (
        value("has_subscription"),
        value("subscription_status"),
        value("next_payment_date"),
    )
    assert "expired" == value("subscription_status", subscription(3, "expired"))


def test_renewals_are_counted_in_a_window():
    orders = [
        order(1, days=90, created_via="subscription"),
        order(2, days=20, meta={"_subscription_renewal": "7"}),
        order(3, days=5, status="failed", created_via="subscription"),
        order(4, days=2),
    ]
    attribute, key = find_attribute("renewals_count")
    context = Context(someone(orders=orders), NOW)

    assert (2, (1, 2)) == AttributeQuery(attribute, key).found(context)[:2]
    assert (1, (2,)) == AttributeQuery(attribute, key, Duration(30, "d")).found(context)[:2]
