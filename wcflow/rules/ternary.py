"""Three-valued logic that also knows how long it holds: true, false or not known, and until when.

A verdict is certain to stay as it is strictly before ``changes_at``. That instant may be early,
never late; None says that time alone cannot change it.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple


# A tuple: many are made for each customer, and it is made in half the time.
class Ternary(NamedTuple):
    """An answer of yes (True), no (False) or not known (None), and when time may change it."""

    value: bool | None
    changes_at: datetime | None = None


YES, NO, UNKNOWN = Ternary(value=True), Ternary(value=False), Ternary(None)


def negate(value: bool | None) -> bool | None:
    """Turn yes and no around; what is not known stays so."""
    return None if value is None else not value


def all_of(results: Iterable[Ternary]) -> Ternary:
    """Join by ``and``: one no decides, then one that is not known.

    After a no that time cannot change, no more are looked at.
    """
    return combine(results, decisive=False)


def any_of(results: Iterable[Ternary]) -> Ternary:
    """Join by ``or``: one yes decides, then one that is not known.

    After a yes that time cannot change, no more are looked at.
    """
    return combine(results, decisive=True)


def combine(results: Iterable[Ternary], *, decisive: bool) -> Ternary:
    """Join by ``and``, where no is decisive, or by ``or``, where yes is."""
    decided, known = False, True
    latest: datetime | None = None
    first: datetime | None = None
    for value, changes_at in results:
        if value is decisive:
            # As long as any of these stays as it is, the others cannot change the whole.
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
    """Give the first of the instants; None stands for never."""
    first: datetime | None = None
    for instant in instants:
        if instant is not None and (first is None or instant < first):
            first = instant
    return first
