"""Bounds in time that a list is asked for: exclusive, and read as WordPress reads dates."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Protocol

from wcflow.sandbox.schema import Reader, boolean, date
from wcflow.sandbox.zone import Zone

_FIRST = datetime.min.replace(tzinfo=UTC)
_LAST = datetime.max.replace(tzinfo=UTC)


class Dated(Protocol):
    """A row that knows when it was made and when it changed."""

    @property
    def created(self) -> datetime: ...

    @property
    def modified(self) -> datetime: ...


def bounds(zone: Zone) -> dict[str, Reader]:
    """Return the readers of bounds."""
    when = date(zone)
    names = ("after", "before", "modified_after", "modified_before")
    return {**dict.fromkeys(names, when), "dates_are_gmt": boolean}


def between(zone: Zone, asked: Mapping[str, Any]) -> Callable[[Dated], bool]:
    """Return a test of whether a row lies within the bounds."""
    against_gmt = asked.get("dates_are_gmt", False)

    def bound(name: str, default: datetime) -> datetime:
        return zone.read(asked.get(name, ""), against_gmt=against_gmt) or default

    after, before = bound("after", _FIRST), bound("before", _LAST)
    since, until = bound("modified_after", _FIRST), bound("modified_before", _LAST)
    return lambda row: after < row.created < before and since < row.modified < until
