"""Groups: the team creates, renames and deletes them, and puts customers into them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import Connection

from wcflow.customers.edits import Outcome, undoes
from wcflow.database import groups, people
from wcflow.database.edits import Edit, EditedBy, save_edit, save_edits
from wcflow.database.identity import mark_persons_dirty
from wcflow.errors import UsageError
from wcflow.rules.errors import did_you_mean
from wcflow.rules.steps import one_tag


def clean_name(text: str) -> str:
    """Return the name of a group as it is written; raises UsageError."""
    name = one_tag(text)
    if "," in text or not name:
        raise UsageError("the name of a group must not be empty or have a comma", "")
    return name


def find_existing(tx: Connection, store: str, text: str) -> str:
    """Return the name of a group that exists; raises UsageError."""
    name, known = groups.find_group(tx, store, clean_name(text)), groups.load_group_names(tx, store)
    if name not in known:
        hint = did_you_mean(name, sorted(known)) or "'wcflow group list' shows the groups."
        raise UsageError(f"there is no group {name!r}", hint)
    return name


def add_to_group(tx: Connection, store: str, person: int, group: str, by: EditedBy) -> Outcome:
    """Put a customer into a group, which is made if it does not exist."""
    name = groups.find_group(tx, store, clean_name(group))
    if not groups.add_member(tx, store, person, name, by.name, by.at):
        return Outcome(f"is in {name} already", changed=False)
    return _member_edit(tx, store, person, name, "is in {} now", by, added=True)


def remove_from_group(tx: Connection, store: str, person: int, group: str, by: EditedBy) -> Outcome:
    """Take a customer out of a group; raises UsageError if they are not in it."""
    name = groups.find_group(tx, store, clean_name(group))
    if not groups.remove_member(tx, store, person, name):
        known = groups.load_groups(tx, store, [person]).get(person, frozenset())
        theirs = ", ".join(sorted(known)) or "no group"
        raise UsageError(f"this customer is not in {name}", f"They are in {theirs}.")
    return _member_edit(tx, store, person, name, "is no longer in {}", by, added=False)


def add_many(
    tx: Connection, store: str, persons: Sequence[int], group: str, by: EditedBy
) -> dict[int, str]:
    """Put many customers into a group; return why some were not changed."""
    name = groups.find_group(tx, store, clean_name(group))
    new = groups.add_members(tx, store, persons, name, by.name, by.at)
    return _member_edits(tx, store, persons, new, name, by, added=True)


def remove_many(
    tx: Connection, store: str, persons: Sequence[int], group: str, by: EditedBy
) -> dict[int, str]:
    """Take many customers out of a group; return why some were not changed."""
    name = groups.find_group(tx, store, clean_name(group))
    members = groups.remove_members(tx, store, persons, name)
    return _member_edits(tx, store, persons, members, name, by, added=False)


def _member_edits(
    tx: Connection,
    store: str,
    persons: Sequence[int],
    changed: Sequence[int],
    name: str,
    by: EditedBy,
    *,
    added: bool,
) -> dict[int, str]:
    mark_persons_dirty(tx, store, changed)
    words = f"{'added to' if added else 'removed from'} the group {name}"
    data = {each: {"group": name, "added": added} for each in changed}
    save_edits(tx, store, "group_member", words, by, data)
    reason = f"were {'in' if added else 'not in'} the group {name}{' already' if added else ''}"
    return dict.fromkeys(set(persons) - data.keys(), reason)


def _member_edit(
    tx: Connection, store: str, person: int, name: str, words: str, by: EditedBy, *, added: bool
) -> Outcome:
    mark_persons_dirty(tx, store, [person])
    done = f"{'added to' if added else 'removed from'} the group {name}"
    data = {"group": name, "added": added}
    edit = save_edit(tx, store, person, "group_member", done, by, data)
    return Outcome(words.format(name), edit)


@undoes("group_member")
def _undo_member(tx: Connection, edit: Edit, by: EditedBy) -> str:
    name, store = str(edit.data["group"]), edit.store
    if edit.data["added"]:
        groups.remove_member(tx, store, edit.person, name)
        return f"removed from the group {name} again"
    groups.add_member(tx, store, edit.person, name, by.name, by.at)
    return f"added to the group {name} again"


# Whole groups.


def create_group(tx: Connection, store: str, text: str, by: EditedBy) -> Outcome:
    """Create a group without members."""
    name = clean_name(text)
    known = groups.find_group(tx, store, name)
    if known in groups.load_group_names(tx, store):
        raise UsageError(f"there is a group {known!r} already", "")
    groups.save_group(tx, store, name, by.name, by.at)
    words = f"created the group {name}"
    return Outcome(words, save_edit(tx, store, 0, "group", words, by, {"created": name}))


def rename_group(tx: Connection, store: str, group: str, text: str, by: EditedBy) -> Outcome:
    """Rename a group; its members stay in it. Rules that name it are not changed."""
    old, new = find_existing(tx, store, group), clean_name(text)
    taken = groups.find_group(tx, store, new)
    if taken != old and taken in groups.load_group_names(tx, store):
        raise UsageError(f"there is a group {taken!r} already", "")
    _rename(tx, store, old, new)
    words = f"renamed the group {old} to {new}"
    data = {"renamed": [old, new]}
    return Outcome(words, save_edit(tx, store, 0, "group", words, by, data), old != new)


def delete_group(tx: Connection, store: str, group: str, by: EditedBy) -> Outcome:
    """Delete a group; its members are no longer in it."""
    name = find_existing(tx, store, group)
    members = groups.forget_group(tx, store, name)
    mark_persons_dirty(tx, store, [each.person for each in members])
    words = f"deleted the group {name}"
    saved = [[each.person, each.added_by, each.since.isoformat()] for each in members]
    data = {"deleted": name, "members": saved}
    return Outcome(words, save_edit(tx, store, 0, "group", words, by, data))


def _rename(tx: Connection, store: str, old: str, new: str) -> None:
    groups.rename_group(tx, store, old, new)
    mark_persons_dirty(tx, store, [e.person for e in groups.load_group_members(tx, store, new)])


@undoes("group")
def _undo_group(tx: Connection, edit: Edit, by: EditedBy) -> str:
    store, data = edit.store, edit.data
    known = groups.load_group_names(tx, store)
    if "created" in data:
        return _undo_creation(tx, store, str(data["created"]), known)
    if "renamed" in data:
        old, new = data["renamed"]
        if new not in known or (old in known and old != new):
            raise UsageError(f"the group {new} was changed since", "")
        _rename(tx, store, new, old)
        return f"renamed the group {new} to {old} again"
    name = str(data["deleted"])
    groups.save_group(tx, store, name, by.name, by.at)
    present = people.load_memories(tx, store, [each[0] for each in data["members"]])
    for person, added_by, since in data["members"]:
        if person in present:
            groups.add_member(tx, store, person, name, added_by, datetime.fromisoformat(since))
    mark_persons_dirty(tx, store, present)
    return f"restored the group {name}"


def _undo_creation(tx: Connection, store: str, name: str, known: Collection[str]) -> str:
    if groups.load_group_members(tx, store, name):
        raise UsageError(f"there are customers in {name} now", "'wcflow group delete' deletes it.")
    if name in known:
        groups.forget_group(tx, store, name)
    return f"deleted the group {name} again"
