"""After a split, cancel what was queued while two people were one and would reach the wrong one.

What is about an order goes with the order, and everything else stays (``database.parting``). What then
names the other person, or goes to their account or to one of their orders, is cancelled: its text is
finished and cannot be written anew.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection

from wcflow.actions.registry import entry_kind
from wcflow.database.customers import load_customers
from wcflow.database.identity import load_person_keys
from wcflow.database.orders import load_orders_of_people
from wcflow.database.outbox import OutboxEntry
from wcflow.database.outcomes import WAITING, end_entries
from wcflow.database.parting import end_runs, load_entries_since
from wcflow.database.same_person import with_joined
from wcflow.profile import account_in, email_in
from wcflow.records import Address, Customer, Order

NAMES_OTHER = "it is about another customer: the two were merged by mistake"
_SHORTEST_NUMBER = 3
"""A shorter number of an order could be any other number in a text."""


class _Side(NamedTuple):
    """One of two people who parted: what belongs to them, and what a text can call them."""

    account: int
    orders: frozenset[int]
    words: frozenset[str]


def cancel_mixed(
    tx: Connection, store: str, pair: tuple[int, int], before: Collection[int], now: datetime
) -> int:
    """Cancel what was queued for one of two people and names the other; return how many.

    ``before`` are the entries from before the merge. A run that has made something for the other
    one, such as a coupon, ends, because its later steps could contain that.
    """
    sides = _load_sides(tx, store, pair)
    count = 0
    for person, mine, other in zip(pair, sides, sides[::-1], strict=True):
        pattern = _pattern(other.words - mine.words)
        wrong = [
            each
            for each in load_entries_since(tx, store, person, before)
            if _goes_to(each, other) or _names(each.payload, pattern)
        ]
        mixed = [each for each in wrong if each.state in WAITING]
        count += len(mixed) + end_entries(tx, mixed, "cancelled", NAMES_OTHER, now)
        done = {each.run_id for each in wrong if each.state == "done" and each.run_id}
        end_runs(tx, done, NAMES_OTHER, now)
    return count


def _load_sides(tx: Connection, store: str, pair: tuple[int, int]) -> tuple[_Side, _Side]:
    keys = load_person_keys(tx, store, pair)
    accounts = [account_in(keys[person]) or 0 for person in pair]
    customers = load_customers(tx, store, {*accounts} - {0})
    emails = []
    for person, account in zip(pair, accounts, strict=True):
        own = {email_in(keys[person]) or ""}
        if account in customers:
            own |= {customers[account].email, customers[account].billing.email}
        emails.append({*with_joined(tx, store, own - {""}, [account] if account else [])})
    orders = load_orders_of_people(tx, store, {*accounts} - {0}, sorted(emails[0] | emails[1]))
    # An order that was moved to the account is still the guest's whose address is in it.
    by_email = [[each for each in orders if each.email in found] for found in emails]
    known = {each.id for found in by_email for each in found}
    one, other = (
        _side(
            account,
            found,
            customers.get(account),
            [*mine, *(o for o in orders if o.id not in known and account == o.customer_id)],
        )
        for account, found, mine in zip(accounts, emails, by_email, strict=True)
    )
    return one, other


def _side(
    account: int, emails: Collection[str], customer: Customer | None, orders: Collection[Order]
) -> _Side:
    words = {*emails}
    if customer is not None:
        words |= {customer.email, customer.first_name, customer.last_name}
        words |= _words(customer.billing) | _words(customer.shipping)
    for order in orders:
        words |= _words(order.billing) | _words(order.shipping) | {order.email}
        words |= {order.number} if len(order.number) >= _SHORTEST_NUMBER else set()
    names = frozenset(each.strip().casefold() for each in words)
    return _Side(account, frozenset(each.id for each in orders), names - {""})


def _words(address: Address) -> set[str]:
    return {
        address.first_name,
        address.last_name,
        address.company,
        address.address_1,
        address.email,
        address.phone,
    }


def _goes_to(entry: OutboxEntry, side: _Side) -> bool:
    place = entry_kind(entry.kind).resource
    if place == "order":
        return entry.target_id in side.orders
    return place == "customer" and entry.target_id == side.account != 0


def _pattern(words: Collection[str]) -> re.Pattern[str] | None:
    parts = "|".join(re.escape(each) for each in sorted(words))
    return re.compile(rf"(?<!\w)(?:{parts})(?!\w)") if parts else None


def _names(payload: Mapping[str, Any], pattern: re.Pattern[str] | None) -> bool:
    if pattern is None:
        return False
    return any(pattern.search(text.casefold()) for text in _texts(payload))


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for each in value.values():
            yield from _texts(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _texts(each)
    else:
        yield str(value)
