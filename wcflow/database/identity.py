"""Identities of persons: accounts and e-mail addresses move, a person's id stays.

- The owner of an order depends only on the current state of the store (``find_keys``), so that a
  fresh import and a year of polls agree, and on which addresses someone joined by hand
  (``same_person``). A key is ``c12`` for an account and
  ``g:anna@example.com`` for a guest's address; both are stored as rows of ``identity``.
- A person has at most one account. A person without an account has exactly one address.
- An address that came with an account stays with the account's person until guest orders need it
  again; then it gets a person of its own (``_split``).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any, NamedTuple

from sqlalchemy import Connection, and_, delete, insert, select, update

from wcflow.database.companion import mark_cards_outdated
from wcflow.database.erasures import find_erased, load_open_identities
from wcflow.database.merge import merge_persons
from wcflow.database.same_person import load_joined
from wcflow.database.sql import chunks, fetch_in, select_in, table_of, upsert
from wcflow.database.tables import CustomerRow, IdentityRow, PersonRow, RunRow
from wcflow.profile import account_in, account_key, email_in, guest_key
from wcflow.units import is_anonymous, is_nobody

ACCOUNT, EMAIL = "account", "email"
_PERSONS, _IDENTITIES, _RUNS = table_of(PersonRow), table_of(IdentityRow), table_of(RunRow)
_RUN_KEY = ("store", "workflow", "person", "event")
_ACCOUNTS = _IDENTITIES.alias()
_CUSTOMERS = table_of(CustomerRow)
# The same address in both columns: the account has none of its own.
_BY_EMAIL = select_in(_CUSTOMERS, "email", _CUSTOMERS.c.id, _CUSTOMERS.c.email).where(
    _CUSTOMERS.c.billing_email != _CUSTOMERS.c.email
)
_BY_BILLING_EMAIL = select_in(
    _CUSTOMERS, "billing_email", _CUSTOMERS.c.id, _CUSTOMERS.c.billing_email, _CUSTOMERS.c.email
)
_EMAIL_BY_ID = select_in(_CUSTOMERS, "id", _CUSTOMERS.c.id, _CUSTOMERS.c.email)
_BY_VALUE = (
    select_in(_IDENTITIES, "value", _IDENTITIES.c.value, _IDENTITIES.c.person)
    .add_columns(_ACCOUNTS.c.value.label("account"))
    .outerjoin(
        _ACCOUNTS,
        and_(
            _ACCOUNTS.c.store == _IDENTITIES.c.store,
            _ACCOUNTS.c.person == _IDENTITIES.c.person,
            _ACCOUNTS.c.kind == ACCOUNT,
        ),
    )
)
_BY_PERSON = select_in(
    _IDENTITIES, "person", _IDENTITIES.c.person, _IDENTITIES.c.kind, _IDENTITIES.c.value
)


# Keys: what the current state of the store says.


class Owner(NamedTuple):
    """The owner that an order names: an account (0: none) and a billing address."""

    customer_id: int
    email: str


def find_keys(
    tx: Connection, store: str, owners: Iterable[Owner], shared: frozenset[str], guests: str
) -> dict[Owner, str | None]:
    """Return the key of each owner: the account, else the account with the address, else a guest.

    A guest who was joined with others by hand is the customer among them, else their first address.
    None for addresses and accounts that belong to no customer or to one who is being deleted, and for
    guests if ``guests`` is "ignore".
    """
    wanted = set(owners)
    emails = {owner.email for owner in wanted if not owner.customer_id}
    emails = {email for email in emails if not is_nobody(email, shared)}
    accounts = _find_accounts(tx, store, emails, shared)
    joined = _find_joined(tx, store, emails - accounts.keys(), shared)
    excluded = find_nobody_accounts(tx, store, {o.customer_id for o in wanted} - {0}, shared)
    keys = {
        owner: None
        if owner.customer_id in excluded
        else _key(owner, emails, accounts, joined, guests)
        for owner in wanted
    }
    return _without_erased(tx, store, keys)


def _without_erased(
    tx: Connection, store: str, keys: dict[Owner, str | None]
) -> dict[Owner, str | None]:
    """Give to no one what belongs to customers who are being deleted in the store."""
    erased = load_open_identities(tx, store)
    if not erased.hashes:
        return keys
    return {
        owner: None
        if key in erased or (not owner.customer_id and guest_key(owner.email) in erased)
        else key
        for owner, key in keys.items()
    }


def find_nobody_accounts(
    tx: Connection, store: str, customer_ids: Iterable[int], shared: frozenset[str]
) -> set[int]:
    """Return the accounts whose own address belongs to no customer."""
    rows = fetch_in(tx, _EMAIL_BY_ID, store, sorted(customer_ids))
    return {number for number, email in rows if email and is_nobody(email, shared)}


def _find_accounts(
    tx: Connection, store: str, emails: Collection[str], shared: frozenset[str]
) -> dict[str, int]:
    """Return the account of each address: the lowest id of those with it as their own address.

    If there is none, the account whose billing address it is, unless several have it.
    """
    found: dict[str, int] = {}
    for number, email in fetch_in(tx, _BY_EMAIL, store, emails):
        found[email] = min(number, found.get(email, number))
    others: dict[str, list[int]] = {}
    left = sorted(set(emails) - found.keys())
    for number, billing, email in fetch_in(tx, _BY_BILLING_EMAIL, store, left):
        if not (email and is_nobody(email, shared)):
            others.setdefault(billing, []).append(number)
    return found | {email: ids[0] for email, ids in others.items() if len(ids) == 1}


def _find_joined(
    tx: Connection, store: str, emails: Collection[str], shared: frozenset[str]
) -> dict[str, str]:
    """Return the key of each address that was joined with others by hand.

    It is that of the customer they were joined with, else of the customer with the lowest id who has
    one of the addresses, else of the address that the others lead to.
    """
    groups = load_joined(tx, store, emails)
    if not groups:
        return {}
    known = frozenset[str]().union(*(group.emails for group in groups))
    valid = {email for email in known if not is_nobody(email, shared)}
    owners = _find_accounts(tx, store, valid, shared)
    roots = {number for group in groups if (number := account_in(group.root))}
    existing = {number for number, _ in fetch_in(tx, _EMAIL_BY_ID, store, sorted(roots))}
    existing -= find_nobody_accounts(tx, store, roots, shared)
    found: dict[str, str] = {}
    for group in groups:
        numbers = {owners[email] for email in group.emails & owners.keys()}
        main = account_in(group.root)
        if main in existing or numbers:
            key = group.root if main in existing else account_key(min(numbers))
        else:
            first = email_in(group.root)
            key = guest_key(first if first in valid else min(group.emails & valid, default=""))
        found |= dict.fromkeys(group.emails, key)
    return found


def _key(
    owner: Owner,
    emails: set[str],
    accounts: Mapping[str, int],
    joined: Mapping[str, str],
    guests: str,
) -> str | None:
    if owner.customer_id:
        return None if is_anonymous(owner.email) else account_key(owner.customer_id)
    if owner.email not in emails:
        return None
    if owner.email in accounts:
        return account_key(accounts[owner.email])
    key = joined.get(owner.email) or guest_key(owner.email)
    return None if guests == "ignore" and account_in(key) is None else key


# Persons: what the database has for these keys.


class _Known(NamedTuple):
    person: int
    account: str | None


def _load_known(tx: Connection, store: str, keys: Iterable[str]) -> dict[str, _Known]:
    """Return the persons that have these identities, as they are stored."""
    by_kind: dict[str, dict[str, str]] = {}
    for key in keys:
        kind, value = _kind_and_value(key)
        by_kind.setdefault(kind, {})[value] = key
    found = {}
    for kind, values in by_kind.items():
        query = _BY_VALUE.where(_IDENTITIES.c.kind == kind)
        for value, person, account in fetch_in(tx, query, store, values):
            found[values[value]] = _Known(person, account)
    return found


def _kind_and_value(key: str) -> tuple[str, str]:
    account = account_in(key)
    return (EMAIL, email_in(key) or "") if account is None else (ACCOUNT, str(account))


def _belongs(key: str, known: _Known) -> bool:
    """Return False for a guest's address if the person is an account that once had it."""
    return known.account is None or account_in(key) is not None


