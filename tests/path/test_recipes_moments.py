"""The recipes that write to customers at one moment."""

import pytest

# --- welcome-discount ------------------------------------------------------------------------


def test_welcome_discount_for_new_accounts_with_consent(open_shop):
    shop = open_shop("welcome-discount")
    anna, ben = shop.customer("Anna", consent=True), shop.customer("Ben")
    shop.wait(minutes=59)
    assert [] == anna.mails
    shop.wait(minutes=5)
    assert (["10% off your first order"], []) == (anna.mails, ben.mails)
    assert ({"HELLO": "10.00"}, {}) == (anna.coupons, ben.coupons)
    (code,) = shop.sandbox.coupon_codes()
    assert code.upper() in anna.last_mail


def test_welcome_discount_is_not_for_a_guest_who_ordered_and_then_registers(open_shop):
    shop = open_shop("welcome-discount")
    eve = shop.guest("Eve", consent=True)
    eve.buys()
    shop.wait(days=1)
    eve.registers()
    shop.wait(days=1)
    assert ([], {}) == (eve.mails, eve.coupons)


def test_welcome_discount_is_not_for_those_who_register_while_they_order(open_shop):
    shop = open_shop("welcome-discount")
    anna = shop.customer("Anna", consent=True)
    shop.wait(minutes=2)
    order = anna.leaves_at_checkout(40)
    shop.wait(minutes=10)
    order.is_paid()
    shop.wait(days=1)
    assert ([], {}) == (anna.mails, anna.coupons)


# --- birthday --------------------------------------------------------------------------------

WISHES = ["Happy birthday!"]
BIRTHDAYS = {"store": "birthday_meta = birthday\n"}


def test_birthday_on_the_day_once_a_year(open_shop):
    shop = open_shop("birthday", **BIRTHDAYS)
    anna = shop.customer("Anna", consent=True, birthday="1990-08-01")
    anna.buys()
    shop.wait_until("2026-07-31 23:50")
    assert [] == anna.mails
    shop.wait_until("2026-08-01 08:00")
    assert (WISHES, {"BIRTHDAY": "15.00"}) == (anna.mails, anna.coupons)
    shop.wait_until("2027-07-31")
    assert WISHES == anna.mails
    shop.wait_until("2027-08-01")
    assert WISHES * 2 == anna.mails


def test_birthday_of_29_february_is_on_28_february_in_other_years(open_shop):
    shop = open_shop("birthday", opened="2027-02-20", **BIRTHDAYS)
    anna = shop.customer("Anna", consent=True, birthday="1992-02-29")
    anna.buys()
    shop.wait_until("2027-02-27")
    assert [] == anna.mails
    shop.wait_until("2027-02-28")
    assert WISHES == anna.mails
    shop.wait_until("2028-02-28")
    assert WISHES == anna.mails
    shop.wait_until("2028-02-29")
    assert WISHES * 2 == anna.mails


def test_birthday_is_the_day_of_the_store_at_utc_minus_8(open_shop):
    shop = open_shop("birthday", zone="America/Los_Angeles", opened="2026-12-28", **BIRTHDAYS)
    anna = shop.customer("Anna", consent=True, birthday="1990-12-31")
    anna.buys()
    shop.wait_until("2026-12-30 23:55")
    assert [] == anna.mails
    shop.wait_until("2026-12-31 00:05")
    assert WISHES == anna.mails


def test_birthday_without_an_order_or_without_consent_is_passed_over(open_shop):
    shop = open_shop("birthday", **BIRTHDAYS)
    anna = shop.customer("Anna", consent=True, birthday="1990-06-20")
    ben = shop.customer("Ben", birthday="1990-06-20")
    ben.buys()
    shop.wait(days=10)
    assert ([], []) == (anna.mails, ben.mails)


# --- order-milestones ------------------------------------------------------------------------


