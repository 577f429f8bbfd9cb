"""Select people by segment, tag, group, company, status or a text, and page through them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, func, or_, select, union_all

from wcflow.database.companies import find_company, fold_company
from wcflow.database.people import load_all_tags
from wcflow.database.people_ids import Ids, Order, narrow, page_of, without
from wcflow.database.people_search import Belonging, find_by_order
from wcflow.database.search_text import matching
from wcflow.database.sql import dumps, fetch_in, instant, loads, select_in, table_of
from wcflow.database.tables import (
    CompanyMemberRow,
    GroupMemberRow,
    MembershipRow,
    PersonRow,
    SearchTextRow,
)
from wcflow.rules.literals import fold

_PERSONS, _MEMBERSHIPS = table_of(PersonRow), table_of(MembershipRow)
_GROUPS, _TEXTS = table_of(GroupMemberRow), table_of(SearchTextRow)
_COMPANY_MEMBERS = table_of(CompanyMemberRow)
_ID = _PERSONS.c.id
SORTS = {
    "": "list_key",
    "name": "sort_name",
    "email": "email",
    "spent": "total_spent",
    "orders": "orders_count",
    "last-order": "last_order",
    "since": "since",
}
"""The columns by which a list can be sorted; without a choice, by number and then by address."""
_COLUMNS = (
    _ID,
    _PERSONS.c.name,
    _PERSONS.c.email,
    _PERSONS.c.phone,
    _PERSONS.c.company,
    _PERSONS.c.orders_count,
    _PERSONS.c.total_spent,
    _PERSONS.c.last_order,
    _PERSONS.c.since,
    _PERSONS.c.inactive,
    _PERSONS.c.current_tags,
    _PERSONS.c.evaluated_at,
)
_SELECT_LISTED = select_in(_PERSONS, "id", *_COLUMNS)


class PeopleFilter(NamedTuple):
    """Which people to list. None and empty mean any; all that is given has to match.

    Names are written as the database has them. ``group`` and ``company`` in any case.
    """

    segment: str | None = None
    tag: str | None = None
    group: str | None = None
    company: str | None = None
    inactive: bool | None = None
    search: str = ""


class ListedRow(NamedTuple):
    """A person in a list, as of their last evaluation; ``total_spent`` is in minor units."""

    person: int
    name: str
    email: str
    phone: str
    company: str
    orders_count: int
    total_spent: int
    last_order: datetime | None
    since: datetime | None
    inactive: bool
    tags: Sequence[str]
    evaluated_at: datetime | None


class PeopleQuery:
    """The people of a store whom a filter selects, in an order."""

    def __init__(
        self,
        tx: Connection,
        store: str,
        people_filter: PeopleFilter,
        belonging: Belonging,
        sort: str = "",
        *,
        descending: bool = False,
    ) -> None:
        self._tx, self._store = tx, store
        self._order = Order(_PERSONS.c[SORTS[sort]], descending)
        self._everyone = [_PERSONS.c.store == store, _PERSONS.c.present]
        self._found = self._find(people_filter, belonging)
        self.matched = self._count() if self._found is None else len(self._found)

    def _find(self, wanted: PeopleFilter, belonging: Belonging) -> set[int] | None:
        """Return the people, or None without a filter: then they are everyone."""
        found, text = None, wanted.search.strip()
        for query in _members(self._tx, self._store, wanted):
            found = narrow(self._tx, found, query)
        if text:
            matches = _matching(self._tx, self._store, text, belonging)
            found = narrow(self._tx, found, select(_TEXTS.c.person).where(matches))
        if wanted.tag is not None:
            found = narrow(self._tx, found, _tagged(self._tx, self._store, wanted.tag))
        return self._present(found, searched=bool(text), active=wanted.inactive is False)

    def _present(self, found: set[int] | None, *, searched: bool, active: bool) -> set[int] | None:
        """Return those who have an account or orders and, with ``active``, are not inactive."""
        inactive = _inactive(self._store)
        if found is None:
            self._everyone += [_ID.not_in(inactive)] if active else []
            return None
        if not searched:  # only people who are present have a text
            absent = select(_ID).where(_PERSONS.c.store == self._store, ~_PERSONS.c.present)
            found = without(self._tx, found, absent)
        return without(self._tx, found, inactive) if active else found

    def _count(self) -> int:
        return self._tx.scalar(select(func.count()).where(*self._everyone)) or 0

    def ids(self, limit: int | None = None, offset: int = 0) -> list[int]:
        """Return the people in their order."""
        if self._found is not None:
            return page_of(self._tx, self._store, self._found, self._order, limit, offset)
        order = self._order.columns(by_index=not self._order.column.nullable)
        query = select(_ID).where(*self._everyone).order_by(*order)
        return [*self._tx.scalars(query.limit(limit).offset(offset or None))]


def _matching(tx: Connection, store: str, text: str, belonging: Belonging) -> ColumnElement[bool]:
    """Return the condition on texts: they match, or the text is the number of their person's order."""
    number = text.removeprefix("#").strip()
    buyers = [*find_by_order(tx, store, number, belonging)]
    of_buyers = and_(_TEXTS.c.store == store, _TEXTS.c.person.in_(buyers))
    if text.startswith("#"):
        return of_buyers
    return or_(matching(store, text), of_buyers) if buyers else matching(store, text)


