"""Who is who: accounts and e-mail addresses are identities of persons, who keep their ids.

Rules of this table:

- Who owns an order follows from the store's present state alone (``keys_of``), so that a fresh
  import and a year of polls agree. A key is ``c12`` for an account, ``g:anna@example.com`` for a
  guest's address; both are stored as rows of ``identity``.
- A person has at most one account. A person without an account has exactly one address.
- An address that an account brought along stays with the account's person until guest orders need
  it again; then it gets a person of its own (``_split``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import (
    Connection,
    RowMapping,
    Table,
    and_,
    bindparam,
    delete,
    insert,
    select,
    update,
)

from wcflow.database.prepared import IN_LIST, Prepared, fetch_tuples, select_in
from wcflow.database.sql import chunks, dumps, loads, table_of, upsert
from wcflow.database.tables import (
    CustomerRow,
    EventRow,
    IdentityRow,
    MembershipRow,
    OutboxRow,
    PersonRow,
    RunRow,
    TransitionRow,
)
from wcflow.profile import account_in, account_key, email_in, guest_key

_PERSONS, _IDENTITIES = table_of(PersonRow), table_of(IdentityRow)
_MEMBERSHIPS, _TRANSITIONS = table_of(MembershipRow), table_of(TransitionRow)
_RUNS, _OUTBOX, _EVENTS = table_of(RunRow), table_of(OutboxRow), table_of(EventRow)

RUN_KEY = ("store", "workflow", "person", "event")
_RUN = ("workflow", "event")
ACCOUNT, EMAIL = "account", "email"
_ACCOUNTS = _IDENTITIES.alias()
_CUSTOMERS = table_of(CustomerRow)
_BY_EMAIL = select_in(_CUSTOMERS, "email", _CUSTOMERS.c.id, _CUSTOMERS.c.email)
_KNOWN = Prepared(
    select(_IDENTITIES.c.value, _IDENTITIES.c.person, _ACCOUNTS.c.value.label("account"))
    .outerjoin(
        _ACCOUNTS,
        and_(
            _ACCOUNTS.c.store == _IDENTITIES.c.store,
            _ACCOUNTS.c.person == _IDENTITIES.c.person,
            _ACCOUNTS.c.kind == ACCOUNT,
        ),
    )
    .where(
        _IDENTITIES.c.store == bindparam("store"),
        _IDENTITIES.c.kind == bindparam("of_kind"),
        _IDENTITIES.c.value.in_(IN_LIST),
    )
)
_OF_PERSONS = select_in(
    _IDENTITIES, "person", _IDENTITIES.c.person, _IDENTITIES.c.kind, _IDENTITIES.c.value
)


# Keys: what the store's present state says.


class Owner(NamedTuple):
    """Who an order belongs to, by its own words: the account (0: none) and the billing address."""

    customer_id: int
    email: str


def keys_of(
    tx: Connection, store: str, owners: Iterable[Owner], shared: frozenset[str], guests: str
) -> dict[Owner, str | None]:
    """Return the key of each order's owner: its account, else the account with its address, else a guest.

    None where there is no address, where it is a shared one, or where guests are ignored.
    """
    wanted = set(owners)
    emails = {owner.email for owner in wanted if not owner.customer_id} - shared - {""}
    known = _account_by_email(tx, store, sorted(emails))
    return {owner: _key(owner, emails, known, guests) for owner in wanted}


def _account_by_email(tx: Connection, store: str, emails: Iterable[str]) -> dict[str, int]:
    """Return the account id of each address in normal form, the lowest of several."""
    found: dict[str, int] = {}
    for number, email in fetch_tuples(tx, _BY_EMAIL, store, emails):
        found[email] = min(number, found.get(email, number))
    found.pop("", None)
    return found


def _key(owner: Owner, emails: set[str], known: Mapping[str, int], guests: str) -> str | None:
    if owner.customer_id:
        return account_key(owner.customer_id)
    if owner.email not in emails:
        return None
    if owner.email in known:
        return account_key(known[owner.email])
    return None if guests == "ignore" else guest_key(owner.email)


def identity_of(key: str) -> tuple[str, str]:
    """Return a key as kind and value."""
    account = account_in(key)
    return (EMAIL, email_in(key) or "") if account is None else (ACCOUNT, str(account))


# Persons: what the database knows by these keys.


class _Known(NamedTuple):
    person: int
    account: str | None


def _known(tx: Connection, store: str, keys: Iterable[str]) -> dict[str, _Known]:
    """Return the persons that have these identities, as they are stored."""
    by_kind: dict[str, dict[str, str]] = {}
    for key in keys:
        kind, value = identity_of(key)
        by_kind.setdefault(kind, {})[value] = key
    found = {}
    for kind, values in by_kind.items():
        for value, person, account in _KNOWN.among(tx, values, store=store, of_kind=kind):
            found[values[value]] = _Known(person, account)
    return found


def _belongs(key: str, known: _Known) -> bool:
    """Tell a guest's person from an account's person that once had the guest's address."""
    return known.account is None or account_in(key) is not None


