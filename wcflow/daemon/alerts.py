"""Send alerts when something is wrong, in a separate thread that never delays a poll.

What to tell is decided in ``rules.alerts``. What could not be sent is tried again.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from socket import gethostname

import structlog

from wcflow.actions.pool import pool_rules
from wcflow.channels.mail import send_mail
from wcflow.channels.messages import Signal, ping, send_apprise
from wcflow.config.alerts import AlertSettings
from wcflow.config.load import Config
from wcflow.daemon.health import StoreHealth, format_age
from wcflow.daemon.stop import utcnow
from wcflow.database.alerts import StoreTroubles, load_told, load_troubles, save_told
from wcflow.database.connection import Database
from wcflow.database.sql import instant
from wcflow.database.stores import load_store_row
from wcflow.database.tables import StoreRow
from wcflow.errors import DeliveryError, WcflowError
from wcflow.redact import printable_text, redact_text
from wcflow.rules.alerts import (
    CAMPAIGNS,
    CHANNEL,
    FAILED,
    HELD,
    POOLS,
    QUARANTINE,
    REJECTED_CONFIG,
    STALLED,
    Alert,
    Thing,
    Told,
    alerts_to_send,
)

log = structlog.get_logger()

EVERY, RETRY_AFTER = 30.0, 300.0
"""Seconds between two checks, and until a failed way is tried again."""
PING_EVERY = 60.0
STALLED_AFTER, STALLED_POLLS = timedelta(minutes=15), 10
"""Failures shorter than this, or than this many intervals of poll_every, cause no alert."""
SILENT_AFTER = timedelta(hours=3)
"""A poll without a failure can take long: at night, or during an import."""


def send(settings: AlertSettings, way: str, subject: str, text: str) -> str:
    """Send a message by one way; return the addresses that failed. Raises DeliveryError if all did."""
    text = f"{text}\n--\nwcflow on {gethostname()}\n"
    if way == "email":
        assert settings.mail_server is not None, "checked when the configuration was read"
        recipients = list(settings.email)
        return send_mail(settings.mail_server, settings.email_from, recipients, subject, text)
    return send_apprise(list(settings.apprise), subject, text)


class Alerts:
    """Checks all stores regularly, and sends the alerts that are due."""

    def __init__(
        self,
        db: Database,
        config: Config,
        settings: AlertSettings,
        health: Callable[[], Mapping[str, StoreHealth]],
        config_problem: Callable[[], str],
        clock: Callable[[], datetime] = utcnow,
    ) -> None:
        self._db, self._config, self._settings = db, config, settings
        self._health, self._clock = health, clock
        self._files = ChangedFiles(config.files, config_problem)
        self.rejected_config = ""
        self._told: dict[tuple[Thing, str], Told] = {}
        self._unsaved: dict[tuple[Thing, str], Told] = {}
        self._gap_since: dict[str, datetime] = {}
        self._reasons: dict[str, str] = {}
        self._retry_at: dict[str, float] = {}
        self._pinged: tuple[Signal, str] = ("start", "")
        self._pinged_at = 0.0
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="alerts", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """End soon, without waiting for a message that is being sent."""
        self._stopped.set()

    def _run(self) -> None:
        self._ping("start", "wcflow started")
        while not self._stopped.wait(EVERY):
            try:
                self.look()
            except Exception as error:  # noqa: BLE001  a bug here must not end the service
                self._log_once("alerts", error)

    def look(self) -> None:
        """Check the stores once, and send the alerts that are due."""
        now = self._clock()
        troubles, watched = self._find_troubles(now)
        ways = [way for way in self._settings.ways if self._may_try(way)]
        for alert in alerts_to_send(troubles, watched, self._load_told(), ways, now):
            if self._may_try(alert.way) and not self._stopped.is_set():
                self._send(alert, now)
        self._ping_result(troubles)

    # What is wrong

    def _find_troubles(self, now: datetime) -> tuple[dict[Thing, str], set[Thing]]:
        """Return what is wrong, with the reason, and which things are known at all."""
        rejected = self.rejected_config or self._files.problem(now)
        found: dict[Thing, str] = {Thing("", REJECTED_CONFIG): rejected}
        health = self._health()
        for store in (each.name for each in self._config.stores):
            row, waiting = self._load_store(store, now)
            mine = health.get(store, StoreHealth())
            found[Thing(store, STALLED)] = self._stalled(store, mine, row, now)
            if waiting is not None:
                found[Thing(store, HELD)] = waiting.holds[0] if waiting.holds else ""
                found[Thing(store, CHANNEL)] = "; ".join(waiting.down)
                found[Thing(store, FAILED)] = _count(
                    waiting.failed, "change failed", "changes failed"
                )
                found[Thing(store, QUARANTINE)] = _count(
                    waiting.quarantined, "record cannot be read", "records cannot be read"
                )
                found[Thing(store, POOLS)] = "; ".join(waiting.pools)
                found[Thing(store, CAMPAIGNS)] = "; ".join(waiting.campaigns)
        wanted = {each: why for each, why in found.items() if each.kind in self._settings.on}
        return {each: _clean(why) for each, why in wanted.items() if why}, set(wanted)

    def _load_store(
        self, store: str, now: datetime
    ) -> tuple[StoreRow | None, StoreTroubles | None]:
        try:
            with self._db.reading() as tx:
                pools = pool_rules(self._config.rules).values()
                return load_store_row(tx, store), load_troubles(tx, store, now, pools)
        except WcflowError:
            return None, None  # that the polls fail, too, is known from the worker

    def _stalled(self, store: str, health: StoreHealth, row: StoreRow | None, now: datetime) -> str:
        limit = max(
            STALLED_AFTER, timedelta(seconds=STALLED_POLLS * self._config.poll_every.seconds)
        )
        if health.clock_gap is None:
            self._gap_since.pop(store, None)
        else:
            since = self._gap_since.setdefault(store, now)
            if now - since >= limit:
                return str(health.clock_gap)
        return stalled_reason(health, row, now, limit)

    # Messages

    def _load_told(self) -> Mapping[tuple[Thing, str], Told]:
        """Return what was told: from the database, else from memory."""
        try:
            with self._db.reading() as tx:
                self._told = {**load_told(tx), **self._unsaved}
        except WcflowError as error:
            self._log_once("alerts", error)
        return self._told

    def _send(self, alert: Alert, now: datetime) -> None:
        try:
            missed = send(self._settings, alert.way, alert.subject, alert.text)
        except DeliveryError as error:
            self._retry_at[alert.way] = time.monotonic() + RETRY_AFTER
            self._log_once(alert.way, error)
            return
        self._reasons.pop(alert.way, None)
        log.info("alert sent", way=alert.way, subject=alert.subject)
        if missed:
            log.warning("alert not sent to all", way=alert.way, why=missed)
        self._unsaved[alert.thing, alert.way] = alert.told(self._told, now)
        try:
            with self._db.transaction() as tx:
                for (thing, way), told in self._unsaved.items():
                    save_told(tx, thing, way, told)
        except WcflowError as error:
            self._log_once("alerts", error)
        else:
            self._unsaved.clear()

    def _may_try(self, way: str) -> bool:
        return self._retry_at.get(way, 0.0) <= time.monotonic()

    def _log_once(self, way: str, error: Exception) -> None:
        reason = str(error) if isinstance(error, WcflowError) else type(error).__name__
        if self._reasons.get(way) != reason:
            self._reasons[way] = reason
            advice = error.advice if isinstance(error, WcflowError) else ""
            log.warning("alert not sent", way=way, why=reason, advice=advice)

    # Pings

    def _ping_result(self, troubles: Mapping[Thing, str]) -> None:
        """Report a failure when it changes; a success once a minute while the stores are polled."""
        if troubles:
            reasons = "; ".join(
                f"{each.store or 'configuration'}: {why}" for each, why in sorted(troubles.items())
            )
            self._ping("fail", reasons, about=str(sorted(troubles)))
            return
        polled = {name: health.polled_at for name, health in self._health().items()}
        summary = ", ".join(
            f"{name} polled at {at:%H:%M:%S} UTC" for name, at in polled.items() if at
        )
        is_early = time.monotonic() - self._pinged_at < PING_EVERY
        if None in polled.values() or (is_early and self._pinged[0] == "success"):
            return
        self._ping("success", summary, about=summary)

    def _ping(self, signal: Signal, reason: str, about: str = "") -> None:
        """Send a ping, unless the last one was about the same."""
        unchanged = about != "" and self._pinged == (signal, about)
        if unchanged or not self._settings.ping_url or not self._may_try("ping_url"):
            return
        try:
            ping(self._settings.ping_url, signal, reason)
        except DeliveryError as error:
            self._retry_at["ping_url"] = time.monotonic() + PING_EVERY
            self._log_once("ping_url", error)
        else:
            self._reasons.pop("ping_url", None)
            self._pinged, self._pinged_at = (signal, about), time.monotonic()


class ChangedFiles:
    """Notices that the configuration was edited and has problems, even if it was not reloaded.

    New problems wait a while, because the admin may still be editing.
    """

    def __init__(self, files: Sequence[Path], find_problem: Callable[[], str]) -> None:
        self._files, self._find_problem = files, find_problem
        self._loaded = self._seen = self._stamps()
        self._problem, self._since = "", datetime.max.replace(tzinfo=UTC)

    def _stamps(self) -> list[int]:
        return [path.stat().st_mtime_ns if path.exists() else 0 for path in self._files]

    def problem(self, now: datetime) -> str:
        """Return the problem that the files have had for a while, or nothing."""
        stamps = self._stamps()
        if stamps == self._loaded:
            return ""
        if stamps != self._seen:
            self._seen, self._since = stamps, now
            self._problem = self._find_problem()
        return self._problem if now - self._since >= STALLED_AFTER else ""


def stalled_reason(
    health: StoreHealth, row: StoreRow | None, now: datetime, limit: timedelta
) -> str:
    """Return why a store's work has stopped for longer than ``limit``, or nothing."""
    polled = _at(row.polled_at if row else None) or health.polled_at
    failing = [_at(row.poll_error_since if row and row.poll_error else None)]
    failing += [health.failure.since if health.failure else None]
    begun = min(filter(None, failing), default=None)
    if begun is not None:
        since = max(filter(None, (begun, polled)))
        reason = (row.poll_error if row else "") or (
            health.failure.reason if health.failure else ""
        )
        if now - since >= limit:
            return f"not polled for {format_age(now - since)}: {reason}"
    elif polled is not None and now - polled >= max(SILENT_AFTER, limit):
        return f"the last poll was {format_age(now - polled)} ago"
    if row and row.write_error and row.write_error_since is not None:
        since = instant(row.write_error_since)
        if now - since >= limit:
            return f"nothing was written for {format_age(now - since)}: {row.write_error}"
    return ""


def _at(at: int | None) -> datetime | None:
    return None if at is None else instant(at)


def _count(count: int, one: str, several: str) -> str:
    return f"{count:,} {one if count == 1 else several}" if count else ""


def _clean(text: str) -> str:
    return printable_text(redact_text(text))
