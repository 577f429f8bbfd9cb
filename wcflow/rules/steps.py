"""Workflow steps: how a row of ``do`` becomes a step, and what a step can lead to. Pure.

The actions themselves are data: each comes from its module in ``wcflow.actions``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from functools import lru_cache
from types import MappingProxyType
from typing import Any, NamedTuple

from wcflow.profile import Profile, latest_order
from wcflow.records import Order
from wcflow.rules.conditions import Condition
from wcflow.rules.context import Context, RulePlace
from wcflow.rules.errors import RuleError, RuleErrors, did_you_mean, unknown
from wcflow.rules.templates import Template, parse_template
from wcflow.units import Duration

Sections = Mapping[str, Mapping[str, Any]]
"""What actions read from their own sections of the INI, by kind and name."""


def section_names(sections: Sections) -> frozenset[tuple[str, str]]:
    """Return the sections that steps can name, as (kind, name).

    What the templates of a section use follows as ("email review", "order.total").
    """
    found = [(kind, name, rule) for kind, rules in sections.items() for name, rule in rules.items()]
    used = (
        (f"{kind} {name}", expression)
        for kind, name, rule in found
        for expression in getattr(rule, "expressions", ())
    )
    return frozenset((*((kind, name) for kind, name, _ in found), *used))


NO_VALUES: Mapping[str, Any] = MappingProxyType({})


# What can follow from a step.


@dataclass(frozen=True, slots=True)
class AddTag:
    tag: str


@dataclass(frozen=True, slots=True)
class RemoveTag:
    tag: str


@dataclass(frozen=True, slots=True)
class Send:
    """Something for the outbox: an entry of this kind, for this target (0: none) of the store.

    ``remember`` goes into the run's memory, for the templates of later steps. ``impossible`` says
    why the entry is cancelled from the start. ``seen_as`` returns what rules see afterwards, if it
    changes what they look at; the person is evaluated again then.
    """

    kind: str
    payload: Mapping[str, Any]
    target: int = 0
    remember: Mapping[str, object] = field(default_factory=dict)
    impossible: str = ""
    seen_as: Callable[[Context], Context] | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Wait:
    """Go on at ``until`` if the person still qualifies then."""

    until: datetime


@dataclass(frozen=True, slots=True)
class WaitFor:
    """Go on as soon as a condition holds, at the latest after ``at_most``."""

    condition: Condition
    at_most: Duration


@dataclass(frozen=True, slots=True)
class Stop:
    reason: str


@dataclass(frozen=True, slots=True)
class PoolCode:
    """A code of a coupon pool that is reserved for one step of one run; ``id`` is that of its row."""

    id: int
    code: str


class NoCode(Enum):
    """Why there is no code: the pool is empty, or its codes have yet to be looked up in the store."""

    EMPTY = "empty"
    UNCHECKED = "unchecked"


@dataclass(frozen=True, slots=True)
class TakeCode:
    """Ask for a code of a coupon pool. Whoever saves the run reserves it; then the step goes on.

    ``given`` returns what follows with the code, each with the name of an action. ``otherwise`` is
    the step for an empty pool. With ``checked``, only codes that were found in the store count.
    """

    pool: str
    given: Callable[[PoolCode], Sequence[tuple[str, Send]]]
    otherwise: Step | None = None
    checked: bool = False


class CodeRequest(NamedTuple):
    """What one step of one run of a person asks for."""

    workflow: str
    event: str
    label: str
    pool: str
    checked: bool


CodeAnswers = Mapping[CodeRequest, PoolCode | NoCode]
StepResult = AddTag | RemoveTag | Send | Wait | WaitFor | Stop | TakeCode


@dataclass(frozen=True, slots=True)
class LostStep:
    """A step that failed or was cancelled: ``state``. Its result must not be used.

    ``kind`` and ``entry_id`` are those of its outbox entry; None if that is not saved yet.
    """

    kind: str
    state: str
    entry_id: int | None = None

    @property
    def outcome(self) -> str:
        """The outcome of a later step that uses its result."""
        what = self.kind.replace("_", " ")
        return f"cancelled, because its {what} {'failed' if self.state == 'failed' else 'was cancelled'}"


class StepRefused(Exception):
    """a step is impossible for this person; the message says why."""


# Actions and steps.


@dataclass(frozen=True, slots=True)
class StepContext:
    """What a step knows when it is planned.

    ``variables`` are those of earlier steps, ``key`` is unique to this step of this run and can be
    derived again, ``origin`` names the workflow and the event in words, ``workflow`` and ``event``
    are their names.
    """

    facts: Context
    variables: Mapping[str, object] = field(default_factory=dict)
    sections: Sections = field(default_factory=dict)
    key: str = ""
    origin: str = ""
    workflow: str = ""
    event: str = ""

    @property
    def profile(self) -> Profile:
        return self.facts.profile

    def note_order(self) -> Order | None:
        """Return the order of the trigger, or the customer's latest."""
        return self.facts.order or latest_order(self.profile)


