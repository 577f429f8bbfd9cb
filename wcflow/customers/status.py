"""The status that a team gives a customer: active, as everyone is at first, or inactive.

wcflow keeps it. WooCommerce shows ``wcflow_status = inactive`` where it was set, and rules read it
with ``status``.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from wcflow.customers.edits import GONE, Outcome, undoes
from wcflow.database import people
from wcflow.database.edits import Edit, EditedBy, save_edit, save_edits
from wcflow.database.events import save_events
from wcflow.database.identity import mark_persons_dirty
from wcflow.errors import UsageError
from wcflow.profile import StoredEvent
from wcflow.rules.event_kinds import ACCOUNT_ENABLED


def deactivate(tx: Connection, store: str, person: int, by: EditedBy) -> Outcome:
    """Set a customer's status to inactive."""
    return _set_status(tx, store, person, by, inactive=True)


def activate(tx: Connection, store: str, person: int, by: EditedBy) -> Outcome:
    """Set a customer's status to active again; workflows with customer_enabled start."""
    outcome = _set_status(tx, store, person, by, inactive=False)
    if outcome.changed:
        save_events(tx, store, {person: [_active_again(by)]})
    return outcome


def _set_status(
    tx: Connection, store: str, person: int, by: EditedBy, *, inactive: bool
) -> Outcome:
    memory = people.load_memories(tx, store, [person]).get(person)
    if memory is None:
        raise UsageError(GONE, "")
    word = "inactive" if inactive else "active"
    if memory.standing.inactive == inactive:
        return Outcome(f"is {word} already", changed=False)
    people.set_inactive(tx, store, person, inactive=inactive)
    mark_persons_dirty(tx, store, [person])
    words = f"set the status to {word}"
    edit = save_edit(tx, store, person, "status", words, by, {"inactive": not inactive})
    return Outcome(words, edit)


def set_many(
    tx: Connection, store: str, persons: Sequence[int], by: EditedBy, *, inactive: bool
) -> dict[int, str]:
    """Set the status of many customers; return why some were not changed."""
    word = "inactive" if inactive else "active"
    memories = people.load_memories(tx, store, persons)
    skipped = dict.fromkeys(set(persons) - memories.keys(), GONE)
    same = [who for who, each in memories.items() if each.standing.inactive == inactive]
    skipped |= dict.fromkeys(same, f"were {word} already")
    changed = [each for each in persons if each not in skipped]
    people.set_inactive(tx, store, *changed, inactive=inactive)
    mark_persons_dirty(tx, store, changed)
    data = {each: {"inactive": not inactive} for each in changed}
    save_edits(tx, store, "status", f"set the status to {word}", by, data)
    if not inactive:
        save_events(tx, store, {each: [_active_again(by)] for each in changed})
    return skipped


def _active_again(by: EditedBy) -> StoredEvent:
    return ACCOUNT_ENABLED.make(f"active again {by.at:%Y-%m-%dT%H:%M:%SZ}", by.at, by.name)


@undoes("status")
def _undo_status(tx: Connection, edit: Edit, by: EditedBy) -> str:  # noqa: ARG001  all undos have it
    before = bool(edit.data["inactive"])
    people.set_inactive(tx, edit.store, edit.person, inactive=before)
    return f"set the status back to {'inactive' if before else 'active'}"
