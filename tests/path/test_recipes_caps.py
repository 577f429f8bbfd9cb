"""Several recipes and one cap: messages come later, none is lost, and none without consent."""

DISCOUNT = "10% off your first order"
HELLO = "Thank you for your first order"


def test_two_workflows_and_one_cap(open_shop):
    """The second message waits until the next day; both arrive."""
    shop = open_shop(
        "welcome-series",
        "order-milestones",
        change={"order_milestone 5, 10, 20": "order_milestone 1"},
        wcflow="message_cap = 1 per 1d\n",
    )
    anna = shop.customer("Anna", consent=True)
    anna.buys(40)
    shop.wait_until("2026-06-15 23:55")
    assert 1 == len(anna.mails)
    shop.wait_until("2026-06-16 00:10")
    assert {HELLO, "Thank you for 1 orders"} == set(anna.mails)
    shop.wait_until("2026-06-17 12:00")
    assert 2 == len(anna.mails)


def test_under_a_cap_the_welcome_comes_before_news_of_a_tier(open_shop):
    shop = open_shop("loyalty-tiers", "welcome-series", wcflow="message_cap = 1 per 1d\n")
    anna = shop.customer("Anna", consent=True)
    anna.buys(60)
    shop.wait(hours=1)
    assert [HELLO] == anna.mails
    shop.wait(days=1)
    assert [HELLO, "Almost Bronze"] == anna.mails


def test_a_cap_holds_no_transactional_message(open_shop):
    shop = open_shop("welcome-series", "order-confirmed", wcflow="message_cap = 1 per 1d\n")
    anna = shop.customer("Anna", consent=True)
    order = anna.buys(40)
    shop.wait(hours=1)
    assert {HELLO, f"We have your order {order.number}"} == set(anna.mails)


def test_a_message_waits_during_quiet_hours(open_shop):
    shop = open_shop(
        "welcome-discount", opened="2026-06-15 22:00", wcflow="quiet_hours = 21:00-09:00\n"
    )
    anna = shop.customer("Anna", consent=True)
    shop.wait_until("2026-06-16 08:55")
    assert [] == anna.mails
    shop.wait_until("2026-06-16 09:05")
    assert [DISCOUNT] == anna.mails


def test_consent_that_is_withdrawn_while_a_message_waits(open_shop):
    shop = open_shop(
        "welcome-discount", opened="2026-06-15 10:00", wcflow="quiet_hours = 08:00-24:00\n"
    )
    anna, ben = (shop.customer(name, consent=True) for name in ("Anna", "Ben"))
    shop.wait(hours=3)
    anna.withdraws_consent()
    shop.wait(days=2)
    assert ([], [DISCOUNT]) == (anna.mails, ben.mails)