@dataclass(frozen=True, slots=True)
class StepScope:
    """What a step can refer to: attributes, sections (kind, name) and variables of earlier steps.

    ``later`` maps variables to the reason why they are not known yet. ``actions`` are those of the
    steps that a step can contain.
    """

    place: RulePlace
    sections: frozenset[tuple[str, str]] = frozenset()
    variables: frozenset[str] = frozenset()
    later: tuple[tuple[str, str], ...] = ()
    actions: Actions = field(default_factory=dict, repr=False, compare=False)

    def names(self, kind: str) -> frozenset[str]:
        return frozenset(name for each, name in self.sections if each == kind)

    def expressions(self, kind: str, name: str) -> list[str]:
        """Return the variables that the templates of a section use."""
        return sorted(self.names(f"{kind} {name}"))

    def template(self, text: str) -> Template:
        return parse_template(text, self.place, self.variables, dict(self.later))


Argument = tuple[Template | None, Any]


def _no_variables(_memory: Mapping[str, object]) -> Mapping[str, object]:
    return NO_VALUES


@dataclass(frozen=True, eq=False, slots=True)
class Action:
    """What a step can do.

    ``parse`` reads the words after the name; ``plan`` says what follows (raises TemplateError or
    StepRefused). ``variables`` are known to later steps; ``recall`` gives their values from the
    memory of a run. ``section`` is the kind of INI section that its steps name. ``warning`` follows
    the step in ``wcflow check``. After a step that ``ends_run`` nothing follows.
    """

    form: str
    meaning: str
    example: str
    parse: Callable[[str, StepScope], Argument]
    plan: Callable[[Step, StepContext], StepResult]
    variables: frozenset[str] = frozenset()
    recall: Callable[[Mapping[str, object]], Mapping[str, object]] = _no_variables
    section: str = ""
    warning: str = ""
    adds_tag: bool = False
    ends_run: bool = False

    @property
    def name(self) -> str:
        return self.form.split(maxsplit=1)[0]


Actions = Mapping[str, Action]


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a workflow; ``text`` is its normal form, which is pinned in the run."""

    action: Action
    text: str
    template: Template | None = None
    argument: Any = None

    def plan(self, context: StepContext) -> StepResult:
        """Return what follows; raises TemplateError or StepRefused."""
        return self.action.plan(self, context)

    def render(self, context: StepContext) -> str:
        """Render its template; raises TemplateError."""
        if self.template is None:
            return ""
        return self.template.render(context.facts, context.variables)

    @property
    def uses(self) -> frozenset[str]:
        """The results of earlier steps in its text, such as ``coupon.code``."""
        return frozenset(self.template.variables.extras.values() if self.template else ())

    @property
    def section(self) -> tuple[str, str] | None:
        """The INI section that it names, as (kind, name)."""
        return (self.action.section, str(self.argument)) if self.action.section else None

    @property
    def inner(self) -> Step | None:
        """The step that it takes instead where it is impossible."""
        return self.argument.otherwise if isinstance(self.argument, OrElse) else None

    @property
    def condition(self) -> Condition | None:
        """The condition that it waits for."""
        return self.argument.condition if isinstance(self.argument, WaitFor) else None

    @property
    def tag(self) -> str:
        """The tag that it adds, where that is the same for everyone."""
        fixed = self.template is not None and "{" not in self.template.text
        return self.template.text if fixed and self.template and self.action.adds_tag else ""


@dataclass(frozen=True, slots=True)
class OrElse:
    """The argument of a step that names a section, and the step for the case that it is impossible."""

    name: str
    otherwise: Step | None = None

    def __str__(self) -> str:
        return self.name


def parse_step(text: str, context: StepScope, actions: Actions) -> Step:
    """Parse one step, such as ``add_tag VIP``; raises RuleErrors."""
    word, *rest = text.split(maxsplit=1)
    action = actions.get(word.lower())
    if action is None:
        raise RuleErrors(unknown("step", word, did_you_mean(word, actions)))
    return _parsed(action, "".join(rest).strip(), context)


@lru_cache(maxsize=2048)
def _parsed(action: Action, rest: str, context: StepScope) -> Step:
    template, argument = action.parse(rest, context)
    return Step(action, f"{action.name} {rest}".strip(), template, argument)


def adds_tag(text: str, tag: str, actions: Actions) -> bool:
    """Return whether a step, as it is pinned in a run, adds exactly this tag."""
    word, _, rest = text.partition(" ")
    return rest == tag and word in actions and actions[word].adds_tag


# What actions share.


def parse_text(rest: str, context: StepScope) -> Argument:
    """Parse a template that must not be empty."""
    if not rest:
        raise RuleErrors(RuleError("a text after the step", "nothing"))
    return context.template(rest), None


def parse_nothing(rest: str, _scope: StepScope) -> Argument:
    if rest:
        raise RuleErrors(RuleError("nothing after the step", repr(rest)))
    return None, None


@lru_cache(maxsize=8192)
def one_tag(text: str) -> str:
    """Return a tag as it can be written: no comma, no line break, no blanks at its ends."""
    return " ".join(text.replace(",", " ").split())
