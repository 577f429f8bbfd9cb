"""One walk along the path: pull, evaluate, deliver. Read this first.

    shop ──pull──▶ mirror ──evaluate──▶ outbox ──deliver──▶ shop

Each arrow is made of transactions that may each be repeated: a walk that dies anywhere is healed
by the next. What is decided stands in ``rules``; what is written, in ``outbox``.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog
from sqlalchemy import Connection

from wcflow.actions.base import WaysOut
from wcflow.config.load import Config
from wcflow.config.stores import StoreSettings
from wcflow.database import evaluation_queue, lease, outbox
from wcflow.database.connection import Database
from wcflow.database.stores import EMPTY_ANSWER, save_setting, save_store, setting, store_row
from wcflow.database.tables import StoreRow
from wcflow.errors import BusyError, SetupError, StoreError
from wcflow.evaluate.evaluation import evaluate
from wcflow.evaluate.percentiles import rank_customers
from wcflow.evaluate.save import EvaluationResult
from wcflow.outbox.deliver import deliver
from wcflow.outbox.delivery import DeliveryResult
from wcflow.outbox.limits import approve as approve_changes
from wcflow.poll.context import PollSettings, Pulled
from wcflow.poll.ownership import mark_everyone_dirty
from wcflow.poll.pull import pull, reconcile
from wcflow.poll.pull import resync as read_anew
from wcflow.rules.memory import SEGMENT_META, TAGS_META
from wcflow.store.client import Store
from wcflow.store.store_info import StoreInfo, store_info
from wcflow.units import parse_zone, zone_name

log = structlog.get_logger()
Clock = Callable[[], datetime]
TAGS_KEPT = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class SyncContext:
    """A connection to one store for one process: its client, settings, and how to stop.

    ``holder`` names the process in leases and claims. ``progress`` is told of a census' parts.
    """

    db: Database
    store: Store
    config: Config
    settings: StoreSettings
    clock: Clock
    holder: str
    stopping: Callable[[], bool] = lambda: False
    progress: Callable[[str, int, int], None] = lambda _part, _done, _total: None
    channels: Mapping[str, object] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.settings.name


@dataclass(slots=True)
class SyncResult:
    """What a walk came to."""

    pulled: Pulled | None = None
    evaluated: EvaluationResult = field(default_factory=EvaluationResult)
    delivered: DeliveryResult = field(default_factory=DeliveryResult)


def client(
    settings: StoreSettings,
    sleep: Callable[[float], object] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> Store:
    """Give a client for a store; nothing is asked yet. ``sleep`` may raise to end a wait."""
    return Store(
        settings.name,
        settings.url,
        settings.consumer_key,
        settings.consumer_secret,
        ca_file=str(settings.ca_file) if settings.ca_file else None,
        timeout=settings.timeout,
        page_size=settings.page_size,
        sleep=sleep,
        clock=clock,
    )


def sync_once(
    line: SyncContext, *, write: bool = True, at_most: timedelta | None = None
) -> SyncResult:
    """Pull, evaluate and, if asked and allowed, deliver. Raises StoreError, BusyError, SetupError.

    Where the pull fails nothing is evaluated: a "we miss you" must not go by stale orders. Who
    walks again at once may evaluate for ``at_most`` so long; what is queued meanwhile waits until
    everyone has been judged, for the brake looks at all of it.
    """
    walked = SyncResult()
    with leased(line):
        walked.pulled = pull_store(line)
        now, stopping = line.clock(), _stopping(line, at_most)
        walked.evaluated = evaluate(line.db, line.config, line.settings, now, stopping)
        _tell_unjudged(line, walked.evaluated)
        if write and line.settings.write and not line.stopping():
            walked.delivered = deliver_store(line, whole=not walked.evaluated.left)
    return walked


def _tell_unjudged(line: SyncContext, evaluated: EvaluationResult) -> None:
    for each in evaluated.unjudged:
        who = " ".join(map(str, each.row))
        log.error("a person cannot be judged", store=line.name, who=who, exc_info=each.why)


def pull_store(line: SyncContext) -> Pulled:
    """Bring the mirror up to date; an acceptance of an empty answer is used up by it."""
    accepted = f"accept empty {line.name}"
    with line.db.reading() as tx:
        row, accept = _row(line, store_row(tx, line.name)), setting(tx, accepted) == "1"
    settings = poll_settings(line.config, line.settings, row)
    pulled = pull(
        line.db, line.store, settings, line.clock(), progress=_progress(line), accept=accept
    )
    with line.db.transaction() as tx:
        if accept:
            save_setting(tx, accepted, "")
        _heed_settings(tx, line, settings)
    return pulled


def _heed_settings(tx: Connection, line: SyncContext, settings: PollSettings) -> None:
    """Have everyone looked at again where the INI now says otherwise who is who, or what is shown."""
    told, name = line.settings, f"settings {line.name}"
    people = (told.guests, sorted(told.shared_emails), told.consent_meta, told.birthday_meta)
    says = repr((*people, told.order_tags, line.config.manual_tags))
    before = setting(tx, name)
    if before != says:
        save_setting(tx, name, says)
        if before is not None:
            mark_everyone_dirty(tx, settings)


def deliver_store(line: SyncContext, *, whole: bool = True) -> DeliveryResult:
    """Deliver what is due, unless the brake holds; of less than the ``whole``, what was let go."""
    stopping = _stopping(line)
    ways = WaysOut(line.store, line.channels)
    return deliver(line.db, ways, line.config, line.clock, line.holder, stopping, whole=whole)


def _progress(line: SyncContext) -> Callable[[str, int, int], None]:
    """Give a census' progress on, and renew the lease of a long one."""
    renew = _renewal(line)

    def progress(part: str, done: int, total: int) -> None:
        line.progress(part, done, total)
        renew()

    return progress


