"""The outbox as rows: effects that wait for the shop, and what became of each.

The unique key (store, rule, person, event, step) is the whole of deduplication.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import product
from typing import Any

from sqlalchemy import (
    Connection,
    RowMapping,
    bindparam,
    case,
    delete,
    exists,
    func,
    or_,
    select,
    update,
)

from wcflow.database.prepared import IN_LIST, Prepared, fetch_tuples
from wcflow.database.sql import count_by_value, instant, loads, stamp, table_of, upsert
from wcflow.database.tables import OutboxRow

_OUTBOX = table_of(OutboxRow)
UNIQUE_KEY = ("store", "rule", "person", "event", "step")
STATES = ("due", "claimed", "done", "failed", "cancelled", "dry_run")
TAGS_RULE = "tags"
CLAIM_DURATION = timedelta(minutes=10)
_SELECT_OPEN_TAGS = Prepared(
    select(
        _OUTBOX.c.person, _OUTBOX.c.step, _OUTBOX.c.state, _OUTBOX.c.payload, _OUTBOX.c.target_id
    ).where(
        _OUTBOX.c.store == bindparam("store"),
        _OUTBOX.c.rule == TAGS_RULE,
        _OUTBOX.c.person.in_(IN_LIST),
        or_(*(_OUTBOX.c.state == state for state in ("due", "claimed", "failed"))),
    )
)
_SELECT_WAITING_RUNS = Prepared(
    select(_OUTBOX.c.person, _OUTBOX.c.run_id).where(
        _OUTBOX.c.store == bindparam("store"),
        _OUTBOX.c.person.in_(IN_LIST),
        _OUTBOX.c.state == "due",
        _OUTBOX.c.run_id.is_not(None),
    )
)


@dataclass(frozen=True, slots=True)
class OutboxEntry:
    """One effect as it stands in the outbox."""

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


def _entry_from_row(row: RowMapping) -> OutboxEntry:
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
    )


def add_entries(tx: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Queue effects of workflows; one whose key is there already is left as it is."""
    upsert(tx, OutboxRow, rows, on=UNIQUE_KEY, keep=[column.name for column in _OUTBOX.columns])


@dataclass(frozen=True, slots=True)
class TagEntry:
    """The row that keeps what one place should show; ``target_id`` is the customer's or order's id."""

    state: str
    payload: str
    target_id: int


def load_tag_entries(
    tx: Connection, store: str, persons: Sequence[int]
) -> dict[tuple[int, str], TagEntry]:
    """Give the rows of tags of these people that are not done or called off, by (person, step)."""
    found = {}
    for person, step, *entry in fetch_tuples(tx, _SELECT_OPEN_TAGS, store, persons):
        found[person, step] = TagEntry(*entry)
    return found


