"""The recipe first-purchase-anniversary: a code of the pool, an agent who is told, or a thank-you."""

import pytest

POOL = "1year_anniversary_discount"
TAG = "coupon_1year_anniversary"
GIFT, THANKS = "One year with us: a present for you", "One year with us: thank you"


@pytest.fixture
def open_with_codes(open_shop):
    def open_one(*codes, **more):
        shop = open_shop("first-purchase-anniversary", **more)
        shop.imports_codes(POOL, *codes)
        return shop

    return open_one


def test_one_year_after_the_first_purchase(open_with_codes):
    shop = open_with_codes("GIFT-1")
    anna = shop.customer("Anna", consent=True)
    anna.buys(40)
    shop.wait_until("2027-06-14 23:55")
    assert ([], []) == (anna.mails, anna.tags)
    shop.wait_until("2027-06-15 00:10")
    assert ([GIFT], [TAG]) == (anna.mails, anna.tags)
    assert "GIFT-1" in anna.last_mail
    shop.wait_until("2028-06-16")
    assert [GIFT] == anna.mails


def test_with_three_orders_in_the_year_it_is_a_thank_you(open_with_codes):
    """The first order of exactly a year ago is one of the three."""
    shop = open_with_codes("GIFT-1")
    anna = shop.customer("Anna", consent=True)
    for _ in range(3):
        anna.buys(40)
        shop.wait(days=30)
    shop.wait_until("2027-06-15 00:10")
    assert ([THANKS], []) == (anna.mails, anna.tags)


def test_of_three_orders_one_was_refunded(open_with_codes):
    shop = open_with_codes("GIFT-1")
    anna = shop.customer("Anna", consent=True)
    for _ in range(2):
        anna.buys(40)
    anna.buys(40).is_refunded()
    shop.wait_until("2027-06-15 00:10")
    assert ([GIFT], [TAG]) == (anna.mails, anna.tags)


def test_a_first_order_that_was_cancelled_is_not_the_first_purchase(open_with_codes):
    shop = open_with_codes("GIFT-1")
    anna = shop.customer("Anna", consent=True)
    anna.buys(40, status="processing").becomes("cancelled")
    shop.wait(days=10)
    anna.buys(40)
    shop.wait_until("2027-06-24")
    assert [] == anna.mails
    shop.wait_until("2027-06-25")
    assert [GIFT] == anna.mails


def test_a_pool_that_runs_empty_in_the_middle(open_with_codes):
    """One of two gets the code; the agent is told about the other, who gets neither mail nor tag."""
    shop = open_with_codes("GIFT-1", wcflow="agent = team@shop.example\n")
    people = [shop.customer(name, consent=True) for name in ("Anna", "Ben")]
    for each in people:
        each.buys(40)
    shop.wait_until("2027-06-15 00:10")
    (lucky,) = (each for each in people if each.mails)
    (other,) = (each for each in people if not each.mails)
    assert ([GIFT], [TAG], []) == (lucky.mails, lucky.tags, other.tags)
    told = f"No code is left for {other.email}."
    assert [told] == shop.notices
    (mail,) = shop.mails_to("team@shop.example")
    assert told in mail


def test_without_consent_nothing_is_given(open_with_codes):
    shop = open_with_codes("GIFT-1")
    ben = shop.customer("Ben")
    ben.buys(40)
    shop.wait_until("2027-06-17")
    assert ([], [], []) == (ben.mails, ben.tags, shop.notices)


def test_a_first_purchase_on_29_february(open_with_codes):
    """Its anniversary is on 28 February."""
    shop = open_with_codes("GIFT-1", opened="2028-02-29")
    anna = shop.customer("Anna", consent=True)
    anna.buys(40)
    shop.wait_until("2029-02-27 23:55")
    assert [] == anna.mails
    shop.wait_until("2029-02-28 00:10")
    assert [GIFT] == anna.mails


def test_an_anniversary_across_a_leap_day_in_a_store_at_utc_minus_8(open_with_codes):
    """366 days later, on the store's day: at 23:30 there, it is the next day in Greenwich."""
    shop = open_with_codes("GIFT-1", opened="2027-12-10 23:30", zone="America/Los_Angeles")
    anna = shop.customer("Anna", consent=True)
    for _ in range(3):
        anna.buys(40)
    ben = shop.customer("Ben", consent=True)
    ben.buys(40)
    shop.wait_until("2028-12-09 23:55")
    assert ([], []) == (anna.mails, ben.mails)
    shop.wait_until("2028-12-10 00:10")
    assert ([THANKS], [GIFT]) == (anna.mails, ben.mails)


def test_a_guest_who_registers_half_way(open_with_codes):
    shop = open_with_codes("GIFT-1")
    eve = shop.guest("Eve", consent=True)
    eve.buys(40)
    shop.wait(days=100)
    eve.registers()
    shop.wait_until("2027-06-15 00:10")
    assert ([GIFT], [TAG]) == (eve.mails, eve.tags)


def test_consent_that_is_withdrawn_while_the_mail_waits_frees_the_code(open_with_codes):
    shop = open_with_codes("GIFT-1", wcflow="quiet_hours = 00:00-09:00\n")
    anna, ben = shop.customer("Anna", consent=True), shop.customer("Ben", consent=True)
    anna.buys(40)
    shop.wait(days=3)
    ben.buys(40)
    shop.wait_until("2027-06-15 00:30")
    anna.withdraws_consent()
    anna.leaves_at_checkout(10)
    shop.wait_until("2027-06-18 10:00")
    assert ([], [GIFT]) == (anna.mails, ben.mails)
    assert "GIFT-1" in ben.last_mail


def test_as_it_ships_nothing_is_given(open_with_codes):
    shop = open_with_codes("GIFT-1", as_shipped=True)
    anna = shop.customer("Anna", consent=True)
    anna.buys(40)
    shop.wait_until("2027-06-17")
    assert ([], [], []) == (anna.mails, anna.tags, shop.notices)
