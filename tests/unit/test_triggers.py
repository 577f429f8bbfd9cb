"""Triggers find events in orders and saved dates, each with a stable name."""

from datetime import UTC, datetime

import pytest
from msgspec.structs import replace

from tests.builders import NOW, account, ago, change, item, order, profile, refund
from wcflow.profile import Transition
from wcflow.records import Subscription
from wcflow.rules.errors import RuleErrors
from wcflow.rules.event_kinds import (
    CART_UPDATED,
    CATEGORY_VIEWED,
    CONSENT_GIVEN,
    CONSENT_WITHDRAWN,
    COUPON_ASSIGNED,
    EMAIL_CLICKED,
    EMAIL_OPENED,
    PRODUCT_VIEWED,
    SEARCH,
)
from wcflow.rules.events import TriggerContext
from wcflow.rules.triggers import TRIGGERS, parse_trigger


def events_of(text, *orders, **more):
    """Return (name, time) of all events of a trigger."""
    context = TriggerContext(profile(*orders, account=more.pop("account", None)), NOW, **more)
    return [(each.name, each.at) for each in parse_trigger(text).events(context)]


def names(text, *orders, **more):
    return [name for name, _ in events_of(text, *orders, **more)]


@pytest.mark.parametrize("kind", TRIGGERS.values(), ids=lambda kind: kind.name)
def test_each_documented_example_is_a_trigger(kind):
    """Its name is the first word of the form."""
    assert (kind.name, kind.form.split()[0]) == (parse_trigger(kind.example).name, kind.name)


@pytest.mark.parametrize("kind", TRIGGERS.values(), ids=lambda kind: kind.name)
def test_a_person_without_data_has_no_events(kind):
    if not kind.for_all_matching:
        assert [] == names(kind.example)


WITHOUT_PAST = {"tag_added", "tag_removed", "customer_matches", "bulk"}
"""Triggers for what changes in one evaluation, and for an admin's command."""
OF_TIERS = {name for name, kind in TRIGGERS.items() if kind.names == "tier"}
"""Triggers that are tested with tiers, in test_tiers.py."""
OF_A_DAY = {"anniversary", "birthday", "daily", "weekly", "monthly", "subscription_renewal"}
"""Triggers whose event is over after some days, so that it is not late."""
PAST = (
    *(order(number, days=300 - number) for number in range(1, 6)),
    order(6, days=90, total=30000, refunds=(refund(total=30000),)),
    order(7, days=80, history=(change("", "pending", 80), change("pending", "processing", 79))),
    *(order(8 + place, status=status) for place, status in enumerate(("failed", "cancelled"))),
    order(12, days=1, status="pending", created_via="admin"),
    order(13, days=1, status="failed"),
    order(15, days=200, status="cancelled", meta={"_tracking_number": "1Z"}),
    order(10, status="on-hold", history=(change("", "on-hold", 9),)),
    order(11, days=70, total=25000),
    order(14, days=500, status="cancelled"),
    order(16, days=100, created_via="subscription"),
)


CANCELLED = Subscription(
    7,
    "cancelled",
    ago(40),
    ago(3),
    history=(change("", "active", 40), change("active", "cancelled", 3)),
)
EVENTS = (
    CONSENT_GIVEN.make("consent given", ago(9)),
    CONSENT_WITHDRAWN.make("consent withdrawn", ago(8)),
    COUPON_ASSIGNED.make("coupon A", ago(7), pool="spring", code="A"),
    *(PRODUCT_VIEWED.make(f"view {n}", ago(6), product_id=5, name="Mug") for n in range(3)),
    *(CATEGORY_VIEWED.make(f"look {n}", ago(6), category="Mugs") for n in range(3)),
    SEARCH.make("search 1", ago(6), words="mug"),
    CART_UPDATED.make("cart 1", ago(6), cart="abc", items=[{"product_id": 5}], total="9.00"),
    EMAIL_OPENED.make("open 1", ago(6), message="welcome", entry=7),
    EMAIL_CLICKED.make("click 1", ago(6), message="welcome", entry=7, url="https://shop.example"),
)


