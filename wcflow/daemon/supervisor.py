"""The daemon's main thread: start workers, handle signals, notify systemd, stop.

It does not use a store or the database, so it can end the process even if those hang.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Mapping
from pathlib import Path

import structlog

from wcflow.channels.smtp import RateLimit
from wcflow.config.load import Config, load_config
from wcflow.config.problem import ConfigError
from wcflow.config.stores import StoreSettings
from wcflow.daemon.alerts import Alerts
from wcflow.daemon.bounces import Bounces
from wcflow.daemon.health import StoreHealth, status_line
from wcflow.daemon.stop import STOP_SIGNALS, Signals, utcnow
from wcflow.daemon.systemd import SystemdNotifier
from wcflow.daemon.worker import Worker
from wcflow.database.connection import Database, open_database
from wcflow.database.sqlite_files import check_permissions, single_instance
from wcflow.errors import DONE, SOME_FAILED, SetupError, WcflowError
from wcflow.log import log_to_stderr

log = structlog.get_logger()

STOP_TIMEOUT = 1.2
"""Seconds that workers have to finish their current request when the daemon stops."""

HUNG = 15 * 60.0
"""Seconds without progress after which a worker counts as hung and systemd gets no heartbeat."""

_RELEASE_TIMEOUT = 0.4
_TICK = 5.0


def run(path: Path, env: Mapping[str, str], pid: int, holder: str) -> int:
    """Run the daemon until a signal stops it; return the exit code.

    Raises WcflowError if it cannot start (BusyError if another daemon uses the same SQLite file),
    and SetupError if no store can be synced.
    """
    config = load_config(path, env)
    _set_up_logging(config)
    with (
        single_instance(config.database, pid),
        open_database(config.database) as db,
        Signals() as signals,
    ):
        db.read_only = config.read_only
        db.check_writable()
        return Supervisor(
            path, env, config, db, holder, signals, SystemdNotifier.from_env(env, pid)
        ).serve()


class Supervisor:
    """The workers of one process, one per store."""

    def __init__(
        self,
        path: Path,
        env: Mapping[str, str],
        config: Config,
        db: Database,
        holder: str,
        signals: Signals,
        systemd: SystemdNotifier,
    ) -> None:
        self._path, self._env, self._config = path, env, config
        self._db, self._holder = db, holder
        self._signals, self._systemd = signals, systemd
        self._mail_limit = RateLimit(config.smtp.rate if config.smtp else None)
        self._workers: dict[str, Worker] = {}
        self._ending_workers: list[Worker] = []
        self._last_status, self._heartbeat_sent = "", 0.0
        self._rejected = ""
        self._alerts: Alerts | None = None
        self._bounces: Bounces | None = None

    def serve(self) -> int:
        """Run until a signal arrives; return the exit code."""
        log.info("wcflow started", stores=[store.name for store in self._config.stores])
        self._start_workers()
        self._start_alerts()
        self._notify_systemd()
        self._systemd.ready()
        while True:
            arrived = self._signals.wait(self._wait_seconds())
            if arrived & STOP_SIGNALS:
                return self._stop(signal.Signals(min(arrived & STOP_SIGNALS)).name)
            if signal.SIGHUP in arrived:
                self._reload()
            self._start_workers()
            if setup_error := self._common_setup_error():
                self._stop("no store can be synced")
                raise setup_error
            if not self._all_workers_alive():
                return self._stop("a worker has died", SOME_FAILED)
            self._notify_systemd()

    # Workers

    def _start_workers(self) -> None:
        """Start missing workers; after a reload, the previous worker of a store has to end first."""
        self._ending_workers = [worker for worker in self._ending_workers if not worker.has_ended()]
        occupied = {*self._workers, *(worker.settings.name for worker in self._ending_workers)}
        for settings in self._config.stores:
            if settings.name not in occupied:
                self._workers[settings.name] = self._start_worker(settings)

    def _start_worker(self, settings: StoreSettings) -> Worker:
        worker = Worker(
            self._db, self._config, settings, self._holder, self._signals.wake, self._mail_limit
        )
        worker.start()
        return worker

    def _common_setup_error(self) -> SetupError | None:
        """Return why no store can be synced, or None if at least one can be."""
        setup_errors = [worker.health.setup_error for worker in self._workers.values()]
        if self._ending_workers or not setup_errors or None in setup_errors:
            return None
        return setup_errors[0]

    def _all_workers_alive(self) -> bool:
        return not any(worker.has_ended() for worker in self._workers.values())

    def _start_alerts(self) -> None:
        """Start the thread that tells an admin of troubles, in the place of the previous one."""
        if self._alerts is not None:
            self._alerts.stop()
        self._alerts = None
        if self._config.alerts is not None:
            self._alerts = Alerts(
                self._db, self._config, self._config.alerts, self._health, self._config_problem
            )
            self._alerts.start()
        self._start_bounces()

    def _start_bounces(self) -> None:
        """Start the thread that reads returned e-mails, in the place of the previous one."""
        if self._bounces is not None:
            self._bounces.stop()
        self._bounces = None
        if self._config.bounces is not None:
            self._bounces = Bounces(self._db, self._config, self._config.bounces)
            self._bounces.start()

    def _config_problem(self) -> str:
        """Return the first problem in the configuration file as it is now, or nothing."""
        try:
            load_config(self._path, self._env)
        except WcflowError as error:
            return _problem_lines(error)[0]
        return ""

    def _health(self) -> dict[str, StoreHealth]:
        return {name: worker.health for name, worker in list(self._workers.items())}

    # Reload

    def _reload(self) -> None:
        """Reload the configuration; if it has problems, log them and keep the old one."""
        self._systemd.reloading(time.monotonic_ns())
        try:
            config = load_config(self._path, self._env)
            if config.database != self._config.database:
                raise SetupError("changing the database needs a restart", "Restart wcflow.")
        except WcflowError as error:
            problems = _problem_lines(error)
            self._rejected = problems[0]
            if self._alerts is not None:
                self._alerts.rejected_config = problems[0]
            log.error("configuration not reloaded", problems=problems)  # noqa: TRY400  no bug
        else:
            self._apply_config(config)
        self._systemd.ready()

    def _apply_config(self, config: Config) -> None:
        """Replace all workers: any setting can have changed."""
        self._config, self._rejected = config, ""
        self._mail_limit.per_minute = config.smtp.rate if config.smtp else None
        _set_up_logging(config)
        for worker in self._workers.values():
            worker.stop()
        self._ending_workers += self._workers.values()
        self._workers = {}
        self._start_alerts()
        log.info("configuration reloaded", stores=[store.name for store in config.stores])

    # Systemd

    def _wait_seconds(self) -> float:
        """Return how long to wait for signals: a heartbeat is due at half of the watchdog interval."""
        if self._systemd.watchdog is None:
            return _TICK
        due = self._heartbeat_sent + self._systemd.watchdog / 2
        return min(_TICK, max(0.0, due - time.monotonic()))

    def _notify_systemd(self) -> None:
        """Send the status if it changed, and heartbeats while every worker makes progress."""
        stores = self._health()
        status = status_line(stores, utcnow(), self._rejected)
        if status != self._last_status:
            self._last_status = status
            self._systemd.status(status)
        if self._systemd.watchdog is not None and not self._wait_seconds():
            self._heartbeat_sent = time.monotonic()
            if not self._is_hung():
                self._systemd.send_heartbeat()

    def _is_hung(self) -> bool:
        workers = [*self._workers.values(), *self._ending_workers]
        return any(worker.heartbeat_age() > HUNG for worker in workers)

    # Stop

    def _stop(self, why: str, code: int = DONE) -> int:
        """Stop within two seconds; a worker that waits for a response is abandoned."""
        self._systemd.stopping()
        if self._bounces is not None:
            self._bounces.stop()
        if self._alerts is not None:
            self._alerts.stop()
        until = time.monotonic() + STOP_TIMEOUT
        workers = [*self._workers.values(), *self._ending_workers]
        for worker in workers:
            worker.stop()
        late = [each for each in workers if not each.has_ended(max(0.0, until - time.monotonic()))]
        if late:
            _release_leases(late)
        log.info("wcflow stopped", why=why, interrupted=[each.settings.name for each in late])
        return code


def _release_leases(workers: list[Worker]) -> None:
    """Release leases in a thread, because the database can be locked and stopping must not wait."""

    def release() -> None:
        for worker in workers:
            try:
                worker.release_lease()
            except WcflowError as error:
                log.warning("lease not released", store=worker.settings.name, why=str(error))

    thread = threading.Thread(target=release, daemon=True)
    thread.start()
    thread.join(_RELEASE_TIMEOUT)


def _set_up_logging(config: Config) -> None:
    log_to_stderr(config.log_level, config.log_format)
    for warning in config.warnings:
        log.warning("configuration", remark=str(warning))
    if problem := check_permissions(config.database):
        log.warning("database file", why=problem.message, advice=problem.advice)


def _problem_lines(error: WcflowError) -> list[str]:
    if isinstance(error, ConfigError):
        return [str(problem) for problem in error.problems]
    return [str(error)]
