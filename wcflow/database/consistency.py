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

from wcflow.database.evaluation_queue import load_full_evaluation_position
from wcflow.database.identity import ACCOUNT, keys_of, persons_of
from wcflow.database.integrity import ROW_READERS, IntegrityProblem, find_unreadable_keys
from wcflow.database.orders import load_owners
from wcflow.database.outbox import STATES
from wcflow.database.people import persons
from wcflow.database.schema import METADATA
from wcflow.database.sql import chunks, stamp, table_of
from wcflow.database.stores import load_store_row
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
_STORES, _PERSONS, _MEMBERSHIPS = table_of(StoreRow), table_of(PersonRow), table_of(MembershipRow)
_RUNS, _OUTBOX, _CUSTOMERS = table_of(RunRow), table_of(OutboxRow), table_of(CustomerRow)
_RANGES = table_of(ImportRange)
_MAX_EXAMPLES = 5
_RESYNC_ADVICE = "'wcflow resync' reads the shop anew and mends it"
_RESTORE_ADVICE = "only a backup has what stood there; 'wcflow backup' makes one"
_RUN_STATES = ("waiting", "done", "ended", "skipped")
_OLDEST, _LATEST = 0, 253_402_300_799
"""The first and the last second that a date may have: 1970, and the end of the year 9999."""

_PAST_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "person": ("evaluated_at",),
    "membership": ("since",),
    "transition": ("at",),
    "run": ("started_at", "ended_at"),
    "outbox": ("queued_at", "claimed_at", "finished_at"),
    "workflow": ("active_since",),
}
"""What wcflow itself stamped: nothing of it lies in the future."""

_TIME_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "orders": ("created", "modified", "paid", "completed"),
    "customer": ("created",),
    "product": ("modified",),
    "person": ("due_at",),
    "run": ("event_at", "due_at"),
    "outbox": ("due_at",),
}
_STORE_TABLES = ("orders", "customer", "product")


@dataclass(frozen=True, slots=True)
class ConfiguredStore:
    """What the configuration says of a store, as far as rows can contradict it.

    ``segments`` maps each segment to its group; ``digest`` is that of the rules.
    """

    name: str
    shared_emails: frozenset[str]
    guests: str
    segments: Mapping[str, str]
    digest: str


def find_row_problems(tx: Connection, store: str, now: datetime) -> Iterator[IntegrityProblem]:
    """Find what is wrong in the rows of one store, whatever the configuration says."""
    yield from _find_unreadable_rows(tx, store)
    for name, said, advice, query in _all_checks(store, stamp(now)):
        yield from _run_check(tx, IntegrityProblem(name, said, advice, store), query)
    yield from _find_impossible_times(tx, store, stamp(now + timedelta(days=1)))


def find_config_mismatches(
    tx: Connection, configured: ConfiguredStore
) -> Iterator[IntegrityProblem]:
    """Find rows that contradict the configuration, once a walk has taken it over."""
    yield from _find_orders_without_person(tx, configured)
    row = load_store_row(tx, configured.name)
    if row is None or row.rules_digest != configured.digest:
        return
    settled = and_(
        _PERSONS.c.store == _MEMBERSHIPS.c.store,
        _PERSONS.c.id == _MEMBERSHIPS.c.person,
        _PERSONS.c.dirty == 0,
    )
    here = (
        select(_MEMBERSHIPS.c.person)
        .join(_PERSONS, settled)
        .where(_MEMBERSHIPS.c.store == configured.name)
    )
    last = load_full_evaluation_position(tx, configured.name)
    if last is not None:  # those who come later are not judged yet
        here = here.where(_MEMBERSHIPS.c.person <= last)
    unknown = IntegrityProblem(
        "segments",
        "people are in a segment that the configuration does not have",
        f"{_RESYNC_ADVICE}: it has everybody judged again",
        configured.name,
    )
    yield from _run_check(
        tx, unknown, here.where(_MEMBERSHIPS.c.segment.not_in(list(configured.segments)))
    )
    for group in sorted(set(configured.segments.values()) - {""}):
        names = [name for name, its in configured.segments.items() if its == group]
        twice = (
            here.where(_MEMBERSHIPS.c.segment.in_(names))
            .group_by(_MEMBERSHIPS.c.person)
            .having(func.count() > 1)
        )
        said = f"people are in two segments of the group {group}"
        yield from _run_check(
            tx, IntegrityProblem("segments", said, unknown.advice, configured.name), twice
        )


