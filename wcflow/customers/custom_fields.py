"""Consent and birthday of a customer: custom fields of the account, which the store keeps.

The fields are those that consent_meta and birthday_meta name. An edit is an entry in the outbox.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection

from wcflow.config.stores import StoreSettings
from wcflow.customers.edits import GONE, Outcome, undoes
from wcflow.customers.written import ChangeByHand, queue_by_hand
from wcflow.database import outbox, outcomes, suppression
from wcflow.database.customers import load_customers
from wcflow.database.edits import Edit, EditedBy, save_edit
from wcflow.database.events import load_events
from wcflow.database.identity import load_person_keys
from wcflow.database.outbox_order import find_entry_of_event, load_unread_of_target
from wcflow.database.stores import load_store_row
from wcflow.errors import UsageError
from wcflow.profile import account_in
from wcflow.records import Customer
from wcflow.rules.account_fields import parse_consent
from wcflow.rules.birth_dates import BirthDate, parse_birth_date
from wcflow.rules.event_kinds import CONSENT_WITHDRAWN

KIND, META_CUSTOMER = "custom_field", "meta_customer"
_PAIRS = (("yes", "no"), ("1", "0"), ("true", "false"), ("on", "off"))
"""How stores write yes and no; the first is the usual one."""


def consent_field(settings: StoreSettings) -> str:
    """Return the custom field that consent is written to; raises UsageError if there is none."""
    return _field(settings, "consent_meta", settings.consent_meta)


def birthday_field(settings: StoreSettings) -> str:
    """Return the custom field that birthdays are written to; raises UsageError if there is none."""
    return _field(settings, "birthday_meta", (settings.birthday_meta,))


def _field(settings: StoreSettings, key: str, fields: tuple[str, ...]) -> str:
    if not settings.write:
        advice = "Set write = yes, or leave this column out."
        raise UsageError("wcflow writes nothing to this store (write = no)", advice)
    # WooCommerce neither writes nor returns fields that begin with an underscore.
    found = next((each for each in fields if each and not each.startswith("_")), "")
    if not found:
        advice = f"Name the custom field in which the store keeps it: {key} = …"
        raise UsageError(f"[store {settings.name}] has no {key} that can be written", advice)
    return found


def set_consent(
    tx: Connection, settings: StoreSettings, person: int, by: EditedBy, *, agrees: bool
) -> Outcome:
    """Record whether an account agrees to marketing.

    Raises UsageError for a guest, and if someone who has withdrawn would be set back to yes.
    """
    field, customer = consent_field(settings), _account(tx, settings.name, person)
    known = _known(tx, settings.name, person, customer)
    answers = (parse_consent(_last(known, each)) for each in settings.consent_meta)
    now = next((each for each in answers if each is not None), None)
    if now is agrees:
        return Outcome(f"{'agrees' if agrees else 'does not agree'} already", changed=False)
    if agrees and (why := _withdrawn(tx, settings.name, person, customer, now)):
        raise UsageError(f"the consent stays as it is: {why}", "")
    pair = next((each for each in _PAIRS if _last(known, field).strip() in each), _PAIRS[0])
    payload: dict[str, Any] = {"key": field, "value": pair[not agrees]}
    if agrees:
        # Whoever says no until it is written keeps their no.
        payload["from"] = known.get(field, [""])
    words = f"set the consent to marketing to {'yes' if agrees else 'no'}"
    return _write(tx, settings.name, person, customer, payload, words, by)


def _withdrawn(
    tx: Connection, store: str, person: int, customer: Customer, now: bool | None
) -> str:
    """Return why someone is never set back to yes, or nothing."""
    addresses = {customer.email, customer.billing.email} - {""}
    suppressed = suppression.load(tx, store, suppression.EMAIL, addresses)
    for each in suppressed.values():
        return f"the address gets no messages ({each.kind})"
    events = load_events(tx, store, [person]).get(person, ())
    if now is False or any(each.kind == CONSENT_WITHDRAWN.name for each in events):
        return "they have withdrawn it or said no"
    return ""


def set_birthday(
    tx: Connection, settings: StoreSettings, person: int, birthday: BirthDate, by: EditedBy
) -> Outcome:
    """Record an account's birthday; raises UsageError for a guest."""
    field, customer = birthday_field(settings), _account(tx, settings.name, person)
    known = _known(tx, settings.name, person, customer).get(field, [""])
    if parse_birth_date(known[-1], settings.birthday_format) == birthday:
        return Outcome("has this birthday already", changed=False)
    # Other ways of writing a date can be read in two ways.
    year = f"{birthday.year:04}" if birthday.year else "-"
    value = f"{year}-{birthday.month:02}-{birthday.day:02}"
    payload = {"key": field, "value": value, "from": known}
    return _write(tx, settings.name, person, customer, payload, "set the birthday", by)


