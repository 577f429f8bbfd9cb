"""How a store fares, and the line that ``systemctl status`` shows of all of them. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from wcflow.errors import BusyError, SetupError, WcflowError

_JUST_NOW = timedelta(seconds=90)
_MAX_REASON_LENGTH = 120


@dataclass(frozen=True, slots=True)
class StoreHealth:
    """What is known of a store's work: its last poll, what waits, what is wrong.

    ``doing`` is a census in words; ``refused`` why the store cannot be served as things stand.
    """

    polled_at: datetime | None = None
    waiting: int = 0
    held: bool = False
    activity: str = ""
    failure: Failure | None = None
    setup_error: SetupError | None = None

    def describe(self, now: datetime) -> str:
        """Say it in a few words."""
        if self.failure is not None:
            return f"in trouble for {format_age(now - self.failure.since)}: {_shorten(self.failure.reason)}"
        if self.activity:
            return self.activity
        if self.polled_at is None:
            return "not polled yet"
        return f"polled {_format_ago(now - self.polled_at)}, {self._queue_text()}"

    def _queue_text(self) -> str:
        if not self.waiting:
            return "nothing waits"
        one = self.waiting == 1
        if self.held:
            return f"{self.waiting:,} {'write' if one else 'writes'} held, see wcflow status"
        return f"{self.waiting:,} {'write waits' if one else 'writes wait'}"


def status_line(stores: Mapping[str, StoreHealth], now: datetime) -> str:
    """Give one line about all stores."""
    return "; ".join(f"{name}: {health.describe(now)}" for name, health in stores.items())


def format_age(length: timedelta) -> str:
    """Give a length of time in its largest unit, coarsely: the line should seldom change."""
    minutes = int(length.total_seconds()) // 60
    if minutes < 1:
        return "a moment"
    if minutes < 120:  # noqa: PLR2004  two hours
        return f"{minutes} min"
    return f"{minutes // 60} h" if minutes < 48 * 60 else f"{minutes // 1440} days"


def _format_ago(length: timedelta) -> str:
    return "just now" if length < _JUST_NOW else f"{format_age(length)} ago"


def _shorten(text: str) -> str:
    return text if len(text) <= _MAX_REASON_LENGTH else f"{text[:_MAX_REASON_LENGTH]}…"


# What keeps a store from being worked on, and when that is news. Pure: nothing is logged here.


@dataclass(frozen=True, slots=True)
class Failure:
    """Failures without a success: since when, why last, and how often in a row each job failed.

    ``told`` are the reasons that the log has had; it gets each of them once.
    """

    since: datetime
    reason: str = ""
    failures: Mapping[str, int] = field(default_factory=dict)
    logged_reasons: frozenset[str] = frozenset()

    def mark_logged(self) -> Failure:
        """Give the same trouble, its reason told."""
        return replace(self, logged_reasons=self.logged_reasons | {self.reason})


def record_failure(before: Failure | None, job: str, error: Exception, now: datetime) -> Failure:
    """Give the trouble after one more failure of a job."""
    failure = before or Failure(now)
    failures = {**failure.failures, job: failure.failures.get(job, 0) + 1}
    return replace(failure, reason=failure_reason(error), failures=failures)


def record_success(before: Failure | None, job: str) -> Failure | None:
    """Give what is left of the trouble once a job has succeeded: nothing, unless another fails."""
    if before is None:
        return None
    failures = {name: count for name, count in before.failures.items() if name != job}
    return replace(before, failures=failures) if failures else None


def should_log(failure: Failure, job: str, error: Exception) -> bool:
    """Say whether the log should have it: each reason once, until the trouble is over.

    Two processes that share a database meet now and then: that it is busy is told the second time.
    """
    passing = isinstance(error, BusyError) and failure.failures[job] == 1
    return failure.reason not in failure.logged_reasons and not passing


def failure_reason(error: Exception) -> str:
    """Give the reason in words; of a bug its name alone, for its text may tell of customers."""
    return str(error) if isinstance(error, WcflowError) else f"a bug: {type(error).__name__}"
