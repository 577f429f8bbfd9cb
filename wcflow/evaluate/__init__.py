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
from wcflow.evaluate.bench import Bench, set_up
from wcflow.evaluate.breakdown import Unjudged, apart, back_again, noted, put_off
from wcflow.evaluate.cases import cases_of
from wcflow.evaluate.keep import Evaluated, keep
from wcflow.mirror import due
from wcflow.mirror.database import Database
from wcflow.rules.case import Case
from wcflow.rules.judge import Judged, judge_all

BATCH = 500
ROUNDS = 5
"""How often a person may be judged anew at once because steps changed what rules look at."""

__all__ = ["Bench", "Evaluated", "evaluate", "judge_case", "set_up"]


def evaluate(
    db: Database,
    config: Config,
    settings: StoreSettings,
    now: datetime,
    stopping: Callable[[], bool] = lambda: False,
) -> Evaluated:
    """Judge everyone of a store who is touched or due, batch by batch, until asked to stop."""
    total, rounds = Evaluated(), Counter[str]()
    with db.transaction() as tx:
        bench = set_up(tx, config, settings, now)
        known = noted(tx, settings.name)
    with _unswept():
        while not stopping():
            with db.transaction() as tx:
                subjects, more = due.take_due(tx, settings.name, now, BATCH)
                total.left = bool(subjects)
                if not subjects:
                    break
                judged, unjudged = _judged(cases_of(tx, bench, subjects), bench)
                rounds.update(each.memory.subject for each in judged if each.due.now)
                settle = {each for each in subjects if rounds[each] >= ROUNDS}
                keep(tx, bench, judged, settle, total)
                back_again(tx, settings.name, judged, known)
                put_off(tx, settings.name, unjudged, now)
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


def judge_case(case: Case, bench: Bench) -> Judged:
    """Judge one case at a bench."""
    return _judge([case], bench)[0]


def _judged(cases: Sequence[Case], bench: Bench) -> tuple[list[Judged], list[Unjudged]]:
    try:
        return _judge(cases, bench), []
    except Exception:  # noqa: BLE001 - it is told of when it is known whom it is about
        return apart(cases, partial(judge_case, bench=bench))


def _judge(cases: Iterable[Case], bench: Bench) -> list[Judged]:
    lent = [(case, partial(bench.maker.remember, case.profile)) for case in cases]
    return judge_all(lent, bench.rules, bench.watches, bench.policy, bench.now)