def find_persons(tx: Connection, store: str, keys: Iterable[str]) -> dict[str, int]:
    """Return the person of each key; keys without a person are missing."""
    known = _load_known(tx, store, keys)
    return {key: each.person for key, each in known.items() if _belongs(key, each)}


def load_person_keys(tx: Connection, store: str, persons: Iterable[int]) -> dict[int, str]:
    """Return the key of each person: the account, else the address."""
    found: dict[int, str] = {}
    for person, kind, value in fetch_in(tx, _BY_PERSON, store, persons):
        if kind == ACCOUNT:
            found[person] = account_key(int(value))
        else:
            found.setdefault(person, guest_key(value))
    return found


def mark_dirty(tx: Connection, store: str, people: Mapping[str, str]) -> dict[str, int]:
    """Mark persons for evaluation and create new ones; return their ids.

    ``people`` maps keys to e-mail addresses.
    """
    if not people:
        return {}
    known = _load_known(tx, store, people)
    persons = {key: each.person for key, each in known.items() if _belongs(key, each)}
    for key in sorted(known.keys() - persons.keys()):
        persons[key] = _split(tx, store, email_in(key) or "", known[key].person)
    rows = [
        {"id": person, "store": store, "email": people[key], "dirty": 1, "present": True}
        # All writers use the same order, otherwise two of them could deadlock in PostgreSQL.
        for key, person in sorted(persons.items(), key=lambda each: each[1])
    ]
    upsert(tx, PersonRow, rows)
    mark_cards_outdated(tx, store, persons.values())
    return persons | _create(tx, store, {k: people[k] for k in sorted(people.keys() - persons)})


