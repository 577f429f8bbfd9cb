"""Codes of coupon pools: reserved in the transaction that saves a run, and given to pure rules as data.

A run that needs a code asks for it. It is repeated with the answer before anything is saved. When
nothing is saved, the answer is the code that would be next. Afterwards, a reserved code becomes
assigned or free again, depending on what became of the run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from msgspec.structs import replace
from sqlalchemy import Connection

from wcflow.actions.registry import entry_kind
from wcflow.database import outcomes, pools
from wcflow.database.connection import Database
from wcflow.database.events import save_events
from wcflow.database.outbox import OutboxEntry
from wcflow.database.runs import load_run_states
from wcflow.profile import StoredEvent
from wcflow.rules.evaluate import Evaluation
from wcflow.rules.evaluation_input import EvaluationInput
from wcflow.rules.event_kinds import COUPON_ASSIGNED
from wcflow.rules.steps import CodeAnswers, CodeRequest, NoCode, PoolCode
from wcflow.rules.workflows import RunSteps, code_requests

AnswerCode = Callable[[int, CodeRequest], PoolCode | NoCode]
"""Gives a person a code."""
Evaluate = Callable[[Sequence[EvaluationInput]], list[Evaluation]]


def placeholder(_person: int, request: CodeRequest) -> PoolCode | NoCode:
    """Stand for the next code, where nothing is saved."""
    return PoolCode(0, f"(a code of {request.pool})")


def reserving(tx: Connection, store: str, now: datetime) -> AnswerCode:
    """Return a function that reserves codes in this transaction."""
    return lambda person, request: pools.reserve_code(tx, store, person, request, now)


def looking(tx: Connection, store: str, now: datetime) -> AnswerCode:
    """Return a function that looks at the next code and does not reserve it."""
    return lambda _person, request: pools.next_code(tx, store, request, now)


def evaluate_with_codes(
    inputs: Sequence[EvaluationInput], evaluate: Evaluate, answer: AnswerCode
) -> list[Evaluation]:
    """Evaluate people, again and again until each code that their runs ask for is answered."""
    evaluated = evaluate(inputs)
    inputs = list(inputs)
    while asking := [n for n, each in enumerate(evaluated) if code_requests(each.steps_taken)]:
        for n in asking:
            person, requests = inputs[n].profile.person, code_requests(evaluated[n].steps_taken)
            inputs[n] = replace(
                inputs[n], codes=_answered(inputs[n].codes, person, requests, answer)
            )
        for n, again in zip(asking, evaluate([inputs[n] for n in asking]), strict=True):
            evaluated[n] = again
    return evaluated


def run_with_codes(
    run: Callable[[CodeAnswers], RunSteps], person: int, answer: AnswerCode
) -> RunSteps:
    """Take the steps of one run, again and again until each code that it asks for is answered."""
    codes: CodeAnswers = {}
    steps_taken = run(codes)
    while requests := code_requests([steps_taken]):
        codes = _answered(codes, person, requests, answer)
        steps_taken = run(codes)
    return steps_taken


def _answered(
    codes: CodeAnswers, person: int, requests: Iterable[CodeRequest], answer: AnswerCode
) -> CodeAnswers:
    return {**codes, **{request: answer(person, request) for request in requests}}


# What became of reserved codes.


def settle_codes(db: Database, store: str, now: datetime) -> None:
    """Assign reserved codes of which something was delivered; free those whose run ended before."""
    with db.reading() as tx:
        if not pools.has_reserved_codes(tx, store):
            return
    with db.transaction() as tx:
        _settle(tx, store, now)


def _settle(tx: Connection, store: str, now: datetime) -> None:
    reserved = pools.load_reserved(tx, store)
    run_ids = sorted({each.run_id for each in reserved})
    states = load_run_states(tx, run_ids)
    entries: dict[int, list[OutboxEntry]] = {}
    for entry in outcomes.load_entries_of_runs(tx, run_ids):
        entries.setdefault(entry.run_id or 0, []).append(entry)
    assigned: list[pools.ReservedCode] = []
    released: list[pools.ReservedCode] = []
    for code in reserved:
        about = [each for each in entries.get(code.run_id, ()) if _contains(each, code)]
        if any(each.state == "done" for each in about):
            assigned.append(code)
        elif reason := _rejected(entries.get(code.run_id, ()), code):
            pools.set_aside(tx, code.id, reason, now)
        elif states.get(code.run_id) != "waiting" and not any(map(_can_be_out, about)):
            released.append(code)
    pools.assign_codes(tx, [each.id for each in assigned], now)
    save_events(tx, store, _events(assigned, entries, now))
    pools.release_codes(tx, [each.id for each in released], now)
    outcomes.take_back_codes(tx, [(each.run_id, each.step) for each in released], now)


def _contains(entry: OutboxEntry, code: pools.ReservedCode) -> bool:
    """Return whether an entry contains a code, or creates it in the store."""
    creates = entry.label == code.step and entry_kind(entry.kind).deliver is not None
    return code.step in entry.needs or (creates and entry.payload.get("code") == code.code)


def _can_be_out(entry: OutboxEntry) -> bool:
    """Return whether an entry waits, or may have been delivered although nothing confirms it."""
    return entry.state in ("due", "claimed", "failed") or entry.attempts > 0


def _rejected(of_run: Iterable[OutboxEntry], code: pools.ReservedCode) -> str:
    """Return why the store did not accept a code, or does not have it any more; else nothing."""
    made = (each for each in of_run if each.label == code.step)
    bad = (each for each in made if each.state == ("cancelled" if _is_recorded(each) else "failed"))
    return next((each.outcome for each in bad if each.payload.get("code") == code.code), "")


def _is_recorded(entry: OutboxEntry) -> bool:
    return entry_kind(entry.kind).record is not None


def _events(
    assigned: Iterable[pools.ReservedCode],
    entries: dict[int, list[OutboxEntry]],
    now: datetime,
) -> dict[int, list[StoredEvent]]:
    found: dict[int, list[StoredEvent]] = {}
    for code in assigned:
        rule = next((each.rule for each in entries.get(code.run_id, ())), "")
        event = COUPON_ASSIGNED.make(
            f"code {code.code} of {code.pool}",
            now,
            rule,
            pool=code.pool,
            code=code.code,
            workflow=rule.removeprefix("workflow "),
        )
        found.setdefault(code.person, []).append(event)
    return found
