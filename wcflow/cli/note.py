"""``wcflow note``: what the team writes down about customers."""

from __future__ import annotations

from typing import Annotated

import typer

from wcflow.cli import describe, output
from wcflow.cli.context import edited_by, open_database_session, store_zone
from wcflow.cli.find_customer import find_customer
from wcflow.cli.help import Typer
from wcflow.cli.options import AsJson, ConfigFile, CustomerText, Reason, StoreName
from wcflow.customers import notes as operations
from wcflow.database import notes
from wcflow.database.contacts import load_contacts
from wcflow.errors import UsageError


def register(app: typer.Typer) -> None:
    family = Typer(no_args_is_help=True, help="Write notes about customers; list and remove them.")
    family.command("list")(list_notes)
    family.command("add")(add)
    family.command("remove")(remove)
    app.add_typer(family, name="note")


def list_notes(
    customer: CustomerText,
    config: ConfigFile = None,
    store: StoreName = None,
    as_json: AsJson = False,
) -> None:
    """List the notes about a customer, the newest first.

    wcflow keeps them. Order notes, which workflows write with add_note, are in WooCommerce.
    """
    with open_database_session(config) as session, session.db.reading() as tx:
        who = find_customer(tx, session, store, " ".join(customer))
        found = notes.load_notes(tx, who.settings.name, [who.person])
        contact = load_contacts(tx, who.settings.name, [who.person]).get(who.person)
        zone = store_zone(tx, who.settings.name)
    if as_json:
        facts = {"store": who.settings.name, "customer": describe.customer_json(contact)}
        output.print_json(facts | {"notes": [_json(each) for each in found]})
        return
    output.print_line(f"{contact}: {output.format_count(len(found), 'note')}", "bold")
    rows = [
        (
            each.id,
            output.format_time(each.written_at, zone),
            each.category,
            each.written_by,
            each.text,
        )
        for each in found
    ]
    if rows:
        output.print_table(("id", "when", "category", "by", "text"), rows)


def _json(note: notes.CustomerNote) -> dict[str, object]:
    return {
        "id": note.id,
        "category": note.category,
        "text": note.text,
        "order_id": note.order_id or None,
        "written_by": note.written_by,
        "written_at": note.written_at,
    }


def add(
    text: Annotated[str, typer.Argument(metavar="TEXT", help="What to write down.")],
    customer: CustomerText,
    category: Annotated[
        str,
        typer.Option(
            "--category", metavar="NAME", help=f"One of {', '.join(operations.CATEGORIES)}."
        ),
    ] = "General",
    config: ConfigFile = None,
    store: StoreName = None,
) -> None:
    """Write a note about a customer. Only the team sees it."""
    with open_database_session(config) as session, session.db.transaction() as tx:
        who = find_customer(tx, session, store, " ".join(customer))
        name, by = who.settings.name, edited_by(session)
        outcome = operations.add_note(tx, name, who.person, text, by, category=category)
        contact = load_contacts(tx, name, [who.person]).get(who.person)
    output.print_line(f"{contact}: {outcome.words}.", "green")


def remove(
    note_id: Annotated[int, typer.Argument(metavar="ID", help="The id that 'note list' shows.")],
    config: ConfigFile = None,
    reason: Reason = "",
) -> None:
    """Remove a note. 'wcflow customer undo' shows it again."""
    with open_database_session(config) as session, session.db.transaction() as tx:
        found = notes.find_note(tx, note_id)
        if found is None or found.store not in {each.name for each in session.stores()}:
            raise UsageError(
                f"there is no note with the id {note_id}", "'wcflow note list CUSTOMER' shows ids."
            )
        outcome = operations.remove_note(tx, found, edited_by(session, reason))
    output.print_line(describe.sentence(outcome.words), "green")