@pytest.mark.parametrize("kind", sorted(set(TRIGGERS) - WITHOUT_PAST - OF_A_DAY - OF_TIERS))
def test_an_event_has_the_same_name_in_later_evaluations(kind):
    """Or it would start its workflow again."""
    person, trigger = profile(*PAST, account=account()), parse_trigger(TRIGGERS[kind].example)
    left = (Transition("VIP", entered=False, at=ago(3)),)

    def names_at(now):
        context = TriggerContext(
            replace(person, events=EVENTS, subscriptions=(CANCELLED,)),
            now,
            segments={"VIP": ago(5)},
            transitions=left,
        )
        return {each.name for each in trigger.events(context)}

    assert names_at(NOW)
    assert names_at(NOW) <= names_at(datetime(2026, 7, 1, tzinfo=UTC))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("order_payed", "unknown trigger 'order_payed'"),
        ("order_paid twice", "expected nothing after the trigger, got 'twice'"),
        ("order_milestone five", "expected whole numbers such as 5, 10, 20, got 'five'"),
        ("order_milestone 0", "expected whole numbers such as 5, 10, 20, got '0'"),
        ("high_value_order", "expected an amount such as 250, got nothing"),
        ("inactive 60", "expected a duration such as 90s, 15min, 2h, 30d, 6w, 3mo or 1y, got '60'"),
        ("inactive 101y", "expected at most 100y, got '101y'"),
        ("order_refunded half", "expected partial, full or either, got 'half'"),
        ("order_status_changed pending", "expected 'from STATUS to STATUS', got 'pending'"),
        ("segment_entered", "expected a name after the trigger, got nothing"),
    ],
)
def test_an_invalid_trigger_is_a_problem(text, expected):
    with pytest.raises(RuleErrors) as caught:
        parse_trigger(text)
    assert expected == str(caught.value)


def test_a_similar_trigger_is_suggested():
    with pytest.raises(RuleErrors) as caught:
        parse_trigger("order_payed")
    assert "did you mean 'order_paid'?" == caught.value.rule_errors[0].hint


def test_an_order_is_paid_at_its_payment_date():
    assert [("order 1 paid", order(1).paid)] == events_of("order_paid", order(1))


def test_an_order_that_was_paid_and_refunded_between_two_polls_counts_as_paid():
    paid = ago(2)
    refunded = order(1, status="refunded", paid=paid)
    assert [("order 1 paid", paid)] == events_of("order_paid", refunded)


def test_cash_on_delivery_is_paid_when_a_poll_first_finds_it_processing():
    observed = order(
        1, status="processing", paid=None, history=(change("on-hold", "processing", 3),)
    )
    assert [("order 1 paid", ago(3))] == events_of("order_paid", observed)


def test_drafts_and_orders_in_the_trash_have_no_events():
    hidden = [order(1, status="trash"), order(2, status="checkout-draft")]
    others = {"checkout_abandoned"}  # about drafts
    kinds = [
        each.example for each in TRIGGERS.values() if each.has_order and each.name not in others
    ]
    assert {kind: [] for kind in kinds} == {kind: names(kind, *hidden) for kind in kinds}


def test_an_order_is_created_when_its_draft_becomes_an_order():
    placed = order(
        1, days=9, history=(change("", "checkout-draft", 9), change("checkout-draft", "pending", 8))
    )
    assert [("order 1 created", ago(8))] == events_of("order_created", placed)


def test_a_status_without_a_date_is_dated_by_the_poll_that_found_it():
    on_hold = order(
        1, status="on-hold", history=(change("", "pending", 9), change("pending", "on-hold", 4))
    )
    assert [("order 1 on-hold", ago(4))] == events_of("order_on_hold", on_hold)


def test_each_observed_status_change_is_an_event():
    observed = order(1, history=(change("", "pending", 5), change("pending", "processing", 4)))
    assert [("order 1 pending to processing 2026-06-11T10:00:00Z", ago(4))] == events_of(
        "order_status_changed from pending to processing", observed
    )
    assert [] == events_of("order_status_changed to completed", observed)


@pytest.mark.parametrize(
    ("which", "expected"),
    [
        ("partial", ["order 1 refund 900"]),
        ("full", ["order 2 refunded in full"]),
        ("", ["order 1 refund 900", "order 2 refunded in full"]),
    ],
)
def test_partial_and_full_refunds_are_distinguished(which, expected):
    partly = order(1, total=5000, refunds=(refund(900, 1000),))
    fully = order(2, total=5000, refunds=(refund(901, 5000),))
    assert expected == names(f"order_refunded {which}".strip(), partly, fully)


