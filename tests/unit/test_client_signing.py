"""Requests over http are signed exactly as woocommerce.OAuth signs them."""

from __future__ import annotations

from urllib.parse import parse_qsl

from hypothesis import given
from hypothesis import strategies as st
from woocommerce.oauth import OAuth

from wcflow.store.signing import signature, signed

PLACE = "http://shop.example/sub dir/wp-json/wc/v3/orders"
# What it cannot sign rightly, with / or % in it, is refused before it is sent.
TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="/%"), min_size=1)
NAMES = st.sampled_from(["a", "A", "a_b", "a[0]", "a[1]", "a[b]", "include", "oauth"]) | TEXTS


def woocommerce_signature(method: str, told: dict[str, str], secret: str) -> str:
    return str(
        OAuth(PLACE, "ck", secret, version="wc/v3", method=method).generate_oauth_signature(
            dict(told), PLACE
        )
    )


@given(st.sampled_from(["GET", "POST"]), st.dictionaries(NAMES, TEXTS), TEXTS)
def test_the_signature_is_that_of_woocommerce(
    method: str, told: dict[str, str], secret: str
) -> None:
    assert woocommerce_signature(method, told, secret) == signature(method, PLACE, told, secret)


@given(st.dictionaries(NAMES, TEXTS))
def test_what_is_signed_is_what_is_asked_for(query: dict[str, str]) -> None:
    """The query is whole, each part of it can be read again, and the signature is that of all parts."""
    told = dict(parse_qsl(signed("GET", PLACE, query, "ck", "cs"), keep_blank_values=True))
    given_signature = told.pop("oauth_signature")
    ours = {"oauth_consumer_key", "oauth_timestamp", "oauth_nonce", "oauth_signature_method"}
    assert (query.keys() | ours, query) == (
        told.keys(),
        {name: told[name] for name in query},
    )
    assert given_signature == woocommerce_signature("GET", told, "cs")


def test_two_requests_have_two_nonces() -> None:
    """WooCommerce takes a nonce once."""
    first, second = (dict(parse_qsl(signed("GET", PLACE, {}, "ck", "cs"))) for _ in range(2))
    assert first["oauth_nonce"] != second["oauth_nonce"]
