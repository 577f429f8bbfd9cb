"""What the brake looks at, as it stands in the mirror."""

from __future__ import annotations

from sqlalchemy import Connection

from wcflow.mirror import people
from wcflow.mirror.stores import EMPTY_ANSWER
from wcflow.mirror.tables import StoreRow
from wcflow.outbox.brake import FLOOR, Load


def load_of(tx: Connection, row: StoreRow, waiting: int) -> Load:
    """Give what the brake looks at; so few go to whatever people, and those are not counted then."""
    everyone = people.count_people(tx, row.name) if waiting > FLOOR else 0
    alarm = row.held if row.held.startswith(EMPTY_ANSWER) else ""
    return Load(waiting, everyone, row.accepted, alarm)
