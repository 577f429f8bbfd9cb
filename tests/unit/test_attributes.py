"""The values of all attributes of persons, orders and line items."""

import re
from datetime import date, timedelta
from decimal import Decimal

import pytest
from msgspec.structs import replace

from tests.builders import NOW, STORE, account, ago, item, order, profile, refund
from wcflow.profile import SavedState
from wcflow.records import Address, Product, Subscription
from wcflow.rules.attributes import FAMILIES
from wcflow.rules.attributes.registry import ATTRIBUTES, Kind, find_attribute
from wcflow.rules.birth_dates import BirthDate, next_birthday, parse_birth_date, shape
from wcflow.rules.context import Context, RulePlace
from wcflow.rules.parser import parse_attribute, parse_condition
from wcflow.rules.tiers import TierRules
from wcflow.standing import Standing, TierState
from wcflow.units import parse_duration

ANYWHERE = RulePlace(order=True, item=True, tags=True, segments=True)
BAGS = Product(10, "Leather bag", "BAG", ("Bags", "Leather"), ("new",))
BOOK = Product(20, "A book", "BOOK", ("Books",), ())


def found(name, person=None, now=NOW, **more):
    return parse_attribute(name, ANYWHERE).found(Context(person or profile(), now, **more))


def value(name, *orders, **more):
    return found(name, profile(*orders, **more)).value


def in_store(person, **more):
    return replace(person, store=replace(STORE, **more))


RICH_ORDER = order(
    3,
    days=3,
    customer_id=12,
    discount_total=500,
    coupons=("ten",),
    refunds=(refund(days=2),),
    items=(item(product_id=10, quantity=2), item(2, product_id=20, meta={"size": "XL"})),
    meta={"delivery_day": "2026-06-15", "consent": "yes"},
    customer_note="a gift",
    payment_method="bacs",
    created_via="checkout",
)
RICH = replace(
    in_store(
        profile(
            order(1, days=300),
            order(2, days=40, status="cancelled"),
            RICH_ORDER,
            account=account(
                last_name="Smith",
                username="anna",
                role="customer",
                billing=Address(city="Berlin", postcode="10115", company="ACME", phone="+49 30"),
                meta={"born": "1990-12-31", "consent": "no", "loyalty_points": "120"},
            ),
        ),
        birthday_meta="born",
        consent_meta=("consent",),
        order_gap=Decimal(30),
        tiers=TierRules(
            parse_attribute("total_spent", RulePlace()),
            (("Silver", Decimal(10)), ("Gold", Decimal(9000))),
        ),
    ),
    products={10: BAGS, 20: BOOK},
    subscriptions=(Subscription(5, "active", ago(40), ago(10), next_payment=ago(-20)),),
    saved_state=SavedState(
        spend_percentile=90,
        orders_percentile=80,
        standing=Standing(tier=TierState("Silver", ago(9))),
    ),
)
RICH_SCOPE = Context(
    RICH,
    NOW,
    RICH_ORDER,
    RICH_ORDER.items[1],
    frozenset({"wholesale"}),
    {"VIP": ago(5), "New": ago(90)},
)
WINDOWED = [each for each in ATTRIBUTES.values() if each.windowed]
EVERY = pytest.mark.parametrize("attribute", ATTRIBUTES.values(), ids=lambda each: each.name)
FITS = {
    Kind.NUMBER: Decimal,
    Kind.MONEY: Decimal,
    Kind.DATE: date,
    Kind.TEXT: str,
    Kind.LIST: tuple,
    Kind.YESNO: bool,
}


