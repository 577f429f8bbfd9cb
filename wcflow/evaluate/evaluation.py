"""Evaluate the people who changed or whose time has come, in batches.

Each batch is loaded, evaluated by ``rules.evaluate`` and saved in one transaction: memberships,
runs, outbox entries and the next due time. After a crash the next evaluation continues.
"""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import partial

from wcflow.config.load import Config
from wcflow.config.stores import StoreSettings
from wcflow.database import evaluation_queue
from wcflow.database.connection import Database
from wcflow.database.wrong_clock import repair_evaluations
from wcflow.evaluate.codes import (
    AnswerCode,
    evaluate_with_codes,
    placeholder,
    reserving,
)
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
MAX_ROUNDS = 5
"""How often a person is evaluated in one pass if steps change what rules look at."""


def evaluate(
    db: Database,
    config: Config,
    settings: StoreSettings,
    now: datetime,
    stopping: Callable[[], bool] = lambda: False,
) -> EvaluationResult:
    """Evaluate everyone in a store who is dirty or due, batch by batch, until ``stopping``."""
    total, rounds = EvaluationResult(), Counter[int]()
    with db.transaction() as tx:
        total.repair = repair_evaluations(tx, settings.name, now)
        evaluation_context = open_context(tx, config, settings, now)
        known = known_failures(tx, settings.name)
    with gc_paused():
        while not stopping():
            with db.transaction() as tx:
                persons, more = evaluation_queue.take_due_people(tx, settings.name, now, BATCH)
                total.incomplete = bool(persons)
                evaluation_queue.save_evaluated_at(tx, settings.name, now)
                if not persons:
                    break
                evaluated, failures = _evaluate_batch(
                    load_inputs(tx, evaluation_context, persons),
                    evaluation_context,
                    reserving(tx, settings.name, now),
                )
                again = sum(each.memory.person in rounds for each in evaluated)
                rounds.update(each.memory.person for each in evaluated if each.due.now)
                exhausted = {each for each in persons if rounds[each] >= MAX_ROUNDS}
                save_evaluations(tx, evaluation_context, evaluated, exhausted, total)
                total.people -= again
                clear_failures(tx, settings.name, evaluated, known)
                postpone_failed(tx, settings.name, failures, now)
                total.failures += failures
            if not more and not any(each.due.now for each in evaluated):
                total.incomplete = False
                break
    return total


@contextmanager
def gc_paused() -> Iterator[None]:
    """Pause the garbage collector: evaluation creates no cycles, and it takes 44 % longer with it."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def evaluate_input(
    evaluation_input: EvaluationInput,
    evaluation_context: EvaluationContext,
    answer: AnswerCode = placeholder,
) -> Evaluation:
    """Evaluate one person; ``answer`` gives codes of coupon pools."""
    return _evaluate_all([evaluation_input], evaluation_context, answer)[0]


def _evaluate_batch(
    inputs: Sequence[EvaluationInput], evaluation_context: EvaluationContext, answer: AnswerCode
) -> tuple[list[Evaluation], list[FailedEvaluation]]:
    try:
        return _evaluate_all(inputs, evaluation_context, answer), []
    except Exception:  # noqa: BLE001  reported once the person is known
        return evaluate_one_by_one(
            inputs,
            partial(evaluate_input, evaluation_context=evaluation_context, answer=answer),
        )


def _evaluate_all(
    inputs: Sequence[EvaluationInput], evaluation_context: EvaluationContext, answer: AnswerCode
) -> list[Evaluation]:
    evaluate_many = partial(
        evaluate_all,
        rules=evaluation_context.rules,
        activations=evaluation_context.activations,
        policy=evaluation_context.policy,
        now=evaluation_context.now,
    )
    return evaluate_with_codes(inputs, evaluate_many, answer)
