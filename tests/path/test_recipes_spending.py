"""The recipes that tag customers by how often they buy and how much they spend."""

# --- first-time-buyer ------------------------------------------------------------------------


def test_first_time_buyer_until_the_second_order(open_shop):
    shop = open_shop("first-time-buyer")
    anna = shop.customer("Anna")
    shop.wait(hours=1)
    assert [] == anna.tags
    anna.buys(40)
    shop.wait(days=400)
    assert ["First-time Buyer"] == anna.tags
    anna.buys(30)
    shop.wait(hours=1)
    assert [] == anna.tags


def test_first_time_buyer_did_not_cancel_the_first_order(open_shop):
    shop = open_shop("first-time-buyer")
    anna = shop.customer("Anna")
    anna.buys(40, status="processing").becomes("cancelled")
    shop.wait(days=1)
    assert [] == anna.tags
    anna.buys(30)
    shop.wait(hours=1)
    assert ["First-time Buyer"] == anna.tags


def test_first_time_buyer_again_after_the_second_order_is_refunded(open_shop):
    shop = open_shop("first-time-buyer")
    anna = shop.customer("Anna")
    anna.buys(40)
    second = anna.buys(30)
    shop.wait(hours=1)
    assert [] == anna.tags
    second.is_refunded()
    shop.wait(hours=1)
    assert ["First-time Buyer"] == anna.tags


def test_first_time_buyer_is_a_guest_who_registers_half_way(open_shop):
    shop = open_shop("first-time-buyer")
    eve = shop.guest("Eve")
    eve.buys(40)
    shop.wait(days=1)
    eve.registers()
    shop.wait(hours=1)
    assert ["First-time Buyer"] == eve.tags
    eve.buys(40)
    shop.wait(hours=1)
    assert [] == eve.tags


# --- repeat-buyer ----------------------------------------------------------------------------


def test_repeat_buyer_for_half_a_year_after_the_third_last_order(open_shop):
    shop = open_shop("repeat-buyer", opened="2026-01-10")
    anna = shop.customer("Anna")
    for day in ("2026-02-01", "2026-03-01"):
        shop.wait_until(day)
        anna.buys()
    shop.wait_until("2026-06-01")
    assert [] == anna.tags
    anna.buys()
    shop.wait_until("2026-07-31")
    assert ["Frequent Buyer"] == anna.tags
    shop.wait_until("2026-08-01")
    assert [] == anna.tags


def test_repeat_buyer_kept_all_three_orders(open_shop):
    """Of three orders one was refunded."""
    shop = open_shop("repeat-buyer")
    anna = shop.customer("Anna")
    orders = [anna.buys() for _ in range(3)]
    shop.wait(hours=1)
    assert ["Frequent Buyer"] == anna.tags
    orders[1].is_refunded()
    shop.wait(hours=1)
    assert [] == anna.tags


# --- high-value ------------------------------------------------------------------------------


def test_high_value_needs_both_the_orders_and_the_amount(open_shop):
    shop = open_shop("high-value")
    anna, ben, cleo = (shop.customer(name) for name in ("Anna", "Ben", "Cleo"))
    for _ in range(5):
        anna.buys(100)
        ben.buys(99)
    cleo.buys(900)
    shop.wait(hours=1)
    assert (["High-Value Regular"], [], []) == (anna.tags, ben.tags, cleo.tags)


def test_high_value_does_not_count_a_currency_without_a_rate(open_shop):
    """The order counts, its amount does not."""
    shop = open_shop("high-value")
    anna = shop.customer("Anna")
    for _ in range(4):
        anna.buys(100)
    anna.buys(100, currency="CHF")
    shop.wait(hours=1)
    assert [] == anna.tags
    anna.buys(100)
    shop.wait(hours=1)
    assert ["High-Value Regular"] == anna.tags


# --- active-high-value -----------------------------------------------------------------------


def test_active_high_value_for_thirty_days(open_shop):
    shop = open_shop("active-high-value")
    anna = shop.customer("Anna")
    for _ in range(3):
        anna.buys(300)
    shop.wait(hours=1)
    assert ["Active High-Value Customer"] == anna.tags
    shop.wait_until("2026-07-15")
    assert ["Active High-Value Customer"] == anna.tags
    shop.wait_until("2026-07-16")
    assert [] == anna.tags


def test_active_high_value_loses_a_refunded_order(open_shop):
    shop = open_shop("active-high-value")
    anna = shop.customer("Anna")
    orders = [anna.buys(400) for _ in range(3)]
    shop.wait(hours=1)
    assert ["Active High-Value Customer"] == anna.tags
    orders[0].is_refunded()
    shop.wait(hours=1)
    assert [] == anna.tags


# --- dormant-high-value ----------------------------------------------------------------------


def test_dormant_high_value_after_thirty_days_until_the_next_order(open_shop):
    shop = open_shop("dormant-high-value")
    anna = shop.customer("Anna")
    anna.buys(600)
    shop.wait_until("2026-07-15")
    assert [] == anna.tags
    shop.wait_until("2026-07-16")
    assert ["Dormant High-Value Customer"] == anna.tags
    anna.buys(20)
    shop.wait(hours=1)
    assert [] == anna.tags


def test_dormant_high_value_kept_what_they_bought(open_shop):
    shop = open_shop("dormant-high-value")
    anna = shop.customer("Anna")
    anna.buys(400)
    anna.buys(200).is_refunded(150)
    shop.wait(days=40)
    assert [] == anna.tags


# --- spending-tiers --------------------------------------------------------------------------


def test_spending_tiers_go_up_and_down(open_shop):
    shop = open_shop("spending-tiers")
    anna = shop.customer("Anna")
    shop.wait(hours=1)
    assert [] == anna.tags
    anna.buys(299)
    shop.wait(hours=1)
    assert ["Low Value"] == anna.tags
    anna.buys(1)
    shop.wait(hours=1)
    assert ["Mid Value"] == anna.tags
    big = anna.buys(700)
    shop.wait(hours=1)
    assert ["High Value"] == anna.tags
    big.is_refunded(1)
    shop.wait(hours=1)
    assert ["Mid Value"] == anna.tags
