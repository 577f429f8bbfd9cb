"""What a worker tells the log: a line for each outcome. The store's name is bound by the worker."""

from __future__ import annotations

import ctypes
import gc
import time
from datetime import timedelta

import structlog

from wcflow.daemon.health import format_age
from wcflow.database.connection import Database
from wcflow.errors import BusyError, WcflowError
from wcflow.poll.context import PollResult
from wcflow.sync import SyncResult

log = structlog.get_logger()

_SHOW_EVERY, _LOG_EVERY = 1.0, 30.0


def log_sync(result: SyncResult, seconds: float) -> None:
    """Tell of a walk; one that found nothing is of no interest."""
    polled, evaluated, delivered = result.polled, result.evaluated, result.delivered
    assert polled is not None, "a walk that did not raise has pulled"
    counts = {
        "orders": polled.orders,
        "customers": polled.customers,
        "products": polled.products,
        "deleted": polled.deleted,
        "people": evaluated.people,
        "moves": evaluated.transitions,
        "runs": evaluated.runs,
        "queued": evaluated.queued,
        "written": delivered.done,
        "failed": delivered.failed,
    }
    found = {name: count for name, count in counts.items() if count}
    told = log.info if found or polled.initial_sync else log.debug
    event = "first census done" if polled.initial_sync else "walked"
    told(event, **found, requests=polled.requests, seconds=round(seconds, 2))


def log_nightly(polled: PollResult, seconds: float) -> None:
    """Tell of a night's work."""
    told = {"orders": polled.orders, "customers": polled.customers, "deleted": polled.deleted}
    log.info("night's work done", **told, requests=polled.requests, seconds=round(seconds, 2))


def log_failure(job: str, error: Exception, pause: float) -> None:
    """Tell that a store cannot be worked on."""
    seconds = round(pause)
    if isinstance(error, BusyError):
        log.warning("store has to wait", why=str(error), what_to_do=error.advice, again_in=seconds)
    elif isinstance(error, WcflowError):
        log.error("store fails", why=str(error), what_to_do=error.advice, again_in=seconds)
    else:
        log.error("a bug of wcflow", job=job, again_in=seconds, exc_info=error)


def log_recovery(after: timedelta) -> None:
    """Tell that the trouble is over."""
    log.info("store is back", after=format_age(after))


def log_stopped() -> None:
    """Tell that a worker was stopped before its job was done."""
    log.debug("stopped between two requests")


class ImportProgress:
    """How far a census is, for the status line each second and for the log now and then."""

    def __init__(self) -> None:
        self._shown = self._logged = time.monotonic()

    def update(self, part: str, done: int, total: int) -> str:
        """Give it in words; nothing where that is too early again, or there is nothing to count."""
        now = time.monotonic()
        if not total or now - self._shown < _SHOW_EVERY:
            return ""
        self._shown = now
        if now - self._logged > _LOG_EVERY:
            self._logged = now
            log.info("census goes on", part=part, done=done, total=total)
        return f"census: {done:,} of {total:,} {part}"


# Give memory back after a census or a great evaluation: a daemon rests most of its life.


def release_memory(db: Database) -> None:
    """Let go of what work of some size has left behind: idle connections, and free memory.

    The C library keeps what was freed, and each connection to SQLite keeps two megabytes of pages;
    together that is a fifth of the process. The database opens connections anew when it needs them.
    """
    db.close()
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:  # of glibc alone
        trim(0)
