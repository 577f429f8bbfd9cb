"""Write a condition as an admin would type it, and explain its durations.

Parsing the text gives the same condition. The canonical form is not shown: databases contain digests
of it, so it keeps its wording.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from wcflow.rules.attributes.registry import AttributeQuery
from wcflow.rules.conditions import Combined, Comparison, Condition, Not, Tree
from wcflow.rules.literals import RelativeDay, RelativeInstant
from wcflow.rules.operators import IsEmpty
from wcflow.units import Duration, duration_words


def condition_text(condition: Condition) -> str:
    """Return a condition on one line: ``orders_count >= 2 and company is not empty``."""
    return _tree_text(condition.tree)


def _tree_text(tree: Tree) -> str:
    match tree:
        case Not(operand):
            return f"not {_part_text(operand)}"
        case Combined(word, parts):
            return f" {word} ".join(map(_part_text, parts))
        case Comparison():
            return comparison_text(tree)


def _part_text(tree: Tree) -> str:
    text = _tree_text(tree)
    return f"({text})" if isinstance(tree, Combined) else text


def comparison_text(comparison: Comparison) -> str:
    """Return one comparison: ``city not in ('a')``."""
    attribute, operator = comparison.asked.text, comparison.operator
    if not comparison.negated:
        return f"{attribute} {operator.canonical}".rstrip()
    if isinstance(operator, IsEmpty):
        return f"{attribute} {operator.opposite}"
    return f"{attribute} not {operator.canonical}"


def explain_condition(condition: Condition) -> list[tuple[str, str]]:
    """Return every relative date and window of a condition, once each, with its meaning."""
    comparisons = list(condition.tree.comparisons())
    found = dict(explain_windows(each.asked for each in comparisons))
    for comparison in comparisons:
        for literal in comparison.operator.literals:
            if isinstance(literal, RelativeDay | RelativeInstant) and literal.by.count:
                found[literal.canonical] = _moment(literal.by, literal.sign)
    return list(found.items())


def explain_windows(attributes: Iterable[AttributeQuery]) -> Iterator[tuple[str, str]]:
    """Return the windows of attributes with their meaning: ``(30d)``."""
    for asked in attributes:
        if asked.window:
            yield f"({asked.window})", f"since {_moment(asked.window, -1)}"


def _moment(length: Duration, sign: int) -> str:
    words = duration_words(length)
    moment = f"{words} ago" if sign < 0 else f"in {words}"
    return f"the day {moment}" if length.in_days else moment
