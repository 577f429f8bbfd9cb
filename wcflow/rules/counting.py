"""Which orders count at all: the store's ``counts_when``, for what statuses cannot say. Pure."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from wcflow.profile import Profile
from wcflow.records import Order
from wcflow.rules.attributes.registry import find_attribute
from wcflow.rules.conditions import Condition
from wcflow.rules.context import RulePlace, new_context
from wcflow.rules.errors import RuleError, RuleErrors
from wcflow.rules.literals import RelativeDay, RelativeInstant
from wcflow.rules.parser import parse_condition

_CIRCULAR = frozenset({"order.nth", "order.is_first"})
"""Attributes that follow from which orders count."""
_NO_TAGS: frozenset[str] = frozenset()
_ANY_TIME = datetime(2000, 1, 1, tzinfo=UTC)


def parse_counts_when(text: str) -> Condition:
    """Parse ``counts_when``: a condition on the order alone. Raises RuleErrors."""
    condition = parse_condition(text, RulePlace(order=True))
    for name in sorted(condition.names):
        found = find_attribute(name)
        if found is None or found[0].place != "order" or name in _CIRCULAR:
            hint = "counts_when looks at one order; wcflow reference attributes lists them"
            raise RuleErrors(RuleError("an attribute of the order", repr(name), hint))
    for comparison in condition.tree.comparisons():
        for literal in comparison.operator.literals:
            if isinstance(literal, RelativeDay | RelativeInstant):
                raise RuleErrors(RuleError("a fixed date", repr(literal.canonical)))
    return condition


def order_filter(condition: Condition | None) -> Callable[[Order, Profile], bool] | None:
    """Return whether an order satisfies the condition, as a function; not known is no."""
    if condition is None:
        return None

    def counts(order: Order, profile: Profile) -> bool:
        # No literal is relative, so any instant gives the same answer.
        return condition.evaluate(new_context(profile, _ANY_TIME, _NO_TAGS, order)).value is True

    return counts
