"""``wcflow customer import``: groups, tags, companies, notes, consent and birthdays from a CSV file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer

from wcflow.cli import output
from wcflow.cli.context import DatabaseSession, edited_by, open_database_session, store_zone
from wcflow.cli.customer_selection import read_text
from wcflow.cli.options import ConfigFile, Reason, StoreName, Yes, confirm, select_store
from wcflow.config.stores import StoreSettings
from wcflow.customers.bulk import count_customers
from wcflow.customers.custom_fields import birthday_field, consent_field
from wcflow.customers.import_lines import ImportLines, read_lines
from wcflow.customers.import_table import TARGETS, Table, match_columns, read_table
from wcflow.customers.imports import Importer, ImportResult
from wcflow.database.stores import load_store_row
from wcflow.errors import SetupError, UsageError
from wcflow.units import local_day

EPILOG = """\b
Exit codes:
    0  done, or declined, even if some lines cannot be imported
    1  FILE cannot be read
    2  FILE has no table, a wrong --map; or no terminal to confirm on
   78  the store was never read
"""
_WORDS = {
    "tags": ("{} tag", "{} tags"),
    "group": ("{} member of a group", "{} members of groups"),
    "company": ("{} member of a company", "{} members of companies"),
    "note": ("{} note", "{} notes"),
    "consent": ("{} consent", "{} consents"),
    "birthday": ("{} birthday", "{} birthdays"),
}


def import_file(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A CSV file with a header.")],
    maps: Annotated[
        list[str] | None,
        typer.Option(
            "--map",
            metavar="COLUMN=TARGET",
            help=f"What a column is for: {', '.join(TARGETS)}; or nothing.",
            show_default=False,
        ),
    ] = None,
    config: ConfigFile = None,
    store: StoreName = None,
    reason: Reason = "",
    yes: Yes = False,
) -> None:
    """Import groups, tags, companies, notes, consent and birthdays.

    Each line is about the customer with its e-mail address or id. Columns with usual names need no
    --map. First shows what would change, and every line that cannot be imported, and asks. Importing
    the same file again changes nothing. 'wcflow customer undo --bulk' takes all of it back. A consent
    that was withdrawn is never set back to yes.
    """
    table = read_table(read_text(file))
    with open_database_session(config) as session:
        settings = select_store(session.config, store)
        columns = _columns(table, settings, maps or [])
        _print_columns(table, columns)
        lines = _read(session, settings, table, columns)
        for number, why in lines.bad.items():
            output.print_line(f"line {number}: {why}", "yellow")
        importer = Importer(session.db, session.config, settings, lines.good)
        by = edited_by(session, reason)
        planned = importer.preview(by)
        _print_told(planned.told)
        skipped = f"; {len(lines.bad):,} cannot be imported" if lines.bad else ""
        output.print_line(
            f"{output.format_count(len(table.lines) + len(table.bad), 'line')}{skipped}."
        )
        if not planned.counts.total():
            output.print_line("Nothing to change.")
            return
        output.print_line(f"To import: {_changes(planned)}.", "bold")
        _print_consequences(planned)
        if not confirm(f"Import them into {settings.name}?", yes=yes):
            output.print_line("Cancelled.")
            return
        result = importer.run(edited_by(session, reason))
        _print_told(each for each in result.told if each not in planned.told)
    output.print_line(
        f"Imported for {count_customers(result.customers)}: {_changes(result)}.", "green"
    )
    if result.id:
        output.print_line(f"'wcflow customer undo --bulk {result.id}' takes all of it back.", "dim")


def _columns(table: Table, settings: StoreSettings, maps: Sequence[str]) -> dict[str, list[int]]:
    """Return the columns of each target; consent and birthday only where the store keeps them."""
    columns = match_columns(table.columns, maps)
    for target, field in (("consent", consent_field), ("birthday", birthday_field)):
        if target in columns:
            try:
                field(settings)
            except UsageError as error:
                if any(each.rpartition("=")[2].strip() == target for each in maps):
                    raise
                output.print_warning(f"the column with the {target} is left out: {error}")
                del columns[target]
    if not columns.keys() - {"email", "id"}:
        advice = f'Use --map "Column = tags". What can be imported: {", ".join(TARGETS[2:])}.'
        raise UsageError("the file has nothing that can be imported", advice)
    return columns


def _print_columns(table: Table, columns: Mapping[str, Sequence[int]]) -> None:
    used = {at: target for target, places in columns.items() for at in places}
    for at, target in sorted(used.items()):
        output.print_line(f"{table.columns[at]} → {target}", indent=2)
    unused = [each for at, each in enumerate(table.columns) if each and at not in used]
    if unused:
        output.print_line(f"Not imported: {', '.join(unused)}.", "dim", indent=2)


def _read(
    session: DatabaseSession,
    settings: StoreSettings,
    table: Table,
    columns: Mapping[str, Sequence[int]],
) -> ImportLines:
    with session.db.reading() as tx:
        if load_store_row(tx, settings.name) is None:
            raise SetupError("the store was never read", "Run 'wcflow plan' first.")
        today = local_day(session.clock(), store_zone(tx, settings.name))
        return read_lines(tx, settings.name, table, columns, settings.birthday_format, today)


def _print_told(told: Iterable[tuple[int, str]]) -> None:
    for number, why in sorted(told):
        output.print_line(f"line {number}: {why}", "yellow")


def _print_consequences(planned: ImportResult) -> None:
    if planned.counts["tags"] or planned.counts["consent"] or planned.counts["birthday"]:
        output.print_line("The next 'wcflow sync' writes them to WooCommerce.")
    if planned.counts["consent"]:
        output.print_line(
            "Workflows with the trigger customer_subscribed or customer_unsubscribed start."
        )


def _changes(result: ImportResult) -> str:
    """Return ``12 tags, 3 notes``."""
    return (
        ", ".join(
            (one if result.counts[target] == 1 else several).format(f"{result.counts[target]:,}")
            for target, (one, several) in _WORDS.items()
            if result.counts[target]
        )
        or "nothing"
    )
