"""A long message is shortened at a word; links and codes stay whole."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wcflow.rules.phone_numbers import international_number
from wcflow.rules.short_text import TooLongError, shorten

CODE, LINK = "THANKS-7Q4MXK2P", "https://shop.example/sale"
TEXT = f"Hello Anna, thank you for your order. Use {CODE} at {LINK} until Friday evening"
words = st.lists(
    st.sampled_from(["hello", "a", "Überraschung", CODE, LINK, "\n", "🎁"]), max_size=20
)


@pytest.mark.parametrize(
    ("limit", "expected"),
    [
        (200, TEXT),
        (95, f"Hello Anna, thank you for your order. Use {CODE} at {LINK} until…"),
        (90, f"Hello Anna, thank you for your order. Use {CODE} at {LINK}"),
        (80, f"Hello Anna, thank you for your order.… {CODE} {LINK}"),
        (50, f"Hello… {CODE} {LINK}"),
    ],
)
def test_words_are_left_out_at_the_end_first_and_then_before_links_and_codes(limit, expected):
    assert expected == shorten(TEXT, limit, [CODE])


@given(words, st.integers(1, 120))
def test_a_shortened_text_fits_and_its_links_and_codes_are_whole(words, limit):
    text = " ".join(words)
    try:
        short = shorten(text, limit, [CODE])
    except TooLongError:
        assert sum(len(each) for each in words if each in (CODE, LINK)) >= limit - len(words)
        return
    assert len(short) <= limit
    for each in (CODE, LINK):
        assert text.count(each) == short.count(each)


def test_a_single_long_word_is_cut():
    assert "Donaudamp…" == shorten("Donaudampfschifffahrt", 10)


@pytest.mark.parametrize(
    ("text", "country", "expected"),
    [
        ("0151 23456789", "DE", "+4915123456789"),
        ("+44 7911 123456", "DE", "+447911123456"),
        ("0044 7911 123456", "", "+447911123456"),
        ("(201) 555-0123", "us", "+12015550123"),
        ("12", "DE", ""),
        ("0151 23456789", "", ""),
        ("call me", "US", ""),
    ],
)
def test_a_number_gets_the_code_of_its_country_or_is_none(text, country, expected):
    assert expected == international_number(text, country)
