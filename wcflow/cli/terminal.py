"""Output on a terminal, and everything on stderr: wrapped lines, colours, tables.

Text is cleaned in output.py, and never interpreted as markup.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any, TextIO

from rich.box import SIMPLE_HEAD
from rich.cells import cell_len
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

_SHORT_CELL = 18
"""Columns up to this width are never wrapped: ids, states, times."""


def line(text: str, style: str, indent: int) -> None:
    """Print a line, wrapped and indented."""
    _console(sys.stdout).print(_indented(Text(text, style=style), indent), soft_wrap=False)


def print_stderr(label: str, text: str, style: str = "") -> None:
    """Print a line on stderr, with a styled label."""
    _console(sys.stderr).print(Text.assemble((label, style), text), soft_wrap=True)


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
    for at, column in enumerate(columns):
        widest = max((cell_len(str(row[at])) for row in rows), default=0)
        made.add_column(
            column,
            justify="right" if to_right[at] else "left",
            overflow="fold",
            no_wrap=widest <= _SHORT_CELL,
        )
    for row in rows:
        made.add_row(*(Text(str(cell)) for cell in row))
    _console(sys.stdout).print(_indented(made, indent))


def _console(stream: TextIO) -> Console:
    return Console(file=stream, highlight=False, markup=False, emoji=False)


def _indented(shown: Text | Table, indent: int) -> Any:
    return Padding(shown, (0, 0, 0, indent)) if indent else shown
