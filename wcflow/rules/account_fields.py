"""What the fields that a store names in its settings say of a person: consent and birthday."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

import msgspec
from msgspec.structs import replace

from wcflow.profile import Profile, StoredEvent, latest_order
from wcflow.rules.birth_dates import BirthDate, parse_birth_date
from wcflow.rules.event_kinds import CONSENT_GIVEN, CONSENT_WITHDRAWN

_YES = frozenset({"1", "yes", "y", "true", "on", "checked", "subscribed"})
_NO = frozenset({"0", "no", "n", "false", "off", "unchecked", "unsubscribed"})
_DATE = re.compile(
    r"(?:\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{4}|(?:19|20)\d{6})(?:[t ].*)?",
    re.ASCII,
)
_TIMESTAMP = re.compile(r"[1-9]\d{8,9}|[1-9]\d{11,12}", re.ASCII)
"""Seconds or milliseconds since 1970, from 1973 on."""


class Consent(msgspec.Struct, frozen=True):
    """Whether a person accepts marketing, and the order that says so, if one does.

    ``value`` is None if it is not known. ``readable`` is False if the account has fields that
    cannot be read: that says nothing about a change.
    """

    value: bool | None
    order_id: int = 0
    readable: bool = True


def parse_consent(text: str) -> bool | None:
    """Parse a field of consent: yes or no, or the date or time stamp of the consent; None if neither."""
    word = text.strip().lower()
    if word in _YES:
        return True
    if word in _NO or word.startswith("0000-00-00"):
        return False
    return True if _DATE.fullmatch(word) or _TIMESTAMP.fullmatch(word) else None


def consent_of(profile: Profile) -> Consent:
    """Return whether a person accepts marketing.

    Of several fields the first that says yes or no decides. A guest's consent is that of the newest
    order. It stays that after they register, until their account has one of the fields.
    """
    fields, account = profile.store.consent_meta, profile.account
    if not fields:
        return Consent(None)
    if account is not None:
        if account.meta is None or "meta_data" in account.odd_fields:
            return Consent(_first_answer(account.meta or {}, fields), readable=False)
        if any(account.meta.get(field) for field in fields):
            return Consent(_first_answer(account.meta, fields))
    order = latest_order(profile)
    if order is None or (account is not None and order.customer_id):
        return Consent(None)
    answer = _first_answer(order.meta, fields)
    return Consent(answer, 0 if answer is None else order.id)


def consent_of_fields(profile: Profile, fields: Sequence[str]) -> Consent:
    """Return whether a person accepts marketing by these fields; by those of the store for none."""
    if not fields:
        return consent_of(profile)
    store = replace(profile.store, consent_meta=tuple(fields))
    return consent_of(replace(profile, store=store))


def consent_change(
    profile: Profile, before: bool | None, now: datetime
) -> tuple[bool | None, tuple[StoredEvent, ...]]:
    """Return whether a person accepts marketing, and the event if that has just changed.

    Consent that is no longer there counts as withdrawn: nothing is sent without it.
    """
    if before is None and not profile.store.consent_meta:
        return None, ()
    found = consent_of(profile)
    if not found.readable:
        return before, ()
    if found.value is before or (found.value is not True and before is not True):
        return found.value, ()
    kind, words = (CONSENT_GIVEN, "given") if found.value else (CONSENT_WITHDRAWN, "withdrawn")
    return found.value, (kind.make(f"consent {words} {now:%Y-%m-%dT%H:%M:%SZ}", now, "store"),)


def _first_answer(meta: Mapping[str, str], fields: tuple[str, ...]) -> bool | None:
    return next(_answers(meta, fields), None)


def _answers(meta: Mapping[str, str], fields: tuple[str, ...]) -> Iterator[bool]:
    for field in fields:
        answer = parse_consent(meta.get(field, ""))
        if answer is not None:
            yield answer


def account_meta(profile: Profile, key: str) -> str:
    """Return the value of a key in the account's meta; empty if it is not there or cannot be read."""
    account = profile.account
    return ((account.meta if account else None) or {}).get(key, "")


def birth_date(profile: Profile) -> BirthDate | None:
    """Return a person's date of birth, or None if it is not known."""
    store = profile.store
    return parse_birth_date(account_meta(profile, store.birthday_meta), store.birthday_format)
