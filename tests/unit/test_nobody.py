"""Which addresses belong to no customer."""

import pytest

from wcflow.units import ANONYMOUS_EMAIL, is_nobody, order_email

SHARED = frozenset({"till@shop.example", "*@marketplace.example", "*@*.vendor.example"})


@pytest.mark.parametrize(
    "email",
    [
        "",
        ANONYMOUS_EMAIL,
        "someone@anything.invalid",
        "someone@invalid",
        "till@shop.example",
        "a1@marketplace.example",
        "a1@eu.vendor.example",
    ],
)
def test_an_empty_anonymous_or_shared_address_is_nobodys(email):
    assert is_nobody(email, SHARED)


@pytest.mark.parametrize(
    "email",
    [
        "anna@example.com",
        "till@shop.example.org",
        "a1@notmarketplace.example",
        "a1@marketplacexexample",
        "a1@vendor.example",
        "invalid@example.com",
        "anna@not.invalid.example",
    ],
)
def test_any_other_address_is_somebodys(email):
    assert not is_nobody(email, SHARED)
    assert not is_nobody(email, frozenset())


def test_an_order_with_an_erased_name_has_the_anonymous_address():
    assert ANONYMOUS_EMAIL == order_email("anna@example.com", "[deleted]", "")
    assert ANONYMOUS_EMAIL == order_email("anna@example.com", "Anna", " [deleted] ")
    assert "anna@example.com" == order_email(" Anna@example.com", "Anna", "Deleted")
