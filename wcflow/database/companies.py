"""Companies of a store, and which people belong to them.

A person belongs to the company that someone put them into by hand, else to the one with their
billing company. Someone who was taken out by hand belongs to none.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, delete, func, insert, or_, select, update

from wcflow.database.companion import check_every_card
from wcflow.database.sql import fetch_in, instant, select_in, stamp, table_of, upsert
from wcflow.database.tables import CompanyMemberRow, CompanyRow, PersonRow
from wcflow.rules.literals import fold

_COMPANIES, _MEMBERS = table_of(CompanyRow), table_of(CompanyMemberRow)
_PERSONS = table_of(PersonRow)
_BY_HAND = and_(_MEMBERS.c.store == _PERSONS.c.store, _MEMBERS.c.person == _PERSONS.c.id)
_BY_BILLING = and_(
    _COMPANIES.c.store == _PERSONS.c.store,
    _COMPANIES.c.billing_company == _PERSONS.c.company,
    _COMPANIES.c.billing_company != "",
)
_MEMBER_ROW = select_in(_MEMBERS, "person", *_MEMBERS.c)


class Company(NamedTuple):
    """A company. ``billing_company`` is folded; customers with it are members by themselves."""

    id: int
    store: str
    name: str
    email: str
    vat_id: str
    billing_company: str
    made_by: str
    made_at: datetime


class CompanyFigures(NamedTuple):
    """How many customers a company has, their paid orders, and what they spent in minor units."""

    customers: int = 0
    orders: int = 0
    spent: int = 0


@lru_cache(maxsize=8192)
def fold_company(text: str) -> str:
    """Return the name of a company for comparison: without case, single spaces."""
    return " ".join(fold(text).split())


def load_companies(tx: Connection, store: str) -> list[Company]:
    """Return the companies of a store, by name."""
    query = select(_COMPANIES).where(_COMPANIES.c.store == store).order_by(_COMPANIES.c.folded)
    return [_from_row(row) for row in tx.execute(query)]


def find_company(tx: Connection, store: str, name: str) -> Company | None:
    """Return the company of this name, whatever its case."""
    here = (_COMPANIES.c.store == store, _COMPANIES.c.folded == fold_company(name))
    row = tx.execute(select(_COMPANIES).where(*here)).one_or_none()
    return None if row is None else _from_row(row)


def find_by_billing(tx: Connection, store: str, billing_company: str) -> Company | None:
    """Return the company whose members have this billing company."""
    folded = fold_company(billing_company)
    here = (_COMPANIES.c.store == store, _COMPANIES.c.billing_company == folded)
    row = tx.execute(select(_COMPANIES).where(*here)).first() if folded else None
    return None if row is None else _from_row(row)


def load_company(tx: Connection, company_id: int) -> Company | None:
    """Return the company with this id."""
    row = tx.execute(select(_COMPANIES).where(_COMPANIES.c.id == company_id)).one_or_none()
    return None if row is None else _from_row(row)


def save_company(tx: Connection, company: Company) -> int:
    """Save a company, new if its id is 0, and return its id."""
    check_every_card(tx, company.store)
    values = {
        "store": company.store,
        "name": company.name,
        "folded": fold_company(company.name),
        "email": company.email,
        "vat_id": company.vat_id,
        "billing_company": company.billing_company,
        "made_by": company.made_by,
        "made_at": stamp(company.made_at),
    }
    if company.id:
        values["id"] = company.id
        upsert(tx, CompanyRow, [values])
        return company.id
    return int(tx.execute(insert(_COMPANIES).returning(_COMPANIES.c.id), values).scalar_one())


def delete_company(tx: Connection, company: Company) -> list[int]:
    """Delete a company; return the people who were put into it by hand."""
    check_every_card(tx, company.store)
    put = (_MEMBERS.c.store == company.store, _MEMBERS.c.company == company.id)
    people = sorted(tx.scalars(select(_MEMBERS.c.person).where(*put)))
    tx.execute(delete(_MEMBERS).where(*put))
    tx.execute(delete(_COMPANIES).where(_COMPANIES.c.id == company.id))
    return people


# Members.


def is_member(company: Company) -> ColumnElement[bool]:
    """Return the condition on the person table that someone belongs to a company."""
    mine = select(_MEMBERS.c.person).where(_BY_HAND, _MEMBERS.c.company == company.id).exists()
    if not company.billing_company:
        return mine
    by_hand = select(_MEMBERS.c.person).where(_BY_HAND).exists()
    return or_(mine, and_(_PERSONS.c.company == company.billing_company, ~by_hand))


def load_members(tx: Connection, company: Company) -> list[int]:
    """Return the people of a company, those who spent most first."""
    here = (_PERSONS.c.store == company.store, _PERSONS.c.present, is_member(company))
    query = select(_PERSONS.c.id).where(*here)
    return list(tx.scalars(query.order_by(_PERSONS.c.total_spent.desc(), _PERSONS.c.id)))


def load_figures(tx: Connection, company: Company) -> CompanyFigures:
    """Return the figures of a company, as of the last evaluation of its members."""
    here = (_PERSONS.c.store == company.store, _PERSONS.c.present, is_member(company))
    sums = (func.sum(_PERSONS.c.orders_count), func.sum(_PERSONS.c.total_spent))
    count, orders, spent = tx.execute(select(func.count(), *sums).where(*here)).one()
    return CompanyFigures(count, int(orders or 0), int(spent or 0))


def load_companies_of(tx: Connection, store: str, persons: Sequence[int]) -> dict[int, Company]:
    """Return the company of each of these people; those of none are missing."""
    by_id = {each.id: each for each in load_companies(tx, store)}
    if not by_id:
        return {}
    by_billing = {each.billing_company: each for each in by_id.values() if each.billing_company}
    columns = select_in(_PERSONS, "id", _PERSONS.c.id, _PERSONS.c.company)
    billing = {row.id: by_billing.get(row.company) for row in fetch_in(tx, columns, store, persons)}
    put = {row.person: by_id.get(row.company) for row in fetch_in(tx, _MEMBER_ROW, store, persons)}
    return {person: found for person, found in (billing | put).items() if found is not None}


def load_by_hand(tx: Connection, store: str, person: int) -> int | None:
    """Return the company that someone put a person into by hand (0: none), or nothing."""
    of_person = (_MEMBERS.c.store == store, _MEMBERS.c.person == person)
    return tx.scalar(select(_MEMBERS.c.company).where(*of_person))


def set_by_hand(
    tx: Connection, store: str, person: int, company: int | None, added_by: str, at: datetime
) -> None:
    """Put a person into a company (0: none) by hand; None leaves it to their billing company."""
    if company is None:
        tx.execute(delete(_MEMBERS).where(_MEMBERS.c.store == store, _MEMBERS.c.person == person))
        return
    row = {"store": store, "person": person, "company": company, "since": stamp(at)}
    upsert(tx, CompanyMemberRow, [row | {"added_by": added_by}])


def merge_members(tx: Connection, store: str, old: int, new: int) -> None:
    """Give the company that ``old`` was put into to ``new``, unless that one has another."""
    of_old = (_MEMBERS.c.store == store, _MEMBERS.c.person == old)
    if load_by_hand(tx, store, new) is None:
        tx.execute(update(_MEMBERS).where(*of_old).values(person=new))
    else:
        tx.execute(delete(_MEMBERS).where(*of_old))


def _from_row(row: Any) -> Company:
    return Company(
        row.id,
        row.store,
        row.name,
        row.email,
        row.vat_id,
        row.billing_company,
        row.made_by,
        instant(row.made_at),
    )
