"""The outbox: changes to deliver, and their results.

The unique key (store, rule, person, event, step) alone prevents duplicates.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import product
from typing import Any

from sqlalchemy import (
    Boolean,
    ColumnElement,
    Connection,
    RowMapping,
    bindparam,
    exists,
    func,
    or_,
    select,
    true,
    update,
)

from wcflow.database.outbox_order import is_next
from wcflow.database.sql import (
    count_by_value,
    fetch_in,
    instant,
    loads,
    select_in,
    stamp,
    table_of,
    upsert,
)
from wcflow.database.tables import CampaignRow, OutboxRow, WorkflowRow

_OUTBOX, _WORKFLOWS = table_of(OutboxRow), table_of(WorkflowRow)
_CAMPAIGNS = table_of(CampaignRow)
UNIQUE_KEY = ("store", "rule", "person", "event", "step")
STATES = ("due", "claimed", "done", "failed", "cancelled", "dry_run")
TAGS_RULE = "tags"
CLAIM_DURATION = timedelta(minutes=10)
"""A claim that is older than this was left by a process that was killed."""
ERASED_PAYLOAD = {"erased": True}
"""What is left of the content of a change about a deleted customer."""
_OPEN_STATES = ("due", "claimed", "failed")
_OPEN_TAGS = select_in(
    _OUTBOX,
    "person",
    _OUTBOX.c.person,
    _OUTBOX.c.step,
    _OUTBOX.c.state,
    _OUTBOX.c.payload,
    _OUTBOX.c.target_id,
    _OUTBOX.c.attempts,
).where(_OUTBOX.c.rule == TAGS_RULE, _OUTBOX.c.state.in_(_OPEN_STATES))
_KEYS = select_in(
    _OUTBOX, "person", _OUTBOX.c.rule, _OUTBOX.c.person, _OUTBOX.c.event, _OUTBOX.c.step
).where(_OUTBOX.c.rule != TAGS_RULE)
_WAITING_RUNS = select_in(_OUTBOX, "person", _OUTBOX.c.person, _OUTBOX.c.run_id).where(
    _OUTBOX.c.state == "due", _OUTBOX.c.run_id.is_not(None)
)


@dataclass(frozen=True, slots=True)
class OutboxEntry:
    """One change in the outbox; ``needs`` are the steps of its run whose results it contains."""

    id: int
    rule: str
    person: int
    event: str
    step: str
    kind: str
    target_id: int
    payload: Mapping[str, Any]
    run_id: int | None
    state: str
    due_at: datetime
    queued_at: datetime
    attempts: int
    approved: bool
    outcome: str
    urgent: bool = False
    needs: tuple[str, ...] = ()
    finished_at: datetime | None = None
    cancelled_by: int | None = None
    priority: int = 0
    marketing: bool = False

    @property
    def is_erased(self) -> bool:
        """Whether its content was deleted with the customer."""
        return self.payload == ERASED_PAYLOAD

    @property
    def label(self) -> str:
        """The label of its step in the run: ``3``."""
        return self.step.partition(" ")[0]


def entry_from_row(row: RowMapping) -> OutboxEntry:
    return OutboxEntry(
        id=row["id"],
        rule=row["rule"],
        person=row["person"],
        event=row["event"],
        step=row["step"],
        kind=row["kind"],
        target_id=row["target_id"],
        payload=loads(row["payload"]),
        run_id=row["run_id"],
        state=row["state"],
        due_at=instant(row["due_at"]),
        queued_at=instant(row["queued_at"]),
        attempts=row["attempts"],
        approved=row["approved"],
        outcome=row["outcome"],
        urgent=row["urgent"],
        needs=tuple(loads(row["needs"])),
        finished_at=None if row["finished_at"] is None else instant(row["finished_at"]),
        cancelled_by=row["cancelled_by"],
        priority=row["priority"],
        marketing=row["marketing"],
    )


def add_entries(tx: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Queue changes of workflows; entries with the same key stay as they are."""
    upsert(tx, OutboxRow, rows, on=UNIQUE_KEY, keep=[column.name for column in _OUTBOX.columns])


def find_existing(
    tx: Connection, store: str, rows: Iterable[Mapping[str, Any]]
) -> set[tuple[str, int, str, str]]:
    """Return the entries (rule, person, event, step) of the people in these rows."""
    persons = {row["person"] for row in rows}
    return {tuple(row) for row in fetch_in(tx, _KEYS, store, sorted(persons))}


@dataclass(frozen=True, slots=True)
class TagEntry:
    """The entry that writes tags to one customer or order; ``target_id`` is its id."""

    state: str
    payload: str
    target_id: int
    attempts: int

    @property
    def is_uncertain(self) -> bool:
        """Whether it was tried and its result is not known: the store can show it or not."""
        return self.state == "claimed" or (self.state == "due" and self.attempts > 0)


