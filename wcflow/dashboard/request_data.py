"""Read a request of the dashboard: what someone did there, whom it changes, and its data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from wcflow.config.load import Config
from wcflow.config.stores import StoreSettings
from wcflow.database.edits import EditedBy
from wcflow.errors import UsageError
from wcflow.store.odd_values import odd_id, odd_time

Json = Mapping[str, Any]
SHORT, LONG = 200, 10_000
"""How many characters a name and a text have at most."""


class Request(NamedTuple):
    """What someone did in the dashboard; ``person`` is whom it changes, or 0.

    ``of_here`` is whether the numbers in it (of people, notes, tasks and edits) are those of this database,
    and not of one that wcflow had before.
    """

    key: str
    action: str
    data: Json
    person: int
    by: EditedBy
    of_here: bool


@dataclass(slots=True)
class Desk:
    """What requests of one store are done with."""

    config: Config
    settings: StoreSettings
    now: datetime
    spelled: dict[str, str] = field(default_factory=dict)
    """Tags as they are written already, by how they were typed."""

    @property
    def store(self) -> str:
        return self.settings.name


def read_text(value: object) -> str:
    """Return a text without spaces around it; empty for anything else."""
    return value.strip() if isinstance(value, str) else ""


def read_number(value: object) -> int:
    """Return an id, which PHP may have written as text; 0 for anything else."""
    return odd_id(value) or 0


def need_text(data: Json, name: str, most: int = SHORT) -> str:
    """Return a text that must be there; raises UsageError."""
    found = read_text(data.get(name))
    if not found:
        raise UsageError(f"the {name} is missing", "")
    if len(found) > most:
        raise UsageError(f"the {name} is longer than {most:,} characters", "Shorten it.")
    return found


def need_time(data: Json, name: str) -> datetime:
    """Return a time in UTC that must be there; raises UsageError."""
    found = odd_time(data.get(name))
    if found is None:
        raise UsageError("the date is missing, or is not a date", "")
    return found


def need_status(data: Json) -> str:
    """Return ``active`` or ``inactive``; raises UsageError."""
    wanted = need_text(data, "status")
    if wanted not in ("active", "inactive"):
        raise UsageError(f"{wanted!r} is not a status", "Use active or inactive.")
    return wanted
