"""``wcflow customer duplicates``: customers who are likely the same person."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy import Connection

from wcflow.cli import describe, output
from wcflow.cli.context import edited_by, open_database_session
from wcflow.cli.customer_undo import print_outcome
from wcflow.cli.files import CsvFile, new_file
from wcflow.cli.find_customer import find_customer
from wcflow.cli.options import AsJson, ConfigFile, Reason, StoreName
from wcflow.customers import duplicates as operations
from wcflow.database.contacts import Contact, load_contacts
from wcflow.database.people import load_orders_counts
from wcflow.database.stores import load_store_row
from wcflow.errors import SetupError
from wcflow.rules.duplicates import LEAST_SCORE, Duplicate

SHOWN = 50
CSV_COLUMNS = (
    "store",
    "score",
    "reasons",
    "customer id",
    "name",
    "e-mail",
    "orders",
    "other customer id",
    "other name",
    "other e-mail",
    "other orders",
)
EPILOG = """\b
Exit codes:
    0  done, even if no one looks alike
    1  FILE cannot be written
    2  no such customer or store
   78  the store was never read
"""


@dataclass(frozen=True, slots=True)
class _Found:
    """The likely duplicates of one store, with what is shown of the people."""

    store: str
    pairs: list[Duplicate]
    contacts: Mapping[int, Contact]
    orders: Mapping[int, int]

    def json(self, pair: Duplicate) -> dict[str, object]:
        people = [
            {
                "customer": describe.customer_json(self.contacts[person]),
                "orders_count": self.orders.get(person, 0),
            }
            for person in (pair.one, pair.other)
        ]
        return {"score": pair.score, "reasons": pair.reasons, "customers": people}

    def csv_row(self, pair: Duplicate) -> tuple[object, ...]:
        cells: list[object] = [self.store, pair.score, ", ".join(pair.reasons)]
        for person in (pair.one, pair.other):
            contact = self.contacts[person]
            cells += [contact.customer_id or None, contact.name, contact.email]
            cells.append(self.orders.get(person, 0))
        return tuple(cells)


def duplicates(
    dismiss: Annotated[
        tuple[str, str] | None,
        typer.Option(
            "--dismiss",
            metavar="CUSTOMER OTHER",
            help="Say that these two are different people; they are no longer listed.",
            show_default=False,
        ),
    ] = None,
    least: Annotated[
        int,
        typer.Option(
            "--score", metavar="N", min=LEAST_SCORE, max=99, help="Only pairs with this score."
        ),
    ] = LEAST_SCORE,
    limit: Annotated[
        int | None,
        typer.Option(
            "--limit",
            metavar="N",
            min=1,
            help=f"List at most N pairs. [default: {SHOWN}; all with --csv or --json]",
            show_default=False,
        ),
    ] = None,
    csv_file: Annotated[
        Path | None,
        typer.Option(
            "--csv", metavar="FILE", help="Write the pairs to a CSV file.", show_default=False
        ),
    ] = None,
    config: ConfigFile = None,
    store: StoreName = None,
    reason: Reason = "",
    as_json: AsJson = False,
) -> None:
    """List pairs of customers who are likely the same person, the most likely first.

    The score goes up to 99. It counts the same mailbox (anna+shop@, dots at Gmail), addresses that
    differ by a typo, the same phone number, and the same name with the same postcode. Nothing is
    merged: 'wcflow customer merge' does that, and asks.
    """
    if dismiss is not None:
        _dismiss(dismiss, config, store, reason)
        return
    with open_database_session(config) as session, session.db.reading() as tx:
        names = [each.name for each in session.stores(store) if load_store_row(tx, each.name)]
        if not names:
            raise SetupError("the store was never read", "Run 'wcflow plan' first.")
        most = limit if limit or as_json or csv_file is not None else SHOWN
        listings = [(_find(tx, name, least, most)) for name in names]
    if csv_file is not None:
        _write_csv([found for found, _ in listings], csv_file)
    elif as_json:
        output.print_json(
            {each.store: [each.json(one) for one in each.pairs] for each, _ in listings}
        )
    else:
        for found, count in listings:
            _print(found, count)


def _find(tx: Connection, store: str, least: int, most: int | None) -> tuple[_Found, int]:
    """Return at most so many pairs of a store, and how many there are."""
    pairs = [each for each in operations.find_duplicates(tx, store) if each.score >= least]
    shown = pairs[:most]
    persons = sorted({person for each in shown for person in (each.one, each.other)})
    contacts = load_contacts(tx, store, persons)
    return _Found(store, shown, contacts, load_orders_counts(tx, store, persons)), len(pairs)


def _dismiss(pair: tuple[str, str], config: Path | None, store: str | None, reason: str) -> None:
    with open_database_session(config) as session, session.db.transaction() as tx:
        one = find_customer(tx, session, store, pair[0])
        name = one.settings.name
        other = find_customer(tx, session, name, pair[1])
        by = edited_by(session, reason)
        outcome = operations.dismiss(tx, name, one.person, other.person, by)
    print_outcome(None, outcome)


def _write_csv(listings: list[_Found], path: Path) -> None:
    with new_file(path) as file:
        table = CsvFile(file, CSV_COLUMNS)
        for found in listings:
            table.write([found.csv_row(pair) for pair in found.pairs])
    count = output.format_count(sum(len(each.pairs) for each in listings), "pair")
    output.print_line(f"Wrote {count} to {path}.", "green")


def _print(found: _Found, count: int) -> None:
    pairs = output.format_count(count, "pair of customers", "pairs of customers")
    output.print_line(f"{found.store}: {pairs} who may be the same person", "bold")
    rows = [
        (
            each.score,
            str(found.contacts[each.one]),
            str(found.contacts[each.other]),
            ", ".join(each.reasons),
        )
        for each in found.pairs
    ]
    if rows:
        output.print_table(("score", "customer", "other", "why"), rows)
        output.print_line(
            "'wcflow customer merge CUSTOMER OTHER' shows what a merge brings.", "dim"
        )
    if count > len(rows):
        output.print_line(f"… and {count - len(rows):,} more. --limit N shows more.", "dim")
