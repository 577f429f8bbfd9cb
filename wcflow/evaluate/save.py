"""Keep what was judged: people, memberships, moves, runs, and rows of the outbox."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from operator import attrgetter
from typing import Any

from sqlalchemy import Connection

from wcflow.database import outbox, people, runs
from wcflow.evaluate.context import EvaluationContext
from wcflow.evaluate.entries import TagWork, tag_work
from wcflow.evaluate.failures import FailedEvaluation
from wcflow.rules.evaluate import Evaluation
from wcflow.rules.workflows import RunSteps
from wcflow.units import minor_digits


@dataclass(slots=True)
class EvaluationResult:
    """What an evaluation came to: people judged, moves made, runs begun, effects queued.

    ``left`` says that it was stopped before it had come to everyone; ``unjudged`` are those over
    whom judging broke down.
    """

    people: int = 0
    moves: int = 0
    runs: int = 0
    queued: int = 0
    left: bool = False
    unjudged: list[FailedEvaluation] = field(default_factory=list)


def save_evaluations(
    tx: Connection,
    bench: EvaluationContext,
    judged: Sequence[Evaluation],
    settle: Collection[str],
    total: EvaluationResult,
) -> None:
    store = bench.settings.name
    gone = {j.memory.subject for j in judged if not j.profile.orders and j.profile.account is None}
    stay = [j for j in judged if j.memory.subject not in gone] if gone else judged
    people.save_memories(tx, store, [j.memory for j in stay if _learned(j)])
    people.note_judged(tx, store, [_noted(j, bench, settle) for j in stay])
    moved = [j.memory for j in stay if j.memory.segments != j.known.segments]
    people.save_memberships(tx, store, {each.subject: each.segments for each in moved})
    moves = [(j.memory.subject, move, why) for j in judged for move, why in j.moves]
    people.save_transitions(tx, store, moves)
    acting = [j for j in judged if j.moves or j.took or j.withdrawn]
    rows = [row for j in acting for row in _effect_rows(tx, bench, j)]
    outbox.add_entries(tx, rows)
    tags = _queue_tags(tx, bench, judged)
    people.forget(tx, store, sorted(gone))
    total.people += len(judged)
    total.moves += len(moves)
    total.runs += sum(1 for j in judged for run, _ in j.took if run.counts and run.id is None)
    total.queued += sum(row["state"] == "due" for row in rows) + tags


_MEMORY = attrgetter(
    "by_hand",
    "refused",
    "granted",
    "kept",
    "worn",
    "matched",
    "written_customer",
    "written_order",
    "written_order_id",
)


def _learned(judged: Evaluation) -> bool:
    """Say whether more is to be remembered than that they were judged: few rows need writing whole."""
    return bool(_MEMORY(judged.memory) != _MEMORY(judged.known))


def _noted(judged: Evaluation, bench: EvaluationContext, settle: Collection[str]) -> people.Judged:
    amounts, memory = judged.decision.scope.amounts, judged.memory
    spent = sum([amount for _, amount in amounts if amount is not None], Decimal(0))
    return people.Judged(
        memory.subject,
        memory.email,
        bench.now,
        memory.digest,
        judged.due.now and memory.subject not in settle,
        judged.due.at,
        int(spent.scaleb(minor_digits(bench.shop.currency))),
        len(amounts),
    )


def _effect_rows(
    tx: Connection, bench: EvaluationContext, judged: Evaluation
) -> list[dict[str, Any]]:
    """Keep runs, call off what they no longer warrant, and give the rows of what they do."""
    store, rows = bench.settings.name, []
    for move, reason in judged.moves:
        if note := bench.maker.move_row(judged, move, reason):
            rows.append(note)
    for took in judged.took:
        rows += save_run_steps(tx, bench, took)
    for run in judged.withdrawn:
        runs.save_run(tx, store, run)
        outbox.cancel_of_runs(tx, store, [run.id] if run.id else [], run.reason)
    return rows


def save_run_steps(
    tx: Connection, bench: EvaluationContext, took: RunSteps
) -> list[dict[str, Any]]:
    """Keep a run and give the rows of the steps that it took; tags reach the shop as state."""
    run, steps = took
    run_id = runs.save_run(tx, bench.settings.name, run)
    return [row for taken in steps if (row := bench.maker.step_row(run, run_id, taken)) is not None]


def _queue_tags(tx: Connection, bench: EvaluationContext, judged: Sequence[Evaluation]) -> int:
    store = bench.settings.name
    known = outbox.tag_entries(tx, store, [j.memory.subject for j in judged])
    mine: dict[str, dict[tuple[str, str], outbox.TagEntry]] = {}
    for key, entry in known.items():
        mine.setdefault(key[0], {})[key] = entry
    work: list[TagWork] = [tag_work(j, mine.get(j.memory.subject, {}), bench.maker) for j in judged]
    rows = [row for each in work for row in each.queue]
    outbox.queue_tags(tx, rows)
    outbox.cancel_tags(tx, store, [key for each in work for key in each.call_off])
    return len(rows)
