"""Entries of the outbox that have to keep their order, and what edits by hand need to know of them.

Two edits of the same customer reach the store in the order in which they were made, also if the
first one has to be tried again.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, exists, or_, select, true

from wcflow.database.sql import stamp, table_of
from wcflow.database.tables import OutboxRow

_OUTBOX = table_of(OutboxRow)
IN_ORDER = frozenset({"customer_fields", "order_customer"})
"""The kinds of which an entry waits for the earlier ones about the same place."""
_OPEN = ("due", "claimed")


def is_next(kind: str) -> ColumnElement[bool]:
    """Return the condition for entries of a kind that need not wait for an earlier one."""
    if kind not in IN_ORDER:
        return true()
    earlier = _OUTBOX.alias()
    same = (
        earlier.c.store == _OUTBOX.c.store,
        earlier.c.kind == _OUTBOX.c.kind,
        earlier.c.target_id == _OUTBOX.c.target_id,
    )
    return ~exists().where(*same, earlier.c.state.in_(_OPEN), earlier.c.id < _OUTBOX.c.id)


def find_entry_of_event(
    tx: Connection, store: str, kind: str, event: str, person: int | None = None
) -> int | None:
    """Return the id of the entry of this kind that an event has led to.

    With ``person``, an index finds it even among many.
    """
    here = [_OUTBOX.c.store == store, _OUTBOX.c.kind == kind, _OUTBOX.c.event == event]
    if person is not None:
        here.append(_OUTBOX.c.person == person)
    found: int | None = tx.scalar(select(_OUTBOX.c.id).where(*here))
    return found


def load_unread_of_target(
    tx: Connection,
    store: str,
    kind: str,
    target: int,
    read_at: int,
    person: int | None = None,
) -> list[int]:
    """Return the ids of the entries about one place whose result the local copy may not have.

    They are not finished, or were delivered since ``read_at`` (a stamp). In order. With ``person``,
    an index finds them even among many.
    """
    here = [_OUTBOX.c.store == store, _OUTBOX.c.kind == kind, _OUTBOX.c.target_id == target]
    if person is not None:
        here.append(_OUTBOX.c.person == person)
    delivered = and_(_OUTBOX.c.state == "done", _OUTBOX.c.finished_at >= read_at)
    query = select(_OUTBOX.c.id).where(*here, or_(_OUTBOX.c.state.in_(_OPEN), delivered))
    return [*tx.scalars(query.order_by(_OUTBOX.c.id))]


def load_finished_targets(
    tx: Connection, store: str, kinds: Sequence[str], since: datetime
) -> set[int]:
    """Return the places of which entries of these kinds were finished since this time."""
    here = (
        _OUTBOX.c.store == store,
        _OUTBOX.c.state.in_(("done", "failed", "cancelled")),
        _OUTBOX.c.approved.in_((True, False)),  # so that the index finds the kind
        _OUTBOX.c.kind.in_(sorted(kinds)),
    )
    query = select(_OUTBOX.c.target_id).where(*here, _OUTBOX.c.finished_at >= stamp(since))
    return {*tx.scalars(query)}
