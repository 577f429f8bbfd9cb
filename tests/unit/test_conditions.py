"""What an answer is: three values, reasons, the parts it was made of."""

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


def ask(text, who=None, place=ANYWHERE, **more):
    return parse_condition(text, place).answer(Context(who or profile(), NOW, **more))


def both(left, right):
    return False if False in (left, right) else None if None in (left, right) else True


def either(left, right):
    return True if True in (left, right) else None if None in (left, right) else False


@pytest.mark.parametrize(("left", "right"), list(product(TRUTH, repeat=2)))
def test_and_and_or_are_those_of_sql(left, right):
    """Yes, no and not known go together as SQL joins true, false and null."""
    texts = TRUTH[left], TRUTH[right]

    assert both(left, right) == ask(" and ".join(texts)).value
    assert either(left, right) == ask(" or ".join(texts)).value


@pytest.mark.parametrize(("value", "expected"), [(True, False), (False, True), (None, None)])
def test_not_of_what_is_not_known_is_not_known(value, expected):
    """So ``not`` of an unknown does not hold either."""
    answer = ask(f"not {TRUTH[value]}")

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
def test_not_binds_before_and_and_and_before_or(text, value):
    """Precedence is that of SQL."""
    assert value == ask(text).value


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
def test_of_what_is_not_known_nothing_holds_and_not_its_opposite(comparison):
    """A person without orders, company, consent or meta: neither the comparison nor its not."""
    answers = ask(comparison), ask(f"not ({comparison})")

    assert [(None, False), (None, False)] == [(each.value, each.holds) for each in answers]


@pytest.mark.parametrize(
    "attribute", ["company", "last_order_date", "overdue", "order.total", "meta.x", "products"]
)
def test_what_is_not_known_is_empty(attribute):
    assert (True, False) == (
        ask(f"{attribute} is empty").value,
        ask(f"{attribute} is not empty").value,
    )


def test_a_list_without_elements_is_known():
    """Nobody bought nothing by mistake: ``not`` of it holds."""
    assert ask("not products contains 5 and coupons_used not contains 'x'").holds


def test_an_answer_shows_each_part_with_what_was_found_and_asked():
    """All parts are there, also those that did not decide, with the orders they came from."""
    who = profile(order(7, days=100, total=124000), order(8, days=95, total=1000))
    answer = ask("total_spent >= 1000 or orders_count ( 30d ) = 0", who)

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
    ("text", "words"),
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
def test_the_reason_says_what_is_so(text, words):
    """A reason is made of the facts that decided, whether or not they were wished for."""
    assert words == ask(text, profile(order(days=100, total=124000))).in_words()


class TestTags:
    """What ``tags`` means depends on the place."""

    def who(self):
        mine = profile()
        saved_state = replace(mine.saved_state, own_tags=frozenset({"by hand"}))
        return replace(mine, saved_state=saved_state)

    def test_a_workflow_sees_all_that_is_worn(self):
        assert ask("tags contains 'by rule'", self.who(), current_tags=frozenset({"by rule"})).holds

    def test_a_segment_sees_only_what_no_rule_put_there(self):
        """Else rules would feed on themselves."""
        current_tags = frozenset({"by rule"})
        answer = ask(
            "tags contains 'by rule'", self.who(), place=RulePlace(), current_tags=current_tags
        )

        assert ("by hand", False) == (answer.parts[0].found, answer.value)


class TestVerdicts:
    """Verdicts know until when they are certain."""

    SOON, LATER = ago(-1), ago(-2)

    def test_of_several_noes_the_last_to_change_decides_and(self):
        verdicts = [Ternary(False, self.SOON), Ternary(False, self.LATER), Ternary(True, None)]

        assert Ternary(False, self.LATER) == all_of(verdicts)

    def test_a_no_that_never_changes_keeps_and_forever(self):
        verdicts = [Ternary(False, self.SOON), Ternary(False, None)]

        assert Ternary(False, None) == all_of(verdicts)

    def test_a_yes_that_never_changes_keeps_or_forever(self):
        assert Ternary(True, None) == any_of([Ternary(True, None), Ternary(False, self.SOON)])

    def test_when_all_agree_the_first_to_change_may_decide(self):
        verdicts = [Ternary(True, self.LATER), Ternary(True, self.SOON), Ternary(True, None)]

        assert Ternary(True, self.SOON) == all_of(verdicts)


class TestTheInstantOfChange:
    """Where it is easy, the instant is exact."""

    def changes(self, text, *orders, **more):
        who = profile(*orders, **more)
        return ask(text, who).changes_at

    def midnight(self, day):
        return datetime(2026, *day, tzinfo=BERLIN).astimezone(UTC)

    def test_at_risk_comes_at_the_midnight_of_the_store(self):
        """The last order was on 5 June: on 4 September it lies more than 90 days back."""
        assert self.midnight((9, 4)) == self.changes("last_order_date < -90d", order(days=10))

    def test_what_can_only_come_true_by_an_order_is_never_due(self):
        """One order does not become two by itself."""
        when = "orders_count >= 2\nlast_order_date < -90d"

        assert self.changes(when, order(days=10)) is None

    def test_a_past_that_is_past_is_never_due(self):
        assert self.changes("last_order_date < -90d", order(days=100)) is None

    def test_a_window_is_left_on_the_day(self):
        assert self.midnight((7, 6)) == self.changes("orders_count(30d) = 0", order(days=10))

    def test_a_window_of_hours_is_left_on_the_instant(self):
        paid = ago(hours=1)
        changes = self.changes("orders_count(2h) = 0", order(created=paid, paid=paid))

        assert paid + timedelta(hours=2, microseconds=1) == changes

    def test_overdue_comes_on_the_day_it_does(self):
        """Gaps of 10 days, the last order 5 days ago: 15 days after it they are 1.5 overdue."""
        orders = [order(each, days=days) for each, days in enumerate((25, 15, 5), 1)]

        assert self.midnight((6, 25)) == self.changes("overdue >= 1.5", *orders)

    def test_exactly_once_overdue_is_so_for_one_day(self):
        """Gaps of 10 days and the last order 10 days ago: tomorrow it is more than that."""
        orders = [order(each, days=days) for each, days in enumerate((30, 20, 10), 1)]

        assert self.midnight((6, 16)) == self.changes("overdue = 1", *orders)
        assert self.midnight((6, 25)) == self.changes("overdue = 2", order(1, days=20), *orders[2:])

    def test_a_birthday_is_due_when_it_comes_into_reach(self):
        who = profile(account=account(meta={"born": "1990-12-24"}))
        who = replace(who, store=replace(STORE, birthday_meta="born"))
        answer = ask("birthday <= +7d", who)

        assert (False, self.midnight((12, 17))) == (answer.value, answer.changes_at)
