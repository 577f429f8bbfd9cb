"""The recipes about consent, and about checkouts that were left."""

# --- unsubscribed ----------------------------------------------------------------------------


def test_unsubscribed_from_the_withdrawal_until_they_agree_again(open_shop):
    shop = open_shop("unsubscribed")
    anna, ben = shop.customer("Anna", consent=True), shop.customer("Ben")
    shop.wait(days=10)
    assert ([], []) == (anna.tags, ben.tags)
    anna.withdraws_consent()
    shop.wait(days=2)
    assert (["Unsubscribed"], []) == (anna.tags, ben.tags)
    anna.gives_consent()
    shop.wait(days=2)
    assert [] == anna.tags


def test_unsubscribed_is_not_someone_who_said_no_before_wcflow_was_there(open_shop):
    shop = open_shop("unsubscribed", running=False)
    anna = shop.customer("Anna", consent=True)
    anna.withdraws_consent()
    shop.wait(days=10)
    shop.starts_wcflow()
    shop.wait(days=10)
    assert [] == anna.tags


def test_unsubscribed_is_a_guest_whose_last_order_says_no(open_shop):
    shop = open_shop("unsubscribed")
    eve = shop.guest("Eve", consent=True)
    eve.buys()
    shop.wait(days=1)
    assert [] == eve.tags
    eve.withdraws_consent()
    eve.buys()
    shop.wait(days=1)
    assert ["Unsubscribed"] == eve.tags


def test_unsubscribed_and_churned_are_not_the_same(open_shop):
    """A cancelled subscription says nothing about e-mails."""
    shop = open_shop("unsubscribed", plugins=("subscriptions",))
    anna = shop.customer("Anna", consent=True)
    subscription = anna.subscribes(next_payment="2026-07-15")
    shop.wait(days=1)
    assert [] == anna.tags
    subscription.is_cancelled()
    shop.wait(days=1)
    assert ["Churned"] == anna.tags
    anna.subscribes(next_payment="2026-08-15")
    shop.wait(days=1)
    assert [] == anna.tags


# --- abandoned-items -------------------------------------------------------------------------


def test_abandoned_items_an_hour_later_until_they_buy(open_shop):
    shop = open_shop("abandoned-items")
    shop.sells("Boots", categories=["Shoes"])
    anna = shop.customer("Anna")
    anna.leaves_at_checkout(90, "Boots")
    shop.wait(minutes=59)
    assert [] == anna.tags
    shop.wait(minutes=5)
    assert ["Left Shoes or Bags"] == anna.tags
    shop.wait(days=3)
    anna.buys(20)
    shop.wait(hours=1)
    assert [] == anna.tags


def test_abandoned_items_are_only_those_of_the_categories(open_shop):
    shop = open_shop("abandoned-items")
    anna = shop.customer("Anna")
    anna.leaves_at_checkout(20, "Wallet")
    shop.wait(days=1)
    assert [] == anna.tags


def test_abandoned_items_were_not_paid_within_the_hour(open_shop):
    shop = open_shop("abandoned-items")
    shop.sells("Boots", categories=["Shoes"])
    anna, eve = shop.customer("Anna"), shop.guest("Eve")
    left = anna.leaves_at_checkout(90, "Boots")
    eve.leaves_at_checkout(90, "Boots")
    shop.wait(minutes=30)
    left.is_paid()
    shop.wait(days=1)
    assert ([], ["Left Shoes or Bags"]) == (anna.tags, eve.tags)
