"""Take the steps of a run that are due, up to a pause or the end. Pure.

A run keeps the steps it started with, so an edited workflow does not change it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from msgspec.structs import replace

from wcflow.rules.codes import work_key
from wcflow.rules.context import Context, RulePlace
from wcflow.rules.errors import RuleErrors
from wcflow.rules.model import Rules
from wcflow.rules.parser import parse_condition
from wcflow.rules.step_tree import Path, inside, label, next_path, node_at, settled
from wcflow.rules.steps import (
    Actions,
    AddTag,
    RemoveTag,
    Send,
    StepContext,
    StepRefused,
    StepResult,
    StepScope,
    Stop,
    Wait,
    parse_step,
)
from wcflow.rules.templates import TemplateError
from wcflow.rules.workflow_run import Run, finished


@dataclass(frozen=True, slots=True)
class Taken:
    """A step that was taken: its label in the run ("3"), its action, and what follows."""

    label: str
    action: str
    result: AddTag | RemoveTag | Send


@dataclass(frozen=True, slots=True)
class RunSetup:
    """What a run needs besides the person: rules, what its steps can refer to, and the secret."""

    rules: Rules
    place: RulePlace
    store: str = ""
    secret: str = field(default="", repr=False)

    def key(self, run: Run, person_key: str) -> str:
        """Return the key of the next step, from which coupon codes and marks derive.

        It depends on the account or the address, not on the person's id: after a restore or a
        rebuild of the database the same person gets the same codes.
        """
        where = ".".join(map(str, run.path))
        return work_key(self.secret, self.store, run.workflow, person_key, run.event, where)


def run_steps(run: Run, facts: Context, setup: RunSetup) -> tuple[Run, tuple[Taken, ...]]:
    """Take all steps that are due; return the run as it is then, and what was done."""
    taken: list[Taken] = []
    while (path := settled(run.steps, run.path)) is not None:
        run = replace(run, path=path)
        try:
            result = _take(run, facts, setup)
        except (RuleErrors, TemplateError, StepRefused) as error:
            return finished(run, "ended", f"step {label(path)}: {error}"), tuple(taken)
        if isinstance(result, str):
            run = replace(run, path=inside(path, result))
            continue
        if isinstance(result, Stop):
            return finished(run, "ended", result.reason), tuple(taken)
        run = replace(run, path=next_path(path))
        if isinstance(result, Wait):
            return _paused(run, result.until), tuple(taken)
        if isinstance(result, Send) and result.remember:
            run = replace(run, variables={**run.variables, **result.remember})
        taken.append(Taken(label(path), _action(run, path), result))
    return finished(run, "done", "all steps are done"), tuple(taken)


def _take(run: Run, facts: Context, setup: RunSetup) -> StepResult | str:
    """Return what follows from the next step, or the side on which a branch goes on."""
    node = node_at(run.steps, run.path)
    assert node is not None, "a settled path leads to a node"
    if not isinstance(node, str):
        return "then" if parse_condition(node["if"], setup.place).answer(facts).holds else "else"
    variables = step_variables(run.variables, setup.rules.actions)
    context = StepScope(setup.place, setup.rules.section_names, frozenset(variables))
    step = parse_step(node, context, setup.rules.actions)
    origin = f"{run.workflow}, {run.event}"
    key = setup.key(run, facts.profile.key)
    return step.plan(StepContext(facts, variables, setup.rules.sections, key, origin))


def _action(run: Run, path: Path) -> str:
    return str(node_at(run.steps, path)).split(maxsplit=1)[0]


def _paused(run: Run, until: datetime) -> Run:
    return replace(run, state="waiting", due_at=until)


def step_variables(memory: Mapping[str, object], actions: Actions) -> dict[str, object]:
    """Return what templates can use of earlier steps."""
    if not memory:
        return {}
    return {
        name: value for action in actions.values() for name, value in action.recall(memory).items()
    }
