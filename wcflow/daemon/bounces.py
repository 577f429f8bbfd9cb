"""Read the mailbox of [bounces] regularly, in a thread that never delays a poll."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime

import structlog

from wcflow.config.bounces import BounceSettings
from wcflow.config.load import Config
from wcflow.daemon.stop import utcnow
from wcflow.database.connection import Database
from wcflow.errors import WcflowError
from wcflow.poll.returned_mail import SOURCE, open_mailbox, read_mailbox

log = structlog.get_logger()


class Bounces:
    """Reads the mailbox now and then; one that cannot be reached is logged once."""

    def __init__(
        self,
        db: Database,
        config: Config,
        settings: BounceSettings,
        clock: Callable[[], datetime] = utcnow,
    ) -> None:
        self._db, self._clock = db, clock
        self._stores = tuple(each.name for each in config.stores)
        self._every = settings.check_every.seconds
        self._mailbox = open_mailbox(settings)
        self._trouble = ""
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="bounces", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """End soon, without waiting for the mailbox."""
        self._stopped.set()

    def _run(self) -> None:
        while not self._stopped.is_set():
            self.look()
            self._stopped.wait(self._every)

    def look(self) -> None:
        """Read the mailbox once."""
        try:
            counts = read_mailbox(self._db, self._stores, self._mailbox, self._clock)
        except WcflowError as error:
            self._tell(str(error), error.advice)
        except Exception as error:
            # A bug here must not end the service.
            if self._trouble != type(error).__name__:
                log.exception("internal error", reading=SOURCE)
            self._trouble = type(error).__name__
        else:
            if self._trouble:
                log.info("mailbox can be read again")
            self._trouble = ""
            if counts:
                log.info("mailbox read", **counts)

    def _tell(self, reason: str, advice: str) -> None:
        if self._trouble != reason:
            log.warning("mailbox cannot be read", why=reason, advice=advice)
        self._trouble = reason
