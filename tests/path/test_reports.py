"""Reports of workflows: what they did, and which orders came of it, computed by hand."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from tests.builders import STORE, order
from tests.persons import person
from tests.simulation import Simulation
from wcflow.database import figures
from wcflow.database.events import save_events
from wcflow.evaluate.figures import save_daily_figures
from wcflow.evaluate.reports import build_report, paid_order
from wcflow.profile import StoredEvent
from wcflow.rules.attribution import Revenue

RULES = """
[segment Buyers]
when = orders_count >= 1
tag = none

[workflow welcome]
trigger = first_order
when = order.total >= 50
do =
    add_tag Welcomed
    create_coupon thanks
    add_note Your code is {{ coupon.code }}

[workflow practice]
trigger = order_paid
mode = dry_run
do = add_note Not written

[coupon thanks]
type = fixed_cart
amount = 10
prefix = T
"""


class Shop(Simulation):
    """A store in which people buy after a workflow reached them."""

    def __init__(self, folder, **more):
        super().__init__(folder, RULES, **more)
        self.run_pass()

    def first_order(self, email, **more):
        self.advance(hours=1)
        order = self.place_order(email=email, **more)
        self.settle()
        return order

    def report(self, rule="workflow welcome", since=None):
        (settings,) = self.config.stores
        with self.db.reading() as tx:
            return build_report(tx, self.config, settings, since).rules[rule]

    def code(self):
        return self.coupons()[-1]["code"]

    def clicks(self, email, rule="workflow welcome"):
        with self.db.transaction() as tx:
            found = person(tx, f"g:{email}")
            event = StoredEvent(
                "email_clicked", f"click {self.now}", self.now, "test", {"rule": rule}
            )
            save_events(tx, "shop", {found: [event]})


@pytest.fixture
def shop(tmp_path):
    def make(**more):
        return Shop(tmp_path, **more)

    return make


def test_runs_notes_coupons_and_tags_are_counted(shop):
    shop = shop()
    shop.first_order("anna@example.com")
    shop.first_order("bob@example.com")
    shop.first_order("carl@example.com", total="20.00")
    found = shop.report()
    assert (2, 2, 0) == (found.runs.started, found.runs.finished, found.runs.waiting)
    assert {"when does not match": 1} == dict(found.runs.skipped)
    assert {"Welcomed": 2} == dict(found.runs.tags)
    assert {"coupon": {"done": 2}, "note": {"done": 2}} == {
        kind: dict(each.states) for kind, each in found.entries.items()
    }
    practice = shop.report("workflow practice")
    assert (0, {}) == (practice.runs.started, dict(practice.entries))


def test_the_order_that_started_a_workflow_is_not_its_result(shop):
    shop = shop()
    shop.first_order("anna@example.com")
    assert Revenue() == shop.report().revenue


def test_orders_with_a_coupon_count_less_refunds_and_its_discount_is_the_cost(shop):
    """By hand: 90 paid with the coupon, 30 of it refunded; 100 without the coupon, within 14 days."""
    shop = shop()
    shop.first_order("anna@example.com")
    code = shop.code()
    shop.advance(days=20)
    redeemed = shop.place_order(email="anna@example.com", coupon_codes=[code])
    shop.sandbox.refund(redeemed, "30.00", now=shop.now)
    shop.first_order("bob@example.com")
    shop.advance(days=3)
    shop.place_order(email="bob@example.com")
    shop.settle()
    expected = Revenue(2, Decimal(160), Decimal(10), redeemed=1)
    found = shop.report().revenue
    assert expected == found
    assert Decimal(16) == found.returned


def test_an_order_that_was_refunded_in_full_does_not_count(shop):
    shop = shop()
    shop.first_order("anna@example.com")
    shop.advance(days=1)
    order = shop.place_order(email="anna@example.com")
    shop.sandbox.refund(order, "100.00", now=shop.now)
    shop.settle()
    assert Revenue() == shop.report().revenue


def test_orders_in_another_currency_are_converted_or_only_counted(shop):
    """By hand: 50 EUR at 0.90 are 45; the Yen have no rate."""
    shop = shop(store="currency_rates = EUR 0.90\n")
    shop.first_order("anna@example.com")
    shop.advance(days=1)
    shop.place_order(email="anna@example.com", total="50.00", currency="EUR")
    shop.place_order(email="anna@example.com", total="5000", currency="JPY")
    shop.settle()
    assert Revenue(2, Decimal(45), without_rate=1) == shop.report().revenue


def test_after_the_attribution_time_only_a_click_brings_orders(shop):
    shop = shop(wcflow="attribution = 5d\n")
    shop.first_order("anna@example.com")
    shop.advance(days=7)
    shop.place_order(email="anna@example.com")
    shop.settle()
    assert Revenue() == shop.report().revenue
    shop.clicks("anna@example.com")
    shop.advance(days=2)
    shop.place_order(email="anna@example.com")
    shop.settle()
    assert Revenue(1, Decimal(100), clicked=1) == shop.report().revenue


def test_an_account_gets_the_orders_that_it_placed_as_a_guest(shop):
    shop = shop()
    shop.advance(hours=1)
    customer = shop.register("anna@example.com")
    shop.place_order(customer=customer)
    shop.settle()
    shop.advance(days=1)
    shop.place_order(email="anna@example.com")
    shop.settle()
    assert Revenue(1, Decimal(100)) == shop.report().revenue


def test_each_of_several_coupons_has_its_own_discount(shop):
    shop = shop()
    shop.sandbox.add_coupon("five", now=shop.now, amount="5.00")
    shop.first_order("anna@example.com")
    code = shop.code()
    shop.advance(days=1)
    shop.place_order(email="anna@example.com", coupon_codes=["five", code])
    shop.settle()
    assert Revenue(1, Decimal(85), Decimal(10), redeemed=1) == shop.report().revenue


@pytest.mark.parametrize("coupons", [["thanks"], ["five", "thanks"], ["a", "b", "thanks"]])
def test_all_coupons_of_an_order_from_an_earlier_version_count(coupons):
    """It did not save what each of several coupons took off."""
    found = paid_order(order(1, coupons=tuple(coupons), discount_total=1000), 7, STORE)
    assert coupons == list(found.discounts)
    assert Decimal(10) == sum(found.discounts.values())


def test_an_order_without_coupons_has_no_discounts():
    assert {} == paid_order(order(1), 7, STORE).discounts


def test_only_what_happened_since_a_day_counts(shop):
    shop = shop()
    shop.first_order("anna@example.com")
    shop.advance(days=30)
    assert 0 == shop.report(since=shop.now).runs.started
    shop.first_order("bob@example.com")
    assert 1 == shop.report(since=datetime(2026, 7, 10, tzinfo=UTC)).runs.started


# The figures of each day.


def figures_of(shop, day):
    with shop.db.reading() as tx:
        return {tuple(each[:3]): each.value for each in figures.load(tx, "shop", day)}


def test_the_nightly_check_keeps_the_figures_of_the_day_before(shop):
    """The store is in Berlin: 22:30 UTC is half past midnight of the next day."""
    shop = shop()
    shop.first_order("anna@example.com")
    shop.now = datetime(2026, 6, 15, 22, 30, tzinfo=UTC)
    shop.place_order(email="late@example.com", total="70.00")
    shop.nightly()
    found = figures_of(shop, date(2026, 6, 15))
    assert 1 == found["workflow", "welcome", "started"]
    assert (1, 10000) == (found["order", "", "paid"], found["order", "", "revenue"])
    assert (1, 1) == (found["segment", "Buyers", "people"], found["tag", "Welcomed", "people"])
    assert {} == figures_of(shop, date(2026, 6, 16))


def test_figures_of_missed_days_are_made_up_for_and_repeated_checks_change_nothing(shop):
    shop = shop()
    shop.first_order("anna@example.com")
    shop.advance(days=1)
    shop.nightly()
    shop.place_order(email="anna@example.com")
    shop.settle()
    shop.advance(days=3)
    shop.nightly()
    before = [figures_of(shop, date(2026, 6, day)) for day in range(15, 19)]
    assert [1, 1, 0, 0] == [each["order", "", "paid"] for each in before]
    assert [True, False, False, True] == [("all", "", "people") in each for each in before]
    shop.nightly()
    assert before == [figures_of(shop, date(2026, 6, day)) for day in range(15, 19)]


def test_sizes_are_those_of_the_first_check_of_a_day(shop):
    shop = shop()
    shop.first_order("anna@example.com")
    shop.advance(days=1)
    (settings,) = shop.config.stores
    save_daily_figures(shop.db, shop.config, settings, shop.now)
    shop.first_order("bob@example.com")
    save_daily_figures(shop.db, shop.config, settings, shop.now)
    assert 1 == figures_of(shop, date(2026, 6, 15))["all", "", "people"]
