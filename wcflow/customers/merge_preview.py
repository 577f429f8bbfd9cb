"""What a merge of two people would bring: computed as the daemon would, and not saved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import Connection, func, select

from wcflow.customers.merge import choose_kept, merge
from wcflow.database.contacts import Contact, contact_of_profile
from wcflow.database.edits import EditedBy
from wcflow.database.notes import load_notes
from wcflow.database.sql import table_of
from wcflow.database.tables import TaskRow
from wcflow.evaluate.context import EvaluationContext
from wcflow.evaluate.evaluation import evaluate_input
from wcflow.evaluate.load import load_inputs
from wcflow.rules.evaluate import Evaluation
from wcflow.rules.tags import sort_tags

_TASKS = table_of(TaskRow)


@dataclass(frozen=True, slots=True)
class Figures:
    """What one person is and has. ``waiting`` counts workflow runs, ``points`` is None without any."""

    contact: Contact
    orders: int
    spent: Decimal
    segments: Sequence[str]
    tags: Sequence[str]
    groups: Sequence[str]
    points: int | None
    tier: str
    consent: bool | None
    notes: int
    tasks: int
    waiting: int


@dataclass(frozen=True, slots=True)
class MergePreview:
    """Two people before a merge, and the one after it.

    ``entered`` and ``left`` are segments of that person compared with both. ``starts`` are
    workflows that start because of it, ``in_both`` the runs that both have: one of them stays.
    """

    kept: Figures
    joined: Figures
    after: Figures
    entered: Sequence[str]
    left: Sequence[str]
    starts: Sequence[str]
    in_both: Sequence[str]


def preview_merge(
    tx: Connection, context: EvaluationContext, one: int, other: int, by: EditedBy
) -> MergePreview:
    """Return what a merge would bring; raises UsageError if the two cannot be merged."""
    pair = choose_kept(tx, context.settings.name, one, other)
    kept, joined = (_evaluate(tx, context, person) for person in pair)
    first, second = (_figures(tx, context, each) for each in (kept, joined))
    savepoint = tx.begin_nested()
    merge(tx, context, pair.kept, pair.joined, by)
    together = _evaluate(tx, context, pair.kept)
    after = _figures(tx, context, together)
    savepoint.rollback()
    before = {*kept[1].memory.segments, *joined[1].memory.segments}
    now = together[1].memory.segments.keys()
    started = _starts(together).keys() - _starts(kept).keys() - _starts(joined).keys()
    return MergePreview(
        first,
        second,
        after,
        sorted(now - before),
        sorted(before - now),
        sorted({workflow for workflow, _ in started}),
        sorted(f"{workflow}: {event}" for workflow, event in kept[0] & joined[0]),
    )


_Runs = frozenset[tuple[str, str]]


def _evaluate(tx: Connection, context: EvaluationContext, person: int) -> tuple[_Runs, Evaluation]:
    """Return the workflow and event of a person's runs, and their evaluation now."""
    (found,) = load_inputs(tx, context, [person])
    known = frozenset((run.workflow, run.event) for run in found.runs)
    return known, evaluate_input(found, context)


def _starts(evaluated: tuple[_Runs, Evaluation]) -> Mapping[tuple[str, str], None]:
    return {
        (run.workflow, run.event): None
        for run, _ in evaluated[1].steps_taken
        if run.id is None and run.counts
    }


def _figures(
    tx: Connection, context: EvaluationContext, evaluated: tuple[_Runs, Evaluation]
) -> Figures:
    store, evaluation = context.settings.name, evaluated[1]
    profile, memory = evaluation.profile, evaluation.memory
    amounts = [amount for _, amount in profile.amounts if amount is not None]
    person, standing = profile.person, memory.standing
    of_person = (_TASKS.c.store == store, _TASKS.c.person == person)
    open_tasks = select(func.count()).where(*of_person, _TASKS.c.done_at.is_(None))
    (loaded,) = load_inputs(tx, context, [person])
    return Figures(
        contact_of_profile(profile),
        len(profile.paid),
        sum(amounts, Decimal(0)),
        sorted(memory.segments),
        sort_tags(memory.current_tags),
        sorted(standing.groups),
        standing.balance,
        standing.tier.tier if standing.tier else "",
        memory.consent,
        len(load_notes(tx, store, [person])),
        tx.scalar(open_tasks) or 0,
        sum(run.state == "waiting" for run in loaded.runs),
    )
