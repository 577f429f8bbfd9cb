"""Conditions as trees: evaluate them, and explain the answer.

``parser`` builds the trees.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from functools import partial
from itertools import repeat
from operator import call
from typing import NamedTuple

from wcflow.rules.attributes.registry import (
    AttributeQuery,
    AttributeValue,
    attribute_keys,
    attribute_names,
    order_meta_read,
)
from wcflow.rules.context import Context, RulePlace
from wcflow.rules.display import format_value
from wcflow.rules.literals import Number, Text
from wcflow.rules.operators import TRUTH, Compare, IsEmpty, Operator, Search, needs_minutes
from wcflow.rules.ternary import NO, YES, Ternary, negate
from wcflow.rules.ternary import combine as combine_results


@dataclass(frozen=True, slots=True)
class ComparisonResult:
    """One comparison: its text, the value found, the one expected, and whether they match.

    ``matches`` is None if that is not known; ``order_ids`` are the orders behind the value.
    """

    text: str
    attribute: str
    found: str
    expected: str
    matches: bool | None
    order_ids: tuple[int, ...] = ()


class AnswerDetails(NamedTuple):
    """The explanation of an answer: all comparisons, and the facts that decided."""

    parts: tuple[ComparisonResult, ...] = ()
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer of a condition for one person at one instant; ``value`` None means not known.

    Time alone cannot change it before ``changes_at``, or ever if that is None. ``details`` explains
    it on request, because few answers need an explanation.
    """

    value: bool | None
    changes_at: datetime | None
    details: Callable[[], AnswerDetails] = field(default=AnswerDetails, repr=False, compare=False)

    @property
    def holds(self) -> bool:
        return self.value is True

    @property
    def parts(self) -> tuple[ComparisonResult, ...]:
        """Return all comparisons."""
        return self.details().parts

    @property
    def reasons(self) -> tuple[str, ...]:
        """Return the facts that decided."""
        return self.details().reasons

    def in_words(self) -> str:
        """Return the facts that decided: ``total_spent 1,240.00 >= 1000``."""
        return " and ".join(self.reasons) or "no condition"


# A condition is evaluated for many people, so the function of each part is built once.
Evaluator = Callable[[Context], Ternary]


def _comparison_evaluator(asked: AttributeQuery, operator: Operator, *, negated: bool) -> Evaluator:
    if isinstance(operator, Compare) and isinstance(operator.literal, Number):
        compare = _number_evaluator(asked, operator, operator.literal.value)
    else:
        compare = _value_evaluator(asked, operator)
    return _negated_evaluator(compare) if negated else compare


def _value_evaluator(asked: AttributeQuery, operator: Operator) -> Evaluator:
    text, find, evaluate = asked.text, asked.found, operator.evaluate

    def compare(context: Context) -> Ternary:
        return evaluate(context.known.get(text) or find(context), context)

    return compare


def _number_evaluator(asked: AttributeQuery, operator: Compare, number: Decimal) -> Evaluator:
    """Compare a number, by far the most common case, without the general machinery."""
    text, find, truth = asked.text, asked.found, TRUTH[operator.verb]

    def compare(context: Context) -> Ternary:
        found: AttributeValue = context.known.get(text) or find(context)
        value, _, changes_at, growth = found
        if type(value) is not Decimal or growth is not None:
            return operator.evaluate(found, context)
        if changes_at is not None:
            return Ternary(truth(value, number), changes_at)
        return YES if truth(value, number) else NO

    return compare


def _negated_evaluator(evaluate: Evaluator) -> Evaluator:
    def negated(context: Context) -> Ternary:
        value, changes_at = evaluate(context)
        return Ternary(negate(value), changes_at)

    return negated


def _combined_evaluator(evaluators: Sequence[Evaluator], *, decisive: bool) -> Evaluator:
    def join(context: Context) -> Ternary:
        return combine_results(map(call, evaluators, repeat(context)), decisive=decisive)

    return join


@dataclass(frozen=True, slots=True)
class Comparison:
    """An attribute and an operator; ``negated`` if the operator contains ``not``, as in ``not in``."""

    asked: AttributeQuery
    operator: Operator
    text: str
    negated: bool = False
    evaluate: Evaluator = field(init=False, repr=False, compare=False)
    """The function that evaluates it for one person."""

    def __post_init__(self) -> None:
        object.__setattr__(
            self, "evaluate", _comparison_evaluator(self.asked, self.operator, negated=self.negated)
        )

    @property
    def canonical(self) -> str:
        form = f"{self.asked.text} {self.operator.canonical}".rstrip()
        return f"not {form}" if self.negated else form

    def comparisons(self) -> Iterator[Comparison]:
        yield self

    def details(self, context: Context) -> AnswerDetails:
        """Explain the answer."""
        found = self.asked.found(context)
        result = self.operator.evaluate(found, context)
        value = negate(result.value) if self.negated else result.value
        found_text = format_value(
            found.value,
            self.asked.attribute.kind,
            context,
            to_the_minute=needs_minutes(self.operator),
        )
        part = ComparisonResult(
            self.text, self.asked.text, found_text, self._wanted(context), value, found.orders
        )
        return AnswerDetails((part,), (self._fact(found_text, result.value, context),))

    def _wanted(self, context: Context) -> str:
        verb = self.operator.opposite if self.negated else self.operator.verb
        return f"{verb} {self.operator.format(context)}".strip()

    def _fact(self, found_text: str, value: bool | None, context: Context) -> str:
        """Return the fact that holds, whether or not it is what the condition wants."""
        name = self.asked.text
        if isinstance(self.operator, IsEmpty) and value:
            return f"{name} {self.operator.verb}"
        verb = self.operator.verb if value else self.operator.opposite
        if value is None or not verb:
            return f"{name} {found_text}"
        return f"{name} {found_text} {verb} {self.operator.format(context)}".rstrip()


