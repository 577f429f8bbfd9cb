"""What lists of customers show, search and sort: saved with each evaluation, read a page at a time."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, bindparam, update

from wcflow.database.companies import fold_company
from wcflow.database.contacts import contact_of_profile
from wcflow.database.search_text import LONGEST, phone_digits, sort_name
from wcflow.database.sql import fetch_in, select_in, stamp, table_of
from wcflow.database.tables import PersonRow
from wcflow.profile import HIDDEN_STATUSES, Profile, account_in, order_date

_PERSONS = table_of(PersonRow)
_DIGITS = re.compile(r"\d{1,18}", re.ASCII)


class ListedFacts(NamedTuple):
    """What lists show of a person, as of the last evaluation.

    ``list_key`` sorts customers by number and then guests by address; ``sort_name`` has neither case
    nor accents, and is the address of those without a name. ``total_spent`` is in minor units of the store's currency. Times are stamps.
    """

    person: int
    list_key: str
    name: str
    sort_name: str
    phone: str
    company: str
    total_spent: int
    orders_count: int
    last_order: int | None
    since: int | None


_COLUMNS = ListedFacts._fields[1:]
_SAVED = select_in(_PERSONS, "id", _PERSONS.c.id, *(_PERSONS.c[name] for name in _COLUMNS))
_UPDATE = (
    update(_PERSONS)
    .where(_PERSONS.c.store == bindparam("of_store"), _PERSONS.c.id == bindparam("of_person"))
    .values({name: bindparam(f"to_{name}", type_=_PERSONS.c[name].type) for name in _COLUMNS})
)


def listed_facts(profile: Profile, total_spent: int, orders_count: int) -> ListedFacts:
    """Return what lists show of a person. It is called for everyone in a full evaluation."""
    name = _name(profile)[:LONGEST]
    paid, since = profile.paid, _since(profile)
    return ListedFacts(
        profile.person,
        list_key(profile.key),
        name,
        sort_name(name or profile.email),
        phone_digits(_of_billing(profile, "phone")),
        fold_company(_of_billing(profile, "company"))[:LONGEST],
        total_spent,
        orders_count,
        stamp(order_date(paid[-1])) if paid else None,
        None if since is None else stamp(since),
    )


def _name(profile: Profile) -> str:
    account = profile.account
    own = f"{account.first_name} {account.last_name}".strip() if account else ""
    return own or contact_of_profile(profile).name


def _since(profile: Profile) -> datetime | None:
    """Return when someone registered or first ordered, whichever was earlier."""
    registered = profile.account.created if profile.account else None
    for order in profile.orders:
        if order.status not in HIDDEN_STATUSES:
            earlier = registered is None or order.created < registered
            return order.created if earlier else registered
    return registered


def _of_billing(profile: Profile, part: str) -> str:
    """Return a part of the account's billing address, or else of the newest order that has it."""
    if profile.account and (found := getattr(profile.account.billing, part).strip()):
        return str(found)
    for order in reversed(profile.orders):
        if found := getattr(order.billing, part).strip():
            return str(found)
    return ""


def list_key(key: str) -> str:
    """Return what sorts customers by number and then guests by address, with numbers as numbers."""
    account = account_in(key)
    if account is not None:
        return f"0{account:020d}"
    return "1" + _DIGITS.sub(lambda digits: digits[0].zfill(18), key[2:].casefold())[:LONGEST]


def save_listed_facts(tx: Connection, store: str, facts: Iterable[ListedFacts]) -> None:
    """Save what changed: most evaluations change nothing here, and all of it is in indexes."""
    new = {each.person: each for each in facts}
    saved = {row[0]: tuple(row) for row in fetch_in(tx, _SAVED, store, new)}
    changed = [each for each in new.values() if saved.get(each.person) != each]
    if changed:
        tx.execute(_UPDATE, [_values(store, each) for each in changed])


def _values(store: str, facts: ListedFacts) -> dict[str, Any]:
    person, *values = facts
    named = {f"to_{name}": value for name, value in zip(_COLUMNS, values, strict=True)}
    return {"of_store": store, "of_person": person, **named}
