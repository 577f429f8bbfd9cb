"""``wcflow customer list``: the customers of a segment, with a tag, or who match a condition."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy import Connection

from wcflow.cli import describe, output
from wcflow.cli.context import DatabaseSession, open_database_session
from wcflow.cli.customer_status import activate, deactivate
from wcflow.cli.customer_undo import undo
from wcflow.cli.files import CsvFile, new_file
from wcflow.cli.help import Typer
from wcflow.cli.options import AsJson, ConfigFile, StoreName
from wcflow.cli.plan_tables import Count
from wcflow.cli.where import check_segment, parse_where
from wcflow.database.people import load_all_tags
from wcflow.database.stores import load_store_row
from wcflow.errors import SetupError, UsageError
from wcflow.evaluate.context import EvaluationContext, read_context
from wcflow.evaluate.listing import ListedPerson, Selection, list_people
from wcflow.rules.errors import did_you_mean
from wcflow.rules.literals import fold
from wcflow.units import local_day, minor_digits

SHOWN = 50
EPILOG = """\b
Exit codes:
    0  done, even if no customer matches
    1  FILE cannot be written
    2  no such segment, tag or store, or a wrong condition
   78  the store was never read
"""
COLUMNS = ("customer", "orders", "spent", "last order", "segments")
CSV_COLUMNS = (
    "store",
    "customer id",
    "name",
    "e-mail",
    "orders_count",
    "total_spent",
    "currency",
    "last_order_date",
    "segments",
    "tags",
)


def register(app: typer.Typer) -> None:
    family = Typer(
        no_args_is_help=True, help="List customers by segment, tag or condition; undo edits."
    )
    family.command("list", epilog=EPILOG)(list_customers)
    family.command("activate")(activate)
    family.command("deactivate")(deactivate)
    family.command("undo")(undo)
    app.add_typer(family, name="customer")


def list_customers(
    segment: Annotated[
        str | None,
        typer.Option(
            "--segment", metavar="NAME", help="Customers in this segment.", show_default=False
        ),
    ] = None,
    tag: Annotated[
        str | None,
        typer.Option("--tag", metavar="TAG", help="Customers with this tag.", show_default=False),
    ] = None,
    where: Annotated[
        str | None,
        typer.Option(
            "--where",
            metavar="CONDITION",
            help='Customers who match, such as "total_spent > 500 and orders_count(90d) = 0".',
            show_default=False,
        ),
    ] = None,
    csv_file: Annotated[
        Path | None,
        typer.Option(
            "--csv",
            metavar="FILE",
            help="Write the customers to a CSV file, for spreadsheets.",
            show_default=False,
        ),
    ] = None,
    limit: Annotated[
        int | None,
        typer.Option(
            "--limit",
            metavar="N",
            min=1,
            help=f"List at most N customers. [default: {SHOWN}; all with --csv or --json]",
            show_default=False,
        ),
    ] = None,
    config: ConfigFile = None,
    store: StoreName = None,
    as_json: AsJson = False,
) -> None:
    """List customers with their figures and segments.

    Reads the local copy as of the last poll; the store is not contacted. Segments and tags are
    those of the last evaluation. The condition of --where is written as in the INI file, and is
    evaluated now. Several options select the customers who match all of them. The tags are in the
    output of --csv and --json.
    """
    whole = as_json or csv_file is not None
    most = limit if limit or whole else SHOWN
    with open_database_session(config) as session, session.db.reading() as tx:
        condition = None if where is None else parse_where(where, session.config)
        name = None if segment is None else check_segment(segment, session.config)
        contexts = _contexts(tx, session, store)
        if tag is not None:
            _check_tag(tx, session, contexts, tag)
        listings = [_Listing(tx, each, Selection(name, tag, condition), most) for each in contexts]
        if csv_file is not None:
            _write_csv(listings, csv_file)
        elif as_json:
            output.print_json({each.store: [each.json(one) for one in each] for each in listings})
        else:
            for listing in listings:
                _print_listing(listing)


class _Amount(Decimal):
    """An amount of money, which is shown with separators: 6,259.05."""

    def __str__(self) -> str:
        return f"{Decimal(self):,f}"


@dataclass(frozen=True, slots=True)
class _Listing:
    """The customers of one store, read while they are listed."""

    tx: Connection
    context: EvaluationContext
    selection: Selection
    most: int | None

    @property
    def store(self) -> str:
        return self.context.settings.name

    def __iter__(self) -> Iterator[ListedPerson]:
        return list_people(self.tx, self.context, self.selection, self.most)

    def spent(self, person: ListedPerson) -> Decimal:
        """Return what a customer has spent, with the decimals of the store's currency."""
        digits = minor_digits(self.context.store.currency)
        return person.total_spent.quantize(Decimal(1).scaleb(-digits))

    def last_day(self, person: ListedPerson) -> str:
        """Return the day of a customer's last paid order, or nothing."""
        at = person.last_order_at
        return local_day(at, self.context.store.zone).isoformat() if at else ""

    def json(self, person: ListedPerson) -> dict[str, object]:
        return {
            "customer": describe.customer_json(person.contact),
            "orders_count": person.orders_count,
            "total_spent": self.spent(person),
            "currency": self.context.store.currency,
            "last_order_at": person.last_order_at,
            "segments": person.segments,
            "tags": person.tags,
        }

    def csv_row(self, person: ListedPerson) -> tuple[object, ...]:
        return (
            self.store,
            person.contact.customer_id or None,
            person.contact.name,
            person.contact.email,
            person.orders_count,
            self.spent(person),
            self.context.store.currency,
            self.last_day(person),
            ", ".join(person.segments),
            ", ".join(person.tags),
        )

    def table_row(self, person: ListedPerson) -> tuple[object, ...]:
        return (
            str(person.contact),
            Count(person.orders_count),
            _Amount(self.spent(person)),
            self.last_day(person),
            ", ".join(person.segments),
        )