def queue_tags(tx: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Queue what places should show, one row for each; a later wish replaces an earlier."""
    initial = {"state": "due", "attempts": 0, "outcome": "", "approved": False, "finished_at": None}
    upsert(tx, OutboxRow, [{**row, **initial} for row in rows], on=UNIQUE_KEY)


def cancel_tags(tx: Connection, store: str, unwanted: Iterable[tuple[int, str]]) -> None:
    """Call off tags (person, step) that wait, or whose writer died, and are wanted no more."""
    for person, step in unwanted:
        matching = (
            _OUTBOX.c.store == store,
            _OUTBOX.c.rule == TAGS_RULE,
            _OUTBOX.c.person == person,
        )
        tx.execute(
            update(_OUTBOX)
            .where(*matching, _OUTBOX.c.step == step, _OUTBOX.c.state.in_(("due", "claimed")))
            .values(state="cancelled", outcome="the shop shows them already")
        )


def cancel_run_entries(tx: Connection, store: str, run_ids: Iterable[int], reason: str) -> int:
    """Call off what waits of these runs."""
    waiting = (
        _OUTBOX.c.store == store,
        _OUTBOX.c.run_id.in_(list(run_ids)),
        _OUTBOX.c.state == "due",
    )
    return tx.execute(
        update(_OUTBOX).where(*waiting).values(state="cancelled", outcome=reason)
    ).rowcount


def load_undelivered_runs(
    tx: Connection, store: str, persons: Sequence[int]
) -> dict[int, set[int]]:
    """Give the runs of each person that have effects waiting for the shop."""
    found: dict[int, set[int]] = {}
    for person, run_id in fetch_tuples(tx, _SELECT_WAITING_RUNS, store, persons):
        found.setdefault(person, set()).add(run_id)
    return found


def count_waiting(
    tx: Connection, store: str, now: datetime, kinds: Sequence[str] = ()
) -> tuple[int, int]:
    """Count the entries that are due: those not approved yet, and those approved."""
    due = [_OUTBOX.c.store == store, _OUTBOX.c.state == "due", _OUTBOX.c.due_at <= stamp(now)]
    if kinds:
        due.append(_OUTBOX.c.kind.in_(kinds))
    query = select(_OUTBOX.c.approved, func.count()).where(*due).group_by(_OUTBOX.c.approved)
    counts = {bool(approved): count for approved, count in tx.execute(query)}
    return counts.get(False, 0), counts.get(True, 0)


def approve_entries(tx: Connection, store: str, kinds: Sequence[str]) -> int:
    """Approve all entries of these kinds that wait; return how many."""
    matching = (
        _OUTBOX.c.store == store,
        _OUTBOX.c.state == "due",
        _OUTBOX.c.approved.is_(False),
        _OUTBOX.c.kind.in_(kinds),
    )
    return tx.execute(update(_OUTBOX).where(*matching).values(approved=True)).rowcount


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
    """Claim due effects, oldest first; of a run, none whose earlier ones are not done.

    A claim is an UPDATE whose rows say who won.
    """
    earlier = _OUTBOX.alias()
    before = exists().where(
        earlier.c.run_id == _OUTBOX.c.run_id,
        earlier.c.id < _OUTBOX.c.id,
        earlier.c.state.in_(("due", "claimed", "failed")),
    )
    due = (_OUTBOX.c.store == store, _OUTBOX.c.state == "due", _OUTBOX.c.due_at <= stamp(now))
    wanted = select(_OUTBOX.c.due_at, _OUTBOX.c.id).where(*due, ~before)
    oldest = wanted.order_by(_OUTBOX.c.due_at, _OUTBOX.c.id).limit(limit)
    found: list[tuple[int, int]] = []
    # Each sort by itself: the index gives the oldest of one without looking at the rest.
    both = (True, False)
    for kind, approved, urgent in product(
        kinds, (True,) if approved_only else both, (True,) if urgent_only else both
    ):
        sort = (
            _OUTBOX.c.kind == kind,
            _OUTBOX.c.approved.is_(approved),
            _OUTBOX.c.urgent.is_(urgent),
        )
        found += [(row.due_at, row.id) for row in tx.execute(oldest.where(*sort))]
    ids = [number for _, number in sorted(found)[:limit]]
    matching = (
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
        (_entry_from_row(row) for row in tx.execute(matching).mappings()), key=lambda row: row.id
    )


def recover_claims(tx: Connection, store: str, now: datetime, holder: str) -> int:
    """Make claims due again that a process left that died ten minutes ago, or that this one left.

    It leaves some where the database fails in the midst of a delivery. Their effect may be at the
    shop or not; as they count as tried, it is looked for first.
    """
    # One without an instant, or from a clock that was wrong, would never lapse.
    impossible = or_(
        _OUTBOX.c.claimed_at.is_(None), _OUTBOX.c.claimed_at > stamp(now + CLAIM_DURATION)
    )
    lapsed = or_(_OUTBOX.c.claimed_at <= stamp(now - CLAIM_DURATION), impossible)
    leftover = (
        _OUTBOX.c.store == store,
        _OUTBOX.c.state == "claimed",
        or_(lapsed, _OUTBOX.c.claimed_by == holder),
    )
    return tx.execute(update(_OUTBOX).where(*leftover).values(state="due")).rowcount


def release_claims(tx: Connection, store: str, holder: str, tried: Collection[int]) -> None:
    """Give back what this delivery claimed; what it did not come to was no try."""
    matching = (
        _OUTBOX.c.store == store,
        _OUTBOX.c.state == "claimed",
        _OUTBOX.c.claimed_by == holder,
    )
    leftover = update(_OUTBOX).where(*matching)
    in_hand = _OUTBOX.c.id.in_(list(tried))
    tx.execute(leftover.where(~in_hand).values(state="due", attempts=_OUTBOX.c.attempts - 1))
    tx.execute(leftover.where(in_hand).values(state="due"))


def postpone(tx: Connection, ids: Sequence[int], until: datetime, reason: str) -> None:
    """Try these again later."""
    values = {"state": "due", "due_at": stamp(until), "outcome": reason}
    tx.execute(update(_OUTBOX).where(_OUTBOX.c.id.in_(ids)).values(**values))


def record_outcome(tx: Connection, entry_id: int, state: str, outcome: str, now: datetime) -> None:
    """Record what became of an effect: done, failed or cancelled."""
    tx.execute(
        update(_OUTBOX)
        .where(_OUTBOX.c.id == entry_id)
        .values(state=state, outcome=outcome, finished_at=stamp(now))
    )


def cancel_later_entries(tx: Connection, entry: OutboxEntry, reason: str) -> int:
    """Call off the later effects of a run one of whose effects was given up."""
    if entry.run_id is None:
        return 0
    later = (_OUTBOX.c.run_id == entry.run_id, _OUTBOX.c.id > entry.id, _OUTBOX.c.state == "due")
    return tx.execute(
        update(_OUTBOX).where(*later).values(state="cancelled", outcome=reason)
    ).rowcount


def load_entries(
    tx: Connection,
    store: str | None = None,
    states: Sequence[str] = (),
    ids: Sequence[int] = (),
    limit: int | None = 200,
    *,
    kinds: Sequence[str] = (),
    newest_first: bool = False,
) -> list[OutboxEntry]:
    """Give effects as they stand, oldest first unless asked otherwise; limit None gives all."""
    query = (
        select(_OUTBOX).order_by(_OUTBOX.c.id.desc() if newest_first else _OUTBOX.c.id).limit(limit)
    )
    if store is not None:
        every = limit is not None and not (states or ids or kinds)
        # A few of all: by an index of stores SQLite would sort them all, to give the first few.
        query = query.where((_OUTBOX.c.store.concat("") if every else _OUTBOX.c.store) == store)
    for column, wanted in ((_OUTBOX.c.state, states), (_OUTBOX.c.id, ids), (_OUTBOX.c.kind, kinds)):
        if wanted:
            query = query.where(column.in_(wanted))
    return [_entry_from_row(row) for row in tx.execute(query).mappings()]


def load_person_entries(
    tx: Connection, store: str, person: int, limit: int = 50
) -> list[OutboxEntry]:
    """Give a person's effects, newest first."""
    query = select(_OUTBOX).where(_OUTBOX.c.store == store, _OUTBOX.c.person == person)
    rows = tx.execute(query.order_by(_OUTBOX.c.id.desc()).limit(limit)).mappings()
    return [_entry_from_row(row) for row in rows]


def count_by_state(tx: Connection, store: str) -> dict[str, int]:
    """Count the effects by state."""
    return count_by_value(tx, _OUTBOX, store, "state", usual="done")


def count_by_kind(tx: Connection, store: str, state: str) -> dict[str, int]:
    """Count the effects in a state by their kind."""
    matching = (_OUTBOX.c.store == store, _OUTBOX.c.state == state)
    query = select(_OUTBOX.c.kind, func.count()).where(*matching).group_by(_OUTBOX.c.kind)
    return {row[0]: row[1] for row in tx.execute(query)}


def retry(tx: Connection, ids: Sequence[int], now: datetime) -> int:
    """Queue again what was given up or called off; what was tried is looked for first."""
    over = (_OUTBOX.c.id.in_(ids), _OUTBOX.c.state.in_(("failed", "cancelled", "due")))
    # As after one try, and not after none: the shop may have taken what it did not answer.
    tries = case((_OUTBOX.c.attempts > 0, 1), else_=0)
    values = {"state": "due", "due_at": stamp(now), "outcome": "", "approved": True}
    return tx.execute(update(_OUTBOX).where(*over).values(attempts=tries, **values)).rowcount


def cancel(tx: Connection, ids: Sequence[int], now: datetime) -> int:
    """Call off what waits or was given up, by hand."""
    waiting = (_OUTBOX.c.id.in_(ids), _OUTBOX.c.state.in_(("due", "failed")))
    values = {"state": "cancelled", "outcome": "cancelled by hand", "finished_at": stamp(now)}
    return tx.execute(update(_OUTBOX).where(*waiting).values(**values)).rowcount


def delete_old_tag_entries(tx: Connection, store: str, before: datetime) -> int:
    """Forget tags that were written long ago: they are state, and their row says nothing more.

    Effects of workflows stay for good, for their keys are what keeps them from happening twice.
    """
    old = (
        _OUTBOX.c.store == store,
        _OUTBOX.c.rule == TAGS_RULE,
        _OUTBOX.c.finished_at <= stamp(before),
    )
    over = _OUTBOX.c.state.in_(("done", "cancelled"))
    return tx.execute(delete(_OUTBOX).where(*old, over)).rowcount
