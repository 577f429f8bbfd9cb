"""Find people by their customer id or address, or by an order."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from sqlalchemy import Connection, Text, cast, select

from wcflow.database.identity import Owner, find_keys, find_persons, load_person_keys
from wcflow.database.people import find_person
from wcflow.database.sql import fetch_in, select_in, table_of
from wcflow.database.tables import OrderRow, PersonRow
from wcflow.profile import account_in, email_in, guest_key

_PERSONS, _ORDERS = table_of(PersonRow), table_of(OrderRow)
_PRESENT = select_in(_PERSONS, "id", _PERSONS.c.id).where(_PERSONS.c.present)
_BY_EMAIL = select_in(_PERSONS, "email", _PERSONS.c.id, _PERSONS.c.email).where(_PERSONS.c.present)
# As in the index, which has only the orders whose number is not their id.
_HAS_NUMBER = _ORDERS.c.number != cast(_ORDERS.c.id, Text)
MOST_FOUND = 200
"""With more people than this, a search ends: its text is too short to be of use."""


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


def _persons(tx: Connection, store: str, owners: Iterable[Owner], belonging: Belonging) -> set[int]:
    keys = find_keys(tx, store, owners, belonging.shared_emails, belonging.guests)
    persons = find_persons(tx, store, {key for key in keys.values() if key}).values()
    return {row[0] for row in fetch_in(tx, _PRESENT, store, sorted(set(persons)))}
