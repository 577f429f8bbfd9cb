"""Check the rows of a store for contradictions and impossible values.

Each check is a query for the keys of wrong rows; an intact database returns none. The state
between two transactions of a sync passes all checks.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Select, String, and_, cast, func, not_, or_, select

from wcflow.database.consistency_checks import (
    RESTORE_ADVICE,
    RowCheck,
    companion_checks,
    pool_checks,
    search_checks,
    standing_checks,
)
from wcflow.database.erasures import load_open_identities
from wcflow.database.evaluation_queue import load_full_evaluation_position
from wcflow.database.identity import ACCOUNT, find_keys, find_nobody_accounts, find_persons
from wcflow.database.integrity import ROW_READERS, IntegrityProblem, find_unreadable_keys
from wcflow.database.orders import load_owners
from wcflow.database.outbox import STATES
from wcflow.database.people import load_person_ids
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
from wcflow.profile import account_key

_STORES, _PERSONS, _MEMBERSHIPS = table_of(StoreRow), table_of(PersonRow), table_of(MembershipRow)
_RUNS, _OUTBOX, _CUSTOMERS = table_of(RunRow), table_of(OutboxRow), table_of(CustomerRow)
_RANGES, _IDENTITIES = table_of(ImportRange), table_of(IdentityRow)
_MAX_EXAMPLES = 5
_RESYNC_ADVICE = "Run 'wcflow resync': it reads the store again and repairs this."
_RUN_STATES = ("waiting", "done", "ended", "skipped")
_DAY = 86_400
_EARLIEST, _LATEST = 0, 253_402_300_799
"""The first and the last second of a valid date: from 1970 to the year 9999."""

PAST_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "person": ("evaluated_at",),
    "membership": ("since",),
    "transition": ("at",),
    "run": ("started_at", "ended_at"),
    "outbox": ("queued_at", "claimed_at", "finished_at"),
    "workflow": ("active_since",),
    "rule": ("changed_at",),
    "group_member": ("since",),
    "suppression": ("at",),
    "points": ("at",),
    "tier": ("since", "below_since"),
    "task": ("made_at", "done_at", "told_at"),
    "pool_code": ("changed_at", "checked_at"),
    "codes_file": ("imported_at",),
    "campaign": ("started_at", "finished_at", "changed_at"),
    "channel": ("error_since",),
    "erasure": ("at", "finished_at"),
}
"""Times that wcflow itself recorded: none of them is in the future."""

_TIME_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "orders": ("created", "modified", "paid", "completed"),
    "customer": ("created",),
    "product": ("modified",),
    "subscription": ("created", "modified", "started", "next_payment", "cancelled", "ended"),
    "person": ("due_at", "last_order", "since"),
    "run": ("event_at", "due_at"),
    "outbox": ("due_at",),
    "points": ("expires_at",),
    "task": ("due_at", "snoozed_until"),
    "campaign": ("audience_at",),
}
_STORE_TABLES = ("orders", "customer", "product", "subscription")


@dataclass(frozen=True, slots=True)
class ConfiguredStore:
    """The settings that rows of a store can contradict.

    ``segments`` maps each segment to its group. ``digest`` is the digest of the rules.
    """

    name: str
    shared_emails: frozenset[str]
    guests: str
    segments: Mapping[str, str]
    digest: str


def find_row_problems(tx: Connection, store: str, now: datetime) -> Iterator[IntegrityProblem]:
    """Find problems of a store's rows that do not depend on the configuration."""
    yield from _find_unreadable_rows(tx, store)
    checks = (
        *_person_checks(store),
        *_outbox_checks(store),
        *_poll_checks(store, stamp(now)),
        *standing_checks(store),
        *pool_checks(store),
        *companion_checks(store),
        *search_checks(store),
    )
    for check in checks:
        found = IntegrityProblem(check.name, check.problem, check.advice, store)
        yield from _run_check(tx, found, check.query)
    yield from _find_impossible_times(tx, store, stamp(now + timedelta(days=1)))


