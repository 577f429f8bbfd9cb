"""Notes of the team on customers."""

from __future__ import annotations

from sqlalchemy import Connection

from wcflow.customers.edits import Outcome, undoes
from wcflow.database import notes
from wcflow.database.edits import Edit, EditedBy, save_edit
from wcflow.errors import UsageError
from wcflow.rules.errors import did_you_mean

CATEGORIES = (
    "General",
    "Follow-up",
    "Complaint",
    "Feedback",
    "Meeting",
    "Phone Call",
    "Internal",
)


def find_category(text: str) -> str:
    """Return a category as it is written here, whatever its case; raises UsageError."""
    wanted = " ".join(text.replace("-", " ").split()).casefold()
    for each in CATEGORIES:
        if each.replace("-", " ").casefold() == wanted:
            return each
    hint = did_you_mean(text, CATEGORIES) or f"The categories are {', '.join(CATEGORIES)}."
    raise UsageError(f"there is no category of notes {text!r}", hint)


def add_note(
    tx: Connection,
    store: str,
    person: int,
    text: str,
    by: EditedBy,
    *,
    category: str = "General",
    order_id: int = 0,
) -> Outcome:
    """Write a note on a customer."""
    name, content = find_category(category), text.strip()
    if not content:
        raise UsageError("a note needs a text", "")
    note = notes.add_note(tx, store, person, name, content, order_id, by.name, by.at)
    words = f"wrote note {note} ({name})"
    return Outcome(words, save_edit(tx, store, person, "note", words, by, {"note": note}))


def remove_note(tx: Connection, note: notes.CustomerNote, by: EditedBy) -> Outcome:
    """Remove a note; an undo shows it again."""
    if note.removed_at is not None:
        return Outcome(f"note {note.id} was removed already", changed=False)
    notes.set_removed(tx, note.id, by.at)
    words = f"removed note {note.id} ({note.category})"
    data = {"note": note.id, "removed": True}
    return Outcome(words, save_edit(tx, note.store, note.person, "note", words, by, data))


@undoes("note")
def _undo_note(tx: Connection, edit: Edit, by: EditedBy) -> str:
    note = int(edit.data["note"])
    was_removed = bool(edit.data.get("removed"))
    notes.set_removed(tx, note, None if was_removed else by.at)
    return f"{'restored' if was_removed else 'removed'} note {note}"
