"""Memberships before and after become moves. Pure: it does not know why anyone is in a segment."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Move:
    """A person entered (or left) a segment at an instant."""

    segment: str
    entered: bool
    at: datetime


def moves(
    before: Mapping[str, datetime], after: Collection[str], now: datetime
) -> tuple[Move, ...]:
    """Give who left and who entered, by name, leaving first: a person changes clothes in order."""
    if before.keys() == set(after):
        return ()
    left = [Move(name, entered=False, at=now) for name in sorted(set(before) - set(after))]
    entered = [Move(name, entered=True, at=now) for name in sorted(set(after) - set(before))]
    return (*left, *entered)
