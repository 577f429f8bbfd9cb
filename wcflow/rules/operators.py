"""The operators of conditions: comparisons, ``in``, ``contains`` and so on.

Each returns whether a found value matches, and until when that is certain. If the value is not
known, so is the answer, except for ``is empty``.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from wcflow.rules.attributes.registry import AttributeValue
from wcflow.rules.context import Context
from wcflow.rules.literals import (
    Literal,
    Number,
    RelativeInstant,
    Text,
    as_number,
    compile_pattern,
    contains_words,
    fold,
    split_words,
)
from wcflow.rules.ternary import Ternary, all_of, any_of, earliest


class Operator(Protocol):
    """An operator with its literals.

    ``verb`` and ``opposite`` express in a reason that it holds, or does not.
    """

    @property
    def verb(self) -> str: ...

    @property
    def opposite(self) -> str: ...

    @property
    def canonical(self) -> str:
        """Return the normal form of the text after the attribute."""

    @property
    def literals(self) -> Sequence[Literal]: ...

    def evaluate(self, found: AttributeValue, context: Context) -> Ternary:
        """Return whether the found value matches."""

    def format(self, context: Context) -> str:
        """Return the literals as a reason shows them."""


TRUTH: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "<>": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_OPPOSITE = {"=": "<>", "<>": "=", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}
COMPARISONS = frozenset(TRUTH)


def compare(sign: str, literal: Literal, found: AttributeValue, context: Context) -> Ternary:
    """Compare with one of ``= <> < <= > >=``."""
    own_change = None if found.growth else found.changes_at
    position = literal.position(found, context)
    if position is None:
        return Ternary(None, found.changes_at)
    truth = TRUTH[sign]
    level, then = position
    value = truth(level, 0)
    for when, level in then:
        if truth(level, 0) is not value:
            return Ternary(value, earliest((own_change, when)))
    return Ternary(value, own_change)


@dataclass(frozen=True, slots=True)
class Compare:
    """``= <> < <= > >=``."""

    verb: str
    literal: Literal

    @property
    def opposite(self) -> str:
        return _OPPOSITE[self.verb]

    @property
    def canonical(self) -> str:
        return f"{self.verb} {self.literal.canonical}"

    @property
    def literals(self) -> Sequence[Literal]:
        return (self.literal,)

    def evaluate(self, found: AttributeValue, context: Context) -> Ternary:
        return compare(self.verb, self.literal, found, context)

    def format(self, context: Context) -> str:
        return self.literal.format(context)


@dataclass(frozen=True, slots=True)
class Between:
    """``between a and b``, both included."""

    low: Literal
    high: Literal
    verb: str = "between"
    opposite: str = "not between"

    @property
    def canonical(self) -> str:
        return f"between {self.low.canonical} and {self.high.canonical}"

    @property
    def literals(self) -> Sequence[Literal]:
        return (self.low, self.high)

    def evaluate(self, found: AttributeValue, context: Context) -> Ternary:
        above = compare(">=", self.low, found, context)
        return all_of((above, compare("<=", self.high, found, context)))

    def format(self, context: Context) -> str:
        return f"{self.low.format(context)} and {self.high.format(context)}"


@dataclass(frozen=True, slots=True)
class OneOf:
    """``in (a, b)``."""

    literals: tuple[Literal, ...]
    verb: str = "in"
    opposite: str = "not in"

    @property
    def canonical(self) -> str:
        return f"in {_format_list(each.canonical for each in self.literals)}"

    def evaluate(self, found: AttributeValue, context: Context) -> Ternary:
        return any_of([compare("=", literal, found, context) for literal in self.literals])

    def format(self, context: Context) -> str:
        return _format_list(each.format(context) for each in self.literals)


@dataclass(frozen=True, slots=True)
class MultipleOf:
    """``multiple of 5``: 5, 10, 15 and so on, but not 0."""

    step: Number
    verb: str = "multiple of"
    opposite: str = "not a multiple of"

    @property
    def canonical(self) -> str:
        return f"multiple of {self.step.canonical}"

    @property
    def literals(self) -> Sequence[Literal]:
        return (self.step,)

    def evaluate(self, found: AttributeValue, _scope: Context) -> Ternary:
        value = as_number(found.value)
        if value is None:
            return Ternary(None, found.changes_at)
        whole = value == value.to_integral_value()
        return Ternary(
            whole and value > 0 and int(value) % int(self.step.value) == 0, found.changes_at
        )

    def format(self, context: Context) -> str:
        return self.step.format(context)


Searched = str | tuple[str, ...]


def _contains(value: Searched, word: str) -> bool:
    if isinstance(value, str):
        return fold(word) in fold(value)
    return any(fold(element) == fold(word) for element in value)


def _mentions(value: Searched, word: str) -> bool:
    texts, words = (value,) if isinstance(value, str) else value, split_words(word)
    return any(contains_words(text, words) for text in texts)


SEARCHES: dict[str, Callable[[Searched, str], bool]] = {
    "contains": _contains,
    "mentions": _mentions,
    "starts with": lambda value, word: (
        isinstance(value, str) and fold(value).startswith(fold(word))
    ),
    "ends with": lambda value, word: isinstance(value, str) and fold(value).endswith(fold(word)),
    "like": lambda value, word: (
        isinstance(value, str) and compile_pattern(fold(word)).fullmatch(fold(value)) is not None
    ),
}


@dataclass(frozen=True, slots=True)
class Search:
    """Search for texts in a text or list; ``how`` is a key of ``SEARCHES``.

    ``which`` is ``any`` or ``all`` if there are several texts, otherwise empty.
    """

    how: str
    literals: tuple[Text | Number, ...]
    which: str = ""

    @property
    def verb(self) -> str:
        return f"{self.how} {self.which}".strip()

    @property
    def opposite(self) -> str:
        return f"not {self.verb}"

    @property
    def canonical(self) -> str:
        words = [each.canonical for each in self.literals]
        return f"{self.verb} {_format_list(words) if self.which else words[0]}"

    def evaluate(self, found: AttributeValue, _scope: Context) -> Ternary:
        value = found.value
        if not isinstance(value, str | tuple):
            return Ternary(None, found.changes_at)
        finds = SEARCHES[self.how]
        answers = (finds(value, literal.text) for literal in self.literals)
        return Ternary(all(answers) if self.which == "all" else any(answers), found.changes_at)

    def format(self, _scope: Context) -> str:
        words = [each.canonical for each in self.literals]
        return _format_list(words) if self.which else words[0]


@dataclass(frozen=True, slots=True)
class IsEmpty:
    """``is empty``: not known, an empty text or an empty list. The answer is always known."""

    verb: str = "is empty"
    opposite: str = "is not empty"
    canonical: str = "is empty"
    literals: tuple[Literal, ...] = ()

    def evaluate(self, found: AttributeValue, _scope: Context) -> Ternary:
        return Ternary(found.value in (None, "", ()), found.changes_at)

    def format(self, _scope: Context) -> str:
        return ""


@dataclass(frozen=True, slots=True)
class IsTrue:
    """A yes-or-no attribute without an operator."""

    verb: str = ""
    opposite: str = ""
    canonical: str = ""
    literals: tuple[Literal, ...] = ()

    def evaluate(self, found: AttributeValue, _scope: Context) -> Ternary:
        value = found.value
        return Ternary(value if isinstance(value, bool) else None, found.changes_at)

    def format(self, _scope: Context) -> str:
        return "yes"


def needs_minutes(comparison: Operator) -> bool:
    """Return whether a reason must show the time of day."""
    return any(isinstance(literal, RelativeInstant) for literal in comparison.literals)


def _format_list(words: Iterable[str]) -> str:
    return f"({', '.join(words)})"