def find_config_mismatches(
    tx: Connection, configured: ConfiguredStore
) -> Iterator[IntegrityProblem]:
    """Find rows that contradict the configuration, if an evaluation has used it already."""
    yield from _find_customers_without_person(tx, configured)
    yield from _find_orders_without_person(tx, configured)
    row = load_store_row(tx, configured.name)
    if row is None or row.rules_digest != configured.digest:
        return
    evaluated = and_(
        _PERSONS.c.store == _MEMBERSHIPS.c.store,
        _PERSONS.c.id == _MEMBERSHIPS.c.person,
        _PERSONS.c.dirty == 0,
    )
    members = (
        select(_MEMBERSHIPS.c.person)
        .join(_PERSONS, evaluated)
        .where(_MEMBERSHIPS.c.store == configured.name)
    )
    last = load_full_evaluation_position(tx, configured.name)
    if last is not None:  # later persons are not evaluated yet
        members = members.where(_MEMBERSHIPS.c.person <= last)
    unknown = _segment_problem(
        configured, "people are in a segment that the configuration does not have"
    )
    known_segments = list(configured.segments)
    yield from _run_check(tx, unknown, members.where(_MEMBERSHIPS.c.segment.not_in(known_segments)))
    for group in sorted(set(configured.segments.values()) - {""}):
        names = [name for name, other in configured.segments.items() if other == group]
        twice = (
            members.where(_MEMBERSHIPS.c.segment.in_(names))
            .group_by(_MEMBERSHIPS.c.person)
            .having(func.count() > 1)
        )
        problem = f"people are in two segments of the group {group}"
        yield from _run_check(tx, _segment_problem(configured, problem), twice)


def _segment_problem(configured: ConfiguredStore, problem: str) -> IntegrityProblem:
    advice = "Run 'wcflow resync': it reads the store and evaluates everyone again."
    return IntegrityProblem("segments", problem, advice, configured.name)


def find_stray_rows(tx: Connection) -> Iterator[IntegrityProblem]:
    """Find rows of stores that are not in the database."""
    for table in METADATA.sorted_tables:
        if "store" not in table.c:
            continue
        stray = table.c.store.not_in(select(_STORES.c.name))
        query = select(table.c.store).where(stray).distinct()
        problem = f"rows of {table.name} belong to a store that is not in the database"
        yield from _run_check(tx, IntegrityProblem("store", problem, RESTORE_ADVICE), query)


def _person_checks(store: str) -> Iterator[RowCheck]:
    person = and_(_PERSONS.c.store == _MEMBERSHIPS.c.store, _PERSONS.c.id == _MEMBERSHIPS.c.person)
    query = select(_MEMBERSHIPS.c.person).where(
        _MEMBERSHIPS.c.store == store,
        not_(select(_PERSONS.c.id).where(person, _PERSONS.c.present).exists()),
    )
    problem = "people who do not exist are in a segment"
    yield RowCheck("memberships", problem, _RESYNC_ADVICE, query)


def _outbox_checks(store: str) -> Iterator[RowCheck]:
    entries = select(_OUTBOX.c.id).where(_OUTBOX.c.store == store)
    run = and_(_RUNS.c.id == _OUTBOX.c.run_id, _RUNS.c.store == _OUTBOX.c.store)
    orphaned = and_(_OUTBOX.c.run_id.is_not(None), not_(select(_RUNS.c.id).where(run).exists()))
    yield RowCheck(
        "runs",
        "changes belong to a workflow run that does not exist",
        "Show each with 'wcflow outbox show ID' and cancel it with 'wcflow outbox cancel ID', or"
        " restore a backup.",
        entries.where(orphaned),
    )
    no_process = or_(_OUTBOX.c.claimed_by == "", _OUTBOX.c.claimed_at.is_(None))
    yield RowCheck(
        "claims",
        "changes are claimed, but not by a process",
        "Run 'wcflow sync': it delivers them.",
        entries.where(_OUTBOX.c.state == "claimed", no_process),
    )
    unknown = entries.where(_OUTBOX.c.state.not_in(STATES))
    yield RowCheck("states", "changes have an unknown state", RESTORE_ADVICE, unknown)
    runs = select(_RUNS.c.id).where(_RUNS.c.store == store, _RUNS.c.state.not_in(_RUN_STATES))
    yield RowCheck("states", "workflow runs have an unknown state", RESTORE_ADVICE, runs)


def _poll_checks(store: str, now: int) -> Iterator[RowCheck]:
    row, ahead = select(_STORES.c.name).where(_STORES.c.name == store), now + _DAY
    done = row.where(_STORES.c.initial_sync_done.is_not(None))
    open_ranges = select(_RANGES.c.resource).where(
        _RANGES.c.store == store, _RANGES.c.done.is_(False), _RANGES.c.resource != "customers"
    )
    yield RowCheck(
        "import",
        "the initial import is marked as done, but parts of it are not",
        _RESYNC_ADVICE,
        open_ranges.where(done.exists()),
    )
    no_cursor = row.where(
        _STORES.c.initial_sync_started.is_not(None), _STORES.c.order_cursor.is_(None)
    )
    problem = "the time up to which orders are imported is missing"
    yield RowCheck("cursor", problem, _RESYNC_ADVICE, no_cursor)
    times = (
        _STORES.c.order_cursor,
        _STORES.c.subscription_cursor,
        _STORES.c.polled_at,
        _STORES.c.reconciled_at,
        _STORES.c.customer_rescan_started,
    )
    impossible = or_(*(or_(each < _EARLIEST, each > ahead) for each in times))
    problem = "the time of a poll or nightly check is in the future, or before 1970"
    yield RowCheck("cursor", problem, _RESYNC_ADVICE, row.where(impossible))
    yield RowCheck(
        "lease",
        "a process has reserved the store for more than a day",
        "A clock was wrong. Run 'wcflow sync': it ignores this.",
        row.where(_STORES.c.lease_until > ahead),
    )