def _account(tx: Connection, store: str, person: int) -> Customer:
    account = account_in(load_person_keys(tx, store, [person]).get(person, ""))
    if account is None:
        raise UsageError("a guest has no account in which the store could keep it", "")
    found = load_customers(tx, store, [account]).get(account)
    if found is None:
        raise UsageError(GONE, "")
    if found.meta is None or "meta_data" in found.odd_fields:
        raise UsageError("the custom fields of this customer cannot be read", "")
    return found


def _known(tx: Connection, store: str, person: int, customer: Customer) -> Mapping[str, list[str]]:
    """Return the values that each field of an account can have now: the local one, then those queued."""
    known = {key: [value] for key, value in (customer.meta or {}).items()}
    row = load_store_row(tx, store)
    read_at = row.polled_at if row is not None and row.polled_at is not None else 0
    ids = load_unread_of_target(tx, store, META_CUSTOMER, customer.id, read_at, person)
    for entry in outbox.load_entries(tx, store, ids=ids) if ids else ():
        known.setdefault(entry.payload["key"], [""]).append(entry.payload["value"])
    return known


def _last(known: Mapping[str, list[str]], field: str) -> str:
    return known.get(field, [""])[-1]


def _write(
    tx: Connection,
    store: str,
    person: int,
    customer: Customer,
    payload: Mapping[str, Any],
    words: str,
    by: EditedBy,
) -> Outcome:
    was = _last(_known(tx, store, person, customer), payload["key"])
    data = {"field": payload["key"], "was": was, "value": payload["value"]}
    edit = save_edit(tx, store, person, KIND, words, by, data)
    _queue(tx, store, person, customer.id, payload, by, f"edit {edit}")
    return Outcome(words, edit)


def _queue(
    tx: Connection,
    store: str,
    person: int,
    account: int,
    payload: Mapping[str, Any],
    by: EditedBy,
    event: str,
) -> None:
    change = ChangeByHand(f"edit by {by.name}", event, "custom field", META_CUSTOMER, account)
    queue_by_hand(tx, store, person, [(change, dict(payload))], by.at)


@undoes(KIND)
def _undo_field(tx: Connection, edit: Edit, by: EditedBy) -> str:
    number = find_entry_of_event(tx, edit.store, META_CUSTOMER, f"edit {edit.id}", edit.person)
    entry = next(iter(outbox.load_entries(tx, ids=[number])), None) if number else None
    if entry is None or entry.state in ("failed", "cancelled"):
        raise UsageError(f"edit {edit.id} never reached the store", "")
    if entry.state == "due" and not entry.attempts:
        outcomes.end_entry(tx, entry, "cancelled", f"undone by {by.name}", by.at)
        return f"cancelled before it was written: {edit.words}"
    if "consent" in edit.words and parse_consent(edit.data["was"]):
        advice = "If they agree again, change it in WooCommerce."
        raise UsageError("wcflow never sets a consent back to yes", advice)
    if entry.state == "due":
        outcomes.end_entry(tx, entry, "cancelled", f"undone by {by.name}", by.at)
    data = edit.data
    payload = {"key": data["field"], "value": data["was"], "from": [data["value"], data["was"]]}
    event = f"undo of edit {edit.id}"
    _queue(tx, edit.store, edit.person, entry.target_id, payload, by, event)
    return f"undid: {edit.words}"