def test_order_milestones_5_10_and_20_in_one_import(open_shop):
    """The shop went on while wcflow did not run; each milestone counts, once."""
    shop = open_shop("order-milestones")
    anna = shop.customer("Anna", consent=True)
    shop.wait(hours=1)
    shop.stops_wcflow()
    for _ in range(20):
        shop.wait(hours=1)
        anna.buys(30)
    shop.starts_wcflow()
    shop.wait(hours=1)
    numbers = (f"Thank you for {each} orders" for each in (5, 10, 20))
    assert sorted(numbers) == sorted(anna.mails)
    assert 3 == len(shop.sim.coupons())
    assert all(each["free_shipping"] for each in shop.sim.coupons())


def test_order_milestones_do_not_count_a_refunded_order(open_shop):
    shop = open_shop("order-milestones")
    anna = shop.customer("Anna", consent=True)
    for _ in range(4):
        anna.buys(30)
    anna.buys(30).is_refunded()
    shop.wait(hours=1)
    assert [] == anna.mails
    anna.buys(30)
    shop.wait(hours=1)
    assert ["Thank you for 5 orders"] == anna.mails


# --- order-confirmed, order-shipped and order-returned ---------------------------------------


def test_order_confirmed_once_and_without_consent(open_shop):
    shop = open_shop("order-confirmed")
    eve = shop.guest("Eve")
    order = eve.leaves_at_checkout(40)
    shop.wait(days=1)
    assert [] == eve.mails
    order.is_paid()
    shop.wait(hours=1)
    confirmed = [f"We have your order {order.number}"]
    assert confirmed == eve.mails
    order.becomes("completed")
    shop.wait(days=2)
    assert confirmed == eve.mails


@pytest.mark.parametrize(
    ("created_via", "mails"), [("checkout", 1), ("store-api", 1), ("admin", 0), ("pos", 0)]
)
def test_order_confirmed_is_for_both_checkouts_of_woocommerce_only(open_shop, created_via, mails):
    shop = open_shop("order-confirmed")
    eve = shop.guest("Eve")
    eve.buys(40, created_via=created_via)
    shop.wait(hours=1)
    assert mails == len(eve.mails)


def test_order_shipped_when_it_gets_a_tracking_number(open_shop):
    shop = open_shop("order-shipped")
    eve = shop.guest("Eve")
    order = eve.buys(40, status="processing")
    shop.wait(days=1)
    assert [] == eve.mails
    order.is_shipped("1Z999")
    shop.wait(hours=1)
    assert [f"Order {order.number} is on its way"] == eve.mails
    order.becomes("completed")
    shop.wait(days=1)
    assert 1 == len(eve.mails)


def test_order_shipped_when_it_gets_a_status_of_shipped_statuses(open_shop):
    shop = open_shop(
        "order-shipped",
        wcflow="shipped_statuses = shipped\n",
        more_statuses={"shipped": "Shipped"},
    )
    eve = shop.guest("Eve")
    order = eve.buys(40, status="processing")
    shop.wait(days=1)
    order.becomes("shipped")
    shop.wait(hours=1)
    assert [f"Order {order.number} is on its way"] == eve.mails


@pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")
def test_order_shipped_sms_to_those_with_a_phone(open_shop):
    shop = open_shop("order-shipped-sms")
    eve, finn = shop.guest("Eve"), shop.guest("Finn")
    eve.phone = "+4915123456789"
    orders = [each.buys(40, status="processing") for each in (eve, finn)]
    shop.wait(days=1)
    assert [] == eve.texts
    for each in orders:
        each.is_shipped("1Z999")
    shop.wait(hours=1)
    assert [f"Shop: your order {orders[0].number} is on its way."] == eve.texts
    assert 1 == len(shop.phones.requests)
    orders[0].becomes("completed")
    shop.wait(days=1)
    assert 1 == len(shop.phones.requests)