def _members(tx: Connection, store: str, wanted: PeopleFilter) -> Iterator[Ids]:
    """Yield queries that an index answers alone."""
    if wanted.segment is not None:
        here = (_MEMBERSHIPS.c.store == store, _MEMBERSHIPS.c.segment == wanted.segment)
        yield select(_MEMBERSHIPS.c.person).where(*here)
    if wanted.group is not None:
        here = (_GROUPS.c.store == store, _GROUPS.c.name == wanted.group)
        yield select(_GROUPS.c.person).where(*here)
    if wanted.company is not None:
        yield of_company(tx, store, wanted.company)
    if wanted.inactive:
        yield _inactive(store)


def _inactive(store: str) -> Ids:
    return select(_ID).where(_PERSONS.c.store == store, _PERSONS.c.inactive)


def _tagged(tx: Connection, store: str, tag: str) -> Ids:
    return select(_ID).where(_PERSONS.c.store == store, _has_tag(tx, store, tag))


def has_inactive(tx: Connection, store: str) -> bool:
    """Return whether someone set the status of a customer to inactive."""
    return tx.scalar(_inactive(store).limit(1)) is not None


def has_tag(tx: Connection, store: str, tag: str) -> bool:
    """Return whether someone has the tag, whatever its case."""
    return tx.scalar(_tagged(tx, store, tag).limit(1)) is not None


def _has_tag(tx: Connection, store: str, tag: str) -> ColumnElement[bool]:
    written = [tag]
    if not tag.isascii():  # databases compare these letters with their case, or differently
        written = [each for each in load_all_tags(tx, store) if fold(each) == fold(tag)]
    column: ColumnElement[str] = _PERSONS.c.current_tags
    if tx.dialect.name == "sqlite":  # its LIKE ignores the case from A to Z
        return or_(False, *(column.contains(dumps(each), autoescape=True) for each in written))
    if tag.isascii():
        column, written = func.lower(column.collate("C")), [tag.lower()]
    # In a third of the time of ILIKE, which looks up the case of every letter.
    return or_(False, *(func.strpos(column, dumps(each)) > 0 for each in written))


def of_company(tx: Connection, store: str, name: str) -> Ids:
    """Return the members of a company, or else those with this billing company."""
    company, here = find_company(tx, store, name), _PERSONS.c.store == store
    if company is None:
        return select(_ID).where(here, _PERSONS.c.company == fold_company(name))
    # Two queries, one for each index: a query with "or" would read every person.
    by_hand = select(_COMPANY_MEMBERS.c.person).where(_COMPANY_MEMBERS.c.store == store)
    of_billing = select(_ID).where(
        here,
        _PERSONS.c.company == company.billing_company,
        _PERSONS.c.company != "",
        _ID.not_in(by_hand),
    )
    both = union_all(by_hand.where(_COMPANY_MEMBERS.c.company == company.id), of_billing)
    return select(*both.subquery().c)


def load_listed(tx: Connection, store: str, persons: Sequence[int]) -> list[ListedRow]:
    """Return these people as lists show them, in the same order."""
    rows = {row[0]: _listed(row) for row in fetch_in(tx, _SELECT_LISTED, store, persons)}
    return [rows[each] for each in persons if each in rows]


def _listed(row: Any) -> ListedRow:
    facts = {name: getattr(row, name) for name in ListedRow._fields[1:-2]}
    facts |= {name: _instant(facts[name]) for name in ("last_order", "since")}
    return ListedRow(
        row.id, **facts, tags=loads(row.current_tags), evaluated_at=_instant(row.evaluated_at)
    )


def _instant(at: int | None) -> datetime | None:
    return None if at is None else instant(at)
