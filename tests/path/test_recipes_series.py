"""The recipes that write to customers several times."""

import pytest

HELLO, TIPS = "Thank you for your first order", "Three things that are good to know"
DISCOUNT, REMINDER = "10% off your next order", "Your 10% off is still waiting"
CART = "Your cart is still here"
HELP = "Can we help with your order?"
OFF = "10% off what is in your cart"
LAST = "One last reminder about your cart"

# --- welcome-series --------------------------------------------------------------------------


def test_welcome_series_on_day_0_3_7_and_14(open_shop):
    shop = open_shop("welcome-series")
    anna = shop.customer("Anna", consent=True)
    shop.wait(hours=1)
    assert [] == anna.mails
    anna.buys(40)
    shop.wait_until("2026-06-18 12:59")
    assert [HELLO] == anna.mails
    assert "Hello Anna, Thank you for your first order" in anna.last_mail
    shop.wait_until("2026-06-22 12:59")
    assert [HELLO, TIPS] == anna.mails
    shop.wait_until("2026-06-22 14:00")
    assert ([HELLO, TIPS, DISCOUNT], {"THANKS": "10.00"}) == (anna.mails, anna.coupons)
    assert "until 2026-07-06" in anna.last_mail
    shop.wait_until("2026-06-29 12:59")
    assert [HELLO, TIPS, DISCOUNT] == anna.mails
    shop.wait_until("2026-06-29 14:00")
    assert [HELLO, TIPS, DISCOUNT, REMINDER] == anna.mails
    shop.wait(days=60)
    assert 4 == len(anna.mails)


def test_welcome_series_ends_with_a_second_order_before_day_7(open_shop):
    shop = open_shop("welcome-series")
    anna = shop.customer("Anna", consent=True)
    anna.buys(40)
    shop.wait(days=5)
    anna.buys(30)
    shop.wait(days=20)
    assert ([HELLO, TIPS], {}) == (anna.mails, anna.coupons)


def test_welcome_series_does_not_begin_with_a_first_order_that_was_cancelled(open_shop):
    shop = open_shop("welcome-series")
    anna = shop.customer("Anna", consent=True)
    anna.leaves_at_checkout(40).becomes("cancelled")
    shop.wait(days=2)
    assert [] == anna.mails
    anna.buys(30)
    shop.wait(hours=1)
    assert [HELLO] == anna.mails


@pytest.mark.parametrize("ending", ["refunded", "cancelled"])
def test_welcome_series_ends_when_the_first_order_is_undone(open_shop, ending):
    shop = open_shop("welcome-series")
    anna = shop.customer("Anna", consent=True)
    order = anna.buys(40)
    shop.wait(days=1)
    if ending == "refunded":
        order.is_refunded()
    else:
        order.becomes("cancelled")
    shop.wait(days=20)
    assert ([HELLO], {}) == (anna.mails, anna.coupons)


def test_welcome_series_needs_consent_and_stops_when_it_is_withdrawn(open_shop):
    shop = open_shop("welcome-series")
    anna, ben = shop.customer("Anna", consent=True), shop.customer("Ben")
    anna.buys(40)
    ben.buys(40)
    shop.wait(days=5)
    anna.withdraws_consent()
    shop.wait(days=20)
    assert ([HELLO, TIPS], [], []) == (anna.mails, ben.mails, shop.sim.coupons())


def test_welcome_series_goes_on_for_a_guest_who_registers_half_way(open_shop):
    shop = open_shop("welcome-series")
    eve = shop.guest("Eve", consent=True)
    eve.buys(40)
    shop.wait(days=5)
    eve.registers()
    shop.wait(days=20)
    assert [HELLO, TIPS, DISCOUNT, REMINDER] == eve.mails


def test_welcome_series_greets_people_without_a_name(open_shop):
    shop = open_shop("welcome-series")
    guest = shop.guest("", "someone@example.com", consent=True)
    guest.buys(40)
    shop.wait(hours=1)
    assert guest.last_mail.startswith("Hello there,")


def test_welcome_series_as_it_ships_sends_nothing(open_shop):
    shop = open_shop("welcome-series", as_shipped=True)
    anna = shop.customer("Anna", consent=True)
    anna.buys(40)
    shop.wait(days=20)
    assert ([], {}) == (anna.mails, anna.coupons)


# --- cart-recovery ---------------------------------------------------------------------------


