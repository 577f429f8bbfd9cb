"""Edits that name two people: merges, what parted them again, and that two are different.

Each is filed under one of the two, and has data of both. So it is found by the other's keys as well.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, RowMapping, bindparam, select, update

from wcflow.database.sql import chunks, dumps, loads, table_of
from wcflow.database.tables import EditRow, IdentityRow, OutboxRow
from wcflow.profile import account_in, email_in, guest_key

_EDITS, _OUTBOX, _IDENTITIES = table_of(EditRow), table_of(OutboxRow), table_of(IdentityRow)
_FINISHED = ("done", "failed", "cancelled", "dry_run")
OF_TWO = ("merge", "split", "different")
# SQLite uses the index only if the query repeats the condition of the index.
_IS_OF_TWO = _EDITS.c.kind.in_(bindparam("of_two", OF_TWO, expanding=True, literal_execute=True))
ANOTHER = "another customer"


class PairEdit(NamedTuple):
    """An edit that names two people."""

    row: RowMapping
    data: Mapping[str, Any]

    @property
    def keys(self) -> set[str]:
        """The keys of both, as far as the data has them."""
        named = {self.data.get(name) for name in ("key", "joined", "one", "other")}
        address = {guest_key(str(self.data["email"]))} if "email" in self.data else set[str]()
        return {str(each) for each in named if each} | address | {*self.data.get("sides", ())}

    def names(self, keys: Collection[str], emails: Collection[str]) -> bool:
        """Return whether it is about someone with these keys and addresses."""
        return bool(self.keys & {*keys}) or not {*emails}.isdisjoint(_addresses(self.row["words"]))


def _addresses(words: str) -> list[str]:
    return [each for each in words.split() if "@" in each]


def load_pairs(tx: Connection, store: str, keys: Collection[str]) -> list[PairEdit]:
    """Return the edits that name someone by one of these keys, whomever they are filed under."""
    rows = tx.execute(select(_EDITS).where(_EDITS.c.store == store, _IS_OF_TWO)).mappings()
    pairs = [PairEdit(row, loads(row["data"])) for row in rows]
    emails = {email for key in keys if (email := email_in(key))}
    found = {each.row["id"] for each in pairs if each.names(keys, emails)}
    return [each for each in pairs if found & {each.row["id"], each.row["undoes"]}]


def load_shared_entries(
    tx: Connection, store: str, keys: Collection[str], person: int
) -> list[RowMapping]:
    """Return finished changes of others that were made while someone was one person with them.

    They can have the name and the address of either.
    """
    pairs = load_pairs(tx, store, keys)
    emails = {email for key in keys if (email := email_in(key))}
    began = min((each.row["at"] for each in pairs if each.row["kind"] == "merge"), default=0)
    ended = max((each.row["at"] for each in pairs), default=0)
    persons = _others(tx, store, pairs) - {person}
    here = (_OUTBOX.c.store == store, _OUTBOX.c.person.in_(persons))
    then = (_OUTBOX.c.queued_at.between(began, ended), _OUTBOX.c.state.in_(_FINISHED))
    rows = tx.execute(select(_OUTBOX).where(*here, *then)).mappings()
    return [each for each in rows if _may_name(loads(each["payload"]), emails)]


def _others(tx: Connection, store: str, pairs: Sequence[PairEdit]) -> set[int]:
    """Return the people under whom these edits are filed, and those whom they name."""
    named: dict[str, set[str]] = {"account": set(), "email": set()}
    for key in {key for each in pairs for key in each.keys}:
        account = account_in(key)
        kind, value = ("email", email_in(key)) if account is None else ("account", str(account))
        named[kind].add(value or "")
    found = {int(each.row["person"]) for each in pairs}
    for kind, values in named.items():
        here = (_IDENTITIES.c.store == store, _IDENTITIES.c.kind == kind)
        known = select(_IDENTITIES.c.person).where(*here, _IDENTITIES.c.value.in_(values))
        found |= {*tx.scalars(known)}
    return found


def _may_name(payload: Mapping[str, Any], emails: Collection[str]) -> bool:
    """Return False for a coupon that belongs to the other one."""
    return not payload.get("emails") or not {*payload["emails"]}.isdisjoint(emails)


def erase_pairs(tx: Connection, store: str, keys: Collection[str]) -> None:
    """Take the content out of the edits that name someone; that they were made stays."""
    emptied = {"kind": "erased", "words": "changed a customer who was deleted since"}
    found = [each.row["id"] for each in load_pairs(tx, store, keys)]
    for part in chunks(found):
        here = update(_EDITS).where(_EDITS.c.id.in_(part))
        tx.execute(here.values(**emptied, reason="", data=dumps({})))


def words_without_others(words: str, keys: Collection[str]) -> str:
    """Return words without the addresses of others."""
    return " ".join(
        ANOTHER if "@" in each and guest_key(each) not in keys else each for each in words.split()
    )


def without_others(pair: PairEdit, keys: Collection[str]) -> dict[str, Any]:
    """Return an edit as the person with these keys can see it: it says nothing of the other one."""
    words = words_without_others(pair.row["words"], keys)
    return {**pair.row, "words": words, "data": dumps(dict(_own(pair.data, keys)))}


def without_other_keys(row: Mapping[str, Any], keys: Collection[str]) -> dict[str, Any]:
    """Return a pair of keys with only those of one person."""
    others = {name for name in ("one", "other") if name in row and row[name] not in keys}
    return {**row, **dict.fromkeys(others, ANOTHER)}


def _own(data: Mapping[str, Any], keys: Collection[str]) -> Iterator[tuple[str, Any]]:
    for name, value in data.items():
        if name == "sides":
            yield name, {key: side for key, side in value.items() if key in keys}
        elif name == "consent" or str(value) in keys or guest_key(str(value)) in keys:
            yield name, value
