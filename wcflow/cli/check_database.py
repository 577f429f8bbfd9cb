"""``wcflow check-database``: whether the mirror is sound, and what to do where it is not. Only looks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime

import typer
from sqlalchemy import Connection, func, select
from sqlmodel import SQLModel

from wcflow.cli import output
from wcflow.cli.context import must_exist
from wcflow.cli.options import AsJson, ConfigFile, interruptible, read_config, utcnow
from wcflow.config.load import Config
from wcflow.config.stores import StoreSettings
from wcflow.database import schema
from wcflow.database.connection import Database, open_as_it_is
from wcflow.database.contradictions import Told, against, in_store, strays
from wcflow.database.integrity import Unsound, of_file, of_structure
from wcflow.database.sql import table_of
from wcflow.database.sqlite_files import exposed
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
    0  the database is sound
    1  something in it is not: what, and what to do, is told
   75  the database is locked, or cannot be reached
   78  there is no database yet, or it was made by a newer wcflow
"""

_COUNTED: Mapping[str, type[SQLModel]] = {
    "orders": OrderRow,
    "customers": CustomerRow,
    "products": ProductRow,
    "people": PersonRow,
    "runs": RunRow,
    "effects": OutboxRow,
    "put aside": QuarantineRow,
}


@dataclass(slots=True)
class Report:
    """What an examination came to. ``counts`` are rows by store and what they are."""

    database: str
    revision: str
    unsound: list[Unsound]
    counts: dict[str, dict[str, int]]
    remarks: list[tuple[str, str]]


def register(app: typer.Typer) -> None:
    app.command("check-database", epilog=EPILOG)(check_database)


def check_database(config: ConfigFile = None, as_json: AsJson = False) -> None:
    """Look whether the database is sound.

    Reads all of it and changes nothing: the file and its indexes, the tables, and rows that cannot
    be read, cannot be true or contradict each other. Says what is wrong, how often, and what to
    do. Takes about a minute for a million orders; wcflow may go on working meanwhile.
    """
    found = read_config(config)
    must_exist(found.database)
    with interruptible(), open_as_it_is(found.database) as db:
        report = examined(db, found, utcnow())
    if as_json:
        output.as_json(_as_data(report))
    else:
        _print(report)
    raise typer.Exit(SOME_FAILED if report.unsound else DONE)


def examined(db: Database, config: Config, now: datetime) -> Report:
    """Examine a database as one state of it, whatever is written meanwhile."""
    wide = exposed(config.database)
    report = Report(db.place, "", [], {}, [wide] if wide else [])
    try:
        with db.reading() as tx:
            report.revision = schema.version_of(tx) or ""
            schema.check(report.revision or None, db.place)
            report.unsound += _built(tx, report)
            if not report.unsound and report.revision == schema.HEAD:
                report.counts = {name: _counts(tx, name) for name in _stores(tx)}
                report.unsound += _rows(tx, config, list(report.counts), now)
    except SetupError as error:
        if db.dialect != "sqlite" or "is damaged" not in str(error):
            raise
        report.unsound.append(Unsound("file", str(error), error.advice))
    return report


def _built(tx: Connection, report: Report) -> Iterator[Unsound]:
    damage = list(of_file(tx))
    yield from damage
    if report.revision == schema.HEAD:
        yield from () if damage else of_structure(tx)
    elif report.revision:
        said = f"it has revision {report.revision}, and {schema.HEAD} is the present one"
        report.remarks.append((said, "it is upgraded by the next command; rows were not looked at"))
    else:
        report.remarks.append(("it holds nothing yet", "'wcflow plan' reads the shop"))


def _rows(tx: Connection, config: Config, stores: list[str], now: datetime) -> Iterator[Unsound]:
    told = {settings.name: _told(config, settings) for settings in config.stores}
    for name in stores:
        found = list(in_store(tx, name, now))
        yield from found
        # Of rows that cannot be read nothing more can be asked.
        if name in told and not any(each.name == "rows" for each in found):
            yield from against(tx, told[name])
    yield from strays(tx)


def _told(config: Config, settings: StoreSettings) -> Told:
    groups = {segment.name: segment.group for segment in config.rules.segments}
    digest = config.rules.digest
    return Told(settings.name, settings.shared_emails, settings.guests, groups, digest)


def _stores(tx: Connection) -> list[str]:
    return sorted(tx.scalars(select(table_of(StoreRow).c.name)))


def _counts(tx: Connection, store: str) -> dict[str, int]:
    counts = {}
    for name, model in _COUNTED.items():
        table = table_of(model)
        counts[name] = tx.scalar(select(func.count()).where(table.c.store == store)) or 0
    return counts


def _as_data(report: Report) -> Mapping[str, object]:
    return {
        "database": report.database,
        "revision": report.revision,
        "sound": not report.unsound,
        "unsound": [asdict(each) for each in report.unsound],
        "stores": report.counts,
        "remarks": [{"said": said, "advice": advice} for said, advice in report.remarks],
    }


def _print(report: Report) -> None:
    output.say(f"{report.database}: revision {report.revision or 'none'}", "bold")
    for store, counts in report.counts.items():
        told = ", ".join(f"{count:,} {name}" for name, count in counts.items())
        output.say(f"{store}: {told}", indent=2)
    for said, advice in report.remarks:
        output.say(f"warn {said}", "yellow", indent=2)
        output.say(f"what to do: {advice}", indent=7)
    for each in report.unsound:
        output.say(f"bad  {_sentence(each)}", "red", indent=2)
        output.say(f"what to do: {each.advice}", indent=7)
    output.say()
    if report.unsound:
        count = len(report.unsound)
        output.say(
            f"The database is not sound: {output.counted(count, 'thing')} to look at.", "red"
        )
    else:
        output.say("The database is sound.", "green")


def _sentence(each: Unsound) -> str:
    where = f"[store {each.store}] " if each.store else ""
    often = f" ({each.count:,}: {', '.join(each.examples)}" if each.examples else ""
    more = ", …)" if each.count > len(each.examples) else ")"
    return f"{where}{each.said}{often}{more if often else ''}"
