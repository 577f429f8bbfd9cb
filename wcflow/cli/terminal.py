"""Output on a terminal, and everything on stderr: wrapped lines, colours, tables.

Text is cleaned in output.py, and never interpreted as markup.
"""

from __future__ import annotations

import sys
from collections.abc import Collection, Sequence
from typing import Any, Literal, TextIO

from rich.box import SIMPLE_HEAD
from rich.cells import cell_len
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

_SHORT_CELL = 18
"""Columns up to this width are never wrapped: ids, states, times."""

_NARROW = 8
"""The width below which wrapped columns are hard to read."""

_CONTINUED, _CONTINUATION_INDENT = " \\", "    "


def line(text: str, style: str, indent: int, hang: int) -> None:
    """Print a line, wrapped and indented; continuation lines are indented by ``hang`` more."""
    _print_wrapped(_console(sys.stdout), Text(text, style=style), indent, hang)


def print_stderr(label: str, text: str, style: str = "") -> None:
    """Print a line on stderr, with a styled label. A command to copy is never wrapped."""
    console, shown = _console(sys.stderr), Text.assemble((label, style), text)
    if console.is_terminal and not text.startswith("Run: "):
        _print_wrapped(console, shown, 0, 4)
    else:
        console.print(shown, soft_wrap=True)


def command(text: str, style: str, indent: int) -> None:
    """Print a command; a long one continues after a backslash, so that it can be copied."""
    console = _console(sys.stdout)
    lines, width = [""], console.width - indent - len(_CONTINUED)
    for word in text.split(" "):
        if lines[-1] and cell_len(lines[-1]) + 1 + cell_len(word) > width:
            lines.append(_CONTINUATION_INDENT + word)
        else:
            lines[-1] += f" {word}" if lines[-1] else word
    for part in (*(f"{each}{_CONTINUED}" for each in lines[:-1]), lines[-1]):
        console.print(Text(" " * indent + part, style=style), soft_wrap=True)


def _print_wrapped(console: Console, text: Text, indent: int, hang: int) -> None:
    width = max(console.width - indent, hang + 1)
    first = text.wrap(console, width)[0]
    rest = text[len(first) :]
    _print_indented(console, first, indent)
    if rest.plain.strip():
        rest.plain = rest.plain.lstrip()
        for part in rest.wrap(console, width - hang):
            _print_indented(console, part, indent + hang)


def _print_indented(console: Console, text: Text, indent: int) -> None:
    text.rstrip()
    console.print(Text(" " * indent) + text, soft_wrap=True)


def table(
    columns: Sequence[str],
    rows: Sequence[Sequence[object]],
    to_right: Sequence[bool],
    indent: int,
    *,
    header: bool,
) -> None:
    """Print rows as a table; columns that are too wide are wrapped."""
    made = Table(
        box=SIMPLE_HEAD if header else None,
        pad_edge=False,
        show_edge=False,
        show_header=header,
        header_style="bold",
    )
    console = _console(sys.stdout)
    heads = [cell_len(column) if header else 0 for column in columns]
    widths = [
        max([head, *(cell_len(str(row[at])) for row in rows)]) for at, head in enumerate(heads)
    ]
    whole = _whole_columns(widths, console.width - indent)
    for at, column in enumerate(columns):
        justify: Literal["left", "right"] = "right" if to_right[at] else "left"
        made.add_column(column, justify=justify, overflow="fold", no_wrap=at in whole)
    for row in rows:
        made.add_row(*(Text(str(cell)) for cell in row))
    console.print(_indented(made, indent))


def _whole_columns(widths: Sequence[int], width: int) -> set[int]:
    """Return the columns that are not wrapped: the short ones, as far as all columns fit.

    A column that may not be wrapped would be cut off.
    """
    whole = {at for at, each in enumerate(widths) if each <= _SHORT_CELL}
    while whole and _least_width(widths, whole) > width:
        whole.remove(max(whole, key=lambda at: (widths[at], at)))
    return whole


def _least_width(widths: Sequence[int], whole: Collection[int]) -> int:
    """Return how many characters a table takes at least, with three between columns."""
    columns = (each if at in whole else min(each, _NARROW) for at, each in enumerate(widths))
    return sum(columns) + 3 * (len(widths) - 1)


def _console(stream: TextIO) -> Console:
    return Console(file=stream, highlight=False, markup=False, emoji=False)


def _indented(shown: Table, indent: int) -> Any:
    return Padding(shown, (0, 0, 0, indent)) if indent else shown
