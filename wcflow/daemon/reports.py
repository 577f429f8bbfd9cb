"""What a worker tells the log: a line for each outcome. The store's name is bound by the worker."""

from __future__ import annotations

import ctypes
import gc
import time
from datetime import timedelta

import structlog

from wcflow.daemon.health import age
from wcflow.database.connection import Database
from wcflow.errors import BusyError, WcflowError
from wcflow.poll.context import Pulled
from wcflow.sync import SyncResult

log = structlog.get_logger()

_SHOWN_EVERY, _LOGGED_EVERY = 1.0, 30.0


def walk(walked: SyncResult, seconds: float) -> None:
    """Tell of a walk; one that found nothing is of no interest."""
    pulled, evaluated, delivered = walked.pulled, walked.evaluated, walked.delivered
    assert pulled is not None, "a walk that did not raise has pulled"
    counts = {
        "orders": pulled.orders,
        "customers": pulled.customers,
        "products": pulled.products,
        "deleted": pulled.deleted,
        "people": evaluated.people,
        "moves": evaluated.moves,
        "runs": evaluated.runs,
        "queued": evaluated.queued,
        "written": delivered.done,
        "failed": delivered.failed,
    }
    found = {name: count for name, count in counts.items() if count}
    told = log.info if found or pulled.census else log.debug
    event = "first census done" if pulled.census else "walked"
    told(event, **found, requests=pulled.requests, seconds=round(seconds, 2))


def night(pulled: Pulled, seconds: float) -> None:
    """Tell of a night's work."""
    told = {"orders": pulled.orders, "customers": pulled.customers, "deleted": pulled.deleted}
    log.info("night's work done", **told, requests=pulled.requests, seconds=round(seconds, 2))


def trouble(job: str, error: Exception, pause: float) -> None:
    """Tell that a store cannot be worked on."""
    seconds = round(pause)
    if isinstance(error, BusyError):
        log.warning("store has to wait", why=str(error), what_to_do=error.advice, again_in=seconds)
    elif isinstance(error, WcflowError):
        log.error("store fails", why=str(error), what_to_do=error.advice, again_in=seconds)
    else:
        log.error("a bug of wcflow", job=job, again_in=seconds, exc_info=error)


def back(after: timedelta) -> None:
    """Tell that the trouble is over."""
    log.info("store is back", after=age(after))


def stopped() -> None:
    """Tell that a worker was stopped before its job was done."""
    log.debug("stopped between two requests")


class Census:
    """How far a census is, for the status line each second and for the log now and then."""

    def __init__(self) -> None:
        self._shown = self._logged = time.monotonic()

    def tell(self, part: str, done: int, total: int) -> str:
        """Give it in words; nothing where that is too early again, or there is nothing to count."""
        now = time.monotonic()
        if not total or now - self._shown < _SHOWN_EVERY:
            return ""
        self._shown = now
        if now - self._logged > _LOGGED_EVERY:
            self._logged = now
            log.info("census goes on", part=part, done=done, total=total)
        return f"census: {done:,} of {total:,} {part}"


# Give memory back after a census or a great evaluation: a daemon rests most of its life.


def tidy(db: Database) -> None:
    """Let go of what work of some size has left behind: idle connections, and free memory.

    The C library keeps what was freed, and each connection to SQLite keeps two megabytes of pages;
    together that is a fifth of the process. The database opens connections anew when it needs them.
    """
    db.close()
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:  # of glibc alone
        trim(0)