class TestRegistry:
    """The documented examples and types of all attributes are correct."""

    @EVERY
    def test_the_example_uses_the_attribute_and_can_be_evaluated(self, attribute):
        condition = parse_condition(attribute.example, ANYWHERE)
        answers = [
            condition.answer(context).value for context in (Context(profile(), NOW), RICH_SCOPE)
        ]

        assert {each.removesuffix("KEY") for each in [attribute.name]} & {
            name[: len(attribute.stem)] for name in condition.names
        }
        assert all(answer in (True, False, None) for answer in answers)

    @EVERY
    def test_a_person_with_all_data_has_a_value_of_the_documented_type(self, attribute):
        name = attribute.name.replace("item.meta.KEY", "item.meta.size")
        name = name.replace("order.meta.KEY", "order.meta.delivery_day")
        name = name.replace("meta.KEY", "meta.loyalty_points")
        assert isinstance(
            parse_attribute(name, ANYWHERE).found(RICH_SCOPE).value, FITS[attribute.kind]
        )

    @EVERY
    def test_a_person_without_orders_has_no_value(self, attribute):
        """It is unknown, empty or 0, except for attributes of the address and the store."""
        name = attribute.name.replace("KEY", "x")
        known = {"email", "email_domain", "store", "status", "is_guest", "is_registered"}
        if name in known:
            assert found(name).value is not None
        else:
            assert found(name).value in (None, (), Decimal())

    @EVERY
    def test_the_meaning_is_one_sentence(self, attribute):
        assert re.fullmatch(r"[A-Z].+[.)]", attribute.meaning)
        assert attribute.family in FAMILIES

    @pytest.mark.parametrize("attribute", WINDOWED, ids=lambda each: each.name)
    def test_a_window_that_includes_everything_does_not_change_the_value(self, attribute):
        """But the value changes when the oldest order leaves the window."""
        unlimited, windowed = found(attribute.name, RICH), found(attribute.name + "(90y)", RICH)

        assert (unlimited.value, unlimited.orders) == (windowed.value, windowed.orders)
        assert (unlimited.changes_at is None, windowed.changes_at is None) == (
            True,
            not windowed.orders,
        )

    def test_a_meta_key_is_part_of_the_name(self):
        """Even the key KEY."""
        assert (ATTRIBUTES["meta.KEY"], "KEY") == find_attribute("meta.KEY")
        assert (ATTRIBUTES["order.meta.KEY"], "a.b") == find_attribute("order.meta.a.b")
        assert find_attribute("meta.") is None


