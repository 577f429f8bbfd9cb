"""Write tables to files that other programs open: CSV for spreadsheets, HTML for browsers."""

from __future__ import annotations

import csv
import html
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from itertools import chain
from pathlib import Path
from typing import TextIO

from wcflow.cli import output
from wcflow.errors import WcflowError

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""A spreadsheet treats a cell that begins with one of these as a formula."""

STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 75rem; padding: 0 1rem; color: #222 }
table { border-collapse: collapse; margin: 0 0 1.5rem }
th, td { border-bottom: 1px solid #ddd; padding: .3rem .8rem .3rem 0; text-align: left; vertical-align: top }
th { border-bottom: 2px solid #888; position: sticky; top: 0; background: #fff }
td.number, th.number { text-align: right }
h2 { margin-top: 2.5rem }
@media print {
  body { font-size: 11px; margin: 0; max-width: none; padding: 0 }
  th { position: static }
  tr { break-inside: avoid }
  h2 { break-after: avoid }
}
"""


@contextmanager
def new_file(path: Path) -> Iterator[TextIO]:
    """Open a file that only its owner can read; it replaces ``path`` once it is complete.

    Raises WcflowError at once if it cannot be written.
    """
    if path.exists() and not path.is_file():
        # A device, such as /dev/stdout; for a directory this fails.
        with _saying_why(path):
            device = path.open("w", encoding="utf-8", newline="")
        with device as file:
            yield file
        return
    part = path.with_name(f".{path.name}.part")
    with _saying_why(path):
        part.unlink(missing_ok=True)
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            yield file
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def _saying_why(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise WcflowError(
            f"cannot write {path}: {(error.strerror or type(error).__name__).lower()}",
            "Name a file in a directory that exists and in which you can write.",
        ) from None


class CsvFile:
    """A CSV file. It begins with a byte order mark, by which Excel recognizes UTF-8."""

    def __init__(self, file: TextIO, columns: Sequence[str]) -> None:
        file.write("\ufeff")
        self._writer = csv.writer(file)
        self._writer.writerow(columns)

    def write(self, rows: Iterable[Sequence[object]]) -> None:
        """Write rows; no text in them can become a formula."""
        self._writer.writerows([csv_cell(each) for each in row] for row in rows)


def csv_cell(value: object) -> object:
    """Return a value for a spreadsheet: numbers as they are, texts that cannot be formulas."""
    if value is None:
        return ""
    if isinstance(value, int | Decimal):
        return value
    text = str(value)
    shown = output.printable(text)
    # Some programs pass over spaces before a formula, and a tab has become one.
    risky = text.startswith(_FORMULA) or shown.lstrip().startswith(_FORMULA)
    return f"'{shown}" if risky else shown


class HtmlFile:
    """A page of headings and tables that needs no other file."""

    def __init__(self, file: TextIO, title: str) -> None:
        self._file = file
        self._write(
            f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
            f'<meta name="viewport" content="width=device-width">\n'
            f"<title>{_escape(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"
            f"<h1>{_escape(title)}</h1>\n"
        )

    def heading(self, text: str, level: int = 2) -> None:
        self._write(f"<h{level}>{_escape(text)}</h{level}>\n")

    def paragraph(self, text: str) -> None:
        self._write(f"<p>{_escape(text)}</p>\n")

    def table(self, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        """Write a table; numbers are aligned right."""
        rest = iter(rows)
        first = next(rest, ())
        head = "".join(map(_html_heading, columns, first or columns))
        self._write(f"<table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n")
        for row in chain([first] if first else [], rest):
            self._write(f"<tr>{''.join(map(_html_cell, row))}</tr>\n")
        self._write("</tbody>\n</table>\n")

    def close(self) -> None:
        self._write("</body>\n</html>\n")

    def _write(self, text: str) -> None:
        self._file.write(text)


def _escape(value: object) -> str:
    return html.escape(output.printable(value))


def _html_heading(column: str, below: object) -> str:
    number = ' class="number"' if isinstance(below, int | Decimal) else ""
    return f'<th scope="col"{number}>{_escape(column)}</th>'


def _html_cell(value: object) -> str:
    if isinstance(value, int | Decimal):
        return f'<td class="number">{value:,}</td>'
    return f"<td>{_escape('' if value is None else value)}</td>"
