"""Which people a change concerns: mark them for evaluation, and move their identities.

Only the database is read and written here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from sqlalchemy import Connection

from wcflow.config.stores import StoreSettings
from wcflow.database.customers import (
    CustomerChange,
    delete_customers,
    find_accounts_with,
    load_billing_emails,
    load_customer_emails,
    load_customer_ids,
    save_customers,
)
from wcflow.database.evaluation_queue import start_full_evaluation
from wcflow.database.events import save_events
from wcflow.database.identity import Owner, find_keys, find_persons, mark_dirty, move_identity
from wcflow.database.mapping import PreparedOrder
from wcflow.database.orders import (
    OrderChange,
    delete_orders,
    find_guest_owners,
    load_order_emails,
    load_owners,
    save_orders,
)
from wcflow.database.same_person import follow_deleted, load_joined, with_joined
from wcflow.database.stores import save_store
from wcflow.poll.binding import require_row
from wcflow.poll.context import KnownIds
from wcflow.profile import account_in, account_key, email_in, guest_key
from wcflow.records import Customer, Order
from wcflow.rules.event_kinds import ACCOUNT_ENABLED


def apply_orders(
    tx: Connection,
    settings: StoreSettings,
    orders: Iterable[Order | PreparedOrder],
    known: KnownIds | None = None,
) -> int:
    """Save orders, mark their people before and after, and return how many changed.

    People whom an initial sync has already marked are not marked again.
    """
    changes = save_orders(tx, settings.name, orders)
    _follow_moved_orders(tx, settings, changes)
    before = {change.before for change in changes if change.before is not None}
    owners = before | {change.after for change in changes}
    mark_owners_dirty(tx, settings, known.without_dirty(owners) if known else owners)
    if known:
        known.add_dirty(owners)
    return len(changes)


def _follow_moved_orders(
    tx: Connection, settings: StoreSettings, changes: Iterable[OrderChange]
) -> None:
    """Let a guest whose orders have all moved become the person who has them now.

    So a corrected address stays the same person, for whom everything is handled already.
    """
    moved = {
        change.before.email: change.after
        for change in sorted(changes)
        if change.before is not None
        and not change.before.customer_id
        and change.before != change.after
    }
    if not moved:
        return
    emptied = _without_orders(tx, settings, moved.keys())
    keys = find_keys(tx, settings.name, moved.values(), settings.shared_emails, settings.guests)
    for email in sorted(emptied):
        after = moved[email]
        new = keys[after]
        if new is not None:
            move_identity(tx, settings.name, guest_key(email), new, after.email)


def _without_orders(
    tx: Connection, settings: StoreSettings, emails: Collection[str]
) -> Collection[str]:
    """Return the addresses without guest orders, also under the addresses joined with them."""
    joined = load_joined(tx, settings.name, emails)
    known = frozenset(emails).union(*(group.emails for group in joined))
    left = {owner.email for owner in find_guest_owners(tx, settings.name, known)}
    busy = left.union(*(group.emails for group in joined if group.emails & left))
    return {*emails} - busy


def drop_orders(tx: Connection, settings: StoreSettings, ids: Collection[int]) -> int:
    """Drop orders that no longer exist, mark their people, and return how many there were."""
    owners = delete_orders(tx, settings.name, ids)
    mark_owners_dirty(tx, settings, owners)
    return len(owners)


def apply_customers(
    tx: Connection, settings: StoreSettings, now: datetime, received: Iterable[Customer]
) -> int:
    """Save customers, mark them, and join them with the guests they were."""
    changes = save_customers(tx, settings.name, received)
    moved = [change for change in changes if change.before != change.after]
    if moved:
        # First, so that a guest who registers stays the same person.
        _apply_address_changes(tx, settings, moved)
    mark_owners_dirty(tx, settings, {Owner(change.id, change.email) for change in changes})
    enabled = [account_key(change.id) for change in changes if change.enabled]
    if enabled:
        event = ACCOUNT_ENABLED.make(f"account enabled {now:%Y-%m-%dT%H:%M:%SZ}", now, "store")
        persons = find_persons(tx, settings.name, enabled)
        save_events(tx, settings.name, {person: [event] for person in persons.values()})
    return len(changes)


def _apply_address_changes(
    tx: Connection, settings: StoreSettings, moved: Sequence[CustomerChange]
) -> None:
    before = frozenset[str]().union(*(change.before or () for change in moved))
    after = frozenset[str]().union(*(change.after for change in moved))
    emails = with_joined(tx, settings.name, before | after, [change.id for change in moved])
    _join_guests(tx, settings, emails)
    # The guest orders under an address that was left go to another account, or to a guest again. So
    # do those under a billing address that two accounts have now.
    mark_owners_dirty(tx, settings, find_guest_owners(tx, settings.name, emails))
    # Other accounts with such an address can win or lose its guest orders.
    shared = find_accounts_with(tx, settings.name, emails)
    others = set[int]().union(*shared.values()) - {change.id for change in moved}
    mark_owners_dirty(tx, settings, {Owner(customer_id, "") for customer_id in others})


def _join_guests(tx: Connection, settings: StoreSettings, emails: Iterable[str]) -> None:
    """Move the guests with these addresses to the accounts that have them now."""
    known = find_persons(tx, settings.name, [guest_key(email) for email in emails if email])
    owners = {Owner(0, email) for email in emails if guest_key(email) in known}
    accounts = find_keys(tx, settings.name, owners, settings.shared_emails, settings.guests)
    for owner in sorted(owners):
        if (account := accounts[owner]) is not None:
            move_identity(tx, settings.name, guest_key(owner.email), account, owner.email)


def drop_customers(tx: Connection, settings: StoreSettings, ids: Collection[int]) -> int:
    """Delete customers that the store no longer has: each becomes the guest with their address."""
    if not ids:
        return 0
    left = load_order_emails(tx, settings.name, ids)
    billing = load_billing_emails(tx, settings.name, ids)
    joined = with_joined(tx, settings.name, billing, ids)
    deleted = delete_customers(tx, settings.name, ids)
    follow_deleted(tx, settings.name, deleted)
    joined = with_joined(tx, settings.name, {*joined, *deleted.values()} - {""})
    owners = {Owner(0, email) for email in deleted.values()}
    keys = find_keys(tx, settings.name, owners, settings.shared_emails, settings.guests)
    known = find_persons(tx, settings.name, [account_key(each) for each in deleted])
    for customer_id, email in sorted(deleted.items()):
        key = account_key(customer_id)
        if key in known:
            # Where the address names no person, evaluation finds an empty profile and clears it.
            move_identity(tx, settings.name, key, keys[Owner(0, email)] or key, email)
    _join_guests(tx, settings, joined)
    guests = find_guest_owners(tx, settings.name, joined)
    mark_owners_dirty(tx, settings, guests | {Owner(0, email) for email in left})
    return len(deleted)


def mark_everyone_if_settings_changed(
    tx: Connection, settings: StoreSettings, manual_tags: str
) -> None:
    """Mark everyone for evaluation if settings changed that say who is a person or what is shown."""
    people = (
        settings.guests,
        sorted(settings.shared_emails),
        ", ".join(settings.consent_meta),
        settings.birthday_meta,
        *filter(None, [settings.birthday_format]),
    )
    row = require_row(tx, settings.name)
    hidden = [] if row.can_read_meta else ["customer meta is hidden"]
    current = repr((*people, *hidden, settings.order_tags, manual_tags))
    before = row.applied_settings
    if before != current:
        save_store(tx, settings.name, applied_settings=current)
        if before is not None:
            mark_everyone_dirty(tx, settings)


def mark_everyone_dirty(tx: Connection, settings: StoreSettings) -> None:
    """Mark everyone, including people whom other settings excluded until now."""
    start_full_evaluation(tx, settings.name)
    accounts = {Owner(each, "") for each in load_customer_ids(tx, settings.name)}
    mark_owners_dirty(tx, settings, load_owners(tx, settings.name) | accounts)


def mark_owners_dirty(tx: Connection, settings: StoreSettings, owners: Collection[Owner]) -> None:
    """Mark the people who own these orders."""
    if not owners:
        return
    people = find_keys(tx, settings.name, owners, settings.shared_emails, settings.guests)
    accounts = {number for key in people.values() if key and (number := account_in(key))}
    emails = load_customer_emails(tx, settings.name, accounts)
    mark_dirty(
        tx,
        settings.name,
        {
            key: email_in(key) or emails.get(account_in(key) or 0, owner.email)
            for owner, key in people.items()
            if key is not None
        },
    )
