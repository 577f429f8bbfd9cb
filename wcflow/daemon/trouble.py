"""What keeps a store from being worked on, and when that is news. Pure: nothing is logged here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from wcflow.errors import BusyError, WcflowError


@dataclass(frozen=True, slots=True)
class Trouble:
    """Failures without a success: since when, why last, and how often in a row each job failed.

    ``told`` are the reasons that the log has had; it gets each of them once.
    """

    since: datetime
    reason: str = ""
    failures: Mapping[str, int] = field(default_factory=dict)
    told: frozenset[str] = frozenset()

    def once_told(self) -> Trouble:
        """Give the same trouble, its reason told."""
        return replace(self, told=self.told | {self.reason})


def after_failure(before: Trouble | None, job: str, error: Exception, now: datetime) -> Trouble:
    """Give the trouble after one more failure of a job."""
    trouble = before or Trouble(now)
    failures = {**trouble.failures, job: trouble.failures.get(job, 0) + 1}
    return replace(trouble, reason=reason_of(error), failures=failures)


def after_success(before: Trouble | None, job: str) -> Trouble | None:
    """Give what is left of the trouble once a job has succeeded: nothing, unless another fails."""
    if before is None:
        return None
    failures = {name: count for name, count in before.failures.items() if name != job}
    return replace(before, failures=failures) if failures else None


def worth_telling(trouble: Trouble, job: str, error: Exception) -> bool:
    """Say whether the log should have it: each reason once, until the trouble is over.

    Two processes that share a database meet now and then: that it is busy is told the second time.
    """
    passing = isinstance(error, BusyError) and trouble.failures[job] == 1
    return trouble.reason not in trouble.told and not passing


def reason_of(error: Exception) -> str:
    """Give the reason in words; of a bug its name alone, for its text may tell of customers."""
    return str(error) if isinstance(error, WcflowError) else f"a bug: {type(error).__name__}"
