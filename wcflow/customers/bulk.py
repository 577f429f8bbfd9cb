"""The same change for many customers: in batches, each of which is one transaction.

A head edit is saved with the first batch, and its id names the whole. A change that was interrupted
goes on where it ended when it is made again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection

from wcflow.customers.edits import BULK, GONE, Outcome, undo_many
from wcflow.database.connection import Database
from wcflow.database.edits import (
    Edit,
    EditedBy,
    change_edit,
    delete_edit,
    find_edit,
    load_again,
    load_bulk,
    load_bulk_persons,
    load_edits,
    save_edit,
    save_undone,
    undone_ids,
)
from wcflow.database.people import load_present
from wcflow.database.sql import chunks
from wcflow.errors import UsageError

BATCH = 500
ManyOperation = Callable[[Connection, str, Sequence[int], EditedBy], dict[int, str]]
"""Changes people of a store; returns why some were not changed. All others were."""
Operation = Callable[[Connection, str, int, EditedBy], Outcome]
"""Changes one person of a store."""


Words = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class BulkChange:
    """What to do for many customers.

    ``doing`` and ``done`` take the customers in words: ``add the tag Gold to 12 customers``. By its
    ``request``, a change that was interrupted is found again.
    """

    doing: Words
    done: Words
    operation: ManyOperation
    request: str = ""


@dataclass(slots=True)
class BulkResult:
    """How many customers were changed, and why others were not. ``id`` is for the undo."""

    id: int = 0
    changed: int = 0
    reasons: Counter[str] = field(default_factory=Counter)


def one_by_one(operation: Operation) -> ManyOperation:
    """Return an operation for many customers; someone for whom it fails stays as they are."""

    def change(tx: Connection, store: str, persons: Sequence[int], by: EditedBy) -> dict[int, str]:
        reasons = {}
        for person in persons:
            try:
                with tx.begin_nested():
                    outcome = operation(tx, store, person, by)
            except UsageError as error:
                reasons[person] = str(error)
            else:
                if not outcome.changed:
                    reasons[person] = outcome.words
        return reasons

    return change


def find_interrupted(tx: Connection, store: str, change: BulkChange) -> Edit | None:
    """Return the head of the same change that was interrupted, and not undone, if there is one."""
    heads = [
        each
        for each in load_edits(tx, store, [0])
        if each.kind == BULK and each.data.get("unfinished") == change.request
    ]
    undone = undone_ids(tx, [each.id for each in heads])
    return next((each for each in reversed(heads) if each.id not in undone), None)


def change_many(
    db: Database, store: str, persons: Sequence[int], change: BulkChange, by: EditedBy
) -> BulkResult:
    """Make a change for many customers. If it was interrupted, only the rest is done."""
    with db.reading() as tx:
        head = find_interrupted(tx, store, change)
        done = load_bulk_persons(tx, store, str(head.id)) if head else set()
    result = BulkResult(head.id if head else 0, len(done))
    for part in chunks((each for each in persons if each not in done), BATCH):
        with db.transaction() as tx:
            if not result.id:
                result.id = save_head(tx, store, change, by)
            reasons = change_present(tx, store, part, change, by._replace(bulk=str(result.id)))
        result.changed += len(part) - len(reasons)
        result.reasons.update(reasons.values())
    if result.id:
        with db.transaction() as tx:
            result.id = finish(tx, change, result.id, result.changed)
    return result


def change_present(
    tx: Connection, store: str, persons: Sequence[int], change: BulkChange, by: EditedBy
) -> dict[int, str]:
    """Change those who have not gone since they were selected; return why others were not changed."""
    there = load_present(tx, store, persons)
    gone = dict.fromkeys((each for each in persons if each not in there), GONE)
    return gone | change.operation(tx, store, [each for each in persons if each in there], by)


def save_head(tx: Connection, store: str, change: BulkChange, by: EditedBy) -> int:
    """Save that a bulk change has begun, and return its id."""
    words = change.done("many customers")
    return save_edit(tx, store, 0, BULK, words, by, {"unfinished": change.request})


def finish(tx: Connection, change: BulkChange, head: int, changed: int) -> int:
    """Complete the head, and return its id; 0 if nothing was changed, and there is nothing to undo."""
    if not changed:
        delete_edit(tx, head)
        return 0
    change_edit(tx, head, change.done(count_customers(changed)), {"customers": changed})
    return head


def count_customers(count: int) -> str:
    """Return ``1 customer`` or ``1,200 customers``."""
    return f"{count:,} customer{'' if count == 1 else 's'}"


@dataclass(frozen=True, slots=True)
class SavedBulk:
    """A bulk change that was made: its head, and the edits that are not undone, the last first."""

    head: Edit
    edits: Sequence[Edit]


def load_saved_bulk(tx: Connection, stores: Sequence[str], number: int) -> SavedBulk:
    """Return a bulk change by its id; raises UsageError if there is none."""
    head = find_edit(tx, number)
    if head is None or head.kind != BULK or head.undoes is not None or head.store not in stores:
        raise UsageError(f"there is no bulk change with the id {number}", "")
    made = load_bulk(tx, head.store, str(number))
    undone = undone_ids(tx, [head.id, *(each.id for each in made)])
    if head.id in undone:
        raise UsageError(f"bulk change {number} was undone already", "")
    return SavedBulk(head, [each for each in made if each.id not in undone])


def undo_bulk(db: Database, saved: SavedBulk, by: EditedBy) -> BulkResult:
    """Undo a bulk change in batches. If it is interrupted, the next undo does the rest."""
    head, store = saved.head, saved.head.store
    result, persons = BulkResult(head.id), set[int]()
    for part in chunks(saved.edits, BATCH):
        with db.transaction() as tx:
            # Someone can have been deleted or merged since.
            again = load_again(tx, store, part)
            failed = undo_many(tx, store, again, by)
        persons |= {each.person for each in again if each.id not in failed} - {0}
        result.reasons.update(failed.values())
    with db.transaction() as tx:
        if not undone_ids(tx, [head.id]):
            save_undone(tx, [(head, f"undid: {head.words}")], by)
    result.changed = len(persons)
    return result