class TestPerson:
    def test_an_account_has_precedence_over_orders(self):
        person = profile(order(), account=account(first_name="Bea"))

        assert ("Bea", ()) == (
            found("first_name", person).value,
            found("first_name", person).orders,
        )

    def test_a_value_missing_in_the_account_is_that_of_the_newest_order_with_one(self):
        old = order(1, days=20, billing=Address(phone="1", city="Bonn"))
        new = order(2, days=10, billing=Address(city="Berlin"))
        trashed = order(3, days=1, status="trash", billing=Address(city="Mainz"))
        person = profile(old, new, trashed, account=account(first_name=""))

        assert ("1", "Berlin", None) == tuple(
            found(name, person).value for name in ("phone", "city", "first_name")
        )

    def test_a_guest_has_the_values_of_their_orders(self):
        """Unpaid orders count too."""
        person = profile(order(status="pending"))

        assert ("Anna", "DE", True, False, None) == tuple(
            found(name, person).value
            for name in ("first_name", "billing_country", "is_guest", "is_registered", "username")
        )

    def test_the_email_domain_is_the_part_after_the_at_sign(self):
        assert "example.com" == value("email_domain")

    def test_a_person_without_an_address_has_no_email(self):
        assert (None, None) == tuple(
            found(name, replace(profile(), email="")).value for name in ("email", "email_domain")
        )

    def test_the_shipping_country_is_the_most_frequent_one(self):
        """Without a shipping address billing counts; unpaid orders do not. The newest decides a tie."""
        orders = [
            order(1, days=50, shipping=Address(country="AT")),
            order(2, days=40),
            order(3, days=30, status="failed", shipping=Address(country="AT")),
        ]

        assert ("DE", (2,)) == (
            found("shipping_country", profile(*orders)).value,
            found("shipping_country", profile(*orders)).orders,
        )
        more = order(4, days=20, shipping=Address(country="AT"))
        assert "AT" == value("shipping_country", *orders, more)

    def test_without_paid_orders_the_shipping_country_is_that_of_the_account(self):
        own = account(shipping=Address(country="CH"), billing=Address(country="DE"))

        assert "CH" == value("shipping_country", order(status="failed"), account=own)

    def test_the_last_activity_is_an_order_or_the_registration(self):
        assert ago(5) == value("last_active_date", order(days=5, status="failed"))
        assert ago(5) == value("last_active_date", order(days=9), account=account(days=5))
        assert ago(9) == value("last_active_date", order(days=9), account=account(days=50))

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("yes", True),
            ("1", True),
            ("TRUE ", True),
            ("on", True),
            ("0", False),
            ("no", False),
            ("", None),
            ("maybe", None),
        ],
    )
    def test_consent_is_read_from_the_meta_field_of_the_store(self, text, expected):
        of_account = in_store(profile(account=account(meta={"ok": text})), consent_meta=("ok",))
        of_guest = in_store(profile(order(meta={"ok": text})), consent_meta=("ok",))

        assert (expected, expected) == (
            found("accepts_marketing", of_account).value,
            found("accepts_marketing", of_guest).value,
        )

    def test_the_consent_of_a_guest_is_that_of_the_latest_order(self):
        person = profile(order(1, days=9, meta={"ok": "yes"}), order(2, days=1))

        assert found("accepts_marketing", in_store(person, consent_meta=("ok",))).value is None

    def test_meta_that_the_key_cannot_read_is_unknown(self):
        assert value("meta.vip", account=replace(account(), meta=None)) is None


