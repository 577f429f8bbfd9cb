"""The state of each store's worker, and the status line for ``systemctl status``. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from wcflow.errors import BusyError, SetupError, StoreError, StoreInUseError, WcflowError
from wcflow.rules.clocks import ClockGap
from wcflow.units import clock_words

_JUST_NOW = timedelta(seconds=90)
_MAX_REASON_LENGTH = 120


@dataclass(frozen=True, slots=True)
class StoreHealth:
    """What a worker last found out about its store.

    ``waiting`` counts the changes that are due. With a ``clock_gap`` nothing is evaluated. ``activity`` is the progress of an initial import
    in words. ``setup_error`` is why the store cannot be served with this configuration.
    """

    polled_at: datetime | None = None
    waiting: int = 0
    held: bool = False
    activity: str = ""
    failure: Failure | None = None
    setup_error: SetupError | None = None
    clock_gap: ClockGap | None = None

    def describe(self, now: datetime) -> str:
        if self.failure is not None:
            if until := self.failure.waiting_until:
                return f"waiting until {clock_words(until)}: {_shorten(self.failure.reason)}"
            age = format_age(now - self.failure.since)
            return f"failing for {age}: {_shorten(self.failure.reason)}"
        if self.activity:
            return self.activity
        if self.polled_at is None:
            return "not polled yet"
        if self.clock_gap is not None:
            return str(self.clock_gap)
        return f"polled {_format_ago(now - self.polled_at)}, {self._queue_text()}"

    def _queue_text(self) -> str:
        if not self.waiting:
            return "no changes waiting"
        count = f"{self.waiting:,} {'change' if self.waiting == 1 else 'changes'} waiting"
        return f"{count} for approval, see wcflow status" if self.held else count


def status_line(stores: Mapping[str, StoreHealth], now: datetime, rejected: str = "") -> str:
    """Return one line about all stores, and why a new configuration was rejected, if it was."""
    parts = [f"{name}: {health.describe(now)}" for name, health in stores.items()]
    if rejected:
        first = f"new configuration rejected, the old one stays in use ({_shorten(rejected)})"
        parts.insert(0, first)
    return "; ".join(parts)


def format_age(length: timedelta) -> str:
    """Return a length of time in its largest unit, coarse so that the status line seldom changes."""
    minutes = int(length.total_seconds()) // 60
    if minutes < 1:
        return "less than 1 min"
    if minutes < 120:  # noqa: PLR2004  two hours
        return f"{minutes} min"
    return f"{minutes // 60} h" if minutes < 48 * 60 else f"{minutes // 1440} days"


def _format_ago(length: timedelta) -> str:
    return "just now" if length < _JUST_NOW else f"{format_age(length)} ago"


def _shorten(text: str) -> str:
    return text if len(text) <= _MAX_REASON_LENGTH else f"{text[:_MAX_REASON_LENGTH]}…"


# Failures, and which of them are logged. Nothing is logged here.


@dataclass(frozen=True, slots=True)
class Failure:
    """A series of failures without a success in between.

    ``reason`` is that of the last one, and ``failures`` counts each job's failures in a row. The
    log gets each reason once: ``logged_reasons``. ``unreachable`` says whether requests to the
    store failed. ``waiting_until`` is set while another wcflow has the store.
    """

    since: datetime
    reason: str = ""
    waiting_until: datetime | None = None
    unreachable: bool = False
    failures: Mapping[str, int] = field(default_factory=dict)
    logged_reasons: frozenset[str] = frozenset()

    def mark_logged(self) -> Failure:
        return replace(self, logged_reasons=self.logged_reasons | {self.reason})


def record_failure(before: Failure | None, job: str, error: Exception, now: datetime) -> Failure:
    """Return the failures including one more of ``job``."""
    failure = before or Failure(now)
    return replace(
        failure,
        reason=failure_reason(error),
        waiting_until=error.until if isinstance(error, StoreInUseError) else None,
        unreachable=failure.unreachable or (isinstance(error, StoreError) and not error.is_write),
        failures={**failure.failures, job: failure.failures.get(job, 0) + 1},
    )


def record_success(before: Failure | None, job: str) -> Failure | None:
    """Return the failures of the other jobs after ``job`` succeeded, or None if there are none."""
    if before is None:
        return None
    failures = {name: count for name, count in before.failures.items() if name != job}
    return replace(before, failures=failures) if failures else None


def should_log(failure: Failure, job: str, error: Exception) -> bool:
    """Return whether to log an error: each reason once, and busy only the second time in a row.

    Processes that share a database sometimes meet; the next attempt usually succeeds.
    """
    first_busy = isinstance(error, BusyError) and failure.failures[job] == 1
    return failure.reason not in failure.logged_reasons and not first_busy


def failure_reason(error: Exception) -> str:
    """Return an error in words. A bug's text could contain personal data, so only its type is shown."""
    return str(error) if isinstance(error, WcflowError) else f"a bug: {type(error).__name__}"
