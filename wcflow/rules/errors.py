"""Mistakes in a rule's text, with their position in that text."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches


@dataclass(frozen=True, slots=True)
class RuleError:
    """One mistake: what was expected and what was found instead.

    Without ``expected``, ``got`` is the whole message: ``unknown attribute 'totl_spent'``.
    ``row`` counts the lines of the value from 0, ``column`` the characters of that line from 1
    (0: the whole line).
    """

    expected: str
    got: str
    hint: str = ""
    row: int = 0
    column: int = 0

    @property
    def message(self) -> str:
        return error_message(self.expected, self.got)


class RuleErrors(Exception):
    """All mistakes of one text, in ``rule_errors``."""

    def __init__(self, *rule_errors: RuleError) -> None:
        super().__init__("; ".join(each.message for each in rule_errors))
        self.rule_errors = rule_errors


def error_message(expected: str, got: str) -> str:
    """Return ``expected a date, got 'foo'``, or ``got`` alone where nothing is expected."""
    return f"expected {expected}, got {got}" if expected else got


def unknown(what: str, name: str, hint: str = "") -> RuleError:
    """Return the error ``unknown trigger 'order_payed'``."""
    return RuleError("", f"unknown {what} {name!r}", hint)


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return ``did you mean …?`` for the most similar known word, or nothing."""
    by_lower = {name.lower(): name for name in known}
    near = get_close_matches(word.lower(), list(by_lower), n=1, cutoff=0.6)
    return f"did you mean {by_lower[near[0]]!r}?" if near else ""
