"""Print text: tables on a terminal, plain aligned text in a pipe, JSON for scripts.

Nothing is cut off in a pipe. Text from the store is printed without control characters, and never as
markup. Terminal output is in terminal.py, which is loaded only for a terminal.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta, tzinfo
from decimal import Decimal
from functools import cache
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any, Literal, TextIO

import msgspec
from rich.cells import cell_len

from wcflow.redact import printable_text, redact_keys

_UNITS = {"days": 86400, "h": 3600, "min": 60, "s": 1}

Style = Literal["", "bold", "dim", "green", "yellow", "red", "cyan"]


def printable(text: object, *, lines: bool = False) -> str:
    """Return text without control characters, on one line unless ``lines``."""
    return printable_text(text, lines=lines)


@cache
def program_name() -> str:
    """Return how the admin has to call wcflow: its name, or its path if it is not on the PATH."""
    called = Path(sys.argv[0])
    if called.name != "wcflow" or not called.is_file():
        return "wcflow"
    found = shutil.which("wcflow")
    return "wcflow" if found and called.samefile(found) else shlex.quote(sys.argv[0])


_COMMAND = re.compile(r"(?:(?<=')|(?<=Run: ))wcflow (?=[a-z-]+)")


def with_program_name(text: str) -> str:
    """Return a text with the commands in it as the admin has to type them: ``'wcflow plan'``."""
    name = program_name()
    return text if name == "wcflow" else _COMMAND.sub(lambda _: f"{name} ", text)


def is_terminal(stream: TextIO | None = None) -> bool:
    """Return whether ``stream`` (by default stdout) is a terminal."""
    return (stream or sys.stdout).isatty() and os.environ.get("TERM") != "dumb"


def print_line(text: object = "", style: Style = "", indent: int = 0, hang: int = 0) -> None:
    """Print a line; on a terminal a long one is wrapped, with ``hang`` before its continuation."""
    shown = with_program_name(printable(text))
    if not is_terminal():
        _print_plain(shown, indent)
        return
    _terminal_module().line(shown, style, indent, hang)


def print_command(command: str, meaning: str = "", indent: int = 2) -> None:
    """Print a command to copy, and on the next line what it does."""
    shown = printable(command)
    if shown.startswith("wcflow "):
        shown = program_name() + shown.removeprefix("wcflow")
    if is_terminal():
        _terminal_module().command(shown, "bold", indent)
    else:
        _print_plain(shown, indent)
    if meaning:
        print_line(meaning, indent=indent + 4)


def print_heading(text: str) -> None:
    """Print a heading, with an empty line before it."""
    print_line()
    print_line(text, "bold")


def print_error(message: str, advice: str = "") -> None:
    """Print on stderr what went wrong and what to do."""
    first, *rest = with_program_name(redact_keys(printable(message, lines=True))).split("\n")
    _terminal_module().print_stderr("wcflow: ", first, "bold red")
    for line in rest:
        _terminal_module().print_stderr("", line)
    _print_advice(advice)


def _print_advice(advice: str) -> None:
    if advice:
        shown = with_program_name(redact_keys(printable(as_sentence(advice))))
        _terminal_module().print_stderr("  What to do: ", shown, "bold")


def as_sentence(advice: str) -> str:
    """Return advice as it is printed: with a capital and a full stop.

    A command to copy, after "Run: ", stays as it is typed.
    """
    sentence = advice[:1].upper() + advice[1:]
    complete = sentence.startswith("Run: ") or sentence.endswith((".", "!", "?"))
    return sentence if complete else f"{sentence}."


def print_warning(message: str, advice: str = "") -> None:
    """Print a warning on stderr, and what to do."""
    shown = with_program_name(redact_keys(printable(message, lines=True)))
    _terminal_module().print_stderr("warning: ", shown, "yellow")
    _print_advice(advice)


def print_table(
    columns: Sequence[str],
    rows: Iterable[Sequence[object]],
    indent: int = 0,
    *,
    header: bool = True,
) -> None:
    """Print rows as a table; numbers are aligned right."""
    cells = [
        [cell if isinstance(cell, int | Decimal) else printable(cell) for cell in row]
        for row in rows
    ]
    if is_terminal():
        right = [_is_numeric(cells, at) for at in range(len(columns))]
        _terminal_module().table(columns, cells, right, indent, header=header)
    else:
        lines = format_table(columns, cells)
        _print_plain("\n".join(lines if header else lines[1:]), indent)


def format_table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> list[str]:
    """Return a table as lines of text, with two spaces between columns, uncut."""
    texts = [list(columns), *([str(cell).replace("\n", " ") for cell in row] for row in rows)]
    widths = [max(cell_len(row[at]) for row in texts) for at in range(len(columns))]
    right = [_is_numeric(rows, at) for at in range(len(columns))]
    return ["  ".join(map(_pad, row, widths, right)).rstrip() for row in texts]


def _pad(cell: str, width: int, to_right: bool) -> str:
    """Pad a cell to its width on screen, where some characters take two columns."""
    blanks = " " * (width - cell_len(cell))
    return blanks + cell if to_right else cell + blanks


def print_json(value: Any) -> None:
    """Print a value as indented JSON; times are ISO 8601 in UTC."""
    _write(json_text(value))


def json_text(value: Any) -> str:
    """Return a value as lines of JSON; times are ISO 8601 in UTC."""
    text = json.dumps(value, indent=2, ensure_ascii=False, default=_to_jsonable)
    # JSON allows C1 controls and direction marks, which terminals interpret.
    return "".join(map(_escape, text)) + "\n"


def _escape(sign: str) -> str:
    if sign.isprintable() or sign == "\n":
        return sign
    units = sign.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))


def format_time(at: datetime, zone: tzinfo = UTC) -> str:
    """Return a time in the store's zone, to the minute."""
    return at.astimezone(zone).strftime("%Y-%m-%d %H:%M")


def zone_words(zone: tzinfo) -> str:
    """Return the sentence that names the time zone of a screen, without its full stop."""
    return f"times are {zone}"


def format_age(length: timedelta) -> str:
    """Return a length of time in its largest unit: ``3 min``, ``2 h``, ``5 days``."""
    seconds = max(int(length.total_seconds()), 0)
    for unit, least in _UNITS.items():
        if seconds >= least * (2 if unit == "days" else 1):
            return f"{seconds // least} {unit}"
    return "0 s"


def format_count(count: int, one: str, several: str = "") -> str:
    """Return ``1 note``, ``2,500 notes``."""
    return f"{count:,} {one if count == 1 else several or one + 's'}"


def _to_jsonable(value: object) -> object:
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    if isinstance(value, date | Decimal | Path):
        return str(value)
    if isinstance(value, frozenset | set):
        return sorted(value)
    if isinstance(value, msgspec.Struct):
        return msgspec.structs.asdict(value)
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} has no JSON")


def _terminal_module() -> ModuleType:
    return import_module("wcflow.cli.terminal")


def _is_numeric(rows: Sequence[Sequence[object]], at: int) -> bool:
    return bool(rows) and all(isinstance(row[at], int | Decimal) for row in rows)


def _print_plain(text: str, indent: int = 0) -> None:
    _write("".join(f"{' ' * indent}{line}".rstrip() + "\n" for line in text.split("\n")))


def _write(text: str) -> None:
    sys.stdout.write(text)
