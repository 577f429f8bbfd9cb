"""What becomes of those whom nobody can judge: a bug, or a row as nobody thought of.

They are put off for a day, and noted like rows that are put aside. All others go on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import Connection

from wcflow.customer import Profile
from wcflow.discreet import named
from wcflow.mirror import due
from wcflow.mirror.aside import PERSON_OF, Key, put_aside, rows_aside, take_back
from wcflow.rules.case import Case
from wcflow.rules.judge import Judged

PUT_OFF = timedelta(days=1)


class Unjudged(NamedTuple):
    """A person, and what broke down over them."""

    case: Case
    why: Exception

    @property
    def row(self) -> Key:
        """Give what they are noted under."""
        return max(_rows(self.case.profile), default=Key(PERSON_OF[0], 0))


def apart(
    cases: Sequence[Case], judge_one: Callable[[Case], Judged]
) -> tuple[list[Judged], list[Unjudged]]:
    """Judge one by one those who could not be judged together; say over whom it breaks down."""
    judged, unjudged = list[Judged](), list[Unjudged]()
    for case in cases:
        try:
            judged.append(judge_one(case))
        except Exception as why:  # noqa: BLE001 - it is kept, and who evaluates tells of it
            unjudged.append(Unjudged(case, why))
    return judged, unjudged


def put_off(tx: Connection, store: str, unjudged: Sequence[Unjudged], now: datetime) -> None:
    """Look at them again tomorrow, and have ``wcflow status`` tell of it."""
    if not unjudged:
        return
    put_aside(tx, store, [(each.row, named(each.why)) for each in unjudged], now)
    due.put_off(tx, store, [each.case.memory.subject for each in unjudged], now + PUT_OFF)


def noted(tx: Connection, store: str) -> set[Key]:
    """Give under what those are noted who could not be judged."""
    return {Key(row.kind, row.id) for row in rows_aside(tx, store) if row.kind in PERSON_OF}


def back_again(tx: Connection, store: str, judged: Sequence[Judged], noted: set[Key]) -> None:
    """Forget of these that they could not be judged."""
    if noted:
        take_back(tx, store, {key for each in judged for key in _rows(each.profile)} & noted)


def _rows(profile: Profile) -> set[Key]:
    """Give what a person may have been noted under: their account, or one of their orders."""
    if profile.account is not None:
        return {Key(PERSON_OF[1], profile.account.id)}
    return {Key(PERSON_OF[0], order.id) for order in profile.orders}
