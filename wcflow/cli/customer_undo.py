"""``wcflow customer undo``: take back something that someone of the team changed."""

from __future__ import annotations

from typing import Annotated

import typer

from wcflow.cli import output
from wcflow.cli.context import edited_by, open_database_session, store_zone
from wcflow.cli.options import ConfigFile, Reason
from wcflow.customers import (  # they register their undo
    companies,  # noqa: F401
    duplicates,  # noqa: F401
    edits,
    fields,  # noqa: F401
    groups,  # noqa: F401
    merge,  # noqa: F401
    notes,  # noqa: F401
    status,  # noqa: F401
    tags,  # noqa: F401
)
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
    config: ConfigFile = None,
    reason: Reason = "",
) -> None:
    """Undo a change that someone of the team made by command."""
    with open_database_session(config) as session, session.db.transaction() as tx:
        edit = find_edit(tx, edit_id)
        if edit is None or edit.store not in {each.name for each in session.stores()}:
            raise UsageError(f"there is no edit with the id {edit_id}", "")
        outcome = edits.undo(tx, edit, edited_by(session, reason))
        contact = load_contacts(tx, edit.store, [edit.person]).get(edit.person)
        when = output.format_time(edit.by.at, store_zone(tx, edit.store))
    output.print_line(f"Edit {edit.id} of {edit.by.name}, {when}: {edit.words}.")
    print_outcome(contact, outcome._replace(edit=None))


def print_outcome(contact: Contact | None, outcome: edits.Outcome, when: str = "") -> None:
    """Print what an operation changed, when the store shows it, and how it is undone."""
    start = f"{contact}: " if contact else ""
    words = outcome.words if contact else f"{outcome.words[:1].upper()}{outcome.words[1:]}"
    output.print_line(f"{start}{words}.", "green" if outcome.changed else "")
    if when:
        output.print_line(when)
    if outcome.changed and outcome.edit is not None:
        output.print_line(f"'wcflow customer undo {outcome.edit}' takes it back.", "dim")
