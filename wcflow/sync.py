"""One pass: poll, evaluate, deliver. Read this first.

    store ──poll──▶ database ──evaluate──▶ outbox ──deliver──▶ store, messages

Each arrow is a series of transactions that can be repeated: after a crash the next pass continues.
The decisions are made in ``rules``; what is written to the store goes through ``outbox``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import structlog
from sqlalchemy import Connection

from wcflow.actions.base import WaysOut
from wcflow.actions.pool import pool_rules
from wcflow.config.load import Config
from wcflow.config.stores import StoreSettings
from wcflow.customers.erasing import follow_deliveries
from wcflow.dashboard.companion import take_requests, update_plugin
from wcflow.database import evaluation_queue, lease, outbox
from wcflow.database.connection import Database
from wcflow.database.restore import (
    AFTER_GAP,
    expect_earlier_writes,
    expects_earlier_writes,
)
from wcflow.database.sql import instant, stamp
from wcflow.database.stores import load_store_row, save_store
from wcflow.errors import StoreError, StoreInUseError
from wcflow.evaluate.campaigns import TURN, CampaignResult, run_campaigns
from wcflow.evaluate.codes import settle_codes
from wcflow.evaluate.evaluation import evaluate
from wcflow.evaluate.load import profile_loader
from wcflow.evaluate.save import EvaluationResult
from wcflow.outbox.deliver import deliver
from wcflow.outbox.delivery import DeliveryResult
from wcflow.outbox.task_mail import mail_tasks
from wcflow.poll.binding import require_row, save_store_info
from wcflow.poll.context import PollContext, PollResult
from wcflow.poll.ownership import mark_everyone_if_settings_changed
from wcflow.poll.pools import prepare_pools
from wcflow.poll.pull import run_poll
from wcflow.rules.clocks import ClockGap, clock_gap
from wcflow.rules.tags import SHOWN_META
from wcflow.store.client import Store
from wcflow.store.store_info import StoreInfo
from wcflow.units import clock_words, parse_zone

log = structlog.get_logger()
Clock = Callable[[], datetime]
_GAP = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class SyncContext:
    """What a process needs to work on one store.

    ``holder`` names the process in leases and claims. ``stopping`` returns whether to stop, and
    ``checkpoint`` is called between requests and raises to stop. ``progress`` is called during an
    initial sync with the part, done and total.
    """

    db: Database
    store: Store
    config: Config
    settings: StoreSettings
    clock: Clock
    holder: str
    stopping: Callable[[], bool] = lambda: False
    progress: Callable[[str, int, int], None] = lambda _part, _done, _total: None
    checkpoint: Callable[[], None] = lambda: None
    channels: Mapping[str, object] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.settings.name


@dataclass(slots=True)
class SyncResult:
    """What a pass did. With a ``clock_gap`` it only polled."""

    polled: PollResult | None = None
    clock_gap: ClockGap | None = None
    evaluated: EvaluationResult = field(default_factory=EvaluationResult)
    campaigns: CampaignResult = field(default_factory=CampaignResult)
    delivered: DeliveryResult = field(default_factory=DeliveryResult)


def sync_once(
    context: SyncContext, *, write: bool = True, time_limit: timedelta | None = None
) -> SyncResult:
    """Poll, evaluate and, if wanted and allowed, deliver. Raises StoreError, BusyError, SetupError.

    If the poll fails nothing is evaluated, because decisions need current orders; what is queued for
    other channels than the store is delivered before the error is raised. While this machine's
    clock and the store's do not agree, nothing is evaluated or delivered. If evaluation or delivery
    exceeds ``time_limit``, the next pass continues it. Until everyone is evaluated only approved
    changes are delivered, because the write limit looks at all of them together.
    """
    result = SyncResult()
    with hold_lease(context) as leased:
        _notice_gap(leased)
        if write:
            take_requests(leased)
        try:
            result.polled = poll_store(leased)
        except StoreError:
            if write:
                _deliver_without_store(leased)
            raise
        result.clock_gap = compare_clocks(leased)
        if result.clock_gap is not None:
            return result
        _prepare_pools(leased)
        now, stopping = leased.clock(), _with_time_limit(leased, time_limit)
        result.evaluated = evaluate(leased.db, leased.config, leased.settings, now, stopping)
        if (repair := result.evaluated.repair) is not None:
            log.warning(
                "the clock was wrong: evaluations in the future are repeated",
                store=leased.name,
                hours_ahead=round(repair.seconds_ahead / 3600, 1),
                customers=repair.people,
                withdrawn_runs=repair.runs,
            )
        for each in result.evaluated.failures:
            log.error(
                "customer skipped after an internal error",
                store=leased.name,
                record=" ".join(map(str, each.record)),
                exc_info=each.error,
            )
        if write and leased.settings.write:
            _queue_and_deliver(leased, result, time_limit)
            update_plugin(leased)
        else:
            _run_campaigns(leased, result, _with_time_limit(leased, time_limit))
            settle_codes(leased.db, leased.name, leased.clock())
    return result


def _queue_and_deliver(
    context: SyncContext, result: SyncResult, time_limit: timedelta | None
) -> None:
    """Queue campaigns and deliver in turns, so that the first messages of a large one go out at once."""
    stopping = _with_time_limit(context, time_limit)
    turn: int | None = TURN
    while True:
        _run_campaigns(context, result, stopping, turn)
        if context.stopping():
            settle_codes(context.db, context.name, context.clock())
            return
        # A campaign that is not approved is held or sent as a whole.
        complete = not (result.evaluated.incomplete or result.campaigns.unapproved)
        found = deliver_store(context, all_evaluated=complete, time_limit=time_limit)
        result.delivered = result.delivered.followed_by(found)
        if not result.campaigns.incomplete or stopping():
            break
        if not found.done:  # all of it waits, or nothing gets through
            turn = None
    mail_tasks(context.db, context.config, context.name, context.clock())
    with context.db.reading() as tx:
        poll = poll_context(tx, context)
    follow_deliveries(poll)


def _run_campaigns(
    context: SyncContext,
    result: SyncResult,
    stopping: Callable[[], bool],
    turn: int | None = None,
) -> None:
    """Start and queue campaigns; log what starts or ends."""
    found = run_campaigns(
        context.db,
        context.config,
        context.settings,
        context.clock(),
        stopping,
        all_evaluated=not result.evaluated.incomplete,
        turn=turn,
    )
    for words, names in (
        ("campaign started", found.started),
        ("campaign finished", found.finished),
        ("campaign cancelled", found.cancelled),
    ):
        for name in names:
            log.info(words, store=context.name, campaign=name)
    result.campaigns = result.campaigns.followed_by(found)


def _prepare_pools(leased: SyncContext) -> None:
    rules = pool_rules(leased.config.rules)
    if rules:
        with leased.db.reading() as tx:
            poll = poll_context(tx, leased)
        prepare_pools(poll, rules, leased.config.files[0].parent)


def compare_clocks(context: SyncContext) -> ClockGap | None:
    """Compare this machine's clock with the store's, which must just have responded.

    The result is saved, and logged when it changes.
    """
    here, of_store = context.clock(), context.store.store_now
    assert of_store is not None, "the store has responded"
    gap = clock_gap(here, of_store)
    with context.db.reading() as tx:
        known = require_row(tx, context.name).clock_here is not None
    if gap is not None:
        with context.db.transaction() as tx:
            clocks = {"clock_here": stamp(gap.here), "clock_store": stamp(gap.store)}
            save_store(tx, context.name, **clocks)
        if not known:
            log.warning("clocks disagree", store=context.name, why=str(gap))
    elif known:
        with context.db.transaction() as tx:
            save_store(tx, context.name, clock_here=None, clock_store=None)
        log.warning("clocks agree again", store=context.name)
    return gap


def _notice_gap(context: SyncContext) -> None:
    """After a gap without polls, look for each change before it is made.

    The database can be an old one that was put back without "wcflow restore".
    """
    now = context.clock()
    with context.db.reading() as tx:
        polled_at = require_row(tx, context.name).polled_at
    longest = max(_GAP, timedelta(seconds=3 * context.config.poll_every.seconds))
    if polled_at is not None and now - instant(polled_at) > longest:
        with context.db.transaction() as tx:
            expect_earlier_writes(tx, now + AFTER_GAP)


def poll_store(context: SyncContext) -> PollResult:
    """Update the database from the store; an approval of an empty answer is used once."""
    with context.db.reading() as tx:
        approved = require_row(tx, context.name).empty_answer_approved
        poll = replace(poll_context(tx, context), approved=approved)
    result = run_poll(poll)
    with context.db.transaction() as tx:
        if approved:
            save_store(tx, context.name, empty_answer_approved=False)
        mark_everyone_if_settings_changed(tx, context.settings, context.config.manual_tags)
    return result


def poll_context(tx: Connection, context: SyncContext) -> PollContext:
    """Return what the poll needs, from the INI and from what the store said about itself."""
    row = require_row(tx, context.name)
    config = context.config
    return PollContext(
        db=context.db,
        client=context.store,
        settings=context.settings,
        zone=parse_zone(row.time_zone),
        meta_keys=config.meta_keys | config.order_meta_keys | SHOWN_META,
        now=context.clock(),
        progress=context.progress,
        checkpoint=context.checkpoint,
    )


def deliver_store(
    context: SyncContext,
    *,
    all_evaluated: bool = True,
    with_store: bool = True,
    time_limit: timedelta | None = None,
) -> DeliveryResult:
    """Deliver what is due and not held, as far as the time limit allows."""
    with context.db.reading() as tx:
        look_first = expects_earlier_writes(tx, context.clock())
    result = deliver(
        context.db,
        WaysOut(context.store, context.channels),
        context.config,
        profile_loader(context.config, context.settings, context.clock),
        context.clock,
        context.holder,
        _with_time_limit(context, time_limit),
        all_evaluated=all_evaluated,
        with_store=with_store,
        look_first=look_first,
    )
    if with_store:
        _forget_write_error(context, result)
    settle_codes(context.db, context.name, context.clock())
    return result


def _forget_write_error(context: SyncContext, result: DeliveryResult) -> None:
    """Forget why changes failed once the store has accepted one, or none is left to write."""
    with context.db.reading() as tx:
        failing = bool(require_row(tx, context.name).write_error)
        left = failing and outbox.count_by_state(tx, context.name).get("due", 0)
    if failing and (result.done or not left):
        with context.db.transaction() as tx:
            save_store(tx, context.name, write_error="", write_error_since=None)


def deliver_without_store(
    context: SyncContext, *, time_limit: timedelta | None = None
) -> DeliveryResult:
    """Deliver to other channels than the store, if the store has ever been reached."""
    with context.db.reading() as tx:
        if load_store_row(tx, context.name) is None:
            return DeliveryResult()
    with hold_lease(context) as leased:
        return _deliver_without_store(leased, time_limit)


def _deliver_without_store(leased: SyncContext, limit: timedelta | None = None) -> DeliveryResult:
    with leased.db.reading() as tx:
        clocks_agree = require_row(tx, leased.name).clock_here is None
        complete = not evaluation_queue.has_unfinished_evaluation(tx, leased.name)
    if not clocks_agree or not leased.settings.write or leased.stopping():
        return DeliveryResult()
    return deliver_store(leased, all_evaluated=complete, with_store=False, time_limit=limit)


def refresh_store_info(context: SyncContext) -> StoreInfo:
    """Read what the store is and save it; raises SetupError if it is another store than before."""
    configured = [each.name for each in context.config.stores]
    return save_store_info(context.db, context.store, context.settings, configured)


@contextmanager
def hold_lease(context: SyncContext) -> Iterator[SyncContext]:
    """Hold the store's lease; raises BusyError if another process has it.

    A thread renews the lease. The context that is returned raises BusyError between two requests
    if the lease was lost meanwhile.
    """
    now = context.clock()
    with context.db.transaction() as tx:
        acquired = lease.acquire(tx, context.name, context.holder, now)
    if not acquired:
        raise _busy_error(context)
    try:
        with lease.keep_renewed(context.db, context.name, context.holder, now) as lost:
            yield _stopping_when(lost.is_set, context)
    finally:
        with context.db.transaction() as tx:
            lease.release(tx, context.name, context.holder)


def _stopping_when(lost: Callable[[], bool], context: SyncContext) -> SyncContext:
    def checkpoint() -> None:
        context.checkpoint()
        if lost():
            raise _busy_error(context)

    def stopping() -> bool:
        if lost():
            raise _busy_error(context)
        return context.stopping()

    return replace(context, checkpoint=checkpoint, stopping=stopping)


def _with_time_limit(context: SyncContext, limit: timedelta | None) -> Callable[[], bool]:
    until = context.clock() + limit if limit else None
    return lambda: context.stopping() or (until is not None and context.clock() >= until)


def _busy_error(context: SyncContext) -> StoreInUseError:
    """Return who has the lease. A process that was killed keeps it until it ends."""
    now = context.clock()
    with context.db.reading() as tx:
        found = lease.load(tx, context.name)
    who = f" ({found.holder_words})" if found.holder_words else ""
    where, left = f"[store {context.name}]", (found.until - now).total_seconds()
    if found.is_silent(now):
        message = (
            f"another wcflow{who} was working on {where} until {clock_words(found.last_sign)} and"
            " seems to have been killed"
        )
        advice = f"Try again after {clock_words(found.until)}. A daemon continues automatically."
    else:
        message = f"another wcflow{who} is working on {where}"
        advice = "Try again when it has finished. A daemon does this automatically."
    return StoreInUseError(message, advice, found.until, left)
