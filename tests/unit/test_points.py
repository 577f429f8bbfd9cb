"""The ledger of points: what orders and events earn, what refunds take back, what expires first."""

from dataclasses import replace as with_fields
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.builders import NOW, STORE, account, ago, order, profile, refund
from wcflow.profile import StoredEvent
from wcflow.rules.points import PointsRules, Terms, balance, earn, parse_terms
from wcflow.standing import PointsChange
from wcflow.units import Duration

RULES = PointsRules(Terms(Decimal(1), Decimal(10), 5))
LONG_AGO = ago(400)


def earned(orders, ledger=(), rules=RULES, now=NOW, since=LONG_AGO, **more):
    return earn(profile(*orders, **more), ledger, rules, since, now)


def amounts(changes):
    return [(each.key, each.amount, each.reason) for each in changes]


def spend(amount, at=NOW, **more):
    return PointsChange("spend", -amount, "coupon", "by hand", at, **more)


def lot(amount, at, expires_at=None, **more):
    return PointsChange(f"lot {at}", amount, "earned", "[points]", at, expires_at, **more)


def test_a_paid_order_earns_by_its_amount_and_for_itself():
    assert [("order 1", 14, "order 1 paid")] == amounts(earned([order(1, total=9599)]))


@pytest.mark.parametrize(("rounding", "points"), [("down", 9), ("nearest", 10), ("up", 10)])
def test_points_are_rounded_as_the_admin_says(rounding, points):
    assert points == Terms(Decimal(1), Decimal(10), 0, rounding).earned_by(Decimal("95.50"))


@given(
    st.decimals(Decimal("1e-12"), Decimal("1e12"), places=12),
    st.decimals(Decimal("1e-12"), Decimal("1e12"), places=12),
)
@example(Decimal("1E-7"), Decimal("1E+3"))
def test_the_ledger_can_read_back_any_terms(points, amount):
    """Otherwise refunds would take nothing back."""
    terms = Terms(points, amount, 5)
    assert terms == parse_terms(terms.text)


def test_a_refund_takes_its_points_back_and_a_full_refund_takes_all():
    first = earned([order(1)])
    partly = earned([order(1, refunds=(refund(total=3000),))], first)
    assert [("order 1 change 1", -3, "order 1 was refunded in part")] == amounts(partly)
    ledger = (*first, *partly)
    fully = earned([order(1, status="refunded", refunds=(refund(total=10000),))], ledger)
    assert [("order 1 change 2", -12, "order 1 was refunded in full")] == amounts(fully)
    assert 0 == balance((*ledger, *fully), NOW).points


def test_an_order_that_is_someone_elses_now_takes_its_points_along():
    ledger = earned([order(1)])
    gone = earned([], ledger)
    assert [-15] == [each.amount for each in gone]
    assert [15] == [each.amount for each in earned([order(1)])]


def test_a_later_edit_of_the_rules_changes_nothing_about_earlier_orders():
    ledger, doubled = earned([order(1)]), PointsRules(Terms(Decimal(2), Decimal(10), 5))
    assert () == earned([order(1)], ledger, doubled)
    refunded = [order(1, refunds=(refund(total=5000),)), order(2)]
    assert [("order 2", 25), ("order 1 change 1", -5)] == [
        each[:2] for each in amounts(earned(refunded, ledger, doubled))
    ]


def test_orders_from_before_the_section_earn_nothing_unless_since_says_so():
    assert () == earned([order(1, days=30)], since=ago(20))
    rules = with_fields(RULES, since=ago(60).date())
    assert 1 == len(earned([order(1, days=30), order(2, days=90)], rules=rules, since=ago(20)))


def test_an_order_in_a_currency_without_a_rate_earns_only_for_itself():
    assert [5] == [each.amount for each in earned([order(1, currency="GBP")])]


def test_once_an_admin_has_undone_an_orders_points_it_earns_no_others():
    first = replace(earned([order(1)])[0], id=7)
    undone = replace(first, key="undo 7", amount=-15, undoes=7, id=8)
    assert () == earned([order(1, refunds=(refund(),))], (first, undone))


@pytest.mark.parametrize(("day", "points"), [(NOW.date(), 100), ((NOW + timedelta(1)).date(), 0)])
def test_a_birthday_earns_once_a_year_and_not_the_day_before(day, points):
    rules = PointsRules(birthday=100)
    store = replace(STORE, birthday_meta="birthday")
    person = replace(profile(account=account(meta={"birthday": f"1990-{day:%m-%d}"})), store=store)
    found = earn(person, (), rules, LONG_AGO, NOW)
    assert points == sum(each.amount for each in found)
    assert () == earn(person, found, rules, LONG_AGO, NOW + timedelta(hours=3))


def test_registering_and_other_events_earn_once():
    rules = PointsRules(registration=50, events={"consent_given": 20})
    event = StoredEvent("consent_given", "consent given 2026-06-01", ago(14))
    found = earned([], rules=rules, account=account(days=20), events=(event,))
    assert [("registration", 50), ("event consent given 2026-06-01", 20)] == [
        each[:2] for each in amounts(found)
    ]
    assert () == earned([], found, rules, account=account(days=20), events=(event,))


