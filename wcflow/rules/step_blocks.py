"""The rows of ``do`` as a tree of steps and branches: parse them, walk through them, write them. Pure.

A branch begins with ``if CONDITION``, can have an ``else``, and ends with ``end``. Branches can be
inside branches; the indentation is free.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from wcflow.rules.condition_text import condition_text
from wcflow.rules.conditions import Condition
from wcflow.rules.context import RulePlace
from wcflow.rules.errors import RuleError, RuleErrors, did_you_mean, unknown
from wcflow.rules.parser import parse_condition
from wcflow.rules.step_tree import Node
from wcflow.rules.steps import Actions, Step, StepScope, parse_step

IF, ELSE, END = "if", "else", "end"
BRANCH_FORM = "if CONDITION … else … end"
BRANCH_MEANING = (
    "Take the steps on the rows after 'if' where the condition holds, else those after 'else'. 'else'"
    " can be left out; branches can be inside branches."
)
BRANCH_EXAMPLE = "if orders_count >= 2"
MAX_DEPTH = 20
"""How deep branches can be inside branches, which bounds the recursion."""
Variables = frozenset[str] | None
"""What templates can use after some steps; None if nothing comes after them."""


@dataclass(frozen=True, slots=True)
class Branch:
    """Steps for the case that a condition holds, and for the other case."""

    condition: Condition
    then: tuple[StepNode, ...]
    otherwise: tuple[StepNode, ...] = ()


StepNode = Step | Branch


def all_steps(nodes: Iterable[StepNode]) -> Iterator[Step]:
    """Return every step, those inside branches included, in the order of the rows."""
    for node in nodes:
        if isinstance(node, Branch):
            yield from all_steps(node.then)
            yield from all_steps(node.otherwise)
        else:
            yield node
            yield from all_steps([node.inner] if node.inner else [])


def step_conditions(nodes: Iterable[StepNode]) -> Iterator[Condition]:
    """Return the conditions of all branches and steps."""
    for node in nodes:
        if isinstance(node, Branch):
            yield node.condition
            yield from step_conditions(node.then)
            yield from step_conditions(node.otherwise)
        else:
            yield from (each.condition for each in all_steps([node]) if each.condition)


def unreachable(nodes: Sequence[StepNode]) -> Iterator[str]:
    """Return the first row after each step that ends the run: nothing gets there."""
    for number, node in enumerate(nodes):
        if isinstance(node, Branch):
            yield from unreachable(node.then)
            yield from unreachable(node.otherwise)
        if _always_ends(node) and number + 1 < len(nodes):
            following = nodes[number + 1]
            yield following.text if isinstance(following, Step) else next(written([following]))[0]
            return


def _always_ends(node: StepNode) -> bool:
    if isinstance(node, Step):
        return node.action.ends_run
    sides = (node.then, node.otherwise)
    return all(any(map(_always_ends, side)) for side in sides)


def pinned(nodes: Iterable[StepNode]) -> list[Node]:
    """Return the tree as it is kept in a run."""
    return [
        {IF: condition_text(node.condition), "then": pinned(node.then)}
        | ({ELSE: pinned(node.otherwise)} if node.otherwise else {})
        if isinstance(node, Branch)
        else node.text
        for node in nodes
    ]


def written(nodes: Iterable[StepNode], indent: int = 0) -> Iterator[tuple[str, Step | None]]:
    """Return the rows that an admin would write, indented by four blanks; a step comes with its row."""
    margin = " " * indent
    for node in nodes:
        if not isinstance(node, Branch):
            yield f"{margin}{node.text}", node
            continue
        yield f"{margin}{IF} {condition_text(node.condition)}", None
        yield from written(node.then, indent + 4)
        if node.otherwise:
            yield f"{margin}{ELSE}", None
            yield from written(node.otherwise, indent + 4)
        yield f"{margin}{END}", None


def cancelled_without_code(nodes: Iterable[StepNode]) -> list[bool]:
    """Return for each step, in the order of ``written``, whether an empty pool cancels it."""
    return _cancelled(nodes, frozenset())[0]


def _cancelled(
    nodes: Iterable[StepNode], missing: frozenset[str]
) -> tuple[list[bool], frozenset[str]]:
    """Return which steps use what can be missing, and what can be missing after them."""
    found: list[bool] = []
    for node in nodes:
        if isinstance(node, Branch):
            then, after_then = _cancelled(node.then, missing)
            otherwise, after_else = _cancelled(node.otherwise, missing)
            found += [*then, *otherwise]
            missing = after_then | after_else
        else:
            found.append(bool(node.uses & missing))
            missing = (missing - node.action.variables) | _can_be_missing(node)
    return found, missing


def _can_be_missing(step: Step) -> frozenset[str]:
    """Return what a step does not make where it takes its other step, and the run goes on."""
    if step.inner is None or step.inner.action.ends_run:
        return frozenset()
    return (step.action.variables - step.inner.action.variables) | _can_be_missing(step.inner)


def parse_steps(
    text: str,
    place: RulePlace,
    actions: Actions,
    sections: frozenset[tuple[str, str]] = frozenset(),
) -> tuple[StepNode, ...]:
    """Parse the rows of ``do``; raises RuleErrors with every error and its row."""
    rows = [(row, line.strip()) for row, line in enumerate(text.splitlines()) if line.strip()]
    reader = _Reader(rows, actions)
    scope = StepScope(place, sections, later=_later(actions), actions=actions)
    nodes, _ = reader.block(scope, 0)
    if reader.errors:
        raise RuleErrors(*sorted(reader.errors, key=lambda error: error.row))
    return tuple(nodes)


def _later(actions: Actions) -> tuple[tuple[str, str], ...]:
    makers: dict[str, list[str]] = {}
    for action in actions.values():
        for name in sorted(action.variables):
            makers.setdefault(name, []).append(action.name)
    return tuple(
        (name, f"available after the step {' or '.join(steps)}") for name, steps in makers.items()
    )


@dataclass(slots=True)
class _Reader:
    """Reads rows one by one; ``errors`` collects the mistakes of all rows."""

    rows: Sequence[tuple[int, str]]
    actions: Actions
    position: int = 0
    errors: list[RuleError] = field(default_factory=list)

    def block(self, scope: StepScope, depth: int) -> tuple[list[StepNode], Variables]:
        """Read rows up to the ``else`` or ``end`` of the branch around them, or to the last one."""
        nodes: list[StepNode] = []
        goes_on = True
        while self.position < len(self.rows):
            row, line = self.rows[self.position]
            word, rest = _split(line)
            if word in (ELSE, END) and depth:
                break
            self.position += 1
            if word in (ELSE, END):
                self._report(row, *_STRAY[word])
                if word == ELSE:  # its 'end' is no mistake of its own
                    self.block(scope, depth + 1)
                    self._next(END)
            elif word == IF:
                node, scope, after = self._branch(row, rest, scope, depth)
                nodes += [node] if node else []
                goes_on = goes_on and after
            elif step := self._step(row, line, scope):
                nodes.append(step)
                scope = replace(scope, variables=scope.variables | step.action.variables)
                goes_on = goes_on and not step.action.ends_run
            elif action := self.actions.get(word):
                scope = replace(scope, variables=scope.variables | action.variables)
        return nodes, scope.variables if goes_on else None

    def _step(self, row: int, line: str, scope: StepScope) -> Step | None:
        word = line.split(maxsplit=1)[0]
        if word.lower() not in self.actions:
            hint = _OTHER_WORDS.get(word.lower()) or did_you_mean(
                word, [*self.actions, IF, ELSE, END]
            )
            self.errors.append(replace(unknown("step", word, hint), row=row))
            return None
        try:
            return parse_step(line, scope, self.actions)
        except RuleErrors as error:
            self.errors += [replace(each, row=row) for each in error.rule_errors]
            return None

    def _branch(
        self, row: int, rest: str, scope: StepScope, depth: int
    ) -> tuple[Branch | None, StepScope, bool]:
        """Read a branch up to its ``end``; return it, what is known after it, and if anything follows."""
        if depth == MAX_DEPTH:
            self._report(row, f"at most {MAX_DEPTH} branches inside each other", "another one")
        condition = self._condition(row, rest, scope)
        first = self.position
        then, known_then = self.block(scope, depth + 1)
        empty = self.position == first
        otherwise: list[StepNode] = []
        known_else: Variables = scope.variables
        if (closing := self._next(ELSE)) is not None:
            otherwise, known_else = self._otherwise(closing, scope, depth)
        if self._next(END) is None:
            hint = "write 'end' on a row of its own after the last step of the branch"
            self._report(row, "an 'end' that closes this 'if'", "none", hint)
        elif empty and closing is not None:
            hint = f"write 'if not ({rest})' without 'else'"
            self._report(row, "a step between 'if' and 'else'", "none", hint)
        elif empty:
            self._report(row, "a step after the 'if'", "none", "add the steps, or remove it")
        branch = Branch(condition, tuple(then), tuple(otherwise)) if condition else None
        return branch, *_after(scope, known_then, known_else)

    def _otherwise(
        self, row: int, scope: StepScope, depth: int
    ) -> tuple[list[StepNode], Variables]:
        first = self.position
        nodes, known = self.block(scope, depth + 1)
        empty = self.position == first
        while (again := self._next(ELSE)) is not None:
            self._report(again, "one 'else' for each 'if'", "a second one")
            self.block(scope, depth + 1)
        if empty:
            self._report(row, "a step after the 'else'", "none", "add the steps, or remove it")
        return nodes, known

    def _condition(self, row: int, rest: str, scope: StepScope) -> Condition | None:
        try:
            return parse_condition(rest, scope.place)
        except RuleErrors as error:
            hint = _condition_hint(rest)
            self.errors += [
                replace(each, row=row, column=0, hint=hint or each.hint)
                for each in error.rule_errors
            ]
            return None

    def _next(self, word: str) -> int | None:
        """Return the row of the next word if it is this one, and go past it."""
        if self.position == len(self.rows):
            return None
        row, line = self.rows[self.position]
        found, rest = _split(line)
        if found != word:
            return None
        self.position += 1
        if rest:
            hint = _AFTER.get((found, rest.split()[0].lower()), "write it on a row of its own")
            self._report(row, f"nothing after '{found}'", repr(rest), hint)
        return row

    def _report(self, row: int, expected: str, got: str, hint: str = "") -> None:
        self.errors.append(RuleError(expected, got, hint, row))


_STRAY = {
    ELSE: ("an 'if' before 'else'", "none", "write 'if CONDITION' above it"),
    END: ("an 'if' before 'end'", "none", "remove this row, or write 'if CONDITION' above it"),
}
_OTHER_WORDS = {
    "elif": "write 'else', then 'if' on the next row, and an 'end' for each 'if'",
    "elseif": "write 'else', then 'if' on the next row, and an 'end' for each 'if'",
    "endif": "write 'end'",
    "fi": "write 'end'",
    "then": "leave it out",
    "otherwise": "write 'else'",
}
_AFTER = {
    (ELSE, "if"): "write 'if' on the next row, and an 'end' for each 'if'",
    (END, "if"): "write 'end'",
}


def _split(line: str) -> tuple[str, str]:
    word, _, rest = line.partition(" ")
    return word.lower(), rest.strip()


def _condition_hint(rest: str) -> str:
    if rest.endswith(":"):
        return "leave out the ':'"
    return "leave out 'then'" if rest.lower().endswith(" then") else ""


def _after(scope: StepScope, then: Variables, otherwise: Variables) -> tuple[StepScope, bool]:
    """Return what is known after a branch: what both sides make, or the only one that goes on."""
    sides = [each for each in (then, otherwise) if each is not None]
    if not sides:
        return scope, False
    known = sides[0].intersection(*sides[1:])
    partly = frozenset[str]().union(*sides) - known
    later = dict(scope.later) | dict.fromkeys(
        partly, "only one side of the 'if' above makes it: use it on that side, or make it on both"
    )
    return replace(scope, variables=known, later=tuple(later.items())), True
