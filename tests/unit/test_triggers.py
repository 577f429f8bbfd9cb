"""Triggers make occurrences from what the orders and stamps say, each with a stable name."""

from datetime import UTC, datetime

import pytest

from tests.builders import NOW, account, ago, change, item, order, profile, refund
from wcflow.profile import Transition
from wcflow.rules.errors import RuleErrors
from wcflow.rules.events import TriggerContext
from wcflow.rules.triggers import TRIGGERS, parse_trigger


def happened(text, *orders, **more):
    """Give (name, when) of all occurrences of a trigger."""
    context = TriggerContext(profile(*orders, account=more.pop("account", None)), NOW, **more)
    return [(each.name, each.at) for each in parse_trigger(text).events(context)]


def names(text, *orders, **more):
    return [name for name, _ in happened(text, *orders, **more)]


@pytest.mark.parametrize("kind", TRIGGERS.values(), ids=lambda kind: kind.name)
def test_each_trigger_reads_its_own_example(kind):
    """The example that the product prints is a trigger, and its name is the form's first word."""
    assert (kind.name, kind.form.split()[0]) == (parse_trigger(kind.example).name, kind.name)


@pytest.mark.parametrize("kind", TRIGGERS.values(), ids=lambda kind: kind.name)
def test_no_trigger_finds_anything_in_a_person_of_whom_nothing_is_known(kind):
    assert [] == names(kind.example)


@pytest.mark.parametrize("kind", TRIGGERS.values(), ids=lambda kind: kind.name)
def test_occurrences_have_the_same_names_whenever_they_are_looked_at(kind):
    """Only what was looked at once must be recognised later."""
    orders = [order(1, days=300), order(2, days=90, refunds=(refund(),)), order(3, status="failed")]
    later = TriggerContext(profile(*orders, account=account()), datetime(2026, 7, 1, tzinfo=UTC))
    first = TriggerContext(profile(*orders, account=account()), NOW)
    trigger = parse_trigger(kind.example)
    seen = {each.name for each in trigger.events(first)}
    assert seen <= {each.name for each in trigger.events(later)}


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
def test_what_is_no_trigger_is_told(text, expected):
    with pytest.raises(RuleErrors) as caught:
        parse_trigger(text)
    assert expected == str(caught.value)


def test_a_near_miss_is_suggested():
    with pytest.raises(RuleErrors) as caught:
        parse_trigger("order_payed")
    assert "did you mean 'order_paid'?" == caught.value.rule_errors[0].hint


def test_an_order_is_paid_when_its_stamp_says_so():
    assert [("order 1 paid", order(1).paid)] == happened("order_paid", order(1))


def test_a_payment_between_two_polls_is_not_lost():
    """The order is already refunded when it is first seen: its stamp tells that it was paid."""
    paid = ago(2)
    gone = order(1, status="refunded", paid=paid)
    assert [("order 1 paid", paid)] == happened("order_paid", gone)


def test_cash_on_delivery_is_paid_when_first_seen_processing():
    seen = order(1, status="processing", paid=None, history=(change("on-hold", "processing", 3),))
    assert [("order 1 paid", ago(3))] == happened("order_paid", seen)


def test_orders_in_the_trash_and_drafts_set_nothing_off():
    hidden = [order(1, status="trash"), order(2, status="checkout-draft")]
    kinds = [kind.example for kind in TRIGGERS.values() if kind.has_order]
    assert {kind: [] for kind in kinds} == {kind: names(kind, *hidden) for kind in kinds}


def test_a_draft_is_created_when_it_is_placed():
    placed = order(
        1, days=9, history=(change("", "checkout-draft", 9), change("checkout-draft", "pending", 8))
    )
    assert [("order 1 created", ago(8))] == happened("order_created", placed)


def test_statuses_without_a_stamp_are_dated_by_the_poll_that_saw_them():
    held = order(
        1, status="on-hold", history=(change("", "pending", 9), change("pending", "on-hold", 4))
    )
    assert [("order 1 on-hold", ago(4))] == happened("order_on_hold", held)


