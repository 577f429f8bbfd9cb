"""The company and the tier of two people who part again: each has what they had before the merge.

What someone of the team set since then stays with the person who stays. A tier that was reached since
then stays with whoever has ordered since.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from sqlalchemy import Connection, Table, delete, insert, select

from wcflow.database.sql import table_of
from wcflow.database.tables import CompanyMemberRow, CompanyRow, TierRow

_MEMBERS, _TIERS, _COMPANIES = table_of(CompanyMemberRow), table_of(TierRow), table_of(CompanyRow)
_OWNER = {"store", "person"}
_BY_HAND = ("fixed", "fixed_by")
Row = Mapping[str, Any] | None


class Parting(NamedTuple):
    """What the one who stays and the one who leaves had before a merge, and both just after it.

    The last two say which of them has ordered since.
    """

    stays: Mapping[str, Row]
    leaves: Mapping[str, Row]
    together: Mapping[str, Row]
    stayer_ordered: bool
    leaver_ordered: bool


def take_standing(tx: Connection, store: str, person: int) -> dict[str, Row]:
    """Return the company that someone put a person into, and their tier."""
    return {str(table.name): _load(tx, table, store, person) for table in (_MEMBERS, _TIERS)}


def part_standing(tx: Connection, store: str, stays: int, leaves: int, parting: Parting) -> None:
    """Give two people who part their companies and tiers."""
    _part_companies(tx, store, stays, leaves, parting)
    _part_tiers(tx, store, stays, leaves, parting)


def _part_companies(tx: Connection, store: str, stays: int, leaves: int, parting: Parting) -> None:
    name = _MEMBERS.name
    if _load(tx, _MEMBERS, store, stays) == parting.together[name]:
        _put_into(tx, store, stays, parting.stays[name])
    _put_into(tx, store, leaves, parting.leaves[name])


def _put_into(tx: Connection, store: str, person: int, row: Row) -> None:
    """Save a membership by hand, unless the company was deleted since."""
    here = (_COMPANIES.c.store == store, _COMPANIES.c.id == (row or {}).get("company"))
    exists = row and (not row["company"] or tx.scalar(select(_COMPANIES.c.id).where(*here)))
    _save(tx, _MEMBERS, store, person, row if exists else None)


def _part_tiers(tx: Connection, store: str, stays: int, leaves: int, parting: Parting) -> None:
    name = _TIERS.name
    now, together = _load(tx, _TIERS, store, stays), parting.together[name]
    before = (parting.stays[name], parting.leaves[name])
    stayer, leaver = before
    if now is None or together is None:
        return
    if any(now[each] != together[each] for each in _BY_HAND):
        stayer = now
    elif now["tier"] != together["tier"]:
        stayer = now if parting.stayer_ordered and not _is_fixed(stayer) else stayer
        leaver = now if parting.leaver_ordered and not _is_fixed(leaver) else leaver
    _save(tx, _TIERS, store, stays, stayer)
    _save(tx, _TIERS, store, leaves, leaver)


def _is_fixed(row: Row) -> bool:
    return bool(row and row["fixed_by"])


def _load(tx: Connection, table: Table, store: str, person: int) -> Row:
    query = select(table).where(table.c.store == store, table.c.person == person)
    row = tx.execute(query).mappings().one_or_none()
    return {str(key): row[key] for key in row if key not in _OWNER} if row else None


def _save(tx: Connection, table: Table, store: str, person: int, row: Row) -> None:
    tx.execute(delete(table).where(table.c.store == store, table.c.person == person))
    if row is not None:
        tx.execute(insert(table), {**row, "store": store, "person": person})
