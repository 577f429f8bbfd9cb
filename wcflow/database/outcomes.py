"""How entries of the outbox end, and what becomes of the entries that use their results.

A note that contains a coupon's code is cancelled with the coupon, and a retry of the coupon brings
it back. Whatever ends an entry without a result goes through ``end_entry`` or ``end_entries``.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, case, select, update

from wcflow.database.companion import mark_cards_of
from wcflow.database.outbox import OutboxEntry, load_entries
from wcflow.database.sql import chunks, fetch_in, select_in, stamp, table_of
from wcflow.database.tables import OutboxRow
from wcflow.rules.steps import LostStep

_OUTBOX = table_of(OutboxRow)
_LOST = ("failed", "cancelled")
_WCFLOW = "wcflow"
"""The channel of what is recorded with its run: nothing delivers it later."""
WAITING = ("due", "failed")
"""The states in which an entry can be cancelled."""
_LOST_STEPS = select_in(
    _OUTBOX,
    "person",
    _OUTBOX.c.person,
    _OUTBOX.c.run_id,
    _OUTBOX.c.step,
    _OUTBOX.c.kind,
    _OUTBOX.c.state,
    _OUTBOX.c.id,
).where(_OUTBOX.c.state.in_(_LOST), _OUTBOX.c.run_id.is_not(None))


def load_lost_steps(
    tx: Connection, store: str, persons: Sequence[int]
) -> dict[int, dict[int, dict[str, LostStep]]]:
    """Return the steps that failed or were cancelled, by person, run and label."""
    found: dict[int, dict[int, dict[str, LostStep]]] = {}
    for person, run_id, step, kind, state, number in fetch_in(tx, _LOST_STEPS, store, persons):
        of_run = found.setdefault(person, {}).setdefault(run_id, {})
        of_run[step.partition(" ")[0]] = LostStep(kind, state, number)
    return found


def record_done(tx: Connection, entry_id: int, outcome: str, now: datetime) -> None:
    _end(tx, [entry_id], "done", outcome, now)


def mark_claimed(tx: Connection, entry_id: int, outcome: str) -> bool:
    """Save an outcome for a claimed entry; return whether it is still claimed."""
    claimed = (_OUTBOX.c.id == entry_id, _OUTBOX.c.state == "claimed")
    return tx.execute(update(_OUTBOX).where(*claimed).values(outcome=outcome)).rowcount > 0


def end_entry(tx: Connection, entry: OutboxEntry, state: str, outcome: str, now: datetime) -> int:
    """Record that an entry failed or was cancelled; return how many others were cancelled with it."""
    return end_entries(tx, [entry], state, outcome, now)


def end_entries(
    tx: Connection, entries: Sequence[OutboxEntry], state: str, outcome: str, now: datetime
) -> int:
    """The same for several entries: those that also use another's result keep this outcome."""
    _end(tx, [entry.id for entry in entries], state, outcome, now)
    count = 0
    for entry in entries:
        cause = LostStep(entry.kind, state, entry.id)
        # A claimed one is what is being delivered here: in a run, each waits for the earlier ones.
        waiting = [e.id for e in load_dependants(tx, entry) if e.state in (*WAITING, "claimed")]
        _end(tx, waiting, "cancelled", cause.outcome, now, cancelled_by=entry.id)
        count += len(waiting)
    return count


def cancel_runs(
    tx: Connection,
    store: str,
    run_ids: Iterable[int],
    reason: str,
    now: datetime,
    states: Collection[str] = ("due",),
) -> int:
    """Cancel what runs have not delivered, dependants included; return how many."""
    here = (_OUTBOX.c.store == store, _OUTBOX.c.run_id.in_(list(run_ids)))
    waiting = update(_OUTBOX).where(*here, _OUTBOX.c.state.in_(states))
    return tx.execute(waiting.values(**_ended("cancelled", reason, now))).rowcount


def load_dependants(tx: Connection, entry: OutboxEntry) -> list[OutboxEntry]:
    """Return the later entries of the same run that use its result, or that of one of them."""
    if entry.run_id is None:
        return []
    labels, found = {entry.label}, []
    for each in _load_run_entries(tx, entry.run_id):
        if each.id != entry.id and labels & set(each.needs):
            labels.add(each.label)
            found.append(each)
    return found


def load_needed(tx: Connection, entry: OutboxEntry) -> list[OutboxEntry]:
    """Return the entries whose results this one uses."""
    if entry.run_id is None or not entry.needs:
        return []
    return [each for each in _load_run_entries(tx, entry.run_id) if each.label in entry.needs]


def load_entries_of_runs(tx: Connection, run_ids: Iterable[int]) -> list[OutboxEntry]:
    """Return everything that these runs have queued, oldest first."""
    parts = chunks(each for each in run_ids if each)
    return [each for part in parts for each in load_entries(tx, run_ids=part, limit=None)]