def load_tag_entries(
    tx: Connection, store: str, persons: Sequence[int]
) -> dict[tuple[int, str], TagEntry]:
    """Return the open tag entries of these people by (person, step): due, claimed or failed."""
    found = {}
    for person, step, *entry in fetch_in(tx, _OPEN_TAGS, store, persons):
        found[person, step] = TagEntry(*entry)
    return found


def queue_tags(tx: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Queue the tags to write, one entry per customer or order; a new entry replaces the old one."""
    initial = {"state": "due", "attempts": 0, "outcome": "", "approved": False}
    initial |= {"finished_at": None, "cancelled_by": None}
    upsert(tx, OutboxRow, [{**row, **initial} for row in rows], on=UNIQUE_KEY)


def cancel_tags(tx: Connection, store: str, keys: Iterable[tuple[int, str]]) -> None:
    """Cancel tag entries (person, step) that are due or claimed: the store has these tags already."""
    for person, step in keys:
        matching = (
            _OUTBOX.c.store == store,
            _OUTBOX.c.rule == TAGS_RULE,
            _OUTBOX.c.person == person,
        )
        tx.execute(
            update(_OUTBOX)
            .where(*matching, _OUTBOX.c.step == step, _OUTBOX.c.state.in_(("due", "claimed")))
            .values(state="cancelled", outcome="no longer needed")
        )


def load_undelivered_runs(
    tx: Connection, store: str, persons: Sequence[int]
) -> dict[int, set[int]]:
    """Return the runs of each person that have changes that are due."""
    found: dict[int, set[int]] = {}
    for person, run_id in fetch_in(tx, _WAITING_RUNS, store, persons):
        found.setdefault(person, set()).add(run_id)
    return found


def not_paused(tx: Connection, store: str) -> ColumnElement[bool]:
    """Return the condition for entries whose workflow or campaign is neither paused nor off.

    The next evaluation of the person cancels what is left of a workflow that is off. Nearly always that is all of them, and then an index counts them without reading each.
    """
    paused = select(_WORKFLOWS.c.name).where(
        _WORKFLOWS.c.store == store,
        or_(_WORKFLOWS.c.paused_at.is_not(None), _WORKFLOWS.c.mode == "off"),
    )
    rules = [f"workflow {name}" for name in tx.scalars(paused)]
    campaigns = select(_CAMPAIGNS.c.name).where(
        _CAMPAIGNS.c.store == store, _CAMPAIGNS.c.state == "paused"
    )
    rules += [f"campaign {name}" for name in tx.scalars(campaigns)]
    return _OUTBOX.c.rule.not_in(rules) if rules else true()


def count_waiting(
    tx: Connection, store: str, now: datetime, kinds: Sequence[str] = ()
) -> tuple[int, int]:
    """Count the entries that are due: those not approved yet, and those approved.

    Those of paused workflows do not count.
    """
    due = [_OUTBOX.c.store == store, _OUTBOX.c.state == "due", _OUTBOX.c.due_at <= stamp(now)]
    due.append(not_paused(tx, store))
    if kinds:
        due.append(_OUTBOX.c.kind.in_(kinds))
    query = select(_OUTBOX.c.approved, func.count()).where(*due).group_by(_OUTBOX.c.approved)
    counts = {bool(approved): count for approved, count in tx.execute(query)}
    return counts.get(False, 0), counts.get(True, 0)


def claim(
    tx: Connection,
    store: str,
    kinds: Sequence[str],
    now: datetime,
    limit: int,
    holder: str,
    *,
    approved_only: bool = False,
    urgent_only: bool = False,
) -> list[OutboxEntry]:
    """Claim entries that are due, oldest first. In a run, some wait for earlier ones (``ready``).

    The UPDATE returns the entries that this process has claimed; another process gets none of them.
    """
    # One query for each kind: the index then returns the oldest without reading the others.
    of_kind = select(_OUTBOX.c.due_at, _OUTBOX.c.id).where(
        *ready(tx, store, now),
        _OUTBOX.c.kind == bindparam("kind"),
        _OUTBOX.c.approved == bindparam("approved", type_=Boolean()),
        # Only messages have a priority, and they are claimed by it.
        _OUTBOX.c.priority == 0,
        _OUTBOX.c.urgent == bindparam("urgent", type_=Boolean()),
    )
    oldest = of_kind.order_by(_OUTBOX.c.due_at, _OUTBOX.c.id).limit(limit)
    found: list[tuple[int, int]] = []
    both = (True, False)
    for kind, approved, urgent in product(
        kinds, (True,) if approved_only else both, (True,) if urgent_only else both
    ):
        wanted = {"kind": kind, "approved": approved, "urgent": urgent}
        rows = tx.execute(oldest.where(is_next(kind)), wanted)
        found += [(row.due_at, row.id) for row in rows]
    return claim_ids(tx, [number for _, number in sorted(found)[:limit]], now, holder)


def ready(tx: Connection, store: str, now: datetime) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions for entries that can be delivered now.

    In a run, an entry waits for the earlier ones of its channel, so that they arrive in order, and
    if it uses the result of any step, for all earlier ones. A message that waits for the morning
    does not hold up a note or a task. An earlier one that failed stops only those that use its result.
    """
    earlier = _OUTBOX.alias()
    has_open_earlier = exists().where(
        earlier.c.run_id == _OUTBOX.c.run_id,
        earlier.c.id < _OUTBOX.c.id,
        earlier.c.state.in_(("due", "claimed")),
        or_(earlier.c.channel == _OUTBOX.c.channel, _OUTBOX.c.needs != "[]"),
    )
    return (
        _OUTBOX.c.store == store,
        _OUTBOX.c.state == "due",
        _OUTBOX.c.due_at <= stamp(now),
        not_paused(tx, store),
        ~has_open_earlier,
    )


def claim_ids(tx: Connection, ids: Sequence[int], now: datetime, holder: str) -> list[OutboxEntry]:
    """Claim those of these entries that are still due; return them by id."""
    claimed = (
        update(_OUTBOX)
        .where(_OUTBOX.c.id.in_(ids), _OUTBOX.c.state == "due")
        .values(
            state="claimed",
            claimed_at=stamp(now),
            claimed_by=holder,
            attempts=_OUTBOX.c.attempts + 1,
        )
        .returning(*_OUTBOX.c)
    )
    return sorted(
        (entry_from_row(row) for row in tx.execute(claimed).mappings()), key=lambda entry: entry.id
    )


def recover_claims(tx: Connection, store: str, now: datetime, holder: str) -> int:
    """Make abandoned claims due again: those that are too old, and those of this process.

    This process abandons claims if the database fails during a delivery. Whether the change was
    made is unknown. It counts as an attempt, so the next one looks it up in the store first.
    """
    expired = or_(
        _OUTBOX.c.claimed_at <= stamp(now - CLAIM_DURATION),
        # Without a time, or with that of a wrong clock, a claim would never expire.
        _OUTBOX.c.claimed_at.is_(None),
        _OUTBOX.c.claimed_at > stamp(now + CLAIM_DURATION),
    )
    abandoned = (
        _OUTBOX.c.store == store,
        _OUTBOX.c.state == "claimed",
        or_(expired, _OUTBOX.c.claimed_by == holder),
    )
    return tx.execute(update(_OUTBOX).where(*abandoned).values(state="due")).rowcount


def release_claims(tx: Connection, store: str, holder: str, tried: Collection[int]) -> None:
    """Make the remaining claims of a delivery due again; only ``tried`` ones count as an attempt."""
    claimed = update(_OUTBOX).where(
        _OUTBOX.c.store == store,
        _OUTBOX.c.state == "claimed",
        _OUTBOX.c.claimed_by == holder,
    )
    was_tried = _OUTBOX.c.id.in_(list(tried))
    tx.execute(claimed.where(~was_tried).values(state="due", attempts=_OUTBOX.c.attempts - 1))
    tx.execute(claimed.where(was_tried).values(state="due"))


def load_entries(
    tx: Connection,
    store: str | None = None,
    states: Sequence[str] = (),
    ids: Sequence[int] = (),
    limit: int | None = 200,
    *,
    kinds: Sequence[str] = (),
    run_ids: Sequence[int] = (),
    newest_first: bool = False,
) -> list[OutboxEntry]:
    """Return entries, oldest first by default; ``limit`` None returns all."""
    query = (
        select(_OUTBOX).order_by(_OUTBOX.c.id.desc() if newest_first else _OUTBOX.c.id).limit(limit)
    )
    if store is not None:
        unfiltered = limit is not None and not (states or ids or kinds or run_ids)
        # With an index of the store, SQLite would sort all entries to return the first few.
        column = _OUTBOX.c.store.concat("") if unfiltered else _OUTBOX.c.store
        query = query.where(column == store)
    for name, values in (
        ("state", states),
        ("id", ids),
        ("kind", kinds),
        ("run_id", run_ids),
    ):
        if values:
            query = query.where(_OUTBOX.c[name].in_(values))
    return [entry_from_row(row) for row in tx.execute(query).mappings()]


def load_person_entries(
    tx: Connection, store: str, person: int, limit: int = 50
) -> list[OutboxEntry]:
    """Return the entries of a person, newest first."""
    query = select(_OUTBOX).where(_OUTBOX.c.store == store, _OUTBOX.c.person == person)
    rows = tx.execute(query.order_by(_OUTBOX.c.id.desc()).limit(limit)).mappings()
    return [entry_from_row(row) for row in rows]


def count_by_state(tx: Connection, store: str) -> dict[str, int]:
    return count_by_value(tx, _OUTBOX, store, "state", usual="done")


def count_by_kind(tx: Connection, store: str, state: str) -> dict[str, int]:
    """Count the entries in a state by kind."""
    matching = (_OUTBOX.c.store == store, _OUTBOX.c.state == state)
    query = select(_OUTBOX.c.kind, func.count()).where(*matching).group_by(_OUTBOX.c.kind)
    return {row[0]: row[1] for row in tx.execute(query)}
