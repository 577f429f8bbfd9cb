"""The status that a team gives a customer: active, as everyone is at first, or inactive.

wcflow keeps it. WooCommerce shows ``wcflow_status = inactive`` where it was set, and rules read it
with ``status``.
"""

from __future__ import annotations

from sqlalchemy import Connection

from wcflow.customers.edits import Outcome, undoes
from wcflow.database import people
from wcflow.database.edits import Edit, EditedBy, save_edit
from wcflow.database.events import save_events
from wcflow.database.identity import mark_persons_dirty
from wcflow.errors import UsageError
from wcflow.rules.event_kinds import ACCOUNT_ENABLED


def deactivate(tx: Connection, store: str, person: int, by: EditedBy) -> Outcome:
    """Set a customer's status to inactive."""
    return _set_status(tx, store, person, by, inactive=True)


def activate(tx: Connection, store: str, person: int, by: EditedBy) -> Outcome:
    """Set a customer's status to active again; workflows with customer_enabled start."""
    outcome = _set_status(tx, store, person, by, inactive=False)
    if outcome.changed:
        key = f"active again {by.at:%Y-%m-%dT%H:%M:%SZ}"
        save_events(tx, store, {person: [ACCOUNT_ENABLED.make(key, by.at, by.name)]})
    return outcome


def _set_status(
    tx: Connection, store: str, person: int, by: EditedBy, *, inactive: bool
) -> Outcome:
    memory = people.load_memories(tx, store, [person]).get(person)
    if memory is None:
        raise UsageError("the store no longer has this customer", "")
    word = "inactive" if inactive else "active"
    if memory.standing.inactive == inactive:
        return Outcome(f"is {word} already", changed=False)
    people.set_inactive(tx, store, person, inactive=inactive)
    mark_persons_dirty(tx, store, [person])
    words = f"set the status to {word}"
    edit = save_edit(tx, store, person, "status", words, by, {"inactive": not inactive})
    return Outcome(words, edit)


@undoes("status")
def _undo_status(tx: Connection, edit: Edit, by: EditedBy) -> str:  # noqa: ARG001  all undos have it
    before = bool(edit.data["inactive"])
    people.set_inactive(tx, edit.store, edit.person, inactive=before)
    return f"set the status back to {'inactive' if before else 'active'}"