def persons_of(tx: Connection, store: str, keys: Iterable[str]) -> dict[str, int]:
    """Return the persons that these keys name now, as far as there are any."""
    known = _known(tx, store, keys)
    return {key: each.person for key, each in known.items() if _belongs(key, each)}


def person_keys(tx: Connection, store: str, persons: Iterable[int]) -> dict[int, str]:
    """Return the key of each person: the account's, else the address's."""
    found: dict[int, str] = {}
    for person, kind, value in fetch_tuples(tx, _OF_PERSONS, store, persons):
        if kind == ACCOUNT:
            found[person] = account_key(int(value))
        else:
            found.setdefault(person, guest_key(value))
    return found


def mark_dirty(tx: Connection, store: str, people: Mapping[str, str]) -> dict[str, int]:
    """Have the persons with these keys (key to address) evaluated; create those that are new.

    Returns their ids.
    """
    if not people:
        return {}
    known = _known(tx, store, people)
    persons = {key: each.person for key, each in known.items() if _belongs(key, each)}
    for key in sorted(known.keys() - persons.keys()):
        persons[key] = _split(tx, store, email_in(key) or "", known[key].person)
    rows = [
        {"id": person, "store": store, "email": people[key], "dirty": 1, "present": True}
        # In one order for all: two writers in PostgreSQL would otherwise wait for each other.
        for key, person in sorted(persons.items(), key=lambda each: each[1])
    ]
    upsert(tx, PersonRow, rows)
    return persons | _create(tx, store, {k: people[k] for k in sorted(people.keys() - persons)})


def mark_persons_dirty(tx: Connection, store: str, persons: Iterable[int]) -> None:
    """Have these persons evaluated."""
    for some in chunks(sorted(set(persons))):
        here = (_PERSONS.c.store == store, _PERSONS.c.id.in_(some))
        tx.execute(update(_PERSONS).where(*here).values(dirty=1))


def _create(tx: Connection, store: str, people: Mapping[str, str]) -> dict[str, int]:
    if not people:
        return {}
    rows = [_new_person(store, email) for email in people.values()]
    made = insert(_PERSONS).returning(_PERSONS.c.id, sort_by_parameter_order=True)
    persons = dict(zip(people, tx.scalars(made, rows), strict=True))
    identities = [_identity_row(store, key, person) for key, person in persons.items()]
    upsert(tx, IdentityRow, identities)
    return persons


def _new_person(store: str, email: str) -> dict[str, Any]:
    return PersonRow(store=store, email=email).model_dump(exclude={"id"})


def _identity_row(store: str, key: str, person: int) -> dict[str, Any]:
    kind, value = identity_of(key)
    return {"store": store, "kind": kind, "value": value, "person": person}


