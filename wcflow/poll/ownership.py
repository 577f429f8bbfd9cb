"""Whom a change at the shop concerns: touched, and their memory moved where their key changes.

Only the mirror is read and written; the shop is not asked.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from sqlalchemy import Connection

from wcflow.database.customers import (
    CustomerChange,
    delete_customers,
    emails_of_customers,
    ids_known_by,
    save_customers,
)
from wcflow.database.evaluation_queue import evaluate_everyone
from wcflow.database.identity import known_subjects, mark_dirty, rename_subject, subjects_of
from wcflow.database.mapping import ReadyOrder
from wcflow.database.orders import (
    Owner,
    addresses_of_accounts,
    delete_orders,
    guests_under,
    owners_of_orders,
    save_orders,
)
from wcflow.poll.context import KnownIds, PollSettings
from wcflow.profile import account_key, guest_key
from wcflow.records import Customer, Order


def apply_orders(
    tx: Connection,
    settings: PollSettings,
    orders: Iterable[Order | ReadyOrder],
    known: KnownIds | None = None,
) -> int:
    """Keep orders and touch those whose they are, and whose they were; tell how many say something new.

    Those whom a census knows to be touched are not touched again.
    """
    changes = save_orders(tx, settings.store, orders)
    before = {change.before for change in changes if change.before is not None}
    owners = before | {change.after for change in changes}
    mark_owners_dirty(tx, settings, known.without_dirty(owners) if known else owners)
    if known:
        known.add_dirty(owners)
    return len(changes)


def drop_orders(tx: Connection, settings: PollSettings, ids: Collection[int]) -> int:
    """Forget orders that the shop no longer has, and touch those whose they were."""
    owners = delete_orders(tx, settings.store, ids)
    mark_owners_dirty(tx, settings, owners)
    return len(owners)


def apply_customers(tx: Connection, settings: PollSettings, received: Iterable[Customer]) -> int:
    """Keep customers, touch them, and give them the memory and the orders of the guests they were."""
    changes = save_customers(tx, settings.store, received)
    mark_owners_dirty(tx, settings, {Owner(change.id, change.after) for change in changes})
    moved = [change for change in changes if change.before != change.after]
    if moved:
        _apply_address_changes(tx, settings, moved)
    return len(changes)


def _apply_address_changes(
    tx: Connection, settings: PollSettings, moved: Sequence[CustomerChange]
) -> None:
    arrived = {change.after for change in moved}
    _merge_guests_into_accounts(tx, settings, arrived)
    # Whose guest orders are these now? Those left behind go to another account, or to a guest again.
    left = {change.before for change in moved if change.before} - arrived
    mark_owners_dirty(tx, settings, guests_under(tx, settings.store, left))
    # Two accounts under one address: the lower id has its guest orders, and may be the newcomer.
    shared = ids_known_by(tx, settings.store, arrived - {""}) - {change.id for change in moved}
    mark_owners_dirty(tx, settings, {Owner(customer_id, "") for customer_id in shared})


def _merge_guests_into_accounts(
    tx: Connection, settings: PollSettings, emails: Iterable[str]
) -> None:
    owners = {Owner(0, email) for email in emails if email}
    accounts = subjects_of(tx, settings.store, owners, settings.shared_emails, settings.guests)
    for owner in _known_guests(tx, settings.store, owners):
        if (account := accounts[owner]) is not None:
            rename_subject(tx, settings.store, guest_key(owner.email), account, owner.email)


def _known_guests(tx: Connection, store: str, owners: Collection[Owner]) -> list[Owner]:
    known = known_subjects(tx, store, [guest_key(owner.email) for owner in owners])
    return sorted(owner for owner in owners if guest_key(owner.email) in known)


def drop_customers(tx: Connection, settings: PollSettings, ids: Collection[int]) -> int:
    """Forget customers that the shop no longer has: their orders and their memory become a guest's."""
    if not ids:
        return 0
    left = addresses_of_accounts(tx, settings.store, ids)
    deleted = delete_customers(tx, settings.store, ids)
    mark_owners_dirty(tx, settings, {Owner(0, email) for email in left})
    owners = {Owner(0, email) for email in deleted.values()}
    people = subjects_of(tx, settings.store, owners, settings.shared_emails, settings.guests)
    known = known_subjects(tx, settings.store, [account_key(each) for each in deleted])
    for customer_id, email in sorted(deleted.items()):
        # Where they are nobody now, evaluation finds an empty profile and lets them go.
        now = people[Owner(0, email)] or account_key(customer_id)
        if account_key(customer_id) in known:
            rename_subject(tx, settings.store, account_key(customer_id), now, email)
    return len(deleted)


def mark_everyone_dirty(tx: Connection, settings: PollSettings) -> None:
    """Have everyone looked at again, also those whom other settings made nobody until now."""
    evaluate_everyone(tx, settings.store)
    mark_owners_dirty(tx, settings, owners_of_orders(tx, settings.store))


def mark_owners_dirty(tx: Connection, settings: PollSettings, owners: Collection[Owner]) -> None:
    """Have the persons looked at again whose these orders are."""
    if not owners:
        return
    people = subjects_of(tx, settings.store, owners, settings.shared_emails, settings.guests)
    emails = emails_of_customers(tx, settings.store, {o.customer_id for o in owners} - {0})
    mark_dirty(
        tx,
        settings.store,
        {
            subject: emails.get(owner.customer_id, owner.email)
            for owner, subject in people.items()
            if subject is not None
        },
    )