def test_cart_recovery_after_an_hour_a_day_two_days_and_a_week(open_shop):
    shop = open_shop("cart-recovery")
    anna = shop.customer("Anna", consent=True)
    anna.leaves_at_checkout(80)
    shop.wait(minutes=58)
    assert [] == anna.mails
    shop.wait(minutes=5)
    assert [CART] == anna.mails
    assert "You were about to order Wallet" in anna.last_mail
    shop.wait_until("2026-06-16 11:55")
    assert [CART] == anna.mails
    shop.wait_until("2026-06-16 12:10")
    assert [CART, HELP] == anna.mails
    shop.wait_until("2026-06-17 11:55")
    assert [CART, HELP] == anna.mails
    shop.wait_until("2026-06-17 12:15")
    assert ([CART, HELP, OFF], {"CART": "10.00"}) == (anna.mails, anna.coupons)
    shop.wait_until("2026-06-22 11:55")
    assert [CART, HELP, OFF] == anna.mails
    shop.wait_until("2026-06-22 13:00")
    assert [CART, HELP, OFF, LAST] == anna.mails


def test_cart_recovery_ends_with_any_paid_order(open_shop):
    shop = open_shop("cart-recovery")
    anna, ben = (shop.customer(name, consent=True) for name in ("Anna", "Ben"))
    left = anna.leaves_at_checkout(80)
    ben.leaves_at_checkout(80)
    shop.wait(hours=3)
    left.is_paid()
    ben.buys(20)
    shop.wait(days=10)
    assert ([CART], [CART], []) == (anna.mails, ben.mails, shop.sim.coupons())


def test_cart_recovery_ends_with_an_order_to_be_paid_by_bank_transfer(open_shop):
    shop = open_shop("cart-recovery")
    anna, ben = (shop.customer(name, consent=True) for name in ("Anna", "Ben"))
    left = anna.leaves_at_checkout(80)
    ben.leaves_at_checkout(80)
    shop.wait(hours=3)
    left.becomes("on-hold")
    ben.buys(20, status="on-hold")
    shop.wait(days=10)
    assert ([CART], [CART], []) == (anna.mails, ben.mails, shop.sim.coupons())


def test_cart_recovery_reaches_guests_with_consent_only(open_shop):
    shop = open_shop("cart-recovery")
    eve, finn = shop.guest("Eve", consent=True), shop.guest("Finn")
    eve.leaves_at_checkout(80)
    finn.leaves_at_checkout(80)
    shop.wait(hours=2)
    assert ([CART], []) == (eve.mails, finn.mails)


# --- win-back --------------------------------------------------------------------------------

MISSED, OFFER, SOON = "We miss you", "15% off, to welcome you back", "Your 15% off ends soon"


def test_win_back_after_120_134_and_144_days(open_shop):
    shop = open_shop("win-back")
    anna = shop.customer("Anna", consent=True)
    anna.buys(60)
    shop.wait(days=120)
    assert [] == anna.mails
    shop.wait(days=1)
    assert [MISSED] == anna.mails
    shop.wait(days=13)
    assert [MISSED] == anna.mails
    shop.wait(days=1)
    assert ([MISSED, OFFER], {"WEMISSYOU": "15.00"}) == (anna.mails, anna.coupons)
    shop.wait(days=9)
    assert [MISSED, OFFER] == anna.mails
    shop.wait(days=1)
    assert [MISSED, OFFER, SOON] == anna.mails


def test_win_back_ends_with_an_order(open_shop):
    shop = open_shop("win-back")
    anna = shop.customer("Anna", consent=True)
    anna.buys(60)
    shop.wait(days=122)
    anna.buys(20)
    shop.wait(days=60)
    assert ([MISSED], {}) == (anna.mails, anna.coupons)


def test_win_back_ends_with_an_order_that_waits_for_payment(open_shop):
    shop = open_shop("win-back")
    anna = shop.customer("Anna", consent=True)
    anna.buys(60)
    shop.wait(days=122)
    anna.leaves_at_checkout(20)
    shop.wait(days=25)
    assert ([MISSED], {}) == (anna.mails, anna.coupons)


def test_win_back_is_not_for_those_who_returned_something(open_shop):
    shop = open_shop("win-back")
    anna = shop.customer("Anna", consent=True)
    anna.buys(60)
    anna.buys(20).is_refunded()
    shop.wait(days=150)
    assert [] == anna.mails