def _split(tx: Connection, store: str, email: str, person: int) -> int:
    """Give an address a person of its own, for whom the events of the present one are handled.

    Events of an order are known by the order, for every person.
    """
    (new,) = tx.scalars(insert(_PERSONS).returning(_PERSONS.c.id), [_new_person(store, email)])
    upsert(tx, IdentityRow, [_identity_row(store, guest_key(email), new)])
    _copy_handled_events(tx, store, person, new)
    return int(new)


def _copy_handled_events(tx: Connection, store: str, person: int, new: int) -> None:
    here = and_(_RUNS.c.store == store, _RUNS.c.person == person)
    query = select(_RUNS).where(here, ~_RUNS.c.event.startswith("order "))
    handled = {
        "person": new,
        "state": "skipped",
        "reason": "already handled for the account that had this address",
        "due_at": None,
    }
    rows = [
        {name: value for name, value in row.items() if name != "id"} | handled
        for row in tx.execute(query).mappings()
    ]
    upsert(tx, RunRow, rows, on=RUN_KEY, keep=[column.name for column in _RUNS.columns])


# Identities move; persons keep their ids, or two become one.


def move_identity(tx: Connection, store: str, old: str, new: str, email: str) -> None:
    """Have the person with the key ``old`` be known by ``new``; they are merged if that is taken.

    ``old`` is a guest who registered, or an account that was deleted.
    """
    if old != new:
        known = _known(tx, store, {old, new})
        source, target = known.get(old), known.get(new)
        if source is not None and _belongs(old, source):
            if account_in(old) is not None:
                _drop_account(tx, store, old, source.person, keep=email_in(new))
            _join(tx, store, source.person, target, new)
    mark_dirty(tx, store, {new: email})


def _join(tx: Connection, store: str, source: int, target: _Known | None, new: str) -> None:
    if target is not None and target.person != source and _belongs(new, target):
        _merge(tx, store, source, target.person)
        return
    if target is not None and target.person != source:
        _copy_handled_events(tx, store, target.person, source)
    upsert(tx, IdentityRow, [_identity_row(store, new, source)])
    # What was written to one account was not written to another, nor to none.
    here = _PERSONS.c.id == source
    tx.execute(update(_PERSONS).where(here).values(written_to_customer=None))


def _drop_account(tx: Connection, store: str, key: str, person: int, keep: str | None) -> None:
    """Take an account from a person, and all its former addresses but the one to keep."""
    kind, value = identity_of(key)
    mine = and_(_IDENTITIES.c.store == store, _IDENTITIES.c.person == person)
    account = and_(_IDENTITIES.c.kind == kind, _IDENTITIES.c.value == value)
    if keep is not None:
        others = select(_IDENTITIES.c.value).where(mine, _IDENTITIES.c.kind == EMAIL)
        for email in [*tx.scalars(others)]:
            if email != keep:
                _set_absent(tx, _split(tx, store, email, person))
    tx.execute(delete(_IDENTITIES).where(mine, account))


def _set_absent(tx: Connection, person: int) -> None:
    here = _PERSONS.c.id == person
    tx.execute(update(_PERSONS).where(here).values(present=False, dirty=0))


def _merge(tx: Connection, store: str, old: int, new: int) -> None:
    """Move all that belongs to one person to another."""
    _merge_rows(tx, old, new)
    _merge_memberships(tx, store, old, new)
    _merge_runs(tx, store, old, new)
    _merge_duplicates(tx, _OUTBOX, store, old, new, ("rule", "event", "step"))
    _merge_duplicates(tx, _EVENTS, store, old, new, ("key",))
    for table in (_TRANSITIONS, _IDENTITIES):
        theirs = and_(table.c.store == store, table.c.person == old)
        tx.execute(update(table).where(theirs).values(person=new))


def _merge_rows(tx: Connection, old: int, new: int) -> None:
    query = select(_PERSONS).where(_PERSONS.c.id.in_([old, new]))
    rows = {row["id"]: dict(row) for row in tx.execute(query).mappings()}
    merged = merge_person_rows(rows[old], rows[new])
    tx.execute(delete(_PERSONS).where(_PERSONS.c.id == old))
    tx.execute(update(_PERSONS).where(_PERSONS.c.id == new).values(**merged))


