"""Intervals of numbers and dates, to see whether comparisons contradict each other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import NamedTuple

from wcflow.rules.literals import Day, Literal, Number, RelativeDay, RelativeInstant
from wcflow.rules.operators import Between, Compare, OneOf, Operator
from wcflow.units import Duration

_OPPOSITE = {"=": "<>", "<>": "=", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}


class Bound(NamedTuple):
    """A comparison with a number: ``axis`` tells numbers, fixed days and relative days apart.

    ``low`` and ``high`` are the same, except where the length of a month or year is not known.
    """

    axis: str
    sign: str
    low: Decimal
    high: Decimal


def bounds_of(operator: Operator, *, true: bool) -> Iterator[Bound]:
    """Return what an operator demands of a number; nothing if it is not one interval."""
    match operator:
        case Compare(verb, literal):
            yield from _bound(verb if true else _OPPOSITE[verb], literal)
        case Between(low, high) if true:
            yield from _bound(">=", low)
            yield from _bound("<=", high)
        case OneOf(literals) if not true:
            for literal in literals:
                yield from _bound("<>", literal)
        case OneOf(literals):
            found = [bound for literal in literals for bound in _bound("=", literal)]
            if found and len({each.axis for each in found}) == 1:
                yield min(found, key=lambda each: each.low)._replace(sign=">=")
                yield max(found, key=lambda each: each.high)._replace(sign="<=")


def _bound(sign: str, literal: Literal) -> Iterator[Bound]:
    match literal:
        case Number(value):
            yield Bound("number", sign, value, value)
        case Day(day):
            place = Decimal((day - date.min).days)
            yield Bound("day", sign, place, place)
        case RelativeDay(by, direction):
            ends = sorted(direction * each for each in _days(by))
            yield Bound("days from today", sign, ends[0], ends[1])
        case RelativeInstant(by, direction):
            seconds = Decimal(direction * by.seconds)
            yield Bound("seconds from now", sign, seconds, seconds)


def _days(by: Duration) -> tuple[Decimal, Decimal]:
    """Return the least and the most days of a duration."""
    shortest, longest = {"d": (1, 1), "w": (7, 7), "mo": (28, 31)}.get(by.unit, (365, 366))
    return Decimal(by.count * shortest), Decimal(by.count * longest)


@dataclass(slots=True)
class Bounds:
    """The interval that remains, on each axis; ``whole`` numbers have no values in between."""

    whole: bool = False
    lowest: int | None = None
    _low: dict[str, tuple[Decimal, bool]] = field(default_factory=dict)
    _high: dict[str, tuple[Decimal, bool]] = field(default_factory=dict)
    _excluded: set[tuple[str, Decimal]] = field(default_factory=set)

    def __post_init__(self) -> None:
        if self.lowest is not None:
            self._low["number"] = (Decimal(self.lowest), False)

    def add(self, bound: Bound) -> None:
        """Add a demand. Where a bound is uncertain, its wider reading counts."""
        axis, sign, low, high = bound
        if sign in (">", ">=", "="):
            self._raise(axis, low, strict=sign == ">")
        if sign in ("<", "<=", "="):
            self._lower(axis, high, strict=sign == "<")
        if sign == "<>" and low == high:
            self._excluded.add((axis, low))

    def _raise(self, axis: str, value: Decimal, *, strict: bool) -> None:
        if self.whole:
            whole = value.to_integral_value(ROUND_CEILING)
            value, strict = whole + (1 if strict and whole == value else 0), False
        self._low[axis] = max(self._low.get(axis, (value, strict)), (value, strict))

    def _lower(self, axis: str, value: Decimal, *, strict: bool) -> None:
        if self.whole:
            whole = value.to_integral_value(ROUND_FLOOR)
            value, strict = whole - (1 if strict and whole == value else 0), False
        current = self._high.get(axis, (value, strict))
        self._high[axis] = min(current, (value, strict), key=lambda each: (each[0], not each[1]))

    @property
    def possible(self) -> bool:
        """Return whether any value remains."""
        return not any(self._is_empty(axis) for axis in self._low.keys() & self._high.keys())

    def _is_empty(self, axis: str) -> bool:
        (low, above), (high, below) = self._low[axis], self._high[axis]
        if low > high or (low == high and (above or below)):
            return True
        return low == high and (axis, low) in self._excluded
