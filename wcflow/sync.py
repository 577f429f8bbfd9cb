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
from wcflow.database.stores import (
    EMPTY_ANSWER,
    save_store,
    saved_hold,
    store_row,
)
from wcflow.database.tables import StoreRow
from wcflow.errors import BusyError, SetupError, StoreError
from wcflow.evaluate.evaluation import evaluate
from wcflow.evaluate.percentiles import rank_customers
from wcflow.evaluate.save import EvaluationResult
from wcflow.outbox.deliver import deliver
from wcflow.outbox.delivery import DeliveryResult
from wcflow.outbox.limits import approve as approve_changes
from wcflow.poll.context import PollResult, PollSettings
from wcflow.poll.ownership import mark_everyone_dirty
from wcflow.poll.pull import run_poll, run_reconcile
from wcflow.poll.pull import run_resync as read_anew
from wcflow.rules.tags import SEGMENT_META, TAGS_META
from wcflow.store.client import Store
from wcflow.store.store_info import StoreInfo, fetch_store_info
from wcflow.units import parse_zone, zone_name

log = structlog.get_logger()
Clock = Callable[[], datetime]
TAG_ENTRY_LIFETIME = timedelta(days=90)


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

    polled: PollResult | None = None
    evaluated: EvaluationResult = field(default_factory=EvaluationResult)
    delivered: DeliveryResult = field(default_factory=DeliveryResult)


def build_client(
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
    context: SyncContext, *, write: bool = True, time_limit: timedelta | None = None
) -> SyncResult:
    """Pull, evaluate and, if asked and allowed, deliver. Raises StoreError, BusyError, SetupError.

    Where the pull fails nothing is evaluated: a "we miss you" must not go by stale orders. Who
    walks again at once may evaluate for ``at_most`` so long; what is queued meanwhile waits until
    everyone has been judged, for the brake looks at all of it.
    """
    result = SyncResult()
    with hold_lease(context):
        result.polled = poll_store(context)
        now, stopping = context.clock(), _stop_check(context, time_limit)
        result.evaluated = evaluate(context.db, context.config, context.settings, now, stopping)
        _log_failures(context, result.evaluated)
        if write and context.settings.write and not context.stopping():
            result.delivered = deliver_store(context, all_evaluated=not result.evaluated.incomplete)
    return result


def _log_failures(context: SyncContext, evaluated: EvaluationResult) -> None:
    for each in evaluated.failures:
        who = " ".join(map(str, each.row))
        log.error("a person cannot be judged", store=context.name, who=who, exc_info=each.error)


def poll_store(context: SyncContext) -> PollResult:
    """Bring the mirror up to date; an acceptance of an empty answer is used up by it."""
    with context.db.reading() as tx:
        row = _require_row(context, store_row(tx, context.name))
    settings = poll_settings(context.config, context.settings, row)
    polled = run_poll(
        context.db,
        context.store,
        settings,
        context.clock(),
        progress=_progress_renewing_lease(context),
        approved=row.accept_empty,
    )
    with context.db.transaction() as tx:
        if row.accept_empty:
            save_store(tx, context.name, accept_empty=False)
        _mark_dirty_if_settings_changed(tx, context, settings)
    return polled


def _mark_dirty_if_settings_changed(
    tx: Connection, context: SyncContext, settings: PollSettings
) -> None:
    """Have everyone looked at again where the INI now says otherwise who is who, or what is shown."""
    store_settings = context.settings
    people = (
        store_settings.guests,
        sorted(store_settings.shared_emails),
        store_settings.consent_meta,
        store_settings.birthday_meta,
    )
    current = repr((*people, store_settings.order_tags, context.config.manual_tags))
    row = _require_row(context, store_row(tx, context.name))
    if row.applied_settings != current:
        save_store(tx, context.name, applied_settings=current)
        if row.applied_settings is not None:
            mark_everyone_dirty(tx, settings)


def deliver_store(context: SyncContext, *, all_evaluated: bool = True) -> DeliveryResult:
    """Deliver what is due, unless the brake holds; of less than the ``whole``, what was let go."""
    stopping = _stop_check(context)
    ways = WaysOut(context.store, context.channels)
    return deliver(
        context.db,
        ways,
        context.config,
        context.clock,
        context.holder,
        stopping,
        all_evaluated=all_evaluated,
    )


def _progress_renewing_lease(context: SyncContext) -> Callable[[str, int, int], None]:
    """Give a census' progress on, and renew the lease of a long one."""
    renew = _lease_renewer(context)

    def progress(part: str, done: int, total: int) -> None:
        context.progress(part, done, total)
        renew()

    return progress


