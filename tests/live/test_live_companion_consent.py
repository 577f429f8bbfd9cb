"""The companion plugin beside WP Consent API: visits are recorded only of those who agreed.

Skipped unless the store has both plugins.
"""

from uuid import uuid4

import pytest

from tests.live.test_live_companion_events import (
    Visitor,
    keys,
    only,
    path_of,
    products,
    shop,
    unsubscribe_path,
)

__all__ = ["keys", "products", "shop"]

CONSENT_TYPE = """
if ( ! is_dir( WPMU_PLUGIN_DIR ) ) { mkdir( WPMU_PLUGIN_DIR ); }
file_put_contents(
    WPMU_PLUGIN_DIR . '/wcflow-test-consent.php',
    "<?php add_filter( 'wp_get_consent_type', function ( \\$type ) {"
    . " return \\$_SERVER['HTTP_X_TEST_CONSENT'] ?? \\$type; } );"
);
"""
AGREED, REFUSED = {"wp_consent_marketing": "allow"}, {"wp_consent_marketing": "deny"}


@pytest.fixture(autouse=True, scope="module")
def consent_type_of_a_header(shop, php):
    """Let a visitor's header say which consent type the consent plugin has."""
    if shop.api("GET", "/wc-wcflow/v1/status")["consent_plugin"] != "WP Consent API":
        pytest.skip("WP Consent API is not active")
    php(CONSENT_TYPE)
    yield
    php("unlink( WPMU_PLUGIN_DIR . '/wcflow-test-consent.php' );")


def visits(shop, products, name, consent_type, cookies):
    """Return the kinds of events of an account that logs in, looks at a product and takes another."""
    visitor = Visitor(shop.store)
    visitor.send_always(headers={"X-Test-Consent": consent_type}, cookies=cookies)
    shop.register(name, password="a password")
    visitor.log_in(shop.email(name), "a password")
    visitor.get(path_of(products[0]["permalink"]))
    visitor.get(f"/?add-to-cart={products[1]['id']}")
    visitor.get("/cart/")
    return {kind for kind, _ in shop.sent(name)}


ALL = {"logged_in", "product_viewed", "cart_updated"}


@pytest.mark.parametrize(
    ("consent_type", "cookies", "kinds"),
    [
        ("optin", {}, set()),
        ("optin", REFUSED, set()),
        ("optin", {"wp_consent_statistics": "allow"}, set()),
        ("optin", AGREED, ALL),
        ("optout", {}, ALL),
        ("optout", REFUSED, set()),
        ("optout", AGREED, ALL),
        # A shop that has the API but no consent banner.
        ("", {}, ALL),
    ],
)
def test_only_visits_with_consent_are_recorded(shop, products, consent_type, cookies, kinds):
    name = f"visitor{uuid4().hex[:6]}"
    assert visits(shop, products, name, consent_type, cookies) == kinds


@pytest.mark.parametrize(("cookies", "carts"), [({}, 0), (AGREED, 1)])
def test_a_guest_s_address_is_kept_only_with_consent(shop, products, cookies, carts):
    visitor = Visitor(shop.store)
    visitor.send_always(headers={"X-Test-Consent": "optin"}, cookies=cookies)
    name = f"guest{carts}"
    visitor.block("cart/add-item", id=products[0]["id"], quantity=1)
    address = {"first_name": "Gus", "last_name": "G", "address_1": "Weg 1", "city": "Berlin"}
    address |= {"postcode": "10115", "country": "DE", "email": shop.email(name)}
    visitor.block("cart/update-customer", billing_address=address)
    visitor.get(path_of(products[1]["permalink"]))
    events = shop.sent(name)
    assert len(only("cart_updated", events)) == carts
    assert len(only("product_viewed", events)) == carts


def test_nothing_is_recorded_after_consent_is_withdrawn(shop, products):
    visitor = Visitor(shop.store)
    visitor.send_always(headers={"X-Test-Consent": "optin"}, cookies=AGREED)
    shop.register("wanda", password="a password")
    visitor.log_in(shop.email("wanda"), "a password")
    visitor.get(path_of(products[0]["permalink"]))
    visitor.send_always(cookies=REFUSED)
    visitor.get(path_of(products[1]["permalink"]))
    visitor.get(f"/?add-to-cart={products[1]['id']}")
    visitor.get("/cart/")
    events = shop.sent("wanda")
    assert [data["product_id"] for data in only("product_viewed", events)] == [products[0]["id"]]
    assert only("cart_updated", events) == []


def test_an_unsubscription_needs_no_consent_to_cookies(shop):
    """Readers of an e-mail have agreed to nothing in this browser."""
    shop.register("uma", meta_data=[{"key": "accepts_marketing", "value": "yes"}])
    visitor = Visitor(shop.store)
    visitor.send_always(headers={"X-Test-Consent": "optin"})
    one_click = {"List-Unsubscribe": "One-Click"}
    assert visitor.send("POST", unsubscribe_path(shop, "uma"), data=one_click).status_code == 200
    assert [kind for kind, _ in shop.sent("uma")] == ["unsubscribed"]
