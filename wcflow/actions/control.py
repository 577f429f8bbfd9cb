"""The course of a run: the steps wait and stop."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from wcflow.actions.base import ActionModule
from wcflow.rules.errors import RuleError, RuleErrors, did_you_mean
from wcflow.rules.likely_values import duration_hint
from wcflow.rules.steps import (
    Action,
    Argument,
    Step,
    StepContext,
    StepResult,
    StepScope,
    Stop,
    Wait,
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

NOON = 12
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


@dataclass(frozen=True, slots=True)
class Until:
    """A time of day to wait for; ``weekday`` counts from Monday as 0, None means any day."""

    at: time
    weekday: int | None = None


def _parse_wait(rest: str, _scope: StepScope) -> Argument:
    words = rest.lower().split()
    if words[:1] == ["until"]:
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


CONTROL = ActionModule(
    (
        Action(
            "wait DURATION",
            "Pause the run. It continues if when and stop_when still allow it. Also: wait until monday 09:00.",
            "wait 3d",
            _parse_wait,
            _wait,
        ),
        Action("stop", "End the run.", "stop", parse_nothing, _stop),
    )
)
