"""The outbox as rows: effects that wait for the shop, and what became of each.

The unique key (store, rule, person, occurrence, step) is the whole of deduplication.
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

from wcflow.database.prepared import AMONG, Prepared, among
from wcflow.database.sql import counts_by, instant, loads, stamp, table_of, upsert
from wcflow.database.tables import OutboxRow

_O = table_of(OutboxRow)
KEY = ("store", "rule", "person", "occurrence", "step")
STATES = ("due", "claimed", "done", "failed", "cancelled", "dry_run")
STATE_OF_TAGS = "tags"
CLAIM_LASTS = timedelta(minutes=10)
_OPEN_TAGS = Prepared(
    select(_O.c.person, _O.c.step, _O.c.state, _O.c.payload, _O.c.target).where(
        _O.c.store == bindparam("store"),
        _O.c.rule == STATE_OF_TAGS,
        _O.c.person.in_(AMONG),
        or_(*(_O.c.state == state for state in ("due", "claimed", "failed"))),
    )
)
_WAITING_RUNS = Prepared(
    select(_O.c.person, _O.c.run_id).where(
        _O.c.store == bindparam("store"),
        _O.c.person.in_(AMONG),
        _O.c.state == "due",
        _O.c.run_id.is_not(None),
    )
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One effect as it stands in the outbox."""

    id: int
    rule: str
    person: int
    occurrence: str
    step: str
    kind: str
    target: int
    payload: Mapping[str, Any]
    run_id: int | None
    state: str
    due_at: datetime
    queued_at: datetime
    attempts: int
    released: bool
    outcome: str


def _entry(row: RowMapping) -> Entry:
    return Entry(
        id=row["id"],
        rule=row["rule"],
        person=row["person"],
        occurrence=row["occurrence"],
        step=row["step"],
        kind=row["kind"],
        target=row["target"],
        payload=loads(row["payload"]),
        run_id=row["run_id"],
        state=row["state"],
        due_at=instant(row["due_at"]),
        queued_at=instant(row["queued_at"]),
        attempts=row["attempts"],
        released=row["released"],
        outcome=row["outcome"],
    )


