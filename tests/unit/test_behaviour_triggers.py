"""Triggers from behaviour, which only the companion plugin reports."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from tests.builders import NOW, order, profile
from wcflow.rules.errors import RuleErrors
from wcflow.rules.event_kinds import (
    CART_UPDATED,
    CATEGORY_VIEWED,
    EMAIL_CLICKED,
    EMAIL_OPENED,
    PRODUCT_VIEWED,
    SEARCH,
)
from wcflow.rules.events import TriggerContext
from wcflow.rules.model import Workflow
from wcflow.rules.triggers import TRIGGERS, parse_trigger
from wcflow.rules.triggers.needs import unmet_needs
from wcflow.rules.workflow_run import Handled


def ago(**length):
    return NOW - timedelta(**length)


def names(text, events, *orders, now=NOW):
    person = replace(profile(*orders), events=tuple(sorted(events, key=lambda each: each.at)))
    return [each.name for each in parse_trigger(text).events(TriggerContext(person, now))]


def views(*days, product=5):
    return [
        PRODUCT_VIEWED.make(f"view {product}-{day}", ago(days=day), product_id=product, name="Mug")
        for day in days
    ]


def test_product_viewed_counts_views_of_the_same_product_within_the_time():
    text = "product_viewed 3 times within 7d"

    assert ["5 viewed 3 times: view 5-1"] == names(text, views(6, 3, 1))
    assert [] == names(text, views(9, 8, 1))
    assert [] == names(text, views(3, 2) + views(1, product=6))
    assert ["5 viewed 3 times: view 5-4"] == names(text, views(6, 5, 4, 3, 2))


def events_of(text, events):
    context = TriggerContext(replace(profile(), events=events), NOW)
    return sorted(parse_trigger(text).events(context), key=lambda each: each.at)


@pytest.mark.parametrize("late", [(5,), (5, 4), (12, 11, 5), (7.5, 6.5), (2, 0.5)])
def test_views_that_are_reported_late_do_not_start_a_workflow_again(late):
    text = "product_viewed 3 times within 7d"
    workflow = Workflow("w", parse_trigger(text), ())
    handled = Handled(frozenset(names(text, views(6, 3, 1))))
    events = tuple(sorted(views(6, 3, 1, *late), key=lambda each: each.at))

    found = events_of(text, events)
    assert found
    assert all(handled.covers(workflow, each) for each in found)


def test_product_viewed_happens_again_only_after_the_time():
    text = "product_viewed 2 times within 7d"
    workflow = Workflow("w", parse_trigger(text), ())
    first, again = events_of(text, tuple(views(20, 19, 18, 13, 12, 11, 10)))

    assert ("5 viewed 2 times: view 5-19", "5 viewed 2 times: view 5-11") == (
        first.name,
        again.name,
    )
    assert not Handled(frozenset({first.name})).covers(workflow, again)


def test_product_viewed_has_a_default_for_each_part():
    assert "product_viewed 1 time within 7d" == parse_trigger("product_viewed").text
    assert "product_viewed 3 times within 7d" == parse_trigger("product_viewed 3 times").text
    with pytest.raises(RuleErrors, match="3 times within 7d"):
        parse_trigger("product_viewed often")


def test_category_browsed_counts_views_of_the_same_category():
    looks = [
        CATEGORY_VIEWED.make(f"look {day}", ago(days=day), category=name)
        for day, name in ((4, "Mugs"), (3, "Mugs"), (2, "Hats"), (1, "Mugs"))
    ]

    assert ["Mugs browsed 3 times: look 1"] == names("category_browsed 3 times", looks)


def test_search_without_purchase_happens_once_a_day_unless_they_order():
    searches = [SEARCH.make(f"s{n}", ago(days=2, minutes=n), words="mug") for n in range(3)]
    text = "search_without_purchase"

    assert ["search on 2026-06-13 without purchase"] == names(text, searches)
    assert [] == names(text, searches, order(1, days=1.5))
    assert [] == names(text, searches, now=ago(days=1, hours=1))


def test_an_order_more_than_a_day_after_the_search_is_no_purchase_of_it():
    """It does not matter how late wcflow looks."""
    search = SEARCH.make("s", ago(days=5), words="mug")
    text = "search_without_purchase"

    assert ["search on 2026-06-10 without purchase"] == names(text, [search], order(1, days=3))
    assert [] == names(text, [search], order(1, days=4.5))


def cart(hours, *, items=({"product_id": 5},)):
    return CART_UPDATED.make(
        f"cart {hours}", ago(hours=hours), cart="abc", items=list(items), total="9.00"
    )


def test_cart_abandoned_looks_at_the_last_change_of_the_cart():
    text = "cart_abandoned after 1h"

    assert ["cart abc abandoned"] == names(text, [cart(3), cart(2)])
    assert [] == names(text, [cart(3), cart(0.5)])
    assert [] == names(text, [cart(3), cart(2, items=())])
    assert [] == names(text, [cart(30)], order(1, days=1))
    context = TriggerContext(replace(profile(), events=(cart(0.5),)), NOW)
    assert NOW + timedelta(minutes=30) == parse_trigger(text).next_at(context)


@pytest.mark.parametrize(("kind", "name"), [(EMAIL_OPENED, "opened"), (EMAIL_CLICKED, "clicked")])
def test_each_message_is_opened_and_clicked_once(kind, name):
    events = [
        kind.make(f"{hour}", ago(hours=hour), message=message, entry=entry)
        for hour, message, entry in ((9, "welcome", 1), (8, "welcome", 1), (7, "sale", 2))
    ]

    assert [f"email_{name} welcome 1", f"email_{name} sale 2"] == names(f"email_{name}", events)
    assert [f"email_{name} sale 2"] == names(f"email_{name} sale", events)


def test_a_workflow_whose_plugin_is_missing_is_named_with_advice():
    on = Workflow("left", parse_trigger("cart_abandoned after 1h"), ())
    off = replace_mode(on)
    plain = Workflow("paid", parse_trigger("order_paid"), ())

    (found,) = unmet_needs([on, off, plain], has_companion=False, has_subscriptions=False)
    assert (
        "[workflow left] never starts: only the wcflow companion plugin reports what people view,"
        " search for, open and click (cart_abandoned), and the store does not have it"
    ) == found.message
    assert [] == [*unmet_needs([on, off, plain], has_companion=True, has_subscriptions=False)]


def replace_mode(workflow):
    return Workflow("off", workflow.trigger, (), mode="off")


def test_the_triggers_from_behaviour_need_the_companion_plugin():
    assert {
        "product_viewed",
        "category_browsed",
        "search_without_purchase",
        "cart_abandoned",
        "email_opened",
        "email_clicked",
    } == {name for name, kind in TRIGGERS.items() if kind.needs == "companion"}
