"""What becomes of those whom nobody can judge: a bug, or a row as nobody thought of.

They are put off for a day, and noted like rows that are put aside. All others go on.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from operator import attrgetter
from typing import Any, NamedTuple

from sqlalchemy import Connection

from wcflow.database import evaluation_queue, outbox, people, runs
from wcflow.database.quarantine import (
    PERSON_KINDS,
    RecordKey,
    load_quarantine,
    quarantine,
    remove_from_quarantine,
)
from wcflow.evaluate.context import EvaluationContext
from wcflow.evaluate.entries import TagChanges, tag_changes
from wcflow.profile import Profile
from wcflow.redact import error_text
from wcflow.rules.evaluate import Evaluation
from wcflow.rules.evaluation_input import EvaluationInput
from wcflow.rules.workflows import RunSteps
from wcflow.units import minor_digits

POSTPONEMENT = timedelta(days=1)


class FailedEvaluation(NamedTuple):
    """A person, and what broke down over them."""

    evaluation_input: EvaluationInput
    error: Exception

    @property
    def row(self) -> RecordKey:
        """Give what they are noted under."""
        return max(
            _quarantine_keys(self.evaluation_input.profile), default=RecordKey(PERSON_KINDS[0], 0)
        )


def evaluate_one_by_one(
    inputs: Sequence[EvaluationInput], evaluate_one: Callable[[EvaluationInput], Evaluation]
) -> tuple[list[Evaluation], list[FailedEvaluation]]:
    """Judge one by one those who could not be judged together; say over whom it breaks down."""
    evaluated, failures = list[Evaluation](), list[FailedEvaluation]()
    for evaluation_input in inputs:
        try:
            evaluated.append(evaluate_one(evaluation_input))
        except Exception as error:  # noqa: BLE001 - it is kept, and who evaluates tells of it
            failures.append(FailedEvaluation(evaluation_input, error))
    return evaluated, failures


def postpone_failed(
    tx: Connection, store: str, failures: Sequence[FailedEvaluation], now: datetime
) -> None:
    """Look at them again tomorrow, and have ``wcflow status`` tell of it."""
    if not failures:
        return
    quarantine(tx, store, [(each.row, error_text(each.error)) for each in failures], now)
    evaluation_queue.postpone_evaluation(
        tx, store, [each.evaluation_input.memory.person for each in failures], now + POSTPONEMENT
    )


def known_failures(tx: Connection, store: str) -> set[RecordKey]:
    """Give under what those are noted who could not be judged."""
    return {
        RecordKey(row.kind, row.id)
        for row in load_quarantine(tx, store)
        if row.kind in PERSON_KINDS
    }


def clear_failures(
    tx: Connection, store: str, evaluated: Sequence[Evaluation], known: set[RecordKey]
) -> None:
    """Forget of these that they could not be judged."""
    if known:
        remove_from_quarantine(
            tx, store, {key for each in evaluated for key in _quarantine_keys(each.profile)} & known
        )


def _quarantine_keys(profile: Profile) -> set[RecordKey]:
    """Give what a person may have been noted under: their account, or one of their orders."""
    if profile.account is not None:
        return {RecordKey(PERSON_KINDS[1], profile.account.id)}
    return {RecordKey(PERSON_KINDS[0], order.id) for order in profile.orders}


# Keep what was judged: people, memberships, moves, runs, and rows of the outbox.


@dataclass(slots=True)
class EvaluationResult:
    """What an evaluation came to: people judged, moves made, runs begun, effects queued.

    ``left`` says that it was stopped before it had come to everyone; ``unjudged`` are those over
    whom judging broke down.
    """

    people: int = 0
    transitions: int = 0
    runs: int = 0
    queued: int = 0
    incomplete: bool = False
    failures: list[FailedEvaluation] = field(default_factory=list)


def save_evaluations(
    tx: Connection,
    evaluation_context: EvaluationContext,
    evaluated: Sequence[Evaluation],
    exhausted: Collection[int],
    total: EvaluationResult,
) -> None:
    store = evaluation_context.settings.name
    deleted = {
        j.memory.person for j in evaluated if not j.profile.orders and j.profile.account is None
    }
    remaining = [j for j in evaluated if j.memory.person not in deleted] if deleted else evaluated
    people.save_memories(tx, store, [j.memory for j in remaining if _memory_changed(j)])
    people.save_evaluation_records(
        tx, store, [_evaluated_row(j, evaluation_context, exhausted) for j in remaining]
    )
    moved = [j.memory for j in remaining if j.memory.segments != j.known.segments]
    people.save_memberships(tx, store, {each.person: each.segments for each in moved})
    transitions = [
        (j.memory.person, transition, why) for j in evaluated for transition, why in j.transitions
    ]
    people.save_transitions(tx, store, transitions)
    acting = [j for j in evaluated if j.transitions or j.steps_taken or j.withdrawn]
    rows = [row for j in acting for row in _build_entries(tx, evaluation_context, j)]
    outbox.add_entries(tx, rows)
    tags = _queue_tags(tx, evaluation_context, evaluated)
    people.delete_people(tx, store, sorted(deleted))
    total.people += len(evaluated)
    total.transitions += len(transitions)
    total.runs += sum(
        1 for j in evaluated for run, _ in j.steps_taken if run.counts and run.id is None
    )
    total.queued += sum(row["state"] == "due" for row in rows) + tags


_REMEMBERED = attrgetter(
    "added_by_hand",
    "removed_by_hand",
    "added_by_workflows",
    "kept_forever",
    "current_tags",
    "matching_workflows",
    "written_to_customer",
    "written_to_order",
    "written_order_id",
)


def _memory_changed(evaluated: Evaluation) -> bool:
    """Say whether more is to be remembered than that they were judged: few rows need writing whole."""
    return bool(_REMEMBERED(evaluated.memory) != _REMEMBERED(evaluated.known))


def _evaluated_row(
    evaluated: Evaluation, evaluation_context: EvaluationContext, exhausted: Collection[int]
) -> people.EvaluationRecord:
    amounts, memory = evaluated.classification.context.amounts, evaluated.memory
    spent = sum([amount for _, amount in amounts if amount is not None], Decimal(0))
    return people.EvaluationRecord(
        memory.person,
        memory.email,
        evaluation_context.now,
        memory.rules_digest,
        evaluated.due.now and memory.person not in exhausted,
        evaluated.due.at,
        int(spent.scaleb(minor_digits(evaluation_context.store.currency))),
        len(amounts),
    )


def _build_entries(
    tx: Connection, evaluation_context: EvaluationContext, evaluated: Evaluation
) -> list[dict[str, Any]]:
    """Keep runs, call off what they no longer warrant, and give the rows of what they do."""
    store, rows = evaluation_context.settings.name, []
    for transition, reason in evaluated.transitions:
        if note := evaluation_context.entry_builder.transition_entry(evaluated, transition, reason):
            rows.append(note)
    for steps_taken in evaluated.steps_taken:
        rows += save_run_steps(tx, evaluation_context, steps_taken)
    for run in evaluated.withdrawn:
        runs.save_run(tx, store, run)
        outbox.cancel_run_entries(tx, store, [run.id] if run.id else [], run.reason)
    return rows


def save_run_steps(
    tx: Connection, evaluation_context: EvaluationContext, steps_taken: RunSteps
) -> list[dict[str, Any]]:
    """Keep a run and give the rows of the steps that it took; tags reach the shop as state."""
    run, steps = steps_taken
    run_id = runs.save_run(tx, evaluation_context.settings.name, run)
    return [
        row
        for taken in steps
        if (row := evaluation_context.entry_builder.step_entry(run, run_id, taken)) is not None
    ]


def _queue_tags(
    tx: Connection, evaluation_context: EvaluationContext, evaluated: Sequence[Evaluation]
) -> int:
    store = evaluation_context.settings.name
    known = outbox.load_tag_entries(tx, store, [j.memory.person for j in evaluated])
    entries_by_person: dict[int, dict[tuple[int, str], outbox.TagEntry]] = {}
    for key, entry in known.items():
        entries_by_person.setdefault(key[0], {})[key] = entry
    work: list[TagChanges] = [
        tag_changes(j, entries_by_person.get(j.memory.person, {}), evaluation_context.entry_builder)
        for j in evaluated
    ]
    rows = [row for each in work for row in each.queue]
    outbox.queue_tags(tx, rows)
    outbox.cancel_tags(tx, store, [key for each in work for key in each.cancel])
    return len(rows)