def _contexts(
    tx: Connection, session: DatabaseSession, store: str | None
) -> list[EvaluationContext]:
    """Return the stores that were read; raises SetupError if there is none."""
    found = [
        read_context(tx, session.config, settings, session.clock())
        for settings in session.stores(store)
        if load_store_row(tx, settings.name)
    ]
    if not found:
        raise SetupError("the store was never read", "Run 'wcflow plan' first.")
    return found


def _check_tag(
    tx: Connection, session: DatabaseSession, contexts: list[EvaluationContext], tag: str
) -> None:
    """Raise UsageError if no one has the tag and no rule has its name."""
    known = set(session.config.rules.static_tags)
    for each in contexts:
        known |= load_all_tags(tx, each.settings.name)
    if fold(tag) not in map(fold, known):
        hint = did_you_mean(tag, sorted(known)) or "'wcflow plan' and 'wcflow explain' show tags."
        raise UsageError(f"no customer has the tag {tag!r}", hint)


def _write_csv(listings: list[_Listing], path: Path) -> None:
    count = 0
    with new_file(path) as file:
        table = CsvFile(file, CSV_COLUMNS)
        for listing in listings:
            for person in listing:
                table.write([listing.csv_row(person)])
                count += 1
    output.print_line(f"Wrote {output.format_count(count, 'customer')} to {path}.", "green")


def _print_listing(listing: _Listing) -> None:
    rows = [listing.table_row(person) for person in listing]
    matched = output.format_count(listing.selection.matched, "customer")
    spent = f"amounts are in {listing.context.store.currency}"
    output.print_line(f"{listing.store}: {matched}; {spent}", "bold")
    if rows:
        output.print_table(COLUMNS, rows)
    more = listing.selection.matched - len(rows)
    if more > 0:
        output.print_line(
            f"… and {more:,} more. --limit N shows more, --csv FILE writes all.", "dim"
        )