def mark_persons_dirty(tx: Connection, store: str, persons: Iterable[int]) -> None:
    """Mark these persons for evaluation, unless they are gone."""
    for part in chunks(sorted(set(persons))):
        matching = (_PERSONS.c.store == store, _PERSONS.c.id.in_(part), _PERSONS.c.present)
        tx.execute(update(_PERSONS).where(*matching).values(dirty=1))
        mark_cards_outdated(tx, store, part)


def _create(tx: Connection, store: str, people: Mapping[str, str]) -> dict[str, int]:
    if not people:
        return {}
    rows = [_new_person(store, email) for email in people.values()]
    inserted = insert(_PERSONS).returning(_PERSONS.c.id, sort_by_parameter_order=True)
    persons = dict(zip(people, tx.scalars(inserted, rows), strict=True))
    identities = [_identity_row(store, key, person) for key, person in persons.items()]
    upsert(tx, IdentityRow, identities)
    _inherit_from_erased(tx, store, people, persons)
    return persons


def _inherit_from_erased(
    tx: Connection, store: str, people: Mapping[str, str], persons: Mapping[str, int]
) -> None:
    """Let what was handled for a deleted customer be handled for whoever has their address now."""
    keys = {key: {key, guest_key(email)} for key, email in people.items()}
    erased = find_erased(tx, store, set[str]().union(*keys.values()))
    for key, person in persons.items() if erased else ():
        for former in set[int]().union(*(erased.get(each, ()) for each in keys[key])):
            _copy_handled_events(tx, store, former, person)


def _new_person(store: str, email: str) -> dict[str, Any]:
    return PersonRow(store=store, email=email).model_dump(exclude={"id"})


def _identity_row(store: str, key: str, person: int) -> dict[str, Any]:
    kind, value = _kind_and_value(key)
    return {"store": store, "kind": kind, "value": value, "person": person}


def _split(tx: Connection, store: str, email: str, person: int) -> int:
    """Create a person for an address; what ``person`` has handled is handled for them as well."""
    (new,) = tx.scalars(insert(_PERSONS).returning(_PERSONS.c.id), [_new_person(store, email)])
    upsert(tx, IdentityRow, [_identity_row(store, guest_key(email), new)])
    _copy_handled_events(tx, store, person, new)
    return int(new)