def _stopping(line: SyncContext, at_most: timedelta | None = None) -> Callable[[], bool]:
    """Ask whether to stop, be it that the time is over, and renew the lease of a long walk."""
    renew = _renewal(line)
    until = line.clock() + at_most if at_most else None

    def stopping() -> bool:
        renew()
        return line.stopping() or (until is not None and line.clock() >= until)

    return stopping


def _renewal(line: SyncContext) -> Callable[[], None]:
    """See now and then that the lease is still ours; raises BusyError where it is not."""
    renewed = line.clock()

    def renew() -> None:
        nonlocal renewed
        if line.clock() - renewed > lease.RENEWED_EVERY:
            renewed = line.clock()
            with line.db.transaction() as tx:
                if not lease.renew(tx, line.name, line.holder, renewed):
                    raise _occupied(line)

    return renew


def nightly(line: SyncContext) -> Pulled:
    """Compare the mirror with the shop as a whole, rank customers, forget what is stale."""
    with leased(line):
        with line.db.reading() as tx:
            row = _row(line, store_row(tx, line.name))
        settings = poll_settings(line.config, line.settings, row)
        pulled = reconcile(line.db, line.store, settings, line.clock())
        rank_customers(line.db, line.config, line.settings)
        with line.db.transaction() as tx:
            outbox.drop_old_tags(tx, line.name, line.clock() - TAGS_KEPT)
    return pulled


def resync(line: SyncContext, *, orders: bool = True, customers: bool = True) -> Pulled:
    """Read the shop anew over the mirror that is there; nobody is judged, and nothing is written."""
    with leased(line):
        with line.db.reading() as tx:
            row = _row(line, store_row(tx, line.name))
        settings, now = poll_settings(line.config, line.settings, row), line.clock()
        which = {"orders": orders, "customers": customers}
        return read_anew(line.db, line.store, settings, now, progress=_progress(line), **which)


def approve(line: SyncContext) -> int:
    """Let go what the brake holds now; say how many writes."""
    with line.db.transaction() as tx:
        row = _row(line, store_row(tx, line.name))
        if row.held.startswith(EMPTY_ANSWER):
            save_setting(tx, f"accept empty {line.name}", "1")
        return approve_changes(tx, row)


def refresh_store_info(line: SyncContext) -> StoreInfo:
    """Ask the shop what it is, hold it to the pin, and keep what it said."""
    found = store_info(line.store)
    with line.db.transaction() as tx:
        row = store_row(tx, line.name)
        if row is not None and row.url:
            _hold_to_pin(line, row, found)
        save_store(
            tx,
            line.name,
            url=found.url,
            uid=found.uid or (row.uid if row else ""),
            title=found.title,
            zone=zone_name(found.zone),
            currency=found.currency,
            version=found.wc_version,
            hpos=bool(found.hpos),
            reads_meta=found.reads_meta,
        )
        if row is not None and row.zone != zone_name(found.zone):
            evaluation_queue.evaluate_everyone(tx, line.name)
    return found


def _hold_to_pin(line: SyncContext, row: StoreRow, found: StoreInfo) -> None:
    same_id = not (row.uid and found.uid) or row.uid == found.uid
    if same_id and _address(row.url) == _address(found.url):
        return
    raise SetupError(
        f"[store {line.name}] is another shop: the database mirrors {row.url}, "
        f"and {line.settings.url} says it is {found.url}",
        "give the other shop a name of its own, or its own database; if the same shop has moved,"
        f" run 'wcflow approve --moved {line.name}'"
        if same_id
        else "give the other shop a name of its own, or its own database",
    )


def _address(url: str) -> str:
    """Give what of an address may not change: a move from http to https is no other shop."""
    return url.split("://", 1)[-1].rstrip("/").lower()


def poll_settings(config: Config, settings: StoreSettings, row: StoreRow) -> PollSettings:
    """Give what the poll must know, from the INI and from what the shop said."""
    own = {TAGS_META, SEGMENT_META}
    return PollSettings(
        store=settings.name,
        zone=parse_zone(row.zone),
        meta_keys=config.meta_keys | config.order_meta_keys | own,
        shared_emails=settings.shared_emails,
        guests=settings.guests,
        parallel=settings.parallel,
        sweep_every_seconds=settings.sweep_every.seconds,
    )


@contextmanager
def leased(line: SyncContext) -> Iterator[None]:
    """Hold the store's lease; raises BusyError where another process has it."""
    now = line.clock()
    with line.db.transaction() as tx:
        if not lease.take(tx, line.name, line.holder, now):
            raise _occupied(line)
    try:
        with lease.kept(line.db, line.name, line.holder, now):
            yield
    finally:
        with line.db.transaction() as tx:
            lease.give_back(tx, line.name, line.holder)


def _occupied(line: SyncContext) -> BusyError:
    return BusyError(
        f"another wcflow is working on [store {line.name}]",
        "wait until it has finished, or stop the daemon",
    )


def _row(line: SyncContext, row: StoreRow | None) -> StoreRow:
    if row is None:
        raise SetupError(
            f"[store {line.name}] was never reached", "run 'wcflow doctor', then 'wcflow plan'"
        )
    return row


def record_poll_failure(line: SyncContext, error: StoreError) -> bool:
    """Keep that polls fail; say whether that is news, so that the log tells it once."""
    with line.db.transaction() as tx:
        row = store_row(tx, line.name)
        news = row is None or row.error != str(error)
        if row is not None and news:
            since = row.error_since or int(line.clock().timestamp())
            save_store(tx, line.name, error=str(error), error_since=since)
    return news
