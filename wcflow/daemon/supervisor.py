"""The daemon's main thread: start workers, listen to signals, keep systemd informed, end.

It asks no shop and no database: whatever hangs there, this loop goes on and can end the process.
"""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path

import structlog

from wcflow.config.load import Config, load_config
from wcflow.config.problem import ConfigError
from wcflow.config.stores import StoreSettings
from wcflow.daemon.health import status_line
from wcflow.daemon.stop import STOP_SIGNALS, Signals, utcnow
from wcflow.daemon.systemd import SystemdNotifier
from wcflow.daemon.worker import Worker
from wcflow.database.connection import Database, open_database
from wcflow.database.sqlite_files import check_permissions, single_instance
from wcflow.errors import DONE, SOME_FAILED, SetupError, WcflowError
from wcflow.log import configure_logging

log = structlog.get_logger()

STOP_TIMEOUT = 1.2
"""Seconds that workers have to come to a point between two requests once the daemon is to end."""

HUNG = 15 * 60.0
"""Seconds without any progress after which a worker is given up, and the watchdog with it."""

_RELEASE_TIMEOUT = 0.4
_TICK = 5.0


def run(path: Path, env: Mapping[str, str], pid: int, holder: str) -> int:
    """Serve all stores of the configuration at ``path`` until a signal ends it; give the exit code.

    Raises WcflowError where it cannot begin (BusyError where another daemon serves the same SQLite
    file), and SetupError where no store can be served.
    """
    config = load_config(path, env)
    _set_up_logging(config)
    with (
        single_instance(config.database, pid),
        open_database(config.database) as db,
        Signals() as signals,
    ):
        return Supervisor(
            path, env, config, db, holder, signals, SystemdNotifier.from_env(env, pid)
        ).serve()


class Supervisor:
    """All workers of one process."""

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
        self._workers: dict[str, Worker] = {}
        self._ending_workers: list[Worker] = []
        self._last_status, self._heartbeat_sent = "", 0.0

    def serve(self) -> int:
        """Work until a signal ends it."""
        log.info("wcflow begins", stores=[store.name for store in self._config.stores])
        self._start_workers()
        self._notify_systemd()
        self._systemd.ready()
        while True:
            arrived = self._signals.wait(self._wait_seconds())
            if arrived & STOP_SIGNALS:
                return self._stop(signal.Signals(min(arrived & STOP_SIGNALS)).name)
            if signal.SIGHUP in arrived:
                self._reload()
            self._start_workers()
            if refusal := self._common_setup_error():
                self._stop("no store can be served")
                raise refusal
            if not self._all_workers_alive():
                return self._stop("a worker is gone", SOME_FAILED)
            self._notify_systemd()

    # Workers

    def _start_workers(self) -> None:
        """Give every store a worker, unless its former one has not ended yet."""
        self._ending_workers = [worker for worker in self._ending_workers if not worker.has_ended()]
        occupied = {*self._workers, *(worker.settings.name for worker in self._ending_workers)}
        for settings in self._config.stores:
            if settings.name not in occupied:
                self._workers[settings.name] = self._start_worker(settings)

    def _start_worker(self, settings: StoreSettings) -> Worker:
        worker = Worker(self._db, self._config, settings, self._holder, self._signals.wake)
        worker.start()
        return worker

    def _common_setup_error(self) -> SetupError | None:
        """Give why no store at all can be served; None as long as there is one that may."""
        refusals = [worker.health.setup_error for worker in self._workers.values()]
        if self._ending_workers or not refusals or None in refusals:
            return None
        return refusals[0]

    def _all_workers_alive(self) -> bool:
        return not any(worker.has_ended() for worker in self._workers.values())

    # Reload

    def _reload(self) -> None:
        """Take over the configuration if it is sound; say so if it is not."""
        self._systemd.reloading(time.monotonic_ns())
        try:
            config = load_config(self._path, self._env)
            if config.database != self._config.database:
                raise SetupError("another database takes a restart", "restart wcflow")
        except WcflowError as error:
            problems = _problem_lines(error)
            # Without a traceback: the problems say all that there is to know.
            log.error("configuration not taken over, the old one stays", problems=problems)  # noqa: TRY400
        else:
            self._apply_config(config)
        self._systemd.ready()

    def _apply_config(self, config: Config) -> None:
        """Have every store served by a new worker: whatever the old one waits for, may have changed."""
        self._config = config
        _set_up_logging(config)
        for worker in self._workers.values():
            worker.stop()
        self._ending_workers += self._workers.values()
        self._workers = {}
        log.info("configuration taken over", stores=[store.name for store in config.stores])

    # Systemd

    def _wait_seconds(self) -> float:
        """Give how long to wait for signals: a sign of life is due at half of the watchdog's time."""
        if self._systemd.watchdog is None:
            return _TICK
        due = self._heartbeat_sent + self._systemd.watchdog / 2
        return min(_TICK, max(0.0, due - time.monotonic()))

    def _notify_systemd(self) -> None:
        """Tell the status if it changed, and that we live as long as every worker makes progress."""
        stores = {name: worker.health for name, worker in self._workers.items()}
        said = status_line(stores, utcnow())
        if said != self._last_status:
            self._last_status = said
            self._systemd.status(said)
        if self._systemd.watchdog is not None and not self._wait_seconds():
            self._heartbeat_sent = time.monotonic()
            if not self._is_hung():
                self._systemd.send_heartbeat()

    def _is_hung(self) -> bool:
        workers = [*self._workers.values(), *self._ending_workers]
        return any(worker.heartbeat_age() > HUNG for worker in workers)

    # The end

    def _stop(self, why: str, code: int = DONE) -> int:
        """End within two seconds: a worker that waits for an answer is left behind."""
        self._systemd.stopping()
        until = time.monotonic() + STOP_TIMEOUT
        workers = [*self._workers.values(), *self._ending_workers]
        for worker in workers:
            worker.stop()
        late = [each for each in workers if not each.has_ended(max(0.0, until - time.monotonic()))]
        if late:
            _release_leases(late)
        log.info("wcflow ends", why=why, left_waiting=[each.settings.name for each in late])
        return code


def _release_leases(workers: list[Worker]) -> None:
    """Give back leases, in a thread: the database may be locked, and the end must not wait for it."""

    def give_back() -> None:
        for worker in workers:
            try:
                worker.release_lease()
            except WcflowError as error:
                log.warning("lease not given back", store=worker.settings.name, why=str(error))

    thread = threading.Thread(target=give_back, daemon=True)
    thread.start()
    thread.join(_RELEASE_TIMEOUT)


def _set_up_logging(config: Config) -> None:
    configure_logging(config.log_level, config.log_format, terminal=sys.stderr.isatty())
    for remark in config.warnings:
        log.warning("configuration", remark=str(remark))
    if wide := check_permissions(config.database):
        log.warning("database file", why=wide.said, what_to_do=wide.advice)


def _problem_lines(error: WcflowError) -> list[str]:
    if isinstance(error, ConfigError):
        return [str(problem) for problem in error.problems]
    return [str(error)]
