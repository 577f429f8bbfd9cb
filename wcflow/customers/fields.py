"""Names and addresses of a customer's account, which WooCommerce keeps.

An edit is an entry in the outbox. The local copy changes when the store has saved it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection

from wcflow.actions.customer_fields import (
    CUSTOMER_FIELDS,
    FIELDS,
    PARTS,
    field_value,
    field_words,
    is_same,
    list_fields,
)
from wcflow.config.countries import country_hint
from wcflow.config.stores import StoreSettings
from wcflow.customers.edits import Outcome, undoes
from wcflow.customers.written import ChangeByHand, queue_by_hand
from wcflow.database import outbox, outcomes
from wcflow.database.customers import find_customer_ids, load_customers
from wcflow.database.edits import Edit, EditedBy, save_edit
from wcflow.database.identity import load_person_keys
from wcflow.database.outbox_order import find_entry_of_event, load_unread_of_target
from wcflow.database.stores import load_store_row
from wcflow.errors import UsageError
from wcflow.profile import account_in
from wcflow.records import Customer
from wcflow.rules.mailboxes import ascii_address, wordpress_accepts
from wcflow.units import normalize_email

LONGEST = 200
_NOT_KEPT = re.compile(r"[<>\x00-\x1f\x7f]")
"""WordPress removes these from what it saves."""


def check_field(name: str, text: str) -> str:
    """Return the value of a field as it is written; raises UsageError if it cannot be."""
    value, words = " ".join(text.split()), field_words(name)
    if len(value) > LONGEST or _NOT_KEPT.search(value):
        advice = f"Use at most {LONGEST} characters, without < and >."
        raise UsageError(f"this is no {words} that WooCommerce can keep", advice)
    if name.endswith("email"):
        return _check_address(value, words)
    if name.endswith("country") and value:
        if hint := country_hint(value):
            raise UsageError(f"there is no country {value!r} ({words})", _sentence(hint))
        return value.upper()
    return value


def _check_address(value: str, words: str) -> str:
    try:
        address = ascii_address(value)
    except ValueError as error:
        raise UsageError(f"{value!r} cannot be the {words}: {error}", "") from None
    if not wordpress_accepts(address):
        raise UsageError(f"{value!r} cannot be the {words}: WordPress does not accept it", "")
    return address


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + ("" if text.endswith(("?", ".")) else ".")


def edit_fields(
    tx: Connection,
    settings: StoreSettings,
    person: int,
    fields: Mapping[str, str],
    by: EditedBy,
    *,
    copy_billing: bool = False,
) -> Outcome:
    """Change names and addresses of an account; ``fields`` are values by the names of FIELDS.

    With ``copy_billing`` the billing address becomes the shipping address as well.
    """
    if not settings.write:
        advice = "Edit the customer in WooCommerce, or set write = yes."
        raise UsageError("wcflow writes nothing to this store (write = no)", advice)
    store = settings.name
    customer = _account(tx, store, person)
    known = _known_values(tx, store, customer)
    wanted = {name: check_field(name, fields[name]) for name in FIELDS if name in fields}
    if copy_billing:
        copied = {p: wanted.get(f"billing.{p}", known[f"billing.{p}"][-1]) for p in PARTS}
        wanted = {f"shipping.{part}": value for part, value in copied.items()} | wanted
    _check_free(tx, store, customer, wanted.get("email", ""))
    changes = {
        name: {"from": known[name], "to": value}
        for name, value in wanted.items()
        if not is_same(name, known[name][-1], value)
    }
    if not changes:
        return Outcome("has these values already", changed=False)
    words = f"changed the {list_fields(changes)}"
    edit = save_edit(tx, store, person, "fields", words, by, {"fields": changes})
    _queue(tx, store, person, customer.id, changes, by, f"edit {edit}")
    return Outcome(words, edit)


def _account(tx: Connection, store: str, person: int) -> Customer:
    account = account_in(load_person_keys(tx, store, [person]).get(person, ""))
    if account is None:
        advice = "Change the address of their order in WooCommerce."
        raise UsageError("they are a guest: their details are those of each order", advice)
    found = load_customers(tx, store, [account]).get(account)
    if found is None:
        raise UsageError("the store no longer has this customer", "")
    return found


def _known_values(tx: Connection, store: str, customer: Customer) -> dict[str, list[str]]:
    """Return the values that each field can have now, the likely one last.

    That is the value of the local copy, and those that were written or queued since.
    """
    known = {name: [field_value(customer, name)] for name in FIELDS}
    row = load_store_row(tx, store)
    read_at = row.polled_at if row is not None and row.polled_at is not None else 0
    ids = load_unread_of_target(tx, store, CUSTOMER_FIELDS, customer.id, read_at)
    for entry in outbox.load_entries(tx, store, ids=ids) if ids else ():
        for name, change in entry.payload["fields"].items():
            known[name].append(change["to"])
    return known


def _check_free(tx: Connection, store: str, customer: Customer, email: str) -> None:
    """Raise UsageError if another account is known to have an address."""
    address = normalize_email(email)
    if not address or address == normalize_email(customer.email):
        return
    others = sorted(find_customer_ids(tx, store, [address]) - {customer.id})
    if others:
        raise UsageError(f"customer {others[0]} has this e-mail address already", "")


def _queue(
    tx: Connection,
    store: str,
    person: int,
    account: int,
    changes: Mapping[str, Any],
    by: EditedBy,
    event: str,
) -> None:
    """Queue the write. It is approved, because an admin has just asked for it."""
    change = ChangeByHand(f"edit by {by.name}", event, "fields", CUSTOMER_FIELDS, account)
    queue_by_hand(tx, store, person, [(change, {"fields": changes})], by.at)


@undoes("fields")
def _undo_fields(tx: Connection, edit: Edit, by: EditedBy) -> str:
    number = find_entry_of_event(tx, edit.store, CUSTOMER_FIELDS, f"edit {edit.id}")
    entry = next(iter(outbox.load_entries(tx, ids=[number])), None) if number else None
    if entry is None or entry.state in ("failed", "cancelled"):
        reason = f": {entry.outcome}" if entry else ""
        raise UsageError(f"edit {edit.id} never reached the store{reason}", "")
    if entry.state == "due":
        outcomes.end_entry(tx, entry, "cancelled", f"undone by {by.name}", by.at)
        if not entry.attempts:
            return f"cancelled before it was written: {edit.words}"
    changes = {
        # If it is not known whether it was written, the old value is expected as well.
        name: {"from": [*([] if entry.state == "done" else each["from"]), each["to"]]}
        | {"to": each["from"][-1]}
        for name, each in entry.payload["fields"].items()
    }
    event = f"undo of edit {edit.id}"
    _queue(tx, edit.store, edit.person, entry.target_id, changes, by, event)
    return f"changed the {list_fields(changes)} back"
