"""A mistake in something an admin wrote, where it stands in that text. Not yet a line of a file."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches


@dataclass(frozen=True, slots=True)
class RuleError:
    """Say what was expected and what stands there instead.

    ``row`` counts the lines of the value from 0, ``column`` the characters of that line from 1
    (0: the line as a whole).
    """

    expected: str
    got: str
    hint: str = ""
    row: int = 0
    column: int = 0


class RuleErrors(Exception):
    """the text has flaws; all of them are in ``flaws``."""

    def __init__(self, *rule_errors: RuleError) -> None:
        super().__init__(
            "; ".join(
                f"expected {rule_error.expected}, got {rule_error.got}"
                for rule_error in rule_errors
            )
        )
        self.rule_errors = rule_errors


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Give ``did you mean …?`` for the nearest known word, or nothing."""
    by_lower = {name.lower(): name for name in known}
    near = get_close_matches(word.lower(), list(by_lower), n=1, cutoff=0.6)
    return f"did you mean {by_lower[near[0]]!r}?" if near else ""
