"""What a worker logs: one line per outcome. The worker binds the store's name to each line."""

from __future__ import annotations

import ctypes
import gc
import time
from datetime import timedelta

import structlog

from wcflow.daemon.health import Failure, format_age
from wcflow.database.connection import Database
from wcflow.errors import BusyError, StoreError, StoreInUseError, WcflowError
from wcflow.poll.context import PollResult
from wcflow.rules.triggers.needs import UnmetNeed
from wcflow.sync import SyncResult
from wcflow.units import clock_words

log = structlog.get_logger()

_STATUS_INTERVAL, _LOG_INTERVAL = 1.0, 30.0


def log_sync(result: SyncResult, requests: int, seconds: float) -> None:
    """Log a sync; one that found nothing only at debug level."""
    polled, evaluated, delivered = result.polled, result.evaluated, result.delivered
    assert polled is not None, "a sync that did not raise has polled"
    counts = {
        "orders": polled.orders,
        "customers": polled.customers,
        "products": polled.products,
        "deleted": polled.deleted,
        "evaluated": evaluated.people,
        "segment_changes": evaluated.transitions,
        "workflows_started": evaluated.runs,
        "queued": evaluated.queued,
        "delivered": delivered.done,
        "failed": delivered.failed,
    }
    found = {name: count for name, count in counts.items() if count}
    write_line = log.info if found or polled.initial_sync else log.debug
    event = "initial import finished" if polled.initial_sync else "sync finished"
    write_line(event, **found, requests=requests, seconds=round(seconds, 2))


def log_nightly(polled: PollResult, seconds: float) -> None:
    log.info(
        "nightly check finished",
        orders=polled.orders,
        customers=polled.customers,
        deleted=polled.deleted,
        requests=polled.requests,
        seconds=round(seconds, 2),
    )


def log_failure(job: str, error: Exception, pause: float) -> None:
    """Log why a job failed and when it is tried again."""
    seconds = round(pause)
    if not isinstance(error, WcflowError):
        log.error("internal error", job=job, retry_in=seconds, exc_info=error)
    elif isinstance(error, StoreInUseError):
        until = clock_words(error.until)
        advice = "wcflow continues when the other one has finished, or at that time."
        log.warning("waiting for another wcflow", why=str(error), until=until, advice=advice)
    elif isinstance(error, BusyError):
        log.warning("database busy", why=str(error), advice=error.advice, retry_in=seconds)
    else:
        event = "store unreachable" if isinstance(error, StoreError) else "store cannot be synced"
        if isinstance(error, StoreError) and error.is_write:
            event = "changes cannot be written"
        log.error(event, why=str(error), advice=error.advice, retry_in=seconds)


def log_recovery(failure: Failure, after: timedelta) -> None:
    """Log that the failures are over."""
    event = "store reachable again" if failure.unreachable else "sync works again"
    log.info(event, after=format_age(after))


def log_stopped() -> None:
    log.debug("stopped between two requests")


class ImportProgress:
    """The progress of an initial import: for the status line each second, for the log less often."""

    def __init__(self) -> None:
        self._shown = self._logged = time.monotonic()

    def update(self, part: str, done: int, total: int) -> str:
        """Return the progress in words, or nothing if it is too early to show it again."""
        now = time.monotonic()
        if not total or now - self._shown < _STATUS_INTERVAL:
            return ""
        self._shown = now
        if now - self._logged > _LOG_INTERVAL:
            self._logged = now
            log.info("initial import continues", part=part, done=done, total=total)
        return f"initial import: {done:,} of {total:,} {part}"


def release_memory(db: Database) -> None:
    """Return unused memory to the system after a large sync: idle connections and free heap.

    The C library keeps what was freed, and each SQLite connection keeps two megabytes of pages:
    together a fifth of the process. The database reconnects when it has to.
    """
    db.close()
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:  # only in glibc
        trim(0)


def log_missing_plugin(store: str, unmet: UnmetNeed) -> None:
    """Log a workflow that never starts because a plugin is missing in the store."""
    log.warning("workflow never starts", store=store, why=unmet.message, advice=unmet.advice)
