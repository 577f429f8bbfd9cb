"""The course of runs: the steps wait, stop and cancel_workflow. Branches are in rules/step_blocks.py."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta, tzinfo
from typing import TYPE_CHECKING

from wcflow.actions.base import WCFLOW, ActionModule, EntryKind, Payload, Recorded
from wcflow.rules.errors import RuleError, RuleErrors, did_you_mean
from wcflow.rules.likely_values import duration_hint
from wcflow.rules.parser import parse_condition
from wcflow.rules.steps import (
    Action,
    Argument,
    Send,
    Step,
    StepContext,
    StepResult,
    StepScope,
    Stop,
    Wait,
    WaitFor,
    parse_nothing,
)
from wcflow.units import (
    DURATION_FORM,
    MAX_SECONDS,
    Duration,
    add_duration,
    at_time_of_day,
    local_day,
    parse_duration,
    parse_time_of_day,
)

if TYPE_CHECKING:
    # Only names of types: commands that record nothing start without them.
    from sqlalchemy import Connection

NOON = 12
_CONDITION = re.compile(
    r"until\s+(?P<condition>.+)\s+for\s+at\s+most\b\s*(?P<limit>.*)", re.IGNORECASE
)
_OPERATOR = re.compile(
    r"[=<>]|\s(is|in|contains|mentions|between|like|starts|ends)\s", re.IGNORECASE
)
_LIKE_A_LIMIT = re.compile(r"\s+(for|at most|max|maximum|up to|within)\s.*$", re.IGNORECASE)
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


@dataclass(frozen=True, slots=True)
class Until:
    """A time of day to wait for; ``weekday`` counts from Monday as 0, None means any day."""

    at: time
    weekday: int | None = None


def _parse_wait(rest: str, scope: StepScope) -> Argument:
    words = rest.lower().split()
    if words[:1] == ["until"]:
        if found := _CONDITION.fullmatch(rest):
            return None, _parse_wait_for(found["condition"], found["limit"], scope)
        _check_limit(rest[len(words[0]) :].strip(), scope)
        return None, _parse_until(words[1:], rest)
    length = parse_duration(rest)
    if length is None:
        expected = f"{DURATION_FORM}, or 'until 09:00', or 'until monday 09:00'"
        raise RuleErrors(
            RuleError(expected, repr(rest) if rest else "nothing", duration_hint(rest))
        )
    if length.seconds > MAX_SECONDS:
        raise RuleErrors(RuleError("at most 100y", repr(rest)))
    return None, length


def _parse_wait_for(text: str, limit: str, scope: StepScope) -> WaitFor:
    try:
        condition = parse_condition(text, scope.place)
    except RuleErrors as error:
        raise RuleErrors(*(replace(each, column=0) for each in error.rule_errors)) from None
    at_most = parse_duration(limit)
    if at_most is None or at_most.seconds > MAX_SECONDS:
        raise RuleErrors(RuleError(DURATION_FORM, repr(limit), duration_hint(limit)))
    return WaitFor(condition, at_most)


def _check_limit(rest: str, scope: StepScope) -> None:
    """Raise RuleErrors if a row waits for a condition, but does not say for how long at most."""
    text = _LIKE_A_LIMIT.sub("", rest)
    if not _OPERATOR.search(rest) and not _is_condition(text, scope):
        return
    hint = f"write: wait until {text} for at most 7d"
    raise RuleErrors(RuleError("a condition and how long to wait at most", repr(rest), hint))


def _is_condition(text: str, scope: StepScope) -> bool:
    try:
        parse_condition(text, scope.place)
    except RuleErrors:
        return False
    return True


def _parse_until(words: list[str], rest: str) -> Until:
    weekday = WEEKDAYS.index(words[0]) if words and words[0] in WEEKDAYS else None
    at = parse_time_of_day(" ".join(words[0 if weekday is None else 1 :]))
    if at is None:
        hint = _until_hint(words)
        raise RuleErrors(RuleError("'until 09:00' or 'until monday 09:00'", repr(rest), hint))
    return Until(at, weekday)


def _until_hint(words: list[str]) -> str:
    """Suggest ``until 09:00`` for ``until 9am``, and the name of a day."""
    clock = re.fullmatch(r"([0-9]{1,2})(?:[:.]([0-5][0-9]))?\s*(am|pm|h)?", "".join(words))
    if clock is None or int(clock[1]) > NOON * 2 - 1:
        return did_you_mean(words[0], WEEKDAYS) if words else ""
    hour = int(clock[1])
    if clock[3] in ("am", "pm"):
        hour = hour % NOON + (NOON if clock[3] == "pm" else 0)
    return f"did you mean until {hour:02}:{clock[2] or '00'}?"


def _wait(step: Step, context: StepContext) -> StepResult:
    zone, now = context.profile.store.zone, context.facts.now
    if isinstance(step.argument, WaitFor):
        return step.argument
    if isinstance(step.argument, Duration):
        return Wait(add_duration(now, step.argument, zone))
    return Wait(_next(step.argument, context))


def _next(until: Until, context: StepContext) -> datetime:
    zone, now = context.profile.store.zone, context.facts.now
    day = local_day(now, zone)
    while True:
        at = at_time_of_day(day, until.at, zone)
        if at > now and until.weekday in (None, day.weekday()):
            return at
        day += timedelta(days=1)


def _stop(_step: Step, _context: StepContext) -> StepResult:
    return Stop("stopped by the step 'stop'")


# cancel_workflow


def _parse_workflow(rest: str, scope: StepScope) -> Argument:
    known = scope.names("workflow")
    if rest not in known:
        hint = did_you_mean(rest, known) or f"the workflows are: {', '.join(sorted(known))}"
        got = repr(rest) if rest else "nothing"
        raise RuleErrors(RuleError("the name of a [workflow …]", got, hint))
    return None, rest


def _cancel(step: Step, _context: StepContext) -> StepResult:
    return Send("run_cancellation", {"workflow": step.argument})


def _content(payload: Payload, _zone: tzinfo) -> str:
    return f"the runs of {payload['workflow']}"


def _record(tx: Connection, entry: Recorded) -> str:
    # Imported here, because commands that record nothing start without the database.
    from wcflow.database.run_control import end_runs_of  # noqa: PLC0415

    name = entry.payload["workflow"]
    ended, cancelled = end_runs_of(tx, entry, name, entry.at)
    if not ended:
        return f"no run of {name} was waiting"
    runs = f"{ended} {'run' if ended == 1 else 'runs'} of {name} ended"
    return f"{runs}, {cancelled} {'change' if cancelled == 1 else 'changes'} cancelled"


_KIND = EntryKind(
    "run_cancellation",
    "cancellation",
    "cancellations",
    _content,
    counted=("{} cancellation of runs", "{} cancellations of runs"),
    record=_record,
    channel=WCFLOW,
)
CONTROL = ActionModule(
    (
        Action(
            "wait DURATION",
            "Pause the run. It continues if when and stop_when still allow it. Also: wait until monday 09:00, "
            "or wait until CONDITION for at most 7d.",
            "wait 3d",
            _parse_wait,
            _wait,
        ),
        Action("stop", "End the run.", "stop", parse_nothing, _stop, ends_run=True),
        Action(
            "cancel_workflow NAME",
            "End the customer's other waiting runs of [workflow NAME], and cancel what they have not"
            " written yet.",
            "cancel_workflow welcome",
            _parse_workflow,
            _cancel,
        ),
    ),
    (_KIND,),
)