def _copy_handled_events(tx: Connection, store: str, person: int, new: int) -> None:
    # Events of an order are left out: they are handled for every person, by the order.
    others = ~_RUNS.c.event.startswith("order ")
    query = select(_RUNS).where(_RUNS.c.store == store, _RUNS.c.person == person, others)
    handled = {
        "person": new,
        "state": "skipped",
        "reason": "already handled for the customer who had this address",
        "due_at": None,
    }
    rows = [
        {name: value for name, value in row.items() if name != "id"} | handled
        for row in tx.execute(query).mappings()
    ]
    upsert(tx, RunRow, rows, on=_RUN_KEY, keep=[column.name for column in _RUNS.columns])


# Identities move; persons keep their ids, or two are merged.


def move_identity(tx: Connection, store: str, old: str, new: str, email: str) -> None:
    """Change a person's key from ``old`` to ``new``; merge the two if ``new`` has a person.

    ``old`` is a guest who registered or whose address was corrected, or a deleted account.
    """
    if old != new:
        known = _load_known(tx, store, {old, new})
        source, target = known.get(old), known.get(new)
        if source is not None and _belongs(old, source):
            if account_in(old) is not None:
                _drop_account(tx, store, old, source.person, keep=email_in(new))
            elif account_in(new) is None:
                _forget_identity(tx, store, old)
            _join(tx, store, source.person, target, new)
    mark_dirty(tx, store, {new: email_in(new) or email})


def part_identity(
    tx: Connection, store: str, key: str, person: int, email: str
) -> tuple[int, bool]:
    """Give a key that leaves a person a person of its own; what was handled stays handled.

    Return the person, and whether they are new.
    """
    known = find_persons(tx, store, [key]).get(key)
    here = (_PERSONS.c.id == known, _PERSONS.c.present)
    is_new = known is None or tx.scalar(select(_PERSONS.c.id).where(*here)) is None
    other = mark_dirty(tx, store, {key: email_in(key) or email})[key]
    if other != person:
        _copy_handled_events(tx, store, person, other)
    return other, is_new


def _join(tx: Connection, store: str, source: int, target: _Known | None, new: str) -> None:
    if target is not None and target.person != source and _belongs(new, target):
        merge_persons(tx, store, source, target.person)
        return
    if target is not None and target.person != source:
        _copy_handled_events(tx, store, target.person, source)
    upsert(tx, IdentityRow, [_identity_row(store, new, source)])
    # The person has another account now, or none, and nothing was written to it yet.
    tx.execute(update(_PERSONS).where(_PERSONS.c.id == source).values(written_to_customer=None))


def _drop_account(tx: Connection, store: str, key: str, person: int, keep: str | None) -> None:
    """Remove an account from a person, and all its former addresses but the one to keep."""
    kind, value = _kind_and_value(key)
    of_person = and_(_IDENTITIES.c.store == store, _IDENTITIES.c.person == person)
    account = and_(_IDENTITIES.c.kind == kind, _IDENTITIES.c.value == value)
    if keep is not None:
        emails = select(_IDENTITIES.c.value).where(of_person, _IDENTITIES.c.kind == EMAIL)
        for email in [*tx.scalars(emails)]:
            if email != keep:
                _set_absent(tx, store, _split(tx, store, email, person))
    tx.execute(delete(_IDENTITIES).where(of_person, account))


def _forget_identity(tx: Connection, store: str, key: str) -> None:
    kind, value = _kind_and_value(key)
    here = (_IDENTITIES.c.kind == kind, _IDENTITIES.c.value == value)
    tx.execute(delete(_IDENTITIES).where(_IDENTITIES.c.store == store, *here))


def _set_absent(tx: Connection, store: str, person: int) -> None:
    mark_cards_outdated(tx, store, [person])
    tx.execute(update(_PERSONS).where(_PERSONS.c.id == person).values(present=False, dirty=0))
