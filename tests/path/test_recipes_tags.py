"""The recipes that tag customers by what they bought, when, where and how."""

import pytest

# --- country ---------------------------------------------------------------------------------


def test_country_is_the_one_that_most_orders_went_to(open_shop):
    shop = open_shop("country")
    anna = shop.customer("Anna", country="DE")
    shop.wait(hours=1)
    assert ["Country: DE"] == anna.tags
    for _ in range(2):
        anna.buys(ship_to="AT")
    anna.buys(ship_to="DE")
    shop.wait(hours=1)
    assert ["Country: AT"] == anna.tags


def test_country_of_a_guest_stays_when_they_register(open_shop):
    shop = open_shop("country")
    eve = shop.guest("Eve")
    eve.buys(ship_to="FR")
    shop.wait(hours=1)
    assert ["Country: FR"] == eve.tags
    eve.registers()
    shop.wait(hours=1)
    assert ["Country: FR"] == eve.tags


# --- preferred-currency ----------------------------------------------------------------------


def test_preferred_currency_is_that_of_most_orders(open_shop):
    shop = open_shop("preferred-currency", currency="USD", store="currency_rates = EUR 1.10\n")
    anna = shop.customer("Anna")
    shop.wait(hours=1)
    assert [] == anna.tags
    anna.buys(currency="USD")
    shop.wait(hours=1)
    assert ["Currency: USD"] == anna.tags
    for _ in range(2):
        anna.buys(currency="EUR")
    shop.wait(hours=1)
    assert ["Currency: EUR"] == anna.tags


def test_preferred_currency_needs_no_rate(open_shop):
    shop = open_shop("preferred-currency", currency="USD")
    anna = shop.customer("Anna")
    anna.buys(currency="CHF")
    shop.wait(hours=1)
    assert ["Currency: CHF"] == anna.tags


# --- registered-user -------------------------------------------------------------------------


def test_registered_user_is_someone_with_an_account(open_shop):
    shop = open_shop("registered-user")
    anna, eve = shop.customer("Anna"), shop.guest("Eve")
    anna.buys()
    eve.buys()
    shop.wait(hours=1)
    assert (["Registered"], []) == (anna.tags, eve.tags)


def test_registered_user_is_a_guest_who_registers_half_way(open_shop):
    """Their order stays a guest order, and is theirs."""
    shop = open_shop("registered-user")
    eve = shop.guest("Eve")
    order = eve.buys()
    shop.wait(days=3)
    assert [] == eve.tags
    eve.registers()
    shop.wait(hours=1)
    assert ["Registered"] == eve.tags
    assert ("Registered",) == tuple(shop.sim.tags(order.number))


# --- employee --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "tags"),
    [
        ("anna@yourcompany.example", ["Employee"]),
        ("Anna@YourCompany.example", ["Employee"]),
        ("anna@yourcompany-stores.example", ["Employee"]),
        ("anna@notyourcompany.example", []),
        ("anna@yourcompany.example.com", []),
        ("yourcompany.example@gmail.com", []),
    ],
)
def test_employee_has_an_address_of_the_company(open_shop, address, tags):
    shop = open_shop("employee")
    person = shop.guest("Anna", address)
    person.buys()
    shop.wait(hours=1)
    assert tags == person.tags


# --- offline-customer ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("created_via", "tags"),
    [("checkout", []), ("admin", ["Offline Customer"]), ("pos-rest-api", ["Offline Customer"])],
)
def test_offline_customer_bought_at_the_counter(open_shop, created_via, tags):
    shop = open_shop("offline-customer")
    anna = shop.customer("Anna")
    anna.buys(created_via=created_via)
    shop.wait(hours=1)
    assert tags == anna.tags


def test_offline_customer_also_counts_orders_from_before(open_shop):
    shop = open_shop("offline-customer", running=False)
    anna = shop.customer("Anna")
    anna.buys(created_via="admin")
    shop.wait(days=300)
    shop.starts_wcflow()
    shop.wait(hours=1)
    assert ["Offline Customer"] == anna.tags


def test_offline_customer_has_paid(open_shop):
    """An order that the team prepared is no purchase until it is paid."""
    shop = open_shop("offline-customer")
    anna = shop.customer("Anna")
    order = anna.leaves_at_checkout(created_via="admin")
    shop.wait(days=1)
    assert [] == anna.tags
    order.is_paid()
    shop.wait(hours=1)
    assert ["Offline Customer"] == anna.tags


# --- refunded-customer -----------------------------------------------------------------------


def test_refunded_customer_got_money_back(open_shop):
    shop = open_shop("refunded-customer")
    anna, ben = shop.customer("Anna"), shop.customer("Ben")
    orders = [anna.buys(80), ben.buys(80)]
    shop.wait(hours=1)
    assert ([], []) == (anna.tags, ben.tags)
    orders[0].is_refunded()
    orders[1].is_refunded(10)
    shop.wait(hours=1)
    assert (["Refunded Customer"], ["Refunded Customer"]) == (anna.tags, ben.tags)


def test_refunded_customer_has_no_refund_of_nothing(open_shop):
    shop = open_shop("refunded-customer")
    anna = shop.customer("Anna")
    anna.buys(80).is_refunded(0)
    shop.wait(hours=1)
    assert [] == anna.tags


# --- product-tags ----------------------------------------------------------------------------


def test_product_tags_are_those_of_what_they_bought_within_a_year(open_shop):
    shop = open_shop("product-tags")
    shop.sells("Boots", categories=["Shoes", "Winter"], tags=["vegan"])
    anna = shop.customer("Anna")
    anna.buys(90, "Boots")
    shop.wait(hours=1)
    bought = ["Category: Shoes", "Category: Winter", "Product tag: vegan"]
    assert bought == anna.tags
    shop.wait_until("2027-06-15")
    assert bought == anna.tags
    shop.wait_until("2027-06-16")
    assert [] == anna.tags


def test_product_tags_with_a_comma_are_left_out(open_shop):
    """The others are there: a tag can hold no comma."""
    shop = open_shop("product-tags")
    shop.sells("Set", categories=["Pots, pans", "Kitchen"])
    anna = shop.customer("Anna")
    anna.buys(90, "Set")
    shop.wait(hours=1)
    assert "Category: Kitchen" in anna.tags
    assert all("Pots" not in each or "," not in each for each in anna.tags)


# --- gender-keywords -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("product", "tags"),
    [
        ("Women's Running Shoe", ["female"]),
        ("Gift set for her", ["female"]),
        ("Ladies Watch", ["female"]),
        ("Female fit T-shirt", ["female"]),
        ("Leather wallet", []),
        ("Feather duster", []),
        ("Men's Belt", ["male"]),
        ("Women and men: unisex cap", ["female", "male"]),
        ("Chimney brush", []),
    ],
)
def test_gender_keywords_are_whole_words(open_shop, product, tags):
    """*her* is in *leather* and *feather*, *men* in *women*, *him* in *chimney*."""
    shop = open_shop("gender-keywords")
    shop.sells(product)
    anna = shop.customer("Anna")
    anna.buys(30, product)
    shop.wait(hours=1)
    assert tags == anna.tags
