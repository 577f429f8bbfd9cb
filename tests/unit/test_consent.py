"""Consent: how fields are read, and when a change is an event."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from tests.builders import NOW, STORE, account, order, profile
from wcflow.rules.account_fields import Consent, consent_change, consent_of, parse_consent

FIELDS = ("newsletter", "opt_in")


def someone(*orders, **more):
    return replace(profile(*orders, **more), store=replace(STORE, consent_meta=FIELDS))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        *((word, True) for word in ("yes", "1", "TRUE", " on ", "subscribed")),
        *((word, False) for word in ("no", "0", "False", "off", "unsubscribed")),
        *((word, True) for word in ("2026-01-31", "31.01.2026", "20260131", "2026-01-31T10:00")),
        *((word, True) for word in ("1767225600", "1767225600000")),
        ("0000-00-00 00:00:00", False),
        *((word, None) for word in ("", "maybe", "2", "12", "[]", '["email"]')),
    ],
)
def test_a_field_says_yes_or_no_or_when_they_agreed(text, expected):
    assert expected is parse_consent(text)


def test_of_several_fields_the_first_that_says_yes_or_no_decides():
    meta = {"newsletter": "pending", "opt_in": "no"}

    assert Consent(value=False) == consent_of(someone(account=account(meta=meta)))
    assert Consent(value=True) == consent_of(
        someone(account=account(meta={"newsletter": "1", "opt_in": "no"}))
    )


def test_a_guest_who_registers_keeps_the_consent_of_their_order():
    """Until the account has a field of its own."""
    guest = order(1, days=5, meta={"opt_in": "2026-01-31"})

    assert Consent(value=True, order_id=1) == consent_of(someone(guest, account=account()))
    assert Consent(value=False) == consent_of(someone(guest, account=account(meta={"opt_in": "0"})))


def test_the_order_of_an_account_does_not_speak_for_the_account():
    theirs = order(1, days=5, customer_id=12, meta={"opt_in": "yes"})

    assert Consent(None) == consent_of(someone(theirs, account=account()))


@pytest.mark.parametrize(
    ("before", "meta", "expected"),
    [
        (None, {"opt_in": "yes"}, ["consent_given"]),
        (False, {"opt_in": "yes"}, ["consent_given"]),
        (True, {"opt_in": "no"}, ["consent_withdrawn"]),
        (True, {}, ["consent_withdrawn"]),
        (True, {"opt_in": "yes"}, []),
        (None, {"opt_in": "no"}, []),
        (False, {}, []),
    ],
)
def test_a_change_of_consent_is_an_event(before, meta, expected):
    _, events = consent_change(someone(account=account(meta=meta)), before, NOW)

    assert expected == [each.kind for each in events]


def test_fields_that_cannot_be_read_any_more_change_nothing():
    """The key's user is no administrator any more, or a plugin damages the fields."""
    hidden = someone(account=replace(account(), meta=None))
    damaged = someone(account=replace(account(), odd_fields=("meta_data",)))

    assert (True, ()) == consent_change(hidden, before=True, now=NOW)
    assert (True, ()) == consent_change(damaged, before=True, now=NOW)


def test_each_change_has_a_name_of_its_own():
    def key(hours):
        now = NOW + timedelta(hours=hours)
        return consent_change(someone(account=account(meta={"opt_in": "1"})), None, now)[1][0].key

    assert ["consent given 2026-06-15T10:00:00Z", "consent given 2026-06-15T12:00:00Z"] == [
        key(0),
        key(2),
    ]
