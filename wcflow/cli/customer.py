"""``wcflow customer``: the customers in the local copy; ``list`` selects, sorts and counts them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from sqlalchemy import Connection

from wcflow.cli import describe, output
from wcflow.cli.context import open_database_session
from wcflow.cli.customer_bulk import EPILOG as BULK_EPILOG
from wcflow.cli.customer_bulk import bulk
from wcflow.cli.customer_delete import EPILOG as DELETE_EPILOG
from wcflow.cli.customer_delete import delete, erase_request
from wcflow.cli.customer_duplicates import EPILOG as DUPLICATES_EPILOG
from wcflow.cli.customer_duplicates import duplicates
from wcflow.cli.customer_edit import edit
from wcflow.cli.customer_erasures import erasures
from wcflow.cli.customer_export import EPILOG as EXPORT_EPILOG
from wcflow.cli.customer_export import export
from wcflow.cli.customer_filter import (
    Company,
    FilterOptions,
    Group,
    Search,
    Segment,
    Status,
    StatusOption,
    Tag,
    Where,
    read_filter,
)
from wcflow.cli.customer_import import EPILOG as IMPORT_EPILOG
from wcflow.cli.customer_import import import_file
from wcflow.cli.customer_merge import MERGE_EPILOG, merge, split
from wcflow.cli.customer_show import EPILOG as SHOW_EPILOG
from wcflow.cli.customer_show import show
from wcflow.cli.customer_status import activate, deactivate
from wcflow.cli.customer_undo import undo
from wcflow.cli.files import CsvFile, new_file
from wcflow.cli.help import Typer
from wcflow.cli.options import AsJson, ConfigFile, StoreName
from wcflow.cli.plan_tables import Count
from wcflow.database.people_filter import has_inactive
from wcflow.evaluate.context import EvaluationContext
from wcflow.evaluate.listing import ListedPerson, Selection, list_people
from wcflow.units import local_day, minor_digits

T = TypeVar("T")

SHOWN = 50
EPILOG = """\b
Exit codes:
    0  done, even if no customer matches
    1  FILE cannot be written
    2  no such segment, tag, group or store, or a wrong condition
   78  the store was never read
"""
COLUMNS = ("customer", "status", "orders", "spent", "last order", "segments")
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
    "phone",
    "customer since",
    "status",
)


class Sort(StrEnum):
    """By what a list can be sorted."""

    NAME = "name"
    EMAIL = "email"
    SPENT = "spent"
    ORDERS = "orders"
    LAST_ORDER = "last-order"
    SINCE = "since"


def register(app: typer.Typer) -> None:
    family = Typer(
        no_args_is_help=True,
        help="List, show, edit and merge customers, set their status, and undo edits.",
    )
    family.command("list", epilog=EPILOG)(list_customers)
    family.command("show", epilog=SHOW_EPILOG)(show)
    family.command("edit")(edit)
    family.command("bulk", epilog=BULK_EPILOG)(bulk)
    family.command("import", epilog=IMPORT_EPILOG)(import_file)
    family.command("activate")(activate)
    family.command("deactivate")(deactivate)
    family.command("duplicates", epilog=DUPLICATES_EPILOG)(duplicates)
    family.command("merge", epilog=MERGE_EPILOG)(merge)
    family.command("split")(split)
    family.command("undo")(undo)
    family.command("delete", epilog=DELETE_EPILOG)(delete)
    family.command("erase-request", epilog=DELETE_EPILOG)(erase_request)
    family.command("erasures")(erasures)
    family.command("export", epilog=EXPORT_EPILOG)(export)
    app.add_typer(family, name="customer")


def list_customers(
    search: Search = "",
    segment: Segment = None,
    tag: Tag = None,
    group: Group = None,
    company: Company = None,
    status: StatusOption = None,
    where: Where = None,
    sort: Annotated[
        Sort | None,
        typer.Option(
            "--sort",
            help="Sort by this. [default: customers by number, then guests by address]",
            show_default=False,
        ),
    ] = None,
    descending: Annotated[
        bool, typer.Option("--desc", help="The highest, latest or last first.")
    ] = False,
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
    offset: Annotated[
        int, typer.Option("--offset", metavar="N", min=0, help="Leave out the first N customers.")
    ] = 0,
    config: ConfigFile = None,
    store: StoreName = None,
    as_json: AsJson = False,
) -> None:
    """List customers with their figures and segments.

    Reads the local copy; the store is not contacted. Figures, segments and tags are those of the
    last evaluation. The condition of --where is written as in the INI file, and is evaluated now.
    Several options select the customers who match all of them. A search ignores case and accents.
    The tags are in the output of --csv and --json.
    """
    whole = as_json or csv_file is not None
    options = FilterOptions(search, segment, tag, group, company, status, where)
    with open_database_session(config) as session, session.db.reading() as tx:
        found = read_filter(tx, session, store, options)
        selection = Selection(
            found.people,
            found.where,
            sort.value if sort else "",
            descending,
            limit if limit or whole else SHOWN,
            offset,
        )
        listings = [_Listing(tx, each, replace(selection)) for each in found.contexts]
        if csv_file is not None:
            _write_csv(listings, csv_file)
        elif as_json:
            output.print_json({each.store: [each.json(one) for one in each] for each in listings})
        else:
            for listing in listings:
                _print_listing(listing)


def status_word(*, inactive: bool) -> str:
    """Return the status of a customer."""
    return Status.INACTIVE if inactive else Status.ACTIVE


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

    @property
    def store(self) -> str:
        return self.context.settings.name

    def __iter__(self) -> Iterator[ListedPerson]:
        return list_people(self.tx, self.context, self.selection)

    def spent(self, person: ListedPerson) -> Decimal:
        """Return what a customer has spent, with the decimals of the store's currency."""
        digits = minor_digits(self.context.store.currency)
        return person.total_spent.quantize(Decimal(1).scaleb(-digits))

    def day(self, at: datetime | None) -> str:
        """Return the day of a time in the store's zone, or nothing."""
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
            "phone": person.phone,
            "customer_since": person.since,
            "status": status_word(inactive=person.inactive),
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
            self.day(person.last_order_at),
            ", ".join(person.segments),
            ", ".join(person.tags),
            person.phone,
            self.day(person.since),
            status_word(inactive=person.inactive),
        )

    def table_row(self, person: ListedPerson) -> tuple[object, ...]:
        return (
            str(person.contact),
            status_word(inactive=person.inactive),
            Count(person.orders_count),
            _Amount(self.spent(person)),
            self.day(person.last_order_at),
            ", ".join(person.segments),
        )


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
    columns: tuple[str, ...] = COLUMNS
    rows = [listing.table_row(person) for person in listing]
    if not has_inactive(listing.tx, listing.store):
        columns, rows = _without_status(COLUMNS), [_without_status(row) for row in rows]
    matched = output.format_count(listing.selection.matched, "customer")
    spent = f"amounts are in {listing.context.store.currency}"
    output.print_line(f"{listing.store}: {matched}; {spent}", "bold")
    if rows:
        output.print_table(columns, rows)
    more = listing.selection.matched - listing.selection.offset - len(rows)
    if more > 0:
        output.print_line(
            f"… and {more:,} more. --limit N shows more, --csv FILE writes all.", "dim"
        )


def _without_status(row: tuple[T, ...]) -> tuple[T, ...]:
    at = COLUMNS.index("status")
    return row[:at] + row[at + 1 :]
