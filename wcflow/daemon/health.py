"""How a store fares, and the line that ``systemctl status`` shows of all of them. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from wcflow.daemon.trouble import Trouble
from wcflow.errors import SetupError

_MOMENT = timedelta(seconds=90)
_LONGEST_REASON = 120


@dataclass(frozen=True, slots=True)
class Health:
    """What is known of a store's work: its last poll, what waits, what is wrong.

    ``doing`` is a census in words; ``refused`` why the store cannot be served as things stand.
    """

    polled_at: datetime | None = None
    waiting: int = 0
    held: bool = False
    doing: str = ""
    trouble: Trouble | None = None
    refused: SetupError | None = None

    def in_words(self, now: datetime) -> str:
        """Say it in a few words."""
        if self.trouble is not None:
            return f"in trouble for {age(now - self.trouble.since)}: {_short(self.trouble.reason)}"
        if self.doing:
            return self.doing
        if self.polled_at is None:
            return "not polled yet"
        return f"polled {_ago(now - self.polled_at)}, {self._queue()}"

    def _queue(self) -> str:
        if not self.waiting:
            return "nothing waits"
        one = self.waiting == 1
        if self.held:
            return f"{self.waiting:,} {'write' if one else 'writes'} held, see wcflow status"
        return f"{self.waiting:,} {'write waits' if one else 'writes wait'}"


def status_line(stores: Mapping[str, Health], now: datetime) -> str:
    """Give one line about all stores."""
    return "; ".join(f"{name}: {health.in_words(now)}" for name, health in stores.items())


def age(length: timedelta) -> str:
    """Give a length of time in its largest unit, coarsely: the line should seldom change."""
    minutes = int(length.total_seconds()) // 60
    if minutes < 1:
        return "a moment"
    if minutes < 120:  # noqa: PLR2004  two hours
        return f"{minutes} min"
    return f"{minutes // 60} h" if minutes < 48 * 60 else f"{minutes // 1440} days"


def _ago(length: timedelta) -> str:
    return "just now" if length < _MOMENT else f"{age(length)} ago"


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST_REASON else f"{text[:_LONGEST_REASON]}…"
