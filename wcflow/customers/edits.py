"""What every operation answers with, and the undo of each kind of edit."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import Connection

from wcflow.database.edits import Edit, EditedBy, save_edit, save_undone, undone_ids
from wcflow.database.identity import mark_persons_dirty
from wcflow.errors import UsageError

GONE = "the store no longer has this customer"
Undo = Callable[[Connection, Edit, EditedBy], str]
"""Takes an edit back; returns what was done in words, or raises UsageError if it can't."""
UndoMany = Callable[[Connection, str, Sequence[Edit], EditedBy], Mapping[int, str]]
"""Takes back edits of several people of a store; returns what was done in words, by the edit's id.

It leaves out those that can't be undone.
"""
_UNDO: dict[str, Undo] = {}
_UNDO_MANY: dict[str, UndoMany] = {}


BULK = "bulk"
"""The kind of the edit that names a change of many customers."""


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


def undoes_many(kind: str) -> Callable[[UndoMany], UndoMany]:
    """Register the function that undoes edits of one kind for many people, where one by one is slow."""

    def register(function: UndoMany) -> UndoMany:
        _UNDO_MANY[kind] = function
        return function

    return register


def undo(tx: Connection, edit: Edit, by: EditedBy) -> Outcome:
    """Undo one edit; raises UsageError if it was undone already, or cannot be."""
    if undone_ids(tx, [edit.id]):
        raise UsageError(f"edit {edit.id} was undone already", "")
    if edit.undoes is not None or edit.kind not in _UNDO:
        whole = edit.undoes is None and edit.kind == BULK
        advice = f"'wcflow customer undo --bulk {edit.id}' undoes all of it." if whole else ""
        raise UsageError(f"edit {edit.id} ({edit.words}) cannot be undone alone", advice)
    words = _UNDO[edit.kind](tx, edit, by)
    number = save_edit(tx, edit.store, edit.person, edit.kind, words, by, undoes=edit.id)
    mark_persons_dirty(tx, edit.store, [edit.person])
    return Outcome(words, number)


def undo_many(tx: Connection, store: str, edits: Sequence[Edit], by: EditedBy) -> dict[int, str]:
    """Undo edits in this order; return why some were not, by their id.

    Those that were undone already are left alone.
    """
    before = undone_ids(tx, [each.id for each in edits])
    todo = [each for each in edits if each.undoes is None and each.id not in before]
    words: dict[int, str] = {}
    failed: dict[int, str] = {}
    for kind, function in _UNDO_MANY.items():
        if of_kind := [each for each in todo if each.kind == kind]:
            words |= function(tx, store, of_kind, by)
    for each in todo:
        if each.kind not in _UNDO:
            failed[each.id] = f"{each.words}: this cannot be undone"
        elif each.kind not in _UNDO_MANY:
            try:
                with tx.begin_nested():
                    words[each.id] = _UNDO[each.kind](tx, each, by)
            except UsageError as error:
                failed[each.id] = str(error)
        elif each.id not in words:
            failed[each.id] = GONE
    save_undone(tx, [(each, words[each.id]) for each in todo if each.id in words], by)
    mark_persons_dirty(tx, store, {each.person for each in todo} - {0})
    return failed
