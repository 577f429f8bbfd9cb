"""``wcflow check-database``: check the database for damage, without changing it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime

import typer
from sqlalchemy import Connection, func, select
from sqlmodel import SQLModel

from wcflow.cli import output
from wcflow.cli.context import require_database
from wcflow.cli.options import AsJson, ConfigFile, interruptible, read_config, utcnow
from wcflow.config.load import Config
from wcflow.config.stores import StoreSettings
from wcflow.database import schema
from wcflow.database.connection import Database, open_without_upgrade
from wcflow.database.consistency import (
    ConfiguredStore,
    find_config_mismatches,
    find_row_problems,
    find_stray_rows,
)
from wcflow.database.integrity import IntegrityProblem, check_file, check_structure
from wcflow.database.sql import table_of
from wcflow.database.sqlite_files import check_permissions
from wcflow.database.tables import (
    CustomerRow,
    OrderRow,
    OutboxRow,
    PersonRow,
    ProductRow,
    QuarantineRow,
    RunRow,
    StoreRow,
)
from wcflow.errors import DONE, SOME_FAILED, SetupError

EPILOG = """\b
Exit codes:
    0  the database is in order
    1  there are problems; each is shown with what to do
   75  the database is locked, or cannot be reached
   78  there is no database yet, or a newer wcflow made it
"""

_COUNTED_TABLES: Mapping[str, type[SQLModel]] = {
    "orders": OrderRow,
    "customers": CustomerRow,
    "products": ProductRow,
    "people": PersonRow,
    "runs": RunRow,
    "changes": OutboxRow,
    "quarantined": QuarantineRow,
}


@dataclass(slots=True)
class DatabaseReport:
    """The result of a check. ``counts`` are rows by store and kind; each warning has its advice."""

    database: str
    revision: str
    problems: list[IntegrityProblem]
    counts: dict[str, dict[str, int]]
    warnings: list[tuple[str, str]]


def register(app: typer.Typer) -> None:
    app.command("check-database", epilog=EPILOG)(check_database)


def check_database(config: ConfigFile = None, as_json: AsJson = False) -> None:
    """Check the database for damage.

    Checks the file and its indexes, the tables, and every record, and changes nothing. Shows what
    is wrong, how often, and what to do. Takes about a minute for a million orders; wcflow can keep
    running.
    """
    found = read_config(config)
    require_database(found.database)
    with interruptible(), open_without_upgrade(found.database) as db:
        report = examine(db, found, utcnow())
    if as_json:
        output.print_json(_to_json(report))
    else:
        _print_report(report)
    raise typer.Exit(SOME_FAILED if report.problems else DONE)


def examine(db: Database, config: Config, now: datetime) -> DatabaseReport:
    """Check a consistent state of the database, whatever is written in the meantime."""
    permission_problem = check_permissions(config.database)
    report = DatabaseReport(
        db.location, "", [], {}, [permission_problem] if permission_problem else []
    )
    try:
        with db.reading() as tx:
            report.revision = schema.load_revision(tx) or ""
            schema.check_revision(report.revision or None, db.location)
            report.problems += _check_structure(tx, report)
            if not report.problems and report.revision == schema.HEAD:
                report.counts = {name: _count_rows(tx, name) for name in _store_names(tx)}
                report.problems += _check_rows(tx, config, list(report.counts), now)
    except SetupError as error:
        if db.dialect != "sqlite" or "is damaged" not in str(error):
            raise
        report.problems.append(IntegrityProblem("file", str(error), error.advice))
    return report


def _check_structure(tx: Connection, report: DatabaseReport) -> Iterator[IntegrityProblem]:
    damage = list(check_file(tx))
    yield from damage
    if report.revision == schema.HEAD:
        yield from () if damage else check_structure(tx)
    elif report.revision:
        message = f"it has revision {report.revision}, and {schema.HEAD} is the present one"
        report.warnings.append((message, "The next command upgrades it. Rows were not checked."))
    else:
        report.warnings.append(("it is empty", "'wcflow plan' imports the store."))


def _check_rows(
    tx: Connection, config: Config, stores: list[str], now: datetime
) -> Iterator[IntegrityProblem]:
    configured = {settings.name: _configured(config, settings) for settings in config.stores}
    for name in stores:
        found = list(find_row_problems(tx, name, now))
        yield from found
        # Rows that cannot be read are not checked any further.
        if name in configured and not any(each.name == "rows" for each in found):
            yield from find_config_mismatches(tx, configured[name])
    yield from find_stray_rows(tx)


def _configured(config: Config, settings: StoreSettings) -> ConfiguredStore:
    groups = {segment.name: segment.group for segment in config.rules.segments}
    digest = config.rules.digest
    return ConfiguredStore(settings.name, settings.shared_emails, settings.guests, groups, digest)


def _store_names(tx: Connection) -> list[str]:
    return sorted(tx.scalars(select(table_of(StoreRow).c.name)))


def _count_rows(tx: Connection, store: str) -> dict[str, int]:
    counts = {}
    for name, model in _COUNTED_TABLES.items():
        table = table_of(model)
        counts[name] = tx.scalar(select(func.count()).where(table.c.store == store)) or 0
    return counts


def _to_json(report: DatabaseReport) -> Mapping[str, object]:
    return {
        "database": report.database,
        "revision": report.revision,
        "healthy": not report.problems,
        "problems": [asdict(each) for each in report.problems],
        "stores": report.counts,
        "warnings": [{"message": message, "advice": advice} for message, advice in report.warnings],
    }


def _print_report(report: DatabaseReport) -> None:
    output.print_line(f"{report.database}: revision {report.revision or 'none'}", "bold")
    for store, counts in report.counts.items():
        counts_text = ", ".join(f"{count:,} {name}" for name, count in counts.items())
        output.print_line(f"{store}: {counts_text}", indent=2, hang=2)
    for message, advice in report.warnings:
        output.print_line(f"{'warning':<9}{message}", "yellow", indent=2, hang=9)
        output.print_line(f"What to do: {output.as_sentence(advice)}", indent=11)
    for each in report.problems:
        output.print_line(f"{'problem':<9}{_problem_line(each)}", "red", indent=2, hang=9)
        output.print_line(f"What to do: {output.as_sentence(each.advice)}", indent=11)
    output.print_line()
    if report.problems:
        count = len(report.problems)
        output.print_line(f"The database has {output.format_count(count, 'problem')}.", "red")
    else:
        output.print_line("The database is in order.", "green")


def _problem_line(each: IntegrityProblem) -> str:
    where = f"[store {each.store}] " if each.store else ""
    often = f" ({each.count:,}: {', '.join(each.examples)}" if each.examples else ""
    more = ", …)" if each.count > len(each.examples) else ")"
    return f"{where}{each.message}{often}{more if often else ''}"