class TestBirthday:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("1990-12-31", BirthDate(12, 31, 1990)),
            ("19901231", BirthDate(12, 31, 1990)),
            ("1990-12-31T00:00:00", BirthDate(12, 31, 1990)),
            (" 12-31 ", BirthDate(12, 31)),
            ("--12-31", BirthDate(12, 31)),
            ("31.12.1990", BirthDate(12, 31, 1990)),
            ("1.2.", BirthDate(2, 1)),
            ("02-29", BirthDate(2, 29)),
            ("1991-02-29", None),
            ("12/31/1990", BirthDate(12, 31, 1990)),
            ("25/12/1990", BirthDate(12, 25, 1990)),
            ("25-12-1990", BirthDate(12, 25, 1990)),
            ("25 / 12 / 1990", BirthDate(12, 25, 1990)),
            ("25/12/1990 00:00", BirthDate(12, 25, 1990)),
            ("25121990", BirthDate(12, 25, 1990)),
            ("20010203", BirthDate(2, 3, 2001)),
            ("1990/12/31", BirthDate(12, 31, 1990)),
            ("1990.1.2", BirthDate(1, 2, 1990)),
            ("25/12", BirthDate(12, 25)),
            ("12.31.1990", BirthDate(12, 31, 1990)),
            ("05/05/1990", BirthDate(5, 5, 1990)),
            ("03.04.1990", BirthDate(4, 3, 1990)),
            ("03/04/1990", None),
            ("03-04-1990", None),
            ("03041990", None),
            ("03/04", None),
            ("25/12/90", None),
            ("90-12-25", None),
            ("25.12.90", None),
            ("25/12-1990", None),
            ("31/31/1990", None),
            ("1990-13-01", None),
            ("0000-01-01", None),
            ("", None),
        ],
    )
    def test_dates_of_birth_are_read_in_the_usual_formats(self, text, expected):
        """An ambiguous date is unknown."""
        assert expected == parse_birth_date(text)

    @pytest.mark.parametrize(
        ("form", "text", "expected"),
        [
            ("dmy", "03/04/1990", BirthDate(4, 3, 1990)),
            ("dmy", "03-04-1990", BirthDate(4, 3, 1990)),
            ("dmy", "03041990", BirthDate(4, 3, 1990)),
            ("dmy", "03-04", BirthDate(4, 3)),
            ("mdy", "03/04/1990", BirthDate(3, 4, 1990)),
            ("mdy", "03.04.1990", BirthDate(3, 4, 1990)),
            ("mdy", "25/12/1990", BirthDate(12, 25, 1990)),
            ("ymd", "03/04/1990", None),
            ("ymd", "03.04.1990", BirthDate(4, 3, 1990)),
            ("ymd", "03/04", BirthDate(3, 4)),
            ("dmy", "1990-03-04", BirthDate(3, 4, 1990)),
            ("dmy", "03/04/90", None),
        ],
    )
    def test_the_birthday_format_decides_between_two_meanings(self, form, text, expected):
        """A date with only one meaning keeps it, and years of two digits are not guessed."""
        assert expected == parse_birth_date(text, form)

    def test_a_shape_shows_no_content(self):
        assert ["99.99.99", "xxxx, 9 xxx", ""] == [
            shape("25.12.90"),
            shape(" Anna, 3 May "),
            shape(""),
        ]

    def test_the_setting_of_the_store_is_used(self):
        who = profile(account=account(meta={"born": "16/06/1990"}))
        unclear = profile(account=account(meta={"born": "03/04/1990"}))
        with_format = {"birthday_meta": "born", "birthday_format": "dmy"}

        assert date(2026, 6, 16) == found("birthday", in_store(who, birthday_meta="born")).value
        assert found("birthday", in_store(unclear, birthday_meta="born")).value is None
        assert date(2027, 4, 3) == found("birthday", in_store(unclear, **with_format)).value

    @pytest.mark.parametrize(
        ("today", "expected"),
        [
            (date(2026, 2, 27), date(2026, 2, 28)),
            (date(2026, 2, 28), date(2026, 2, 28)),
            (date(2026, 3, 1), date(2027, 2, 28)),
            (date(2027, 3, 1), date(2028, 2, 29)),
            (date(2028, 2, 28), date(2028, 2, 29)),
        ],
    )
    def test_a_person_born_on_a_leap_day_has_a_birthday_every_year(self, today, expected):
        assert expected == next_birthday(BirthDate(2, 29, 1992), today)

    @pytest.mark.parametrize(
        ("born", "age"),
        [("1990-06-15", 36), ("1990-06-16", 35), ("06-15", None), ("2030-01-01", None)],
    )
    def test_age_is_in_full_years(self, born, age):
        person = in_store(profile(account=account(meta={"born": born})), birthday_meta="born")

        assert age == found("age", person).value


