"""Save an evaluation: people, memberships, transitions, runs and outbox entries."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from operator import attrgetter
from typing import Any

from sqlalchemy import Connection

from wcflow.actions.base import WCFLOW
from wcflow.database import outbox, outcomes, people, run_control, runs, standings
from wcflow.database.companion import mark_cards_outdated
from wcflow.database.edits import load_merge_words
from wcflow.database.events import delete_behaviour, save_events
from wcflow.database.listed_people import ListedFacts, listed_facts, save_listed_facts
from wcflow.database.search_text import save_search_texts, search_text
from wcflow.database.wrong_clock import Repair
from wcflow.evaluate.context import EvaluationContext
from wcflow.evaluate.entries import TagChanges, is_urgent, tag_changes
from wcflow.evaluate.failures import FailedEvaluation
from wcflow.evaluate.recording import record_entries
from wcflow.profile import Transition
from wcflow.rules.evaluate import Evaluation
from wcflow.rules.events import visitor_until
from wcflow.rules.workflows import RunSteps
from wcflow.units import minor_digits


@dataclass(slots=True)
class EvaluationResult:
    """What an evaluation did: people evaluated, segment changes, started runs, queued entries.

    ``recorded`` counts by kind what steps changed in wcflow's own tables.
    ``incomplete`` says that it stopped before everyone was evaluated. ``repair`` says what an
    earlier evaluation on a wrong clock had done.
    """

    people: int = 0
    transitions: int = 0
    runs: int = 0
    queued: int = 0
    recorded: Counter[str] = field(default_factory=Counter)
    incomplete: bool = False
    failures: list[FailedEvaluation] = field(default_factory=list)
    repair: Repair | None = None


def save_evaluations(
    tx: Connection,
    evaluation_context: EvaluationContext,
    evaluated: Sequence[Evaluation],
    exhausted: Collection[int],
    total: EvaluationResult,
) -> None:
    """Save a batch and add it to ``total``; ``exhausted`` people are not evaluated again now."""
    store = evaluation_context.settings.name
    deleted = {
        each.memory.person
        for each in evaluated
        if not each.profile.orders
        and each.profile.account is None
        and each.later_order is None
        and not _is_visitor(each, evaluation_context.now)
    }
    remaining = (
        [each for each in evaluated if each.memory.person not in deleted] if deleted else evaluated
    )
    # Before the records: new events mark people for another evaluation, but this one has seen them.
    new_events = {each.memory.person: each.events for each in remaining if each.events}
    save_events(tx, store, new_events)
    people.save_memories(tx, store, [each.memory for each in remaining if _memory_changed(each)])
    people.save_evaluation_records(
        tx, store, [_evaluated_row(each, evaluation_context, exhausted) for each in remaining]
    )
    save_listed_facts(tx, store, [_listed_facts(each, evaluation_context) for each in remaining])
    save_search_texts(tx, store, [search_text(each.profile) for each in remaining])
    moved = [each.memory for each in remaining if each.memory.segments != each.known.segments]
    people.save_memberships(tx, store, {each.person: each.segments for each in moved})
    transitions = _with_merges(tx, store, evaluated)
    people.save_transitions(tx, store, transitions)
    if evaluation_context.rules.points or evaluation_context.rules.tiers:
        _save_standings(tx, store, evaluated)  # before steps, which change what is saved here
    acting = [each for each in evaluated if each.transitions or each.steps_taken or each.withdrawn]
    skipped = [run for each in acting for run, _ in each.steps_taken if not run.counts]
    runs.save_skipped(tx, store, skipped)
    rows = [row for each in acting for row in _build_entries(tx, evaluation_context, each)]
    rows = record_entries(tx, rows, evaluation_context.now)
    outbox.add_entries(tx, rows)
    recorded = [row for row in rows if row["state"] == "done" and row["channel"] == WCFLOW]
    if recorded:
        persons = {row["person"] for row in recorded}
        run_control.cancel_late_entries(tx, store, persons, evaluation_context.now)
    tags = _queue_tags(tx, evaluation_context, evaluated)
    people.delete_people(tx, store, sorted(deleted))
    delete_behaviour(tx, store, deleted)
    shown = [each.memory.person for each in acting]
    shown += [each.memory.person for each in remaining if _shows_change(each)]
    mark_cards_outdated(tx, store, shown)
    total.people += len(evaluated)
    total.transitions += len(transitions)
    total.runs += sum(
        1 for each in evaluated for run, _ in each.steps_taken if run.counts and run.id is None
    )
    total.recorded.update(row["kind"] for row in recorded)
    total.queued += sum(row["state"] == "due" for row in rows) + tags


def _is_visitor(evaluated: Evaluation, now: datetime) -> bool:
    until = visitor_until(evaluated.profile)
    return until is not None and now < until


def _with_merges(
    tx: Connection, store: str, evaluated: Sequence[Evaluation]
) -> list[tuple[int, Transition, str]]:
    """Return the transitions, whose reason names a merge since the last evaluation."""
    moved = {each.memory.person: each for each in evaluated if each.transitions}
    merges = load_merge_words(tx, store, [*moved]) if moved else {}
    found = []
    for person, each in moved.items():
        at, by = merges.get(person, (None, ""))
        before = each.known.evaluated_at
        since = at is not None and (before is None or at >= before)
        found += [(person, t, f"{why}; {by}" if since else why) for t, why in each.transitions]
    return found


def _save_standings(tx: Connection, store: str, evaluated: Sequence[Evaluation]) -> None:
    found = [(each.memory.person, each.memory.standing) for each in evaluated]
    changes = [(person, each) for person, standing in found for each in standing.new_points]
    standings.save_points(tx, store, changes)
    tiers = {person: each.tier for person, each in found if each.tier and each.tier_changed}
    standings.save_tiers(tx, store, tiers)


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
    "consent",
)


def _memory_changed(evaluated: Evaluation) -> bool:
    """Return whether the whole row has to be saved; most people only get a new evaluation time."""
    return bool(_REMEMBERED(evaluated.memory) != _REMEMBERED(evaluated.known))


def _shows_change(evaluated: Evaluation) -> bool:
    standing = evaluated.memory.standing
    moved = evaluated.memory.segments != evaluated.known.segments
    return bool(moved or standing.new_points or standing.tier_changed) or _memory_changed(evaluated)


def _evaluated_row(
    evaluated: Evaluation, evaluation_context: EvaluationContext, exhausted: Collection[int]
) -> people.EvaluationRecord:
    memory, until = evaluated.memory, visitor_until(evaluated.profile)
    return people.EvaluationRecord(
        memory.person,
        memory.email,
        evaluation_context.now,
        memory.rules_digest,
        evaluated.due.now and memory.person not in exhausted,
        min(filter(None, [evaluated.due.at, until]), default=None),
    )


def _listed_facts(evaluated: Evaluation, evaluation_context: EvaluationContext) -> ListedFacts:
    amounts = evaluated.classification.context.amounts
    spent = sum([amount for _, amount in amounts if amount is not None], Decimal(0))
    digits = minor_digits(evaluation_context.store.currency)
    return listed_facts(evaluated.profile, round(spent.scaleb(digits)), len(amounts))


def _build_entries(
    tx: Connection, evaluation_context: EvaluationContext, evaluated: Evaluation
) -> list[dict[str, Any]]:
    """Save runs, cancel the entries of withdrawn ones, and return the rows of new entries.

    Events that a workflow skipped are saved already.
    """
    store, rows = evaluation_context.settings.name, []
    for transition, reason in evaluated.transitions:
        if note := evaluation_context.entry_builder.transition_entry(evaluated, transition, reason):
            rows.append(note)
    for steps_taken in evaluated.steps_taken:
        if steps_taken[0].counts:
            rows += save_run_steps(tx, evaluation_context, steps_taken)
    for run in evaluated.withdrawn:
        runs.save_run(tx, store, run)
        outcomes.cancel_runs(
            tx, store, [run.id] if run.id else [], run.reason, evaluation_context.now
        )
    urgent = bool(rows) and is_urgent(evaluated.profile, evaluation_context.now)
    return [row | {"urgent": urgent} for row in rows]


def save_run_steps(
    tx: Connection, evaluation_context: EvaluationContext, steps_taken: RunSteps
) -> list[dict[str, Any]]:
    """Save a run and return the rows of its steps; tags are written as state, not as steps."""
    run_id = runs.save_run(tx, evaluation_context.settings.name, steps_taken[0])
    if not run_id:  # an admin has just stopped it
        return []
    return step_rows(evaluation_context, steps_taken, run_id)


def step_rows(
    evaluation_context: EvaluationContext, steps_taken: RunSteps, run_id: int
) -> list[dict[str, Any]]:
    """Return the rows of the steps of a saved run."""
    run, steps = steps_taken
    return [
        row
        for taken in steps
        if (row := evaluation_context.entry_builder.step_entry(run, run_id, taken)) is not None
    ]


def _queue_tags(
    tx: Connection, evaluation_context: EvaluationContext, evaluated: Sequence[Evaluation]
) -> int:
    store = evaluation_context.settings.name
    known = outbox.load_tag_entries(tx, store, [each.memory.person for each in evaluated])
    entries_by_person: dict[int, dict[tuple[int, str], outbox.TagEntry]] = {}
    for key, entry in known.items():
        entries_by_person.setdefault(key[0], {})[key] = entry
    work: list[TagChanges] = [
        tag_changes(
            each, entries_by_person.get(each.memory.person, {}), evaluation_context.entry_builder
        )
        for each in evaluated
    ]
    rows = [row for each in work for row in each.queue]
    outbox.queue_tags(tx, rows)
    outbox.cancel_tags(tx, store, [key for each in work for key in each.cancel])
    return len(rows)
