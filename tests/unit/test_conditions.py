"""Conditions are true, false or unknown; answers have parts, reasons and a time of change."""

from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from msgspec.structs import replace

from tests.builders import BERLIN, NOW, STORE, account, ago, order, profile
from wcflow.rules.conditions import ComparisonResult
from wcflow.rules.context import Context, RulePlace
from wcflow.rules.parser import parse_condition
from wcflow.rules.ternary import Ternary, all_of, any_of

ANYWHERE = RulePlace(order=True, item=True, tags=True, segments=True)
TRUTH = {True: "is_guest", False: "is_registered", None: "age > 1"}


def answer_to(text, person=None, place=ANYWHERE, **more):
    return parse_condition(text, place).answer(Context(person or profile(), NOW, **more))


def sql_and(left, right):
    return False if False in (left, right) else None if None in (left, right) else True


def sql_or(left, right):
    return True if True in (left, right) else None if None in (left, right) else False


@pytest.mark.parametrize(("left", "right"), list(product(TRUTH, repeat=2)))
def test_and_and_or_work_as_in_sql(left, right):
    """With unknown as null."""
    texts = TRUTH[left], TRUTH[right]

    assert sql_and(left, right) == answer_to(" and ".join(texts)).value
    assert sql_or(left, right) == answer_to(" or ".join(texts)).value


@pytest.mark.parametrize(("value", "expected"), [(True, False), (False, True), (None, None)])
def test_not_unknown_is_unknown(value, expected):
    """And an unknown condition does not hold."""
    answer = answer_to(f"not {TRUTH[value]}")

    assert (expected, expected is True) == (answer.value, answer.holds)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("is_registered and is_registered or is_guest", True),
        ("is_registered and (is_registered or is_guest)", False),
        ("not is_registered or is_registered", True),
        ("not (is_registered or is_guest)", False),
        ("not is_registered and is_guest", True),
        ("is_guest or is_guest and is_registered", True),
        ("not not is_guest", True),
    ],
)
def test_not_binds_more_tightly_than_and_and_and_more_tightly_than_or(text, value):
    assert value == answer_to(text).value


@pytest.mark.parametrize(
    "comparison",
    [
        "company = 'x'",
        "company <> 'x'",
        "company in ('x')",
        "company not in ('x')",
        "company contains 'x'",
        "company not contains 'x'",
        "company mentions 'x'",
        "company starts with 'x'",
        "company like '*'",
        "company between 'a' and 'z'",
        "average_order_value < 1000000",
        "average_order_value(30d) >= 0",
        "last_order_date < today",
        "last_order_date <> today",
        "last_order_date > -2h",
        "overdue < 100",
        "accepts_marketing",
        "meta.points < 10",
        "meta.points multiple of 5",
        "order.total >= 0",
        "order.coupons contains 'x'",
        "item.quantity > 0",
    ],
)
def test_a_comparison_with_an_unknown_value_and_its_opposite_are_unknown(comparison):
    """The person has no orders, company, consent or meta."""
    answers = answer_to(comparison), answer_to(f"not ({comparison})")

    assert [(None, False), (None, False)] == [(each.value, each.holds) for each in answers]


@pytest.mark.parametrize(
    "attribute", ["company", "last_order_date", "overdue", "order.total", "meta.x", "products"]
)
def test_an_unknown_value_is_empty(attribute):
    assert (True, False) == (
        answer_to(f"{attribute} is empty").value,
        answer_to(f"{attribute} is not empty").value,
    )


def test_an_empty_list_is_known():
    """So ``not`` of a comparison with it holds."""
    assert answer_to("not products contains 5 and coupons_used not contains 'x'").holds


def test_an_answer_has_every_comparison_with_the_value_found():
    """Also those that did not decide, and the orders with the value."""
    person = profile(order(7, days=100, total=124000), order(8, days=95, total=1000))
    answer = answer_to("total_spent >= 1000 or orders_count ( 30d ) = 0", person)

    assert (
        ComparisonResult(
            "total_spent >= 1000",
            "total_spent",
            "1,250.00",
            ">= 1000",
            matches=True,
            order_ids=(7, 8),
        ),
        ComparisonResult("orders_count ( 30d ) = 0", "orders_count(30d)", "0", "= 0", matches=True),
    ) == answer.parts


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("total_spent >= 1000", "total_spent 1,240.00 >= 1000"),
        ("total_spent >= 2000", "total_spent 1,240.00 < 2000"),
        ("total_spent >= 1000 or orders_count > 5", "total_spent 1,240.00 >= 1000"),
        (
            "total_spent > 2000 or orders_count > 5",
            "total_spent 1,240.00 <= 2000 and orders_count 1 <= 5",
        ),
        ("total_spent > 1 and orders_count > 5", "orders_count 1 <= 5"),
        ("company = 'x' and total_spent > 1", "company not known"),
        ("last_order_date < -90d", "last_order_date 2026-03-07 < -90d (2026-03-17)"),
        ("last_order_date > -2h", "last_order_date 2026-03-07 11:01 <= -2h"),
        ("is_guest", "is_guest yes"),
        ("not is_registered", "is_registered no"),
        ("company is empty", "company is empty"),
        ("email is not empty", "email anna@example.com is not empty"),
        ("billing_country not in ('AT', 'CH')", "billing_country DE not in ('AT', 'CH')"),
        ("orders_count between 1 and 3", "orders_count 1 between 1 and 3"),
        ("orders_count multiple of 5", "orders_count 1 not a multiple of 5"),
        ("not email like '*@x.org'", "email anna@example.com not like '*@x.org'"),
        ("tags contains any ('a', 'b')", "tags none not contains any ('a', 'b')"),
    ],
)
def test_the_reason_has_the_facts_that_decided(text, reason):
    assert reason == answer_to(text, profile(order(days=100, total=124000))).in_words()