def test_order_returned_when_all_of_it_is_refunded(open_shop):
    shop = open_shop("order-returned")
    anna = shop.customer("Anna")
    order = anna.buys(40)
    order.is_refunded(10)
    shop.wait(days=1)
    assert [] == anna.mails
    order.is_refunded()
    shop.wait(hours=1)
    assert [f"The money for order {order.number} is on its way"] == anna.mails


# --- repurchase-reminder ---------------------------------------------------------------------


def test_repurchase_reminder_when_they_are_later_than_usual(open_shop):
    """She orders every 20 days, so 30 days without an order are unusual."""
    shop = open_shop("repurchase-reminder")
    anna = shop.customer("Anna", consent=True)
    for _ in range(3):
        anna.buys()
        shop.wait(days=20)
    shop.wait(days=9)
    assert [] == anna.mails
    shop.wait(days=2)
    assert ["Is it time again?"] == anna.mails
    shop.wait(days=60)
    assert ["Is it time again?"] == anna.mails


def test_repurchase_reminder_is_not_for_a_single_order(open_shop):
    shop = open_shop("repurchase-reminder")
    anna = shop.customer("Anna", consent=True)
    anna.buys()
    shop.wait(days=100)
    assert [] == anna.mails


def test_repurchase_reminder_is_not_for_those_who_just_returned_an_order(open_shop):
    """Without that order, the one before is long ago."""
    shop = open_shop("repurchase-reminder")
    anna = shop.customer("Anna", consent=True)
    for _ in range(3):
        anna.buys()
        shop.wait(days=20)
    order = anna.buys()
    shop.wait(days=15)
    order.is_refunded()
    shop.wait(days=10)
    assert [] == anna.mails


def test_repurchase_reminder_is_not_for_those_whose_order_waits_for_payment(open_shop):
    shop = open_shop("repurchase-reminder")
    anna = shop.customer("Anna", consent=True)
    for _ in range(3):
        anna.buys()
        shop.wait(days=20)
    shop.wait(days=5)
    anna.leaves_at_checkout()
    shop.wait(days=10)
    assert [] == anna.mails


# --- replenishment-reminder ------------------------------------------------------------------


def test_replenishment_reminder_25_days_after_the_last_purchase(open_shop):
    shop = open_shop("replenishment-reminder")
    shop.sells("House blend", categories=["Coffee"])
    anna = shop.customer("Anna", consent=True)
    anna.buys(12, "House blend")
    shop.wait(days=20)
    anna.buys(12, "House blend")
    shop.wait(days=24, hours=20)
    assert [] == anna.mails
    shop.wait(hours=5)
    assert ["Time for more?"] == anna.mails
    assert "you bought House blend" in anna.last_mail
    shop.wait(days=30)
    assert ["Time for more?"] == anna.mails


def test_replenishment_reminder_is_not_for_what_was_given_back(open_shop):
    shop = open_shop("replenishment-reminder")
    shop.sells("House blend", categories=["Coffee"])
    people = [shop.customer(name, consent=True) for name in ("Anna", "Ben", "Eve")]
    orders = [each.buys(12, "House blend") for each in people]
    shop.wait(days=5)
    orders[0].is_refunded()
    orders[1].is_refunded(6)
    orders[2].becomes("cancelled")
    shop.wait(days=30)
    assert [[], [], []] == [each.mails for each in people]


def test_replenishment_reminder_is_about_that_category(open_shop):
    shop = open_shop("replenishment-reminder")
    anna = shop.customer("Anna", consent=True)
    anna.buys(12, "Wallet")
    shop.wait(days=30)
    assert [] == anna.mails


# --- subscription-renewal --------------------------------------------------------------------

SOON, FAILED = "Your subscription renews on", "We could not collect your payment"
PLUGIN = {"plugins": ("subscriptions",)}