def test_the_first_order_is_the_first_paid_one():
    """Cancelled and fully refunded orders do not count."""
    orders = [
        order(1, days=50, status="cancelled"),
        order(2, days=40, status="refunded"),
        order(3, days=30),
        order(4, days=20),
    ]
    assert ["first order"] == names("first_order", *orders)
    assert ["order 4 repeat"] == names("repeat_order", *orders)


def test_a_milestone_is_named_by_its_count():
    """Reached again after a refund, it is the same event."""
    orders = [order(n, days=100 - n) for n in range(1, 7)]
    assert ["milestone 2", "milestone 5"] == names("order_milestone 5, 2, 9", *orders)


def test_high_value_is_compared_in_the_stores_currency():
    """An order in a currency without a rate is never of high value."""
    orders = [order(1, total=24999), order(2, total=25000), order(3, total=90000, currency="SEK")]
    assert ["order 2 high value"] == names("high_value_order 250", *orders)


def test_each_line_item_of_a_paid_order_is_a_purchase():
    lines = (item(7), item(8))
    assert ["order 1 item 7", "order 1 item 8"] == names(
        "product_purchased", order(1, items=lines), order(2, status="failed", items=(item(9),))
    )


def test_inactivity_begins_after_whole_days_of_the_store():
    """At the 61st local midnight after the order, like last_order_date < -60d."""
    last = order(1, created=datetime(2026, 3, 1, 22, 0, tzinfo=UTC))
    context = TriggerContext(profile(last), NOW)
    trigger = parse_trigger("inactive 60d")
    expected = [("inactive 60d since order 1", datetime(2026, 4, 30, 22, 0, tzinfo=UTC))]
    assert expected == [(each.name, each.at) for each in trigger.events(context)]


def test_the_time_of_future_inactivity_is_known():
    last = order(1, days=10)
    context = TriggerContext(profile(last), NOW)
    trigger = parse_trigger("inactive 60d")
    assert ([], datetime(2026, 8, 4, 22, 0, tzinfo=UTC)) == (
        list(trigger.events(context)),
        trigger.next_at(context),
    )


def test_a_new_order_ends_the_inactivity():
    assert ["inactive 60d since order 1"] == names("inactive 60d", order(1, days=200))
    assert [] == names("inactive 60d", order(1, days=200), order(2, days=1))


def test_entering_a_segment_has_the_date_of_the_membership():
    assert [("VIP entered 2026-06-10", ago(5))] == events_of(
        "segment_entered VIP", order(1), segments={"VIP": ago(5), "New": NOW}
    )


def test_leaving_a_segment_has_the_date_of_the_transition():
    transitions = (
        Transition("VIP", entered=False, at=NOW),
        Transition("New", entered=True, at=NOW),
    )
    assert [("VIP left 2026-06-15", NOW)] == events_of(
        "segment_left VIP", order(1), transitions=transitions
    )


def test_added_and_removed_tags_are_events():
    tags = {"new_tags": frozenset({"A"}), "lost_tags": frozenset({"B"})}
    assert [["tag A added 2026-06-15"], [], ["tag B removed 2026-06-15"]] == [
        names("tag_added A", **tags),
        names("tag_added B", **tags),
        names("tag_removed B", **tags),
    ]


def test_a_registration_has_the_date_of_the_account():
    assert [("customer 12 registered", ago(400))] == events_of(
        "customer_created", account=account()
    )


def test_customer_enabled_happens_when_someone_who_ordered_as_a_guest_registers():
    own = account(days=5)

    assert [("customer 12 enabled", ago(5))] == events_of(
        "customer_enabled", order(1, days=9), account=own
    )
    assert [] == names("customer_enabled", order(1, days=3), account=own)
    assert [] == names("customer_enabled", order(1, days=9, customer_id=12), account=own)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("customer_subscribed", ["consent given"]),
        ("customer_unsubscribed", ["consent withdrawn"]),
        ("coupon_assigned", ["coupon A"]),
        ("coupon_assigned spring", ["coupon A"]),
        ("coupon_assigned autumn", []),
    ],
)
def test_stored_events_are_found_by_their_kind(text, expected):
    context = TriggerContext(replace(profile(), events=EVENTS), NOW)

    assert expected == [each.name for each in parse_trigger(text).events(context)]