def take_back_codes(tx: Connection, steps: Iterable[tuple[int, str]], now: datetime) -> None:
    """Record that steps of runs (run, label) have lost their codes, so that nothing needs them again."""
    outcome = "the code is free again: nothing with it was written"
    for run_id, label in steps:
        here = (_OUTBOX.c.run_id == run_id, _OUTBOX.c.step.startswith(f"{label} ", autoescape=True))
        done = (_OUTBOX.c.channel == _WCFLOW, _OUTBOX.c.state == "done")
        tx.execute(update(_OUTBOX).where(*here, *done).values(**_ended("cancelled", outcome, now)))


def _load_run_entries(tx: Connection, run_id: int) -> list[OutboxEntry]:
    return load_entries(tx, run_ids=[run_id], limit=None)


# By hand.


class ByHand(NamedTuple):
    """How many of the selected entries were changed, and how many others with them.

    ``blocked`` maps entries that stay cancelled to the entry that they wait for.
    """

    changed: int
    others: int
    blocked: Mapping[int, int]


def cancel(tx: Connection, ids: Sequence[int], now: datetime) -> ByHand:
    """Cancel due or failed entries by hand, with those that use their results."""
    found = [each for each in _load(tx, ids) if each.state in WAITING]
    return ByHand(len(found), end_entries(tx, found, "cancelled", "cancelled by hand", now), {})


def retry(tx: Connection, ids: Sequence[int], now: datetime) -> ByHand:
    """Approve failed, cancelled or due entries and make them due now.

    What was cancelled with them comes back. An entry that uses the result of another one waits until
    that one is retried, too.
    """
    free, blocked = set[int](), dict[int, int]()
    recorded = _recorded(tx, ids)
    for each in _load(tx, ids):
        no_repeat = each.is_erased or each.id in recorded
        if no_repeat or each.state not in (*WAITING, "cancelled"):
            continue
        if lost := _lost_result(tx, each, free):
            blocked[each.id] = lost
        else:
            free.add(each.id)
    back = {
        each.id
        for entry in _load(tx, free)
        for each in load_dependants(tx, entry)
        if each.cancelled_by is not None and not _lost_result(tx, each, free)
    } - free
    _make_due(tx, free | back, now)
    return ByHand(len(free), len(back), {n: cause for n, cause in blocked.items() if n not in back})


def _recorded(tx: Connection, ids: Iterable[int]) -> set[int]:
    """Return those of these entries that no delivery can repeat."""
    query = select(_OUTBOX.c.id).where(_OUTBOX.c.channel == _WCFLOW)
    return {
        n
        for part in chunks(sorted(set(ids)))
        for n in tx.scalars(query.where(_OUTBOX.c.id.in_(part)))
    }


def _load(tx: Connection, ids: Iterable[int]) -> list[OutboxEntry]:
    """Return these entries, oldest first; none for no ids."""
    parts = chunks(sorted(set(ids)))
    return [each for part in parts for each in load_entries(tx, ids=part, limit=None)]


def _lost_result(tx: Connection, entry: OutboxEntry, retried: Collection[int]) -> int:
    """Return the id of an entry that this one cannot do without, or 0."""
    needed = (each for each in load_needed(tx, entry) if each.state in _LOST)
    return next((each.id for each in needed if each.id not in retried), 0)


def _make_due(tx: Connection, ids: Collection[int], now: datetime) -> None:
    # One attempt remains: the change may have been made, so it is looked up in the store first.
    attempts = case((_OUTBOX.c.attempts > 0, 1), else_=0)
    values = {"state": "due", "due_at": stamp(now), "outcome": "", "approved": True}
    ended = {"cancelled_by": None, "finished_at": None}
    for part in chunks(sorted(ids)):
        here = _OUTBOX.c.id.in_(part)
        tx.execute(update(_OUTBOX).where(here).values(attempts=attempts, **values, **ended))
        mark_cards_of(tx, select(_OUTBOX.c.store, _OUTBOX.c.person).where(here))


def _end(
    tx: Connection,
    ids: Sequence[int],
    state: str,
    outcome: str,
    now: datetime,
    cancelled_by: int | None = None,
) -> None:
    values = _ended(state, outcome, now) | {"cancelled_by": cancelled_by}
    for part in chunks(ids):
        these = _OUTBOX.c.id.in_(part)
        tx.execute(update(_OUTBOX).where(these).values(**values))
        mark_cards_of(tx, select(_OUTBOX.c.store, _OUTBOX.c.person).where(these))


def _ended(state: str, outcome: str, now: datetime) -> dict[str, Any]:
    return {"state": state, "outcome": outcome, "finished_at": stamp(now), "cancelled_by": None}
