"""Find out whether a condition can ever be true, without any data.

A condition becomes alternatives, each a list of demands on attributes. An alternative is impossible
if two of its demands on one attribute contradict each other. What is not recognised as impossible
counts as possible, so nothing is reported that can happen.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import product
from typing import NamedTuple

from wcflow.rules.attributes.registry import Kind
from wcflow.rules.conditions import Combined, Comparison, Not, Tree
from wcflow.rules.intervals import Bounds, bounds_of
from wcflow.rules.literals import Text, fold
from wcflow.rules.operators import SEARCHES, Compare, IsEmpty, OneOf, Operator, Search

COUNTS = frozenset({"orders_count", "items_count", "refunds_count", "cancelled_count"})
COUNTS |= frozenset({"failed_count"})
_NEVER_NEGATIVE = COUNTS | {"refunded_total", "age", "order_gap", "overdue"}
ALWAYS_KNOWN = COUNTS | {"total_spent", "net_sales", "refunded_total", "is_guest", "is_registered"}
"""Attributes that have a value for everyone: 0 for people without orders."""
PRACTICALLY_NEVER_NEGATIVE = frozenset({"total_spent", "net_sales"})
"""Amounts that are below 0 only for people with orders of a negative total."""

_MOST_ALTERNATIVES = 200


class Demand(NamedTuple):
    """What an alternative demands: that a comparison is ``true`` or not.

    ``loose``: not known is good enough.
    """

    comparison: Comparison
    true: bool
    loose: bool = False


class TooComplicatedError(Exception):
    """There are too many alternatives to examine."""


Alternative = tuple[Demand, ...]


def alternatives(tree: Tree, *, true: bool = True, loose: bool = False) -> list[Alternative]:
    """Return the alternatives in which a condition is true (or false); raises TooComplicatedError."""
    match tree:
        case Not(operand):
            return alternatives(operand, true=not true, loose=loose)
        case Combined(word, parts):
            each = [alternatives(part, true=true, loose=loose) for part in parts]
            return (
                _all_of(each) if (word == "and") is true else [one for some in each for one in some]
            )
        case Comparison():
            return [(Demand(tree, true is not tree.negated, loose),)]


def _all_of(each: Sequence[list[Alternative]]) -> list[Alternative]:
    count = 1
    for some in each:
        count *= len(some)
    if count > _MOST_ALTERNATIVES:
        raise TooComplicatedError
    return [tuple(demand for one in chosen for demand in one) for chosen in product(*each)]


def can_be_true(tree: Tree, *, not_before: Iterable[Tree] = ()) -> bool:
    """Return whether a condition can be true where all conditions before it are false."""
    try:
        first = alternatives(tree)
        others = [alternatives(each, true=False, loose=True) for each in not_before]
        return any(map(_is_possible, _all_of([first, *others])))
    except TooComplicatedError:
        return True


def is_always_true(tree: Tree) -> bool:
    """Return whether a condition is true for everyone, or for practically everyone."""
    try:
        return not any(
            _is_possible(each, strict_amounts=True)
            for each in alternatives(tree, true=False, loose=True)
        )
    except TooComplicatedError:
        return False


def _is_possible(demands: Alternative, *, strict_amounts: bool = False) -> bool:
    by_attribute: dict[str, list[Demand]] = {}
    for each in demands:
        attribute, demand = _normal(each)
        by_attribute.setdefault(attribute, []).append(demand)
    return all(
        _is_possible_for(each, strict_amounts=strict_amounts) for each in by_attribute.values()
    )


def _normal(demand: Demand) -> tuple[str, Demand]:
    """Return the attribute of a demand; ``is_registered`` is the opposite of ``is_guest``."""
    text = demand.comparison.asked.text
    if text == "is_registered" and not isinstance(demand.comparison.operator, IsEmpty):
        return "is_guest", demand._replace(true=not demand.true)
    return text, demand


def _is_possible_for(demands: list[Demand], *, strict_amounts: bool) -> bool:
    asked = demands[0].comparison.asked
    emptiness = {each.true for each in demands if isinstance(each.comparison.operator, IsEmpty)}
    values = [each for each in demands if not isinstance(each.comparison.operator, IsEmpty)]
    always_known = asked.attribute.name in ALWAYS_KNOWN
    known = always_known or any(not each.loose for each in values)
    if len(emptiness) > 1 or (always_known and True in emptiness):
        return False
    if True in emptiness and _needs_value(asked.attribute.kind, values):
        return False
    if not known and False not in emptiness:
        return True
    return _fit(values, asked.attribute.name, asked.attribute.kind, strict_amounts=strict_amounts)


def _needs_value(kind: Kind, values: Iterable[Demand]) -> bool:
    """Return whether something that is empty cannot satisfy a demand."""
    strict = [each for each in values if not each.loose]
    has_empty_values = kind in (Kind.TEXT, Kind.LIST)
    return any(each.true or not has_empty_values for each in strict)


def _fit(values: Sequence[Demand], name: str, kind: Kind, *, strict_amounts: bool) -> bool:
    """Return whether one value can satisfy all demands."""
    by_text: dict[str, set[bool]] = {}
    for each in values:
        by_text.setdefault(each.comparison.operator.canonical, set()).add(each.true)
    if any(len(wanted) > 1 for wanted in by_text.values()):
        return False
    if kind is Kind.TEXT:
        return _texts_fit(values)
    bounds = Bounds(
        whole=name in COUNTS,
        lowest=_lowest(name, strict_amounts=strict_amounts),
    )
    for each in values:
        for demanded in bounds_of(each.comparison.operator, true=each.true):
            bounds.add(demanded)
    return bounds.possible


def _lowest(name: str, *, strict_amounts: bool) -> int | None:
    never = name in _NEVER_NEGATIVE or (strict_amounts and name in PRACTICALLY_NEVER_NEGATIVE)
    return 0 if never else None


def _texts_fit(values: Sequence[Demand]) -> bool:
    allowed = [set(_texts(each)) for each in values if each.true and _texts(each)]
    if not allowed:
        return True
    return any(
        all(_accepts(each, candidate) for each in values)
        for candidate in set.intersection(*allowed)
    )


def _texts(demand: Demand) -> list[str]:
    """Return the texts that a comparison for equality names, if it names nothing but texts.

    Meta such as '5' equals the number 5 as well.
    """
    operator = demand.comparison.operator
    named = _texts_in(operator)
    if len(named) < len(operator.literals):
        return []
    is_equality = isinstance(operator, Compare) and operator.verb == "="
    return (
        [fold(each.value) for each in named] if is_equality or isinstance(operator, OneOf) else []
    )


def _accepts(demand: Demand, text: str) -> bool:
    operator = demand.comparison.operator
    if named := _texts(demand):
        return (text in named) is demand.true
    if isinstance(operator, Compare) and operator.verb == "<>":
        return any(text != fold(each.value) for each in _texts_in(operator)) is demand.true
    if isinstance(operator, Search):
        found = (SEARCHES[operator.how](text, each.text) for each in operator.literals)
        return (all(found) if operator.which == "all" else any(found)) is demand.true
    return True


def _texts_in(operator: Operator) -> list[Text]:
    return [each for each in operator.literals if isinstance(each, Text)]


def comparisons_alone(tree: Tree) -> Iterator[tuple[Comparison, bool]]:
    """Return each comparison that can never be true by itself (False), or always is (True)."""
    for comparison in tree.comparisons():
        if not can_be_true(comparison):
            yield comparison, False
        elif is_always_true(comparison):
            yield comparison, True
