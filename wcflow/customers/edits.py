"""What every operation answers with, and the undo of each kind of edit."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from sqlalchemy import Connection

from wcflow.database.edits import Edit, EditedBy, save_edit, undone_ids
from wcflow.database.identity import mark_persons_dirty
from wcflow.errors import UsageError

Undo = Callable[[Connection, Edit, EditedBy], str]
"""Takes an edit back; returns what was done in words, or raises UsageError if it can't."""
_UNDO: dict[str, Undo] = {}


class Outcome(NamedTuple):
    """What followed: in words, the edit's id, and whether anything changed at all."""

    words: str
    edit: int | None = None
    changed: bool = True


def undoes(kind: str) -> Callable[[Undo], Undo]:
    """Register the function that undoes edits of one kind."""

    def register(function: Undo) -> Undo:
        _UNDO[kind] = function
        return function

    return register


def undo(tx: Connection, edit: Edit, by: EditedBy) -> Outcome:
    """Undo one edit; raises UsageError if it was undone already, or cannot be."""
    if undone_ids(tx, [edit.id]):
        raise UsageError(f"edit {edit.id} was undone already", "")
    if edit.undoes is not None or edit.kind not in _UNDO:
        raise UsageError(f"edit {edit.id} ({edit.words}) cannot be undone", "")
    words = _UNDO[edit.kind](tx, edit, by)
    number = save_edit(tx, edit.store, edit.person, edit.kind, words, by, undoes=edit.id)
    mark_persons_dirty(tx, edit.store, [edit.person])
    return Outcome(words, number)
