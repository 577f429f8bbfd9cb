"""Repair what was saved while this machine's clock was ahead.

Such a clock dates evaluations, runs and changes in the future: people would not be evaluated until
then, and workflows would have started too early.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Connection,
    Table,
    and_,
    case,
    delete,
    exists,
    func,
    literal,
    or_,
    select,
    update,
)

from wcflow.database.evaluation_queue import start_full_evaluation
from wcflow.database.sql import chunks, dumps, instant, loads, stamp, table_of
from wcflow.database.stores import load_store_row, save_store
from wcflow.database.tables import (
    CampaignRow,
    ChannelRow,
    CodesFileRow,
    EventRow,
    GroupMemberRow,
    MembershipRow,
    OutboxRow,
    PersonRow,
    PointsRow,
    PoolCodeRow,
    RescanRow,
    RuleRow,
    RunRow,
    SuppressionRow,
    TaskRow,
    TierRow,
    TransitionRow,
    WorkflowRow,
)
from wcflow.rules.clocks import MAX_CLOCK_GAP
from wcflow.rules.step_tree import texts

_PERSONS, _RUNS, _OUTBOX = table_of(PersonRow), table_of(RunRow), table_of(OutboxRow)
_TRANSITIONS, _MEMBERSHIPS = table_of(TransitionRow), table_of(MembershipRow)
_WORKFLOWS = table_of(WorkflowRow)


@dataclass(frozen=True, slots=True)
class Repair:
    """How far ahead the clock was, and how many runs and people are evaluated again."""

    seconds_ahead: float
    people: int
    runs: int


def repair_evaluations(tx: Connection, store: str, now: datetime) -> Repair | None:
    """Mark for evaluation everything that was evaluated in the future; None if nothing was.

    Runs that started in the future and have changed nothing in the store are deleted: where their
    event has really happened, the evaluation starts them again. People are compared with the time
    of the last right evaluation, so that what has really changed since then counts as an event;
    where that is unknown, or something was delivered, with now, so that nothing happens twice.
    """
    row = load_store_row(tx, store)
    last = row.evaluated_at if row else None
    at = stamp(now)
    if last is None or last <= stamp(now + MAX_CLOCK_GAP):
        return None
    delivered = set(tx.scalars(select(_RUNS.c.person).where(*_future_runs(store, at), _kept())))
    runs = _delete_early_runs(tx, store, at)
    _shift_waiting_runs(tx, store, at)
    _redate_entries(tx, store, at)
    _delete_transitions(tx, store, at, delivered)
    right = row.evaluated_before if row else None
    before = at - 1 if right is None else min(right, at - 1)
    people = _forget_evaluations(tx, store, at, before, delivered)
    _clip_memberships(tx, store, at, delivered)
    for table, column in _PAST_TIMES:
        _clip(tx, store, table, column, at)
    # As after an edited rule: workflows that watch segments or tags watch from now on.
    tx.execute(update(_WORKFLOWS).where(_WORKFLOWS.c.store == store).values(rules_digest=""))
    start_full_evaluation(tx, store)
    save_store(tx, store, evaluated_at=at)
    return Repair(last - now.timestamp(), people, runs)


def polled_in_the_future(tx: Connection, store: str, now: datetime) -> bool:
    """Return whether a poll ran while the clock was ahead."""
    row = load_store_row(tx, store)
    polled_at = row.polled_at if row else None
    return polled_at is not None and polled_at > stamp(now + MAX_CLOCK_GAP)


_IMPORT_TIMES = ("initial_sync_started", "initial_sync_done")
_ERROR_TIMES = ("poll_error_since", "write_error_since")


def repair_poll_times(tx: Connection, store: str, now: datetime) -> None:
    """Replace future poll times with now; otherwise rescans would pause until then."""
    row, at = load_store_row(tx, store), stamp(now)
    names = ("polled_at", "reconciled_at", "customer_rescan_started", *_IMPORT_TIMES)
    times = {name: getattr(row, name) for name in (*names, *_ERROR_TIMES)}
    save_store(tx, store, **{name: at for name, time in times.items() if time and time > at})
    _clip(tx, store, table_of(RescanRow), "started", at)
    _clip(tx, store, table_of(ChannelRow), "held_since", at)
    _clip(tx, store, table_of(ChannelRow), "error_since", at)


def repair_cursor(tx: Connection, store: str, store_now: datetime) -> datetime:
    """Return the last poll before the store's clock was set back: its new stamps are later.

    An initial sync that seems to begin in the future would keep workflows from starting.
    """
    row = load_store_row(tx, store)
    assert row is not None, "its cursor is known"
    at = min(stamp(store_now), row.polled_at or stamp(store_now))
    began = min(row.initial_sync_started or at, row.initial_sync_done or at)
    save_store(tx, store, initial_sync_started=began)
    return instant(at)


_PAST_TIMES = (
    (table_of(EventRow), "at"),
    (_WORKFLOWS, "active_since"),
    (_OUTBOX, "finished_at"),
    (table_of(RuleRow), "changed_at"),
    (table_of(GroupMemberRow), "since"),
    (table_of(PointsRow), "at"),
    (table_of(TierRow), "since"),
    (table_of(TierRow), "below_since"),
    (table_of(TaskRow), "made_at"),
    (table_of(TaskRow), "told_at"),
    (table_of(TaskRow), "done_at"),
    (table_of(PoolCodeRow), "changed_at"),
    (table_of(PoolCodeRow), "checked_at"),
    (table_of(CodesFileRow), "imported_at"),
    (table_of(SuppressionRow), "at"),
    (table_of(CampaignRow), "started_at"),
    (table_of(CampaignRow), "audience_at"),
    (table_of(CampaignRow), "finished_at"),
    (table_of(CampaignRow), "changed_at"),
)


def _clip(tx: Connection, store: str, table: Table, column: str, at: int) -> None:
    future = (table.c.store == store, table.c[column] > at)
    tx.execute(update(table).where(*future).values({column: at}))


def _future_runs(store: str, at: int) -> tuple[Any, ...]:
    return _RUNS.c.store == store, _RUNS.c.started_at > at


def _kept() -> Any:
    """Return the condition for runs that were started by hand or have changed something."""
    touched = or_(
        _OUTBOX.c.state.in_(("claimed", "done", "failed")),
        _OUTBOX.c.attempts > 0,
        _OUTBOX.c.finished_at.is_not(None),
    )
    changed = exists().where(_OUTBOX.c.run_id == _RUNS.c.id, touched)
    return or_(changed, _RUNS.c.event.startswith("bulk "))


def _delete_early_runs(tx: Connection, store: str, at: int) -> int:
    """Delete runs that started in the future, with their entries and the tags that they added."""
    columns = (_RUNS.c.id, _RUNS.c.person, _RUNS.c.steps)
    early = tx.execute(select(*columns).where(*_future_runs(store, at), ~_kept())).all()
    for part in chunks([run.id for run in early]):
        tx.execute(delete(_OUTBOX).where(_OUTBOX.c.run_id.in_(part)))
        tx.execute(delete(_RUNS).where(_RUNS.c.id.in_(part)))
    steps: dict[int, set[str]] = {}
    for run in early:
        steps.setdefault(run.person, set()).update(_tags_of(run.steps))
    _remove_tags(tx, store, {person: tags for person, tags in steps.items() if tags})
    segment_notes = (
        _OUTBOX.c.store == store,
        _OUTBOX.c.rule.startswith("segment "),
        _OUTBOX.c.queued_at > at,
        _OUTBOX.c.state == "due",
        _OUTBOX.c.attempts == 0,
    )
    tx.execute(delete(_OUTBOX).where(*segment_notes))
    return len(early)


def _tags_of(steps: str) -> Iterable[str]:
    words = (step.split(maxsplit=1) for step in texts(loads(steps)))
    return [step[1].strip() for step in words if len(step) > 1 and step[0].lower() == "add_tag"]


def _remove_tags(tx: Connection, store: str, unwanted: Mapping[int, Collection[str]]) -> None:
    """Remove tags that only deleted runs had added."""
    for part in chunks(sorted(unwanted)):
        remaining: dict[int, set[str]] = {}
        here = (_RUNS.c.store == store, _RUNS.c.person.in_(part))
        for person, steps in tx.execute(select(_RUNS.c.person, _RUNS.c.steps).where(*here)):
            remaining.setdefault(person, set()).update(_tags_of(steps))
        persons = select(_PERSONS.c.id, _PERSONS.c.added_by_workflows)
        for person, tags in tx.execute(persons.where(_PERSONS.c.id.in_(part))).all():
            over = set(unwanted[person]) - remaining.get(person, set())
            left = dumps(sorted(set(loads(tags)) - over))
            tx.execute(
                update(_PERSONS).where(_PERSONS.c.id == person).values(added_by_workflows=left)
            )


def _shift_waiting_runs(tx: Connection, store: str, at: int) -> None:
    """Let waits that began in the future begin now, with the same length."""
    queued = (
        select(func.max(_OUTBOX.c.queued_at))
        .where(_OUTBOX.c.run_id == _RUNS.c.id)
        .scalar_subquery()
    )
    began = case((_RUNS.c.started_at > at, _RUNS.c.started_at), else_=func.coalesce(queued, 0))
    waiting = (_RUNS.c.store == store, _RUNS.c.state == "waiting", began > at)
    tx.execute(update(_RUNS).where(*waiting).values(due_at=_RUNS.c.due_at - began + literal(at)))
    _clip(tx, store, _RUNS, "event_at", at)
    _clip(tx, store, _RUNS, "ended_at", at)
    _clip(tx, store, _RUNS, "started_at", at)


def _redate_entries(tx: Connection, store: str, at: int) -> None:
    due = (_OUTBOX.c.store == store, _OUTBOX.c.state == "due", _OUTBOX.c.due_at > at)
    tx.execute(update(_OUTBOX).where(*due).values(due_at=at))
    _clip(tx, store, _OUTBOX, "queued_at", at)


def _delete_transitions(tx: Connection, store: str, at: int, delivered: Collection[int]) -> None:
    """Delete segment changes dated in the future; the evaluation finds those that are real."""
    future = and_(_TRANSITIONS.c.store == store, _TRANSITIONS.c.at > at)
    for part in chunks(sorted(delivered)):
        of_these = (future, _TRANSITIONS.c.person.in_(part))
        tx.execute(update(_TRANSITIONS).where(*of_these).values(at=at))
    tx.execute(delete(_TRANSITIONS).where(future))


def _clip_memberships(tx: Connection, store: str, at: int, delivered: Collection[int]) -> None:
    """Let memberships begin now; before now, so that they are no event, where something was delivered."""
    for part in chunks(sorted(delivered)):
        here = (_MEMBERSHIPS.c.store == store, _MEMBERSHIPS.c.person.in_(part))
        tx.execute(
            update(_MEMBERSHIPS).where(*here, _MEMBERSHIPS.c.since > at).values(since=at - 1)
        )
    _clip(tx, store, _MEMBERSHIPS, "since", at)


def _forget_evaluations(
    tx: Connection, store: str, at: int, before: int, delivered: Collection[int]
) -> int:
    """Have people evaluated again, and compared with their state at the time ``before``."""
    future = update(_PERSONS).where(_PERSONS.c.store == store, _PERSONS.c.evaluated_at > at)
    # Without a digest, the state before is computed for evaluated_at with today's rules.
    values = {"rules_digest": "", "dirty": 1}
    people = 0
    for part in chunks(sorted(delivered)):
        these = future.where(_PERSONS.c.id.in_(part))
        people += tx.execute(these.values(**values, evaluated_at=at - 1)).rowcount
    return people + tx.execute(future.values(**values, evaluated_at=before)).rowcount
