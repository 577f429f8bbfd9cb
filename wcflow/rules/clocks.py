"""Compare this machine's clock with the store's. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

MAX_CLOCK_GAP = timedelta(minutes=5)
"""Clocks that differ by more are not trusted: nothing is evaluated or delivered."""

SIGNATURE_WINDOW = timedelta(minutes=15)
"""Over http, WooCommerce rejects requests that were signed longer ago or later than this."""

CLOCK_ADVICE = "Synchronize the clocks of both machines with NTP ('timedatectl' shows this one's)."


@dataclass(frozen=True, slots=True)
class ClockGap:
    """What two clocks that do not agree said at the same moment."""

    here: datetime
    store: datetime

    def __str__(self) -> str:
        return (
            f"this machine's clock says {_minute(self.here)} UTC, the store's says"
            f" {_minute(self.store)} UTC; nothing is evaluated or written until they agree"
        )


def clock_gap(here: datetime, store: datetime) -> ClockGap | None:
    """Return the gap between two clocks, or None if they agree well enough."""
    return ClockGap(here, store) if abs(here - store) > MAX_CLOCK_GAP else None


def signature_gap(signed: datetime, store: datetime) -> ClockGap | None:
    """Return the gap between the clocks if the store rejects what was signed at ``signed``."""
    return ClockGap(signed, store) if abs(signed - store) > SIGNATURE_WINDOW else None


def _minute(instant: datetime) -> str:
    return f"{instant.astimezone(UTC):%Y-%m-%d %H:%M}"
