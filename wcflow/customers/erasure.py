"""Delete a customer: all that wcflow keeps about them at once, and then their data in the store.

The store's part is in the outbox: each order and coupon, then the account (``customers.erasing``).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from enum import StrEnum
from typing import NamedTuple

from sqlalchemy import Connection, select

from wcflow.actions.erase import (
    ANONYMIZE_COUPON,
    ANONYMIZE_ORDER,
    DELETE_ACCOUNT,
    DELETE_ORDER,
    ROLES,
)
from wcflow.config.stores import StoreSettings
from wcflow.customers.edits import Outcome
from wcflow.customers.written import ChangeByHand, queue_by_hand
from wcflow.database import suppression
from wcflow.database.customers import load_customers
from wcflow.database.edits import EditedBy, save_edit
from wcflow.database.erase_person import (
    count_held,
    empty_shared,
    erase_person,
    forget_places,
    load_coupon_codes,
)
from wcflow.database.erasures import Erasure, save_erasure
from wcflow.database.identity import Owner, find_keys, load_person_keys
from wcflow.database.orders import delete_orders, load_orders_of_people
from wcflow.database.same_person import with_joined
from wcflow.database.sql import table_of
from wcflow.database.stores import load_store_row
from wcflow.database.subscriptions import load_subscriptions_of_people
from wcflow.database.suppression import EMAIL
from wcflow.database.tables import IdentityRow
from wcflow.errors import UsageError
from wcflow.profile import account_in, account_key, email_in, guest_key
from wcflow.records import Order
from wcflow.units import normalize_email

ERASED = "deleted with the customer"
_OPEN_ORDERS = frozenset({"pending", "on-hold", "processing"})
_RUNNING = frozenset({"active", "on-hold", "pending", "pending-cancel"})
_IDENTITIES = table_of(IdentityRow)


class Orders(StrEnum):
    """What becomes of the orders of a deleted customer."""

    ANONYMIZE = "anonymize"
    DELETE = "delete"


ORDER_KINDS: Mapping[str, str] = {
    Orders.ANONYMIZE: ANONYMIZE_ORDER,
    Orders.DELETE: DELETE_ORDER,
}
"""The changes in the store, by what becomes of the orders."""


class Held(NamedTuple):
    """What is held on a person. ``refused`` says why they cannot be deleted, or is empty.

    ``counts`` are rows of wcflow, ``open_orders`` the orders that are not completed yet.
    """

    account: int
    emails: frozenset[str]
    orders: tuple[Order, ...]
    open_orders: int
    counts: Mapping[str, int]
    suppressed: bool
    refused: str

    @property
    def keys(self) -> set[str]:
        accounts = {account_key(self.account)} if self.account else set[str]()
        return accounts | {guest_key(each) for each in self.emails}


def load_held(tx: Connection, settings: StoreSettings, person: int) -> Held:
    """Return what wcflow and the store hold on a person, as far as the local copy knows."""
    store = settings.name
    key = load_person_keys(tx, store, [person])[person]
    account = account_in(key) or 0
    emails = _load_emails(tx, settings, person, key)
    numbers = [account] if account else []
    orders = load_orders_of_people(tx, store, numbers, emails)
    found = suppression.load(tx, store, EMAIL, emails)
    return Held(
        account,
        emails,
        tuple(orders),
        sum(each.status in _OPEN_ORDERS for each in orders),
        {
            **count_held(tx, store, person),
            "coupons": len(load_coupon_codes(tx, store, person)),
        },
        bool(found),
        _refusal(tx, settings, account, emails),
    )


def _load_emails(tx: Connection, settings: StoreSettings, person: int, key: str) -> frozenset[str]:
    """Return the addresses that lead to a person, and those that they had before."""
    store, account = settings.name, account_in(key)
    of_person = (_IDENTITIES.c.store == store, _IDENTITIES.c.person == person)
    own = select(_IDENTITIES.c.value).where(*of_person, _IDENTITIES.c.kind == "email")
    known = {*tx.scalars(own)}
    others = {email_in(key) or ""}
    customer = load_customers(tx, store, [account]).get(account) if account else None
    if customer is not None:
        others |= {normalize_email(each) for each in (customer.email, customer.billing.email)}
    if account:
        others |= {each.email for each in load_orders_of_people(tx, store, [account], [])}
    others = {*with_joined(tx, store, others | known, [account] if account else [])} - {""}
    owners = [Owner(0, each) for each in sorted(others)]
    found = find_keys(tx, store, owners, settings.shared_emails, "by_email")
    return frozenset(known | {each.email for each in owners if found[each] == key})


def _refusal(tx: Connection, settings: StoreSettings, account: int, emails: Collection[str]) -> str:
    store = settings.name
    row = load_store_row(tx, store)
    if not settings.write:
        return "wcflow writes nothing to this store (write = no)"
    if row is None or row.initial_sync_done is None:
        return "the initial import is not finished, so their orders are not all known"
    customer = load_customers(tx, store, [account]).get(account) if account else None
    if customer is not None and customer.role not in ROLES:
        return f"their account has the role {customer.role}: wcflow deletes only customers"
    numbers = [account] if account else []
    known = load_subscriptions_of_people(tx, store, numbers, sorted(emails))
    if any(each.status in _RUNNING for each in known):
        return "they have a subscription that is not cancelled; cancel it in WooCommerce first"
    return ""


def erase(
    tx: Connection,
    settings: StoreSettings,
    person: int,
    by: EditedBy,
    *,
    orders: Orders = Orders.ANONYMIZE,
) -> Outcome:
    """Delete a customer. What wcflow keeps about them is deleted now; the store's part is queued.

    The edit has the id of the receipt. Nothing takes this back.
    """
    held = load_held(tx, settings, person)
    if held.refused:
        raise UsageError(f"this customer cannot be deleted: {held.refused}", "")
    store, numbers = settings.name, [each.id for each in held.orders]
    values = {"store": store, "mode": str(orders), "person": person, "account": held.account}
    counts = receipt_counts(held)
    made = {"counts": counts, "erased_by": by.name, "reason": by.reason, "at": by.at}
    erasure = save_erasure(tx, values | made, held.keys)
    codes = load_coupon_codes(tx, store, person)
    codes += empty_shared(tx, store, held.keys, person, ERASED)
    forget_places(tx, store, held.keys, numbers, held.account)
    erase_person(tx, store, person, ERASED, by.at)
    queue_orders(tx, erasure, numbers, by)
    _queue_coupons(tx, erasure, codes, by)
    if orders is Orders.DELETE:
        delete_orders(tx, store, numbers)
    words = f"deleted a customer (erasure {erasure.id})"
    data = {"erasure": erasure.id}
    return Outcome(words, save_edit(tx, store, 0, "erasure", words, by, data))


def receipt_counts(held: Held) -> dict[str, int]:
    """Return how many of what a receipt counts."""
    guests = sum(not each.customer_id for each in held.orders)
    more = {"orders": len(held.orders), "guest_orders": guests}
    more |= {"accounts": int(bool(held.account)), "suppressed": int(held.suppressed)}
    return {**held.counts, **more}


def queue_orders(tx: Connection, erasure: Erasure, orders: Collection[int], by: EditedBy) -> None:
    """Queue what becomes of these orders in the store."""
    kind = ORDER_KINDS[erasure.mode]
    nothing: Mapping[str, str] = {}
    changes = [(_change(erasure, f"order {number}", kind, number), nothing) for number in orders]
    _queue(tx, erasure, changes, by)


def queue_account(tx: Connection, erasure: Erasure, by: EditedBy) -> None:
    """Queue the deletion of the account."""
    number = erasure.account
    _queue(tx, erasure, [(_change(erasure, f"customer {number}", DELETE_ACCOUNT, number), {})], by)


def _queue_coupons(tx: Connection, erasure: Erasure, codes: Collection[str], by: EditedBy) -> None:
    """Queue that the addresses are taken out of the coupons that wcflow has made."""
    changes = [
        (_change(erasure, f"coupon {number}", ANONYMIZE_COUPON, 0), {"code": code})
        for number, code in enumerate(codes, 1)
    ]
    _queue(tx, erasure, changes, by)


def _change(erasure: Erasure, step: str, kind: str, target: int) -> ChangeByHand:
    return ChangeByHand(erasure.rule, erasure.rule, step, kind, target)


def _queue(
    tx: Connection,
    erasure: Erasure,
    changes: Collection[tuple[ChangeByHand, Mapping[str, str]]],
    by: EditedBy,
) -> None:
    of_erasure = [(change, {**payload, "erasure": erasure.id}) for change, payload in changes]
    queue_by_hand(tx, erasure.store, erasure.person, of_erasure, by.at)
