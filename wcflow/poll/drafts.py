"""Which drafts the shop knows of: releases differ, and an unknown status spoils the whole question.

What was learnt stands in the census's slices, one for each kind of draft.
"""

from __future__ import annotations

from wcflow.errors import StoreError
from wcflow.mirror.slices import save_slices, slices
from wcflow.mirror.tables import CensusSlice
from wcflow.poll.visit import Visit

DRAFTS = ("checkout-draft", "auto-draft")
PART = "drafts"
UNKNOWN = -1
"""The position of a slice whose status the shop refused."""

_BAD_REQUEST = 400


def known_drafts(visit: Visit) -> list[str]:
    """Give the kinds of draft that the shop did not refuse."""
    with visit.db.reading() as tx:
        return [
            DRAFTS[each.number]
            for each in slices(tx, visit.store, PART)
            if each.position != UNKNOWN
        ]


def learn_drafts(visit: Visit) -> None:
    """Ask the shop which kinds of draft it knows, as a newer release may know others."""
    with visit.db.reading() as tx:
        found = slices(tx, visit.store, PART)
    learnt = [_learnt(each, knows=_knows(visit, DRAFTS[each.number])) for each in found]
    with visit.db.transaction() as tx:
        save_slices(tx, learnt)


def is_unknown_status(error: StoreError) -> bool:
    """Say whether the shop refused the question itself, which is then about a status it lacks."""
    return error.status == _BAD_REQUEST


def _learnt(known: CensusSlice, *, knows: bool) -> CensusSlice:
    position = max(known.position, 0) if knows else UNKNOWN
    return CensusSlice(**{**known.model_dump(), "position": position})


def _knows(visit: Visit, status: str) -> bool:
    try:
        visit.shop.count_orders(status=status)
    except StoreError as error:
        if is_unknown_status(error):
            return False
        raise
    return True
