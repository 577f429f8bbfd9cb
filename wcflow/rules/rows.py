"""Which rows of a condition belong together: those joined by brackets, ``and`` or ``or``.

Every other row stands for itself, so that a mistake in one does not hide those in the next.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_TEXT = re.compile(r"'[^'\n]*'|\"[^\"\n]*\"")
_GOES_ON = re.compile(r"(?<![\w.])(and|or|not)\s*$", re.IGNORECASE)
_IS_CONTINUED_BY = re.compile(r"\s*(and|or)(?![\w.])", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Row:
    """Rows that belong together; ``first`` is the number of the first of them, from 0."""

    first: int
    text: str


def rows_of(text: str) -> Iterator[Row]:
    """Give the rows of a condition, without the empty ones."""
    lines = text.split("\n")
    # Lengths stay the same, so that no quoted bracket or word counts and every column stands.
    bare = [_TEXT.sub(lambda found: "'" + "x" * (len(found[0]) - 2) + "'", line) for line in lines]
    first = 0
    while first < len(lines):
        after = _end(bare, first)
        if bare[first].strip():
            yield Row(first, "\n".join(lines[first:after]))
        first = after


def _end(bare: list[str], first: int) -> int:
    """Give the number of the row after those that belong to the first."""
    after, depth = first + 1, _depth(bare[first])
    last = bare[first]
    while after < len(bare) and bare[first].strip():
        line = bare[after]
        if line.strip() and not (
            depth > 0 or _GOES_ON.search(last) or _IS_CONTINUED_BY.match(line)
        ):
            break
        depth += _depth(line)
        last = line if line.strip() else last
        after += 1
    # A bracket that is never closed does not draw all the rest into its row.
    return first + 1 if depth > 0 else after


def _depth(line: str) -> int:
    return line.count("(") - line.count(")")