def test_each_observed_change_of_status_is_its_own_occurrence():
    seen = order(1, history=(change("", "pending", 5), change("pending", "processing", 4)))
    assert [("order 1 pending to processing 2026-06-11T10:00:00Z", ago(4))] == happened(
        "order_status_changed from pending to processing", seen
    )
    assert [] == happened("order_status_changed to completed", seen)


@pytest.mark.parametrize(
    ("which", "expected"),
    [
        ("partial", ["order 1 refund 900"]),
        ("full", ["order 2 refunded in full"]),
        ("", ["order 1 refund 900", "order 2 refunded in full"]),
    ],
)
def test_partial_and_full_refunds_are_told_apart(which, expected):
    partly = order(1, total=5000, refunds=(refund(900, 1000),))
    fully = order(2, total=5000, refunds=(refund(901, 5000),))
    assert expected == names(f"order_refunded {which}".strip(), partly, fully)


def test_only_the_first_paid_order_is_the_first():
    """Unpaid and fully refunded orders are not counted."""
    orders = [
        order(1, days=50, status="cancelled"),
        order(2, days=40, status="refunded"),
        order(3, days=30),
        order(4, days=20),
    ]
    assert ["first order"] == names("first_order", *orders)
    assert ["order 4 repeat"] == names("repeat_order", *orders)


def test_milestones_name_the_count_and_not_the_order():
    """A milestone that is reached again after a refund is the same milestone."""
    orders = [order(n, days=100 - n) for n in range(1, 7)]
    assert ["milestone 2", "milestone 5"] == names("order_milestone 5, 2, 9", *orders)


def test_high_value_is_asked_in_the_stores_currency():
    """An order in a currency without a rate has no value that could be compared."""
    orders = [order(1, total=24999), order(2, total=25000), order(3, total=90000, currency="SEK")]
    assert ["order 2 high value"] == names("high_value_order 250", *orders)


def test_each_line_of_a_paid_order_is_a_purchase():
    lines = (item(7), item(8))
    assert ["order 1 item 7", "order 1 item 8"] == names(
        "product_purchased", order(1, items=lines), order(2, status="failed", items=(item(9),))
    )


def test_inactivity_begins_after_the_whole_days_of_the_store_have_passed():
    """It agrees with last_order_date < -60d: the 61st local midnight after the order."""
    last = order(1, created=datetime(2026, 3, 1, 22, 0, tzinfo=UTC))
    context = TriggerContext(profile(last), NOW)
    trigger = parse_trigger("inactive 60d")
    expected = [("inactive 60d since order 1", datetime(2026, 4, 30, 22, 0, tzinfo=UTC))]
    assert expected == [(each.name, each.at) for each in trigger.events(context)]


def test_inactivity_to_come_is_told_in_advance():
    last = order(1, days=10)
    context = TriggerContext(profile(last), NOW)
    trigger = parse_trigger("inactive 60d")
    assert ([], datetime(2026, 8, 4, 22, 0, tzinfo=UTC)) == (
        list(trigger.events(context)),
        trigger.next_at(context),
    )


def test_an_order_after_inactivity_begins_a_new_one():
    assert ["inactive 60d since order 1"] == names("inactive 60d", order(1, days=200))
    assert [] == names("inactive 60d", order(1, days=200), order(2, days=1))


def test_entering_a_segment_is_dated_by_the_membership():
    assert [("VIP entered 2026-06-10", ago(5))] == happened(
        "segment_entered VIP", order(1), segments={"VIP": ago(5), "New": NOW}
    )


def test_leaving_a_segment_is_a_move():
    left = (Transition("VIP", entered=False, at=NOW), Transition("New", entered=True, at=NOW))
    assert [("VIP left 2026-06-15", NOW)] == happened(
        "segment_left VIP", order(1), transitions=left
    )


def test_tags_are_added_and_removed_by_whomever():
    tags = {"new_tags": frozenset({"A"}), "lost_tags": frozenset({"B"})}
    assert [["tag A added 2026-06-15"], [], ["tag B removed 2026-06-15"]] == [
        names("tag_added A", **tags),
        names("tag_added B", **tags),
        names("tag_removed B", **tags),
    ]


def test_a_registration_is_dated_by_the_account():
    assert [("customer 12 registered", ago(400))] == happened("customer_created", account=account())