class TestTags:
    """The meaning of ``tags`` depends on the place."""

    def person_with_tag(self):
        person = profile()
        saved_state = replace(person.saved_state, own_tags=frozenset({"by hand"}))
        return replace(person, saved_state=saved_state)

    def test_in_a_workflow_tags_are_all_tags(self):
        assert answer_to(
            "tags contains 'by rule'", self.person_with_tag(), current_tags=frozenset({"by rule"})
        ).holds

    def test_in_a_segment_tags_are_those_that_no_rule_added(self):
        """Otherwise rules would depend on their own results."""
        current_tags = frozenset({"by rule"})
        answer = answer_to(
            "tags contains 'by rule'",
            self.person_with_tag(),
            place=RulePlace(),
            current_tags=current_tags,
        )

        assert ("by hand", False) == (answer.parts[0].found, answer.value)


class TestTimeOfChange:
    """A result has the time until which it cannot change."""

    SOON, LATER = ago(-1), ago(-2)

    def test_and_with_several_false_parts_changes_with_the_last_of_them(self):
        results = [Ternary(False, self.SOON), Ternary(False, self.LATER), Ternary(True, None)]

        assert Ternary(False, self.LATER) == all_of(results)

    def test_and_with_a_part_that_stays_false_never_changes(self):
        results = [Ternary(False, self.SOON), Ternary(False, None)]

        assert Ternary(False, None) == all_of(results)

    def test_or_with_a_part_that_stays_true_never_changes(self):
        assert Ternary(True, None) == any_of([Ternary(True, None), Ternary(False, self.SOON)])

    def test_and_with_only_true_parts_changes_with_the_first_of_them(self):
        results = [Ternary(True, self.LATER), Ternary(True, self.SOON), Ternary(True, None)]

        assert Ternary(True, self.SOON) == all_of(results)


class TestExactTimeOfChange:
    """For these conditions the time is exact."""

    def changes(self, text, *orders, **more):
        person = profile(*orders, **more)
        return answer_to(text, person).changes_at

    def midnight(self, day):
        return datetime(2026, *day, tzinfo=BERLIN).astimezone(UTC)

    def test_a_last_order_becomes_older_than_a_day_limit_at_midnight_of_the_store(self):
        """The last order was on 5 June: on 4 September it is more than 90 days ago."""
        assert self.midnight((9, 4)) == self.changes("last_order_date < -90d", order(days=10))

    def test_a_condition_that_needs_another_order_is_never_due(self):
        """Time alone does not turn one order into two."""
        when = "orders_count >= 2\nlast_order_date < -90d"

        assert self.changes(when, order(days=10)) is None

    def test_a_last_order_that_is_old_enough_is_never_due(self):
        assert self.changes("last_order_date < -90d", order(days=100)) is None

    def test_an_order_leaves_a_window_of_days_at_midnight(self):
        assert self.midnight((7, 6)) == self.changes("orders_count(30d) = 0", order(days=10))

    def test_an_order_leaves_a_window_of_hours_to_the_microsecond(self):
        paid = ago(hours=1)
        changes = self.changes("orders_count(2h) = 0", order(created=paid, paid=paid))

        assert paid + timedelta(hours=2, microseconds=1) == changes

    def test_overdue_is_reached_on_the_exact_day(self):
        """Gaps of 10 days and the last order 5 days ago: 15 days after it overdue is 1.5."""
        orders = [order(each, days=days) for each, days in enumerate((25, 15, 5), 1)]

        assert self.midnight((6, 25)) == self.changes("overdue >= 1.5", *orders)

    def test_an_exact_overdue_value_lasts_one_day(self):
        """Gaps of 10 days and the last order 10 days ago: tomorrow overdue is above 1."""
        orders = [order(each, days=days) for each, days in enumerate((30, 20, 10), 1)]

        assert self.midnight((6, 16)) == self.changes("overdue = 1", *orders)
        assert self.midnight((6, 25)) == self.changes("overdue = 2", order(1, days=20), *orders[2:])

    def test_a_birthday_is_due_on_the_first_day_in_range(self):
        person = profile(account=account(meta={"born": "1990-12-24"}))
        person = replace(person, store=replace(STORE, birthday_meta="born"))
        answer = answer_to("birthday <= +7d", person)

        assert (False, self.midnight((12, 17))) == (answer.value, answer.changes_at)