def find_stray_rows(tx: Connection) -> Iterator[IntegrityProblem]:
    """Find rows of stores of which nothing else is known."""
    for table in METADATA.sorted_tables:
        if "store" not in table.c:
            continue
        nobody = table.c.store.not_in(select(_STORES.c.name))
        query = select(table.c.store).where(nobody).distinct()
        said = f"rows of {table.name} belong to a store that the database does not know"
        yield from _run_check(tx, IntegrityProblem("store", said, _RESTORE_ADVICE), query)


_Check = tuple[str, str, str, Select[Any]]


def _all_checks(store: str, now: int) -> Iterator[_Check]:
    yield from _person_checks(store)
    yield from _outbox_checks(store)
    yield from _poll_checks(store, now)


def _person_checks(store: str) -> Iterator[_Check]:
    person = and_(_PERSONS.c.store == _MEMBERSHIPS.c.store, _PERSONS.c.id == _MEMBERSHIPS.c.person)
    lost = select(_MEMBERSHIPS.c.person).where(
        _MEMBERSHIPS.c.store == store,
        not_(select(_PERSONS.c.id).where(person, _PERSONS.c.present).exists()),
    )
    yield (
        "memberships",
        "people who are in a segment are not known themselves",
        _RESYNC_ADVICE,
        lost,
    )
    account = and_(_I.c.kind == ACCOUNT, _I.c.value == cast(_CUSTOMERS.c.id, String))
    same = and_(_I.c.store == _CUSTOMERS.c.store, account)
    unknown = select(_CUSTOMERS.c.id).where(
        _CUSTOMERS.c.store == store, not_(select(_I.c.person).where(same).exists())
    )
    yield "people", "customers are not known as people", _RESYNC_ADVICE, unknown


def _outbox_checks(store: str) -> Iterator[_Check]:
    run = and_(_RUNS.c.id == _OUTBOX.c.run_id, _RUNS.c.store == _OUTBOX.c.store)
    orphan = and_(_OUTBOX.c.run_id.is_not(None), not_(select(_RUNS.c.id).where(run).exists()))
    entries = select(_OUTBOX.c.id).where(_OUTBOX.c.store == store)
    yield (
        "runs",
        "effects belong to a run of a workflow that is not there",
        f"'wcflow outbox show ID' shows each, 'wcflow outbox cancel ID' calls it off; {_RESTORE_ADVICE}",
        entries.where(orphan),
    )
    nobody = or_(_OUTBOX.c.claimed_by == "", _OUTBOX.c.claimed_at.is_(None))
    yield (
        "claims",
        "effects are claimed by nobody",
        "the next walk takes them up: 'wcflow sync'",
        entries.where(_OUTBOX.c.state == "claimed", nobody),
    )
    strange = "are in a state that there is not"
    yield (
        "states",
        f"effects {strange}",
        _RESTORE_ADVICE,
        entries.where(_OUTBOX.c.state.not_in(STATES)),
    )
    runs = select(_RUNS.c.id).where(_RUNS.c.store == store, _RUNS.c.state.not_in(_RUN_STATES))
    yield "states", f"runs of workflows {strange}", _RESTORE_ADVICE, runs


