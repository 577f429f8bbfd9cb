"""Find people by a part of their name or address, or by an order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from difflib import get_close_matches
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Text, and_, cast, func, or_, select

from wcflow.database.identity import Owner, find_keys, find_persons, load_person_keys
from wcflow.database.people import find_person
from wcflow.database.sql import fetch_in, loads, select_in, table_of
from wcflow.database.tables import CustomerRow, OrderRow, PersonRow
from wcflow.profile import account_in, email_in, guest_key

_PERSONS, _CUSTOMERS = table_of(PersonRow), table_of(CustomerRow)
_ORDERS = table_of(OrderRow)
_PRESENT = select_in(_PERSONS, "id", _PERSONS.c.id).where(_PERSONS.c.present)
_BY_EMAIL = select_in(_PERSONS, "email", _PERSONS.c.id, _PERSONS.c.email).where(_PERSONS.c.present)
# As in the index, which has only the orders whose number is not their id.
_HAS_NUMBER = _ORDERS.c.number != cast(_ORDERS.c.id, Text)
MOST_FOUND = 200
"""With more people than this, a search ends: its text is too short to be of use."""
_MOST_COMPARED, _MOST_WORDS = 20_000, 20


class Belonging(NamedTuple):
    """What decides which person an order belongs to, besides the order itself."""

    shared_emails: frozenset[str]
    guests: str


def find_exactly(tx: Connection, store: str, names: Iterable[str]) -> dict[str, int]:
    """Return the person of each customer id or e-mail address, as ``find_person`` for many at once."""
    wanted = {name: name.strip().lower() for name in names}
    keys = {
        name: f"c{text.removeprefix('c')}"
        if text.removeprefix("c").isdecimal()
        else guest_key(text)
        for name, text in wanted.items()
        if text
    }
    by_key = find_persons(tx, store, {key for key in keys.values() if _is_key(key)})
    by_email: dict[str, set[int]] = {}
    for person, email in fetch_in(tx, _BY_EMAIL, store, {*wanted.values()}):
        by_email.setdefault(email, set()).add(person)
    persons = {*by_key.values(), *(each for some in by_email.values() for each in some)}
    present = {row[0] for row in fetch_in(tx, _PRESENT, store, persons)}
    # A registered customer comes before a guest with the same address.
    of_person = load_person_keys(tx, store, present)
    found = {}
    for name, key in keys.items():
        fitting = {*by_email.get(wanted[name], ()), by_key.get(key, 0)} & present
        person = min(fitting, key=of_person.__getitem__, default=None) or find_person(
            tx, store, name
        )
        if person is not None:
            found[name] = person
    return found


def _is_key(key: str) -> bool:
    return bool(account_in(key) or email_in(key))


def find_by_order(tx: Connection, store: str, number: str, belonging: Belonging) -> set[int]:
    """Return the people with an order of this number, as the store shows it, or of this id."""
    owner = select(_ORDERS.c.customer_id, _ORDERS.c.email, _ORDERS.c.number)
    of_store = owner.where(_ORDERS.c.store == store)
    by_id = number.isdecimal() and len(number) < 19  # noqa: PLR2004  what an integer can hold
    rows = list(tx.execute(of_store.where(_ORDERS.c.id == int(number)))) if by_id else []
    if not any(row.number in ("", number) for row in rows):
        same = _ORDERS.c.number.in_({number, number.lower(), number.upper()})
        rows += tx.execute(of_store.where(same, _HAS_NUMBER).limit(MOST_FOUND))
    return _persons(tx, store, (Owner(row.customer_id, row.email) for row in rows), belonging)


def find_by_text(tx: Connection, store: str, text: str, belonging: Belonging) -> set[int]:
    """Return the people whose address contains the text, or whose name contains each of its words.

    At most ``MOST_FOUND`` and a few more. Case does not matter, accents do.
    """
    found = set(_find_addresses(tx, store, text.lower()))
    words = text.casefold().split()[:_MOST_WORDS]
    for owners in (
        _find_billing_addresses(tx, store, text.lower()),
        _find_accounts(tx, store, words),
        _find_buyers(tx, store, words),
    ):
        if len(found) <= MOST_FOUND:
            found |= _persons(tx, store, owners, belonging)
    return found


def _persons(tx: Connection, store: str, owners: Iterable[Owner], belonging: Belonging) -> set[int]:
    keys = find_keys(tx, store, owners, belonging.shared_emails, belonging.guests)
    persons = find_persons(tx, store, {key for key in keys.values() if key}).values()
    return {row[0] for row in fetch_in(tx, _PRESENT, store, sorted(set(persons)))}


def _find_addresses(tx: Connection, store: str, part: str) -> Iterable[int]:
    contains = _PERSONS.c.email.contains(part, autoescape=True)
    matching = (_PERSONS.c.store == store, _PERSONS.c.present, contains)
    return tx.scalars(select(_PERSONS.c.id).where(*matching).limit(MOST_FOUND))


def _find_billing_addresses(tx: Connection, store: str, part: str) -> Iterator[Owner]:
    """Yield the owners of accounts and orders with another billing address than their own."""
    billing = _CUSTOMERS.c.billing_email.contains(part, autoescape=True)
    accounts = select(_CUSTOMERS.c.id).where(_CUSTOMERS.c.store == store, billing)
    yield from (Owner(number, "") for number in tx.scalars(accounts.limit(MOST_FOUND)))
    of_order = _ORDERS.c.email.contains(part, autoescape=True)
    orders = select(_ORDERS.c.customer_id, _ORDERS.c.email).where(
        _ORDERS.c.store == store, of_order
    )
    yield from (Owner(*row) for row in tx.execute(orders.distinct().limit(MOST_FOUND)))


def _find_accounts(tx: Connection, store: str, words: Sequence[str]) -> Iterator[Owner]:
    """Yield the accounts with this name, or this name in the billing address."""
    first, last, detail = _CUSTOMERS.c.first_name, _CUSTOMERS.c.last_name, _CUSTOMERS.c.detail
    likely = [or_(*(_has(tx, column, word) for column in (first, last, detail))) for word in words]
    query = select(_CUSTOMERS.c.id, first, last, detail).where(_CUSTOMERS.c.store == store, *likely)
    count = 0
    for number, *names, text in _stream(tx, query):
        if _matches(words, " ".join(names)) or _matches(words, _billing_name(text)):
            yield Owner(number, "")
            count += 1
            if count > MOST_FOUND:
                return


def _find_buyers(tx: Connection, store: str, words: Sequence[str]) -> Iterator[Owner]:
    """Yield the owners of orders with this name in the billing address."""
    likely = [_has(tx, _ORDERS.c.detail, word) for word in words]
    query = select(_ORDERS.c.customer_id, _ORDERS.c.email, _ORDERS.c.detail)
    found: set[Owner] = set()
    for row in _stream(tx, query.where(_ORDERS.c.store == store, *likely)):
        owner = Owner(row.customer_id, row.email)
        if owner not in found and _matches(words, _billing_name(row.detail)):
            found.add(owner)
            yield owner
            if len(found) > MOST_FOUND:
                return


def _has(tx: Connection, column: ColumnElement[str], word: str) -> ColumnElement[bool]:
    """Return whether a column may contain a word; SQLite ignores the case of ASCII letters only."""
    plain = "".join(each if each.isascii() and each.isalnum() else "%" for each in word)
    # LIKE ignores case in SQLite, and ILIKE in PostgreSQL.
    verb = "LIKE" if tx.dialect.name == "sqlite" else "ILIKE"
    return column.op(verb, is_comparison=True)(f"%{plain}%")


def _matches(words: Sequence[str], name: str) -> bool:
    folded = name.casefold()
    return bool(words) and all(word in folded for word in words)


def _billing_name(detail: str) -> str:
    billing = loads(detail).get("billing") or {}
    return f"{billing.get('first_name') or ''} {billing.get('last_name') or ''}"


def _stream(tx: Connection, query: Any) -> Iterable[Any]:
    return tx.execute(query.execution_options(yield_per=1000))


def likely_names(tx: Connection, store: str, text: str) -> list[str]:
    """Return names or addresses that are written almost alike and begin with the same letter."""
    start = text[:1].lower()
    if "@" in text:
        column = _PERSONS.c.email
        within = and_(
            _PERSONS.c.store == store, _PERSONS.c.present, column.startswith(start, autoescape=True)
        )
        known = {row[0] for row in tx.execute(select(column).where(within).limit(_MOST_COMPARED))}
    else:
        known = {*_account_names(tx, store, start), *_guest_names(tx, store, start)}
    by_lower = {each.lower(): each for each in sorted(known)}
    return [by_lower[each] for each in get_close_matches(text.lower(), by_lower, n=3, cutoff=0.7)]


def _account_names(tx: Connection, store: str, start: str) -> Iterator[str]:
    """Yield the names of accounts whose first or last name begins with this letter."""
    first, last = _CUSTOMERS.c.first_name, _CUSTOMERS.c.last_name
    begins = or_(*(func.lower(each).startswith(start, autoescape=True) for each in (first, last)))
    names = select(first, last).where(_CUSTOMERS.c.store == store, begins)
    yield from (" ".join(row).strip() for row in tx.execute(names.limit(_MOST_COMPARED)))


def _guest_names(tx: Connection, store: str, start: str) -> Iterator[str]:
    """Yield the names of guests whose first name begins with this letter."""
    of_guests = (_ORDERS.c.store == store, _ORDERS.c.customer_id == 0)
    likely = _has(tx, _ORDERS.c.detail, f'"first_name":"{start}')
    orders = select(_ORDERS.c.detail).where(*of_guests, likely).limit(_MOST_COMPARED)
    yield from (_billing_name(detail).strip() for detail in tx.scalars(orders))
