"""People whose evaluation fails because of a bug: quarantined and tried again a day later."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import Connection

from wcflow.database import evaluation_queue
from wcflow.database.quarantine import (
    PERSON_KINDS,
    RecordKey,
    load_quarantine,
    quarantine,
    remove_from_quarantine,
)
from wcflow.profile import Profile
from wcflow.redact import error_text
from wcflow.rules.evaluate import Evaluation
from wcflow.rules.evaluation_input import EvaluationInput

POSTPONEMENT = timedelta(days=1)


class FailedEvaluation(NamedTuple):
    """A person, and the error that their evaluation raised."""

    evaluation_input: EvaluationInput
    error: Exception

    @property
    def record(self) -> RecordKey:
        """Return the record under which the person is quarantined."""
        return max(
            _quarantine_keys(self.evaluation_input.profile), default=RecordKey(PERSON_KINDS[0], 0)
        )


def evaluate_one_by_one(
    inputs: Sequence[EvaluationInput], evaluate_one: Callable[[EvaluationInput], Evaluation]
) -> tuple[list[Evaluation], list[FailedEvaluation]]:
    """Evaluate the people of a failed batch one by one; return the evaluations and the failures."""
    evaluated, failures = list[Evaluation](), list[FailedEvaluation]()
    for evaluation_input in inputs:
        try:
            evaluated.append(evaluate_one(evaluation_input))
        except Exception as error:  # noqa: BLE001  the caller logs it
            failures.append(FailedEvaluation(evaluation_input, error))
    return evaluated, failures


def postpone_failed(
    tx: Connection, store: str, failures: Sequence[FailedEvaluation], now: datetime
) -> None:
    """Quarantine these people and evaluate them again tomorrow."""
    if not failures:
        return
    quarantine(tx, store, [(each.record, error_text(each.error)) for each in failures], now)
    evaluation_queue.postpone_evaluation(
        tx, store, [each.evaluation_input.memory.person for each in failures], now + POSTPONEMENT
    )


def known_failures(tx: Connection, store: str) -> set[RecordKey]:
    """Return the records of all people whose evaluation failed before."""
    return {
        RecordKey(row.kind, row.id)
        for row in load_quarantine(tx, store)
        if row.kind in PERSON_KINDS
    }


def clear_failures(
    tx: Connection, store: str, evaluated: Sequence[Evaluation], known: set[RecordKey]
) -> None:
    """Remove people from quarantine who could be evaluated now."""
    if known:
        remove_from_quarantine(
            tx, store, {key for each in evaluated for key in _quarantine_keys(each.profile)} & known
        )


def _quarantine_keys(profile: Profile) -> set[RecordKey]:
    """Return the records that can stand for a person: their account, or each of their orders."""
    if profile.account is not None:
        return {RecordKey(PERSON_KINDS[1], profile.account.id)}
    return {RecordKey(PERSON_KINDS[0], order.id) for order in profile.orders}
