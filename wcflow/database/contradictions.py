"""Rows of a store that contradict each other, or that nobody could have written.

Each is a question whose answer names the rows; a sound database answers all of them with none.
What a walk does between two transactions is no contradiction.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    Connection,
    Select,
    String,
    and_,
    cast,
    func,
    not_,
    or_,
    select,
)

from wcflow.database.evaluation_queue import everyone_after
from wcflow.database.identity import ACCOUNT, keys_of, persons_of
from wcflow.database.integrity import READERS, Unsound, unreadable
from wcflow.database.orders import owners_of_orders
from wcflow.database.outbox import STATES
from wcflow.database.people import persons
from wcflow.database.schema import METADATA
from wcflow.database.sql import chunks, stamp, table_of
from wcflow.database.stores import store_row
from wcflow.database.tables import (
    CustomerRow,
    IdentityRow,
    ImportRange,
    MembershipRow,
    OutboxRow,
    PersonRow,
    RunRow,
    StoreRow,
)

_I = table_of(IdentityRow)
_S, _P, _M = table_of(StoreRow), table_of(PersonRow), table_of(MembershipRow)
_R, _O, _C = table_of(RunRow), table_of(OutboxRow), table_of(CustomerRow)
_SLICES = table_of(ImportRange)
_EXAMPLES = 5
_ANEW = "'wcflow resync' reads the shop anew and mends it"
_RESTORE = "only a backup has what stood there; 'wcflow backup' makes one"
_RUN_STATES = ("waiting", "done", "ended", "skipped")
_OLDEST, _LATEST = 0, 253_402_300_799
"""The first and the last second that a date may have: 1970, and the end of the year 9999."""

_PAST: Mapping[str, tuple[str, ...]] = {
    "person": ("evaluated_at",),
    "membership": ("since",),
    "transition": ("at",),
    "run": ("started_at", "ended_at"),
    "outbox": ("queued_at", "claimed_at", "done_at"),
    "workflow": ("since",),
}
"""What wcflow itself stamped: nothing of it lies in the future."""

_ANY: Mapping[str, tuple[str, ...]] = {
    "orders": ("created", "modified", "paid", "completed"),
    "customer": ("created",),
    "product": ("modified",),
    "person": ("due_at",),
    "run": ("at", "due_at"),
    "outbox": ("due_at",),
}
_OF_SHOP = ("orders", "customer", "product")


@dataclass(frozen=True, slots=True)
class Told:
    """What the configuration says of a store, as far as rows can contradict it.

    ``segments`` maps each segment to its group; ``digest`` is that of the rules.
    """

    name: str
    shared_emails: frozenset[str]
    guests: str
    segments: Mapping[str, str]
    digest: str


def in_store(tx: Connection, store: str, now: datetime) -> Iterator[Unsound]:
    """Find what is wrong in the rows of one store, whatever the configuration says."""
    yield from _unreadable(tx, store)
    for name, said, advice, asked in _questions(store, stamp(now)):
        yield from _answered(tx, Unsound(name, said, advice, store), asked)
    yield from _stamps(tx, store, stamp(now + timedelta(days=1)))


def against(tx: Connection, told: Told) -> Iterator[Unsound]:
    """Find rows that contradict the configuration, once a walk has taken it over."""
    yield from _without_person(tx, told)
    row = store_row(tx, told.name)
    if row is None or row.rules_digest != told.digest:
        return
    settled = and_(_P.c.store == _M.c.store, _P.c.id == _M.c.person, _P.c.touched == 0)
    here = select(_M.c.person).join(_P, settled).where(_M.c.store == told.name)
    last = everyone_after(tx, told.name)
    if last is not None:  # those who come later are not judged yet
        here = here.where(_M.c.person <= last)
    unknown = Unsound(
        "segments",
        "people are in a segment that the configuration does not have",
        f"{_ANEW}: it has everybody judged again",
        told.name,
    )
    yield from _answered(tx, unknown, here.where(_M.c.segment.not_in(list(told.segments))))
    for group in sorted(set(told.segments.values()) - {""}):
        names = [name for name, its in told.segments.items() if its == group]
        twice = here.where(_M.c.segment.in_(names)).group_by(_M.c.person).having(func.count() > 1)
        said = f"people are in two segments of the group {group}"
        yield from _answered(tx, Unsound("segments", said, unknown.advice, told.name), twice)


def strays(tx: Connection) -> Iterator[Unsound]:
    """Find rows of stores of which nothing else is known."""
    for table in METADATA.sorted_tables:
        if "store" not in table.c:
            continue
        nobody = table.c.store.not_in(select(_S.c.name))
        asked = select(table.c.store).where(nobody).distinct()
        said = f"rows of {table.name} belong to a store that the database does not know"
        yield from _answered(tx, Unsound("store", said, _RESTORE), asked)


_Question = tuple[str, str, str, Select[Any]]


def _questions(store: str, now: int) -> Iterator[_Question]:
    yield from _of_people(store)
    yield from _of_effects(store)
    yield from _of_reading(store, now)


def _of_people(store: str) -> Iterator[_Question]:
    person = and_(_P.c.store == _M.c.store, _P.c.id == _M.c.person)
    lost = select(_M.c.person).where(
        _M.c.store == store, not_(select(_P.c.id).where(person, _P.c.present).exists())
    )
    yield "memberships", "people who are in a segment are not known themselves", _ANEW, lost
    account = and_(_I.c.kind == ACCOUNT, _I.c.value == cast(_C.c.id, String))
    same = and_(_I.c.store == _C.c.store, account)
    unknown = select(_C.c.id).where(
        _C.c.store == store, not_(select(_I.c.person).where(same).exists())
    )
    yield "people", "customers are not known as people", _ANEW, unknown


def _of_effects(store: str) -> Iterator[_Question]:
    run = and_(_R.c.id == _O.c.run_id, _R.c.store == _O.c.store)
    orphan = and_(_O.c.run_id.is_not(None), not_(select(_R.c.id).where(run).exists()))
    mine = select(_O.c.id).where(_O.c.store == store)
    yield (
        "runs",
        "effects belong to a run of a workflow that is not there",
        f"'wcflow outbox show ID' shows each, 'wcflow outbox cancel ID' calls it off; {_RESTORE}",
        mine.where(orphan),
    )
    nobody = or_(_O.c.claimed_by == "", _O.c.claimed_at.is_(None))
    yield (
        "claims",
        "effects are claimed by nobody",
        "the next walk takes them up: 'wcflow sync'",
        mine.where(_O.c.state == "claimed", nobody),
    )
    strange = "are in a state that there is not"
    yield "states", f"effects {strange}", _RESTORE, mine.where(_O.c.state.not_in(STATES))
    runs = select(_R.c.id).where(_R.c.store == store, _R.c.state.not_in(_RUN_STATES))
    yield "states", f"runs of workflows {strange}", _RESTORE, runs


def _of_reading(store: str, now: int) -> Iterator[_Question]:
    here, ahead = select(_S.c.name).where(_S.c.name == store), now + 86400
    done = here.where(_S.c.census_done.is_not(None))
    undone = select(_SLICES.c.part).where(
        _SLICES.c.store == store, _SLICES.c.done.is_(False), _SLICES.c.part != "customers"
    )
    yield (
        "census",
        "the census is said to be done, and parts of it are not",
        _ANEW,
        undone.where(done.exists()),
    )
    blind = here.where(_S.c.census_started.is_not(None), _S.c.order_cursor.is_(None))
    yield "cursor", "it is not known up to when the orders have been read", _ANEW, blind
    stamps = (_S.c.order_cursor, _S.c.polled_at, _S.c.reconciled_at, _S.c.sweep_started)
    wrong = or_(*(or_(each < _OLDEST, each > ahead) for each in stamps))
    yield (
        "cursor",
        "what was read when lies in the future, or before all time",
        _ANEW,
        here.where(wrong),
    )
    held = here.where(_S.c.lease_until > ahead)
    yield (
        "lease",
        "the store is held by a process for more than a day to come",
        "a clock was wrong once; the next walk does not mind it: 'wcflow sync'",
        held,
    )


def _answered(tx: Connection, found: Unsound, asked: Select[Any]) -> Iterator[Unsound]:
    """Ask one question; give what was found with how often and where, if it was."""
    count = tx.scalar(select(func.count()).select_from(asked.subquery())) or 0
    if count:
        keys = tx.scalars(asked.order_by(*asked.selected_columns).limit(_EXAMPLES))
        yield _counted(found, count, keys)


def _counted(found: Unsound, count: int, keys: Iterable[object]) -> Unsound:
    # Addresses are private: a guest is shown without one.
    examples = tuple("a guest" if str(key).startswith("g:") else str(key) for key in keys)
    return Unsound(found.name, found.said, found.advice, found.store, count, examples)


def _unreadable(tx: Connection, store: str) -> Iterator[Unsound]:
    for model in READERS:
        keys = sorted(unreadable(tx, store, model))
        if keys:
            table = table_of(model).name
            said = f"rows of {table} cannot be read"
            advice = _ANEW if table in _OF_SHOP else _RESTORE
            found = Unsound("rows", said, advice, store)
            yield _counted(found, len(keys), keys[:_EXAMPLES])


def _without_person(tx: Connection, told: Told) -> Iterator[Unsound]:
    known = set(persons(tx, told.name))
    missing: list[str] = []
    for owners in chunks(sorted(owners_of_orders(tx, told.name)), 5000):
        people = keys_of(tx, told.name, owners, told.shared_emails, told.guests)
        keys = {each for each in people.values() if each is not None}
        ids = persons_of(tx, told.name, keys)
        missing += [key for key in sorted(keys) if ids.get(key) not in known]
    if missing:
        found = Unsound("people", "orders belong to people who are not known", _ANEW, told.name)
        yield _counted(found, len(missing), missing[:_EXAMPLES])


def _stamps(tx: Connection, store: str, ahead: int) -> Iterator[Unsound]:
    for latest, columns in ((ahead, _PAST), (_LATEST, _ANY)):
        for name, stamps in columns.items():
            table = METADATA.tables[name]
            key = next(iter(each for each in table.primary_key if each.name != "store"))
            for column in stamps:
                found = _absurd(name, column, store)
                wrong = or_(table.c[column] < _OLDEST, table.c[column] > latest)
                yield from _answered(tx, found, select(key).where(table.c.store == store, wrong))


def _absurd(table: str, column: str, store: str) -> Unsound:
    said = f"rows of {table} have an instant in {column} that cannot be"
    clock = "was the clock of this machine wrong once? 'wcflow doctor' looks at it"
    return Unsound("stamps", said, _ANEW if table in _OF_SHOP else clock, store)
