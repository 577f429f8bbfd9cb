"""``wcflow customer undo``: take back something that someone of the team changed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from wcflow.cli import output
from wcflow.cli.context import edited_by, open_database_session, store_zone
from wcflow.cli.options import ConfigFile, Reason, Yes, confirm
from wcflow.customers import (  # they register their undo
    companies,  # noqa: F401
    custom_fields,  # noqa: F401
    duplicates,  # noqa: F401
    edits,
    fields,  # noqa: F401
    groups,  # noqa: F401
    merge,  # noqa: F401
    notes,  # noqa: F401
    standing,  # noqa: F401
    status,  # noqa: F401
    tags,  # noqa: F401
    tasks,  # noqa: F401
)
from wcflow.customers.bulk import count_customers, load_saved_bulk, undo_bulk
from wcflow.database.contacts import Contact, load_contacts
from wcflow.database.edits import find_edit
from wcflow.errors import UsageError


def undo(
    edit_id: Annotated[
        int,
        typer.Argument(
            metavar="ID", help="The id of the edit, which 'customer show' and other commands print."
        ),
    ],
    bulk: Annotated[
        bool, typer.Option("--bulk", help="ID is that of a bulk change or import: undo all of it.")
    ] = False,
    config: ConfigFile = None,
    reason: Reason = "",
    yes: Yes = False,
) -> None:
    """Undo a change that someone of the team made by command."""
    if bulk:
        _undo_bulk(edit_id, config, reason, yes=yes)
        return
    with open_database_session(config) as session, session.db.transaction() as tx:
        edit = find_edit(tx, edit_id)
        if edit is None or edit.store not in {each.name for each in session.stores()}:
            raise UsageError(f"there is no edit with the id {edit_id}", "")
        outcome = edits.undo(tx, edit, edited_by(session, reason))
        contact = load_contacts(tx, edit.store, [edit.person]).get(edit.person)
        when = output.format_time(edit.by.at, store_zone(tx, edit.store))
    output.print_line(f"Edit {edit.id} of {edit.by.name}, {when}: {edit.words}.")
    print_outcome(contact, outcome._replace(edit=None))


def _undo_bulk(number: int, config: Path | None, reason: str, *, yes: bool) -> None:
    with open_database_session(config) as session:
        stores = [each.name for each in session.stores()]
        with session.db.reading() as tx:
            saved = load_saved_bulk(tx, stores, number)
        count = count_customers(len({each.person for each in saved.edits} - {0}))
        by = saved.head.by
        output.print_line(f"{saved.head.words[:1].upper()}{saved.head.words[1:]}, by {by.name}.")
        if not confirm(f"Undo it for {count} of {saved.head.store}?", yes=yes):
            output.print_line("Cancelled.")
            return
        result = undo_bulk(session.db, saved, edited_by(session, reason))
    output.print_line(f"Undone for {count_customers(result.changed)}.", "green")
    for why, number_of in result.reasons.most_common():
        output.print_line(f"not for {number_of:,}: {why}", indent=2)


def print_outcome(contact: Contact | None, outcome: edits.Outcome, when: str = "") -> None:
    """Print what an operation changed, when the store shows it, and how it is undone."""
    start = f"{contact}: " if contact else ""
    words = outcome.words if contact else f"{outcome.words[:1].upper()}{outcome.words[1:]}"
    output.print_line(f"{start}{words}.", "green" if outcome.changed else "")
    if when:
        output.print_line(when)
    if outcome.changed and outcome.edit is not None:
        output.print_line(f"'wcflow customer undo {outcome.edit}' takes it back.", "dim")