def _run_check(
    tx: Connection, found: IntegrityProblem, query: Select[Any]
) -> Iterator[IntegrityProblem]:
    """Return the problem with the number of rows and examples, if the query returns any."""
    count = tx.scalar(select(func.count()).select_from(query.subquery())) or 0
    if count:
        keys = tx.scalars(query.order_by(*query.selected_columns).limit(_MAX_EXAMPLES))
        yield _with_examples(found, count, keys)


def _with_examples(found: IntegrityProblem, count: int, keys: Iterable[object]) -> IntegrityProblem:
    # The key of a guest is an address, which is private.
    examples = tuple("a guest" if str(key).startswith("g:") else str(key) for key in keys)
    return IntegrityProblem(found.name, found.message, found.advice, found.store, count, examples)


def _find_unreadable_rows(tx: Connection, store: str) -> Iterator[IntegrityProblem]:
    for model in ROW_READERS:
        keys = sorted(find_unreadable_keys(tx, store, model))
        if keys:
            table = table_of(model).name
            advice = _RESYNC_ADVICE if table in _STORE_TABLES else RESTORE_ADVICE
            found = IntegrityProblem("rows", f"rows of {table} cannot be read", advice, store)
            yield _with_examples(found, len(keys), keys[:_MAX_EXAMPLES])


def _find_customers_without_person(
    tx: Connection, configured: ConfiguredStore
) -> Iterator[IntegrityProblem]:
    """Find customers without a person, except accounts whose address belongs to no customer."""
    account = and_(
        _IDENTITIES.c.store == _CUSTOMERS.c.store,
        _IDENTITIES.c.kind == ACCOUNT,
        _IDENTITIES.c.value == cast(_CUSTOMERS.c.id, String),
    )
    query = select(_CUSTOMERS.c.id).where(
        _CUSTOMERS.c.store == configured.name,
        not_(select(_IDENTITIES.c.person).where(account).exists()),
    )
    missing = set(tx.scalars(query))
    missing -= find_nobody_accounts(tx, configured.name, missing, configured.shared_emails)
    erased = load_open_identities(tx, configured.name)
    missing = {each for each in missing if account_key(each) not in erased}
    if missing:
        problem = "customers have no person"
        found = IntegrityProblem("people", problem, _RESYNC_ADVICE, configured.name)
        yield _with_examples(found, len(missing), sorted(missing)[:_MAX_EXAMPLES])


def _find_orders_without_person(
    tx: Connection, configured: ConfiguredStore
) -> Iterator[IntegrityProblem]:
    known = set(load_person_ids(tx, configured.name))
    missing: list[str] = []
    for owners in chunks(sorted(load_owners(tx, configured.name)), 5000):
        people = find_keys(tx, configured.name, owners, configured.shared_emails, configured.guests)
        keys = {each for each in people.values() if each is not None}
        ids = find_persons(tx, configured.name, keys)
        missing += [key for key in sorted(keys) if ids.get(key) not in known]
    if missing:
        problem = "orders have no person"
        found = IntegrityProblem("people", problem, _RESYNC_ADVICE, configured.name)
        yield _with_examples(found, len(missing), missing[:_MAX_EXAMPLES])


def _find_impossible_times(tx: Connection, store: str, ahead: int) -> Iterator[IntegrityProblem]:
    for latest, columns in ((ahead, PAST_COLUMNS), (_LATEST, _TIME_COLUMNS)):
        for name, times in columns.items():
            table = METADATA.tables[name]
            key = next(iter(each for each in table.primary_key if each.name != "store"))
            for column in times:
                impossible = or_(table.c[column] < _EARLIEST, table.c[column] > latest)
                query = select(key).where(table.c.store == store, impossible)
                yield from _run_check(tx, _impossible_time(name, column, store), query)


def _impossible_time(table: str, column: str, store: str) -> IntegrityProblem:
    problem = f"rows of {table} have an impossible time in {column}"
    clock_advice = "Was the clock of this machine wrong once? 'wcflow doctor' checks it."
    advice = _RESYNC_ADVICE if table in _STORE_TABLES else clock_advice
    return IntegrityProblem("times", problem, advice, store)
