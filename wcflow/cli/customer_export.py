"""``wcflow customer export``: all that is held on a person, as JSON and as a page to read or print."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Annotated

import typer

from wcflow.cli import output
from wcflow.cli.context import edited_by, open_database_session, store_zone
from wcflow.cli.customer_show import (
    address_words,
    contact_facts,
    figure_facts,
    item_words,
    message_rows,
    timeline_row,
)
from wcflow.cli.files import HtmlFile, new_file
from wcflow.cli.find_customer import find_customer
from wcflow.cli.options import ConfigFile, Reason, StoreName, Yes, confirm
from wcflow.customers.export import load_export
from wcflow.customers.record import CustomerRecord
from wcflow.customers.timeline import amount_words
from wcflow.database.edits import save_edit
from wcflow.database.stores import load_store_row
from wcflow.errors import WcflowError

EPILOG = """\b
Exit codes:
    0  done, or cancelled
    1  FOLDER cannot be written
    2  there is no such customer, or several, or no terminal to confirm on; add --yes
   78  the store was never read
"""
Table = tuple[str, Sequence[str], Iterable[Sequence[object]]]


def export(
    customer: Annotated[
        list[str],
        typer.Argument(
            metavar="CUSTOMER", help="Customer id, e-mail address, name, or order '#1001'."
        ),
    ],
    folder: Annotated[
        Path, typer.Option("--to", metavar="FOLDER", help="Where to write the two files.")
    ],
    config: ConfigFile = None,
    store: StoreName = None,
    reason: Reason = "",
    yes: Yes = False,
) -> None:
    """Write all that is held on a customer to two files, if they ask what you know of them.

    One is JSON with every detail, the other a page to read or print. Only you can read them. Both
    have the notes of your team, too: read them before you pass them on. What WooCommerce and other
    programs hold is not in them.
    """
    with open_database_session(config) as session:
        with session.db.reading() as tx:
            who = find_customer(tx, session, store, " ".join(customer))
            now, name = session.clock(), who.settings.name
            record, facts = load_export(tx, session.config, who.settings, who.person, now)
            zone, row = store_zone(tx, name), load_store_row(tx, name)
        question = f"Write the personal data of {record.customer} to files in {folder}?"
        if not confirm(question, yes=yes):
            output.print_line("Cancelled.")
            return
        _make_folder(folder)
        title = row.title if row and row.title else name
        kind = "customer" if record.customer.customer_id else "guest"
        stem = folder / f"{kind}-{record.customer.customer_id or record.person}"
        with new_file(stem.with_suffix(".json")) as file:
            file.write(output.json_text(facts))
        with new_file(stem.with_suffix(".html")) as file:
            _write_page(HtmlFile(file, f"What {title} holds on {_name(record)}"), record, now, zone)
        if not session.db.read_only:
            with session.db.transaction() as tx:
                by = edited_by(session, reason)
                save_edit(tx, name, who.person, "export", "exported what is held on them", by)
    for suffix in (".json", ".html"):
        output.print_line(f"Wrote {stem.with_suffix(suffix)}.", "green")


def _name(record: CustomerRecord) -> str:
    return record.customer.name or record.customer.short


def _make_folder(folder: Path) -> None:
    try:
        if not folder.is_dir():
            folder.mkdir(mode=0o700, parents=True)
    except OSError as error:
        message = f"cannot make the folder {folder}: {(error.strerror or 'error').lower()}"
        raise WcflowError(message, "Name a folder in a directory in which you can write.") from None


def _write_page(page: HtmlFile, record: CustomerRecord, now: datetime, zone: tzinfo) -> None:
    page.paragraph(f"As of {output.format_time(now, zone)}; {output.zone_words(zone)}.")
    for heading, columns, rows in _tables(record, zone):
        known = [*rows]
        if known:
            page.heading(heading)
            page.table(columns, known)
    page.paragraph("The JSON file beside this page has every detail, as programs read it.")
    page.close()


def _tables(record: CustomerRecord, zone: tzinfo) -> Iterator[Table]:
    """Yield the tables of the page, with their headings; some have no rows."""

    def time(at: datetime | None) -> str:
        return output.format_time(at, zone) if at else ""

    facts = [*contact_facts(record), *figure_facts(record, zone)]
    yield "Contact and figures", ("what", "value"), [each for each in facts if each[1]]
    yield "Known as", ("kind", "value"), record.identities
    orders = (
        (
            each.id,
            each.number,
            time(each.created),
            each.status,
            amount_words(each.total, each.currency),
            item_words(each),
            address_words(each.billing),
            each.customer_note,
        )
        for each in record.orders
    )
    columns = ("id", "number", "placed", "status", "total", "items", "billed to", "their note")
    yield "Orders", columns, orders
    subscriptions = (
        (each.number or each.id, each.status, time(each.created), ", ".join(each.products))
        for each in record.subscriptions
    )
    yield "Subscriptions", ("number", "status", "began", "products"), subscriptions
    notes = (
        (time(each.written_at), each.category, each.text, each.written_by) for each in record.notes
    )
    yield "Notes of the team", ("when", "category", "text", "by"), notes
    tasks = ((time(each.made_at), each.text, each.assignee) for each in record.tasks)
    yield "Open tasks", ("since", "task", "for"), tasks
    yield "Messages", ("when", "state", "message"), message_rows(record, zone)
    timeline = (timeline_row(each, zone)[:4] for each in record.timeline)
    yield "What happened", ("when", "what", "by", "because"), timeline
