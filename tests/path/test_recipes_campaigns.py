"""The recipes that are campaigns: everyone in a segment at one moment, once each."""

VIP = {"settings": "[segment VIP]\nwhen = total_spent >= 1000\n"}
FIRST = ["You see it first"]

# --- vip-early-access ------------------------------------------------------------------------


def test_vip_early_access_is_for_those_who_are_vips_at_that_moment(open_shop):
    shop = open_shop("vip-early-access", **VIP)
    anna, ben, cleo = (shop.customer(name, consent=True) for name in ("Anna", "Ben", "Cleo"))
    anna.buys(1000)
    refunded = ben.buys(1000)
    cleo.buys(900)
    shop.wait(days=1)
    refunded.is_refunded(1)
    shop.wait(days=1)
    assert [] == anna.mails
    shop.sends_campaign("vip-early-access")
    shop.wait(hours=2)
    cleo.buys(100)
    shop.wait(days=2)
    assert (FIRST, [], []) == (anna.mails, ben.mails, cleo.mails)


def test_vip_early_access_asks_for_consent_again_before_it_is_sent(open_shop):
    shop = open_shop("vip-early-access", **VIP, change={"1000 per 1h": "1 per 1d"})
    people = [shop.customer(name, consent=True) for name in ("Anna", "Ben", "Cleo")]
    for each in people:
        each.buys(1000)
    shop.wait(days=1)
    shop.sends_campaign("vip-early-access")
    shop.wait(hours=1)
    later = [each for each in people if not each.mails]
    assert 2 == len(later)
    later[0].withdraws_consent()
    shop.wait(days=5)
    assert (FIRST * 2) == [subject for each in people for subject in each.mails]
    assert [] == later[0].mails


# --- category-news ---------------------------------------------------------------------------


def test_category_news_goes_to_buyers_of_the_category_with_consent(open_shop):
    shop = open_shop("category-news")
    shop.sells("Boots", categories=["Shoes"])
    anna, ben, cleo = shop.customer("Anna", consent=True), shop.customer("Ben"), shop.guest("Cleo")
    cleo.gives_consent()
    anna.buys(90, "Boots")
    ben.buys(90, "Boots")
    cleo.buys(90, "Wallet")
    shop.wait(days=1)
    shop.sends_campaign("category-news")
    shop.wait(days=1)
    assert (["New shoes are here"], [], []) == (anna.mails, ben.mails, cleo.mails)


# --- discount-shoppers -----------------------------------------------------------------------


def test_discount_shoppers_mostly_buy_with_coupons(open_shop):
    shop = open_shop("discount-shoppers")
    shop.sandbox.add_coupon("SAVE20", now=shop.now, discount_type="percent", amount="20")
    anna, ben = shop.customer("Anna", consent=True), shop.customer("Ben", consent=True)
    for _ in range(2):
        anna.buys(100, coupon_codes=["SAVE20"])
        ben.buys(100)
    shop.wait(days=1)
    assert (["Discount Shoppers"], []) == (anna.tags, ben.tags)
    shop.sends_campaign("discount-shoppers")
    shop.wait(days=1)
    assert (["Our sale has begun"], []) == (anna.mails, ben.mails)


# --- All of them -----------------------------------------------------------------------------


def test_campaigns_as_they_ship_send_nothing(open_shop):
    shop = open_shop(
        "vip-early-access", "category-news", "discount-shoppers", as_shipped=True, **VIP
    )
    shop.sells("Boots", categories=["Shoes"])
    anna = shop.customer("Anna", consent=True)
    anna.buys(1000, "Boots")
    shop.wait(days=1)
    for name in ("vip-early-access", "category-news", "discount-shoppers"):
        shop.sends_campaign(name)
    shop.wait(days=1)
    assert [] == anna.mails


def test_a_campaign_can_be_sent_after_its_dry_run(open_shop):
    shop = open_shop("vip-early-access", as_shipped=True, **VIP)
    anna = shop.customer("Anna", consent=True)
    anna.buys(1000)
    shop.wait(days=1)
    shop.sends_campaign("vip-early-access")
    shop.wait(days=1)
    shop.removes_dry_runs()
    shop.sends_campaign("vip-early-access")
    shop.wait(days=1)
    assert FIRST == anna.mails
