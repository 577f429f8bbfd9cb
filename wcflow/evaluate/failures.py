"""What becomes of those whom nobody can judge: a bug, or a row as nobody thought of.

They are put off for a day, and noted like rows that are put aside. All others go on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import Connection

from wcflow.database import evaluation_queue
from wcflow.database.quarantine import PERSON_OF, Key, quarantine, quarantined_rows, release_rows
from wcflow.profile import Profile
from wcflow.redact import named
from wcflow.rules.evaluate import Evaluation
from wcflow.rules.evaluation_input import EvaluationInput

PUT_OFF = timedelta(days=1)


class FailedEvaluation(NamedTuple):
    """A person, and what broke down over them."""

    case: EvaluationInput
    why: Exception

    @property
    def row(self) -> Key:
        """Give what they are noted under."""
        return max(_rows(self.case.profile), default=Key(PERSON_OF[0], 0))


def evaluate_one_by_one(
    cases: Sequence[EvaluationInput], judge_one: Callable[[EvaluationInput], Evaluation]
) -> tuple[list[Evaluation], list[FailedEvaluation]]:
    """Judge one by one those who could not be judged together; say over whom it breaks down."""
    judged, unjudged = list[Evaluation](), list[FailedEvaluation]()
    for case in cases:
        try:
            judged.append(judge_one(case))
        except Exception as why:  # noqa: BLE001 - it is kept, and who evaluates tells of it
            unjudged.append(FailedEvaluation(case, why))
    return judged, unjudged


def postpone_failed(
    tx: Connection, store: str, unjudged: Sequence[FailedEvaluation], now: datetime
) -> None:
    """Look at them again tomorrow, and have ``wcflow status`` tell of it."""
    if not unjudged:
        return
    quarantine(tx, store, [(each.row, named(each.why)) for each in unjudged], now)
    evaluation_queue.put_off(
        tx, store, [each.case.memory.subject for each in unjudged], now + PUT_OFF
    )


def known_failures(tx: Connection, store: str) -> set[Key]:
    """Give under what those are noted who could not be judged."""
    return {Key(row.kind, row.id) for row in quarantined_rows(tx, store) if row.kind in PERSON_OF}


def clear_failures(
    tx: Connection, store: str, judged: Sequence[Evaluation], noted: set[Key]
) -> None:
    """Forget of these that they could not be judged."""
    if noted:
        release_rows(tx, store, {key for each in judged for key in _rows(each.profile)} & noted)


def _rows(profile: Profile) -> set[Key]:
    """Give what a person may have been noted under: their account, or one of their orders."""
    if profile.account is not None:
        return {Key(PERSON_OF[1], profile.account.id)}
    return {Key(PERSON_OF[0], order.id) for order in profile.orders}