def merge_person_rows(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """Return one person's row from two: everything remembered is kept, the newer write counts.

    Figures are those of the person that stays, until they are computed again.
    """
    lists = (
        "added_by_hand",
        "removed_by_hand",
        "added_by_workflows",
        "current_tags",
        "matching_workflows",
    )
    newer = old if old["written_order_id"] > new["written_order_id"] else new
    # A person who was never evaluated has no rules: the other's would seem to have changed.
    latest = max((new, old), key=lambda row: row["evaluated_at"] or 0)
    return {
        **new,
        **{name: dumps(sorted({*loads(old[name]), *loads(new[name])})) for name in lists},
        "kept_forever": dumps(
            _merge_kept_tags(loads(old["kept_forever"]), loads(new["kept_forever"]))
        ),
        "written_to_order": newer["written_to_order"],
        "written_order_id": newer["written_order_id"],
        "evaluated_at": latest["evaluated_at"],
        "rules_digest": latest["rules_digest"],
        "dirty": 1,
    }


def _merge_kept_tags(
    one: Mapping[str, list[str]], other: Mapping[str, list[str]]
) -> dict[str, list[str]]:
    rules = {**one, **other}
    return {rule: sorted({*one.get(rule, ()), *other.get(rule, ())}) for rule in rules}


def _merge_memberships(tx: Connection, store: str, old: int, new: int) -> None:
    here = and_(_MEMBERSHIPS.c.store == store, _MEMBERSHIPS.c.person.in_([old, new]))
    since: dict[str, int] = {}
    for row in tx.execute(select(_MEMBERSHIPS).where(here)):
        since[row.segment] = min(row.since, since.get(row.segment, row.since))
    tx.execute(delete(_MEMBERSHIPS).where(here))
    rows = [
        {"store": store, "person": new, "segment": segment, "since": at}
        for segment, at in sorted(since.items())
    ]
    upsert(tx, MembershipRow, rows)


class _Duplicate(NamedTuple):
    """Two rows with one key: the id of the one that stays, and of the one that goes."""

    kept_id: int
    removed_id: int


def _merge_runs(tx: Connection, store: str, old: int, new: int) -> None:
    for duplicate in _find_duplicates(tx, _RUNS, store, old, new, _RUN):
        # What the run that goes has queued belongs to the one that stays.
        queued = _OUTBOX.c.run_id == duplicate.removed_id
        tx.execute(update(_OUTBOX).where(queued).values(run_id=duplicate.kept_id))
    _merge_duplicates(tx, _RUNS, store, old, new, _RUN)


def _merge_duplicates(
    tx: Connection, table: Table, store: str, old: int, new: int, key: Sequence[str]
) -> None:
    for duplicate in _find_duplicates(tx, table, store, old, new, key):
        tx.execute(delete(table).where(table.c.id == duplicate.removed_id))
    theirs = and_(table.c.store == store, table.c.person == old)
    tx.execute(update(table).where(theirs).values(person=new))


def _find_duplicates(
    tx: Connection, table: Table, store: str, old: int, new: int, key: Sequence[str]
) -> Iterator[_Duplicate]:
    """Pair the rows that would have one key: the new person's stays, unless only the other is done."""
    here = and_(table.c.store == store, table.c.person.in_([old, new]))
    rows: dict[int, dict[tuple[Any, ...], RowMapping]] = {old: {}, new: {}}
    for row in tx.execute(select(table).where(here)).mappings().all():
        rows[row["person"]][tuple(row[name] for name in key)] = row
    for values, first in rows[old].items():
        second = rows[new].get(values)
        if second is not None:
            done = first.get("state") == "done" and second.get("state") != "done"
            kept_id, removed_id = (first, second) if done else (second, first)
            yield _Duplicate(kept_id["id"], removed_id["id"])
