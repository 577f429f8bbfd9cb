"""Which addresses belong to the same person because someone of the team said so.

A row says that the guest orders of an address belong to a customer, or to whoever has another
address. Nothing else is saved: the owner of an order follows from these rows and the current state of
the store, so that a new database with the same rows comes to the same people.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

from sqlalchemy import Connection, delete, exists, func, select, update

from wcflow.database.sql import fetch_in, select_in, table_of, upsert
from wcflow.database.tables import NotSamePersonRow, SamePersonRow
from wcflow.profile import account_key, email_in, guest_key

_LINKS, _DIFFERENT = table_of(SamePersonRow), table_of(NotSamePersonRow)
_BY_EMAIL = select_in(_LINKS, "email", _LINKS.c.email, _LINKS.c.belongs_to)
_BY_OTHER = select_in(_LINKS, "belongs_to", _LINKS.c.email, _LINKS.c.belongs_to)


class Joined(NamedTuple):
    """Addresses of one person, and the key that they lead to: a customer or one of the addresses."""

    root: str
    emails: frozenset[str]


def load_joined(
    tx: Connection, store: str, emails: Iterable[str], accounts: Iterable[int] = ()
) -> list[Joined]:
    """Return what was joined with these addresses and customers; usually that is nothing."""
    if not tx.scalar(select(exists().where(_LINKS.c.store == store))):
        return []
    keys = {*map(guest_key, emails), *map(account_key, accounts)}
    links, asked = dict[str, str](), set[str]()
    while left := keys - asked:
        asked |= left
        addresses = [email for key in left if (email := email_in(key))]
        rows = [*fetch_in(tx, _BY_EMAIL, store, addresses), *fetch_in(tx, _BY_OTHER, store, left)]
        links |= {row.email: row.belongs_to for row in rows}
        keys |= {key for row in rows for key in (guest_key(row.email), row.belongs_to)}
    return _group(links)


def _group(links: Mapping[str, str]) -> list[Joined]:
    found: dict[str, set[str]] = {}
    for email in links:
        key, passed = guest_key(email), {email}
        while (address := email_in(key)) is not None and address in links:
            key = links[address]
            if email_in(key) in passed:  # a circle, which only an edited database can have
                break
            passed.add(email_in(key) or address)
        found.setdefault(key, set()).update(passed)
    return [Joined(root, frozenset(emails)) for root, emails in sorted(found.items())]


def with_joined(
    tx: Connection, store: str, emails: Iterable[str], accounts: Iterable[int] = ()
) -> frozenset[str]:
    """Return these addresses and all that were joined with them or with these customers."""
    known = frozenset(emails)
    return known.union(*(each.emails for each in load_joined(tx, store, known, accounts)))


def join(tx: Connection, store: str, email: str, key: str) -> None:
    """Say that the orders of an address belong to the customer or address ``key``."""
    upsert(tx, SamePersonRow, [{"store": store, "email": email, "belongs_to": key}])


def part(tx: Connection, store: str, email: str) -> bool:
    """Take that back; return False if it is not so any more."""
    here = (_LINKS.c.store == store, _LINKS.c.email == email)
    return tx.execute(delete(_LINKS).where(*here)).rowcount > 0


def follow_deleted(tx: Connection, store: str, deleted: Mapping[int, str]) -> None:
    """Join with its address what was joined with a customer who is deleted now."""
    for number, email in sorted(deleted.items()):
        here = (_LINKS.c.store == store, _LINKS.c.belongs_to == account_key(number))
        first = tx.scalar(select(func.min(_LINKS.c.email)).where(*here))
        if first is None:
            continue
        root = email or first
        of_root = (_LINKS.c.store == store, _LINKS.c.email == root)
        # An address that led to the customer is now where the others lead; others lead on.
        if any(group.root == account_key(number) for group in load_joined(tx, store, [root])):
            tx.execute(delete(_LINKS).where(*of_root))
        tx.execute(update(_LINKS).where(*here).values(belongs_to=guest_key(root)))


def count_joined(tx: Connection, store: str) -> int:
    """Count the addresses that were joined with another or with a customer."""
    query = select(func.count()).select_from(_LINKS).where(_LINKS.c.store == store)
    return tx.scalar(query) or 0


# Likely duplicates of whom someone said that they are different people.


def set_different(tx: Connection, store: str, one: str, other: str, by: str, at: int) -> None:
    """Save that two keys are different people."""
    first, second = sorted((one, other))
    row = {"store": store, "one": first, "other": second, "said_by": by, "at": at}
    upsert(tx, NotSamePersonRow, [row])


def forget_different(tx: Connection, store: str, one: str, other: str) -> None:
    """Forget that two keys are different people."""
    first, second = sorted((one, other))
    here = (_DIFFERENT.c.store == store, _DIFFERENT.c.one == first, _DIFFERENT.c.other == second)
    tx.execute(delete(_DIFFERENT).where(*here))


def load_different(tx: Connection, store: str) -> Collection[tuple[str, str]]:
    """Return the pairs of keys that are different people, each in alphabetical order."""
    query = select(_DIFFERENT.c.one, _DIFFERENT.c.other).where(_DIFFERENT.c.store == store)
    return {(row.one, row.other) for row in tx.execute(query)}
