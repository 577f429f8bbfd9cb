"""Take the steps of a run that are due, up to a pause or the end. Pure.

A run keeps the steps it started with, so an edited workflow does not change it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Literal

from msgspec.structs import replace

from wcflow.rules.codes import work_key
from wcflow.rules.context import Context, RulePlace
from wcflow.rules.errors import RuleErrors
from wcflow.rules.model import Rules
from wcflow.rules.parser import parse_condition
from wcflow.rules.step_tree import (
    Path,
    inside,
    label,
    next_path,
    node_at,
    settled,
    steps_before,
)
from wcflow.rules.steps import (
    Actions,
    AddTag,
    CodeAnswers,
    CodeRequest,
    LostStep,
    NoCode,
    PoolCode,
    RemoveTag,
    Send,
    Step,
    StepContext,
    StepRefused,
    StepScope,
    Stop,
    TakeCode,
    Wait,
    WaitFor,
    parse_step,
)
from wcflow.rules.templates import TemplateError
from wcflow.rules.workflow_run import Run, finished
from wcflow.units import add_duration, duration_words

StepTaken = AddTag | RemoveTag | Send | TakeCode
Follows = AddTag | RemoveTag | Send | Wait | WaitFor | Stop


@dataclass(frozen=True, slots=True)
class Taken:
    """A step that was taken: its label in the run ("3"), its action, and what follows.

    ``needs`` are the labels of the steps whose results it uses. If one of them is lost, the entry
    is cancelled from the start: ``cancelled_by`` is that step's entry. A step that asks for a code
    is the last one: the run is repeated with the answer before anything is saved.
    """

    label: str
    action: str
    result: StepTaken
    needs: tuple[str, ...] = ()
    cancelled_by: int | None = None


@dataclass(frozen=True, slots=True)
class RunSetup:
    """What a run needs besides the person: rules, what its steps can refer to, and the secret.

    ``lost`` are earlier steps of the run, by label, whose results must not be used. ``codes`` are
    the codes of coupon pools that are reserved for the person's runs.
    """

    rules: Rules
    place: RulePlace
    store: str = ""
    secret: str = field(default="", repr=False)
    lost: Mapping[str, LostStep] = field(default_factory=dict)
    codes: CodeAnswers = field(default_factory=dict)

    def key(self, run: Run, person_key: str) -> str:
        """Return the key of the next step, from which coupon codes and marks derive.

        It depends on the account or the address, not on the person's id: after a restore or a
        rebuild of the database the same person gets the same codes. It depends on the order too,
        because an address can pass to another person, who has a first order of their own.
        """
        where = ".".join(map(str, run.path))
        event = (run.event, run.order_id)
        return work_key(self.secret, self.store, run.workflow, person_key, *event, where)


def run_steps(run: Run, facts: Context, setup: RunSetup) -> tuple[Run, tuple[Taken, ...]]:
    """Take all steps that are due; return the run as it is then, and what was done.

    Each step sees what the earlier ones changed.
    """
    taken: list[Taken] = []
    lost = dict(setup.lost)
    while (path := settled(run.steps, run.path)) is not None:
        run = replace(run, path=path)
        node = node_at(run.steps, path)
        assert node is not None, "a settled path leads to a node"
        try:
            if not isinstance(node, str):
                run = _enter_branch(run, node["if"], facts, setup)
                continue
            step = _step(node, run, setup)
            planned = _planned(step, run, facts, setup)
        except (RuleErrors, TemplateError, StepRefused) as error:
            return finished(run, "ended", f"step {label(path)}: {error}"), tuple(taken)
        if isinstance(planned, TakeCode):
            return run, (*taken, Taken(label(path), step.action.name, planned))
        if planned is NoCode.UNCHECKED:
            waits = _with_progress(run, waits="the codes of the pool are looked up in the store")
            return _paused(waits, facts.now + CHECK_AGAIN), tuple(taken)
        for each in planned:
            run, goes_on = _follow(run, path, each.result, facts)
            if not goes_on:
                return run, tuple(taken)
            done = _taken(each, run, path, setup.rules.actions, lost)
            if done is None:
                continue
            taken.append(done)
            facts = after_step(done.result, facts)
            if isinstance(done.result, Send) and done.result.impossible:
                lost[done.label] = LostStep(done.result.kind, "cancelled", done.cancelled_by)
    return finished(run, "done", "all steps are done"), tuple(taken)


def _follow(run: Run, path: Path, result: Follows, facts: Context) -> tuple[Run, bool]:
    """Return the run after what follows from a step, and whether it goes on at once."""
    if isinstance(result, Stop):
        return finished(run, "ended", result.reason), False
    if isinstance(result, WaitFor):
        run = _wait_for(run, result, facts)
        return run, run.path != path
    run = replace(run, path=next_path(path))
    if isinstance(result, Wait):
        return _paused(run, result.until), False
    if isinstance(result, Send) and result.remember:
        run = replace(run, variables={**run.variables, **result.remember})
    return run, True


def after_step(result: StepTaken, facts: Context) -> Context:
    """Return what rules see after a step."""
    if isinstance(result, AddTag):
        return facts.with_tag(result.tag)
    if isinstance(result, RemoveTag):
        return facts.without_tag(result.tag)
    if isinstance(result, Send) and result.seen_as and not result.impossible:
        return result.seen_as(facts)
    return facts


_parsed_condition = lru_cache(maxsize=1024)(parse_condition)


def _enter_branch(run: Run, condition: str, facts: Context, setup: RunSetup) -> Run:
    """Return the run at the first step of the side that it takes, with the reason."""
    answer = _parsed_condition(condition, setup.place).answer(facts)
    side = "then" if answer.holds else "else"
    run = _with_progress(run, side=side, why=answer.in_words())
    return replace(run, path=inside(run.path, side))


def _wait_for(run: Run, wait: WaitFor, facts: Context) -> Run:
    """Return the run after a wait that is over, or at the same step with the time to look again."""
    so_far = run.progress.get(label(run.path), {})
    until = (
        datetime.fromisoformat(so_far["until"])
        if "until" in so_far
        else add_duration(facts.now, wait.at_most, facts.profile.store.zone)
    )
    answer = wait.condition.answer(facts)
    if answer.holds or facts.now >= until:
        why = answer.in_words()
        over = why if answer.holds else f"time over after {duration_words(wait.at_most)}: {why}"
        run = _with_progress(run, until=until.isoformat(), why=over)
        return replace(run, path=next_path(run.path))
    look = until if answer.changes_at is None else min(until, answer.changes_at)
    return _paused(_with_progress(run, until=until.isoformat()), look)


def _with_progress(run: Run, **values: str) -> Run:
    return replace(run, progress={**run.progress, label(run.path): values})


def keeps_waiting(run: Run, facts: Context, setup: RunSetup) -> Run | None:
    """Return a run that goes on waiting for its condition, with the time to look again; else None."""
    node = node_at(run.steps, run.path)
    assert isinstance(node, str), "only a step waits"
    try:
        wait = _step(node, run, setup).argument
    except RuleErrors:  # the run ends with it as soon as it goes on
        return None
    after = _wait_for(run, wait, facts)
    return after if after.path == run.path else None


def _step(text: str, run: Run, setup: RunSetup) -> Step:
    variables = step_variables(run.variables, setup.rules.actions)
    actions = setup.rules.actions
    scope = StepScope(setup.place, setup.rules.section_names, frozenset(variables), actions=actions)
    return parse_step(text, scope, setup.rules.actions)


@dataclass(frozen=True, slots=True)
class _Planned:
    """What follows from a step, under the name of its action."""

    step: Step
    action: str
    result: Follows


def _planned(
    step: Step, run: Run, facts: Context, setup: RunSetup
) -> Sequence[_Planned] | TakeCode | Literal[NoCode.UNCHECKED]:
    """Return what follows from a step, or the code that it needs first."""
    variables = step_variables(run.variables, setup.rules.actions)
    origin = f"{run.workflow}, {run.event}"
    key = setup.key(run, facts.profile.key)
    names = (origin, run.workflow, run.event)
    result = step.plan(StepContext(facts, variables, setup.rules.sections, key, *names))
    if not isinstance(result, TakeCode):
        return [_Planned(step, step.action.name, result)]
    answer = _answer(result, run, setup)
    if answer is None:
        return result
    if answer is NoCode.UNCHECKED:
        return NoCode.UNCHECKED
    if isinstance(answer, PoolCode):
        return [_Planned(step, name, sent) for name, sent in result.given(answer)]
    empty = f"the coupon pool {result.pool} is empty"
    if result.otherwise is None:
        raise StepRefused(empty)
    instead = _planned(result.otherwise, run, facts, setup)
    if not isinstance(instead, Sequence) or result.otherwise.action.variables:
        return instead
    # Later steps that use the code are cancelled.
    nothing = [(name, sent) for name, sent in result.given(NO_CODE)][:1]
    lost = [
        _Planned(step, name, dataclasses.replace(sent, impossible=empty)) for name, sent in nothing
    ]
    return [*lost, *instead]


NO_CODE = PoolCode(0, "")
CHECK_AGAIN = timedelta(minutes=1)


def code_request(result: TakeCode, run: Run) -> CodeRequest:
    """Return what the next step of a run asks for."""
    return CodeRequest(run.workflow, run.event, label(run.path), result.pool, result.checked)


def _answer(result: TakeCode, run: Run, setup: RunSetup) -> PoolCode | NoCode | None:
    if run.mode == "dry_run":
        return PoolCode(0, f"(a code of {result.pool})")
    return setup.codes.get(code_request(result, run))


def _taken(
    planned: _Planned, run: Run, path: Path, actions: Actions, lost: Mapping[str, LostStep]
) -> Taken | None:
    """Return a step that was taken; None for a tag that contains the result of a lost step."""
    result = planned.result
    if not isinstance(result, AddTag | RemoveTag | Send):  # a wait that is over
        return None
    needs = _needed_steps(planned.step, run, path, actions)
    cause = next((lost[each] for each in needs if each in lost), None)
    cancelled_by = None
    if cause is not None:
        if not isinstance(result, Send):
            return None
        cancelled_by = cause.entry_id
        result = dataclasses.replace(result, impossible=result.impossible or cause.outcome)
    return Taken(label(path), planned.action, result, needs, cancelled_by)


def _needed_steps(step: Step, run: Run, path: Path, actions: Actions) -> tuple[str, ...]:
    """Return the labels of the steps whose results a step uses; a later result hides an earlier one."""
    if not step.uses:
        return ()
    made_by: dict[str, str] = {}
    for name, text in steps_before(run.steps, path, run.sides):
        action = actions.get(text.split(maxsplit=1)[0])
        made_by |= dict.fromkeys(action.variables if action else (), name)
    return tuple(sorted({made_by[name] for name in step.uses if name in made_by}))


def _paused(run: Run, until: datetime) -> Run:
    return replace(run, state="waiting", due_at=until)


def step_variables(memory: Mapping[str, object], actions: Actions) -> dict[str, object]:
    """Return what templates can use of earlier steps."""
    if not memory:
        return {}
    return {
        name: value for action in actions.values() for name, value in action.recall(memory).items()
    }
