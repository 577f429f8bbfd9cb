"""Evaluate those who were touched or whose time has come: the hands of ``rules.judge``.

Reads people in batches, has them judged, and keeps memberships, outbox rows, the next due time
and the cleared mark in one transaction for each batch. A crash anywhere means: run again.
"""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import partial

from wcflow.config.load import Config
from wcflow.config.stores import StoreSettings
from wcflow.database import evaluation_queue
from wcflow.database.connection import Database
from wcflow.evaluate.context import EvaluationContext, open_context
from wcflow.evaluate.failures import (
    FailedEvaluation,
    clear_failures,
    evaluate_one_by_one,
    known_failures,
    postpone_failed,
)
from wcflow.evaluate.load import load_inputs
from wcflow.evaluate.save import EvaluationResult, save_evaluations
from wcflow.rules.evaluate import Evaluation, evaluate_all
from wcflow.rules.evaluation_input import EvaluationInput

BATCH = 500
ROUNDS = 5
"""How often a person may be judged anew at once because steps changed what rules look at."""


def evaluate(
    db: Database,
    config: Config,
    settings: StoreSettings,
    now: datetime,
    stopping: Callable[[], bool] = lambda: False,
) -> EvaluationResult:
    """Judge everyone of a store who is touched or due, batch by batch, until asked to stop."""
    total, rounds = EvaluationResult(), Counter[str]()
    with db.transaction() as tx:
        bench = open_context(tx, config, settings, now)
        known = known_failures(tx, settings.name)
    with _unswept():
        while not stopping():
            with db.transaction() as tx:
                subjects, more = evaluation_queue.take_due(tx, settings.name, now, BATCH)
                total.left = bool(subjects)
                if not subjects:
                    break
                judged, unjudged = _judged(load_inputs(tx, bench, subjects), bench)
                rounds.update(each.memory.subject for each in judged if each.due.now)
                settle = {each for each in subjects if rounds[each] >= ROUNDS}
                save_evaluations(tx, bench, judged, settle, total)
                clear_failures(tx, settings.name, judged, known)
                postpone_failed(tx, settings.name, unjudged, now)
                total.unjudged += unjudged
            if not more and not any(each.due.now for each in judged):
                total.left = False
                break
    return total


@contextmanager
def _unswept() -> Iterator[None]:
    """Keep Python from looking for cycles, of which judging makes none: it is a third of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def evaluate_input(case: EvaluationInput, bench: EvaluationContext) -> Evaluation:
    """Judge one case at a bench."""
    return _judge([case], bench)[0]


def _judged(
    cases: Sequence[EvaluationInput], bench: EvaluationContext
) -> tuple[list[Evaluation], list[FailedEvaluation]]:
    try:
        return _judge(cases, bench), []
    except Exception:  # noqa: BLE001 - it is told of when it is known whom it is about
        return evaluate_one_by_one(cases, partial(evaluate_input, bench=bench))


def _judge(cases: Iterable[EvaluationInput], bench: EvaluationContext) -> list[Evaluation]:
    return evaluate_all(cases, bench.rules, bench.watches, bench.policy, bench.now)
