"""Three-valued logic with time: true, false or not known, and until when that is certain.

A value cannot change before ``changes_at``, which can be too early but never too late; None means
that time alone cannot change it.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple


# A tuple takes half as long to create, and there are many for each customer.
class Ternary(NamedTuple):
    """Yes (True), no (False) or not known (None), and when time alone can change it."""

    value: bool | None
    changes_at: datetime | None = None


YES, NO, UNKNOWN = Ternary(value=True), Ternary(value=False), Ternary(None)


def negate(value: bool | None) -> bool | None:
    """Swap yes and no; not known stays not known."""
    return None if value is None else not value


def all_of(results: Iterable[Ternary]) -> Ternary:
    """Combine with ``and``: a no decides, otherwise a value that is not known.

    Stops at a no that time cannot change.
    """
    return combine(results, decisive=False)


def any_of(results: Iterable[Ternary]) -> Ternary:
    """Combine with ``or``: a yes decides, otherwise a value that is not known.

    Stops at a yes that time cannot change.
    """
    return combine(results, decisive=True)


def combine(results: Iterable[Ternary], *, decisive: bool) -> Ternary:
    """Combine with ``and`` (no is decisive) or ``or`` (yes is decisive)."""
    decided, known = False, True
    latest: datetime | None = None
    first: datetime | None = None
    for value, changes_at in results:
        if value is decisive:
            # As long as one of these holds, the others cannot change the result.
            if changes_at is None:
                return YES if decisive else NO
            latest = changes_at if latest is None or changes_at > latest else latest
            decided = True
        elif value is None:
            known = False
        if changes_at is not None and (first is None or changes_at < first):
            first = changes_at
    if decided:
        return Ternary(decisive, latest)
    if known and first is None:
        return NO if decisive else YES
    return Ternary((not decisive) if known else None, first)


def earliest(instants: Iterable[datetime | None]) -> datetime | None:
    """Return the first of the instants; None means never."""
    first: datetime | None = None
    for instant in instants:
        if instant is not None and (first is None or instant < first):
            first = instant
    return first
