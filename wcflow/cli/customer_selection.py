"""Which customers a command for many is about: those of a filter, or those named in a file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import astuple
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from sqlalchemy import Connection

from wcflow.cli import output
from wcflow.cli.context import DatabaseSession
from wcflow.cli.customer_filter import FilterOptions, read_filter
from wcflow.config.stores import StoreSettings
from wcflow.database.people_search import find_exactly
from wcflow.errors import UsageError, WcflowError
from wcflow.evaluate.listing import Selection, select_ids

if TYPE_CHECKING:
    # Only the name of a type: most commands here start without the client of the store.
    from wcflow.cli.session import Session

FromFile = Annotated[
    Path | None,
    typer.Option(
        "--from",
        metavar="FILE",
        help="The customers in this file: one e-mail address or customer id on each line.",
        show_default=False,
    ),
]
Everyone = Annotated[bool, typer.Option("--all", help="All customers of the store.")]


def check_selection(options: FilterOptions, from_file: Path | None, *, everyone: bool) -> None:
    """Raise UsageError if it is not said who is selected, or in several ways."""
    ways = [options != FilterOptions(), from_file is not None, everyone]
    if not any(ways):
        advice = "Use the options of 'customer list', --from FILE, or --all for all of them."
        raise UsageError("no customers are selected", advice)
    if sum(ways) > 1:
        raise UsageError("use a filter, --from or --all, and not several of them", "")


def select_customers(
    tx: Connection,
    session: DatabaseSession | Session,
    settings: StoreSettings,
    options: FilterOptions,
    from_file: Path | None,
) -> list[int]:
    """Return the selected people; names each line of the file that fits no customer."""
    if from_file is not None:
        return _in_file(tx, settings.name, from_file)
    found = read_filter(tx, session, settings.name, options)
    (context,) = found.contexts
    selection = Selection(found.people, found.where)
    return [person for part in select_ids(tx, context, selection) for person in part]


def selection_words(options: FilterOptions, from_file: Path | None) -> list[str]:
    """Return what tells this selection from others."""
    text = read_text(from_file) if from_file else ""
    return [*(str(each) for each in astuple(options)), text]


def _in_file(tx: Connection, store: str, path: Path) -> list[int]:
    names = dict(read_names(path))
    found = find_exactly(tx, store, names.values())
    for number, name in names.items():
        if name not in found:
            output.print_line(f"line {number}: there is no customer {name}", "yellow")
    return [*dict.fromkeys(found[name] for name in names.values() if name in found)]


def read_names(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the number and the text of each line that is not empty; raises WcflowError."""
    for number, line in enumerate(read_text(path).splitlines(), start=1):
        name = line.strip().strip('",;').strip()
        if name and not name.startswith("#"):
            yield number, name


def read_text(path: Path) -> str:
    """Return the text of a file that a spreadsheet or an editor wrote; raises WcflowError."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise WcflowError(f"cannot read {path}: {error.strerror}", "") from error
    encodings = ("utf-16",) if data[:2] in (b"\xff\xfe", b"\xfe\xff") else ("utf-8-sig", "cp1252")
    for encoding in encodings:
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise WcflowError(f"{path} is not a text file", "Save it as CSV with UTF-8.")
