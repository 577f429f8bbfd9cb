"""The recipes for loyalty: tiers and points."""

# --- loyalty-tiers ---------------------------------------------------------------------------


def test_loyalty_tiers_up_close_at_risk_and_down(open_shop):
    shop = open_shop("loyalty-tiers")
    anna = shop.customer("Anna", consent=True)
    anna.buys(99)
    shop.wait(hours=1)
    assert ("", ["Almost Bronze"]) == (anna.tier, anna.mails)
    assert "Only 1 USD more, and you reach Bronze" in anna.last_mail
    anna.buys(1)
    shop.wait(hours=1)
    assert ("Bronze", "You are Bronze now") == (anna.tier, anna.mails[-1])
    anna.buys(400)
    shop.wait(hours=1)
    assert ("Silver", "You are Silver now") == (anna.tier, anna.mails[-1])
    assert "Silver" == anna.custom_field("wcflow_tier")
    shop.wait_until("2027-07-01 23:00")
    assert ("Silver", "You are Silver now") == (anna.tier, anna.mails[-1])
    shop.wait_until("2027-07-03")
    assert ("Silver", "Keep your Silver") == (anna.tier, anna.mails[-1])
    assert "Your status Silver ends in two weeks" in anna.last_mail
    shop.wait_until("2027-07-18")
    assert anna.tier == ""
    assert 4 == len(anna.mails)


def test_loyalty_tiers_need_no_consent_but_the_mails_do(open_shop):
    shop = open_shop("loyalty-tiers")
    ben = shop.customer("Ben")
    order = ben.buys(600)
    shop.wait(hours=1)
    assert ("Silver", []) == (ben.tier, ben.mails)
    order.is_refunded(200)
    shop.wait(days=29)
    assert "Silver" == ben.tier
    shop.wait(days=3)
    assert "Bronze" == ben.tier


# --- loyalty-points --------------------------------------------------------------------------


def test_loyalty_points_for_orders_and_registering_and_back_with_a_refund(open_shop):
    shop = open_shop("loyalty-points")
    anna = shop.customer("Anna")
    shop.wait(hours=1)
    assert 50 == anna.points
    order = anna.buys(499)
    shop.wait(hours=1)
    assert (99, []) == (anna.points, anna.tags)
    anna.buys(10)
    shop.wait(hours=1)
    assert (100, ["100 Points"]) == (anna.points, anna.tags)
    assert "100" == anna.custom_field("wcflow_points")
    order.is_refunded()
    shop.wait(hours=1)
    assert (51, []) == (anna.points, anna.tags)


def test_loyalty_points_end_after_a_year(open_shop):
    shop = open_shop("loyalty-points")
    eve = shop.guest("Eve")
    eve.buys(200)
    shop.wait(hours=1)
    assert 20 == eve.points
    shop.wait_until("2027-06-14")
    assert 20 == eve.points
    shop.wait_until("2027-06-17")
    assert 0 == eve.points