def _poll_checks(store: str, now: int) -> Iterator[_Check]:
    here, ahead = select(_STORES.c.name).where(_STORES.c.name == store), now + 86400
    done = here.where(_STORES.c.initial_sync_done.is_not(None))
    undone = select(_RANGES.c.resource).where(
        _RANGES.c.store == store, _RANGES.c.done.is_(False), _RANGES.c.resource != "customers"
    )
    yield (
        "census",
        "the census is said to be done, and parts of it are not",
        _RESYNC_ADVICE,
        undone.where(done.exists()),
    )
    blind = here.where(
        _STORES.c.initial_sync_started.is_not(None), _STORES.c.order_cursor.is_(None)
    )
    yield "cursor", "it is not known up to when the orders have been read", _RESYNC_ADVICE, blind
    stamps = (
        _STORES.c.order_cursor,
        _STORES.c.polled_at,
        _STORES.c.reconciled_at,
        _STORES.c.customer_rescan_started,
    )
    wrong = or_(*(or_(each < _OLDEST, each > ahead) for each in stamps))
    yield (
        "cursor",
        "what was read when lies in the future, or before all time",
        _RESYNC_ADVICE,
        here.where(wrong),
    )
    held = here.where(_STORES.c.lease_until > ahead)
    yield (
        "lease",
        "the store is held by a process for more than a day to come",
        "a clock was wrong once; the next walk does not mind it: 'wcflow sync'",
        held,
    )


def _run_check(
    tx: Connection, found: IntegrityProblem, query: Select[Any]
) -> Iterator[IntegrityProblem]:
    """Ask one question; give what was found with how often and where, if it was."""
    count = tx.scalar(select(func.count()).select_from(query.subquery())) or 0
    if count:
        keys = tx.scalars(query.order_by(*query.selected_columns).limit(_MAX_EXAMPLES))
        yield _with_examples(found, count, keys)


def _with_examples(found: IntegrityProblem, count: int, keys: Iterable[object]) -> IntegrityProblem:
    # Addresses are private: a guest is shown without one.
    examples = tuple("a guest" if str(key).startswith("g:") else str(key) for key in keys)
    return IntegrityProblem(found.name, found.said, found.advice, found.store, count, examples)


def _find_unreadable_rows(tx: Connection, store: str) -> Iterator[IntegrityProblem]:
    for model in ROW_READERS:
        keys = sorted(find_unreadable_keys(tx, store, model))
        if keys:
            table = table_of(model).name
            said = f"rows of {table} cannot be read"
            advice = _RESYNC_ADVICE if table in _STORE_TABLES else _RESTORE_ADVICE
            found = IntegrityProblem("rows", said, advice, store)
            yield _with_examples(found, len(keys), keys[:_MAX_EXAMPLES])


def _find_orders_without_person(
    tx: Connection, configured: ConfiguredStore
) -> Iterator[IntegrityProblem]:
    known = set(persons(tx, configured.name))
    missing: list[str] = []
    for owners in chunks(sorted(load_owners(tx, configured.name)), 5000):
        people = keys_of(tx, configured.name, owners, configured.shared_emails, configured.guests)
        keys = {each for each in people.values() if each is not None}
        ids = persons_of(tx, configured.name, keys)
        missing += [key for key in sorted(keys) if ids.get(key) not in known]
    if missing:
        found = IntegrityProblem(
            "people", "orders belong to people who are not known", _RESYNC_ADVICE, configured.name
        )
        yield _with_examples(found, len(missing), missing[:_MAX_EXAMPLES])


def _find_impossible_times(tx: Connection, store: str, ahead: int) -> Iterator[IntegrityProblem]:
    for latest, columns in ((ahead, _PAST_COLUMNS), (_LATEST, _TIME_COLUMNS)):
        for name, stamps in columns.items():
            table = METADATA.tables[name]
            key = next(iter(each for each in table.primary_key if each.name != "store"))
            for column in stamps:
                found = _impossible_time(name, column, store)
                wrong = or_(table.c[column] < _OLDEST, table.c[column] > latest)
                yield from _run_check(tx, found, select(key).where(table.c.store == store, wrong))


def _impossible_time(table: str, column: str, store: str) -> IntegrityProblem:
    said = f"rows of {table} have an instant in {column} that cannot be"
    clock = "was the clock of this machine wrong once? 'wcflow doctor' looks at it"
    return IntegrityProblem(
        "stamps", said, _RESYNC_ADVICE if table in _STORE_TABLES else clock, store
    )