def add_entries(tx: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Queue effects of workflows; one whose key is there already is left as it is."""
    upsert(tx, OutboxRow, rows, on=KEY, keep=[column.name for column in _O.columns])


@dataclass(frozen=True, slots=True)
class TagEntry:
    """The row that keeps what one place should show; ``target`` is the customer's or order's id."""

    state: str
    payload: str
    target: int


def tag_entries(
    tx: Connection, store: str, persons: Sequence[int]
) -> dict[tuple[int, str], TagEntry]:
    """Give the rows of tags of these people that are not done or called off, by (person, step)."""
    found = {}
    for person, step, *entry in among(tx, _OPEN_TAGS, store, persons):
        found[person, step] = TagEntry(*entry)
    return found


def queue_tags(tx: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Queue what places should show, one row for each; a later wish replaces an earlier."""
    anew = {"state": "due", "attempts": 0, "outcome": "", "released": False, "done_at": None}
    upsert(tx, OutboxRow, [{**row, **anew} for row in rows], on=KEY)


def cancel_tags(tx: Connection, store: str, gone: Iterable[tuple[int, str]]) -> None:
    """Call off tags (person, step) that wait, or whose writer died, and are wanted no more."""
    for person, step in gone:
        mine = (_O.c.store == store, _O.c.rule == STATE_OF_TAGS, _O.c.person == person)
        tx.execute(
            update(_O)
            .where(*mine, _O.c.step == step, _O.c.state.in_(("due", "claimed")))
            .values(state="cancelled", outcome="the shop shows them already")
        )


def cancel_of_runs(tx: Connection, store: str, run_ids: Iterable[int], why: str) -> int:
    """Call off what waits of these runs."""
    waiting = (_O.c.store == store, _O.c.run_id.in_(list(run_ids)), _O.c.state == "due")
    return tx.execute(update(_O).where(*waiting).values(state="cancelled", outcome=why)).rowcount


def undelivered_runs(tx: Connection, store: str, persons: Sequence[int]) -> dict[int, set[int]]:
    """Give the runs of each person that have effects waiting for the shop."""
    found: dict[int, set[int]] = {}
    for person, run_id in among(tx, _WAITING_RUNS, store, persons):
        found.setdefault(person, set()).add(run_id)
    return found


def waiting(
    tx: Connection, store: str, now: datetime, kinds: Sequence[str] = ()
) -> tuple[int, int]:
    """Count the entries that are due: those not approved yet, and those approved."""
    due = [_O.c.store == store, _O.c.state == "due", _O.c.due_at <= stamp(now)]
    if kinds:
        due.append(_O.c.kind.in_(kinds))
    query = select(_O.c.released, func.count()).where(*due).group_by(_O.c.released)
    counts = {bool(released): count for released, count in tx.execute(query)}
    return counts.get(False, 0), counts.get(True, 0)


def release(tx: Connection, store: str, kinds: Sequence[str]) -> int:
    """Approve all entries of these kinds that wait; return how many."""
    mine = (
        _O.c.store == store,
        _O.c.state == "due",
        _O.c.released.is_(False),
        _O.c.kind.in_(kinds),
    )
    return tx.execute(update(_O).where(*mine).values(released=True)).rowcount


def claim(
    tx: Connection,
    store: str,
    kinds: Sequence[str],
    now: datetime,
    limit: int,
    holder: str,
    *,
    released_only: bool = False,
) -> list[Entry]:
    """Claim due effects, oldest first; of a run, none whose earlier ones are not done.

    A claim is an UPDATE whose rows say who won.
    """
    earlier = _O.alias()
    before = exists().where(
        earlier.c.run_id == _O.c.run_id,
        earlier.c.id < _O.c.id,
        earlier.c.state.in_(("due", "claimed", "failed")),
    )
    due = (_O.c.store == store, _O.c.state == "due", _O.c.due_at <= stamp(now))
    wanted = select(_O.c.due_at, _O.c.id).where(*due, ~before)
    oldest = wanted.order_by(_O.c.due_at, _O.c.id).limit(limit)
    found: list[tuple[int, int]] = []
    # Each sort by itself: the index gives the oldest of one without looking at the rest.
    for kind, released in product(kinds, (True,) if released_only else (True, False)):
        sort = (_O.c.kind == kind, _O.c.released.is_(released))
        found += [(row.due_at, row.id) for row in tx.execute(oldest.where(*sort))]
    ids = [number for _, number in sorted(found)[:limit]]
    mine = (
        update(_O)
        .where(_O.c.id.in_(ids), _O.c.state == "due")
        .values(
            state="claimed",
            claimed_at=stamp(now),
            claimed_by=holder,
            attempts=_O.c.attempts + 1,
        )
        .returning(*_O.c)
    )
    return sorted((_entry(row) for row in tx.execute(mine).mappings()), key=lambda row: row.id)


def reclaim(tx: Connection, store: str, now: datetime, holder: str) -> int:
    """Make claims due again that a process left that died ten minutes ago, or that this one left.

    It leaves some where the database fails in the midst of a delivery. Their effect may be at the
    shop or not; as they count as tried, it is looked for first.
    """
    # One without an instant, or from a clock that was wrong, would never lapse.
    absurd = or_(_O.c.claimed_at.is_(None), _O.c.claimed_at > stamp(now + CLAIM_LASTS))
    lapsed = or_(_O.c.claimed_at <= stamp(now - CLAIM_LASTS), absurd)
    left = (_O.c.store == store, _O.c.state == "claimed", or_(lapsed, _O.c.claimed_by == holder))
    return tx.execute(update(_O).where(*left).values(state="due")).rowcount


def unclaim(tx: Connection, store: str, holder: str, tried: Collection[int]) -> None:
    """Give back what this delivery claimed; what it did not come to was no try."""
    mine = (_O.c.store == store, _O.c.state == "claimed", _O.c.claimed_by == holder)
    left = update(_O).where(*mine)
    in_hand = _O.c.id.in_(list(tried))
    tx.execute(left.where(~in_hand).values(state="due", attempts=_O.c.attempts - 1))
    tx.execute(left.where(in_hand).values(state="due"))


def put_off(tx: Connection, ids: Sequence[int], until: datetime, why: str) -> None:
    """Try these again later."""
    values = {"state": "due", "due_at": stamp(until), "outcome": why}
    tx.execute(update(_O).where(_O.c.id.in_(ids)).values(**values))


def close(tx: Connection, entry_id: int, state: str, outcome: str, now: datetime) -> None:
    """Record what became of an effect: done, failed or cancelled."""
    tx.execute(
        update(_O)
        .where(_O.c.id == entry_id)
        .values(state=state, outcome=outcome, done_at=stamp(now))
    )


def cancel_after(tx: Connection, entry: Entry, why: str) -> int:
    """Call off the later effects of a run one of whose effects was given up."""
    if entry.run_id is None:
        return 0
    later = (_O.c.run_id == entry.run_id, _O.c.id > entry.id, _O.c.state == "due")
    return tx.execute(update(_O).where(*later).values(state="cancelled", outcome=why)).rowcount


def entries(
    tx: Connection,
    store: str | None = None,
    states: Sequence[str] = (),
    ids: Sequence[int] = (),
    limit: int | None = 200,
    *,
    kinds: Sequence[str] = (),
    newest_first: bool = False,
) -> list[Entry]:
    """Give effects as they stand, oldest first unless asked otherwise; limit None gives all."""
    query = select(_O).order_by(_O.c.id.desc() if newest_first else _O.c.id).limit(limit)
    if store is not None:
        every = limit is not None and not (states or ids or kinds)
        # A few of all: by an index of stores SQLite would sort them all, to give the first few.
        query = query.where((_O.c.store.concat("") if every else _O.c.store) == store)
    for column, wanted in ((_O.c.state, states), (_O.c.id, ids), (_O.c.kind, kinds)):
        if wanted:
            query = query.where(column.in_(wanted))
    return [_entry(row) for row in tx.execute(query).mappings()]


def entries_of(tx: Connection, store: str, person: int, limit: int = 50) -> list[Entry]:
    """Give a person's effects, newest first."""
    query = select(_O).where(_O.c.store == store, _O.c.person == person)
    rows = tx.execute(query.order_by(_O.c.id.desc()).limit(limit)).mappings()
    return [_entry(row) for row in rows]


def queue_counts(tx: Connection, store: str) -> dict[str, int]:
    """Count the effects by state."""
    return counts_by(tx, _O, store, "state", usual="done")


def kind_counts(tx: Connection, store: str, state: str) -> dict[str, int]:
    """Count the effects in a state by their kind."""
    mine = (_O.c.store == store, _O.c.state == state)
    query = select(_O.c.kind, func.count()).where(*mine).group_by(_O.c.kind)
    return {row[0]: row[1] for row in tx.execute(query)}


def retry(tx: Connection, ids: Sequence[int], now: datetime) -> int:
    """Queue again what was given up or called off; what was tried is looked for first."""
    over = (_O.c.id.in_(ids), _O.c.state.in_(("failed", "cancelled", "due")))
    # As after one try, and not after none: the shop may have taken what it did not answer.
    tries = case((_O.c.attempts > 0, 1), else_=0)
    values = {"state": "due", "due_at": stamp(now), "outcome": "", "released": True}
    return tx.execute(update(_O).where(*over).values(attempts=tries, **values)).rowcount


def cancel(tx: Connection, ids: Sequence[int], now: datetime) -> int:
    """Call off what waits or was given up, by hand."""
    waiting = (_O.c.id.in_(ids), _O.c.state.in_(("due", "failed")))
    values = {"state": "cancelled", "outcome": "cancelled by hand", "done_at": stamp(now)}
    return tx.execute(update(_O).where(*waiting).values(**values)).rowcount


def drop_old_tags(tx: Connection, store: str, before: datetime) -> int:
    """Forget tags that were written long ago: they are state, and their row says nothing more.

    Effects of workflows stay for good, for their keys are what keeps them from happening twice.
    """
    old = (_O.c.store == store, _O.c.rule == STATE_OF_TAGS, _O.c.done_at <= stamp(before))
    over = _O.c.state.in_(("done", "cancelled"))
    return tx.execute(delete(_O).where(*old, over)).rowcount
