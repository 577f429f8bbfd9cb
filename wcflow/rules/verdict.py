"""Three-valued logic that also knows how long it holds: true, false or not known, and until when.

A verdict is certain to stay as it is strictly before ``changes_at``. That instant may be early,
never late; None says that time alone cannot change it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Verdict:
    """An answer of yes (True), no (False) or not known (None), and when time may change it."""

    value: bool | None
    changes_at: datetime | None = None


def turned(value: bool | None) -> bool | None:
    """Turn yes and no around; what is not known stays so."""
    return None if value is None else not value


def all_of(verdicts: Sequence[Verdict]) -> Verdict:
    """Join by ``and``: one no decides, then one that is not known."""
    return _joined(verdicts, decisive=False)


def any_of(verdicts: Sequence[Verdict]) -> Verdict:
    """Join by ``or``: one yes decides, then one that is not known."""
    return _joined(verdicts, decisive=True)


def _joined(verdicts: Sequence[Verdict], *, decisive: bool) -> Verdict:
    deciding = [verdict for verdict in verdicts if verdict.value is decisive]
    if deciding:
        # As long as any of these stays as it is, the others cannot change the whole.
        return Verdict(decisive, _latest(verdict.changes_at for verdict in deciding))
    known = all(verdict.value is not None for verdict in verdicts)
    until = earliest(verdict.changes_at for verdict in verdicts)
    return Verdict((not decisive) if known else None, until)


def earliest(instants: Iterable[datetime | None]) -> datetime | None:
    """Give the first of the instants; None stands for never."""
    return min((instant for instant in instants if instant is not None), default=None)


def _latest(instants: Iterable[datetime | None]) -> datetime | None:
    latest: datetime | None = None
    for instant in instants:
        if instant is None:
            return None
        latest = instant if latest is None else max(latest, instant)
    return latest
