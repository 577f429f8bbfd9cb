"""One channel's delivery: what it can claim, and how the outcome of each entry is recorded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import structlog
from sqlalchemy import Connection

from wcflow.actions.base import MAX_TRIES, EntryKind, WaysOut
from wcflow.actions.registry import ENTRY_KINDS
from wcflow.database import outbox, outcomes, waiting
from wcflow.database.connection import Database
from wcflow.database.outbox import OutboxEntry
from wcflow.errors import CancelledError, DeliveryError, StoreError
from wcflow.store.errors import is_store_wide
from wcflow.units import backoff

log = structlog.get_logger()

FIRST_PAUSE, LONGEST_PAUSE = timedelta(minutes=1), timedelta(hours=6)

WAITING_PAUSE = timedelta(minutes=5)
"""How often an entry is tried that waits until the store allows it, or for a channel."""

TRUSTED = timedelta(minutes=10)
"""For this long after an entry made something, it is not asked whether it still exists."""


def next_try(attempt: int, now: datetime, retry_after: float | None = None) -> datetime:
    """Return when to try again after the ``attempt``-th try (from 1)."""
    pause = backoff(attempt, FIRST_PAUSE, LONGEST_PAUSE)
    return now + max(pause, timedelta(seconds=retry_after or 0))


def is_final(error: DeliveryError, attempt: int, kind: EntryKind | None = None) -> bool:
    """Return whether an entry fails for good: the error is permanent, or it was tried often enough."""
    retried = kind.retried(error) if kind else not error.permanent
    return not retried or attempt >= (kind.tries if kind else MAX_TRIES)


def waits_because(error: DeliveryError) -> str:
    """Return what all entries of some kind have to wait for after this error, or nothing."""
    code = error.code if isinstance(error, StoreError) else ""
    return next((k.waits_for[code] for k in ENTRY_KINDS.values() if code in k.waits_for), "")


def channel_is_down(error: DeliveryError) -> bool:
    """Return whether nothing else gets through, as against this one entry."""
    return is_store_wide(error) if isinstance(error, StoreError) else error.channel_down


@dataclass(slots=True)
class DeliveryResult:
    """How many entries were delivered, failed, postponed or deferred; why the rest is held.

    ``deferred`` messages wait for message_cap or quiet_hours; they were not tried.
    ``down`` maps channels that are out of reach to the reason. An unreachable store raises instead.
    ``pause`` is for how many seconds a rate limit holds up what is due; 0 if nothing waits for it.
    ``interrupted`` means that there can be more to deliver.
    """

    done: int = 0
    failed: int = 0
    postponed: int = 0
    deferred: int = 0
    held: str = ""
    waiting: int = 0
    interrupted: bool = False
    pause: float = 0.0
    down: dict[str, str] = field(default_factory=dict)

    def followed_by(self, later: DeliveryResult) -> DeliveryResult:
        """Return the result of this delivery and a later one together."""
        return replace(
            later,
            done=self.done + later.done,
            failed=self.failed + later.failed,
            postponed=self.postponed + later.postponed,
            deferred=self.deferred + later.deferred,
        )


@dataclass(frozen=True, slots=True)
class Delivery:
    """One channel of one store; ``now`` is read again for each batch.

    ``ours`` are the tags that rules can make, ``respect`` whether manual tag changes win.
    ``approved_only`` limits what can be claimed to what an admin has approved. ``tried`` are the
    entries that may have been delivered: after an interruption the next delivery looks for them
    before it sends them again.
    """

    db: Database
    deliverers: WaysOut
    channel: str
    holder: str
    now: Callable[[], datetime]
    ours: frozenset[str]
    respect: bool
    approved_only: bool
    result: DeliveryResult
    urgent_only: bool = False
    look_first: bool = False
    tried: set[int] = field(default_factory=set)

    @property
    def store_name(self) -> str:
        return self.deliverers.store.name

    def pause(self) -> float:
        """Return for how many seconds the channel takes no entry; one with a rate limit pauses."""
        asks = getattr(self.deliverers.others.get(self.channel), "pause", None)
        return 0.0 if asks is None else asks()

    def claim(self, wanted: Callable[[EntryKind], bool], limit: int) -> list[OutboxEntry]:
        """Claim due entries of this channel whose kind is wanted, oldest first.

        With ``urgent_only``, only those that follow from something that just happened.
        """
        kinds = [k.name for k in ENTRY_KINDS.values() if k.channel == self.channel and wanted(k)]
        if not kinds:
            return []
        with self.db.transaction() as tx:
            found = outbox.claim(
                tx,
                self.store_name,
                kinds,
                self.now(),
                limit,
                self.holder,
                approved_only=self.approved_only,
                urgent_only=self.urgent_only,
            )
        # The second attempt of a change looks for it in the store first.
        least = 2 if self.look_first else 1
        return [replace(entry, attempts=max(least, entry.attempts)) for entry in found]

    def without_result(self, entry: OutboxEntry) -> OutboxEntry | None:
        """Return an entry whose result this one contains and that was deleted in the store since.

        What was made just now is not looked up again. Raises DeliveryError, and CancelledError if
        the result, or what this entry makes, has expired since it was decided.
        """
        self._check_expiry(entry, entry)
        if not entry.needs:
            return None
        with self.db.reading() as tx:
            needed = outcomes.load_needed(tx, entry)
        for each in needed:
            self._check_expiry(entry, each)
            is_gone, made = ENTRY_KINDS[each.kind].is_gone, each.finished_at
            old = made is not None and self.now() - made > TRUSTED
            if each.state == "done" and is_gone and old and is_gone(each, self.deliverers):
                return each
        return None

    def _check_expiry(self, entry: OutboxEntry, source: OutboxEntry) -> None:
        """Raise CancelledError if an entry has waited too long for what ``source`` makes.

        After a long pause or hold, the coupon would already be expired.
        """
        kind = ENTRY_KINDS[source.kind]
        expires = kind.expires(source.payload) if kind.expires else None
        if expires is not None and entry.queued_at < expires <= self.now():
            raise CancelledError(f"the {kind.one} would have expired before this was written")

    def deleted(self, tx: Connection, entry: OutboxEntry) -> None:
        """Record that what an entry made was deleted in the store; cancel what contains its result."""
        self.cancel(tx, entry, f"the {ENTRY_KINDS[entry.kind].one} was deleted in the store")

    def done(self, tx: Connection, entry: OutboxEntry, outcome: str) -> None:
        outcomes.record_done(tx, entry.id, outcome, self.now())
        self.result.done += 1
        log.info("delivered", store=self.store_name, kind=entry.kind, id=entry.id)

    def cancel(self, tx: Connection, entry: OutboxEntry, reason: str) -> None:
        """Cancel an entry that is no longer needed, with those that use its result."""
        others = outcomes.end_entry(tx, entry, "cancelled", reason, self.now())
        log.info("cancelled", store=self.store_name, id=entry.id, why=reason, others=others)

    def refused(self, tx: Connection, entry: OutboxEntry, error: DeliveryError) -> None:
        """Postpone an entry, or let it fail; an outage of the channel never counts against it."""
        kind = ENTRY_KINDS[entry.kind]
        if reason := waits_because(error):
            self.wait(tx, entry, reason)
            return
        if error.channel_down:
            waiting.wait_for_channel(tx, entry, self.now() + WAITING_PAUSE, str(error))
            self.result.postponed += 1
            return
        if not channel_is_down(error) and is_final(error, entry.attempts, kind):
            self.fail(tx, entry, str(error))
            return
        until = next_try(entry.attempts, self.now(), error.retry_after)
        waiting.postpone(tx, [entry.id], until, str(error))
        self.result.postponed += 1
        log.warning("postponed", store=self.store_name, id=entry.id, until=until, why=str(error))

    def wait(self, tx: Connection, entry: OutboxEntry, reason: str) -> None:
        """Let all entries of a kind, and what follows them in their runs, wait for the store.

        An entry of another kind that contains their result waits alone.
        """
        now, until = self.now(), self.now() + WAITING_PAUSE
        if ENTRY_KINDS[entry.kind].waits_for:
            waiting.postpone_kind(tx, self.store_name, entry, now, until, reason)
        else:
            waiting.postpone_untried(tx, entry, until, reason)
        self.result.postponed += 1
        log.warning("waiting", store=self.store_name, kind=entry.kind, why=reason)

    def fail(self, tx: Connection, entry: OutboxEntry, reason: str) -> None:
        """Let an entry fail for good, and cancel those that use its result."""
        others = outcomes.end_entry(tx, entry, "failed", reason, self.now())
        self.result.failed += 1
        log.error("failed", store=self.store_name, id=entry.id, why=reason, cancelled=others)