def test_terms_are_kept_as_text():
    terms = Terms(Decimal("1.5"), Decimal(10), 5, "up")
    assert (terms, None) == (parse_terms(terms.text), parse_terms("something else"))


# The balance.


def test_points_expire_on_their_day_and_the_balance_says_when():
    ledger = [lot(10, ago(30), NOW + timedelta(days=1)), lot(5, ago(10))]
    assert (15, NOW + timedelta(days=1)) == (
        balance(ledger, NOW).points,
        balance(ledger, NOW).changes_at,
    )
    assert 5 == balance(ledger, NOW + timedelta(days=1)).points


def test_the_points_that_expire_first_are_spent_first():
    ledger = [lot(10, ago(30)), lot(10, ago(20), NOW + timedelta(days=1)), spend(8)]
    assert 10 == balance(ledger, NOW + timedelta(days=2)).points


def test_a_refund_of_an_order_whose_points_expired_takes_nothing_else():
    own = lot(10, ago(30), ago(1), order_id=1)
    back = PointsChange("order 1 change 1", -10, "refunded", "[points]", NOW, order_id=1)
    assert 7 == balance([own, lot(7, ago(5)), back], NOW).points


def test_points_that_were_spent_before_a_refund_are_owed():
    own = lot(10, ago(30), order_id=1)
    back = PointsChange("order 1 change 1", -10, "refunded", "[points]", NOW, order_id=1)
    ledger = [own, spend(10, ago(3)), back]
    assert -10 == balance(ledger, NOW).points
    assert 5 == balance([*ledger, lot(15, NOW)], NOW).points


def test_as_of_a_day_only_the_changes_until_then_count():
    ledger = [lot(10, ago(30)), spend(4, ago(2))]
    assert [0, 10, 6] == [balance(ledger, ago(days)).points for days in (31, 10, 0)]


# Any sequence of orders, refunds, moves, spending and undoing.

DEEDS = st.lists(
    st.tuples(
        st.sampled_from(["place", "refund", "cancel", "move", "return", "spend", "undo"]),
        st.integers(1, 4),
        st.integers(1, 20_000),
    ),
    max_size=12,
)


class History:
    """Orders and a ledger, with deeds that change them."""

    def __init__(self, rules):
        self.rules, self.now = rules, ago(200)
        self.orders, self.away, self.ledger, self.frozen = {}, {}, (), set()

    def do(self, verb, number, amount):
        self.now += timedelta(days=7)
        getattr(self, f"_{verb}")(number, amount)
        self.evaluate()

    def evaluate(self):
        new = earn(profile(*self.orders.values()), self.ledger, self.rules, LONG_AGO, self.now)
        self._add(*new)

    def _add(self, *changes):
        for each in changes:
            self.ledger += (replace(each, id=len(self.ledger) + 1),)

    def _place(self, number, amount):
        if number not in self.orders and number not in self.away:
            self.orders[number] = order(number, total=amount, created=self.now - timedelta(hours=1))

    def _refund(self, number, amount):
        if found := self.orders.get(number):
            left = found.total - sum(each.total for each in found.refunds)
            if left > 0:
                back = refund(number * 1000 + len(found.refunds), min(amount, left), 0)
                self.orders[number] = replace(found, refunds=(*found.refunds, back))

    def _cancel(self, number, _):
        if number in self.orders:
            self.orders[number] = replace(self.orders[number], status="cancelled")

    def _move(self, number, _):
        if number in self.orders:
            self.away[number] = self.orders.pop(number)

    def _return(self, number, _):
        if number in self.away:
            self.orders[number] = self.away.pop(number)

    def _spend(self, _, amount):
        self._add(PointsChange(f"spend {self.now}", -(amount % 50), "", "", self.now))

    def _undo(self, number, _):
        undone = {each.undoes for each in self.ledger}
        found = [each for each in self.ledger if each.order_id == number and not each.undoes]
        if found and found[-1].id not in undone:
            change = found[-1]
            at = self.now
            expires = self.rules.expiry(at, profile()) if change.amount < 0 else None
            self._add(
                replace(
                    change,
                    key=f"undo {change.id}",
                    amount=-change.amount,
                    undoes=change.id,
                    at=at,
                    expires_at=expires,
                )
            )
            self.frozen.add(number)


@given(DEEDS)
def test_the_balance_is_what_the_rules_say_and_replays_change_nothing(deeds):
    history = History(RULES)
    for deed in deeds:
        history.do(*deed)
    before = history.ledger
    history.evaluate()
    assert before == history.ledger
    paid = {each.id: net for each, net in profile(*history.orders.values()).amounts}
    of_order = {
        number: sum(each.amount for each in before if each.order_id == number)
        for number in range(1, 5)
        if number not in history.frozen
    }
    expected = {n: RULES.terms.earned_by(paid[n]) if n in paid else 0 for n in of_order}
    assert expected == of_order
    assert sum(each.amount for each in before) == balance(before, history.now).points
    assert len(before) == len({each.key for each in before})


@given(DEEDS)
def test_in_the_end_all_points_that_can_expire_are_gone(deeds):
    history = History(with_fields(RULES, expires=Duration(30, "d")))
    for deed in deeds:
        history.do(*deed)
    end = balance(history.ledger, history.now + timedelta(days=60))
    assert (True, None) == (end.points <= 0, end.changes_at)