class TestOrders:
    def test_only_paid_orders_count(self):
        """Failed and fully refunded orders do not; partly refunded ones do."""
        orders = (
            order(1, total=1000),
            order(2, total=1000, status="failed"),
            order(3, total=1000, status="refunded"),
            order(4, total=1000, refunds=(refund(total=1000),)),
            order(5, total=1000, refunds=(refund(total=400),)),
        )
        person = profile(*orders)

        assert (2, (1, 5), Decimal("16.00")) == (
            found("orders_count", person).value,
            found("orders_count", person).orders,
            found("total_spent", person).value,
        )

    def test_money_is_in_the_stores_currency(self):
        """An order without a rate counts in orders_count and not in total_spent."""
        person = in_store(
            profile(
                order(1, total=1000),
                order(2, total=1000, currency="EUR"),
                order(3, total=1000, currency="JPY"),
            ),
            rates={"EUR": Decimal("1.1")},
        )

        assert (3, Decimal("21.00"), Decimal("10.50"), Decimal("11.00")) == tuple(
            found(name, person).value
            for name in ("orders_count", "total_spent", "average_order_value", "largest_order")
        )

    def test_a_window_covers_whole_days_of_the_store(self):
        """An order in the first minute of the day 30 days ago is within 30 days."""
        first = NOW.replace(hour=22, minute=0) - timedelta(days=31)
        orders = order(1, created=first, paid=first), order(2, days=31, total=500)

        assert (1,) == found("total_spent(30d)", profile(*orders)).orders
        assert (2, 1) == found("total_spent(31d)", profile(*orders)).orders

    def test_a_window_uses_the_date_of_payment(self):
        assert Decimal(1) == value("orders_count(7d)", order(days=30, paid=ago(2)))

    def test_first_and_last_order_are_paid_orders(self):
        person = profile(order(1, days=30), order(2, days=20), order(3, days=5, status="failed"))

        assert (((1,), (2,))) == (
            found("first_order_date", person).orders,
            found("last_order_date", person).orders,
        )

    def test_the_order_gap_is_the_median_of_the_days_between_orders(self):
        """Several orders on one day count as one."""
        days = (100, 90, 90, 60, 59)
        orders = [order(number, days=each) for number, each in enumerate(days, 1)]

        assert Decimal(10) == value("order_gap", *orders)

    def test_a_person_without_a_gap_has_that_of_the_store(self):
        person = profile(order(1), order(2))

        assert (None, Decimal(45)) == (
            found("order_gap", person).value,
            found("order_gap", in_store(person, order_gap=Decimal(45))).value,
        )

    def test_overdue_is_the_days_since_the_last_order_divided_by_the_gap(self):
        orders = [order(1, days=40), order(2, days=30)]

        assert Decimal(3) == value("overdue", *orders)

    @pytest.mark.parametrize("gap", [None, Decimal(0)])
    def test_without_a_gap_overdue_is_unknown(self, gap):
        assert found("overdue", in_store(profile(order()), order_gap=gap)).value is None

    def test_refunds_count_by_their_own_date(self):
        """Refunds of fully refunded orders count; those of orders in the trash do not."""
        person = profile(
            order(1, days=200, refunds=(refund(total=300, days=5), refund(total=200, days=150))),
            order(2, days=100, status="refunded", refunds=(refund(total=10000, days=2),)),
            order(3, days=4, status="trash", refunds=(refund(total=100, days=2),)),
        )
        names = ("refunded_total(30d)", "refunds_count(30d)", "refunds_count", "refunded_total")

        assert [Decimal("103.00"), 2, 3, Decimal("105.00")] == [
            found(name, person).value for name in names
        ]

    def test_shares_include_fully_refunded_orders(self):
        """They were paid before."""
        person = profile(
            order(1, total=7500, discount_total=2500),
            order(2, total=2500, status="refunded", refunds=(refund(total=2500),)),
            order(3, total=9999, status="failed", discount_total=1),
        )

        assert (Decimal("0.25"), Decimal("0.2")) == (
            found("refund_rate", person).value,
            found("discount_share", person).value,
        )

    def test_the_refund_rate_of_free_orders_is_unknown(self):
        assert value("refund_rate", order(total=0)) is None

    def test_the_preferred_value_is_the_most_frequent_one_and_the_newest_decides_a_tie(self):
        orders = [
            order(1, days=30, payment_method="bacs", currency="EUR"),
            order(2, days=20, payment_method="stripe"),
            order(3, days=10),
        ]

        assert ("stripe", "USD") == tuple(
            value(name, *orders) for name in ("preferred_payment_method", "preferred_currency")
        )

    def test_each_used_coupon_is_listed_once(self):
        orders = order(1, coupons=("a", "b")), order(2, coupons=("b",)), order(3)

        assert (("a", "b"), (1, 2)) == (
            found("coupons_used", profile(*orders)).value,
            found("coupons_used", profile(*orders)).orders,
        )