def _stop_check(context: SyncContext, time_limit: timedelta | None = None) -> Callable[[], bool]:
    """Ask whether to stop, be it that the time is over, and renew the lease of a long walk."""
    renew = _lease_renewer(context)
    until = context.clock() + time_limit if time_limit else None

    def stopping() -> bool:
        renew()
        return context.stopping() or (until is not None and context.clock() >= until)

    return stopping


def _lease_renewer(context: SyncContext) -> Callable[[], None]:
    """See now and then that the lease is still ours; raises BusyError where it is not."""
    renewed = context.clock()

    def renew() -> None:
        nonlocal renewed
        if context.clock() - renewed > lease.RENEWED_EVERY:
            renewed = context.clock()
            with context.db.transaction() as tx:
                if not lease.renew(tx, context.name, context.holder, renewed):
                    raise _busy_error(context)

    return renew


def nightly(context: SyncContext) -> PollResult:
    """Compare the mirror with the shop as a whole, rank customers, forget what is stale."""
    with hold_lease(context):
        with context.db.reading() as tx:
            row = _require_row(context, store_row(tx, context.name))
        settings = poll_settings(context.config, context.settings, row)
        polled = run_reconcile(context.db, context.store, settings, context.clock())
        rank_customers(context.db, context.config, context.settings)
        with context.db.transaction() as tx:
            outbox.drop_old_tags(tx, context.name, context.clock() - TAG_ENTRY_LIFETIME)
    return polled


def resync(context: SyncContext, *, orders: bool = True, customers: bool = True) -> PollResult:
    """Read the shop anew over the mirror that is there; nobody is judged, and nothing is written."""
    with hold_lease(context):
        with context.db.reading() as tx:
            row = _require_row(context, store_row(tx, context.name))
        settings, now = poll_settings(context.config, context.settings, row), context.clock()
        which = {"orders": orders, "customers": customers}
        return read_anew(
            context.db,
            context.store,
            settings,
            now,
            progress=_progress_renewing_lease(context),
            **which,
        )


def approve(context: SyncContext) -> int:
    """Let go what the brake holds now; say how many writes."""
    with context.db.transaction() as tx:
        row = _require_row(context, store_row(tx, context.name))
        if saved_hold(tx, context.name).reason.startswith(EMPTY_ANSWER):
            save_store(tx, context.name, accept_empty=True)
        return approve_changes(tx, row)


def refresh_store_info(context: SyncContext) -> StoreInfo:
    """Ask the shop what it is, hold it to the pin, and keep what it said."""
    found = fetch_store_info(context.store)
    with context.db.transaction() as tx:
        row = store_row(tx, context.name)
        if row is not None and row.url:
            _check_binding(context, row, found)
        save_store(
            tx,
            context.name,
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
            evaluation_queue.evaluate_everyone(tx, context.name)
    return found


def _check_binding(context: SyncContext, row: StoreRow, found: StoreInfo) -> None:
    same_id = not (row.uid and found.uid) or row.uid == found.uid
    if same_id and _binding_address(row.url) == _binding_address(found.url):
        return
    raise SetupError(
        f"[store {context.name}] is another shop: the database mirrors {row.url}, "
        f"and {context.settings.url} says it is {found.url}",
        "give the other shop a name of its own, or its own database; if the same shop has moved,"
        f" run 'wcflow approve --moved {context.name}'"
        if same_id
        else "give the other shop a name of its own, or its own database",
    )


def _binding_address(url: str) -> str:
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
        sweep_every_seconds=settings.rescan_every.seconds,
    )


@contextmanager
def hold_lease(context: SyncContext) -> Iterator[None]:
    """Hold the store's lease; raises BusyError where another process has it."""
    now = context.clock()
    with context.db.transaction() as tx:
        if not lease.take(tx, context.name, context.holder, now):
            raise _busy_error(context)
    try:
        with lease.kept(context.db, context.name, context.holder, now):
            yield
    finally:
        with context.db.transaction() as tx:
            lease.give_back(tx, context.name, context.holder)


def _busy_error(context: SyncContext) -> BusyError:
    return BusyError(
        f"another wcflow is working on [store {context.name}]",
        "wait until it has finished, or stop the daemon",
    )


def _require_row(context: SyncContext, row: StoreRow | None) -> StoreRow:
    if row is None:
        raise SetupError(
            f"[store {context.name}] was never reached", "run 'wcflow doctor', then 'wcflow plan'"
        )
    return row


def record_poll_failure(context: SyncContext, error: StoreError) -> bool:
    """Keep that polls fail; say whether that is news, so that the log tells it once."""
    with context.db.transaction() as tx:
        row = store_row(tx, context.name)
        news = row is None or row.error != str(error)
        if row is not None and news:
            since = row.error_since or int(context.clock().timestamp())
            save_store(tx, context.name, error=str(error), error_since=since)
    return news
