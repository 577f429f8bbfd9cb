"""The pure rules of the outbox: the write limit, pauses between tries, codes and marks."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import NOW
from wcflow.errors import StoreError
from wcflow.outbox.delivery import LONGEST_PAUSE, MAX_TRIES, is_final, next_try
from wcflow.outbox.limits import WriteLoad, hold_reason
from wcflow.rules.codes import ALPHABET, coupon_code, note_mark, work_key


@pytest.mark.parametrize(
    ("load", "limit", "expected"),
    [
        (WriteLoad(0, 500, accepted=False), None, ""),
        (
            WriteLoad(3, 500, accepted=False),
            None,
            "the first 3 changes wait for your approval",
        ),
        (WriteLoad(100, 10, accepted=True), None, ""),
        (
            WriteLoad(101, 10, accepted=True),
            None,
            "more than 100 changes at once (max_writes): 101",
        ),
        (WriteLoad(200, 1000, accepted=True), None, ""),
        (
            WriteLoad(201, 1000, accepted=True),
            None,
            "more than 200 changes at once (max_writes): 201",
        ),
        (WriteLoad(6, 1000, accepted=True), 5, "more than 5 changes at once (max_writes): 6"),
        (WriteLoad(1, 1000, accepted=True), 0, "more than 0 changes at once (max_writes): 1"),
        (WriteLoad(1, 9, accepted=False), None, "the first change waits for your approval"),
        (WriteLoad(0, 9, accepted=True, alarm="an empty answer"), None, "an empty answer"),
    ],
)
def test_changes_above_the_limit_are_held_until_they_are_approved(load, limit, expected):
    assert expected == hold_reason(load, limit)


@given(st.integers(1, 100), st.floats(0, 1e6))
def test_a_next_try_is_never_before_the_retry_after_of_the_store(attempt, retry_after):
    due = next_try(attempt, NOW, retry_after)
    assert NOW + timedelta(minutes=1) <= due
    assert NOW + timedelta(seconds=retry_after) <= due
    assert due <= NOW + max(LONGEST_PAUSE, timedelta(seconds=retry_after))


def test_pauses_double_up_to_six_hours():
    expected = [timedelta(minutes=n) for n in (1, 2, 4, 8, 16, 32, 64, 128, 256, 360, 360)]
    assert expected == [next_try(n, NOW) - NOW for n in range(1, 12)]


def test_an_error_is_final_if_it_is_permanent_or_after_many_tries():
    assert [True, False, False, True] == [
        is_final(StoreError("", permanent=True), 1),
        is_final(StoreError(""), 1),
        is_final(StoreError(""), MAX_TRIES - 1),
        is_final(StoreError(""), MAX_TRIES),
    ]


@given(st.text(), st.text())
def test_equal_keys_have_equal_codes_and_different_keys_different_codes(first, second):
    codes = [coupon_code("W", work_key("secret", "shop", each)) for each in (first, first, second)]
    assert (codes[0] == codes[1], codes[0] == codes[2]) == (True, first == second)


def test_a_code_is_readable_and_depends_on_the_secret():
    code = coupon_code("WELCOME", work_key("secret", "shop", "welcome", 1))
    prefix, _, letters = code.partition("-")
    assert ("WELCOME", 8, set()) == (prefix, len(letters), set(letters) - set(ALPHABET))
    assert code != coupon_code("WELCOME", work_key("other", "shop", "welcome", 1))


def test_a_key_depends_on_how_its_parts_are_divided():
    assert work_key("s", "a", "bc") != work_key("s", "ab", "c")


def test_a_mark_is_short_and_plain():
    assert note_mark(work_key("s", 1)).startswith("(ref ")
    assert len("(ref 7Q4MXK)") == len(note_mark(work_key("s", 1)))