class TestProducts:
    def person(self, *orders):
        return replace(profile(*orders), products={10: BAGS, 20: BOOK})

    def test_values_missing_in_line_items_are_those_of_the_products(self):
        """A deleted product has the name in its line item; a variation is found by both ids."""
        lines = (
            item(1, product_id=10, sku=""),
            replace(item(2, product_id=20), variation_id=21),
            item(3, product_id=0, name="Gone", sku=""),
        )
        person = self.person(order(items=lines))

        assert [
            ("10", "20", "21"),
            ("BAG", "wallet-1"),
            ("Bags", "Leather", "Books"),
            ("new",),
            ("Leather bag", "A book", "Gone"),
        ] == [
            found(name, person).value
            for name in ("products", "skus", "categories", "product_tags", "product_names")
        ]

    def test_the_favourite_category_is_the_one_with_the_most_pieces(self):
        person = self.person(
            order(1, days=9, items=(item(product_id=20, quantity=3),)),
            order(2, days=5, items=(item(product_id=10, quantity=2),)),
        )

        assert ("Books", (1,)) == (
            found("favourite_category", person).value,
            found("favourite_category", person).orders,
        )


class TestOrder:
    def of(self, name, this_order, *orders, person=None):
        return found(name, person or profile(*orders), order=this_order).value

    def test_an_order_has_its_number_among_the_paid_orders(self):
        """An unpaid order has no number, and can still become the first."""
        first, second, unpaid = (
            order(1, days=9),
            order(2, days=5),
            order(3, days=1, status="pending"),
        )
        orders = (first, second, unpaid)

        assert [(1, True), (2, False), (None, False)] == [
            (self.of("order.nth", each, *orders), self.of("order.is_first", each, *orders))
            for each in orders
        ]
        assert self.of("order.is_first", unpaid, unpaid) is True

    def test_the_total_includes_refunds_and_is_in_the_stores_currency(self):
        euros = order(total=1000, currency="EUR", refunds=(refund(total=400),))
        person = in_store(profile(euros), rates={"EUR": Decimal("1.5")})

        assert (Decimal("15.00"), Decimal("6.00"), None) == (
            self.of("order.total", euros, person=person),
            self.of("order.refund_total", euros, person=person),
            self.of("order.total", euros, euros),
        )

    def test_an_order_without_a_customer_note_mentions_nothing(self):
        own = order()

        answer = parse_condition("not order.customer_note mentions 'gift'", ANYWHERE)

        assert answer.answer(Context(profile(own), NOW, order=own)).holds

    def test_order_items_counts_pieces_and_not_lines(self):
        own = order(items=(item(quantity=2), item(2, quantity=3)))

        assert Decimal(5) == self.of("order.items", own, own)

    def test_the_shipping_country_is_the_billing_country_without_a_shipping_address(self):
        billed, shipped = order(), order(shipping=Address(country="FR"))

        assert ("DE", "FR") == tuple(
            self.of("order.shipping_country", each, each) for each in (billed, shipped)
        )

    def test_the_total_of_a_line_is_in_the_stores_currency(self):
        yen = order(total=1000, currency="JPY", items=(item(total=1000),))
        person = in_store(profile(yen), rates={"JPY": Decimal("0.01")})

        assert Decimal("10.00") == found("item.total", person, order=yen, item=yen.items[0]).value


class TestSegments:
    def test_segments_are_those_of_this_evaluation(self):
        context = {"segments": {"VIP": ago(3), "New": ago(40)}}

        assert (("New", "VIP"), ago(3)) == (
            found("segments", **context).value,
            found("segment_since", **context).value,
        )


def test_no_orders_in_a_window_means_the_last_order_is_older():
    """orders_count(x) = 0 if and only if last_order_date < -x."""
    for days in range(12):
        context = Context(profile(order(days=days)), NOW)
        for length in ("5d", "1w", "7d"):
            assert parse_duration(length)
            none, before = (
                parse_condition(text.format(length), RulePlace()).answer(context).value
                for text in ("orders_count({}) = 0", "last_order_date < -{}")
            )
            assert none == before