@dataclass(frozen=True, slots=True)
class Not:
    """``not``: not known stays not known."""

    operand: Tree
    evaluate: Evaluator = field(init=False, repr=False, compare=False)
    """The function that evaluates it for one person."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "evaluate", _negated_evaluator(self.operand.evaluate))

    @property
    def canonical(self) -> str:
        return f"not {_parenthesized(self.operand)}"

    def comparisons(self) -> Iterator[Comparison]:
        return self.operand.comparisons()

    def details(self, context: Context) -> AnswerDetails:
        """Explain the answer."""
        return self.operand.details(context)


@dataclass(frozen=True, slots=True)
class Combined:
    """Several parts joined by ``and`` or by ``or``."""

    word: str
    parts: tuple[Tree, ...]
    evaluate: Evaluator = field(init=False, repr=False, compare=False)
    """The function that evaluates it for one person."""

    def __post_init__(self) -> None:
        evaluators = tuple(part.evaluate for part in self.parts)
        object.__setattr__(
            self, "evaluate", _combined_evaluator(evaluators, decisive=self.word == "or")
        )

    @property
    def canonical(self) -> str:
        return f" {self.word} ".join(_parenthesized(part) for part in self.parts)

    def comparisons(self) -> Iterator[Comparison]:
        for part in self.parts:
            yield from part.comparisons()

    def details(self, context: Context) -> AnswerDetails:
        """Explain the answer: all comparisons, and the reasons of the parts that decided."""
        results = [part.evaluate(context) for part in self.parts]
        value = combine_results(results, decisive=self.word == "or").value
        every = [part.details(context) for part in self.parts]
        deciding = [
            details for details, each in zip(every, results, strict=True) if each.value is value
        ]
        return AnswerDetails(
            tuple(part for details in every for part in details.parts),
            tuple(dict.fromkeys(reason for details in deciding for reason in details.reasons)),
        )


Tree = Comparison | Not | Combined


def combine(word: str, parts: Iterable[Tree]) -> Tree:
    """Join parts with ``and`` or ``or``, flattening parts joined by the same word."""
    flat: list[Tree] = []
    for part in parts:
        same = isinstance(part, Combined) and part.word == word
        flat.extend(part.parts if isinstance(part, Combined) and same else (part,))
    return flat[0] if len(flat) == 1 else Combined(word, tuple(flat))


def _parenthesized(tree: Tree) -> str:
    return f"({tree.canonical})" if isinstance(tree, Combined) else tree.canonical


@dataclass(frozen=True, slots=True)
class Condition:
    """A parsed ``when`` or ``stop_when``.

    ``canonical`` is its normal form, which ignores spaces, line breaks and the case of keywords.
    ``names`` are the attributes it uses, ``segment_names`` the segments it looks for.
    """

    text: str
    place: RulePlace
    tree: Tree
    canonical: str
    names: frozenset[str]
    meta_keys: frozenset[str]
    order_meta_keys: frozenset[str]
    item_meta_keys: frozenset[str]
    segment_names: frozenset[str]

    def answer(self, context: Context) -> Answer:
        """Evaluate it for one person, with an explanation on request."""
        result = self.evaluate(context)
        return Answer(result.value, result.changes_at, partial(self._details, context))

    def evaluate(self, context: Context) -> Ternary:
        """Evaluate it for one person, without an explanation."""
        return self.tree.evaluate(
            self.visible_context(context) if "tags" in self.names else context
        )

    def _details(self, context: Context) -> AnswerDetails:
        return self.tree.details(self.visible_context(context))

    def visible_context(self, context: Context) -> Context:
        """Return the context with the tags that this rule may see."""
        return context.seen_from(self.place) if "tags" in self.names else context


def build_condition(text: str, place: RulePlace, tree: Tree) -> Condition:
    """Return a condition with what its tree uses."""
    every = tuple(tree.comparisons())
    asked = [comparison.asked for comparison in every]
    return Condition(
        text,
        place,
        tree,
        tree.canonical,
        attribute_names(asked),
        attribute_keys(asked, "meta.KEY"),
        order_meta_read(asked),
        attribute_keys(asked, "item.meta.KEY"),
        frozenset(_segments_named(every)),
    )


def _segments_named(every: Iterable[Comparison]) -> Iterator[str]:
    for comparison in every:
        operator = comparison.operator
        if comparison.asked.name != "segments" or not isinstance(operator, Search):
            continue
        if operator.how == "contains":
            yield from (word.value for word in operator.literals if isinstance(word, Text))
