"""Delete a customer: all that wcflow keeps about them at once, and then their data in the store.

The store's part is in the outbox: each subscription, order and coupon, then the account
(``customers.erasing``).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from enum import StrEnum
from typing import NamedTuple

from sqlalchemy import Connection, select

from wcflow.actions.erase import (
    ANONYMIZE_COUPON,
    ANONYMIZE_ORDER,
    ANONYMIZE_SUBSCRIPTION,
    DELETE_ACCOUNT,
    DELETE_ORDER,
    DELETE_SUBSCRIPTION,
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
from wcflow.database.subscriptions import delete_subscriptions, load_subscriptions_of_people
from wcflow.database.suppression import EMAIL
from wcflow.database.tables import IdentityRow
from wcflow.errors import UsageError
from wcflow.profile import account_in, account_key, email_in, guest_key
from wcflow.records import ENDED_SUBSCRIPTION, Order, Subscription
from wcflow.units import normalize_email

ERASED = "deleted with the customer"
_OPEN_ORDERS = frozenset({"pending", "on-hold", "processing"})
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
SUBSCRIPTION_KINDS: Mapping[str, str] = {
    Orders.ANONYMIZE: ANONYMIZE_SUBSCRIPTION,
    Orders.DELETE: DELETE_SUBSCRIPTION,
}
"""The same for subscriptions, which share the fate of the orders."""


class Held(NamedTuple):
    """What is held on a person. ``refused`` says why they cannot be deleted, or is empty.

    ``counts`` are rows of wcflow, ``open_orders`` the orders that are not completed yet,
    ``out_of_reach`` the subscriptions that wcflow knows of and the store does not show any more.
    """

    account: int
    emails: frozenset[str]
    orders: tuple[Order, ...]
    open_orders: int
    subscriptions: tuple[Subscription, ...]
    out_of_reach: tuple[Subscription, ...]
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
    subscriptions = tuple(load_subscriptions_of_people(tx, store, numbers, sorted(emails)))
    row = load_store_row(tx, store)
    there = row is not None and row.has_subscriptions
    found = suppression.load(tx, store, EMAIL, emails)
    return Held(
        account,
        emails,
        tuple(orders),
        sum(each.status in _OPEN_ORDERS for each in orders),
        subscriptions if there else (),
        () if there else subscriptions,
        {
            **count_held(tx, store, person),
            "coupons": len(load_coupon_codes(tx, store, person)),
        },
        bool(found),
        _refusal(tx, settings, account, subscriptions),
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


def _refusal(
    tx: Connection, settings: StoreSettings, account: int, subscriptions: Iterable[Subscription]
) -> str:
    store = settings.name
    row = load_store_row(tx, store)
    if not settings.write:
        return "wcflow writes nothing to this store (write = no)"
    if row is None or row.initial_sync_done is None:
        return "the initial import is not finished, so their orders are not all known"
    customer = load_customers(tx, store, [account]).get(account) if account else None
    if customer is not None and customer.role not in ROLES:
        return f"their account has the role {customer.role}: wcflow deletes only customers"
    for each in subscriptions:
        if each.status not in ENDED_SUBSCRIPTION:
            name = each.number or each.id
            return f"their subscription {name} is {each.status}; cancel it in WooCommerce first"
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
    subscriptions = [each.id for each in held.subscriptions]
    queue_subscriptions(tx, erasure, subscriptions, by)
    queue_orders(tx, erasure, numbers, by)
    _queue_coupons(tx, erasure, codes, by)
    delete_subscriptions(tx, store, [each.id for each in held.out_of_reach])
    if orders is Orders.DELETE:
        delete_orders(tx, store, numbers)
        delete_subscriptions(tx, store, subscriptions)
    words = f"deleted a customer (erasure {erasure.id})"
    data = {"erasure": erasure.id}
    return Outcome(words, save_edit(tx, store, 0, "erasure", words, by, data))


def receipt_counts(held: Held) -> dict[str, int]:
    """Return how many of what a receipt counts."""
    guests = sum(not each.customer_id for each in held.orders)
    more = {"orders": len(held.orders), "guest_orders": guests}
    more |= {"accounts": int(bool(held.account)), "suppressed": int(held.suppressed)}
    more |= {
        "subscriptions": len(held.subscriptions),
        "subscriptions_out_of_reach": len(held.out_of_reach),
    }
    return {**held.counts, **more}


def queue_orders(tx: Connection, erasure: Erasure, orders: Collection[int], by: EditedBy) -> None:
    """Queue what becomes of these orders in the store."""
    _queue_each(tx, erasure, "order", ORDER_KINDS[erasure.mode], orders, by)


def queue_subscriptions(
    tx: Connection, erasure: Erasure, subscriptions: Collection[int], by: EditedBy
) -> None:
    """Queue what becomes of these subscriptions in the store."""
    _queue_each(tx, erasure, "subscription", SUBSCRIPTION_KINDS[erasure.mode], subscriptions, by)


def _queue_each(
    tx: Connection, erasure: Erasure, what: str, kind: str, numbers: Iterable[int], by: EditedBy
) -> None:
    nothing: Mapping[str, str] = {}
    changes = [(_change(erasure, f"{what} {each}", kind, each), nothing) for each in numbers]
    _queue(tx, erasure, changes, by)


def queue_account(tx: Connection, erasure: Erasure, by: EditedBy) -> None:
    """Queue the deletion of the account; a store with subscriptions is looked at for new ones."""
    number, row = erasure.account, load_store_row(tx, erasure.store)
    payload = {"subscriptions": "yes"} if row is not None and row.has_subscriptions else {}
    change = _change(erasure, f"customer {number}", DELETE_ACCOUNT, number)
    _queue(tx, erasure, [(change, payload)], by)


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
