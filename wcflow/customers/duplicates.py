"""Find people who are likely the same, in the local copy; and say that two are not."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, select

from wcflow.customers.edits import Outcome, undoes
from wcflow.database.customers import load_customers
from wcflow.database.edits import Edit, EditedBy, save_edit
from wcflow.database.identity import load_person_keys
from wcflow.database.orders import load_orders_of_people
from wcflow.database.same_person import forget_different, load_different, set_different
from wcflow.database.sql import fetch_in, select_in, stamp, table_of
from wcflow.database.tables import PersonRow
from wcflow.errors import UsageError
from wcflow.profile import account_in, email_in
from wcflow.records import Address
from wcflow.rules.duplicates import (
    Candidate,
    Duplicate,
    blocks_of,
    compare_block,
    prepare,
)

_PERSONS = table_of(PersonRow)
_SHOWN = (_PERSONS.c.id, _PERSONS.c.sort_name, _PERSONS.c.email, _PERSONS.c.phone)
_BY_ID = select_in(_PERSONS, "id", *_SHOWN)
_AT_ONCE = 2000
"""People whose addresses are in memory at one time."""
_MASK = (1 << 63) - 1


def find_duplicates(tx: Connection, store: str) -> list[Duplicate]:
    """Return the likely duplicates of a store, the most likely first.

    Pairs of whom someone said that they are different are left out.
    """
    found: dict[tuple[int, int], Duplicate] = {}
    for blocks in _batches(_load_blocks(tx, store)):
        people = _load_candidates(tx, store, {person for _, some in blocks for person in some})
        for kind, some in blocks:
            known = [people[person] for person in some if person in people]
            for each in compare_block(kind, known):
                found[each.one, each.other] = each
    left = _without_different(tx, store, found)
    return sorted(left, key=lambda each: (-each.score, each.one, each.other))


_Block = tuple[str, Sequence[int]]


def _load_blocks(tx: Connection, store: str) -> Iterator[_Block]:
    """Yield the blocks with several people: the kind and the people.

    Blocks are kept as numbers, so that a million people need a few tens of megabytes.
    """
    here = (_PERSONS.c.store == store, _PERSONS.c.present)
    rows = tx.execute(select(*_SHOWN).where(*here).execution_options(yield_per=2000))
    numbers: dict[str, tuple[array[int], array[int]]] = {}
    for person, name, email, phone in rows:
        for block in blocks_of(name, email, phone):
            blocks, persons = numbers.setdefault(block[0], (array("q"), array("q")))
            blocks.append(hash(block) & _MASK)
            persons.append(person)
    for kind, (blocks, persons) in numbers.items():
        for _, some in groupby(sorted(zip(blocks, persons, strict=True)), key=lambda each: each[0]):
            members = [person for _, person in some]
            if len(members) > 1:
                yield kind, members


def _batches(blocks: Iterable[_Block]) -> Iterator[list[_Block]]:
    batch: list[_Block] = []
    count = 0
    for block in blocks:
        batch.append(block)
        count += len(block[1])
        if count >= _AT_ONCE:
            yield batch
            batch, count = [], 0
    yield batch


def _load_candidates(tx: Connection, store: str, persons: Iterable[int]) -> Mapping[int, Candidate]:
    rows = [*fetch_in(tx, _BY_ID, store, sorted(persons))]
    addresses = _load_addresses(tx, store, [row.id for row in rows])
    nowhere = Address()
    return {
        row.id: prepare(
            row.id, row.sort_name, row.email, row.phone, address.postcode, address.address_1
        )
        for row in rows
        for address in (addresses.get(row.id, nowhere),)
    }


def _load_addresses(tx: Connection, store: str, persons: Sequence[int]) -> dict[int, Address]:
    """Return the billing address of each person: of the account, else of the latest order."""
    keys = load_person_keys(tx, store, persons)
    accounts = {number: person for person, key in keys.items() if (number := account_in(key))}
    emails = {email: person for person, key in keys.items() if (email := email_in(key))}
    found = {
        accounts[number]: each.billing
        for number, each in load_customers(tx, store, accounts).items()
        if each.billing.postcode
    }
    without = [number for number, person in accounts.items() if person not in found]
    for order in load_orders_of_people(tx, store, without, emails):
        person = accounts[order.customer_id] if order.customer_id else emails[order.email]
        found[person] = order.billing
    return found


def _without_different(
    tx: Connection, store: str, found: Mapping[tuple[int, int], Duplicate]
) -> list[Duplicate]:
    different = load_different(tx, store)
    if not different:
        return [*found.values()]
    keys = load_person_keys(tx, store, {person for pair in found for person in pair})
    return [
        each
        for (one, other), each in found.items()
        if tuple(sorted((keys[one], keys[other]))) not in different
    ]


# Different people who look alike.


def dismiss(tx: Connection, store: str, one: int, other: int, by: EditedBy) -> Outcome:
    """Say that two people are different, so that they are no longer shown as duplicates."""
    if one == other:
        raise UsageError("both are the same customer", "")
    first, second = _sorted_keys(tx, store, one, other)
    if (first, second) in load_different(tx, store):
        return Outcome("they were different people already", changed=False)
    set_different(tx, store, first, second, by.name, stamp(by.at))
    words = "said that two customers who look alike are different people"
    data = {"one": first, "other": second}
    return Outcome(words, save_edit(tx, store, one, "different", words, by, data))


def _sorted_keys(tx: Connection, store: str, one: int, other: int) -> tuple[str, str]:
    first, second = sorted(load_person_keys(tx, store, [one, other]).values())
    return first, second


@undoes("different")
def _undo_dismiss(tx: Connection, edit: Edit, by: EditedBy) -> str:  # noqa: ARG001  as all undos
    data: Mapping[str, Any] = edit.data
    forget_different(tx, edit.store, str(data["one"]), str(data["other"]))
    return "said that two customers who look alike may be one"
