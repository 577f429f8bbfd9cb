"""The brake: too many writes at once are held until an admin has looked. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection

from wcflow.database import people
from wcflow.database.stores import EMPTY_ANSWER
from wcflow.database.tables import StoreRow

FLOOR, SHARE = 100, 5
"""Without ``max_writes``, more than 100 writes and more than a fifth of the people hold."""


@dataclass(frozen=True, slots=True)
class WriteLoad:
    """What is about to be written: effects not released, people, whether any was ever accepted.

    ``alarm`` is what the poll found wrong with the shop's answers, if anything.
    """

    waiting: int
    people: int
    accepted: bool
    alarm: str = ""


def hold_reason(load: WriteLoad, max_writes: int | None) -> str:
    """Say why writes are held; nothing if they may go."""
    if load.alarm:
        return load.alarm
    if load.waiting and not load.accepted:
        return f"the first {load.waiting} writes wait until you have looked at them"
    limit = max(FLOOR, load.people // SHARE) if max_writes is None else max_writes
    if load.waiting > limit:
        return f"{load.waiting} writes at once are more than {limit} (max_writes)"
    return ""


# What the brake looks at, as it stands in the mirror.


def write_load(tx: Connection, row: StoreRow, waiting: int) -> WriteLoad:
    """Give what the brake looks at; so few go to whatever people, and those are not counted then."""
    everyone = people.count_people(tx, row.name) if waiting > FLOOR else 0
    alarm = row.held if row.held.startswith(EMPTY_ANSWER) else ""
    return WriteLoad(waiting, everyone, row.accepted, alarm)