def test_subscription_renewal_three_days_before_each(open_shop):
    shop = open_shop("subscription-renewal", **PLUGIN)
    anna = shop.customer("Anna")
    subscription = anna.subscribes(next_payment="2026-07-15 10:00")
    shop.wait_until("2026-07-12 09:55")
    assert [] == anna.mails
    shop.wait_until("2026-07-12 10:05")
    assert [f"{SOON} 2026-07-15"] == anna.mails
    shop.wait_until("2026-07-15 10:00")
    subscription.renews(status="completed", next_payment="2026-08-15 10:00")
    shop.wait_until("2026-08-11")
    assert [f"{SOON} 2026-07-15"] == anna.mails
    shop.wait_until("2026-08-13")
    assert [f"{SOON} 2026-07-15", f"{SOON} 2026-08-15"] == anna.mails


def test_subscription_renewal_that_fails_twice_is_one_e_mail_and_one_task(open_shop):
    shop = open_shop("subscription-renewal", **PLUGIN)
    anna = shop.customer("Anna")
    subscription = anna.subscribes(next_payment="2026-07-15 10:00")
    shop.wait_until("2026-07-15 10:00")
    renewal = subscription.renews(status="failed", next_payment="2026-08-15 10:00")
    shop.wait(hours=1)
    assert [f"{SOON} 2026-07-15", FAILED] == anna.mails
    shop.wait(days=2)
    renewal.becomes("pending")
    shop.wait(hours=1)
    renewal.becomes("failed")
    shop.wait_until("2026-07-20 09:55")
    assert ([FAILED], []) == (anna.mails[1:], shop.tasks)
    shop.wait_until("2026-07-20 10:30")
    asked = f"Ask anna@example.com about the payment of order {renewal.number}"
    assert ([FAILED], [asked]) == (anna.mails[1:], shop.tasks)


def test_subscription_renewal_that_is_paid_at_the_second_try_is_no_task(open_shop):
    shop = open_shop("subscription-renewal", **PLUGIN)
    anna = shop.customer("Anna")
    subscription = anna.subscribes(next_payment="2026-07-15 10:00")
    shop.wait_until("2026-07-15 10:00")
    renewal = subscription.renews(status="failed", next_payment="2026-08-15 10:00")
    shop.wait(days=2)
    renewal.is_paid()
    shop.wait(days=10)
    assert ([FAILED], []) == (anna.mails[1:], shop.tasks)


# --- vip-upgrade -----------------------------------------------------------------------------

VIP = {"settings": "[segment VIP]\nwhen = total_spent >= 1000\n"}


def test_vip_upgrade_mail_coupon_tag_and_task_on_the_same_day(open_shop):
    shop = open_shop("vip-upgrade", **VIP)
    anna = shop.customer("Anna", consent=True)
    anna.buys(999)
    shop.wait(days=2)
    assert ([], [], []) == (anna.tags, anna.mails, shop.tasks)
    anna.buys(1)
    shop.wait(hours=1)
    assert ["VIP", "VIP Welcomed"] == anna.tags
    assert ["A thank-you for one of our best customers"] == anna.mails
    assert {"VIP": "20.00"} == anna.coupons
    assert ["Thank Anna (anna@example.com): a new VIP"] == shop.tasks


def test_vip_upgrade_without_consent_is_a_task_only(open_shop):
    shop = open_shop("vip-upgrade", **VIP)
    ben = shop.customer("Ben")
    ben.buys(1000)
    shop.wait(days=1)
    assert (["VIP", "VIP Welcomed"], [], {}) == (ben.tags, ben.mails, ben.coupons)
    assert ["Thank Ben (ben@example.com): a new VIP"] == shop.tasks


def test_vip_upgrade_at_most_once_a_year(open_shop):
    """They leave the segment by a refund, and come back."""
    shop = open_shop("vip-upgrade", **VIP)
    anna = shop.customer("Anna", consent=True)
    order = anna.buys(1000)
    shop.wait(days=1)
    order.is_refunded(10)
    shop.wait(days=1)
    anna.buys(20)
    shop.wait(days=1)
    assert (1, 1) == (len(anna.mails), len(shop.tasks))
